"""Which calls a request means: named ranges and dates of the account's time zone.

Without any date a list covers the recent seven days only, today included.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from include.sandbox.vendors.callrail.errors import ApiError

BEGINNING = datetime(2020, 1, 1, tzinfo=UTC)
"""Before the first day of any account: where ``all_time`` begins."""
RECENT_DAYS = 7


def resolve_days(name: str, today: date) -> tuple[date, date]:
    """First and last day (inclusive) of a named range; 400 for a name the vendor has not."""
    yesterday = today - timedelta(days=1)
    first_of_month = today.replace(day=1)
    last_of_previous = first_of_month - timedelta(days=1)
    ranges = {
        "recent": (today - timedelta(days=RECENT_DAYS - 1), today),
        "today": (today, today),
        "yesterday": (yesterday, yesterday),
        "last_7_days": (today - timedelta(days=6), today),
        "last_30_days": (today - timedelta(days=29), today),
        "this_month": (first_of_month, today),
        "last_month": (last_of_previous.replace(day=1), last_of_previous),
        "this_year": (today.replace(month=1, day=1), today),
        "last_year": (date(today.year - 1, 1, 1), date(today.year - 1, 12, 31)),
        "all_time": (BEGINNING.date(), today),
    }
    if name not in ranges:
        raise ApiError(400, f"Invalid date_range: {name}")
    return ranges[name]


def _read_bound(name: str, text: str, zone: ZoneInfo, is_end: bool) -> datetime:
    try:
        if len(text) == 10:
            day = date.fromisoformat(text) + timedelta(days=1 if is_end else 0)
            return datetime(day.year, day.month, day.day, tzinfo=zone)
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ApiError(400, f"Invalid {name}: {text}") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=zone)


def resolve_period(
    params: Mapping[str, str], now: datetime, zone: ZoneInfo
) -> tuple[datetime, datetime]:
    """Half-open instants; an ``end_date`` without a time of day includes that whole day."""
    if not any(params.get(key) for key in ("start_date", "end_date", "date_range")):
        params = {"date_range": "recent"}
    if params.get("date_range"):
        first, last = resolve_days(params["date_range"], now.astimezone(zone).date())
        after = last + timedelta(days=1)
        return (
            datetime(first.year, first.month, first.day, tzinfo=zone),
            datetime(after.year, after.month, after.day, tzinfo=zone),
        )
    start, end = BEGINNING, now + timedelta(seconds=1)
    if params.get("start_date"):
        start = _read_bound("start_date", params["start_date"], zone, False)
    if params.get("end_date"):
        end = _read_bound("end_date", params["end_date"], zone, True)
    if start > end:
        raise ApiError(422, "start_date must not be after end_date")
    return start, end
