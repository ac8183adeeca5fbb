"""An insights request, read and judged."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from include.sandbox.vendors.meta_ads.book import Account
from include.sandbox.vendors.meta_ads.breakdowns import check_breakdowns
from include.sandbox.vendors.meta_ads.calls import Call, read_fields
from include.sandbox.vendors.meta_ads.errors import ApiError, refuse_parameter
from include.sandbox.vendors.meta_ads.filtering import check_filters
from include.sandbox.vendors.meta_ads.insight_fields import (
    ALL_FIELDS,
    DEFAULT_FIELDS,
    LEVELS,
    REMOVED_SINCE,
    REMOVED_WINDOWS,
    WINDOW_SHARES,
)

MONTHS_KEPT = 37
MONTHS_OF_REACH = 13
LONGEST_INCREMENT = 90
REPORT_TIMES = ("impression", "conversion", "mixed", "lifetime")
ACTION_BREAKDOWNS = (
    "action_type", "action_device", "action_destination", "action_reaction", "action_target_id",
    "action_carousel_card_id", "action_carousel_card_name", "action_canvas_component_name",
    "action_video_sound", "action_video_type", "conversion_destination",
    "standard_event_content_type",
)  # fmt: skip


@dataclass(frozen=True)
class AskedInsights:
    """Everything a report needs; ``periods`` are the rows' days, both ends included."""

    level: str
    node_id: str
    fields: tuple[str, ...]
    breakdowns: tuple[str, ...]
    family: str
    windows: tuple[str, ...]
    filters: Sequence[Mapping[str, Any]]
    since: date
    until: date
    periods: tuple[tuple[date, date], ...]
    sort: tuple[str, bool]
    has_summary: bool
    summary_fields: tuple[str, ...]

    @property
    def is_old_reach(self) -> bool:
        """Whether reach is asked by breakdowns; how old it may be is for the caller to judge."""
        return bool(self.breakdowns) and bool({"reach", "frequency"} & set(self.fields))


def read_insights(
    call: Call, account: Account, node_id: str, own_level: str, now: datetime
) -> AskedInsights:
    """The request, or the error 100 or 2 the vendor answers it with."""
    today = now.astimezone(account.zone).date()
    fields = tuple(read_fields(call.params.get("fields", ""))) or DEFAULT_FIELDS
    for name in fields:
        if name.startswith("custom_metric"):
            raise ApiError(2, 1504042)
        if name not in ALL_FIELDS:
            raise refuse_parameter(f"{name} is not valid for fields param. please check it again")
    level = call.params.get("level") or own_level
    if level not in LEVELS or LEVELS.index(level) < LEVELS.index(own_level):
        raise refuse_parameter(f"level must be one of {', '.join(LEVELS)} at or below {own_level}")
    breakdowns = tuple(str(name) for name in call.read_list("breakdowns"))
    family = check_breakdowns(breakdowns)
    for name in call.read_list("action_breakdowns"):
        if name not in ACTION_BREAKDOWNS:
            raise refuse_parameter(f"action_breakdowns: {name} is not valid")
    if call.params.get("action_report_time", "impression") not in REPORT_TIMES:
        raise refuse_parameter("action_report_time must be one of impression, conversion, mixed")
    since, until, periods = _read_periods(call, today)
    summary = [str(name) for name in call.read_list("summary")]
    for name in summary:
        if name not in fields:
            raise ApiError(100, 0, f"(#100) Cannot include {name} in summary param")
    return AskedInsights(
        level=level,
        node_id=node_id,
        fields=fields,
        breakdowns=breakdowns,
        family=family,
        windows=_read_windows(call, today),
        filters=check_filters(call.read_json("filtering", [])),
        since=since,
        until=until,
        periods=periods,
        sort=_read_sort(call),
        has_summary=call.read_flag("default_summary") or bool(summary),
        summary_fields=tuple(summary) or fields,
    )


def _read_windows(call: Call, today: date) -> tuple[str, ...]:
    windows = [str(name) for name in call.read_list("action_attribution_windows")]
    is_removed = today.isoformat() >= REMOVED_SINCE
    for name in windows:
        if name in REMOVED_WINDOWS and is_removed:
            raise refuse_parameter(f"action_attribution_windows: {name} is no longer supported")
        known = name in WINDOW_SHARES or name in ("default", "value", *REMOVED_WINDOWS)
        if not known and not name.startswith("skan_"):
            raise refuse_parameter(f"action_attribution_windows: {name} is not valid")
    return tuple(name for name in windows if name not in ("default", "value"))


def _read_sort(call: Call) -> tuple[str, bool]:
    """Field and whether it goes downward; the last word of the vendor's spelling says which."""
    wanted = call.read_list("sort")
    if not wanted:
        return "", False
    name, _, way = str(wanted[0]).rpartition("_")
    if way not in ("ascending", "descending"):
        raise refuse_parameter("sort must be a field with _ascending or _descending behind it")
    return name, way == "descending"


def _read_day(text: Any) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise refuse_parameter("Must be a date representation in the format YYYY-MM-DD") from None


def first_day_kept(today: date, months: int) -> date:
    """The same day of the month ``months`` ago, or the last one that month has."""
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))


def _read_periods(call: Call, today: date) -> tuple[date, date, tuple[tuple[date, date], ...]]:
    earliest = first_day_kept(today, MONTHS_KEPT)
    many = call.read_json("time_ranges")
    if many and not isinstance(many, list):
        raise refuse_parameter("time_ranges must be an array")
    if many:
        periods = tuple(_read_range(item) for item in many)
        since, until = min(p[0] for p in periods), max(p[1] for p in periods)
    else:
        wanted = call.read_json("time_range")
        if wanted:
            since, until = _read_range(wanted)
        else:
            since, until = _resolve_preset(call.params.get("date_preset") or "last_30d", today)
        periods = ()
    if since > until:
        raise refuse_parameter("The start date of the time range must not be after its end")
    if since < earliest:
        raise ApiError(
            100,
            0,
            "(#3018) The start date of the time range cannot be beyond 37 months from the "
            "current date",
        )
    increment = (call.params.get("time_increment") or "all_days").strip('"')
    return since, until, periods or tuple(_cut(since, until, increment))


def _read_range(value: Any) -> tuple[date, date]:
    if not isinstance(value, Mapping) or not {"since", "until"} <= set(value):
        raise refuse_parameter("time_range must have since and until")
    return _read_day(value["since"]), _read_day(value["until"])


def _resolve_preset(name: str, today: date) -> tuple[date, date]:
    """First and last day; ``last_Nd`` end yesterday."""
    yesterday = today - timedelta(days=1)
    monday = today - timedelta(days=today.weekday())
    month = today.replace(day=1)
    quarter = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    earliest = first_day_kept(today, MONTHS_KEPT)
    ranges = {
        "today": (today, today),
        "yesterday": (yesterday, yesterday),
        **{f"last_{n}d": (today - timedelta(days=n), yesterday) for n in (3, 7, 14, 28, 30, 90)},
        "this_week_mon_today": (monday, today),
        "last_week_mon_sun": (monday - timedelta(days=7), monday - timedelta(days=1)),
        "this_month": (month, today),
        "last_month": ((month - timedelta(days=1)).replace(day=1), month - timedelta(days=1)),
        "this_quarter": (quarter, today),
        "this_year": (today.replace(month=1, day=1), today),
        "last_year": (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
        "maximum": (earliest, today),
        "data_maximum": (earliest, today),
    }
    if name not in ranges:
        raise refuse_parameter(f"date_preset must be one of {', '.join(ranges)}")
    return ranges[name]


def _cut(since: date, until: date, increment: str) -> list[tuple[date, date]]:
    if increment == "all_days":
        return [(since, until)]
    step = int(increment) if increment.isdigit() else 0
    if increment != "monthly" and not 1 <= step <= LONGEST_INCREMENT:
        raise refuse_parameter("time_increment must be 1 to 90, monthly or all_days")
    periods, first = [], since
    while first <= until:
        last = first + timedelta(days=step - 1)
        if increment == "monthly":
            last = (first.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        periods.append((first, min(last, until)))
        first = last + timedelta(days=1)
    return periods
