"""What callers have written since the last reset, laid over what the world shows.

A written column stays as written, whatever the world does to that row afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from include.sandbox.vendors.amocrm.account_book import AccountBook, Row

FIRST_WRITTEN = 3_000_000_001
"""Ids of written rows begin beyond every id of a world."""
KINDS = ("leads", "contacts", "companies")


class Written:
    """Rows, notes and events that no world knows."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget all of it."""
        self._last_id = FIRST_WRITTEN - 1
        self._laid: tuple[Any, AccountBook] = ((), AccountBook())
        self.rows: dict[str, dict[int, Row]] = {kind: {} for kind in (*KINDS, "tasks")}
        self.notes: list[Row] = []
        self.events: list[Row] = []

    def new_id(self) -> int:
        """An id nobody else has."""
        self._last_id += 1
        return self._last_id

    def keep(self, kind: str, number: int, columns: Mapping[str, Any]) -> None:
        """Write columns of a row."""
        self.rows[kind][number] = {**self.rows[kind].get(number, {}), **columns}
        self._laid = ((), AccountBook())

    def tell_once(self, event: Row) -> None:
        """Keep an event that may have been told before."""
        if all(event["id"] != known["id"] for known in self.events):
            self.events.append(event)

    def lay_over(self, book: AccountBook, came_back: Mapping[int, datetime]) -> AccountBook:
        """``book`` with everything written, and with the leads of ``came_back`` out of the bin."""
        if not came_back and not any(self.rows[kind] for kind in KINDS):
            return book
        made_of, last = self._laid
        key = (book, tuple(came_back.items()))
        if made_of and made_of[0] is book and made_of[1] == key[1]:
            return last
        laid = replace(
            book,
            leads=dict(book.leads),
            deleted_leads=dict(book.deleted_leads),
            contacts=dict(book.contacts),
            companies=dict(book.companies),
        )
        for number, at in came_back.items():
            if (lead := laid.deleted_leads.pop(number, None)) is not None:
                laid.leads[number] = {**lead, "deleted_at": None, "updated_at": at}
        for kind in KINDS:
            _lay(getattr(laid, kind), self.rows[kind])
        laid.link()
        self._laid = (key, laid)
        return laid

    def lay_over_tasks(self, tasks: list[Row]) -> list[Row]:
        """Tasks with those written."""
        if not self.rows["tasks"]:
            return tasks
        present = {row["id"]: row for row in tasks}
        _lay(present, self.rows["tasks"])
        return list(present.values())


def _lay(present: dict[int, Row], changes: Mapping[int, Row]) -> None:
    """A change of a row that is gone by now changes nothing."""
    for number, columns in changes.items():
        base = present.get(number)
        if base is not None:
            at = max(base["updated_at"], columns["updated_at"])
            present[number] = {**base, **columns, "updated_at": at}
        elif number >= FIRST_WRITTEN:
            present[number] = dict(columns)


def merge_by_time(told: list[Row], written: Iterable[Row]) -> list[Row]:
    """Both lists as one, oldest first; ``told`` is in that order already."""
    more = list(written)
    return sorted([*told, *more], key=lambda row: (row["at"], str(row["id"]))) if more else told
