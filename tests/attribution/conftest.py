"""A client that lasts for a module's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from clickhouse_connect.driver.client import Client

from include.warehouse.client import ClickHouseTarget, connect


@pytest.fixture(scope="module")
def engine_client(target: ClickHouseTarget) -> Iterator[Client]:
    """The pipeline's login on the shared engine."""
    with connect(target) as client:
        yield client
