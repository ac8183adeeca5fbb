"""Statistics: per day or in total (v2), totals by page (v3), goals and the last hour.

Objects that were deleted still have statistics. One alien id refuses the whole call. Goals by day
are dated by their own event unless ``attribution=impression``, which dates them by the show and so
lets past days grow; totals and goal reports always do the latter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.datastructures import QueryParams

from include.sandbox.vendors.ad_cabinet import Cabinet
from include.sandbox.vendors.vendor import Stage
from include.sandbox.vendors.vk_ads.errors import ApiError
from include.sandbox.vendors.vk_ads.event_goals import read_event_goals
from include.sandbox.vendors.vk_ads.figures import BLOCKS, Figures, add_up, make_blocks
from include.sandbox.vendors.vk_ads.lists import move, paginate, read_ids
from include.sandbox.vendors.vk_ads.objects import OTHER_PACKAGE, PACKAGES, tell_status, user_number
from include.sandbox.world.ad_figures import ad_figures

MOST_OBJECTS, OLDEST_DAYS, MOST_DAYS = 200, 366, 367
V3_DEFAULT_LIMIT, V3_LARGEST_LIMIT = 20, 250
FAST_MINUTES = 60
ALIEN = {
    "banners": "ERR_WRONG_BANNERS",
    "ad_groups": "ERR_WRONG_ADGROUPS",
    "ad_plans": "ERR_WRONG_ADPLANS",
    "users": "ERR_WRONG_USERS",
}
COLUMNS = {"banners": "ad_id", "ad_groups": "ad_group_id", "ad_plans": "campaign_id"}
SUMS = ("impressions", "clicks", "cost_micros", "conversions", "conversion_value_micros")
ByDay = Mapping[tuple[int, date], Figures]


class Statistics:
    """Answers statistics requests of one cabinet at the instant of the clock."""

    def __init__(self, stage: Stage, cabinet: Cabinet) -> None:
        self._stage = stage
        self._cabinet = cabinet
        self._zone = ZoneInfo(cabinet.account["time_zone"] or "Europe/Moscow")

    def answer_v2(self, kind: str, grain: str, params: QueryParams) -> dict[str, Any]:
        """``statistics/{kind}/{grain}.json``; ``grain`` is day or summary."""
        ids = self._read_objects(kind, params)
        names = _read_blocks(params.getlist("metrics"), "metrics")
        if grain == "summary":
            found = self._collect(kind, date.min, self._today())
            return _frame(ids, found, (), names, self._shows_zero_days())
        attribution = params.get("attribution", "conversion")
        if attribution not in ("conversion", "impression"):
            raise ApiError("ERR_WRONG_PARAMETER", "Wrong parameter: attribution")
        days = self._read_days(params)
        found = self._collect(kind, days[0], days[-1])
        if attribution == "conversion":
            found = self._date_goals_by_event(kind, found, days)
        return _frame(ids, found, days, names, self._shows_zero_days())

    def answer_v3(self, kind: str, params: QueryParams, is_moved: bool = False) -> dict[str, Any]:
        """``v3/statistics/{kind}/day.json``: totals of the period, objects with delivery only.

        Whether those without are left out is not confirmed; the knob ``v3_idle`` shows them.
        """
        days = self._read_days(params)
        asked = params.getlist("fields") or params.getlist("metrics")
        names = _read_blocks(asked, "fields")
        found: dict[int, list[Figures]] = {}
        for (number, _), figures in self._collect(kind, days[0], days[-1]).items():
            found.setdefault(number, []).append(figures)
        if self._knob("v3_idle", False):
            found = {number: found.get(number, []) for number in self._known(kind)}
        chosen = {n: add_up(f) for n, f in found.items() if self._passes(kind, n, params)}
        user = user_number(self._cabinet.account["account_id"])
        items = [
            {"id": number, "user_id": user, "total": make_blocks(chosen[number], names)}
            for number in self._sort(chosen, params)
        ]
        page = paginate(move(items, is_moved), params, V3_DEFAULT_LIMIT, V3_LARGEST_LIMIT)
        total = make_blocks(add_up(chosen.values()), names)
        return {**page, "total": total}

    def answer_goals(self, kind: str, params: QueryParams) -> dict[str, Any]:
        """``statistics/goals/{kind}/day.json``: conversions of each goal by day."""
        ids, days = self._read_objects(kind, params), self._read_days(params)
        conversion_type = params.get("conversion_type", "total")
        if conversion_type not in ("postview", "postclick", "total"):
            raise ApiError("ERR_WRONG_PARAMETER", "Wrong parameter: conversion_type")
        found = self._collect(kind, days[0], days[-1])

        def goals(figures: Figures) -> list[dict[str, Any]]:
            if conversion_type == "postview":
                figures = replace(figures, goals=0, value_micros=0)
            base = make_blocks(figures, ["base", "romi"])
            return [
                {
                    "conversion_type": conversion_type,
                    "source": "topmail",
                    "goal": "lead",
                    "counter_id": 3300001,
                    "count": figures.goals,
                    "cr": base["base"]["vk"]["cr"],
                    "cpa": base["base"]["vk"]["cpa"],
                    "value": base["romi"]["value"],
                    "romi": base["romi"]["romi"] if figures.goals else 0,
                }
            ]

        items = []
        for number in ids:
            by_day = [(day, found.get((number, day), Figures())) for day in days]
            rows = [{"date": day.isoformat(), "goals": goals(f)} for day, f in by_day]
            total = goals(add_up(f for _, f in by_day))
            items.append({"id": number, "rows": rows, "total": {"goals": total}})
        everything = add_up(f for (number, _), f in found.items() if number in set(ids))
        return {"items": items, "total": {"goals": goals(everything)}}

    def answer_empty(self, block: str, kind: str, params: QueryParams) -> dict[str, Any]:
        """In-app and offline conversions: the frame of all statistics around zeros."""
        ids, days = self._read_objects(kind, params), self._read_days(params)
        zeros = {block: {"count": 0, "cpa": 0, "cr": 0}}
        rows = [{"date": day.isoformat(), **zeros} for day in days]
        return {"items": [{"id": n, "rows": rows, "total": zeros} for n in ids], "total": zeros}

    def answer_fast(self, kind: str, params: QueryParams) -> dict[str, Any]:
        """Shows and clicks of the last sixty minutes, one number a minute, not yet filtered."""
        ids = self._read_objects(kind, params)
        today = self._today()
        found = self._collect(kind, today, today)
        local = self._stage.clock.now().astimezone(self._zone)
        minutes = max(local.hour * 60, 1)
        items = []
        for number in ids:
            figures = found.get((number, today), Figures())
            shows, clicks = figures.shows // minutes, figures.clicks // minutes
            minutely = {"shows": [shows] * FAST_MINUTES, "clicks": [clicks] * FAST_MINUTES}
            items.append({"id": number, "minutely": minutely})
        return {"items": items}

    def _knob(self, name: str, default: Any) -> Any:
        return self._stage.knobs.get(f"vk_ads.{name}", default)

    def _shows_zero_days(self) -> bool:
        return bool(self._knob("zero_days", True))

    def _today(self) -> date:
        return self._stage.clock.now().astimezone(self._zone).date()

    def _known(self, kind: str) -> set[int]:
        if kind == "users":
            return {user_number(self._cabinet.account["account_id"])}
        objects = {
            "banners": self._cabinet.ads,
            "ad_groups": self._cabinet.ad_groups,
            "ad_plans": self._cabinet.campaigns,
        }
        return set(objects[kind])

    def _read_objects(self, kind: str, params: QueryParams) -> list[int]:
        ids = list(dict.fromkeys(read_ids(params, "id")))
        if not ids:
            raise ApiError("ERR_WRONG_PARAMETER", "Missing required parameter: id")
        if len(ids) > MOST_OBJECTS:
            raise ApiError("ERR_LIMIT_EXCEEDED", f"No more than {MOST_OBJECTS} objects")
        if not self._known(kind).issuperset(ids):
            raise ApiError(ALIEN[kind], f"Unknown or foreign {kind}")
        return ids

    def _read_days(self, params: QueryParams) -> list[date]:
        first, last = (_read_day(params, name) for name in ("date_from", "date_to"))
        if first > last:
            raise ApiError("ERR_WRONG_DATE", "date_from must not be after date_to")
        if first < self._today() - timedelta(days=OLDEST_DAYS):
            raise ApiError("ERR_WRONG_DATE", f"Statistics is kept for {OLDEST_DAYS} days")
        count = (last - first).days + 1
        most = int(self._knob("most_days", MOST_DAYS))
        if count > most:
            raise ApiError("ERR_LIMIT_EXCEEDED", f"No more than {most} days")
        return [first + timedelta(days=n) for n in range(count)]

    def _collect(self, kind: str, first: date, last: date) -> ByDay:
        account_id = self._cabinet.account["account_id"]
        end = last + timedelta(days=1)
        now: datetime = self._stage.clock.now()
        rows = ad_figures(self._stage.world, "vk_ads", account_id, first, end, now)
        keys = ["stats_date"] if kind == "users" else ["stats_date", COLUMNS[kind]]
        grouped = rows.group_by(keys, use_threads=False).aggregate([(n, "sum") for n in SUMS])
        days = grouped["stats_date"].to_pylist()
        user = user_number(account_id)
        numbers = [user] * len(days) if kind == "users" else grouped[keys[1]].to_pylist()
        sums = zip(*(grouped[f"{name}_sum"].to_pylist() for name in SUMS), strict=True)
        return {
            key: Figures(*values)
            for key, values in zip(zip(numbers, days, strict=True), sums, strict=True)
        }

    def _date_goals_by_event(self, kind: str, found: ByDay, days: Sequence[date]) -> ByDay:
        account_id, now = self._cabinet.account["account_id"], self._stage.clock.now()
        dated = read_event_goals(self._stage.world, account_id, self._zone, days, now)
        figures = {key: replace(one, goals=0, value_micros=0) for key, one in found.items()}
        for (banner, day), (goals, value) in dated.items():
            if banner in self._cabinet.ads:
                key = (self._owner(kind, banner), day)
                figures[key] = figures.get(key, Figures()) + Figures(0, 0, 0, goals, value)
        return figures

    def _owner(self, kind: str, banner: int) -> int:
        """The object of a kind that a banner belongs to."""
        if kind == "users":
            return user_number(self._cabinet.account["account_id"])
        return int(self._cabinet.ads[banner][COLUMNS[kind]])

    def _passes(self, kind: str, number: int, params: QueryParams) -> bool:
        """Whether an object passes the filters of v3."""
        wanted = read_ids(params, "id")
        if (wanted and number not in wanted) or number in read_ids(params, "id_ne"):
            return False
        campaign_id, group_id = number, number
        if kind == "banners":
            group_id = self._cabinet.ads[number]["ad_group_id"]
        if kind in ("banners", "ad_groups"):
            campaign_id = self._cabinet.ad_groups[group_id]["campaign_id"]
        if kind == "users":
            return True
        campaign = self._cabinet.campaigns[campaign_id]
        status = tell_status(campaign)
        package = PACKAGES.get(campaign["channel"], OTHER_PACKAGE)
        tests = {
            "banner_status": status,
            "ad_group_status": status,
            "ad_group_id": str(group_id),
            "package_id": str(package),
        }
        return all(
            value in params[name].split(",") for name, value in tests.items() if name in params
        )

    def _sort(self, chosen: Mapping[int, Figures], params: QueryParams) -> Sequence[int]:
        falls = params.get("d", "asc") == "desc"
        by = params.get("sort_by", "id")
        if by == "id":
            return sorted(chosen, reverse=falls)
        block, _, path = by.partition(".")
        if block not in BLOCKS:
            raise ApiError("ERR_WRONG_PARAMETER", "Wrong parameter: sort_by")

        def value(number: int) -> float:
            found: Any = BLOCKS[block](chosen[number])
            for part in path.split("."):
                if not isinstance(found, Mapping) or part not in found:
                    raise ApiError("ERR_WRONG_PARAMETER", "Wrong parameter: sort_by")
                found = found[part]
            return float(found)

        return sorted(sorted(chosen), key=value, reverse=falls)


def _frame(
    ids: Sequence[int], found: ByDay, days: Sequence[date], names: Sequence[str], with_zeros: bool
) -> dict[str, Any]:
    """Items in the order asked; without days only totals."""
    of_object: dict[int, dict[date, Figures]] = {}
    for (number, day), figures in found.items():
        of_object.setdefault(number, {})[day] = figures
    items, totals = [], []
    for number in ids:
        own = of_object.get(number, {})
        item: dict[str, Any] = {"id": number}
        if days:
            item["rows"] = [
                {"date": day.isoformat(), **make_blocks(own.get(day, Figures()), names)}
                for day in days
                if with_zeros or day in own
            ]
        totals.append(add_up(own.values()))
        items.append({**item, "total": make_blocks(totals[-1], names)})
    return {"items": items, "total": make_blocks(add_up(totals), names)}


def _read_blocks(given: Sequence[str], parameter: str) -> list[str]:
    names = [name for value in given for name in value.split(",") if name] or ["base"]
    if "all" in names:
        return list(BLOCKS)
    if not set(names) <= set(BLOCKS):
        raise ApiError("ERR_WRONG_PARAMETER", f"Wrong parameter: {parameter}")
    return names


def _read_day(params: QueryParams, name: str) -> date:
    if name not in params:
        raise ApiError("ERR_WRONG_PARAMETER", f"Missing required parameter: {name}")
    try:
        return datetime.strptime(params[name], "%Y-%m-%d").date()  # noqa: DTZ007 - a day, no time
    except ValueError:
        raise ApiError("ERR_WRONG_DATE", f"Wrong date: {name}") from None
