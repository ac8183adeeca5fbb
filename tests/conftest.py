"""Fixtures every test may use: one embedded engine for the session, and clients to it.

Tests share the engine, so each cleans up or names its own databases; a test that kills or restarts
an engine starts one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from include.embedded import process
from include.warehouse.client import ClickHouseTarget, connect
from tests.airflow_home import airflow_home  # noqa: F401 - a fixture, and Airflow's environment

PROJECT_ROOT = Path(__file__).resolve().parent.parent
REAL_DATA = PROJECT_ROOT.parent / "shared" / "data"


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


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.RunningEngine]:
    """The embedded engine all tests of the session share."""
    folder = tmp_path_factory.mktemp("engine")
    running = process.start(
        folder / "data",
        password="pipeline-secret",
        bi_password="bi-secret",
        log_path=folder / "engine.log",
    )
    yield running
    running.stop()


@pytest.fixture(scope="session")
def target(engine: process.RunningEngine) -> ClickHouseTarget:
    """How the pipeline's login reaches the shared engine."""
    return ClickHouseTarget(
        host=engine.host, port=engine.port, user=engine.user, password=engine.password
    )


@pytest.fixture
def client(target: ClickHouseTarget) -> Iterator:
    """A client of the pipeline's login on the shared engine."""
    opened = connect(target)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def own_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[process.RunningEngine]:
    """An engine of the test module's own, for tests that fill the house's real tables."""
    folder = tmp_path_factory.mktemp("own_engine")
    running = process.start(
        folder / "data",
        password="pipeline-secret",
        bi_password="bi-secret",
        log_path=folder / "engine.log",
    )
    yield running
    running.stop()


@pytest.fixture(scope="module")
def own_target(own_engine: process.RunningEngine) -> ClickHouseTarget:
    """How the pipeline's login reaches the module's own engine."""
    return ClickHouseTarget(
        host=own_engine.host,
        port=own_engine.port,
        user=own_engine.user,
        password=own_engine.password,
    )
