"""Walks pages until the answer itself says there are no more.

A walk ends only at an answer without a continuation: never at a short page, an empty page or a
computed page count, each of which has hidden a last page from somebody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from include.connectors.protocol import IncompleteAnswer

Row = TypeVar("Row")


@dataclass(frozen=True)
class OffsetPage(Generic[Row]):
    """One page and where the next begins; ``next_offset`` is None on the last page only."""

    rows: Sequence[Row]
    next_offset: int | None


def walk_offsets(read_page: Callable[[int], OffsetPage[Row]]) -> Iterator[Row]:
    """Every row of every page, page by page.

    Raises :class:`IncompleteAnswer` when a continuation does not move forward: following it would
    never end, stopping there would lose rows.
    """
    offset = 0
    while True:
        page = read_page(offset)
        yield from page.rows
        if page.next_offset is None:
            return
        if page.next_offset <= offset:
            raise IncompleteAnswer(
                f"the page at offset {offset} names {page.next_offset} as the next one, which "
                "does not move forward; the vendor's paging is broken, ask again later"
            )
        offset = page.next_offset
