"""The real statements over generated rows: one engine for many examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from include.contracts.reader import read_catalog
from include.warehouse import seeds, solved_tables
from include.warehouse.client import ClickHouseTarget, connect
from tests.sql_case_runner import DEFAULT_PARAMETERS, CaseRunner


class Statements:
    """Gives rows to tables of core and fills others by their statements."""

    def __init__(self, target: ClickHouseTarget, sql_root: Path) -> None:
        self.client = connect(target)
        self._catalog = read_catalog(sql_root)
        seeds.load(self.client, self._catalog, sql_root / "seeds")
        self._runner = CaseRunner(self.client, self._catalog, sql_root)

    def run(self, given: Mapping[str, list[dict[str, Any]]], filled: Sequence[str]) -> None:
        """Empty everything, give rows by table, fill tables in that order."""
        self._runner.clear()
        for name, rows in given.items():
            self._runner.give(f"core.{name}", rows)
        for name in filled:
            table = self._catalog.table(f"core.{name}")
            self.client.command(f"truncate table {table.full_name}")
            solved_tables.fill(self.client, table, DEFAULT_PARAMETERS, target=table.full_name)
