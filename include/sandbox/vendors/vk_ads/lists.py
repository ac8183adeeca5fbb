"""Lists: which fields, which objects, in which order, and which page of them.

Without a filter of status deleted objects are hidden. The set may change between two pages, as
nothing is pinned.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from starlette.datastructures import QueryParams

from include.sandbox.vendors.vk_ads.errors import ApiError, refuse_field
from include.sandbox.vendors.vk_ads.objects import KINDS

DEFAULT_LIMIT, LARGEST_LIMIT = 20, 50
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def answer_list(
    kind: str,
    objects: Sequence[Mapping[str, Any]],
    params: QueryParams,
    largest_limit: int = LARGEST_LIMIT,
    shows_whole_urls: bool = False,
    is_moved: bool = False,
) -> dict[str, Any]:
    """One page of a list resource of ``objects.KINDS``."""
    listed = KINDS[kind]
    fields = [f for f in params.get("fields", "").split(",") if f] or list(listed.defaults)
    for field in fields:
        if field not in listed.fields:
            raise refuse_field("fields", "unknown_field", f"Unknown field {field!r}")
    chosen = filter_objects(kind, objects, params)
    for name in reversed([s for s in params.get("sorting", "id").split(",") if s]):
        field, falls = name.removeprefix("-"), name.startswith("-")
        if field not in listed.fields:
            raise refuse_field("sorting", "invalid_choice", f"Cannot sort by {field!r}")
        chosen.sort(key=lambda row, by=field: (row[by] is None, row[by] or 0), reverse=falls)
    rows = [{f: row[f] for f in fields} for row in chosen]
    if "urls" in fields and not shows_whole_urls:
        rows = [{**r, "urls": {k: {"id": u["id"]} for k, u in r["urls"].items()}} for r in rows]
    return paginate(move(rows, is_moved), params, DEFAULT_LIMIT, largest_limit)


def move(rows: Sequence[Any], is_moved: bool) -> Sequence[Any]:
    """The rows as they are found when another one has got in before the first meanwhile."""
    return [*rows[:1], *rows] if is_moved else rows


def filter_objects(
    kind: str, objects: Iterable[Mapping[str, Any]], params: QueryParams
) -> list[Mapping[str, Any]]:
    """The objects that pass every ``_field[__operator]`` of a request."""
    chosen = list(objects)
    names = [name for name in params if name.startswith("_")]
    if not any(name.partition("__")[0] == "_status" for name in names):
        chosen = [row for row in chosen if row["status"] != "deleted"]
    for name in names:
        field, _, how = name[1:].partition("__")
        if field not in KINDS[kind].filters:
            raise refuse_field(name, "unknown_filter", f"Unknown filter {name!r}")
        test = _make_test(name, how, params.getlist(name))
        chosen = [row for row in chosen if test(row[field])]
    return chosen


def paginate(
    rows: Sequence[Any], params: QueryParams, default_limit: int, largest_limit: int
) -> dict[str, Any]:
    """The frame of every list: count of all, offset, limit, and the items of one page."""
    limit = read_number(params, "limit", default_limit)
    offset = read_number(params, "offset", 0)
    if not 1 <= limit <= largest_limit:
        code = "max_value" if limit > largest_limit else "min_value"
        raise refuse_field("limit", code, f"The value must be from 1 to {largest_limit}")
    if offset < 0:
        raise refuse_field("offset", "min_value", "The value must not be negative")
    page = list(rows[offset : offset + limit])
    return {"count": len(rows), "offset": offset, "limit": limit, "items": page}


def read_number(params: QueryParams, name: str, default: int) -> int:
    """A whole number of the query."""
    try:
        return int(params.get(name, default))
    except ValueError:
        raise refuse_field(name, "invalid", "A whole number is needed") from None


def read_ids(params: QueryParams, name: str) -> list[int]:
    """A list of ids, comma separated or repeated."""
    texts = [part for value in params.getlist(name) for part in value.split(",") if part]
    try:
        return [int(text) for text in texts]
    except ValueError:
        raise ApiError("ERR_WRONG_PARAMETER", f"Wrong parameter: {name}") from None


def _make_test(name: str, how: str, given: Sequence[str]) -> Callable[[Any], bool]:
    values = {part for value in given for part in value.split(",")}
    first = given[0]
    if how in ("", "in"):
        return lambda value: str(value) in (values if how else {first})
    if how == "ne":
        return lambda value: str(value) != first
    if how in COMPARISONS:
        compare = COMPARISONS[how]
        return lambda value: (
            value is not None
            and (
                compare(value, int(first))
                if _are_numbers(value, first)
                else compare(str(value), first)
            )
        )
    raise refuse_field(name, "unknown_operator", f"Unknown operator {how!r}")


def _are_numbers(value: Any, text: str) -> bool:
    return isinstance(value, int) and text.lstrip("-").isdigit()
