"""Landing alone is enough to have raw and its log again, as they were."""

from __future__ import annotations

import pytest
from clickhouse_connect.driver.client import Client

from include.warehouse.landing import Landing
from include.warehouse.raw_load import load
from include.warehouse.rebuild import rebuild
from include.warehouse.slices import SliceLog
from include.warehouse.table_hash import TableHash, table_hash
from tests.ingestion.conftest import FILLED
from tests.ingestion.toy_source import ACCOUNT, DAY, EVENT, events, spend
from tests.warehouse.toy_loads import REJECTED, Killed, costs, die, kill_at, land


def test_raw_and_its_log_rebuilt_from_landing_equal_the_old(
    store: Client, landing: Landing
) -> None:
    for minute, cost in enumerate(("1", "2", "2", "3")):
        rows = spend(DAY, {"a": cost, "b": "7"}, clicks=minute % 2 or None)
        load(store, landing, land(landing, rows, minute=minute, rejected=REJECTED))
    load(store, landing, land(landing, events("e1"), resource=EVENT, key="w1"))
    load(store, landing, land(landing, events("e2"), resource=EVENT, key="w2"))
    load(store, landing, land(landing, events("e1"), minute=9, resource=EVENT, key="w1"))
    pending = land(landing, spend(DAY, {"a": "100"}), minute=60)

    def state() -> list[TableHash]:
        tables = [
            ("raw.raw_toy__spend", "*"),
            ("raw.raw_toy__event", "*"),
            ("raw.raw_quarantine", "*"),
            ("ops.slice_log", "*"),
        ]
        hashes = []
        for table, _ in tables:
            rows = store.query(f"describe table {table}").result_rows
            hashes.append(table_hash(store, table, [row[0] for row in rows]))
        return hashes

    before = state()
    for table in FILLED:
        store.command(f"truncate table {table}")
    rebuild(store, landing)
    assert state() == before
    assert before[0].rows == 8
    assert rebuild(store, landing).entries == 0
    assert [manifest.folder for manifest in landing.pending("toy", ACCOUNT)] == [pending.folder]


def test_a_killed_rebuild_run_again_ends_the_same(
    store: Client, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minute, cost in enumerate(("1", "2")):
        load(store, landing, land(landing, spend(DAY, {"a": cost}), minute=minute))
    before = (table_hash(store, "raw.raw_toy__spend"), costs(store))
    for table in FILLED:
        store.command(f"truncate table {table}")
    with monkeypatch.context() as patch:
        kill_at("before the receipt", patch)
        patch.setattr(SliceLog, "publish", die)
        with pytest.raises(Killed):
            rebuild(store, landing)
    rebuild(store, landing)
    assert (table_hash(store, "raw.raw_toy__spend"), costs(store)) == before
