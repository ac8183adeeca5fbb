"""A landed slice becomes visible whole or not at all, whoever is killed and whoever is slow."""

from __future__ import annotations

import multiprocessing
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from include.connectors.protocol import Resource
from include.ingestion.account_run import run_account
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.landing import Landing
from include.warehouse.manifest import LandingError
from include.warehouse.raw_load import RawLoadFailed, load
from include.warehouse.slices import SliceLog
from include.warehouse.table_hash import table_hash
from tests.ingestion.conftest import FILLED
from tests.ingestion.toy_source import (
    ACCOUNT,
    DAY,
    EVENT,
    SPEND,
    ToyVendor,
    connector_for,
    events,
    spend,
)
from tests.warehouse.toy_loads import (
    KILL_POINTS,
    REJECTED,
    T0,
    Killed,
    costs,
    hashes,
    kill_at,
    land,
    logged,
)


def test_a_slow_old_pull_finishing_last_does_not_win(store: Client, landing: Landing) -> None:
    slow = land(landing, spend(DAY, {"a": "1"}), minute=1)
    quick = land(landing, spend(DAY, {"a": "2"}), minute=2)
    assert load(store, landing, quick).is_changed
    assert not load(store, landing, slow).is_changed
    assert costs(store) == ["a=2"]


def test_a_slow_old_pull_does_not_win_against_a_newer_confirmation(
    store: Client, landing: Landing
) -> None:
    load(store, landing, land(landing, spend(DAY, {"a": "1"}), minute=1))
    slow = land(landing, spend(DAY, {"a": "9"}), minute=2)
    confirmed = load(store, landing, land(landing, spend(DAY, {"a": "1"}), minute=3))
    assert (confirmed.status, confirmed.is_changed) == ("confirmed", False)
    assert not load(store, landing, slow).is_changed
    assert costs(store) == ["a=1"]


def test_a_restatement_back_to_an_older_content_is_loaded_again(
    store: Client, landing: Landing
) -> None:
    for minute, cost in enumerate(("1", "2", "1")):
        outcome = load(store, landing, land(landing, spend(DAY, {"a": cost}), minute=minute))
        assert (outcome.status, outcome.is_changed) == ("loaded", True)
    assert costs(store) == ["a=1"]


def test_the_as_of_view_returns_what_was_known_then(store: Client, landing: Landing) -> None:
    instants = []
    for minute, cost in enumerate(("1", "2", "3")):
        load(store, landing, land(landing, spend(DAY, {"a": cost}), minute=minute))
        instants.append(SliceLog(store).next_instant())
    view = "raw.raw_toy__spend_as_of(as_of = {as_of:DateTime64(6,'UTC')})"
    assert [costs(store, view, as_of=instant) for instant in instants] == [
        ["a=1"],
        ["a=2"],
        ["a=3"],
    ]
    assert costs(store, view, as_of=instants[0] - timedelta(days=1)) == []


def test_a_publication_never_falls_into_a_pinned_build(store: Client, landing: Landing) -> None:
    pinned = datetime.now(UTC) + timedelta(hours=1)
    store.insert("ops.build_log", [("b1", pinned)], column_names=["build_id", "as_of"])
    load(store, landing, land(landing, spend(DAY, {"a": "1"})))
    published = store.query("select published_at from ops.slice_log").result_rows[0][0]
    assert published > pinned


def test_loading_the_same_landed_slice_again_doubles_nothing(
    store: Client, landing: Landing
) -> None:
    manifest = land(landing, spend(DAY, {"a": "1"}), rejected=REJECTED)
    first = load(store, landing, manifest)
    again = load(store, landing, manifest)
    assert (again.status, again.load_id) == ("loaded", first.load_id)
    assert len(logged(store)) == 1
    assert store.query("select count() from raw.raw_toy__spend").result_rows == [(1,)]


def test_rows_that_differ_from_the_manifest_keep_the_slice_shut(
    store: Client, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(store, landing, land(landing, spend(DAY, {"a": "1"})))
    manifest = land(landing, spend(DAY, {"a": "2", "b": "3"}), minute=1)
    insert = type(store).raw_insert

    def insert_twice(self: Client, *args: Any, **kwargs: Any) -> Any:
        insert(self, *args, **kwargs)
        return insert(self, *args, **kwargs)

    monkeypatch.setattr(type(store), "raw_insert", insert_twice)
    with pytest.raises(RawLoadFailed, match=r"holds 4 rows .* says 2"):
        load(store, landing, manifest)
    assert costs(store) == ["a=1"]
    monkeypatch.undo()
    load(store, landing, manifest)
    assert costs(store) == ["a=2", "b=3"]


def test_a_landed_file_that_was_changed_is_refused(store: Client, landing: Landing) -> None:
    manifest = land(landing, spend(DAY, {"a": "1"}))
    path = f"{manifest.folder}/{manifest.parts[0].name}"
    landing.files.write(path, landing.files.read(path)[:-1] + b"?")
    with pytest.raises(LandingError, match="not the file its manifest describes"):
        load(store, landing, manifest)
    assert costs(store) == []


def test_a_value_the_table_cannot_hold_is_an_error_and_never_clamped(
    store: Client, landing: Landing
) -> None:
    day = DAY.replace(year=1899)
    rows = spend(day, {"a": "1"})
    resource = Resource("spend", "replace", SPEND.schema)
    with pytest.raises(RawLoadFailed, match="ClickHouse refused"):
        load(store, landing, land(landing, rows, resource=resource))
    assert store.query("select count() from ops.slice_log").result_rows == [(0,)]


@pytest.mark.parametrize("point", KILL_POINTS)
def test_a_load_killed_anywhere_shows_nothing_half_and_the_next_run_converges(
    store: Client,
    landing: Landing,
    vendor: ToyVendor,
    monkeypatch: pytest.MonkeyPatch,
    point: str,
) -> None:
    vendor.spend = {DAY: spend(DAY, {"a": "1", "b": "2"})}
    vendor.rejected = REJECTED
    vendor.plan_days(DAY, 1)

    def run() -> None:
        run_account(
            connector_for(vendor),
            landing,
            store,
            None,
            lambda: datetime.now(UTC),
            "run",
            account=ACCOUNT,
        )

    with monkeypatch.context() as patch:
        kill_at(point, patch)
        with pytest.raises(Killed):
            run()
    is_published = point in ("after the log", "after the marker")
    assert costs(store) == (["a=1", "b=2"] if is_published else [])
    vendor.asked.clear()
    run()
    assert landing.pending("toy", ACCOUNT) == []
    is_landed = point != "before the manifest"
    assert len(vendor.asked) == int(not is_landed), "what is not landed whole is still owed"
    killed_then_run = hashes(store)
    assert killed_then_run[0].rows == 2

    for table in FILLED:
        store.command(f"truncate table {table}")
    clean = Landing(f"{landing.root}-clean")
    run_account(
        connector_for(vendor), clean, store, None, lambda: datetime.now(UTC), "x", account=ACCOUNT
    )
    assert hashes(store) == killed_then_run


def test_a_killed_load_is_resumed_from_landing_without_asking_the_vendor(
    store: Client, landing: Landing, vendor: ToyVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor.spend = {DAY: spend(DAY, {"a": "1"})}
    vendor.plan_days(DAY, 1)
    with monkeypatch.context() as patch:
        kill_at("before the receipt", patch)
        with pytest.raises(Killed):
            run_account(
                connector_for(vendor), landing, store, None, lambda: T0, "run", account=ACCOUNT
            )
    vendor.asked.clear()
    vendor.plan.clear()
    run_account(connector_for(vendor), landing, store, None, lambda: T0, "run 2", account=ACCOUNT)
    assert vendor.asked == []
    assert costs(store) == ["a=1"]
    assert landing.pending("toy", ACCOUNT) == []


def _load_in_process(target: ClickHouseTarget, root: str, folder: str, barrier: Any) -> None:
    client = connect(target)
    landing = Landing(root)
    manifest = landing.read_manifest(folder)
    barrier.wait()
    load(client, landing, manifest)
    client.close()


@pytest.mark.parametrize("kind", ["spend", "event"])
def test_two_processes_loading_the_same_slice_at_once_double_nothing(
    store: Client, landing: Landing, own_target: ClickHouseTarget, kind: str
) -> None:
    resource, rows = (
        (SPEND, spend(DAY, {"a": "1"})) if kind == "spend" else (EVENT, events("e1", "e2"))
    )
    folders = [
        land(landing, rows, resource=resource).folder,
        land(landing, rows, minute=1, resource=resource).folder,
    ]
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(3)
    processes = [
        context.Process(target=_load_in_process, args=(own_target, landing.root, folder, barrier))
        for folder in [*folders, folders[0]]
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(150)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    live = table_hash(store, f"raw.raw_toy__{kind}_live")
    assert live.rows == rows.num_rows


def test_a_load_id_names_the_time_it_was_minted(store: Client, landing: Landing) -> None:
    outcome = load(store, landing, land(landing, spend(DAY, {"a": "1"})))
    assert re.fullmatch(r"\d{8}T\d{12}-[0-9a-f]{8}", outcome.load_id)
