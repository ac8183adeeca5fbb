"""``filtering=[{"field", "operator", "value"}]`` over rows of any kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from include.sandbox.vendors.meta_ads.errors import refuse_parameter

Read = Callable[[str], Any]


def _number(value: Any) -> float:
    try:
        return float(value if value is not None else 0)
    except (TypeError, ValueError):
        raise refuse_parameter(f"Filter value {value} must be a number") from None


def _listed(value: Any) -> list[str]:
    return [str(item) for item in (value if isinstance(value, list) else [value])]


def _is_between(value: Any, bounds: Any) -> bool:
    if not isinstance(bounds, list) or len(bounds) != 2:
        raise refuse_parameter("A filter by a range must have two values")
    return _number(bounds[0]) <= _number(value) <= _number(bounds[1])


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "EQUAL": lambda a, b: str(a) == str(b),
    "NOT_EQUAL": lambda a, b: str(a) != str(b),
    "IN": lambda a, b: str(a) in _listed(b),
    "NOT_IN": lambda a, b: str(a) not in _listed(b),
    "CONTAIN": lambda a, b: str(b).lower() in str(a).lower(),
    "NOT_CONTAIN": lambda a, b: str(b).lower() not in str(a).lower(),
    "CONTAINS": lambda a, b: str(b).lower() in str(a).lower(),
    "NOT_CONTAINS": lambda a, b: str(b).lower() not in str(a).lower(),
    "STARTS_WITH": lambda a, b: str(a).lower().startswith(str(b).lower()),
    "GREATER_THAN": lambda a, b: _number(a) > _number(b),
    "GREATER_THAN_OR_EQUAL": lambda a, b: _number(a) >= _number(b),
    "LESS_THAN": lambda a, b: _number(a) < _number(b),
    "LESS_THAN_OR_EQUAL": lambda a, b: _number(a) <= _number(b),
    "IN_RANGE": _is_between,
    "NOT_IN_RANGE": lambda a, b: not _is_between(a, b),
}


def check_filters(filters: Any) -> list[Mapping[str, Any]]:
    """The list of filters, each with a field and an operator the vendor knows."""
    found = filters if isinstance(filters, list) else [filters]
    for item in found:
        if not isinstance(item, Mapping) or not item.get("field"):
            raise refuse_parameter("Param filtering must be an array of {field, operator, value}")
        if item.get("operator") not in OPERATORS:
            raise refuse_parameter(f"Filter operator {item.get('operator')} is not valid")
    return found


def passes(filters: Sequence[Mapping[str, Any]], read: Read) -> bool:
    """Whether a row, read field by field, passes all filters."""
    return all(
        OPERATORS[item["operator"]](read(str(item["field"])), item.get("value")) for item in filters
    )


def names_status(filters: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a filter decides about the status, so that nothing is hidden beside it."""
    return any(str(item["field"]).endswith("effective_status") for item in filters)
