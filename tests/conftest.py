"""Fixtures every test may use: one embedded engine for the session, and clients to it.

Tests share the engine, so each cleans up or names its own databases; a test that kills or restarts
an engine starts one of its own.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from include.contracts.reader import read_catalog
from include.embedded import process
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.schema import apply_schema
from tests.airflow_home import airflow_home  # noqa: F401 - a fixture, and Airflow's environment

# Tests kill processes, never the machine: waiting for the disk would only double their time.
os.fsync = lambda _: None

# A slow moment of the machine is no counterexample: speed is measured by `make bench`.
settings.register_profile("throughline", deadline=None)
settings.load_profile("throughline")

# Public clients have an environment of their own: `make conformance`.
collect_ignore = ["conformance"]

LONGEST_FILES = (
    "killing/",
    "connectors/test_whole_world",
    "sandbox/test_public_clients",
    "test_olist_reference",
    "dags/test_ingest_run",
    "dags/test_backfill",
    "warehouse/test_publish",
)
"""Minutes each; begun last, one of them would keep one worker busy while the other has nothing."""

PROJECT_ROOT = Path(__file__).resolve().parent.parent
REAL_DATA = PROJECT_ROOT.parent / "shared" / "data"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; the others as they were."""
    tests = PROJECT_ROOT / "tests"
    items.sort(key=lambda item: not _relative(item, tests).startswith(LONGEST_FILES))


def _relative(item: pytest.Item, folder: Path) -> str:
    return item.path.relative_to(folder).as_posix() if item.path.is_relative_to(folder) else ""


@pytest.fixture(scope="session")
def project_root() -> Path:
    """The checkout under test."""
    return PROJECT_ROOT


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of real public data; the test is skipped where it is absent."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"real data is absent: {REAL_DATA}")
    return REAL_DATA


def _run_engine(folder: Path) -> Iterator[process.RunningEngine]:
    running = process.start(
        folder / "data",
        password="pipeline-secret",
        bi_password="bi-secret",
        log_path=folder / "engine.log",
    )
    yield running
    running.stop()


def _target_of(running: process.RunningEngine) -> ClickHouseTarget:
    return ClickHouseTarget(
        host=running.host, port=running.port, user=running.user, password=running.password
    )


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.RunningEngine]:
    """The embedded engine all tests of the session share."""
    yield from _run_engine(tmp_path_factory.mktemp("engine"))


@pytest.fixture(scope="session")
def target(engine: process.RunningEngine) -> ClickHouseTarget:
    """How the pipeline's login reaches the shared engine."""
    return _target_of(engine)


@pytest.fixture
def client(target: ClickHouseTarget) -> Iterator:
    """A client of the pipeline's login on the shared engine."""
    opened = connect(target)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def own_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.RunningEngine]:
    """An engine of the test module's own, for tests that fill the house's real tables."""
    yield from _run_engine(tmp_path_factory.mktemp("own_engine"))


@pytest.fixture(scope="module")
def own_target(own_engine: process.RunningEngine) -> ClickHouseTarget:
    """How the pipeline's login reaches the module's own engine."""
    return _target_of(own_engine)


@pytest.fixture(scope="session")
def prepared_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data folder of a stopped engine that has every table of the contracts, to be copied.

    Making the tables costs seconds, so one worker of the run makes them for all.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    store = folder / "prepared_store"
    with FileLock(folder / "prepared_store.lock"):
        if not (store / "is_whole").exists():
            shutil.rmtree(store, ignore_errors=True)
            for running in _run_engine(store):
                with connect(_target_of(running)) as opened:
                    apply_schema(opened, read_catalog(PROJECT_ROOT / "sql"))
            (store / "is_whole").touch()
    return store / "data"


@pytest.fixture(scope="module")
def house_engine(
    tmp_path_factory: pytest.TempPathFactory, prepared_store: Path
) -> Iterator[process.RunningEngine]:
    """An engine of the test module's own that has every table of the contracts, all empty."""
    folder = tmp_path_factory.mktemp("house_engine")
    shutil.copytree(prepared_store, folder / "data", symlinks=True)
    yield from _run_engine(folder)


@pytest.fixture(scope="module")
def house_target(house_engine: process.RunningEngine) -> ClickHouseTarget:
    """How the pipeline's login reaches that engine."""
    return _target_of(house_engine)
