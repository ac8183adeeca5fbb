"""The search of records: groups of filters, one sort, pages by offset, a wall at 10,000.

Filters want instants as epoch milliseconds (ISO is understood too). A search never shows
associations, archived records, or anything younger than the index.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from include.sandbox.vendors.hubspot.object_types import ObjectType
from include.sandbox.vendors.hubspot.questions import read_limit, read_number, refuse_input
from include.sandbox.vendors.hubspot.record import Record

PAGE_MOST = 200
WALL = 10_000
GROUPS_MOST, FILTERS_MOST, ALL_FILTERS_MOST = 5, 6, 18
NUMBER = re.compile(r"-?\d+(\.\d+)?")
INSTANT = re.compile(r"\d{4}-\d\d-\d\d(T.*)?")
SEARCHABLE = ("email", "firstname", "lastname", "phone", "company", "name", "domain", "dealname")
OPERATORS = frozenset(
    {
        "EQ", "NEQ", "LT", "LTE", "GT", "GTE", "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY",
        "NOT_HAS_PROPERTY", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN",
    }
)  # fmt: skip
Test = Callable[[Record], bool]


def search_records(
    records: Sequence[Record], kind: ObjectType, document: Mapping[str, Any]
) -> tuple[list[Record], int, str | None]:
    """The records of one page, how many there are in all, and where the next page begins."""
    limit = read_limit(document.get("limit"), PAGE_MOST)
    offset = read_number(document.get("after") or 0, "after")
    if offset < 0 or offset + limit > WALL:
        raise refuse_input(f"Paging beyond {WALL} results is not supported")
    known = set(records[0].properties) if records else set()
    test = make_record_test(document, known)
    found = [record for record in records if test(record)]
    for name, is_descending in _read_sorts(document.get("sorts"), kind):
        found.sort(key=lambda record, name=name: _sort_key(record, name), reverse=is_descending)
    page = found[offset : offset + limit]
    following = offset + limit
    return page, len(found), str(following) if following < len(found) else None


def make_record_test(document: Mapping[str, Any], known: set[str]) -> Test:
    """A test of a record for filters and query together; archived records never pass."""
    groups = document.get("filterGroups") or []
    if document.get("filters"):
        groups = [*groups, {"filters": document["filters"]}]
    if len(groups) > GROUPS_MOST:
        raise refuse_input(f"A search has at most {GROUPS_MOST} filter groups")
    lists = [list(group.get("filters") or []) for group in groups]
    if any(len(filters) > FILTERS_MOST for filters in lists):
        raise refuse_input(f"A filter group has at most {FILTERS_MOST} filters")
    if sum(map(len, lists)) > ALL_FILTERS_MOST:
        raise refuse_input(f"A search has at most {ALL_FILTERS_MOST} filters")
    tests = [[_make_filter(one, known) for one in filters] for filters in lists]
    words = str(document.get("query") or "").casefold().split()

    def test(record: Record) -> bool:
        if record.archived_at is not None:
            return False
        if words and not all(word in _searchable_text(record) for word in words):
            return False
        return not tests or any(all(one(record) for one in group) for group in tests)

    return test


def _searchable_text(record: Record) -> str:
    return " ".join(record.properties.get(name) or "" for name in SEARCHABLE).casefold()


def _make_filter(wanted: Mapping[str, Any], known: set[str]) -> Test:
    name, operator = str(wanted.get("propertyName", "")), str(wanted.get("operator", "")).upper()
    if operator not in OPERATORS:
        raise refuse_input(f"Unknown operator: {wanted.get('operator')}")
    if known and name not in known and not name.startswith("hs_v2_date_entered_"):
        raise refuse_input(f"There was a problem with the request: property {name} does not exist")
    if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
        return lambda record: _has(record, name) == (operator == "HAS_PROPERTY")
    if operator in ("IN", "NOT_IN"):
        values = wanted.get("values")
        if not isinstance(values, list) or not values:
            raise refuse_input(f"The operator {operator} needs values")
        members = {_comparable(str(value)) for value in values}
        return lambda record: (
            _has(record, name) and (_value(record, name) in members) == (operator == "IN")
        )
    if wanted.get("value") is None:
        raise refuse_input(f"The operator {operator} needs a value")
    text = str(wanted["value"])
    if operator in ("CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"):
        pattern = re.compile(re.escape(text.casefold()).replace(r"\*", r"\S*"))
        return lambda record: _contains(record, name, pattern) == (operator == "CONTAINS_TOKEN")
    bound = _comparable(text)
    if operator == "BETWEEN":
        if wanted.get("highValue") is None:
            raise refuse_input("The operator BETWEEN needs a highValue")
        high = _comparable(str(wanted["highValue"]))
        return lambda record: _holds(record, name, lambda value: bound <= value <= high, bound)
    if operator == "NEQ":
        return lambda record: _value(record, name) != bound
    compare: Callable[[Any], bool] = {
        "EQ": lambda value: value == bound,
        "LT": lambda value: value < bound,
        "LTE": lambda value: value <= bound,
        "GT": lambda value: value > bound,
        "GTE": lambda value: value >= bound,
    }[operator]
    return lambda record: _holds(record, name, compare, bound)


def _holds(
    record: Record, name: str, compare: Callable[[Any], bool], bound: tuple[int, Any]
) -> bool:
    value = _value(record, name)
    return value is not None and value[0] == bound[0] and compare(value)


def _has(record: Record, name: str) -> bool:
    return record.properties.get(name) not in (None, "")


def _value(record: Record, name: str) -> tuple[int, Any] | None:
    text = record.properties.get(name)
    return None if text is None else _comparable(text)


def _comparable(text: str) -> tuple[int, Any]:
    """Numbers and instants (milliseconds) compare as numbers, the rest without regard to case."""
    if NUMBER.fullmatch(text):
        return (0, float(text))
    if INSTANT.fullmatch(text):
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return (1, text.casefold())
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return (0, float(round(found.timestamp() * 1000)))
    return (1, text.casefold())


def _contains(record: Record, name: str, pattern: re.Pattern[str]) -> bool:
    text = (record.properties.get(name) or "").casefold()
    tokens = [*re.split(r"[\s@.,;+()-]+", text), *text.split()]
    return any(pattern.fullmatch(token) for token in tokens)


def _read_sorts(sorts: Any, kind: ObjectType) -> list[tuple[str, bool]]:
    if not sorts:
        return []
    if not isinstance(sorts, list) or len(sorts) > 1:
        raise refuse_input("A search has at most one sort")
    (sort,) = sorts
    if isinstance(sort, dict):
        return [(str(sort.get("propertyName")), str(sort.get("direction")) == "DESCENDING")]
    text = str(sort)
    if text.upper().endswith((" DESC", " ASC")):
        name, _, direction = text.rpartition(" ")
        return [(name, direction.upper() == "DESC")]
    return [(text.lstrip("-"), text.startswith("-"))]


def _sort_key(record: Record, name: str) -> tuple[int, Any]:
    return _value(record, name) or (-1, 0)
