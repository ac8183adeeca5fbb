"""What the connector yields is exactly what its raw contracts declare."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.connectors.ga4 import CONNECTOR
from include.contracts.arrow import arrow_schema
from include.contracts.reader import read_table

RAW = Path(__file__).resolve().parents[3] / "sql" / "raw"


@pytest.mark.parametrize("resource", sorted(CONNECTOR.resources))
def test_a_resource_has_the_columns_of_its_contract_in_order_and_type(resource: str) -> None:
    table = read_table(RAW / f"raw_ga4__{resource}.yaml")
    declared = CONNECTOR.resources[resource]
    assert declared.schema.equals(arrow_schema(table))
    assert declared.kind == table.kind
    assert set(declared.control_columns) <= set(declared.schema.names)
