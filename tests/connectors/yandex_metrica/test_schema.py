"""What the connector yields is exactly what its raw contracts declare, and asks for no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.connectors.yandex_metrica import ATTRIBUTIONS, CONNECTOR
from include.connectors.yandex_metrica.fields import LOGS, MOST_FIELD_CHARACTERS
from include.contracts.arrow import arrow_schema
from include.contracts.reader import read_table
from include.sandbox.vendors.yandex_metrica.log_fields import require_fields

RAW = Path(__file__).resolve().parents[3] / "sql" / "raw"


@pytest.mark.parametrize("resource", sorted(CONNECTOR.resources))
def test_a_resource_has_the_columns_of_its_contract_in_order_and_type(resource):
    table = read_table(RAW / f"raw_yandex_metrica__{resource}.yaml")
    declared = CONNECTOR.resources[resource]
    assert declared.schema.equals(arrow_schema(table))
    assert declared.kind == table.kind
    assert set(declared.control_columns) <= set(declared.schema.names)
    assert declared.facts is not None


@pytest.mark.parametrize("log", sorted(LOGS))
@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_every_field_asked_for_exists_and_all_fit_one_request(log, attribution):
    fields = LOGS[log].fields(attribution)
    require_fields(LOGS[log].source, fields)
    assert len(",".join(fields)) <= MOST_FIELD_CHARACTERS
    assert len(set(fields)) == len(fields)


@pytest.mark.parametrize("log", sorted(LOGS))
def test_the_counter_stands_last_so_that_a_broken_line_never_looks_whole(log):
    assert LOGS[log].columns[-1].column == "counter_id"
