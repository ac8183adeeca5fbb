"""What a contract says, as immutable values.

``Column.type`` is the text of the contract; compare ``Column.parsed_type.canonical`` with what the
engine reports. Raw tables carry one more column than ``Table.columns`` lists: the technical
``_load_id`` that :mod:`include.contracts.ddl` adds.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from include.contracts.column_types import ColumnType, parse_type

Severity = Literal["fail", "warn"]
Kind = Literal["replace", "append", "table", "log"]
LAYERS = ("raw", "seeds", "stg", "core", "mart", "ops")
LOAD_ID = "_load_id"


@dataclass(frozen=True)
class Problem:
    """One thing wrong in one file, and how to put it right."""

    path: Path
    line: int
    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}\n    cure: {self.cure}"


class ContractError(Exception):
    """A contract, or the SQL beside it, breaks a rule; lists every problem found at once."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        noun = "problem" if len(problems) == 1 else "problems"
        lines = "\n".join(str(problem) for problem in problems)
        super().__init__(f"{len(problems)} {noun} in contracts:\n{lines}")


@dataclass(frozen=True)
class Check:
    """One promise about rows.

    ``form`` says which: ``not_null``, ``unique``, ``between``, ``in``, ``matches`` (of a column),
    ``grain`` (columns together unique), ``unexpected_rows``, ``row_count_between`` (of the table).
    ``arguments`` holds bounds, allowed values, the pattern, the grain, or the SQL.
    """

    id: str
    form: str
    description: str
    severity: Severity = "fail"
    column: str | None = None
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Column:
    """One column as its contract states it; empty text means not stated."""

    name: str
    type: str
    description: str
    description_ru: str = ""
    unit: str = ""
    currency: str = ""
    vat: str = ""
    day: str = ""
    definition_id: str = ""
    is_personal: bool = False
    checks: tuple[Check, ...] = ()

    @cached_property
    def parsed_type(self) -> ColumnType:
        """The type, parsed; the reader has already refused unknown ones."""
        return parse_type(self.type)


@dataclass(frozen=True)
class PersonalData:
    """Where personal data may lie and after how many days it must be gone."""

    zone: str
    expires_days: int
    column: str = ""
    """Expiry counts from this column; empty means from the load."""


@dataclass(frozen=True)
class Table:
    """One table; ``checks`` holds table checks and, first, the uniqueness of the grain."""

    database: str
    name: str
    stem: str
    path: Path
    description: str
    kind: Kind
    columns: tuple[Column, ...]
    grain: tuple[str, ...] = ()
    order_by: tuple[str, ...] = ()
    partition_by: str = ""
    incremental_by: str = ""
    """Column whose values are islands: rows of one follow from rows of that value alone."""
    index_granularity: int = 0
    """Rows the engine reads at a time at least; 0 leaves it its own 8,192."""
    source: str = ""
    resource: str = ""
    personal_data: PersonalData | None = None
    checks: tuple[Check, ...] = ()

    @property
    def full_name(self) -> str:
        """``<layer>.<stem>``."""
        return f"{self.database}.{self.name}"

    @cached_property
    def column_names(self) -> tuple[str, ...]:
        """Names in the contract's order, without technical columns."""
        return tuple(column.name for column in self.columns)

    @cached_property
    def all_checks(self) -> tuple[Check, ...]:
        """Every check, the table's first, then each column's in order."""
        return self.checks + tuple(check for column in self.columns for check in column.checks)

    def column(self, name: str) -> Column:
        """One column by name; raises ``KeyError`` naming the table."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.full_name} has no column {name}{suggest(name, self.column_names)}")


class UnknownTable(KeyError):
    """No contract describes this table."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Catalog:
    """All tables by full name, in order of layer, then name."""

    tables: Mapping[str, Table] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Table]:
        return iter(self.tables.values())

    def __len__(self) -> int:
        return len(self.tables)

    def __contains__(self, full_name: object) -> bool:
        return full_name in self.tables

    def table(self, full_name: str) -> Table:
        """One table as ``<layer>.<name>``; raises :class:`UnknownTable` listing near names."""
        try:
            return self.tables[full_name]
        except KeyError:
            layer, _, stem = full_name.rpartition(".")
            where = f"sql/{layer or '<layer>'}/{stem}.yaml"
            near = suggest(full_name, self.tables) or f"; its contract would be {where}"
            raise UnknownTable(f"no contract describes the table {full_name}{near}") from None

    def layer(self, name: str) -> tuple[Table, ...]:
        """The tables of one layer."""
        return tuple(table for table in self if table.database == name)


def suggest(word: str, known: Any) -> str:
    """``"; did you mean a or b?"`` for near names among ``known``, else an empty text."""
    near = difflib.get_close_matches(word, [str(item) for item in known], n=3, cutoff=0.6)
    return f"; did you mean {' or '.join(near)}?" if near else ""
