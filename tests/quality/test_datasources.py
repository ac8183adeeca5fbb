"""Great Expectations is told what is known of candidates, and asks the engine for the rest only."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.contracts.reader import read_catalog
from include.quality import validation
from include.warehouse.client import ClickHouseTarget, connect

pytestmark = pytest.mark.engine

TABLE = "core.core_lead"


@pytest.fixture
def asked(house_target: ClickHouseTarget, project_root: Path) -> list[str]:
    """Statements the audit of one table sends, in order."""
    table = read_catalog(project_root / "sql").table(TABLE)
    with connect(house_target) as client:
        began = client.query("select now64(6)").result_rows[0][0]
        found = validation.validate(house_target, [(table, TABLE)], lambda sql: sql)
        assert all(one.success for one in found), found
        client.command("system flush logs")
        return [
            row[0]
            for row in client.query(
                "select query from system.query_log where type = 'QueryFinish'"
                " and query_start_time_microseconds > {began:DateTime64(6)} order by all",
                parameters={"began": began},
            ).result_rows
        ]


def test_columns_are_read_once_and_nothing_is_described(asked: list[str]) -> None:
    assert sum("system.columns" in query for query in asked) == 1
    assert not [q for q in asked if "describe" in q.lower() or "system.tables" in q]


def test_a_table_costs_one_statement_for_its_columns_and_one_for_each_of_its_queries(
    asked: list[str], project_root: Path
) -> None:
    checks = read_catalog(project_root / "sql").table(TABLE).all_checks
    queries = [check for check in checks if check.form in ("grain", "unexpected_rows")]
    counts = [query for query in asked if TABLE in query and "/* " not in query]
    named = [query for query in asked if TABLE in query and "/* " in query]
    assert len(named) == len(queries)
    assert len(counts) == 1
