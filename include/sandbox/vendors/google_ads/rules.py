"""What may be asked together: fields with resources, segments with metrics, days with filters."""

from __future__ import annotations

from datetime import date

from include.sandbox.vendors.google_ads.attributes import FIELDS, RESOURCES
from include.sandbox.vendors.google_ads.errors import ApiError, refuse_query
from include.sandbox.vendors.google_ads.fields import (
    CONVERSION_METRICS,
    CONVERSION_SEGMENTS,
    CORE_DATE_SEGMENTS,
    Field,
)
from include.sandbox.vendors.google_ads.gaql import Condition, Query

LISTS = ("CONTAINS ANY", "CONTAINS ALL", "CONTAINS NONE")
TEXT_TESTS = ("LIKE", "NOT LIKE", "REGEXP_MATCH", "NOT REGEXP_MATCH")
KEPT_MONTHS = 37
DAILY_SEGMENTS = ("segments.date", "segments.week", "segments.day_of_week")
CLICK_VIEW_DAYS = 90


def check_query(query: Query, is_manager: bool) -> None:
    """Raise what the vendor would say of a query whose syntax is in order."""
    if query.resource not in RESOURCES:
        raise refuse_query(
            "BAD_RESOURCE_TYPE_IN_FROM_CLAUSE", f"Unknown resource '{query.resource}' in FROM."
        )
    selected = [_find(name) for name in query.fields]
    filtered = [_find(condition.field) for condition in query.conditions]
    for one in selected:
        _check_place(query, one, "SELECT")
    for one, condition in zip(filtered, query.conditions, strict=True):
        _check_place(query, one, "WHERE")
        _check_condition(one, condition)
        if one.category == "SEGMENT" and one.name not in (*query.fields, *CORE_DATE_SEGMENTS):
            raise refuse_query(
                "EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE",
                f"The following field must be present in SELECT clause: '{one.name}'.",
            )
    for name, _ in query.order_by:
        one = _find(name)
        if name not in query.fields and one.category != "ATTRIBUTE":
            raise refuse_query(
                "EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE",
                f"The following field must be present in SELECT clause: '{name}'.",
            )
        if one.is_repeated:
            raise refuse_query("PROHIBITED_FIELD_IN_ORDER_BY_CLAUSE", f"Cannot sort by {name}.")
    metrics = [one.name for one in (*selected, *filtered) if one.category == "METRIC"]
    if metrics and is_manager:
        raise refuse_query(
            "REQUESTED_METRICS_FOR_MANAGER",
            "Metrics cannot be requested for a manager account. To retrieve metrics, issue "
            "separate requests against each client account under the manager account.",
        )
    _check_conversions(query, metrics)
    has_core = any(name in CORE_DATE_SEGMENTS for name in query.fields)
    if has_core or query.resource == "click_view":
        _check_date_filters(query)


def check_days(query: Query, days: tuple[date, date] | None, today: date) -> None:
    """Raise for days the vendor does not keep, or not at this grain."""
    if days is None:
        return
    first, last = days
    if query.resource == "click_view":
        if first != last:
            raise refuse_query("DATE_RANGE_TOO_WIDE", "click_view needs a filter of one day.")
        if (today - first).days > CLICK_VIEW_DAYS:
            raise ApiError("dateRangeError.INVALID_DATE", "The day is more than 90 days ago.")
    months = (today.year - first.year) * 12 + today.month - first.month
    is_daily = any(name in DAILY_SEGMENTS for name in query.fields)
    if is_daily and months > KEPT_MONTHS:
        raise ApiError(
            "dateRangeError.REQUESTED_DATE_GRANULARITY_NOT_SUPPORTED",
            f"Daily figures are kept for {KEPT_MONTHS} months.",
        )


def is_metric_query(query: Query) -> bool:
    """Whether figures are needed to answer."""
    names = (*query.fields, *(condition.field for condition in query.conditions))
    return any(not name.startswith(f"{query.resource}.") and _is_figure(name) for name in names)


def is_segmented(query: Query) -> bool:
    """Whether rows are split by a segment, so that rows of zeros are left out."""
    return any(name.startswith("segments.") for name in query.fields)


def _is_figure(name: str) -> bool:
    return name.startswith(("segments.", "metrics."))


def _find(name: str) -> Field:
    if name not in FIELDS:
        raise refuse_query("UNRECOGNIZED_FIELD", f"Unrecognized field in the query: '{name}'.")
    return FIELDS[name]


def _check_place(query: Query, one: Field, clause: str) -> None:
    resource = RESOURCES[query.resource]
    root, _, rest = one.name.partition(".")
    if one.category == "METRIC" and not _goes_with(query.resource, one.name):
        raise refuse_query(
            "PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
            f"Cannot select or filter on the following metrics: '{one.name}', since metrics are "
            f"incompatible with the resource in the FROM clause ('{query.resource}').",
        )
    if one.category == "SEGMENT" and rest not in resource.segments:
        raise refuse_query(
            "PROHIBITED_SEGMENT_IN_SELECT_OR_WHERE_CLAUSE",
            f"Cannot select or filter on the following segments: '{one.name}', since the segments "
            f"are incompatible with the resource in the FROM clause ('{query.resource}').",
        )
    if one.category == "ATTRIBUTE" and root not in (query.resource, *resource.attributed):
        raise refuse_query(
            f"PROHIBITED_RESOURCE_TYPE_IN_{clause}_CLAUSE",
            f"The resource '{root}' cannot be used in {clause} of a query FROM '{query.resource}'.",
        )


def _goes_with(resource: str, metric: str) -> bool:
    if resource == "click_view":
        return metric == "metrics.clicks"
    return RESOURCES[resource].has_metrics


def _check_condition(one: Field, condition: Condition) -> None:
    name, how = one.name, condition.operator
    if how in LISTS and not one.is_repeated:
        raise refuse_query("OPERATOR_FIELD_MISMATCH", f"{how} needs a list, '{name}' is none.")
    if one.data_type == "MESSAGE":
        raise refuse_query("PROHIBITED_FIELD_IN_WHERE_CLAUSE", f"Cannot filter on '{name}'.")
    if one.is_repeated and how not in (*LISTS, "IS NULL", "IS NOT NULL"):
        raise refuse_query("OPERATOR_FIELD_MISMATCH", f"{how} does not go with '{name}'.")
    if how in TEXT_TESTS and one.data_type not in ("STRING", "RESOURCE_NAME"):
        raise refuse_query("OPERATOR_FIELD_MISMATCH", f"{how} needs a text, '{name}' is none.")
    if how == "DURING" and name not in ("segments.date",):
        raise refuse_query("OPERATOR_FIELD_MISMATCH", f"DURING does not go with '{name}'.")
    if how in LISTS or how in TEXT_TESTS or how == "DURING":
        return
    for value in condition.values:
        _check_value(one, value)


def _check_value(one: Field, value: str) -> None:
    if one.data_type == "ENUM" and value not in one.enum_values:
        raise refuse_query("BAD_ENUM_CONSTANT", f"Invalid enum value for '{one.name}': '{value}'.")
    if one.data_type in ("INT64", "INT32", "DOUBLE"):
        try:
            float(value)
        except ValueError:
            raise refuse_query("BAD_NUMBER", f"'{value}' is not a number.") from None
    if one.data_type == "BOOLEAN" and value.upper() not in ("TRUE", "FALSE"):
        raise refuse_query("BAD_VALUE", f"'{value}' is neither TRUE nor FALSE.")


def _check_conversions(query: Query, metrics: list[str]) -> None:
    by_action = [n for n in query.fields if n.removeprefix("segments.") in CONVERSION_SEGMENTS]
    alien = [name for name in metrics if name not in CONVERSION_METRICS]
    if by_action and alien:
        raise refuse_query(
            "PROHIBITED_SEGMENT_WITH_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
            f"Cannot select or filter on the following segments: '{by_action[0]}', since the "
            f"segments are incompatible with the metrics '{alien[0]}'.",
        )


def _check_date_filters(query: Query) -> None:
    """A selected day needs a beginning and an end among the filters."""
    begins = ends = False
    for condition in query.conditions:
        if condition.field in CORE_DATE_SEGMENTS:
            how = condition.operator
            begins |= how in ("=", "IN", "BETWEEN", "DURING", ">", ">=")
            ends |= how in ("=", "IN", "BETWEEN", "DURING", "<", "<=")
    if not (begins and ends):
        raise refuse_query(
            "EXPECTED_FILTERS_ON_DATE_RANGE",
            "Expected filters on date range: a finite range of segments.date is needed.",
        )
