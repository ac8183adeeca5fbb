"""The slices of one answer share their statements, and each stands or falls by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest
from clickhouse_connect.driver.client import Client

from include.connectors.protocol import Batch, Slice
from include.warehouse import raw_load
from include.warehouse.landing import Landing
from include.warehouse.manifest import LandingError, Manifest
from include.warehouse.raw_load import LoadOutcome, RawLoadFailed, load_all
from include.warehouse.slices import SliceLog
from tests.ingestion.toy_source import ACCOUNT, DAY, SPEND, days, spend
from tests.warehouse.toy_loads import T0, Killed, costs, die, hashes, logged


def _land_days(landing: Landing, count: int, minute: int = 0, cost: str = "1") -> list[Manifest]:
    """One answer over ``count`` days, landed as that many slices; day n is campaign ``c<n>``."""
    with landing.open_pull(
        "toy",
        ACCOUNT,
        SPEND,
        Slice("spend", "days", days(DAY, count)),
        pulled_at=T0 + timedelta(minutes=minute),
        connector_version="1",
        run_id="run",
    ) as writer:
        for n in range(count):
            writer.add(Batch(spend(DAY + timedelta(days=n), {f"c{n}": cost})))
        return writer.finish(count)


def _coded(rows: pa.RecordBatch) -> pa.RecordBatch:
    """The same rows with the campaign as a dictionary, as a connector may hand them over."""
    place = rows.schema.get_field_index("campaign")
    column = rows.column(place).dictionary_encode()
    return rows.set_column(place, pa.field("campaign", column.type, nullable=False), column)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch, store: Client) -> list[str]:
    """Every statement sent to ClickHouse from now on, by its beginning."""
    sent: list[str] = []
    for name in ("query", "raw_insert", "insert"):
        original = getattr(type(store), name)

        def wrapped(
            self: Client, *args: Any, _name: str = name, _call: Any = original, **kwargs: Any
        ) -> Any:
            sent.append(f"{_name} {str(args[0] if args else '')[:40]}")
            return _call(self, *args, **kwargs)

        monkeypatch.setattr(type(store), name, wrapped)
    return sent


def test_a_month_of_days_takes_as_many_statements_as_one_day(
    store: Client, landing: Landing, statements: list[str]
) -> None:
    load_all(store, landing, _land_days(landing, 2))
    few = len(statements)
    statements.clear()
    outcomes = load_all(store, landing, _land_days(landing, 31, minute=1, cost="2"))
    assert len(statements) == few
    assert all(isinstance(o, LoadOutcome) and o.status == "loaded" for o in outcomes)
    assert costs(store) == sorted(f"c{n}=2" for n in range(31))


def test_a_batch_is_the_same_as_its_slices_one_by_one(store: Client, landing: Landing) -> None:
    load_all(store, landing, _land_days(landing, 5))
    together = hashes(store)
    for table in ("raw.raw_toy__spend", "ops.slice_log"):
        store.command(f"truncate table {table}")
    for manifest in _land_days(landing, 5):
        load_all(store, landing, [manifest])
    assert hashes(store) == together
    assert together[0].rows == 5


def test_changed_and_unchanged_days_of_an_answer_are_told_apart(
    store: Client, landing: Landing
) -> None:
    load_all(store, landing, _land_days(landing, 3))
    answer = [*_land_days(landing, 2, minute=1), *_land_days(landing, 3, minute=1, cost="9")[2:]]
    outcomes = load_all(store, landing, answer)
    assert [o.status for o in outcomes if isinstance(o, LoadOutcome)] == [
        "confirmed",
        "confirmed",
        "loaded",
    ]
    assert costs(store) == ["c0=1", "c1=1", "c2=9"]
    assert store.query("select count() from raw.raw_toy__spend").result_rows == [(4,)]


def test_a_broken_file_among_the_days_stops_no_other(store: Client, landing: Landing) -> None:
    manifests = _land_days(landing, 4)
    path = f"{manifests[1].folder}/{manifests[1].parts[0].name}"
    landing.files.write(path, landing.files.read(path)[:-1] + b"?")
    outcomes = load_all(store, landing, manifests)
    assert isinstance(outcomes[1], LandingError)
    assert costs(store) == ["c0=1", "c2=1", "c3=1"]


def test_days_whose_text_came_encoded_differently_travel_together(
    store: Client, landing: Landing, statements: list[str]
) -> None:
    with landing.open_pull(
        "toy",
        ACCOUNT,
        SPEND,
        Slice("spend", "days", days(DAY, 3)),
        pulled_at=T0,
        connector_version="1",
        run_id="run",
    ) as writer:
        writer.add(Batch(spend(DAY, {"c0": "1"})))
        writer.add(Batch(_coded(spend(DAY + timedelta(days=1), {"c1": "1"}))))
        writer.add(Batch(spend(DAY + timedelta(days=2), {"c2": "1"})))
        writer.add(Batch(_coded(spend(DAY + timedelta(days=2), {"c3": "1"}))))
        manifests = writer.finish(4)
    outcomes = load_all(store, landing, manifests)
    assert [type(outcome) for outcome in outcomes] == [LoadOutcome] * 3
    assert costs(store) == ["c0=1", "c1=1", "c2=1", "c3=1"]
    assert sum(statement.startswith("raw_insert") for statement in statements) == 1


def test_a_manifest_that_names_rows_but_no_file_is_never_taken_for_an_empty_day(
    store: Client, landing: Landing
) -> None:
    first, *others = _land_days(landing, 3)
    outcomes = load_all(store, landing, [replace(first, parts=()), *others])
    assert isinstance(outcomes[0], RawLoadFailed)
    assert costs(store) == ["c1=1", "c2=1"]


def test_two_pulls_of_one_day_in_one_batch_leave_the_later_one(
    store: Client, landing: Landing
) -> None:
    load_all(store, landing, [*_land_days(landing, 1), *_land_days(landing, 1, minute=1, cost="2")])
    assert costs(store) == ["c0=2"]
    assert len(logged(store)) == 2


@pytest.mark.parametrize("point", ["after the rows", "among the receipts", "after the log"])
def test_a_killed_batch_shows_all_of_its_days_or_none(
    store: Client, landing: Landing, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    manifests = _land_days(landing, 3)
    with monkeypatch.context() as patch:
        if point == "after the rows":
            patch.setattr(raw_load, "require_equal_counts", die)
        elif point == "among the receipts":
            patch.setattr(SliceLog, "publish", die)
        else:
            patch.setattr(Landing, "clear_pending", die)
        with pytest.raises(Killed):
            load_all(store, landing, manifests)
    every = ["c0=1", "c1=1", "c2=1"]
    assert costs(store) == (every if point == "after the log" else [])
    load_all(store, landing, landing.pending("toy", manifests[0].account))
    assert costs(store) == every
    assert store.query("select count() from raw.raw_toy__spend_live").result_rows == [(3,)]
