"""The realtime report: what happened in the last thirty minutes, by minute if asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.ga4.dimensions import REALTIME_DIMENSIONS, derive_dimension
from include.sandbox.vendors.ga4.errors import refuse_argument
from include.sandbox.vendors.ga4.filters import apply_filter, list_fields
from include.sandbox.vendors.ga4.measures import REALTIME_MEASURES
from include.sandbox.vendors.ga4.report import Group, Made, sort_groups, sum_groups
from include.sandbox.vendors.ga4.request import (
    AskedReport,
    read_measures,
    require_known_orders,
)
from include.sandbox.vendors.ga4.sessions import expand_events
from include.sandbox.vendors.ga4.wire import read_count, read_items, read_object

MOST_MINUTES, MOST_MINUTES_PREMIUM, MOST_RANGES = 29, 59, 2
MINUTES_AGO = "minutesAgo"
DATE_RANGE = "dateRange"


def _read_ranges(body: Mapping[str, Any], is_premium: bool) -> list[tuple[str, int, int]]:
    most = MOST_MINUTES_PREMIUM if is_premium else MOST_MINUTES
    items = read_items(body, "minuteRanges") or [{"startMinutesAgo": MOST_MINUTES}]
    if len(items) > MOST_RANGES:
        raise refuse_argument(f"Requests are limited to {MOST_RANGES} minuteRanges.")
    ranges = []
    for number, item in enumerate(items):
        start = read_count(
            item, "startMinutesAgo", 0 if "startMinutesAgo" in item else MOST_MINUTES
        )
        end = read_count(item, "endMinutesAgo", 0)
        if not 0 <= end <= start <= most:
            raise refuse_argument(f"Invalid minuteRange: {start} to {end}; at most {most}.")
        ranges.append((str(item.get("name") or f"date_range_{number}"), start, end))
    return ranges


def make_realtime(
    body: Mapping[str, Any], sessions: pa.Table, now: datetime, is_premium: bool
) -> tuple[AskedReport, Made]:
    """The report and the request it answers, in the shapes of the ordinary report."""
    names = [str(item.get("name", "")) for item in read_items(body, "dimensions")]
    measures, invisible = read_measures(read_items(body, "metrics"))
    wanted = read_object(body, "dimensionFilter")
    unknown = [
        name
        for name in (*names, *list_fields(wanted))
        if name not in REALTIME_DIMENSIONS | {MINUTES_AGO}
    ]
    unknown += [name for name in measures if name not in REALTIME_MEASURES]
    if not measures:
        raise refuse_argument("At least one metric is required.")
    if unknown:
        raise refuse_argument(f"Field {unknown[0]} is not valid in a realtime report.")
    asked = AskedReport(
        dimensions=(),
        measures=measures,
        invisible=invisible,
        periods=(),
        dimension_filter=wanted,
        metric_filter={},
        order_bys=read_items(body, "orderBys"),
        aggregations=(),
        limit=read_count(body, "limit", 10_000),
        offset=0,
        keeps_empty=False,
        wants_quota=bool(body.get("returnPropertyQuota")),
        currency="",
    )
    require_known_orders(asked.order_bys, measures, names)
    ranges = _read_ranges(body, is_premium)
    made = Made((*names, *((DATE_RANGE,) if len(ranges) > 1 else ())))
    for label, start, end in ranges:
        oldest, newest = now - timedelta(minutes=start + 1), now - timedelta(minutes=end)
        begun = sessions["started_at"]
        rows = sessions.filter(pc.and_(pc.greater(begun, oldest), pc.less_equal(begun, newest)))
        rows = expand_events(rows) if "eventName" in names else rows
        if wanted:
            mask = apply_filter(wanted, _reader(rows, now), len(rows))
            rows = rows.filter(pa.array(mask))
        derived = [pa.array(_reader(rows, now)(name), pa.string()) for name in names]
        if len(ranges) > 1:
            derived.append(pa.array([label] * len(rows), pa.string()))
        made.groups += [
            Group(labels, sums, tuple(m.compute(sums) for m in measures.values()))
            for labels, sums in sum_groups(rows, derived, 1.0)
        ]
    made.groups = sort_groups(made.groups, asked.order_bys, made.names, tuple(measures))
    return asked, made


def _reader(rows: pa.Table, now: datetime) -> Any:
    def read(name: str) -> list[str]:
        if name == MINUTES_AGO:
            ages = [(now - at).total_seconds() for at in rows["started_at"].to_pylist()]
            return [f"{int(age // 60):02}" for age in ages]
        found: list[str] = derive_dimension(rows, name).to_pylist()
        return found

    return read
