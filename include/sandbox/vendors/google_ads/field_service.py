"""The field service: what fields there are and what goes with what, by the same query language."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from include.sandbox.vendors.google_ads.attributes import FIELDS, RESOURCES
from include.sandbox.vendors.google_ads.errors import ApiError, refuse_query
from include.sandbox.vendors.google_ads.fields import METRICS
from include.sandbox.vendors.google_ads.gaql import Condition, parse_query
from include.sandbox.vendors.google_ads.telling import to_camel

TOLD = (
    "resource_name",
    "name",
    "category",
    "selectable",
    "filterable",
    "sortable",
    "selectable_with",
    "data_type",
    "is_repeated",
    "enum_values",
)


def find_fields(text: str) -> list[dict[str, Any]]:
    """Fields chosen and cut by a query without FROM."""
    query = parse_query(text, needs_from=False)
    if query.resource:
        raise refuse_query("UNEXPECTED_FROM_CLAUSE", "FROM is not allowed in this query.")
    for name in (*query.fields, *(condition.field for condition in query.conditions)):
        if name not in TOLD:
            raise refuse_query("UNRECOGNIZED_FIELD", f"Unrecognized field in the query: '{name}'.")
    rows = [row for row in _describe_all() if all(_passes(row, c) for c in query.conditions)]
    wanted = dict.fromkeys(("resource_name", *query.fields))
    return [
        {to_camel(key): row[key] for key in wanted if row[key] not in (None, [])}
        for row in rows[: query.limit]
    ]


def describe_field(name: str) -> dict[str, Any]:
    """One field by its name; 404 when there is none."""
    for row in _describe_all():
        if row["name"] == name:
            return {to_camel(key): value for key, value in row.items() if value not in (None, [])}
    raise ApiError("requestError.RESOURCE_NOT_FOUND", f"There is no field {name}.", 404)


def _describe_all() -> Iterator[Mapping[str, Any]]:
    for name, resource in RESOURCES.items():
        goes_with = [*resource.attributed, *(f"segments.{s}" for s in resource.segments)]
        if resource.has_metrics:
            goes_with += METRICS
        yield {
            **_frame(name, "RESOURCE"),
            "selectable": False,
            "filterable": False,
            "sortable": False,
            "selectable_with": goes_with,
            "data_type": "MESSAGE",
            "is_repeated": False,
            "enum_values": [],
        }
    for name, field in FIELDS.items():
        root, _, rest = name.partition(".")
        with_resources = [
            other
            for other, resource in RESOURCES.items()
            if (field.category == "METRIC" and resource.has_metrics)
            or (field.category == "SEGMENT" and rest in resource.segments)
            or (field.category == "ATTRIBUTE" and root in resource.attributed)
        ]
        yield {
            **_frame(name, field.category),
            "selectable": True,
            "filterable": True,
            "sortable": not field.is_repeated,
            "selectable_with": with_resources,
            "data_type": field.data_type,
            "is_repeated": field.is_repeated,
            "enum_values": list(field.enum_values),
        }


def _frame(name: str, category: str) -> dict[str, Any]:
    return {"resource_name": f"googleAdsFields/{name}", "name": name, "category": category}


def _passes(row: Mapping[str, Any], condition: Condition) -> bool:
    value, how = row[condition.field], condition.operator
    if how == "LIKE":
        return str(value).startswith(condition.values[0].rstrip("%"))
    if how.startswith("CONTAINS"):
        return any(wanted in value for wanted in condition.values) == (not how.endswith("NONE"))
    if how not in ("=", "!=", "IN", "NOT IN"):
        raise refuse_query("BAD_OPERATOR", f"{how} is not supported here.")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return (text in condition.values) == (how in ("=", "IN"))
