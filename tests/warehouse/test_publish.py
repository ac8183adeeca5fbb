"""Publication swaps audited candidates in once, whatever instant it is interrupted at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from include.contracts import ddl
from include.contracts.reader import read_catalog
from include.warehouse import publish
from include.warehouse.publish import Notice, PublicationConflict

TABLES = ["mart.mart_one", "mart.mart_three", "mart.mart_two"]
NOTICE = Notice(as_of=datetime(2026, 1, 2, tzinfo=UTC), data_through={"files": "2026-01-01"})


class Crash(BaseException):
    """Stands for a killed process: nothing in the product may catch it."""


class CrashingClient:
    """Passes statements on and dies after the n-th of them; with 0, before the first."""

    def __init__(self, client: Any, dies_after: int) -> None:
        self._client, self._left = client, dies_after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._client, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            if self._left == 0:
                raise Crash
            result = method(*args, **kwargs)
            self._left -= 1
            if self._left == 0:
                raise Crash
            return result

        return call


@pytest.fixture
def store(client: Any, project_root: Any) -> Any:
    """Three published tables holding 1 and their candidates holding 2."""
    catalog = read_catalog(project_root / "sql")
    for database in ("stg", "core", "mart", "ops"):
        client.command(ddl.create_database(database))
    for name in ("ops.publication_journal", "ops.mart_publication"):
        client.command(f"drop table if exists {name} sync")
        client.command(ddl.create_table(catalog.table(name)))
    for table in TABLES:
        for name, value in ((table, 1), (f"{table}__next", 2)):
            client.command(
                f"create or replace table {name} engine = MergeTree order by v"
                f" as select toUInt8({value}) as v"
            )
    yield client
    for table in TABLES:
        client.command(f"drop table if exists {table} sync")
        client.command(f"drop table if exists {table}__next sync")
    client.command("truncate table ops.publication_journal")
    client.command("truncate table ops.mart_publication")


def _values(client: Any) -> list[int]:
    return [client.query(f"select v from {t}").result_rows[0][0] for t in TABLES]


def _notices() -> dict[str, Notice]:
    return dict.fromkeys(TABLES, NOTICE)


def _count_statements(client: Any) -> int:
    counter = CrashingClient(client, 10**9)
    publish.publish(counter, "b0", _notices())
    return 10**9 - counter._left


def test_publication_swaps_every_candidate_and_tells_readers(store: Any) -> None:
    assert publish.publish(store, "b1", _notices()) == TABLES
    assert _values(store) == [2, 2, 2]
    told = store.query(
        "select table_name, build_id, row_count, data_through from ops.mart_publication"
        " order by table_name"
    ).result_rows
    assert told == [(t, "b1", 1, {"files": "2026-01-01"}) for t in TABLES]
    assert not store.query(
        "select name from system.tables where database = 'mart' and name like '%\\_\\_next'"
    ).result_rows


def test_a_crash_at_any_statement_of_a_publication_rolls_forward(store: Any) -> None:
    total = _count_statements(store)
    assert total > 12
    for dies_after in range(total):
        _reset(store)
        with pytest.raises(Crash):
            publish.publish(CrashingClient(store, dies_after), f"b{dies_after}", _notices())
        publish.recover(store, lambda _build, _table: NOTICE)
        values = _values(store)
        assert values in ([1, 1, 1], [2, 2, 2]), dies_after
        planned = store.query(
            "select count() from ops.publication_journal where step = 'planned'"
        ).result_rows[0][0]
        assert (values == [2, 2, 2]) == (planned > 0), dies_after
        told = store.query("select count() from ops.mart_publication").result_rows[0][0]
        assert told == (3 if planned else 0), dies_after


def test_repeating_a_finished_publication_does_not_swap_back(store: Any) -> None:
    publish.publish(store, "b1", _notices())
    publish.publish(store, "b1", _notices())
    assert publish.recover(store, lambda _build, _table: NOTICE) == []
    assert _values(store) == [2, 2, 2]


def test_a_missing_candidate_stops_the_publication_before_any_swap(store: Any) -> None:
    store.command("drop table mart.mart_two__next sync")
    with pytest.raises(PublicationConflict, match=r"mart\.mart_two"):
        publish.publish(store, "b1", _notices())
    assert _values(store) == [1, 1, 1]


def test_a_foreign_table_under_the_published_name_is_never_swapped(store: Any) -> None:
    with pytest.raises(Crash):
        publish.publish(CrashingClient(store, 5), "b1", _notices())
    store.command("drop table mart.mart_two sync")
    store.command("create table mart.mart_two (v UInt8) engine = MergeTree order by v")
    store.command("insert into mart.mart_two values (9)")
    with pytest.raises(PublicationConflict, match=r"mart\.mart_two"):
        publish.recover(store, lambda _build, _table: NOTICE)
    assert store.query("select v from mart.mart_two").result_rows == [(9,)]


def _reset(client: Any) -> None:
    client.command("truncate table ops.publication_journal")
    client.command("truncate table ops.mart_publication")
    for table in TABLES:
        for name, value in ((table, 1), (f"{table}__next", 2)):
            client.command(
                f"create or replace table {name} engine = MergeTree order by v"
                f" as select toUInt8({value}) as v"
            )
