"""Enumerations on the wire: words, or numbers where the caller asks ``enum-encoding=int``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.sandbox.vendors.ga4.errors import refuse_argument

ENUMS: dict[str, dict[str, int]] = {
    "MatchType": {
        "EXACT": 1,
        "BEGINS_WITH": 2,
        "ENDS_WITH": 3,
        "CONTAINS": 4,
        "FULL_REGEXP": 5,
        "PARTIAL_REGEXP": 6,
    },
    "Operation": {
        "EQUAL": 1,
        "LESS_THAN": 2,
        "LESS_THAN_OR_EQUAL": 3,
        "GREATER_THAN": 4,
        "GREATER_THAN_OR_EQUAL": 5,
    },
    "MetricAggregation": {"TOTAL": 1, "COUNT": 4, "MINIMUM": 5, "MAXIMUM": 6},
    "OrderType": {"ALPHANUMERIC": 1, "CASE_INSENSITIVE_ALPHANUMERIC": 2, "NUMERIC": 3},
    "Compatibility": {"COMPATIBLE": 1, "INCOMPATIBLE": 2},
    "State": {"CREATING": 1, "ACTIVE": 2, "FAILED": 3},
    "Granularity": {"DAILY": 1, "WEEKLY": 2, "MONTHLY": 3},
    "MetricType": {
        "TYPE_INTEGER": 1,
        "TYPE_FLOAT": 2,
        "TYPE_SECONDS": 4,
        "TYPE_STANDARD": 8,
        "TYPE_CURRENCY": 9,
    },
}
ENUM_FIELDS = {"type": "MetricType", "compatibility": "Compatibility", "state": "State"}
"""Fields of answers whose text is an enumeration."""


def read_enum(kind: str, value: Any) -> str:
    """The word of an enumeration given as word or number; INVALID_ARGUMENT for others."""
    known = ENUMS[kind]
    if isinstance(value, str) and value in known:
        return value
    for word, number in known.items():
        if value == number and not isinstance(value, bool):
            return word
    raise refuse_argument(f"Invalid value ({value}) for the enumeration {kind}.")


def read_count(body: Mapping[str, Any], name: str, default: int) -> int:
    """An int64, which proto JSON writes as text; 0 and absent mean ``default``."""
    try:
        number = int(body.get(name) or default)
    except (TypeError, ValueError):
        raise refuse_argument(f"Invalid value at '{name}' (TYPE_INT64)") from None
    if number < 0:
        raise refuse_argument(f"The {name} of the request must not be negative.")
    return number or default


def read_items(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """A list of objects, empty where it is absent."""
    found = body.get(name) or []
    if not isinstance(found, list) or not all(isinstance(item, Mapping) for item in found):
        raise refuse_argument(f"Invalid value at '{name}'")
    return found


def read_object(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object, empty where it is absent."""
    found = body.get(name) or {}
    if not isinstance(found, Mapping):
        raise refuse_argument(f"Invalid value at '{name}'")
    return found


def wants_numbers(query: Mapping[str, str]) -> bool:
    """Whether enumerations of the answer shall be numbers: ``$alt=json;enum-encoding=int``."""
    return "enum-encoding=int" in query.get("$alt", "") + query.get("alt", "")


def write_enums(value: Any, as_numbers: bool) -> Any:
    """The answer with its enumerations as the caller wants them."""
    if not as_numbers:
        return value
    if isinstance(value, list):
        return [write_enums(item, True) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: ENUMS[ENUM_FIELDS[key]][item]
        if key in ENUM_FIELDS and item in ENUMS[ENUM_FIELDS[key]]
        else (item if key == "rows" else write_enums(item, True))
        for key, item in value.items()
    }
