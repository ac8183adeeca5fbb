"""The data dictionary says everything a reader of a number needs, and is up to date."""

from __future__ import annotations

from pathlib import Path

from include.contracts.dictionary import render
from include.contracts.graph import read_graph
from include.contracts.model import Catalog
from include.contracts.reader import read_catalog

CONTRACT = """\
description: One row per lead.
kind: table
grain: [lead_id]
order_by: [lead_id]
index_granularity: 1024
columns:
  - {name: lead_id, type: String, description: "The lead | its id.", description_ru: Лид.}
  - {name: cost_rub, type: "Decimal(18,2)", description: Cost., unit: RUB, currency: RUB,
     vat: net, definition_id: ad_cost, checks: [{between: [0, null]}]}
checks:
  - {id: has_rows, severity: warn, row_count_between: [1, null]}
"""


def test_a_table_is_described_with_units_currency_vat_and_both_languages(tmp_path: Path) -> None:
    (tmp_path / "core").mkdir()
    (tmp_path / "core" / "core_lead.yaml").write_text(CONTRACT, encoding="utf-8")
    text = render(read_catalog(tmp_path), {"core.core_lead": {"stg.stg_lead"}})
    assert "### core.core_lead\n\nOne row per lead." in text
    assert "* Rows read at a time: 1,024\n* Reads: `stg.stg_lead`" in text
    assert (
        "| Column | Type | Meaning | По-русски | Unit | Currency | VAT | Definition | Checked |"
        in text
    )
    assert "| `lead_id` | `String` | The lead \\| its id. | Лид. |" in text
    assert "| RUB | RUB | net | `ad_cost` | 0 to … |" in text
    assert "`has_rows` (warns): The table has between 1 and any rows." in text


def test_every_table_and_column_of_the_project_is_in_it(catalog: Catalog) -> None:
    text = render(catalog)
    for table in catalog:
        section = text.partition(f"\n### {table.full_name}\n")[2].partition("\n### ")[0]
        assert section, table.full_name
        for column in table.columns:
            assert f"| `{column.name}` | `{column.parsed_type.canonical}` |" in section


def test_the_written_dictionary_is_that_of_the_contracts(
    project_root: Path, catalog: Catalog
) -> None:
    written = (project_root / "docs" / "tables.md").read_text(encoding="utf-8")
    wanted = render(catalog, read_graph(project_root / "sql", catalog))
    assert written == wanted, "docs/tables.md is stale: run `python -m include.contracts`"
