"""Phones and e-mails of contacts, each from when the CRM could have known it.

A contact is known by its first phone, or without any by its first e-mail, from the start. Others
come with the lead in which they were said, or with the contact merged into this one; where neither
tells, they too are known from the start.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class LearnedList:
    """A column of lists by row, and since when (µs) each of its values is known."""

    column: pa.Array
    owner: np.ndarray  # by value: its row
    since: np.ndarray  # by value

    def turns(self) -> np.ndarray:
        """The instants at which a list grows."""
        return np.unique(self.since)

    def at(self, instant: int) -> tuple[pa.Array, np.ndarray]:
        """The lists at an instant, and when each row last learned something (0: never)."""
        is_known = self.since <= instant
        counts = np.bincount(self.owner[is_known], minlength=len(self.column))
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
        values = self.column.flatten().filter(pa.array(is_known))
        lists = pa.ListArray.from_arrays(
            pa.array(offsets),
            values,
            mask=self.column.is_null() if self.column.null_count else None,
        )
        learned = np.zeros(len(self.column), np.int64)
        np.maximum.at(learned, self.owner[is_known], self.since[is_known])
        return lists, learned


def learn_list(
    contacts: pa.Table,
    leads: pa.Table,
    column: str,
    said_in: str,
    created: np.ndarray,
    has_other: np.ndarray,
) -> LearnedList:
    """The history of ``column`` of ``contacts``; ``said_in`` is the column of ``leads``.

    ``created`` is each contact's instant in µs; ``has_other`` says who is known by something else
    from the start, so that even the first value of this list may come later.
    """
    lists = contacts[column].combine_chunks()
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy(zero_copy_only=False)
    owner = np.repeat(np.arange(len(lists)), lengths)
    since = np.zeros(len(owner), np.int64)
    starts = np.cumsum(lengths) - lengths
    is_first = np.arange(len(owner)) == starts[owner]
    further = np.flatnonzero(~is_first | has_other[owner])
    if len(further):
        first_said = _find_first_said(contacts, leads, column, said_in)
        ids, values = contacts["contact_id"].to_pylist(), lists.flatten()
        for place in further.tolist():
            row = int(owner[place])
            said = first_said.get((ids[row], values[place].as_py()), 0)
            since[place] = said if said > created[row] else 0
    return LearnedList(lists, owner, since)


def _find_first_said(
    contacts: pa.Table, leads: pa.Table, column: str, said_in: str
) -> dict[tuple[int, str], int]:
    """(contact, value) → the first lead that said it or the merge that brought it, in µs."""
    found: dict[tuple[int, str], int] = {}

    def note(contact_id: int | None, value: str | None, at: int | None) -> None:
        if contact_id and value and at is not None:
            key = (contact_id, value)
            found[key] = min(found.get(key, at), at)

    at = leads["created_at"].cast(pa.int64()).to_pylist()
    said = zip(leads["contact_id"].to_pylist(), leads[said_in].to_pylist(), at, strict=True)
    for contact_id, value, instant in said:
        note(contact_id, value, instant)
    merged = contacts.filter(pc.greater(pc.fill_null(contacts["merged_into_id"], 0), 0))
    at = merged["deleted_at"].cast(pa.int64()).to_pylist()
    brought = zip(merged["merged_into_id"].to_pylist(), merged[column].to_pylist(), at, strict=True)
    for contact_id, values, instant in brought:
        for value in values or ():
            note(contact_id, value, instant)
    return found
