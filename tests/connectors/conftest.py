"""An engine with the tables of one source, for the tests that follow rows into raw."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from include.contracts.model import Catalog
from include.contracts.reader import read_catalog
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.schema import apply_schema


@pytest.fixture(scope="module")
def store(
    own_target: ClickHouseTarget, project_root: Path, request: pytest.FixtureRequest
) -> Iterator[Client]:
    """The raw tables of the source the test's folder is named for, and what a load needs beside.

    All tables of the house take seconds to make, and no such test looks at another source's.
    """
    source = request.path.parent.name
    catalog = read_catalog(project_root / "sql")
    every = [*catalog.layer("ops"), *catalog.layer("raw")]
    wanted = {table.full_name: table for table in every if table.source in ("", source)}
    client = connect(own_target)
    apply_schema(client, Catalog(wanted))
    yield client
    client.close()
