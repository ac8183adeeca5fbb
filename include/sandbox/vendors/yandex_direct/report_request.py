"""Reads the body of a Reports request and refuses what the vendor refuses.

Every refusal is :class:`ApiError` 8000 (4000 for wrong values) with HTTP 400.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from include.sandbox.vendors.yandex_direct.errors import ApiError
from include.sandbox.vendors.yandex_direct.fields import (
    ATTRIBUTION_MODELS,
    FIELDS,
    NOT_WITH_CLICK_TYPE,
    OPERATORS,
    PERIOD_FIELDS,
    REPORT_TYPES,
)
from include.sandbox.vendors.yandex_direct.periods import (
    NAMED_RANGES,
    QUERY_DAYS,
    earliest_day,
)

REQUIRED = (
    "SelectionCriteria",
    "FieldNames",
    "ReportName",
    "ReportType",
    "DateRangeType",
    "Format",
    "IncludeVAT",
)
OPTIONAL = ("Goals", "AttributionModels", "Page", "OrderBy", "IncludeDiscount")
MAX_FILTER_VALUES = 10_000
MAX_GOALS = 10
LAST_ROW = 1_000_000


@dataclass(frozen=True)
class Filter:
    """One condition; all values are strings."""

    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class ReportRequest:
    """A request that passed every check."""

    name: str
    report_type: str
    fields: tuple[str, ...]
    filters: tuple[Filter, ...]
    goals: tuple[str, ...]
    models: tuple[str, ...]
    order_by: tuple[tuple[str, bool], ...]
    """Field and whether it descends."""
    range_type: str
    custom_days: tuple[date, date] | None
    with_vat: bool
    page: tuple[int, int] | None
    """Limit and offset."""
    fingerprint: str
    """The parameters as canonical text: with the login and the name, a report's identity."""


def read_report_request(body: bytes, today: date) -> ReportRequest:
    """Parse and check a JSON body; ``today`` is the Moscow day."""
    try:
        document = json.loads(body)
    except ValueError:
        raise ApiError(8000, "JSON can't be processed") from None
    params = document.get("params") if isinstance(document, dict) else None
    if not isinstance(params, dict):
        raise ApiError(8000, "The required field params is omitted")
    for element in REQUIRED:
        if params.get(element) is None:
            raise ApiError(8000, f"The required field {element} is omitted")
    for element in params:
        if element not in REQUIRED + OPTIONAL:
            raise ApiError(8000, f"Unknown parameter {element}")
    report_type = _one_of(params["ReportType"], REPORT_TYPES, "ReportType")
    range_type = _one_of(params["DateRangeType"], NAMED_RANGES, "DateRangeType")
    _one_of(params["Format"], ("TSV",), "Format")
    for element in ("IncludeVAT", "IncludeDiscount"):
        if element in params:
            _one_of(params[element], ("YES", "NO"), element)
    name = params["ReportName"]
    if not isinstance(name, str) or not name.strip() or len(name) > 255:
        raise ApiError(8000, "ReportName must be a string of 1 to 255 characters")
    criteria = params["SelectionCriteria"]
    if not isinstance(criteria, dict):
        raise ApiError(8000, "SelectionCriteria must be an object")
    for element in criteria:
        if element not in ("DateFrom", "DateTo", "Filter"):
            raise ApiError(8000, f"Unknown parameter SelectionCriteria.{element}")
    fields = _read_fields(params["FieldNames"], report_type)
    goals, models = _read_goals(params)
    return ReportRequest(
        name=name,
        report_type=report_type,
        fields=fields,
        filters=_read_filters(criteria.get("Filter") or [], report_type),
        goals=goals,
        models=models,
        order_by=_read_order(params.get("OrderBy") or [], report_type),
        range_type=range_type,
        custom_days=_read_days(criteria, report_type, range_type, today),
        with_vat=params["IncludeVAT"] == "YES",
        page=_read_page(params.get("Page")),
        fingerprint=json.dumps(params, sort_keys=True, ensure_ascii=False),
    )


def _one_of(value: Any, allowed: Sequence[str], element: str) -> str:
    if value not in allowed:
        raise ApiError(8000, f"{element} holds an invalid value; allowed: {', '.join(allowed)}")
    return str(value)


def _read_fields(names: Any, report_type: str) -> tuple[str, ...]:
    if not isinstance(names, list) or not names:
        raise ApiError(8000, "FieldNames must be a list and not empty")
    for name in names:
        field = FIELDS.get(name)
        if field is None:
            raise ApiError(8000, f"FieldNames holds the unknown field {name}")
        if not field.in_output or field.role(report_type) in ".f":
            raise ApiError(8000, f"The field {name} is not allowed in FieldNames of {report_type}")
    if len(set(names)) != len(names):
        raise ApiError(8000, "FieldNames holds a field twice")
    if len(set(names) & set(PERIOD_FIELDS)) > 1:
        raise ApiError(8000, f"Only one of {', '.join(PERIOD_FIELDS)} is allowed")
    if any(n.startswith("Criteria") for n in names) and any(
        n.startswith("Criterion") for n in names
    ):
        raise ApiError(8000, "Fields Criteria* and Criterion* are incompatible")
    if "ClickType" in names and set(names) & set(NOT_WITH_CLICK_TYPE):
        raise ApiError(8000, f"ClickType is incompatible with {', '.join(NOT_WITH_CLICK_TYPE)}")
    if report_type.startswith("REACH") and "CampaignId" not in names:
        raise ApiError(8000, f"CampaignId is required in FieldNames of {report_type}")
    return tuple(names)


def _read_filters(filters: Any, report_type: str) -> tuple[Filter, ...]:
    if not isinstance(filters, list):
        raise ApiError(8000, "SelectionCriteria.Filter must be a list")
    read: list[Filter] = []
    for item in filters:
        if not isinstance(item, dict) or set(item) != {"Field", "Operator", "Values"}:
            raise ApiError(8000, "A filter needs exactly Field, Operator and Values")
        field = FIELDS.get(item["Field"])
        if field is None or not field.in_filter or field.role(report_type) == ".":
            raise ApiError(8000, f"The field {item['Field']} is not allowed in Filter")
        if field.name in (f.field for f in read):
            raise ApiError(8000, f"The field {field.name} stands in more than one filter")
        _one_of(item["Operator"], OPERATORS, "Operator")
        values = item["Values"]
        if not isinstance(values, list) or not all(isinstance(v, str) for v in values):
            raise ApiError(8000, "Filter values must be strings")
        if not 1 <= len(values) <= MAX_FILTER_VALUES:
            raise ApiError(4000, f"A filter takes 1 to {MAX_FILTER_VALUES} values")
        if item["Operator"] in ("LESS_THAN", "GREATER_THAN") and not _is_number(values[0]):
            raise ApiError(4000, f"The operator {item['Operator']} needs a number")
        read.append(Filter(field.name, item["Operator"], tuple(values)))
    return tuple(read)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_goals(params: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    goals = params.get("Goals") or []
    if not isinstance(goals, list) or not all(isinstance(goal, str) for goal in goals):
        raise ApiError(8000, "Goals must be a list of strings")
    if len(goals) > MAX_GOALS:
        raise ApiError(4000, f"No more than {MAX_GOALS} goals are allowed")
    models = params.get("AttributionModels") or ["LC"]
    if not isinstance(models, list):
        raise ApiError(8000, "AttributionModels must be a list")
    for model in models:
        _one_of(model, tuple(ATTRIBUTION_MODELS), "AttributionModels")
    return tuple(goals), tuple(dict.fromkeys(ATTRIBUTION_MODELS[model] for model in models))


def _read_order(order: Any, report_type: str) -> tuple[tuple[str, bool], ...]:
    if not isinstance(order, list):
        raise ApiError(8000, "OrderBy must be a list")
    read = []
    for item in order:
        field = FIELDS.get(item.get("Field", "")) if isinstance(item, dict) else None
        if field is None or not field.in_order or field.role(report_type) in ".f":
            raise ApiError(8000, f"The field of OrderBy is not allowed in {report_type}")
        direction = item.get("SortOrder", "ASCENDING")
        _one_of(direction, ("ASCENDING", "DESCENDING"), "SortOrder")
        read.append((field.name, direction == "DESCENDING"))
    return tuple(read)


def _read_days(
    criteria: Mapping[str, Any], report_type: str, range_type: str, today: date
) -> tuple[date, date] | None:
    given = [element for element in ("DateFrom", "DateTo") if criteria.get(element) is not None]
    if range_type != "CUSTOM_DATE":
        if given:
            raise ApiError(8000, f"{given[0]} is allowed only with CUSTOM_DATE")
        return None
    if len(given) < 2:
        raise ApiError(8000, "DateFrom and DateTo are required with CUSTOM_DATE")
    try:
        first, last = (date.fromisoformat(criteria[e]) for e in ("DateFrom", "DateTo"))
    except (TypeError, ValueError):
        raise ApiError(8000, "DateFrom and DateTo must be days like 2026-11-18") from None
    if first > last:
        raise ApiError(4000, "DateFrom is after DateTo")
    kept_from = earliest_day(today)
    if report_type.startswith("SEARCH_QUERY"):
        kept_from = max(kept_from, today - timedelta(days=QUERY_DAYS))
    if first < kept_from:
        raise ApiError(4000, f"Statistics are kept from {kept_from}")
    return first, last


def _read_page(page: Any) -> tuple[int, int] | None:
    if page is None:
        return None
    limit, offset = page.get("Limit", LAST_ROW), page.get("Offset", 0)
    if not isinstance(limit, int) or not isinstance(offset, int) or limit < 1 or offset < 0:
        raise ApiError(4000, "Page holds an invalid Limit or Offset")
    return limit, offset
