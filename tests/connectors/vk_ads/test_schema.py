"""What the connector yields is exactly what its raw contracts declare."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.connectors.vk_ads import CONNECTOR
from include.contracts.arrow import arrow_schema
from include.contracts.reader import read_table


@pytest.mark.parametrize("resource", sorted(CONNECTOR.resources))
def test_a_resource_has_the_columns_of_its_contract_in_order_and_type(
    resource: str, project_root: Path
) -> None:
    table = read_table(project_root / "sql" / "raw" / f"raw_vk_ads__{resource}.yaml")
    declared = CONNECTOR.resources[resource]
    assert declared.schema.equals(arrow_schema(table))
    assert declared.kind == table.kind
    assert set(declared.control_columns) <= set(declared.schema.names)
