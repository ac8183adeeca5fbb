"""What the connector yields is what the raw contracts declare."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.connectors.files import CONNECTOR
from include.contracts.arrow import arrow_schema
from include.contracts.reader import read_table


@pytest.mark.parametrize("resource", CONNECTOR.resources)
def test_each_schema_equals_its_raw_contract(resource: str, project_root: Path):
    contract = read_table(project_root / "sql" / "raw" / f"raw_files__{resource}.yaml")
    assert CONNECTOR.resources[resource].schema.equals(arrow_schema(contract))
