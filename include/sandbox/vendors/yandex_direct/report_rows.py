"""Statistics → the lines of one report: segments, metrics, money, filters, order.

Sums are taken over the finest rows first and every figure is rounded in its own row, as the vendor
does: the sum of rows is not the rounded total. A value that is not there is ``--``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.yandex_direct.ad_book import AdBook
from include.sandbox.vendors.yandex_direct.fields import (
    FIELDS,
    GOAL_FIELDS,
    IMPLICIT_GROUPS,
    MONEY_FIELDS,
)
from include.sandbox.vendors.yandex_direct.report_facts import (
    SMART_IMPRESSIONS,
    collect_facts,
)
from include.sandbox.vendors.yandex_direct.report_request import Filter, ReportRequest

NO_VALUE = "--"

Ratio = tuple[str, str, float]
RATIOS: dict[str, Ratio] = {
    "Ctr": ("Clicks", "Impressions", 100.0),
    "AvgCpc": ("Cost", "Clicks", 1.0),
    "AvgEffectiveBid": ("_Bid", "Clicks", 1.0),
    "AvgPageviews": ("_Pageviews", "Sessions", 1.0),
    "BounceRate": ("Bounces", "Sessions", 100.0),
    "AvgClickPosition": ("_ClickPositions", "Clicks", 1.0),
    "AvgImpressionPosition": ("_ImpressionPositions", "Impressions", 1.0),
    "AvgTrafficVolume": ("_TrafficVolume", "Impressions", 1.0),
    "WeightedCtr": ("Clicks", "WeightedImpressions", 100.0),
}
"""Field → numerator, denominator, scale."""


def column_names(request: ReportRequest) -> list[str]:
    """The column line: FieldNames, with goal fields spread over goals and models."""
    names: list[str] = []
    for field in request.fields:
        if field in GOAL_FIELDS and request.goals:
            names += [f"{field}_{g}_{m}" for g in request.goals for m in request.models]
        else:
            names.append(field)
    return names


def make_rows(
    book: AdBook, login: str, request: ReportRequest, days: tuple[date, date], as_of: datetime
) -> pa.Table:
    """All rows of a report as a table of columns named as in the column line, typed not texted."""
    names = column_names(request)
    wanted = set(request.fields) | {f.field for f in request.filters}
    wanted |= {field for field, _ in request.order_by}
    wanted |= set(IMPLICIT_GROUPS.get(request.report_type, ()))
    if "Placement" in wanted:
        wanted.add("AdNetworkType")
    segments = sorted(field for field in wanted if not FIELDS[field].is_metric)
    goals = [(g, m) for g in request.goals for m in request.models]
    facts = collect_facts(book, login, _span(days), as_of, segments, goals, request.with_vat)
    for condition in request.filters:
        if not FIELDS[condition.field].is_metric:
            facts = facts.filter(_test(facts[condition.field], condition))
    sums = [name for name in facts.column_names if name not in segments]
    grouped = facts.group_by(segments, use_threads=False).aggregate([(n, "sum") for n in sums])
    grouped = grouped.rename_columns([n.removesuffix("_sum") for n in grouped.column_names])
    for metric in sorted(_metrics(request, wanted, names)):
        column = _metric(metric, grouped)
        if metric in grouped.column_names:
            place = grouped.column_names.index(metric)
            grouped = grouped.set_column(place, metric, column)
        else:
            grouped = grouped.append_column(metric, column)
    if any(segment.startswith("Criteri") for segment in segments):
        grouped = _hide_smart(grouped)
    for condition in request.filters:
        if FIELDS[condition.field].is_metric:
            grouped = grouped.filter(_test(grouped[condition.field], condition))
    order = [(f, "descending" if falls else "ascending") for f, falls in request.order_by]
    order = [(f, how) for f, how in order if f in grouped.column_names]
    order += [(f, "ascending") for f in segments if f not in dict(request.order_by)]
    return (grouped.sort_by(order) if order else grouped).select(names)


def _hide_smart(grouped: pa.Table) -> pa.Table:
    """Told by criteria, rows of smart campaigns have a dash for impressions and their share."""
    smart = grouped[SMART_IMPRESSIONS]
    is_hidden = pc.greater(smart, 0)
    for name in ("Impressions", "Ctr"):
        if name in grouped.column_names:
            shown = pc.if_else(is_hidden, None, grouped[name])
            grouped = grouped.set_column(grouped.column_names.index(name), name, shown)
    return grouped


def render_lines(rows: pa.Table, money_in_micros: bool) -> pa.StringArray:
    """One text per row, its cells parted by tabs, without a line end."""
    texts = []
    for name in rows.column_names:
        column = rows[name].combine_chunks()
        if pa.types.is_floating(column.type):
            values = [NO_VALUE if v is None else f"{v:.2f}" for v in column.to_pylist()]
            text = pa.array(values, pa.string())
        elif name.partition("_")[0] in MONEY_FIELDS and not money_in_micros:
            values = [NO_VALUE if v is None else f"{v / 1e6:.2f}" for v in column.to_pylist()]
            text = pa.array(values, pa.string())
        else:
            text = column.cast(pa.string()).fill_null(NO_VALUE)
        texts.append(text)
    return pc.binary_join_element_wise(*texts, "\t")


def _span(days: tuple[date, date]) -> list[date]:
    return [days[0] + timedelta(days=n) for n in range((days[1] - days[0]).days + 1)]


def _metrics(request: ReportRequest, wanted: set[str], names: list[str]) -> set[str]:
    plain = {f for f in wanted if FIELDS[f].is_metric}
    if request.goals:
        plain -= set(GOAL_FIELDS)
    return plain | {n for n in names if n not in FIELDS}


def _metric(name: str, sums: pa.Table) -> pa.Array:
    """One figure per grouped row; null where the vendor would print a dash."""
    base, _, suffix = name.partition("_")

    def total(column: str) -> np.ndarray:
        return sums[column].to_numpy().astype(np.float64)

    def of_goal(column: str) -> np.ndarray:
        return total(f"{column}_{suffix}" if suffix else column)

    if base in RATIOS:
        top, bottom, scale = RATIOS[base]
        return _ratio(total(top) * scale, total(bottom), base)
    if base == "Conversions":
        counted = sums[name].to_numpy()
        return pa.array(counted, pa.int64(), mask=counted == 0 if suffix else None)
    if base == "ConversionRate":
        return _ratio(of_goal("Conversions") * 100, total("Clicks"), base)
    if base == "CostPerConversion":
        return _ratio(total("Cost"), of_goal("Conversions"), base)
    if base == "GoalsRoi":
        return _ratio(of_goal("Revenue") - total("Cost"), total("Cost"), base)
    if base == "Revenue":
        earned = of_goal("Revenue")
        return _rounded(earned, earned == 0 if suffix else None)
    if base == "Profit":
        return _rounded(total("Revenue") - total("Cost"))
    if base == "Cost":
        return _rounded(total("Cost"))
    if base in sums.column_names:
        return pa.array(sums[base].to_numpy(), pa.int64())
    return pa.nulls(len(sums), pa.int64())


def _rounded(micros: np.ndarray, mask: np.ndarray | None = None) -> pa.Array:
    return pa.array((np.rint(micros / 10_000) * 10_000).astype(np.int64), mask=mask)


def _ratio(top: np.ndarray, bottom: np.ndarray, field: str) -> pa.Array:
    empty = bottom == 0
    value = np.divide(top, np.where(empty, 1, bottom))
    if field in MONEY_FIELDS:
        return pa.array((np.rint(value / 10_000) * 10_000).astype(np.int64), mask=empty)
    return pa.array(value, pa.float64(), mask=empty)


def _test(column: pa.ChunkedArray, condition: Filter) -> pa.Array:
    """Which rows a filter keeps; number comparison where the field holds numbers."""
    values: list[Any] = column.to_pylist()
    wanted = condition.values
    fold = condition.field in ("Keyword", "Query") or "IGNORE_CASE" in condition.operator
    folded = [str(v).lower() if fold else str(v) for v in wanted]

    def text(value: Any) -> str:
        shown = NO_VALUE if value is None else str(value)
        return shown.lower() if fold else shown

    tests: dict[str, Callable[[Any], bool]] = {
        "EQUALS": lambda v: text(v) == folded[0],
        "NOT_EQUALS": lambda v: text(v) != folded[0],
        "IN": lambda v: text(v) in folded,
        "NOT_IN": lambda v: text(v) not in folded,
        "LESS_THAN": lambda v: v is not None and float(v) < float(wanted[0]),
        "GREATER_THAN": lambda v: v is not None and float(v) > float(wanted[0]),
        "STARTS_WITH_IGNORE_CASE": lambda v: text(v).startswith(folded[0]),
        "DOES_NOT_START_WITH_IGNORE_CASE": lambda v: not text(v).startswith(folded[0]),
        "STARTS_WITH_ANY_IGNORE_CASE": lambda v: text(v).startswith(tuple(folded)),
        "DOES_NOT_START_WITH_ALL_IGNORE_CASE": lambda v: not text(v).startswith(tuple(folded)),
    }
    return pa.array([tests[condition.operator](value) for value in values], pa.bool_())
