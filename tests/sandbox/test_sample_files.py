"""The demo's drop folder: same bytes each time, and read by the project's own mappings."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from include.connectors.files import CONNECTOR
from include.connectors.protocol import Account, Rejected
from include.sandbox.sample_company import EARLY_DEALS, invent_company
from include.sandbox.sample_files import SEED, SPOILT_ROWS, write_sample_files
from include.sandbox.vendors.yandex_direct.generated_book import GeneratedBook

TODAY = date(2026, 3, 10)
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample company's drop folder."""
    root = tmp_path_factory.mktemp("drop")
    write_sample_files(root, today=TODAY)
    return root


@pytest.fixture(scope="module")
def delivered(folder: Path, project_root: Path) -> tuple[dict[str, list[dict]], list[Rejected]]:
    """Rows by table, and everything rejected."""
    options = {"folder": str(folder), "mapping_folders": [str(project_root / "mappings")]}
    connector = CONNECTOR(Account("files", "drop", options), lambda: NOW)
    rows: dict[str, list[dict]] = {"lead": [], "deal": [], "ad_cost_daily": []}
    rejected: list[Rejected] = []
    for piece in connector.plan([], NOW, None):
        batches = list(connector.fetch(connector.start(piece).token))
        table = pa.Table.from_batches([batch.rows for batch in batches])
        rows[piece.resource] += table.to_pylist()
        rejected += [bad for batch in batches for bad in batch.rejected]
    return rows, rejected


def test_the_same_seed_and_day_give_the_same_bytes(folder, tmp_path):
    again = write_sample_files(tmp_path, today=TODAY)
    assert len(again) >= 4
    for path in again:
        assert path.read_bytes() == (folder / path.name).read_bytes()
    other = write_sample_files(tmp_path / "other", seed=1, today=TODAY)
    assert other[0].read_bytes() != again[0].read_bytes()


def test_writing_again_leaves_the_files_alone(folder):
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    write_sample_files(folder, today=TODAY)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


def test_every_row_is_loaded_except_those_spoilt_on_purpose(delivered):
    rows, rejected = delivered
    company = invent_company(SEED, TODAY, 45)
    assert len(rows["lead"]) == len(company.leads)
    assert len(rows["deal"]) == len(company.deals)
    assert len(rows["ad_cost_daily"]) == len(company.costs)
    assert 540 <= len(company.leads) <= 680
    assert 70 <= len(company.deals) <= 115
    assert len(rejected) == sum(SPOILT_ROWS.values())


def test_all_statuses_and_origins_occur(delivered):
    rows, _ = delivered
    assert {row["status"] for row in rows["deal"]} == {"won", "lost", "open"}
    assert {row["source_label"] for row in rows["lead"]} >= {"Яндекс Директ", "Выставка", None}
    assert any(row["lead_id"] is None for row in rows["deal"])
    assert all(row["amount"] for row in rows["deal"] if row["status"] == "won")


def test_paid_leads_carry_campaigns_of_the_direct_stand_in(delivered):
    rows, _ = delivered
    campaigns = {str(item.id) for item in GeneratedBook(0).campaigns("demo-client")}
    used = {row["utm_campaign"] for row in rows["lead"] if row["utm_source"] == "yandex"}
    assert len(used) > 3
    assert used <= campaigns


def test_one_person_is_written_in_many_ways(delivered):
    rows, _ = delivered
    spellings: dict[str, set[str]] = {}
    for row in rows["lead"]:
        if row["email"] and "@" in row["email"]:
            spellings.setdefault(row["email"].lower(), set()).add(row["phone"] or "")
    assert sum(len(phones) > 1 for phones in spellings.values()) > 20


def test_some_deals_close_before_their_lead_exists(delivered):
    rows, _ = delivered
    created = {row["lead_id"]: row["created_at"] for row in rows["lead"]}
    early = [
        row["deal_id"]
        for row in rows["deal"]
        if row["closed_at"] and row["lead_id"] and row["closed_at"] < created[row["lead_id"]]
    ]
    assert early == list(EARLY_DEALS)
