"""The sample drop folder all the way into raw: through landing, the engine and the slice log."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from include.connectors.files import CONNECTOR
from include.connectors.protocol import Account
from include.ingestion.account_run import Done, run_account
from include.ingestion.report import IngestReport
from include.sandbox.sample_files import SPOILT_ROWS, write_sample_files
from include.warehouse.landing import Landing
from tests.connectors.files.template_page import TEMPLATES
from tests.connectors.files.template_rows import EXPECTED

TODAY = date(2026, 3, 10)
OFFICE = "office"
TABLES = ("lead", "deal", "ad_cost_daily")


def ingest(
    store: Client, root: Path, mappings: Path, run_id: str, account: str = "drop"
) -> IngestReport:
    """One run of an account."""

    def now() -> datetime:
        return datetime.now(UTC)

    options = {"folder": str(root / "drop"), "mapping_folders": [str(mappings)]}
    connector = CONNECTOR(Account("files", account, options), now)
    landing = Landing(str(root / "landing"))
    outcome = run_account(connector, landing, store, None, now, run_id, account=account)
    assert isinstance(outcome, Done)
    return outcome.report


def count(store: Client, table: str, account: str = "drop") -> int:
    """Rows a reader sees of an account."""
    statement = (
        f"select count() from raw.raw_files__{table}_live where account_id = {{name:String}}"
    )
    return int(store.query(statement, {"name": account}).result_rows[0][0])


@pytest.mark.engine
def test_a_drop_folder_is_ingested_once_and_a_redelivery_replaces_itself(
    store: Client, tmp_path: Path, project_root: Path
):
    write_sample_files(tmp_path / "drop", today=TODAY)
    mappings = project_root / "mappings"
    first = ingest(store, tmp_path, mappings, "run 1")
    for table in TABLES:
        counts = first.resources[table]
        assert counts.rows_in == counts.rows_loaded + counts.rows_quarantined
        assert counts.rows_quarantined == SPOILT_ROWS[table]
        assert count(store, table) == counts.rows_loaded > 0
    second = ingest(store, tmp_path, mappings, "run 2")
    assert not second.is_changed

    costs = tmp_path / "drop" / "offline_costs.tsv"
    kept = costs.read_bytes().splitlines(keepends=True)[:3]
    costs.write_bytes(b"".join(kept))
    third = ingest(store, tmp_path, mappings, "run 3")
    assert third.resources["ad_cost_daily"].slices_loaded == 1
    assert count(store, "ad_cost_daily") == 2
    assert count(store, "lead") == first.resources["lead"].rows_loaded

    # Laid beside the data, the same mapping takes the file over: nothing may count twice.
    own = (mappings / "demo_offline_costs.yaml").read_text(encoding="utf-8")
    (tmp_path / "drop" / "own.mapping.yaml").write_text(own, encoding="utf-8")
    ingest(store, tmp_path, mappings, "run 4")
    assert count(store, "ad_cost_daily") == 2


@pytest.mark.engine
def test_every_template_is_ingested_its_bad_rows_set_aside_and_a_redelivery_replaced(
    store: Client, tmp_path: Path, project_root: Path
):
    drop = tmp_path / "drop"
    drop.mkdir()
    for template in TEMPLATES.values():
        (drop / template.file_name).write_bytes(template.data)
    first = ingest(store, tmp_path, project_root / "mappings", "run 5", OFFICE)
    expected: dict[str, int] = {}
    for name, rows in EXPECTED.items():
        table = TEMPLATES[name].mapping.entity.resource.name
        expected[table] = expected.get(table, 0) + len(rows)
    assert {table: first.resources[table].rows_loaded for table in expected} == expected
    assert {table: count(store, table, OFFICE) for table in expected} == expected
    paid = store.query(
        "select direction, sum(amount) from raw.raw_files__payment_live "
        "where file_name = 'kl_to_1c_2026-03.txt' group by direction order by direction"
    )
    assert [(way, str(total)) for way, total in paid.result_rows] == [
        ("in", "244000.00"),
        ("out", "85400.50"),
    ]

    sales = TEMPLATES["template_1c_sales"]
    spoilt = sales.example.replace("06.03.2026;", "вчера;", 1)
    (drop / sales.file_name).write_bytes(sales.spell(spoilt))
    second = ingest(store, tmp_path, project_root / "mappings", "run 6", OFFICE)
    assert second.resources["sale"].rows_quarantined == 1
    assert count(store, "sale", OFFICE) == 1
