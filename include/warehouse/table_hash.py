"""The hash by which two states of a table are called equal: row count and sum of row hashes.

A sum and not XOR, so a row that is there twice shows. Columns whose names start with ``_`` say how
a row came, not what it says, and are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from clickhouse_connect.driver.client import Client

from include.contracts.ddl import quote_name


@dataclass(frozen=True)
class TableHash:
    """Equal hashes mean equal rows, in whatever order and parts they lie."""

    rows: int
    hash: str


class CannotHash(ValueError):
    """The table has a column whose equality is not exact, or none of the columns asked for."""


def table_hash(
    client: Client,
    table: str,
    columns: Iterable[str] | None = None,
    where: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> TableHash:
    """Hash a table, a view, or a view with parameters such as ``raw.x_as_of(as_of = …)``.

    ``where`` is a condition of this project's own making; values in it travel as ``parameters``.
    A float column raises :class:`CannotHash`: round it to a Decimal in SQL first.
    """
    values = dict(parameters or {})
    described = client.query(
        f"describe table (select * from {table})", parameters=values
    ).result_rows
    types = {row[0]: row[1] for row in described}
    wanted = list(columns) if columns is not None else [n for n in types if not n.startswith("_")]
    missing = [name for name in wanted if name not in types]
    if missing or not wanted:
        raise CannotHash(f"{table} has no column {', '.join(missing) or 'to hash'}")
    arguments = ", ".join(_argument(table, name, types[name]) for name in wanted)
    condition = f" where {where}" if where else ""
    rows, digest = client.query(
        f"select count(), hex(sum(reinterpretAsUInt128(sipHash128({arguments}))))"
        f" from {table}{condition}",
        parameters=values,
    ).result_rows[0]
    return TableHash(rows=rows, hash=digest)


def _argument(table: str, name: str, type_text: str) -> str:
    column = quote_name(name)
    bare = type_text.removeprefix("LowCardinality(")
    if "Float" in bare:
        raise CannotHash(
            f"{table}.{name} is {type_text}: floats have no exact equality; "
            "store a Decimal, or hash the other columns"
        )
    if bare.startswith("Map("):
        return f"mapSort({column})"
    if bare.startswith("Nullable("):
        inner = bare.removeprefix("Nullable(").rstrip()
        inner = inner[: _closing(inner)]
        return f"isNull({column}), ifNull({column}, defaultValueOfTypeName('{_quoted(inner)}'))"
    return column


def _closing(text: str) -> int:
    """Position of the bracket that closes one opened just before ``text``."""
    depth = 1
    for position, character in enumerate(text):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return position
    return len(text)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
