"""List methods: filter, order, select, and pages of 50.

``start`` is an offset; -1 switches counting off: no ``next`` and a total of 0. Counted answers keep
the rows found for the next page of the same question.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from include.sandbox.vendors.bitrix24.conditions import as_values, comparable, make_test
from include.sandbox.vendors.bitrix24.errors import ApiError
from include.sandbox.vendors.bitrix24.parameters import Parameters

PAGE_SIZE = 50
UNCOUNTED = -1
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a method gives back; ``total`` and ``next`` belong to lists only."""

    result: Any
    total: int | None = None
    next: int | None = None


def empty_answer(answer: Answer) -> Answer:
    """A success without rows, in the shape the method gives them."""
    result: Any = []
    if isinstance(answer.result, dict):
        result = {
            key: [] if isinstance(value, list) else value for key, value in answer.result.items()
        }
    return Answer(result, total=0 if answer.total is not None else None)


@dataclass
class Stream:
    """Rows of one kind, ascending by their id, and how their fields may be asked for."""

    rows: Sequence[Row]
    id_field: str = "ID"
    always: tuple[str, ...] = ()
    """Fields shown whatever is selected."""
    hidden: frozenset[str] = frozenset()
    """Fields that ``*`` leaves out and that must be named one by one."""
    owner_field: str = ""
    """Whose user is responsible, for webhooks that see only their own."""
    is_strict: bool = False
    """Unknown fields in filter or order are refused; otherwise they are ignored."""
    allows_groups: bool = False
    shown_name: Callable[[str], str] = field(default=lambda name: name)
    found: dict[str, Sequence[Row]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._fields: dict[str, str] = {}
        for row in islice(self.rows, 1):
            self._fields = {fold_name(name): name for name in row}

    def find_field(self, name: str, place: str = "filter") -> str | None:
        """The row's key for a name spelt in any case, with or without underscores."""
        known = self._fields.get(fold_name(name))
        if known is None and self.is_strict and self.rows:
            raise ApiError(
                "INVALID_ARG_VALUE", f"Invalid {place}: field '{name}' is not allowed in {place}"
            )
        return known

    def find(self, number: int) -> Row | None:
        """The row of an id."""
        place = _first_from(self, number)
        if place < len(self.rows) and int(self.rows[place][self.id_field]) == number:
            return self.rows[place]
        return None


def fold_name(name: str) -> str:
    """A field's name without case and underscores: ``UF_CRM_1`` and ``ufCrm_1`` are one."""
    return name.replace("_", "").casefold()


def list_rows(
    stream: Stream,
    parameters: Parameters,
    user_id: int | None = None,
    filter_name: str = "filter",
    order: Mapping[str, str] | None = None,
) -> Answer:
    """One page; ``user_id`` limits it to the rows that user is responsible for."""
    start = parameters.number("start")
    conditions = parameters.mapping(filter_name)
    wanted_order = dict(order) if order is not None else parameters.mapping("order")
    found = _find(stream, conditions, wanted_order, user_id, start == UNCOUNTED)
    names = parameters.texts("select")
    if start == UNCOUNTED:
        return Answer([_show(stream, row, names) for row in islice(found, PAGE_SIZE)], total=0)
    rows = found if isinstance(found, Sequence) else list(found)
    first = max(start, 0) // PAGE_SIZE * PAGE_SIZE
    page = [_show(stream, row, names) for row in rows[first : first + PAGE_SIZE]]
    following = first + PAGE_SIZE
    return Answer(page, total=len(rows), next=following if following < len(rows) else None)


def _find(
    stream: Stream,
    conditions: Mapping[str, Any],
    order: Mapping[str, Any],
    user_id: int | None,
    is_lazy: bool,
) -> Iterable[Row]:
    steps = _read_order(stream, order)
    is_by_id = not steps or steps[0][0] == stream.id_field
    is_backward = bool(steps) and steps[0][1]
    question = json.dumps([conditions, steps, user_id], sort_keys=True, default=str)
    if question in stream.found:
        return stream.found[question]
    test = make_test(conditions, stream.find_field, stream.allows_groups)
    rows: Iterable[Row] = stream.rows
    if user_id is not None and stream.owner_field:
        own = stream.owner_field
        rows = (row for row in rows if str(row[own]) == str(user_id))
    if is_lazy and is_by_id:
        if user_id is None:
            rows = _walk_from_bound(stream, conditions, is_backward)
        elif is_backward:
            rows = reversed(list(rows))
        return (row for row in rows if test(row))
    kept = [row for row in rows if test(row)]
    for name, is_descending in reversed(steps):
        kept.sort(key=lambda row, name=name: _sort_key(row.get(name)), reverse=is_descending)
    if len(stream.found) > 20:
        stream.found.clear()
    stream.found[question] = kept
    return kept


def _walk_from_bound(
    stream: Stream, conditions: Mapping[str, Any], is_backward: bool
) -> Iterable[Row]:
    """The rows from the first that the bound of ids lets through: what makes ``start=-1`` fast."""
    sign, id_field = "<" if is_backward else ">", fold_name(stream.id_field)
    place = len(stream.rows) if is_backward else 0
    for key, bound in conditions.items():
        text = str((as_values(bound) or [""])[0])
        if fold_name(key) in (sign + id_field, f"{sign}={id_field}") and text.isdigit():
            place = _first_from(stream, int(text) + (1 if is_backward else 0))
    if is_backward:
        return (stream.rows[i] for i in range(place - 1, -1, -1))
    return (stream.rows[i] for i in range(place, len(stream.rows)))


def _first_from(stream: Stream, bound: int) -> int:
    low, high = 0, len(stream.rows)
    while low < high:
        middle = (low + high) // 2
        if int(stream.rows[middle][stream.id_field]) < bound:
            low = middle + 1
        else:
            high = middle
    return low


def _read_order(stream: Stream, order: Mapping[str, Any]) -> list[tuple[str, bool]]:
    steps = []
    for name, direction in order.items():
        word = str(direction).upper().replace("NULLS,", "").partition(",")[0]
        if stream.is_strict and word not in ("ASC", "DESC"):
            raise ApiError(
                "INVALID_ARG_VALUE",
                "Invalid order: allowed sort directions are `ASC, DESC`. "
                f"But got '{direction}' for field '{name}'",
            )
        field_name = stream.find_field(name, "order")
        if field_name is not None:
            steps.append((field_name, word == "DESC"))
    return steps


def _sort_key(value: Any) -> tuple[int, float, str]:
    if value is None or isinstance(value, list | dict):
        return (0, 0.0, "")
    kind, comparable_value = comparable(value)
    if kind == "text":
        return (2, 0.0, comparable_value)
    return (1, float(comparable_value), "")


def _show(stream: Stream, row: Row, names: Sequence[str]) -> dict[str, Any]:
    """The selected fields under their shown names."""
    if not names:
        chosen = [name for name in row if name not in stream.hidden]
    else:
        wanted = {fold_name(name) for name in names} | {fold_name(name) for name in stream.always}
        every, every_custom = "*" in names, "uf*" in {fold_name(name) for name in names}
        chosen = [
            name
            for name in row
            if fold_name(name) in wanted
            or (every and name not in stream.hidden)
            or (every_custom and name.startswith("UF_"))
        ]
    return {stream.shown_name(name): row[name] for name in chosen}
