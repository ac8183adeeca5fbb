"""An engine of its own for contract tests: they fill the databases of the layers themselves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from include.contracts.model import Catalog
from include.contracts.reader import read_catalog
from include.embedded import process
from include.warehouse.client import ClickHouseTarget, connect


@pytest.fixture(scope="session")
def catalog(project_root: Path) -> Catalog:
    """The project's own contracts."""
    return read_catalog(project_root / "sql")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of a fresh engine that holds nothing."""
    running = process.start(tmp_path_factory.mktemp("contracts") / "data", password="secret")
    target = ClickHouseTarget(running.host, running.port, running.user, running.password)
    opened = connect(target)
    yield opened
    opened.close()
    running.stop()
