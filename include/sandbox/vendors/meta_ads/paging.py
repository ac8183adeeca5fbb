"""Cursor paging: a page carries its cursors, and ``next`` only while there is a further page."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Protocol

from include.sandbox.vendors.meta_ads.calls import Call
from include.sandbox.vendors.meta_ads.errors import ApiError, refuse_parameter

DEFAULT_LIMIT = 25


class Pageable(Protocol):
    """Anything with a length and slices."""

    def __len__(self) -> int: ...

    def __getitem__(self, which: slice, /) -> list[Any]: ...


def write_cursor(place: int) -> str:
    """An opaque cursor of one row."""
    return base64.urlsafe_b64encode(str(place).encode()).decode().replace("=", "ZD")


def read_cursor(text: str) -> int:
    """The row a cursor stands for; 100 for one the vendor has not written."""
    try:
        return int(base64.urlsafe_b64decode(text.replace("ZD", "=")).decode())
    except (binascii.Error, ValueError):
        raise refuse_parameter("Invalid cursors values in after cursor") from None


def cut_page(
    call: Call, rows: Pageable, most_asked: int, most_shown: int, is_hollow: bool = False
) -> dict[str, Any]:
    """One page; a ``limit`` above ``most_asked`` is too much data, above ``most_shown`` it is cut.

    A hollow page has no data and still a ``next``, as happens at the vendor.
    """
    text = call.params.get("limit", str(DEFAULT_LIMIT))
    if not text.isdigit() or int(text) < 1:
        raise refuse_parameter("Param limit must be an integer greater than 0")
    if int(text) > most_asked:
        raise ApiError(100, 1487534)
    limit = min(int(text), most_shown)
    first = 0
    if call.params.get("after"):
        first = read_cursor(call.params["after"]) + 1
    elif call.params.get("before"):
        first = max(read_cursor(call.params["before"]) - limit, 0)
    shown = [] if is_hollow else list(rows[first : first + limit])
    last = first + len(shown) - 1
    if not shown and not is_hollow:
        return {"data": []}
    paging: dict[str, Any] = {
        "cursors": {"before": write_cursor(first), "after": write_cursor(last)}
    }
    if last + 1 < len(rows):
        paging["next"] = call.link(after=write_cursor(last))
    if first > 0:
        paging["previous"] = call.link(before=write_cursor(first))
    return {"data": shown, "paging": paging}
