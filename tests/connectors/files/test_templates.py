"""Each template reads the example its documentation shows, exactly, and refuses what is wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from include.connectors.files import CONNECTOR
from include.connectors.files.mapping_library import MappingLibrary
from include.connectors.protocol import Account, BadInput, KnownSlice
from tests.connectors.files.reading import read_bytes
from tests.connectors.files.template_page import MAPPINGS, TEMPLATES
from tests.connectors.files.template_rows import EXPECTED

NOW = datetime(2026, 3, 10, tzinfo=UTC)
FRAME = ("account_id", "file_name", "line_number")
SPOILT = {
    "template_bank_statement": ("Сумма=85400.50", "Сумма=восемьдесят", "bad_decimal"),
    "template_bank_table": (";;85 400,50;", ";1,00;85 400,50;", "two_filled"),
    "template_1c_payments": ("Возврат покупателю", "Прочее списание", "unknown_direction"),
    "template_1c_sales": ("06.03.2026;", "31.02.2026;", "bad_datetime"),
    "template_event_costs": ("45 300,50", "уточняется", "bad_decimal"),
    "template_email_results": (";1200;", ";30 %;", "bad_integer"),
    "template_chat_touches": ("03.03.2026 23:40", "", "missing_required"),
    "template_event_contacts": ("03.03.2026", "вчера", "bad_date"),
    "template_budget_plan": ("01.04.2026", "Апрель 2026", "bad_date"),
    "template_product_cost": ("54 100", "54.100", "bad_decimal"),
    "template_market_figures": (";год;", ";полугодие;", "unknown_period_kind"),
    "template_loyalty_survey": ("Быстрее отвечать в чате", "", "missing_required"),
}


def stated(row: dict) -> dict:
    """What a row says, without where it came from."""
    return {
        name: value for name, value in row.items() if value not in (None, []) if name not in FRAME
    }


def test_every_template_has_its_section_and_every_section_its_template():
    on_disk = {path.stem for path in MAPPINGS.glob("template_*.yaml")}
    assert set(TEMPLATES) == on_disk == set(EXPECTED) == set(SPOILT)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_reads_its_example_exactly(name):
    template = TEMPLATES[name]
    answer = read_bytes(template.data, template.mapping, template.file_name)
    assert answer.rejected == []
    expected = [{k: v for k, v in row.items() if v is not None} for row in EXPECTED[name]]
    assert [stated(row) for row in answer.rows] == expected


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_section_describes_every_column_its_mapping_fills(name):
    template = TEMPLATES[name]
    table = "\n".join(line for line in template.text.splitlines() if line.startswith("|"))
    for rule in template.mapping.columns.values():
        if rule.const is None:
            assert f"`{rule.name}`" in table, rule.name
            for source in rule.sources:
                assert f"`{source}`" in table, source


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_bad_row_of_a_template_is_set_aside_with_its_reason(name, caplog):
    template = TEMPLATES[name]
    old, new, code = SPOILT[name]
    assert old in template.example
    data = template.spell(template.example.replace(old, new, 1))
    answer = read_bytes(data, template.mapping, template.file_name)
    assert [reason for _, reason in answer.codes] == [code]
    expected = {k: v for k, v in EXPECTED[name][0].items() if v is not None}
    assert [stated(row) for row in answer.rows] == [expected]
    assert "does not mention" not in caplog.text


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_projects_mappings_claim_the_example_for_its_template_alone(name):
    library = MappingLibrary([[template.mapping for template in TEMPLATES.values()]])
    found = library.find(TEMPLATES[name].file_name)
    assert found is not None and found.name == name


def test_a_template_delivered_again_replaces_its_former_rows(tmp_path: Path):
    options = {"folder": str(tmp_path), "mapping_folders": [str(MAPPINGS)]}
    for template in TEMPLATES.values():
        (tmp_path / template.file_name).write_bytes(template.data)
    first = CONNECTOR(Account("files", "drop", options), lambda: NOW).plan([], NOW, None)
    assert {piece.resource for piece in first} == {
        template.mapping.entity.resource.name for template in TEMPLATES.values()
    }
    known = [KnownSlice(piece.resource, piece.key, "", NOW, 2, piece.watermark) for piece in first]
    for template in TEMPLATES.values():
        if template.name != "template_bank_statement":
            shorter = "\n".join(template.example.splitlines()[:2]) + "\n"
            (tmp_path / template.file_name).write_bytes(template.spell(shorter))
    connector = CONNECTOR(Account("files", "drop", options), lambda: NOW)
    again = connector.plan(known, NOW, None)
    assert len(again) == len(TEMPLATES) - 1
    assert {(piece.resource, piece.key) for piece in again} < {
        (piece.resource, piece.key) for piece in first
    }
    for piece in again:
        batches = list(connector.fetch(connector.start(piece).token))
        assert sum(batch.rows.num_rows for batch in batches) == 1


def test_a_template_that_lacks_a_column_stops_the_file_and_names_it():
    template = TEMPLATES["template_1c_sales"]
    data = template.spell(template.example.replace("Себестоимость", "Себест.", 1))
    with pytest.raises(BadInput, match="no column 'Себестоимость'"):
        read_bytes(data, template.mapping, template.file_name)
