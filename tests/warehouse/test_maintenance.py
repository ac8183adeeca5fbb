"""Only what nobody can see or resume is removed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from clickhouse_connect.driver.client import Client

from include.connectors.protocol import Slice
from include.contracts.model import Catalog
from include.warehouse.landing import Landing
from include.warehouse.maintenance import sweep
from include.warehouse.raw_load import load
from tests.ingestion.toy_source import ACCOUNT, DAY, SPEND, days, spend
from tests.warehouse.toy_loads import REJECTED, T0, Killed, costs, hashes, kill_at, land


def test_maintenance_removes_orphans_and_debris_and_nothing_else(
    store: Client,
    landing: Landing,
    toy_catalog: Catalog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load(store, landing, land(landing, spend(DAY, {"a": "1"}), rejected=REJECTED))
    published = hashes(store)
    pending = land(landing, spend(DAY, {"a": "2", "b": "3"}), minute=1)
    with monkeypatch.context() as patch:
        kill_at("before the receipt", patch)
        with pytest.raises(Killed):
            load(store, landing, pending)
    writer = landing.open_pull(
        "toy",
        ACCOUNT,
        SPEND,
        Slice("spend", "half", days(DAY, 1)),
        pulled_at=T0,
        connector_version="1",
        run_id="run",
    )
    landing.files.write(
        "toy/acme/spend/half/20260201T000000000000-00000000/part-00000.parquet", b""
    )
    landing.files.write("_pending/toy/acme/dead.json", b'{"folder": "toy/acme/spend/half/x"}')

    early = sweep(store, landing, toy_catalog)
    assert (early.orphan_rows, early.unfinished_slices, early.stale_markers) == (0, 0, 0)
    later = sweep(store, landing, toy_catalog, now=datetime.now(UTC) + timedelta(hours=25))
    assert (later.orphan_loads, later.orphan_rows) == (1, 2)
    assert (later.unfinished_slices, later.stale_markers) == (1, 1)
    assert store.query("select count() from raw.raw_toy__spend").result_rows == [(1,)]
    assert hashes(store) == published
    assert landing.pending("toy", ACCOUNT) == [pending]
    load(store, landing, pending)
    assert costs(store) == ["a=2", "b=3"]
    writer.abort()
