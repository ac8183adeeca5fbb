"""One world in memory: its operational tables, and nothing of its truth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa

from include.sandbox.world.tables import TABLES

FIRST_DAY = date(2025, 1, 1)
END_DAY = date(2027, 1, 1)
"""The span ``[FIRST_DAY, END_DAY)`` of the full-size worlds; Russian VAT changes in its middle."""

_EMPTY = {name: schema.empty_table() for name, schema in TABLES.items()}


@dataclass(frozen=True)
class World:
    """Every one of ``tables.TABLES``, over the days ``[starts_on, ends_on)``."""

    seed: int
    size: str
    starts_on: date
    ends_on: date
    tables: Mapping[str, pa.Table]

    def table(self, name: str) -> pa.Table:
        """One table; ``KeyError`` for a name no world has."""
        return self.tables[name]

    @classmethod
    def of(
        cls,
        starts_on: date = FIRST_DAY,
        ends_on: date = END_DAY,
        **rows: Iterable[Mapping[str, Any]],
    ) -> World:
        """A world of hand-written rows by table; columns left out are null, tables empty."""
        unknown = sorted(set(rows) - set(TABLES))
        if unknown:
            raise KeyError(f"no world has the tables {unknown}; TABLES lists those there are")
        written = {
            name: pa.Table.from_pylist([dict(row) for row in given], schema=TABLES[name])
            for name, given in rows.items()
        }
        return cls(0, "hand-written", starts_on, ends_on, _EMPTY | written)
