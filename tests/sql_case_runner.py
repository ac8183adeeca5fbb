"""Runs the SQL cases of ``tests/sql/<layer>/<table>.yaml`` against an embedded engine.

A case gives rows of input tables (omitted columns take the type's default, NULL where the type
allows it) and the rows the statement must make of them, in any order. Rows of raw tables get a
load and an entry of the slice log, so that the real ``_as_of`` views are read.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from clickhouse_connect.driver.client import Client

from include.contracts.column_types import ColumnType
from include.contracts.graph import tables_read
from include.contracts.model import LOAD_ID, Catalog, Table
from include.warehouse import seeds, solved_tables

DEFAULT_PARAMETERS = {
    "as_of": datetime(2100, 1, 1, tzinfo=UTC),
    "business_zone": "Europe/Moscow",
    "identity_key": "key of the cases",
    "build_id": "b20260101T000000000000",
}
KEYS = {"name", "params", "given", "expect", "expect_columns"}
_DEFAULT_LOAD = "20260101T000000000000-00000000"
_SLICE_LOG = "ops.slice_log"


@dataclass(frozen=True)
class Case:
    """One case; ``table`` is the table the SQL file fills."""

    table: str
    name: str
    path: Path
    parameters: Mapping[str, Any]
    given: Mapping[str, list[dict[str, Any]]]
    expect: list[dict[str, Any]]
    columns: tuple[str, ...]

    @property
    def label(self) -> str:
        """What the test report shows."""
        return f"{self.table}-{self.name}"


def read_cases(folder: Path) -> list[Case]:
    """Every case under ``folder``; ``ValueError`` names file and case of a malformed one."""
    return [
        _read_case(path, document.get("params") or {}, entry)
        for path in sorted(folder.glob("*/*.yaml"))
        for document in [yaml.safe_load(path.read_text(encoding="utf-8"))]
        for entry in document["cases"]
    ]


def _read_case(path: Path, shared: dict[str, Any], entry: dict[str, Any]) -> Case:
    where = f"{path.parent.name}/{path.name}: {entry.get('name')}"
    if unknown := entry.keys() - KEYS:
        raise ValueError(f"{where}: unknown keys {', '.join(sorted(unknown))}")
    expect = entry["expect"]
    columns = tuple(entry.get("expect_columns") or (expect[0] if expect else ()))
    for row in expect:
        if set(row) != set(columns):
            raise ValueError(f"{where}: every expected row lists the same columns; see {row}")
    return Case(
        table=f"{path.parent.name}.{path.stem}",
        name=entry["name"],
        path=path,
        parameters={
            name: value.replace(tzinfo=UTC)
            if isinstance(value, datetime) and value.tzinfo is None
            else value
            for name, value in {
                **DEFAULT_PARAMETERS,
                **shared,
                **(entry.get("params") or {}),
            }.items()
        },
        given=entry.get("given") or {},
        expect=expect,
        columns=columns,
    )


class CaseRunner:
    """Runs cases one after another on one engine whose schema is already applied."""

    def __init__(self, client: Client, catalog: Catalog, sql_root: Path) -> None:
        self._client = client
        self._catalog = catalog
        self._sql_root = sql_root
        self._dirty_seeds: set[str] = set()
        self._filled: set[str] = set()

    def difference(self, case: Case) -> str:
        """What the statement made that the case does not expect, and the reverse; empty when equal.

        Raises ``ValueError`` for a case that gives a table or column the statement does not know.
        """
        target = self._catalog.table(case.table)
        path = target.path.with_suffix(".sql")
        inputs = _inputs(path)
        self.clear()
        self._filled.add(case.table)
        for name, rows in case.given.items():
            if name not in inputs | {_SLICE_LOG}:
                raise ValueError(f"{case.label} gives {name}, which {path.name} does not read")
            self.give(name, rows, has_log=_SLICE_LOG in case.given)
        solved_tables.fill(self._client, target, case.parameters, target=case.table)
        return self._compare(case, target)

    def clear(self) -> None:
        """Empty every table filled so far and bring the rules back to their files."""
        for name in sorted(self._filled):
            self._client.command(f"truncate table {name}")
        self._filled = set()
        for name in self._dirty_seeds:
            self._client.command(f"alter table {name} modify comment ''")
        if self._dirty_seeds:
            seeds.load(self._client, self._catalog, self._sql_root / "seeds")
        self._dirty_seeds = set()

    def give(self, name: str, rows: list[dict[str, Any]], has_log: bool = False) -> None:
        """Insert rows; those of a raw table become visible unless the slice log is given too."""
        table = self._catalog.table(name)
        known = {*table.column_names, *([LOAD_ID] if table.database == "raw" else [])}
        for row in rows:
            if unknown := row.keys() - known:
                raise ValueError(f"{table.full_name} has no column {', '.join(unknown)}")
        if table.database == "raw":
            rows = [{LOAD_ID: _DEFAULT_LOAD, **row} for row in rows]
            if not has_log:
                self._log_loads(table, {row[LOAD_ID]: row.get("account_id", "") for row in rows})
        if table.database == "seeds":
            self._client.command(f"truncate table {table.full_name}")
            self._dirty_seeds.add(table.full_name)
        else:
            self._filled.add(table.full_name)
        self._insert(table.full_name, rows)

    def _log_loads(self, table: Table, loads: dict[str, str]) -> None:
        rows = [
            {
                "source": table.source,
                "resource": table.resource,
                "account_id": account,
                "slice_key": load,
                "kind": "replace",
                "status": "loaded",
                "load_id": load,
                "pulled_at": datetime(2026, 1, 1, tzinfo=UTC),
                "published_at": datetime(2026, 1, 1, tzinfo=UTC),
            }
            for load, account in loads.items()
        ]
        self._insert(_SLICE_LOG, rows)
        self._filled.add(_SLICE_LOG)

    def _insert(self, name: str, rows: list[dict[str, Any]]) -> None:
        if rows:
            lines = "\n".join(json.dumps(row, default=_json_text) for row in rows)
            self._client.raw_insert(
                name,
                insert_block=lines.encode(),
                fmt="JSONEachRow",
                settings={"input_format_null_as_default": 0, "date_time_input_format": "basic"},
            )

    def _compare(self, case: Case, target: Table) -> str:
        columns = case.columns or target.column_names
        types = [target.column(name).parsed_type for name in columns]
        listed = ", ".join(f"`{name}`" for name in columns)
        rows = self._client.query(f"select {listed} from {case.table}").result_rows
        actual = Counter(tuple(map(_comparable, row, types)) for row in rows)
        expected = Counter(
            tuple(_comparable(row[name], kind) for name, kind in zip(columns, types, strict=True))
            for row in case.expect
        )
        lines = _show("- missing   ", columns, expected - actual)
        lines += _show("+ unexpected", columns, actual - expected)
        return "\n".join([f"{case.path.name}: {case.name}", *lines]) if lines else ""


@cache
def _inputs(path: Path) -> frozenset[str]:
    return frozenset(tables_read(path.read_text(encoding="utf-8")))


def _json_text(value: Any) -> str:
    if isinstance(value, datetime):
        aware = value if value.tzinfo else value.replace(tzinfo=UTC)
        return f"{aware.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
    return str(value)


def _comparable(value: Any, kind: ColumnType) -> Any:
    """One value in the form both sides share; money is compared exactly, never as a float."""
    name = kind.bare.name
    if value is None:
        return None
    if name == "Array" and kind.bare.inner is not None:
        return tuple(_comparable(one, kind.bare.inner) for one in value)
    if name == "Decimal":
        if isinstance(value, float):
            raise ValueError(f"write the decimal {value} in quotes")
        return Decimal(str(value)).normalize() + 0
    if name in ("DateTime", "DateTime64"):
        instant = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    if name == "Date":
        return value if isinstance(value, date) else date.fromisoformat(str(value))
    return str(value) if kind.is_text else value


def _show(sign: str, columns: Sequence[str], rows: Counter) -> list[str]:
    lines = []
    for row, times in sorted(rows.items(), key=repr):
        cells = ", ".join(
            f"{name}: {'null' if value is None else value}"
            for name, value in zip(columns, row, strict=True)
        )
        lines.append(f"  {sign} {{{cells}}}{f'  ×{times}' if times > 1 else ''}")
    return lines
