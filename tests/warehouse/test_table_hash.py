"""Two tables are equal exactly when their hashes are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from include.warehouse.table_hash import CannotHash, table_hash

DATABASE = "test_table_hash"
TABLE = f"{DATABASE}.t"


@pytest.fixture
def table(client: Client) -> Iterator[Client]:
    client.command(f"create database if not exists {DATABASE}")
    client.command(f"drop table if exists {TABLE} sync")
    client.command(
        f"create table {TABLE} (name Nullable(String), label LowCardinality(Nullable(String)),"
        " amount Decimal(18,2), at Nullable(DateTime64(6,'UTC')), extra Map(String,String),"
        " share Float64, _load_id LowCardinality(String)) engine = MergeTree order by tuple()"
    )
    yield client
    client.command(f"drop database if exists {DATABASE} sync")


def _fill(client: Client, *rows: str) -> str:
    client.command(f"truncate table {TABLE}")
    for row in rows:
        client.command(f"insert into {TABLE} values ({row})")
    columns = ["name", "label", "amount", "at", "extra"]
    return str(table_hash(client, TABLE, columns))


ROW = "'a', 'l', 1.10, '2026-01-01 00:00:00', {'x': '1', 'y': '2'}, 0.5, 'load'"


def test_order_parts_map_order_and_load_id_do_not_matter(table: Client) -> None:
    other = ROW.replace("'a'", "'b'")
    swapped = ROW.replace("'x': '1', 'y': '2'", "'y': '2', 'x': '1'").replace("'load'", "'z'")
    assert _fill(table, ROW, other) == _fill(table, other, swapped)


@pytest.mark.parametrize(
    "changed",
    [
        ROW.replace("1.10", "1.11"),
        ROW.replace("'a'", "null"),
        ROW.replace("'l'", "null"),
        ROW.replace("'2026-01-01 00:00:00'", "null"),
        ROW.replace("'a', 'l'", "'l', 'a'"),
        ROW.replace("'x': '1'", "'x': '2'"),
    ],
)
def test_any_changed_cell_changes_the_hash(table: Client, changed: str) -> None:
    assert _fill(table, changed) != _fill(table, ROW)


def test_null_differs_from_the_empty_value(table: Client) -> None:
    empty = ROW.replace("'a'", "''")
    assert _fill(table, empty) != _fill(table, ROW.replace("'a'", "null"))


def test_a_pair_of_doubled_rows_shows(table: Client) -> None:
    other = ROW.replace("'a'", "'b'")
    assert _fill(table, ROW) != _fill(table, ROW, other, other)


def test_a_float_column_is_refused_with_the_cure(table: Client) -> None:
    with pytest.raises(CannotHash, match="store a Decimal"):
        table_hash(table, TABLE)


def test_a_condition_and_its_parameters_narrow_the_rows(table: Client) -> None:
    _fill(table, ROW, ROW.replace("'a'", "'b'"))
    found = table_hash(
        table, TABLE, ["name"], where="name = {name:String}", parameters={"name": "b"}
    )
    assert found.rows == 1


def test_an_unknown_column_is_named(table: Client) -> None:
    with pytest.raises(CannotHash, match="no column nothing"):
        table_hash(table, TABLE, ["nothing"])
