"""The project's mappings on the real Olist files, against published counts."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from include.connectors.files import CONNECTOR
from include.connectors.protocol import Account

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def tables(project_root: Path, real_data: Path) -> dict[str, pa.Table]:
    """Everything the connector reads from the real folder, by resource."""
    options = {
        "folder": str(real_data / "olist"),
        "mapping_folders": [str(project_root / "mappings")],
    }
    connector = CONNECTOR(Account("files", "olist", options), lambda: NOW)
    found = {}
    for piece in connector.plan([], NOW, None):
        batches = list(connector.fetch(connector.start(piece).token))
        assert not [bad for batch in batches for bad in batch.rejected]
        found[piece.resource] = pa.Table.from_batches([b.rows for b in batches])
    return found


def test_every_lead_is_read_and_null_origins_stay_apart_from_unknown(tables):
    leads = tables["lead"]
    assert leads.num_rows == 8_000
    assert leads["source_label"].null_count == 60
    assert pc.sum(pc.equal(leads["source_label"], "unknown")).as_py() == 1_099
    assert leads["created_date"].null_count == 0


def test_every_deal_is_won_and_dated_in_sao_paulo(tables):
    deals = tables["deal"]
    assert deals.num_rows == 842
    assert pc.unique(deals["status"]).to_pylist() == ["won"]
    assert pc.count_distinct(deals["lead_id"]).as_py() == 842
    first = deals.slice(0, 1).to_pylist()[0]
    assert first["closed_at"] == datetime(2018, 2, 26, 22, 58, 54, tzinfo=UTC)
    assert dict(first["extra"])["business_segment"] == "pet"


def test_seller_revenue_sums_to_the_published_figure(tables):
    revenue = tables["customer_revenue"]
    assert revenue.num_rows == 2_970
    assert pc.sum(revenue["revenue_amount"]).as_py() == Decimal("13221498.11")
    assert pc.unique(revenue["currency_code"]).to_pylist() == ["BRL"]
