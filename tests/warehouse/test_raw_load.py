"""A landed slice becomes visible whole or not at all, whoever is killed and whoever is slow."""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.httpclient import HttpClient

from include.connectors.protocol import Batch, Rejected, Resource, Slice
from include.contracts.model import Catalog
from include.ingestion.account_run import run_account
from include.warehouse import raw_load
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.landing import Landing
from include.warehouse.landing_files import LandingFiles
from include.warehouse.landing_writer import PullWriter
from include.warehouse.maintenance import sweep
from include.warehouse.manifest import LandingError, Manifest
from include.warehouse.raw_load import RawLoadFailed, load
from include.warehouse.rebuild import rebuild
from include.warehouse.slices import SliceLog
from include.warehouse.table_hash import TableHash, table_hash
from tests.ingestion.conftest import FILLED
from tests.ingestion.toy_source import (
    ACCOUNT,
    DAY,
    EVENT,
    SPEND,
    ToyVendor,
    connector_for,
    days,
    events,
    spend,
)

LIVE = "raw.raw_toy__spend_live"
T0 = datetime(2026, 2, 1, tzinfo=UTC)
REJECTED = (Rejected("f.csv", 3, "bad_number", "not a number", "a;x"),)


class Killed(BaseException):
    """Stands for kill -9 at this very line: no handler of ours may run after it."""


def _land(
    landing: Landing,
    rows: pa.RecordBatch,
    minute: int = 0,
    resource: Resource = SPEND,
    key: str = "k",
    rejected: tuple[Rejected, ...] = (),
) -> Manifest:
    """Land one slice that was asked for ``minute`` minutes after T0."""
    piece = Slice(resource.name, key, days(DAY, 1) if resource is SPEND else None)
    with landing.open_pull(
        "toy",
        ACCOUNT,
        resource,
        piece,
        pulled_at=T0 + timedelta(minutes=minute),
        connector_version="1",
        run_id="run",
    ) as writer:
        writer.add(Batch(rows, rejected))
        (manifest,) = writer.finish(rows.num_rows + len(rejected))
    return manifest


def _costs(client: Client, relation: str = LIVE, **parameters: Any) -> list[str]:
    rows = client.query(
        f"select campaign || '=' || toString(cost_amount) as seen from {relation} order by seen",
        parameters=parameters,
    ).result_rows
    return [row[0] for row in rows]


def _log(client: Client) -> list[tuple[Any, ...]]:
    return client.query(
        "select status, load_id, toString(pulled_at) from ops.slice_log order by published_at"
    ).result_rows


def test_a_slow_old_pull_finishing_last_does_not_win(store: Client, landing: Landing) -> None:
    slow = _land(landing, spend(DAY, {"a": "1"}), minute=1)
    quick = _land(landing, spend(DAY, {"a": "2"}), minute=2)
    assert load(store, landing, quick).is_changed
    assert not load(store, landing, slow).is_changed
    assert _costs(store) == ["a=2"]


def test_a_slow_old_pull_does_not_win_against_a_newer_confirmation(
    store: Client, landing: Landing
) -> None:
    load(store, landing, _land(landing, spend(DAY, {"a": "1"}), minute=1))
    slow = _land(landing, spend(DAY, {"a": "9"}), minute=2)
    confirmed = load(store, landing, _land(landing, spend(DAY, {"a": "1"}), minute=3))
    assert (confirmed.status, confirmed.is_changed) == ("confirmed", False)
    assert not load(store, landing, slow).is_changed
    assert _costs(store) == ["a=1"]


def test_a_restatement_back_to_an_older_content_is_loaded_again(
    store: Client, landing: Landing
) -> None:
    for minute, cost in enumerate(("1", "2", "1")):
        outcome = load(store, landing, _land(landing, spend(DAY, {"a": cost}), minute=minute))
        assert (outcome.status, outcome.is_changed) == ("loaded", True)
    assert _costs(store) == ["a=1"]


def test_the_as_of_view_returns_what_was_known_then(store: Client, landing: Landing) -> None:
    instants = []
    for minute, cost in enumerate(("1", "2", "3")):
        load(store, landing, _land(landing, spend(DAY, {"a": cost}), minute=minute))
        instants.append(SliceLog(store).next_instant())
    view = "raw.raw_toy__spend_as_of(as_of = {as_of:DateTime64(6,'UTC')})"
    assert [_costs(store, view, as_of=instant) for instant in instants] == [
        ["a=1"],
        ["a=2"],
        ["a=3"],
    ]
    assert _costs(store, view, as_of=instants[0] - timedelta(days=1)) == []


def test_a_publication_never_falls_into_a_pinned_build(store: Client, landing: Landing) -> None:
    pinned = datetime.now(UTC) + timedelta(hours=1)
    store.insert("ops.build_log", [("b1", pinned)], column_names=["build_id", "as_of"])
    load(store, landing, _land(landing, spend(DAY, {"a": "1"})))
    published = store.query("select published_at from ops.slice_log").result_rows[0][0]
    assert published > pinned


def test_loading_the_same_landed_slice_again_doubles_nothing(
    store: Client, landing: Landing
) -> None:
    manifest = _land(landing, spend(DAY, {"a": "1"}), rejected=REJECTED)
    first = load(store, landing, manifest)
    again = load(store, landing, manifest)
    assert (again.status, again.load_id) == ("loaded", first.load_id)
    assert len(_log(store)) == 1
    assert store.query("select count() from raw.raw_toy__spend").result_rows == [(1,)]


def test_rows_that_differ_from_the_manifest_keep_the_slice_shut(
    store: Client, landing: Landing, monkeypatch: pytest.MonkeyPatch
) -> None:
    load(store, landing, _land(landing, spend(DAY, {"a": "1"})))
    manifest = _land(landing, spend(DAY, {"a": "2", "b": "3"}), minute=1)
    insert = type(store).raw_insert

    def insert_twice(self: Client, *args: Any, **kwargs: Any) -> Any:
        insert(self, *args, **kwargs)
        return insert(self, *args, **kwargs)

    monkeypatch.setattr(type(store), "raw_insert", insert_twice)
    with pytest.raises(RawLoadFailed, match=r"holds 4 rows .* says 2"):
        load(store, landing, manifest)
    assert _costs(store) == ["a=1"]
    monkeypatch.undo()
    load(store, landing, manifest)
    assert _costs(store) == ["a=2", "b=3"]


def test_a_landed_file_that_was_changed_is_refused(store: Client, landing: Landing) -> None:
    manifest = _land(landing, spend(DAY, {"a": "1"}))
    path = f"{manifest.folder}/{manifest.parts[0].name}"
    landing.files.write(path, landing.files.read(path)[:-1] + b"?")
    with pytest.raises(LandingError, match="not the file its manifest describes"):
        load(store, landing, manifest)
    assert _costs(store) == []


def test_a_value_the_table_cannot_hold_is_an_error_and_never_clamped(
    store: Client, landing: Landing
) -> None:
    day = DAY.replace(year=1899)
    rows = spend(day, {"a": "1"})
    resource = Resource("spend", "replace", SPEND.schema)
    with pytest.raises(RawLoadFailed, match="ClickHouse refused"):
        load(store, landing, _land(landing, rows, resource=resource))
    assert store.query("select count() from ops.slice_log").result_rows == [(0,)]


KILL_POINTS = (
    "before the manifest",
    "after the manifest",
    "before the first part",
    "after the first part",
    "after all parts",
    "before the receipt",
    "after the receipt",
    "after the log",
    "after the marker",
)


def _kill_at(point: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arrange that the next load dies at ``point``."""

    def kill(owner: Any, name: str, calls: int = 1, is_after: bool = False) -> None:
        original: Callable[..., Any] = getattr(owner, name)
        count = 0

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count == calls and not is_after:
                raise Killed
            result = original(*args, **kwargs)
            if count == calls:
                raise Killed
            return result

        monkeypatch.setattr(owner, name, wrapped)

    monkeypatch.setattr(raw_load, "_PARALLEL_PARTS", 1)
    # A real kill runs no clean-up.
    monkeypatch.setattr(PullWriter, "__exit__", lambda *_: None)
    if point in ("before the manifest", "after the manifest"):
        # Written before it: the plan and the pending marker.
        kill(LandingFiles, "write", calls=3, is_after=point.startswith("after"))
    elif point == "before the first part":
        kill(HttpClient, "raw_insert")
    elif point == "after the first part":
        kill(HttpClient, "raw_insert", calls=2)
    elif point == "after all parts":
        kill(raw_load, "require_equal_counts")
    elif point == "before the receipt":
        kill(Landing, "write_receipt")
    elif point == "after the receipt":
        kill(Landing, "write_receipt", is_after=True)
    elif point == "after the log":
        kill(SliceLog, "publish", is_after=True)
    elif point == "after the marker":
        kill(Landing, "clear_pending", is_after=True)


def _hashes(client: Client) -> list[TableHash]:
    return [
        table_hash(client, LIVE),
        table_hash(client, "raw.raw_quarantine_live"),
        table_hash(
            client,
            "ops.slice_log",
            ["source", "account_id", "resource", "slice_key", "kind", "content_hash",
             "row_count", "rejected_count", "control_totals", "date_from", "date_to"],
            where="status = 'loaded'",
        ),
    ]  # fmt: skip


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
        _kill_at(point, patch)
        with pytest.raises(Killed):
            run()
    is_published = point in ("after the log", "after the marker")
    assert _costs(store) == (["a=1", "b=2"] if is_published else [])
    vendor.asked.clear()
    run()
    assert landing.pending("toy", ACCOUNT) == []
    assert len(vendor.asked) == 1, "the plan of the killed run is still owed"
    killed_then_run = _hashes(store)
    assert killed_then_run[0].rows == 2

    for table in FILLED:
        store.command(f"truncate table {table}")
    clean = Landing(f"{landing.root}-clean")
    run_account(
        connector_for(vendor), clean, store, None, lambda: datetime.now(UTC), "x", account=ACCOUNT
    )
    assert _hashes(store) == killed_then_run


def test_a_killed_load_is_resumed_from_landing_without_asking_the_vendor(
    store: Client, landing: Landing, vendor: ToyVendor, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor.spend = {DAY: spend(DAY, {"a": "1"})}
    vendor.plan_days(DAY, 1)
    with monkeypatch.context() as patch:
        _kill_at("before the receipt", patch)
        with pytest.raises(Killed):
            run_account(
                connector_for(vendor), landing, store, None, lambda: T0, "run", account=ACCOUNT
            )
    vendor.asked.clear()
    vendor.plan.clear()
    run_account(connector_for(vendor), landing, store, None, lambda: T0, "run 2", account=ACCOUNT)
    assert vendor.asked == []
    assert _costs(store) == ["a=1"]
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
        _land(landing, rows, resource=resource).folder,
        _land(landing, rows, minute=1, resource=resource).folder,
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


def test_raw_and_its_log_rebuilt_from_landing_equal_the_old(
    store: Client, landing: Landing
) -> None:
    for minute, cost in enumerate(("1", "2", "2", "3")):
        rows = spend(DAY, {"a": cost, "b": "7"}, clicks=minute % 2 or None)
        load(store, landing, _land(landing, rows, minute=minute, rejected=REJECTED))
    load(store, landing, _land(landing, events("e1"), resource=EVENT, key="w1"))
    load(store, landing, _land(landing, events("e2"), resource=EVENT, key="w2"))
    load(store, landing, _land(landing, events("e1"), minute=9, resource=EVENT, key="w1"))
    pending = _land(landing, spend(DAY, {"a": "100"}), minute=60)

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
        load(store, landing, _land(landing, spend(DAY, {"a": cost}), minute=minute))
    before = (table_hash(store, "raw.raw_toy__spend"), _costs(store))
    for table in FILLED:
        store.command(f"truncate table {table}")
    with monkeypatch.context() as patch:
        _kill_at("before the receipt", patch)
        patch.setattr(SliceLog, "publish", _die)
        with pytest.raises(Killed):
            rebuild(store, landing)
    rebuild(store, landing)
    assert (table_hash(store, "raw.raw_toy__spend"), _costs(store)) == before


def _die(*_: Any) -> None:
    raise Killed


def test_maintenance_removes_orphans_and_debris_and_nothing_else(
    store: Client,
    landing: Landing,
    toy_catalog: Catalog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load(store, landing, _land(landing, spend(DAY, {"a": "1"}), rejected=REJECTED))
    published = _hashes(store)
    pending = _land(landing, spend(DAY, {"a": "2", "b": "3"}), minute=1)
    with monkeypatch.context() as patch:
        _kill_at("before the receipt", patch)
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
    assert _hashes(store) == published
    assert landing.pending("toy", ACCOUNT) == [pending]
    load(store, landing, pending)
    assert _costs(store) == ["a=2", "b=3"]
    writer.abort()


def test_a_load_id_names_the_time_it_was_minted(store: Client, landing: Landing) -> None:
    outcome = load(store, landing, _land(landing, spend(DAY, {"a": "1"})))
    assert re.fullmatch(r"\d{8}T\d{12}-[0-9a-f]{8}", outcome.load_id)
