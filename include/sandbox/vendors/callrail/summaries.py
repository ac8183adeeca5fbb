"""Counts of calls: in all, by one property, or along time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from include.sandbox.vendors.callrail.errors import ApiError

GROUPS = {
    "source": "source_name",
    "keywords": "keywords",
    "campaign": "campaign",
    "referrer": "referrer_domain",
    "landing_page": "landing_page_url",
    "company": "company_name",
}
MOST_POINTS = 200
Row = Mapping[str, Any]


def _average(rows: Sequence[Row]) -> int:
    return round(sum(row["duration"] for row in rows) / len(rows)) if rows else 0


COUNTS: dict[str, Callable[[Sequence[Row]], Any]] = {
    "total_calls": len,
    "missed_calls": lambda rows: sum(1 for row in rows if not row["answered"]),
    "answered_calls": lambda rows: sum(1 for row in rows if row["answered"]),
    "first_time_callers": lambda rows: sum(1 for row in rows if row["first_call"]),
    "leads": lambda rows: sum(1 for row in rows if row["lead_status"] == "good_lead"),
    "average_duration": _average,
    "formatted_average_duration": lambda rows: f"{_average(rows) // 60}m {_average(rows) % 60}s",
}


def _pick_counts(params: Mapping[str, str]) -> list[str]:
    asked = [name for name in params.get("fields", "").split(",") if name]
    unknown = [name for name in asked if name not in COUNTS]
    if unknown:
        raise ApiError(400, f"Invalid fields: {', '.join(unknown)}")
    return ["total_calls", *(name for name in asked if name != "total_calls")]


def _count(rows: Sequence[Row], names: Sequence[str]) -> dict[str, Any]:
    return {name: COUNTS[name](rows) for name in names}


def summarise(rows: Sequence[Row], params: Mapping[str, str]) -> dict[str, Any]:
    """Totals, and groups largest first where ``group_by`` names one of ``GROUPS``."""
    names = _pick_counts(params)
    body: dict[str, Any] = {"total_results": _count(rows, names)}
    group_by = params.get("group_by")
    if not group_by:
        return body
    if group_by not in GROUPS:
        raise ApiError(400, f"Invalid group_by: {group_by}")
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[GROUPS[group_by]] or "", []).append(row)
    ranked = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    return body | {
        "grouped_by": group_by,
        "grouped_results": [{"key": key or None, **_count(of, names)} for key, of in ranked],
    }


def _step_hour(at: datetime) -> datetime:
    return at + timedelta(hours=1)


def _step_month(at: datetime) -> datetime:
    return (at.replace(day=1) + timedelta(days=32)).replace(day=1)


def _step_days(days: int) -> Callable[[datetime], datetime]:
    return lambda at: at + timedelta(days=days)


def _step_year(at: datetime) -> datetime:
    return at.replace(year=at.year + 1, month=1, day=1)


INTERVALS: dict[str, Callable[[datetime], datetime]] = {
    "hour": _step_hour,
    "day": _step_days(1),
    "week": _step_days(7),
    "month": _step_month,
    "year": _step_year,
}


def draw_series(
    rows: Sequence[Row], params: Mapping[str, str], start: datetime, end: datetime
) -> dict[str, Any]:
    """Points of equal intervals from ``start``; 400 where there would be more than 200."""
    names = _pick_counts(params)
    interval = params.get("interval") or "day"
    if interval not in INTERVALS:
        raise ApiError(400, f"Invalid interval: {interval}")
    bounds = [start]
    while bounds[-1] < end:
        bounds.append(INTERVALS[interval](bounds[-1]))
        if len(bounds) > MOST_POINTS + 1:
            raise ApiError(400, f"A time series has at most {MOST_POINTS} data points")
    begun = [datetime.fromisoformat(row["start_time"]) for row in rows]
    points = []
    for first, last in itertools.pairwise(bounds):
        of = [row for row, at in zip(rows, begun, strict=True) if first <= at < last]
        key = first.isoformat() if interval == "hour" else str(date(*first.timetuple()[:3]))
        points.append({"key": key, "date": str(first.date()), **_count(of, names)})
    return {"data": points}
