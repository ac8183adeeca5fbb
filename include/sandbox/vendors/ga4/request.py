"""A report request, read and judged: what cannot be answered is INVALID_ARGUMENT."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from include.sandbox.vendors.ga4.compatibility import find_clash
from include.sandbox.vendors.ga4.dimensions import (
    COHORT_DIMENSIONS,
    DIMENSIONS,
    THRESHOLDED_DIMENSIONS,
)
from include.sandbox.vendors.ga4.errors import refuse_argument
from include.sandbox.vendors.ga4.filters import list_fields
from include.sandbox.vendors.ga4.measures import COHORT_MEASURES, Measure, make_measure
from include.sandbox.vendors.ga4.wire import read_count, read_enum, read_items, read_object

MOST_DIMENSIONS, MOST_METRICS, MOST_RANGES = 9, 10, 4
DEFAULT_LIMIT, MOST_ROWS = 10_000, 250_000
FIRST_DATE = date(2015, 8, 14)
DATE_RANGE = "dateRange"


@dataclass(frozen=True)
class AskedDimension:
    """One dimension asked for; ``parts`` are the fields an expression is made of."""

    name: str
    parts: tuple[str, ...]
    fold: str = ""
    delimiter: str = ""


@dataclass(frozen=True)
class Period:
    """Days ``first`` to ``last``, both included, under the name the answer will use."""

    name: str
    first: date
    last: date


@dataclass(frozen=True)
class AskedReport:
    """Everything a report needs, defaults filled in."""

    dimensions: tuple[AskedDimension, ...]
    measures: Mapping[str, Measure]
    invisible: frozenset[str]
    periods: tuple[Period, ...]
    dimension_filter: Mapping[str, Any]
    metric_filter: Mapping[str, Any]
    order_bys: Sequence[Mapping[str, Any]]
    aggregations: tuple[str, ...]
    limit: int
    offset: int
    keeps_empty: bool
    wants_quota: bool
    currency: str
    comparisons: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    @property
    def may_be_thresholded(self) -> bool:
        """Whether rows of few users will be hidden."""
        return any(part in THRESHOLDED_DIMENSIONS for d in self.dimensions for part in d.parts)

    @property
    def fields(self) -> list[str]:
        """Every dimension that decides about rows: asked for, or filtered by."""
        asked = [part for dimension in self.dimensions for part in dimension.parts]
        return [*asked, *list_fields(self.dimension_filter)]


def read_report(
    body: Mapping[str, Any], today: date, limits: Mapping[str, int], currency: str
) -> AskedReport:
    """The request of runReport; ``limits`` may replace the counts of dimensions and the like."""
    dimensions = tuple(read_dimension(item) for item in read_items(body, "dimensions"))
    measures, invisible = read_measures(read_items(body, "metrics"))
    periods = tuple(read_periods(read_items(body, "dateRanges"), today))
    _require_counts(dimensions, measures, periods, limits)
    if not dimensions and not measures:
        raise refuse_argument("At least one dimension or metric is required.")
    asked = AskedReport(
        dimensions=dimensions,
        measures=measures,
        invisible=invisible,
        periods=periods,
        dimension_filter=read_object(body, "dimensionFilter"),
        metric_filter=read_object(body, "metricFilter"),
        order_bys=read_items(body, "orderBys"),
        aggregations=tuple(
            read_enum("MetricAggregation", item) for item in body.get("metricAggregations", ())
        ),
        limit=min(read_count(body, "limit", DEFAULT_LIMIT), MOST_ROWS),
        offset=read_count(body, "offset", 0),
        keeps_empty=bool(body.get("keepEmptyRows")),
        wants_quota=bool(body.get("returnPropertyQuota")),
        currency=str(body.get("currencyCode") or currency),
        comparisons=read_items(body, "comparisons"),
    )
    _require_known_fields(asked)
    if not body.get("cohortSpec"):
        alone = [n for n in (*asked.fields, *measures) if n in COHORT_DIMENSIONS | COHORT_MEASURES]
        if alone:
            raise refuse_argument(f"Field {alone[0]} requires a cohortSpec.")
    clash = find_clash(asked.fields, measures)
    if clash:
        raise refuse_argument(
            f"Please remove {', '.join(clash)} to make the request compatible. The request's "
            "dimensions & metrics are incompatible. To learn more, see "
            "https://ga-dev-tools.google/ga4/dimensions-metrics-explorer/"
        )
    return asked


def read_dimension(item: Mapping[str, Any]) -> AskedDimension:
    """A dimension of the catalogue, or one an expression makes of them."""
    name, expression = str(item.get("name", "")), item.get("dimensionExpression") or {}
    if not expression:
        return AskedDimension(name, (require_dimension(name),))
    for kind in ("lowerCase", "upperCase"):
        if kind in expression:
            part = require_dimension(str(expression[kind].get("dimensionName", "")))
            return AskedDimension(name, (part,), fold=kind)
    joined = expression.get("concatenate", {})
    parts = tuple(require_dimension(str(part)) for part in joined.get("dimensionNames", ()))
    if not parts:
        raise refuse_argument("A dimension expression must name dimensions.")
    return AskedDimension(name, parts, delimiter=str(joined.get("delimiter", "")))


def require_dimension(name: str) -> str:
    """``name`` if the property has such a dimension."""
    if name not in DIMENSIONS and name != DATE_RANGE:
        raise refuse_argument(
            f"Field {name} is not a valid dimension. For a list of valid dimensions and metrics, "
            "see https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema"
        )
    return name


def read_measures(
    items: Sequence[Mapping[str, Any]],
) -> tuple[dict[str, Measure], frozenset[str]]:
    """Metrics by name in the order asked, and which of them only filters and orders see."""
    measures = {
        str(item.get("name", "")): make_measure(
            str(item.get("name", "")), str(item.get("expression") or "")
        )
        for item in items
    }
    return measures, frozenset(str(item["name"]) for item in items if item.get("invisible"))


def read_periods(items: Sequence[Mapping[str, Any]], today: date) -> list[Period]:
    """Date ranges with their names; INVALID_ARGUMENT for days the vendor cannot read."""
    periods = []
    for number, item in enumerate(items):
        first = _read_day(str(item.get("startDate", "")), today)
        last = _read_day(str(item.get("endDate", "")), today)
        if first > last:
            raise refuse_argument(f"Invalid date range: {first} is after {last}.")
        if first < FIRST_DATE:
            raise refuse_argument(f"Invalid startDate: {first}. Dates begin on {FIRST_DATE}.")
        periods.append(Period(str(item.get("name") or f"date_range_{number}"), first, last))
    return periods


def _read_day(text: str, today: date) -> date:
    if text in ("today", "yesterday"):
        return today - timedelta(days=int(text == "yesterday"))
    ago = re.fullmatch(r"(\d{1,5})daysAgo", text)
    if ago:
        return today - timedelta(days=int(ago.group(1)))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refuse_argument(
            f"Invalid date: {text}. Dates are YYYY-MM-DD, NdaysAgo, yesterday or today."
        ) from None


def _require_counts(
    dimensions: Sequence[AskedDimension],
    measures: Mapping[str, Measure],
    periods: Sequence[Period],
    limits: Mapping[str, int],
) -> None:
    most = {
        "dimensions": (len(dimensions), limits.get("dimensions", MOST_DIMENSIONS)),
        "metrics": (len(measures), limits.get("metrics", MOST_METRICS)),
        "dateRanges": (len(periods), limits.get("dateRanges", MOST_RANGES)),
    }
    for name, (count, limit) in most.items():
        if count > limit:
            raise refuse_argument(f"Requests are limited to {limit} {name}; got {count}.")
    if not periods:
        raise refuse_argument("At least one dateRange is required.")


def _require_known_fields(asked: AskedReport) -> None:
    filters = [
        asked.dimension_filter,
        *(read_object(c, "dimensionFilter") for c in asked.comparisons),
    ]
    for name in (name for expression in filters for name in list_fields(expression)):
        if name not in DIMENSIONS:
            raise refuse_argument(f"Field {name} is not a valid dimension for a dimensionFilter.")
    for name in list_fields(asked.metric_filter):
        if name not in asked.measures:
            raise refuse_argument(
                f"Field {name} in the metricFilter must be among the metrics of the request."
            )
    names = {dimension.name for dimension in asked.dimensions} | {DATE_RANGE, "comparison"}
    require_known_orders(asked.order_bys, asked.measures, names)


def require_known_orders(
    order_bys: Sequence[Mapping[str, Any]], measures: Collection[str], names: Collection[str]
) -> None:
    """Rows are ordered by metrics and dimensions of the request only."""
    for order in order_bys:
        by_metric = str(read_object(order, "metric").get("metricName", ""))
        by_dimension = str(read_object(order, "dimension").get("dimensionName", ""))
        if (by_metric and by_metric not in measures) or (
            by_dimension and by_dimension not in names
        ):
            raise refuse_argument(
                f"Field {by_metric or by_dimension} in orderBys must be in the request."
            )
