"""Kill a worker or the engine while it ingests, run again: the tables of a run nobody disturbed.

Every run begins at an empty store, through the project's own DAGs, with the real engine and the
vendor's protocol.
"""

from __future__ import annotations

import pytest

from include.warehouse.table_hash import TableHash
from tests.killing.conftest import INGEST, House, Point

pytestmark = pytest.mark.airflow

LOAD, ACCOUNT = "include.warehouse.raw_load", "include.ingestion.account_run"
DEATHS = [
    (
        Point("worker", f"{ACCOUNT}:_AccountRun._land", 2, "before"),
        Point("engine", f"{LOAD}:insert_rows", 2, "before"),
    ),
    (
        Point("worker", f"{LOAD}:insert_rows", 3, "after"),
        Point("worker", "include.warehouse.landing:Landing.write_receipt", 4, "after"),
    ),
    (
        Point("worker", "include.warehouse.slices:SliceLog.publish", 3, "after"),
        Point("engine", "include.warehouse.slices:SliceLog.publish", 3, "before"),
    ),
]
"""Each run is killed twice, the second time while it makes good the first."""


@pytest.fixture(scope="module")
def clean(house: House) -> dict[str, TableHash]:
    """Hashes of raw after a run nobody disturbed."""
    assert house.run(INGEST) == 0, house.log()
    return house.hash_raw()


def test_the_undisturbed_run_is_worth_comparing_with(clean: dict[str, TableHash]) -> None:
    filled = {name for name, found in clean.items() if found.rows}
    assert {
        "raw.raw_yandex_direct__ad_performance_daily", "raw.raw_files__lead", "raw.raw_quarantine",
    } <= filled  # fmt: skip


def test_ingesting_twice_changes_nothing(house: House, clean: dict[str, TableHash]) -> None:
    assert house.run(INGEST) == 0, house.log()
    assert house.hash_raw() == clean


@pytest.mark.parametrize("deaths", DEATHS, ids=str)
def test_ingest_killed_and_run_again_equals_a_clean_run(
    house: House, clean: dict[str, TableHash], deaths: tuple[Point, ...]
) -> None:
    house.set_back("empty")
    house.die(INGEST, deaths)
    assert house.hash_raw() != clean, "it died too late to prove anything"
    assert house.run(INGEST) == 0, house.log()
    assert house.hash_raw() == clean
