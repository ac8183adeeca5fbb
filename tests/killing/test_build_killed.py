"""Kill a worker or the engine while it builds, run again: the tables of a run nobody disturbed.

Every run begins at a store that has been ingested, through the project's own DAGs, with the real
engine and the vendor's protocol.
"""

from __future__ import annotations

import pytest

from include.warehouse.table_hash import TableHash
from tests.killing.conftest import INGEST, House, Point

pytestmark = pytest.mark.airflow

BUILD = "include.warehouse.build"
DEATHS = [
    (
        Point("worker", f"{BUILD}:_build_table", 9, "after"),
        Point("engine", "include.warehouse.publish:_swap_once", 6, "after"),
    ),
    (
        Point("engine", f"{BUILD}:_build_table", 12, "before"),
        Point("worker", "include.warehouse.publish:_swap_once", 3, "after"),
    ),
]
"""Each build is killed twice: half-way through its tables, then, begun again, as it publishes."""


@pytest.fixture(scope="module")
def clean(house: House) -> dict[str, TableHash]:
    """Hashes of the built tables of a run nobody disturbed; its ingested state is saved."""
    assert house.run(INGEST) == 0, house.log()
    house.save("ingested")
    assert house.run(["build"]) == 0, house.log()
    return house.hash_built()


def test_the_undisturbed_run_is_worth_comparing_with(clean: dict[str, TableHash]) -> None:
    filled = {name for name, found in clean.items() if found.rows}
    assert {
        "core.core_attribution_credit", "mart.mart_funnel_cohort_daily",
        "mart.mart_channel_performance_daily",
    } <= filled  # fmt: skip


def test_ingesting_and_building_twice_changes_nothing(
    house: House, clean: dict[str, TableHash]
) -> None:
    assert house.run([*INGEST, "build"]) == 0, house.log()
    assert house.hash_built() == clean


@pytest.mark.parametrize("deaths", DEATHS, ids=str)
def test_a_build_killed_and_run_again_equals_a_clean_run(
    house: House, clean: dict[str, TableHash], deaths: tuple[Point, ...]
) -> None:
    house.set_back("ingested")
    house.die(["build"], deaths)
    assert house.hash_built() != clean, "it died too late to prove anything"
    assert house.run(["build"]) == 0, house.log()
    assert house.hash_built() == clean
