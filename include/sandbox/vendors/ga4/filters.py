"""Filter expressions over dimensions (all rows at once) and over metrics (row by row)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from include.sandbox.vendors.ga4.errors import refuse_argument
from include.sandbox.vendors.ga4.wire import read_enum, read_items, read_object

Mask = NDArray[np.bool_]
Values = Callable[[str], Sequence[Any]]
KINDS = ("stringFilter", "inListFilter", "numericFilter", "betweenFilter", "emptyFilter")

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "EQUAL": lambda a, b: a == b,
    "LESS_THAN": lambda a, b: a < b,
    "LESS_THAN_OR_EQUAL": lambda a, b: a <= b,
    "GREATER_THAN": lambda a, b: a > b,
    "GREATER_THAN_OR_EQUAL": lambda a, b: a >= b,
}


def list_fields(expression: Mapping[str, Any]) -> list[str]:
    """Every field an expression names."""
    found: list[str] = []
    for group in ("andGroup", "orGroup"):
        for part in read_items(read_object(expression, group), "expressions"):
            found += list_fields(part)
    if "notExpression" in expression:
        found += list_fields(read_object(expression, "notExpression"))
    if "filter" in expression:
        found.append(str(read_object(expression, "filter").get("fieldName", "")))
    return found


def apply_filter(expression: Mapping[str, Any], values: Values, length: int) -> Mask:
    """Which of ``length`` rows pass; ``values`` gives a field's values, texts or numbers."""
    if not expression:
        return np.ones(length, dtype=bool)
    for group, join in (("andGroup", np.logical_and), ("orGroup", np.logical_or)):
        if group in expression:
            parts = [
                apply_filter(part, values, length)
                for part in expression[group].get("expressions", ())
            ]
            if not parts:
                raise refuse_argument(f"A filter's {group} must have expressions.")
            return join.reduce(parts)
    if "notExpression" in expression:
        return ~apply_filter(expression["notExpression"], values, length)
    if "filter" not in expression:
        raise refuse_argument("A filter expression must be set.")
    leaf = expression["filter"]
    accept = _make_test(leaf)
    seen: dict[Any, bool] = {}
    found = values(str(leaf.get("fieldName", "")))
    for value in found:
        if value not in seen:
            seen[value] = accept(value)
    return np.fromiter((seen[value] for value in found), dtype=bool, count=length)


def _make_test(leaf: Mapping[str, Any]) -> Callable[[Any], bool]:
    kind = next((name for name in KINDS if name in leaf), None)
    if kind is None:
        raise refuse_argument("A filter must have one of the filter types set.")
    wanted = read_object(leaf, kind)
    if kind == "stringFilter":
        return _match_text(wanted)
    if kind == "inListFilter":
        is_exact = bool(wanted.get("caseSensitive"))
        values = wanted.get("values") or []
        if not isinstance(values, list):
            raise refuse_argument("The values of an inListFilter must be a list.")
        listed = {_fold(value, is_exact) for value in values}
        return lambda value: _fold(value, is_exact) in listed
    if kind == "emptyFilter":
        return lambda value: value in ("", "(not set)")
    if kind == "numericFilter":
        compare = COMPARISONS[read_enum("Operation", wanted.get("operation", "EQUAL"))]
        bound = _read_number(read_object(wanted, "value"))
        return lambda value: compare(_as_number(value), bound)
    low, high = (_read_number(read_object(wanted, name)) for name in ("fromValue", "toValue"))
    return lambda value: low <= _as_number(value) <= high


def _match_text(wanted: Mapping[str, Any]) -> Callable[[Any], bool]:
    kind = read_enum("MatchType", wanted.get("matchType", "EXACT"))
    is_exact = bool(wanted.get("caseSensitive"))
    text = _fold(wanted.get("value", ""), is_exact)
    if kind.endswith("REGEXP"):
        try:
            pattern = re.compile(str(wanted.get("value", "")), 0 if is_exact else re.IGNORECASE)
        except re.error:
            raise refuse_argument(f"Invalid regular expression {text}.") from None
        find = pattern.fullmatch if kind == "FULL_REGEXP" else pattern.search
        return lambda value: find(str(value)) is not None
    tests: dict[str, Callable[[str], bool]] = {
        "EXACT": lambda value: value == text,
        "BEGINS_WITH": lambda value: value.startswith(text),
        "ENDS_WITH": lambda value: value.endswith(text),
        "CONTAINS": lambda value: text in value,
    }
    accept = tests[kind]
    return lambda value: accept(_fold(value, is_exact))


def _fold(value: Any, is_exact: bool) -> str:
    return str(value) if is_exact else str(value).lower()


def _as_number(value: Any) -> float:
    try:
        return float(value)
    except ValueError:
        return float("nan")


def _read_number(value: Mapping[str, Any]) -> float:
    """A number of a filter, where whole ones may come as text."""
    try:
        return float(value.get("int64Value", value.get("doubleValue", 0)))
    except (TypeError, ValueError):
        raise refuse_argument("Invalid number in a numeric filter.") from None
