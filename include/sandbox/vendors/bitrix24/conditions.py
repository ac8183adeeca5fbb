"""Filters: a prefix before the field's name says how to compare.

Numbers compare as numbers, instants as instants, the rest as text without regard to case (the
vendor's collation). An empty bound is 0, so ``>ID`` of nothing lets every row through. Nothing is
equal to an empty string. ``%`` finds a part of the text; ``=%`` and ``%=`` want it in the value.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

PORTAL_ZONE = timezone(timedelta(hours=3))
"""The portal server's offset, in which every instant is stored and shown."""

KEPT_INSTANTS = 1 << 17
"""Spelt instants whose meaning is remembered: every filter looks at the same ones again."""
PREFIXES = (
    "!=%",
    "!%=",
    "><",
    ">=",
    "<=",
    "!@",
    "!%",
    "=%",
    "%=",
    "!=",
    ">",
    "<",
    "@",
    "%",
    "=",
    "!",
)
NUMBER = re.compile(r"-?\d+(\.\d+)?")
Row = Mapping[str, Any]
Test = Callable[[Row], bool]
Bound = tuple[str, Any]


def split_prefix(key: str) -> tuple[str, str]:
    """Prefix and field of a filter's key; ``=`` where there is no prefix."""
    for prefix in PREFIXES:
        if key.startswith(prefix):
            return prefix, key[len(prefix) :]
    return "=", key


@lru_cache(maxsize=KEPT_INSTANTS)
def read_instant(text: str) -> datetime | None:
    """An instant as clients spell it; without an offset it is the portal's."""
    if len(text) < 10 or not text[0].isdigit():
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        for pattern in ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y"):
            try:
                found = datetime.strptime(text, pattern).replace(tzinfo=PORTAL_ZONE)
            except ValueError:
                continue
            return found
        return None
    return found if found.tzinfo else found.replace(tzinfo=PORTAL_ZONE)


def comparable(value: Any) -> Bound:
    """A value ready to be compared: its kind and what to compare; kinds do not mix."""
    if isinstance(value, bool):
        return ("flag", value)
    if isinstance(value, int | float):
        return ("number", float(value))
    text = "" if value is None else str(value)
    if NUMBER.fullmatch(text):
        return ("number", float(text))
    if len(text) > 18 and text[4:5] == "-" and (instant := read_instant(text)):
        return ("instant", instant.timestamp())
    return ("text", text.casefold())


def _bound(value: Any) -> Bound:
    text = "" if value is None else str(value)
    instant = None if NUMBER.fullmatch(text) else read_instant(text)
    return ("instant", instant.timestamp()) if instant else comparable(value)


def _is_true(value: Any) -> bool:
    return str(value).lower() in ("y", "1", "true")


def _equals(row_value: Any, bound: Any) -> bool:
    if isinstance(row_value, list | tuple):
        return any(
            _equals(item["VALUE"] if isinstance(item, dict) else item, bound) for item in row_value
        )
    if isinstance(row_value, bool):
        return row_value == _is_true(bound)
    if isinstance(bound, bool):
        bound = "Y" if bound else "N"
    if row_value is None or bound is None or bound == "":
        return (row_value is None or row_value == "") and (bound is None or bound == "")
    return comparable(row_value) == _bound(bound)


def _compares(sign: str, bound: Any) -> Callable[[Any], bool]:
    wanted = ("number", 0.0) if bound is None or bound == "" else _bound(bound)

    def test(row_value: Any) -> bool:
        if row_value is None or row_value == "":
            return False
        kind, value = comparable(row_value)
        if kind != wanted[0]:
            return False
        if sign == ">":
            return bool(value > wanted[1])
        if sign == ">=":
            return bool(value >= wanted[1])
        return bool(value < wanted[1] if sign == "<" else value <= wanted[1])

    return test


def _resembles(pattern: str) -> Callable[[Any], bool]:
    escaped = pattern.casefold().replace("[", "[[]").replace("*", "[*]").replace("?", "[?]")
    shape = re.compile(fnmatch.translate(escaped.replace("%", "*")))

    def test(row_value: Any) -> bool:
        return row_value is not None and shape.match(str(row_value).casefold()) is not None

    return test


def as_values(value: Any) -> list[Any]:
    """The members of a list, however it was spelt."""
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else [value]


def _make_value_test(prefix: str, bound: Any) -> Callable[[Any], bool]:
    if prefix in (">", ">=", "<", "<="):
        first = as_values(bound)
        return _compares(prefix, first[0] if first else "")
    if prefix == "><":
        low, high = [*as_values(bound), "", ""][:2]
        above, below = _compares(">=", low), _compares("<=", high)
        return lambda value: above(value) and below(value)
    if prefix in ("%", "!%", "=%", "%=", "!=%", "!%="):
        text = str(bound)
        found = _resembles(f"%{text}%" if prefix in ("%", "!%") else text)
        return (lambda value: not found(value)) if prefix.startswith("!") else found
    bounds = as_values(bound)
    if prefix.startswith("!"):
        return lambda value: not any(_equals(value, one) for one in bounds)
    return lambda value: any(_equals(value, one) for one in bounds)


def make_test(
    conditions: Mapping[str, Any],
    find_field: Callable[[str], str | None],
    allows_groups: bool = False,
) -> Test:
    """One test of a row for a whole filter.

    ``find_field`` gives the row's key for a name of the filter, None to ignore it, or raises.
    Groups (numbered objects with a ``logic`` of OR) are known to the universal methods only.
    """
    is_any = str(conditions.get("logic", "AND")).upper() == "OR" and allows_groups
    tests: list[Test] = []
    for key, bound in conditions.items():
        if key.isdigit() and isinstance(bound, dict) and allows_groups:
            tests.append(make_test(bound, find_field, allows_groups))
            continue
        if key.lower() == "logic" and allows_groups:
            continue
        prefix, name = split_prefix(key)
        field = find_field(name)
        if field is not None:
            tests.append(_bind(field, _make_value_test(prefix, bound)))
    if is_any:
        return lambda row: any(test(row) for test in tests)
    return lambda row: all(test(row) for test in tests)


def _bind(field: str, test: Callable[[Any], bool]) -> Test:
    return lambda row: test(row.get(field))
