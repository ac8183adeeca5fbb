"""Reads whole lists: counted once, then walked by id in chained pages, and proven complete.

Counting every page is what makes the vendor's lists slow, and offsets lose rows while data moves.
So one command counts, and pages go on after the last id, up to 50 of them in one batch, each built
from the last row of the one before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from include.connectors._paging import OffsetPage, walk_offsets
from include.connectors.bitrix24.portal import MOST_COMMANDS, Command, Portal
from include.connectors.protocol import IncompleteAnswer, RequestRefused

PAGE_ROWS = 50
Record = Mapping[str, Any]


@dataclass(frozen=True)
class Listing:
    """A list of one method: what is asked for and where its rows lie.

    ``names`` are the vendor's words for filter, order and select of this method; the calls of the
    telephone exchange have their own.
    """

    method: str
    conditions: Mapping[str, Any] = field(default_factory=dict)
    select: Sequence[str] = ()
    rows_at: str = ""
    id_field: str = "ID"
    fixed: Mapping[str, Any] = field(default_factory=dict)
    is_telephony: bool = False

    def count(self) -> Command:
        """The command whose total is the number of rows."""
        parameters: dict[str, Any] = {**self.fixed, "start": 0}
        parameters["FILTER" if self.is_telephony else "filter"] = dict(self.conditions)
        if self.select:
            parameters["select"] = [self.id_field]
        return Command(self.method, parameters)

    def page(self, after: str) -> Command:
        """The command of the rows whose id is beyond ``after``, a number or a reference."""
        conditions = {**self.conditions, f">{self.id_field}": after}
        if self.is_telephony:
            order: dict[str, Any] = {"FILTER": conditions, "SORT": self.id_field, "ORDER": "ASC"}
        else:
            order = {"filter": conditions, "order": {self.id_field: "ASC"}}
        if self.select:
            order["select"] = list(self.select)
        return Command(self.method, {**self.fixed, **order, "start": -1})

    def last_id_of(self, name: str) -> str:
        """A reference to the last id of a full page that the command ``name`` gives."""
        place = f"[{self.rows_at}]" if self.rows_at else ""
        return f"$result[{name}]{place}[{PAGE_ROWS - 1}][{self.id_field}]"

    def number(self, row: Record) -> int:
        """A row's id; a row without one means a changed API."""
        if self.id_field not in row:
            raise RequestRefused(
                f"rows of {self.method} no longer have the field {self.id_field}: the vendor's API "
                "has changed; compare its changelog with the connector"
            )
        return int(row[self.id_field])

    def rows(self, result: Any) -> list[Record]:
        """The rows of one page's result."""
        rows = result.get(self.rows_at, []) if self.rows_at and isinstance(result, dict) else result
        return list(rows) if isinstance(rows, list) else []


def walk_list(portal: Portal, listing: Listing) -> Iterator[list[Record]]:
    """Rows in order of ids, a few thousand at a time.

    Raises :class:`IncompleteAnswer` at the end unless the portal's count agrees.

    A row that changes while the list is read leaves a window of the past: then the count before
    and the count after enclose the number of rows read. No rows at all are two answers that agree.
    """
    first = portal.batch({"total": listing.count(), "page": listing.page("0")})
    total = first.total("total")
    pages = [listing.rows(first.value("page"))]
    read, last = 0, 0
    while True:
        fresh: list[Record] = []
        is_over = False
        for page in pages:
            fresh += [row for row in page if listing.number(row) > last]
            last = listing.number(fresh[-1]) if fresh else last
            if len(page) < PAGE_ROWS:
                is_over = True
                break
        read += len(fresh)
        if fresh:
            yield fresh
        if not is_over and read > total:
            total = _recount(portal, listing)  # a full page says more than a count below it
        if is_over or read >= total:
            break
        pages = _read_chain(portal, listing, last, total - read)
    _prove(portal, listing, read, total)


def count_rows(portal: Portal, listings: Mapping[str, Listing]) -> dict[str, int]:
    """How many rows each of several lists has, 50 lists a request."""
    names = list(listings)
    counts: dict[str, int] = {}
    for start in range(0, len(names), MOST_COMMANDS):
        part = names[start : start + MOST_COMMANDS]
        answer = portal.batch({name: listings[name].count() for name in part})
        counts |= {name: answer.total(name) for name in part}
    return counts


def read_small_list(
    portal: Portal, method: str, parameters: Mapping[str, Any], rows_at: str = ""
) -> list[Record]:
    """All rows of a directory, by offsets; proven by its total."""
    total = 0

    def read_page(offset: int) -> OffsetPage[Record]:
        nonlocal total
        document = portal.call(method, {**parameters, "start": offset})
        total = int(document.get("total") or 0)
        result = document["result"]
        rows = result.get(rows_at, []) if rows_at else result
        return OffsetPage(list(rows), document.get("next"))

    rows = list(walk_offsets(read_page))
    if total and len(rows) != total:
        raise IncompleteAnswer(
            f"Bitrix24 gave {len(rows)} rows of {method} and says there are {total}; ask later"
        )
    if not rows and not list(walk_offsets(read_page)) and total == 0:
        return []
    if not rows:
        raise IncompleteAnswer(f"Bitrix24 once gave no rows of {method} and once some; ask later")
    return rows


def _read_chain(portal: Portal, listing: Listing, last: int, left: int) -> list[list[Record]]:
    """As many pages as the count says are left, at most a batch of them."""
    most = min(MOST_COMMANDS, max(1, -(-left // PAGE_ROWS)))
    commands: dict[str, Command] = {}
    after = str(last)
    for place in range(most):
        name = f"page{place}"
        commands[name] = listing.page(after)
        after = listing.last_id_of(name)
    answer = portal.batch(commands)
    return [listing.rows(answer.value(name)) for name in commands]


def _recount(portal: Portal, listing: Listing) -> int:
    return portal.batch({"total": listing.count()}).total("total")


def _prove(portal: Portal, listing: Listing, read: int, total: int) -> None:
    if read == total:
        return
    again = _recount(portal, listing)
    if not min(total, again) <= read <= max(total, again):
        raise IncompleteAnswer(
            f"Bitrix24 gave {read} rows of {listing.method} and counts {again}; nothing of them is "
            "kept, ask again later"
        )
