"""Makes a report: chooses sessions or events, groups them, hides, folds, sorts and cuts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.ga4.dimensions import (
    EVENT_DIMENSIONS,
    TIME_DIMENSIONS,
    derive_dimension,
)
from include.sandbox.vendors.ga4.filters import apply_filter, list_fields
from include.sandbox.vendors.ga4.measures import SUMS, Sums, add_sums, write_number
from include.sandbox.vendors.ga4.request import DATE_RANGE, AskedDimension, AskedReport, Period
from include.sandbox.vendors.ga4.sessions import expand_events
from include.sandbox.vendors.ga4.wire import read_enum

COMPARISON = "comparison"
OTHER = "(other)"
DISTINCT = {
    "sessions": "visit_id",
    "users": "client",
    "active": "active_client",
    "new": "new_client",
    "engaged": "engaged_visit",
    "converted": "converted_visit",
}
ADDED = ("views", "goals", "seconds", "events", "purchases", "gross", "refunded")


@dataclass(frozen=True)
class Rules:
    """What the vendor does to rows of this property; 0 switches a rule off."""

    most_groups: int = 50_000
    threshold_users: int = 10
    sampling_events: int = 10_000_000
    is_today_other: bool = False


@dataclass(frozen=True)
class Group:
    """One row of an answer before it is written."""

    dimensions: tuple[str, ...]
    sums: Sums
    values: tuple[float, ...]


@dataclass
class Made:
    """A finished report: all rows in order, totals by name, and what was done to them."""

    names: tuple[str, ...]
    groups: list[Group] = field(default_factory=list)
    totals: dict[str, list[Group]] = field(default_factory=dict)
    has_other: bool = False
    is_thresholded: bool = False
    sampling: list[tuple[int, int]] = field(default_factory=list)


def make_report(asked: AskedReport, sessions: pa.Table, today: int, rules: Rules) -> Made:
    """The report over ``sessions`` the vendor knows; ``today`` is a number YYYYMMDD."""
    names = [dimension.name for dimension in asked.dimensions]
    if len(asked.periods) > 1 and DATE_RANGE not in names:
        names.append(DATE_RANGE)
    if asked.comparisons:
        names.append(COMPARISON)
    made = Made(tuple(names))
    for period in asked.periods:
        rows, scale = _choose(asked, sessions, period, rules, made)
        for label, chosen in _compare(asked, rows):
            extra = {DATE_RANGE: period.name, COMPARISON: label}
            _add_groups(asked, chosen, scale, extra, today, rules, made)
    kept = _filter_groups(asked, made.groups)
    made.groups = sort_groups(kept, asked.order_bys, made.names, tuple(asked.measures))
    return made


def _choose(
    asked: AskedReport, sessions: pa.Table, period: Period, rules: Rules, made: Made
) -> tuple[pa.Table, float]:
    """Rows of the period that pass the dimension filter, sampled where there are too many."""
    first, last = (int(day.strftime("%Y%m%d")) for day in (period.first, period.last))
    day = sessions["day"]
    rows = sessions.filter(pc.and_(pc.greater_equal(day, first), pc.less_equal(day, last)))
    space = pc.sum(rows["events"]).as_py() or 0
    scale = 1.0
    if rules.sampling_events and space > rules.sampling_events:
        step = -(-space // rules.sampling_events)
        places = np.arange(0, len(rows), step)
        scale = len(rows) / len(places)
        rows = rows.take(pa.array(places))
        made.sampling.append((pc.sum(rows["events"]).as_py() or 0, space))
    if any(name in EVENT_DIMENSIONS for name in _fields(asked)):
        rows = expand_events(rows)
    return _keep(rows, asked.dimension_filter), scale


def _fields(asked: AskedReport) -> list[str]:
    compared = [list_fields(item.get("dimensionFilter") or {}) for item in asked.comparisons]
    return [*asked.fields, *(name for names in compared for name in names)]


def _keep(rows: pa.Table, expression: Mapping[str, Any]) -> pa.Table:
    if not expression:
        return rows
    mask = apply_filter(
        expression, lambda name: derive_dimension(rows, name).to_pylist(), len(rows)
    )
    return rows.filter(pa.array(mask))


def _compare(asked: AskedReport, rows: pa.Table) -> list[tuple[str, pa.Table]]:
    if not asked.comparisons:
        return [("", rows)]
    return [
        (str(item.get("name") or f"comparison_{n}"), _keep(rows, item.get("dimensionFilter") or {}))
        for n, item in enumerate(asked.comparisons)
    ]


def _derive(rows: pa.Table, asked: AskedDimension, extra: Mapping[str, str]) -> Any:
    if asked.name in extra and asked.name not in (part for part in asked.parts[1:]):
        return pa.array([extra[asked.name]] * len(rows), pa.string())
    parts = [derive_dimension(rows, part) for part in asked.parts]
    joined = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, asked.delimiter)
    folds = {"lowerCase": pc.utf8_lower, "upperCase": pc.utf8_upper}
    return folds[asked.fold](joined) if asked.fold else joined


def _add_groups(
    asked: AskedReport,
    rows: pa.Table,
    scale: float,
    extra: Mapping[str, str],
    today: int,
    rules: Rules,
    made: Made,
) -> None:
    dimensions = [_derive(rows, dimension, extra) for dimension in asked.dimensions]
    if rules.is_today_other:
        is_today = pc.equal(rows["day"], today)
        dimensions = [
            values if asked_as.name in TIME_DIMENSIONS else pc.if_else(is_today, OTHER, values)
            for asked_as, values in zip(asked.dimensions, dimensions, strict=True)
        ]
        made.has_other = made.has_other or bool(pc.any(is_today).as_py())
    known = {dimension.name for dimension in asked.dimensions}
    added = [name for name in made.names if name not in known]
    dimensions += [pa.array([extra[name]] * len(rows), pa.string()) for name in added]
    grouped = sum_groups(rows, dimensions, scale)
    if asked.may_be_thresholded and rules.threshold_users:
        shown = [item for item in grouped if item[1]["users"] >= rules.threshold_users]
        made.is_thresholded = made.is_thresholded or len(shown) < len(grouped)
        grouped = shown
    if rules.most_groups and len(grouped) > rules.most_groups:
        grouped = _fold_small(grouped, made.names, rules.most_groups)
        made.has_other = True
    made.groups += [_finish(asked, names, sums) for names, sums in grouped]
    _add_totals(asked, rows, scale, extra, made)


def sum_groups(
    rows: pa.Table, dimensions: Sequence[Any], scale: float
) -> list[tuple[tuple[str, ...], dict[str, float]]]:
    """Every combination of values with its sums; counts of a sample are scaled up."""
    if not len(rows):
        return []
    columns: dict[str, Any] = {"all": pa.array(["all"] * len(rows))}
    columns |= {f"dimension_{n}": values for n, values in enumerate(dimensions)}
    nothing = pa.scalar(None, pa.string())
    no_visit = pa.scalar(None, pa.int64())
    is_active = pc.or_(rows["is_engaged"], rows["is_new"])
    is_converted = pc.greater(rows["goals"], 0)
    columns |= {
        "visit_id": rows["visit_id"],
        "client": rows["client"],
        "active_client": pc.if_else(is_active, rows["client"], nothing),
        "new_client": pc.if_else(rows["is_new"], rows["client"], nothing),
        "engaged_visit": pc.if_else(rows["is_engaged"], rows["visit_id"], no_visit),
        "converted_visit": pc.if_else(is_converted, rows["visit_id"], no_visit),
        **{name: rows[name] for name in ADDED},
    }
    keys = ["all", *(f"dimension_{n}" for n in range(len(dimensions)))]
    table = (
        pa.table(columns)
        .group_by(keys)
        .aggregate(
            [
                *((column, "count_distinct") for column in DISTINCT.values()),
                *((column, "sum") for column in ADDED),
            ]
        )
    )
    counted = {
        **{name: table[f"{column}_count_distinct"] for name, column in DISTINCT.items()},
        **{name: table[f"{name}_sum"] for name in ADDED},
    }
    sums = {name: [value * scale for value in counted[name].to_pylist()] for name in SUMS}
    labels = list(zip(*(table[key].to_pylist() for key in keys), strict=True))
    return [
        (label[1:], {name: sums[name][place] for name in SUMS})
        for place, label in enumerate(labels)
    ]


def _fold_small(
    grouped: list[tuple[tuple[str, ...], dict[str, float]]], names: Sequence[str], most: int
) -> list[tuple[tuple[str, ...], dict[str, float]]]:
    """The largest groups, and ``(other)`` for the rest of each day."""
    ranked = sorted(grouped, key=lambda item: (-item[1]["sessions"], item[0]))
    rest: dict[tuple[str, ...], list[Sums]] = {}
    for labels, sums in ranked[most:]:
        folded = tuple(
            label if name in TIME_DIMENSIONS or name in (DATE_RANGE, COMPARISON) else OTHER
            for name, label in zip(names, labels, strict=True)
        )
        rest.setdefault(folded, []).append(sums)
    return ranked[:most] + [(labels, add_sums(parts)) for labels, parts in rest.items()]


def _finish(asked: AskedReport, labels: tuple[str, ...], sums: Sums) -> Group:
    return Group(labels, sums, tuple(m.compute(sums) for m in asked.measures.values()))


def _add_totals(
    asked: AskedReport, rows: pa.Table, scale: float, extra: Mapping[str, str], made: Made
) -> None:
    """Aggregates of one date range, under names that cannot be values."""
    if not asked.aggregations:
        return
    whole = sum_groups(rows, [], scale)
    mine = [g for g in made.groups if _belongs(g, extra, made.names)]
    for kind in asked.aggregations if mine else ():
        labels = tuple(
            extra[name] if name in (DATE_RANGE, COMPARISON) else f"RESERVED_{kind}"
            for name in made.names
        )
        if kind == "TOTAL":
            sums = whole[0][1] if whole else dict.fromkeys(SUMS, 0.0)
            group = _finish(asked, labels, sums)
        elif kind == "COUNT":
            group = Group(labels, {}, tuple(float(len(mine)) for _ in asked.measures))
        else:
            pick = max if kind == "MAXIMUM" else min
            columns = zip(*(g.values for g in mine), strict=True)
            group = Group(labels, {}, tuple(pick(column) for column in columns))
        made.totals.setdefault(kind, []).append(group)


def _belongs(group: Group, extra: Mapping[str, str], names: Sequence[str]) -> bool:
    return all(
        label == extra[name]
        for name, label in zip(names, group.dimensions, strict=True)
        if name in (DATE_RANGE, COMPARISON)
    )


def _filter_groups(asked: AskedReport, groups: list[Group]) -> list[Group]:
    """Rows of zeros go, unless they are asked for; then the metric filter decides."""
    if asked.measures and not asked.keeps_empty:
        groups = [group for group in groups if any(group.values)]
    if not asked.metric_filter:
        return groups
    names = list(asked.measures)
    mask = apply_filter(
        asked.metric_filter,
        lambda name: [group.values[names.index(name)] for group in groups],
        len(groups),
    )
    return [group for group, keep in zip(groups, mask, strict=True) if keep]


def sort_groups(
    groups: Sequence[Group],
    order_bys: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    measures: Sequence[str],
) -> list[Group]:
    """In the order asked for, ties and silence by the first metric downward, then by labels."""
    ordered = sorted(groups, key=lambda g: (-(g.values[0] if g.values else 0), g.dimensions))
    for order in reversed(order_bys):
        is_down = bool(order.get("desc"))
        if "metric" in order:
            place = measures.index(str(order["metric"]["metricName"]))
            ordered.sort(key=lambda g, at=place: g.values[at], reverse=is_down)
        elif "dimension" in order:
            place = names.index(str(order["dimension"]["dimensionName"]))
            kind = read_enum("OrderType", order["dimension"].get("orderType") or "ALPHANUMERIC")
            ordered.sort(
                key=lambda g, at=place, by=kind: _rank(g.dimensions[at], by), reverse=is_down
            )
    return ordered


def _rank(label: str, kind: str) -> tuple[float, str]:
    if kind == "NUMERIC":
        return (float(label), "") if label.lstrip("-").isdigit() else (float("-inf"), label)
    return (0.0, label.lower() if kind.startswith("CASE") else label)


def write_row(group: Group, asked: AskedReport) -> dict[str, Any]:
    """A row on the wire: every value is text."""
    shown = zip(asked.measures.items(), group.values, strict=True)
    return {
        "dimensionValues": [{"value": label} for label in group.dimensions],
        "metricValues": [
            {"value": write_number(value, measure.kind)}
            for (name, measure), value in shown
            if name not in asked.invisible
        ],
    }
