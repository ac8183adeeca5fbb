"""A stored table follows its contract by added columns and comments, by nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from include.contracts import ddl
from include.contracts.changes import Changes, MigrationNeeded, compare
from include.contracts.model import Table
from include.contracts.reader import read_table

OLD = """\
description: One row per event.
kind: log
order_by: [event_id]
partition_by: toYYYYMM(event_date)
columns:
  - {name: event_id, type: UInt64, description: Event.}
  - {name: event_date, type: Date, description: Day., day: UTC}
  - {name: detail, type: String, description: Detail.}
"""


def contract(folder: Path, text: str, layer: str = "ops", stem: str = "event") -> Table:
    path = folder / layer / f"{stem}.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return read_table(path)


def look(client: Client, name: str = "event") -> tuple[list[tuple[str, str, str]], str, str]:
    columns = client.query(
        "select name, type, comment from system.columns where database = 'ops' and table ="
        f" '{name}' order by position"
    ).result_rows
    ((sorting, partition),) = client.query(
        f"select sorting_key, partition_key from system.tables where database = 'ops'"
        f" and name = '{name}'"
    ).result_rows
    return [tuple(row) for row in columns], sorting, partition


@pytest.fixture
def events(warehouse: Client, tmp_path: Path) -> Client:
    """The old table, with one row."""
    warehouse.command(ddl.create_database("ops"))
    for name in ("event", "event_v2"):
        warehouse.command(f"drop table if exists ops.{name} sync")
    warehouse.command(ddl.create_table(contract(tmp_path, OLD)))
    warehouse.command("insert into ops.event values (1, '2026-01-02', '7')")
    return warehouse


def changed(client: Client, tmp_path: Path, old: str, new: str) -> Changes:
    assert old in OLD
    return compare(contract(tmp_path, OLD.replace(old, new)), *look(client))


def test_an_unchanged_table_needs_nothing(events: Client, tmp_path: Path) -> None:
    changes = compare(contract(tmp_path, OLD), *look(events))
    assert changes.is_empty
    assert changes.statements == ()


def test_added_columns_and_comments_are_applied_and_rows_stay(
    events: Client, tmp_path: Path
) -> None:
    text = OLD.replace("Detail.", "It's the detail.").replace(
        "  - {name: detail",
        "  - {name: amount_rub, type: 'Nullable(Decimal(18,2))', description: Money., currency:"
        " RUB, vat: net}\n  - {name: detail",
    )
    table = contract(tmp_path, text)
    changes = compare(table, *look(events))
    assert (changes.added, changes.commented, changes.refused) == (("amount_rub",), ("detail",), ())
    changes.require_applicable()
    for statement in changes.statements:
        events.command(statement)
    assert compare(table, *look(events)).is_empty
    assert [column[0] for column in look(events)[0]] == list(table.column_names)
    assert events.query("select * from ops.event").result_rows[0][2:] == (None, "7")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("  - {name: detail, type: String, description: Detail.}\n", "", "detail is stored"),
        ("detail, type: String", "detail, type: Int64", "detail is stored as String"),
        ("order_by: [event_id]", "order_by: [event_date, event_id]", "it is ordered by (event_id)"),
        ("toYYYYMM(event_date)", "event_date", "it is partitioned by toYYYYMM(event_date)"),
    ],
)
def test_anything_else_is_refused_with_a_migration_that_works(
    events: Client, tmp_path: Path, old: str, new: str, reason: str
) -> None:
    changes = changed(events, tmp_path, old, new)
    with pytest.raises(MigrationNeeded) as caught:
        changes.require_applicable()
    assert reason in str(caught.value)
    assert changes.migration in str(caught.value)
    for statement in changes.migration.split(";\n"):
        lines = [line for line in statement.splitlines() if not line.startswith("--")]
        events.command("\n".join(lines).rstrip(";"))
    table = contract(tmp_path, OLD.replace(old, new))
    assert compare(table, *look(events)).is_empty
    assert events.query("select event_id from ops.event").result_rows == [(1,)]


def test_a_built_table_is_rebuilt_rather_than_copied(tmp_path: Path) -> None:
    text = OLD.replace("kind: log", "kind: table\ngrain: [event_id]")
    table = contract(tmp_path, text, "mart", "mart_event")
    changes = compare(table, [("event_id", "UInt64", "Event.")], "event_date", "")
    assert "mart_event_v2.sql" in changes.migration
    assert "insert into" not in changes.migration


def test_a_raw_table_keeps_its_load_id(tmp_path: Path) -> None:
    text = OLD.replace("kind: log", "kind: append\ngrain: [event_id]")
    table = contract(tmp_path, text, "raw", "raw_event")
    stored = [(c.name, c.parsed_type.canonical, ddl.column_comment(c)) for c in table.columns]
    assert compare(table, [*stored, ("_load_id", "LowCardinality(String)", "")]).is_empty
    assert "_load_id is missing" in compare(table, stored).refused[0]
