"""Kill a worker or the engine anywhere, run again: the tables of a run nobody disturbed.

Ingest is killed from an empty store, the build from a store that has been ingested; both through
the project's own DAGs, with the real engine and the vendor's protocol.
"""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from include.warehouse.table_hash import TableHash
from tests.killing.conftest import INGEST, House

pytestmark = pytest.mark.airflow


class Point(NamedTuple):
    """Where death strikes: at the n-th call of a function, before or after it."""

    victim: str
    function: str
    call: int
    when: str

    def orders(self, house: House) -> dict[str, Any]:
        """As the runner takes them."""
        orders = {"function": self.function, "call": self.call, "when": self.when}
        if self.victim == "engine":
            assert house.engine is not None
            orders["engine_pid"] = house.engine.pid
        return orders


LOAD, ACCOUNT = "include.warehouse.raw_load", "include.ingestion.account_run"
INGEST_POINTS = [
    Point("worker", f"{ACCOUNT}:_AccountRun._land", 2, "before"),
    Point("worker", f"{LOAD}:insert_rows", 3, "after"),
    Point("worker", "include.warehouse.landing:Landing.write_receipt", 4, "after"),
    Point("worker", "include.warehouse.slices:SliceLog.publish", 5, "after"),
    Point("engine", f"{LOAD}:insert_rows", 2, "before"),
    Point("engine", "include.warehouse.slices:SliceLog.publish", 7, "before"),
]
BUILD = "include.warehouse.build"
BUILD_POINTS = [
    Point("worker", f"{BUILD}:_build_table", 9, "after"),
    Point("engine", f"{BUILD}:_build_table", 12, "before"),
    Point("worker", "include.warehouse.publish:_swap_once", 3, "after"),
    Point("engine", "include.warehouse.publish:_swap_once", 6, "after"),
]


class Clean(NamedTuple):
    """Hashes of a run nobody disturbed."""

    raw: dict[str, TableHash]
    built: dict[str, TableHash]


@pytest.fixture(scope="module")
def clean(house: House) -> Clean:
    """The undisturbed run; its ingested state is saved for the build's kills."""
    assert house.run(INGEST) == 0, _log(house)
    raw = house.hash_raw()
    house.save("ingested")
    assert house.run(["build"]) == 0, _log(house)
    return Clean(raw, house.hash_built())


def test_the_undisturbed_run_is_worth_comparing_with(clean: Clean) -> None:
    filled = {name for name, found in {**clean.raw, **clean.built}.items() if found.rows}
    assert {
        "raw.raw_yandex_direct__ad_performance_daily", "raw.raw_files__lead",
        "raw.raw_quarantine", "core.core_attribution_credit", "mart.mart_funnel_cohort_daily",
        "mart.mart_channel_performance_daily",
    } <= filled  # fmt: skip


def test_running_everything_twice_changes_nothing(house: House, clean: Clean) -> None:
    assert house.run([*INGEST, "build"]) == 0, _log(house)
    assert house.hash_raw() == clean.raw
    assert house.hash_built() == clean.built


@pytest.mark.parametrize("point", INGEST_POINTS, ids=str)
def test_ingest_killed_and_run_again_equals_a_clean_run(
    house: House, clean: Clean, point: Point
) -> None:
    house.set_back("empty")
    died = house.run(INGEST, die_at=point.orders(house))
    _require_death(house, point, died)
    assert house.hash_raw() != clean.raw, "it died too late to prove anything"
    assert house.run(INGEST) == 0, _log(house)
    assert house.hash_raw() == clean.raw


@pytest.mark.parametrize("point", BUILD_POINTS, ids=str)
def test_a_build_killed_and_run_again_equals_a_clean_run(
    house: House, clean: Clean, point: Point
) -> None:
    house.set_back("ingested")
    died = house.run(["build"], die_at=point.orders(house))
    _require_death(house, point, died)
    assert house.hash_built() != clean.built, "it died too late to prove anything"
    assert house.run(["build"]) == 0, _log(house)
    assert house.hash_built() == clean.built


def _require_death(house: House, point: Point, died: int) -> None:
    if point.victim == "worker":
        assert died == -signal.SIGKILL, _log(house)
        return
    assert died == 1, _log(house)
    house.stop_engine()
    house.start_engine()


def _log(house: House) -> str:
    return Path(house.root / "runner.log").read_text("utf-8", "replace")[-4000:]
