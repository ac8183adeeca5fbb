"""The store follows the contracts by additions alone, and says what to do about the rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from include.contracts.changes import MigrationNeeded
from include.contracts.reader import read_catalog
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.schema import apply_schema
from tests.ingestion.toy_source import SPEND_CONTRACT, write_contracts

LABELS = '  - {name: labels, type: "Map(String,String)", description: Labels.}\n'


@pytest.fixture
def sql_root(tmp_path: Path, project_root: Path) -> Path:
    write_contracts(tmp_path / "sql", project_root)
    return tmp_path / "sql"


@pytest.fixture
def fresh(own_target: ClickHouseTarget) -> Iterator[Client]:
    """A client of a store without any of our databases."""
    client = connect(own_target)
    for database in ("mart", "core", "stg", "seeds", "raw", "ops"):
        client.command(f"drop database if exists {database} sync")
    yield client
    client.close()


def _change_spend(sql_root: Path, text: str) -> None:
    (sql_root / "raw" / "raw_toy__spend.yaml").write_text(text)


def test_applying_the_same_contracts_again_changes_nothing(fresh: Client, sql_root: Path) -> None:
    catalog = read_catalog(sql_root)
    assert apply_schema(fresh, catalog)
    assert apply_schema(fresh, catalog) == []


def test_the_project_s_own_contracts_are_applied_once(
    house_target: ClickHouseTarget, project_root: Path
) -> None:
    with connect(house_target) as house:
        assert apply_schema(house, read_catalog(project_root / "sql")) == []


def test_an_added_column_reaches_the_table_and_its_views(fresh: Client, sql_root: Path) -> None:
    apply_schema(fresh, read_catalog(sql_root))
    fresh.command(
        "insert into raw.raw_toy__spend (account_id, stats_date) values ('a', '2026-01-01')"
    )
    added = "  - {name: note, type: Nullable(String), description: Note.}\n"
    _change_spend(sql_root, SPEND_CONTRACT.replace(LABELS, LABELS + added))
    assert len(apply_schema(fresh, read_catalog(sql_root))) == 3
    assert fresh.query("select note from raw.raw_toy__spend").result_rows == [(None,)]
    assert fresh.query("select note from raw.raw_toy__spend_live").result_rows == []
    assert apply_schema(fresh, read_catalog(sql_root)) == []


def test_a_new_description_becomes_the_column_s_comment(fresh: Client, sql_root: Path) -> None:
    apply_schema(fresh, read_catalog(sql_root))
    _change_spend(sql_root, SPEND_CONTRACT.replace("Clicks.", "Clicks as billed."))
    apply_schema(fresh, read_catalog(sql_root))
    comment = fresh.query(
        "select comment from system.columns where database = 'raw'"
        " and table = 'raw_toy__spend' and name = 'clicks'"
    ).result_rows
    assert comment == [("Clicks as billed.",)]


def test_anything_else_is_refused_before_anything_is_changed(fresh: Client, sql_root: Path) -> None:
    apply_schema(fresh, read_catalog(sql_root))
    changed = SPEND_CONTRACT.replace("Nullable(UInt64)", "Nullable(String)")
    _change_spend(sql_root, changed.replace("Campaign.}", "Campaign name.}"))
    with pytest.raises(MigrationNeeded, match="clicks is stored as"):
        apply_schema(fresh, read_catalog(sql_root))
    comment = fresh.query(
        "select comment from system.columns where database = 'raw'"
        " and table = 'raw_toy__spend' and name = 'campaign'"
    ).result_rows
    assert comment == [("Campaign.",)]
