"""A small house of the toy source on an engine of the module's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from include.contracts.model import Catalog
from include.contracts.reader import read_catalog
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.landing import Landing
from include.warehouse.schema import apply_schema
from tests.ingestion.toy_run import Clock
from tests.ingestion.toy_source import ToyVendor, write_contracts

FILLED = ("raw.raw_toy__spend", "raw.raw_toy__event", "raw.raw_quarantine",
          "ops.slice_log", "ops.ingest_run", "ops.build_log")  # fmt: skip


@pytest.fixture(scope="module")
def toy_catalog(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Catalog:
    """Contracts of the toy house."""
    root = tmp_path_factory.mktemp("house") / "sql"
    write_contracts(root, project_root)
    return read_catalog(root)


@pytest.fixture
def store(own_target: ClickHouseTarget, toy_catalog: Catalog) -> Iterator[Client]:
    """A client of the toy house, every table empty."""
    client = connect(own_target)
    apply_schema(client, toy_catalog)
    for table in FILLED:
        client.command(f"truncate table {table}")
    yield client
    client.close()


@pytest.fixture
def landing(tmp_path: Path) -> Landing:
    """An empty landing zone."""
    return Landing(str(tmp_path / "landing"))


@pytest.fixture
def vendor() -> ToyVendor:
    """A vendor that has nothing yet."""
    return ToyVendor()


@pytest.fixture
def clock() -> Clock:
    """A clock that stands, but for a millisecond a look."""
    return Clock()
