"""A real funnel from its files to published marts, against figures others have published of it.

8,000 leads, 842 won deals and their sellers' revenue go through the files source, landing, raw, a
whole build with its audit, and publication.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from include.connectors.files import CONNECTOR
from include.connectors.protocol import Account
from include.contracts.reader import read_catalog
from include.ingestion.account_run import Done, run_account
from include.warehouse import build
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.landing import Landing

FILES = (
    "olist_marketing_qualified_leads_dataset.csv.gz",
    "olist_closed_deals_dataset.csv.gz",
    "derived_seller_performance.csv.gz",
)
EARLY = "deal_closed_before_first_contact"

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def reference(real_data: Path) -> dict[str, Any]:
    """The figures published of the funnel."""
    return json.loads((real_data / "REFERENCE.json").read_text("utf-8"))["olist"]


@pytest.fixture(scope="module")
def store(
    house_target: ClickHouseTarget,
    real_data: Path,
    project_root: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Client]:
    """A store in which the funnel is published."""
    folder = tmp_path_factory.mktemp("olist")
    drop = folder / "drop"
    drop.mkdir()
    for name in FILES:
        shutil.copy(real_data / "olist" / name, drop)
    client = connect(house_target)
    catalog = read_catalog(project_root / "sql")
    mappings = [str(project_root / "mappings")]
    account = Account("files", "olist", {"folder": str(drop), "mapping_folders": mappings})
    outcome = run_account(
        CONNECTOR(account, _now),
        Landing(str(folder / "landing")),
        client,
        None,
        _now,
        "test-run",
        account="olist",
    )
    assert isinstance(outcome, Done)
    shop = build.Workshop(
        client=client,
        target=house_target,
        catalog=catalog,
        sql_root=project_root / "sql",
        business_zone="Europe/Moscow",
        identity_key="a key of the test",
        identity_key_version="v1",
    )
    build.run_build(shop, build.new_build_id(_now()), "cli:test:1")
    yield client
    client.close()


def _now() -> datetime:
    return datetime.now(UTC)


def _rows(store: Client, sql: str) -> list[tuple]:
    return list(store.query(sql).result_rows)


def test_leads_and_deals_equal_the_published_counts_per_origin(
    store: Client, reference: dict[str, Any]
) -> None:
    found = {
        "(null)" if label is None else label: [leads, deals]
        for label, leads, deals in _rows(
            store,
            "select source_label, sum(leads), sum(deals_won)"
            " from mart.mart_funnel_cohort_daily group by source_label",
        )
    }
    published = reference["leads_and_deals_by_origin"]
    assert found == {origin: counts[:2] for origin, counts in published.items()}


def test_silence_and_the_word_unknown_share_a_channel_and_nothing_else(store: Client) -> None:
    assert _rows(
        store,
        "select source_label, sum(leads), sum(deals_won) from mart.mart_funnel_cohort_daily"
        " where channel = 'unknown' group by source_label order by source_label nulls first",
    ) == [(None, 60, 14), ("unknown", 1099, 179)]


def test_cohorts_span_the_published_days_in_one_currency(
    store: Client, reference: dict[str, Any]
) -> None:
    (row,) = _rows(
        store,
        "select min(cohort_date), max(cohort_date), groupUniqArray(currency_code)"
        " from mart.mart_funnel_cohort_daily",
    )
    assert [str(row[0]), str(row[1])] == reference["first_contact"]
    assert row[2] == ["BRL"]


def test_revenue_of_won_sellers_is_whole_and_null_where_nothing_was_delivered(
    store: Client, reference: dict[str, Any]
) -> None:
    expected = Decimal(str(reference["delivered_product_revenue_of_deal_sellers"]))
    delivered = reference["deal_sellers_with_delivered_revenue"]
    assert _rows(
        store,
        "select sum(revenue_amount), sum(deals_won_with_revenue), sum(deals_won)"
        " from mart.mart_funnel_cohort_daily",
    ) == [(expected, delivered, reference["deals"])]
    assert _rows(
        store,
        "select countIf(revenue_amount is null), countIf(revenue_amount = 0) from core.core_deal"
        " where status = 'won'",
    ) == [(reference["deals"] - delivered, 0)]


@pytest.mark.parametrize("model", ["first", "last", "linear"])
def test_every_model_gives_out_the_whole_revenue(
    store: Client, reference: dict[str, Any], model: str
) -> None:
    expected = Decimal(str(reference["delivered_product_revenue_of_deal_sellers"]))
    assert _rows(
        store, f"select sum(revenue_{model}_amount) from mart.mart_channel_performance_daily"
    ) == [(expected,)]


def test_every_model_and_window_gives_out_the_whole_revenue_of_wins_in_every_mode_of_theirs(
    store: Client, reference: dict[str, Any]
) -> None:
    expected = Decimal(str(reference["delivered_product_revenue_of_deal_sellers"]))
    sums = _rows(
        store,
        "select model, window, mode, sum(revenue_amount), sum(credit)"
        " from mart.mart_attribution_daily_all_models group by model, window, mode",
    )
    assert len(sums) == 14 * 8 * 3
    assert {row[3:] for row in sums} == {(expected, reference["deals"])}


def test_the_deal_closed_before_its_first_contact_is_counted_listed_and_credited_to_no_touch(
    store: Client,
) -> None:
    ((key,),) = _rows(store, f"select subject_key from ops.data_findings where rule_id = '{EARLY}'")
    assert _rows(store, f"select status from core.core_deal where deal_key = '{key}'") == [("won",)]
    assert _rows(
        store,
        "select touch_key, channel, shares_first, shares_last, shares_shapley"
        f" from core.core_attribution_credit where kind = 'won' and deal_key = '{key}'",
    ) == [("", "unattributed", [1] * 8, [1] * 8, [1] * 8)]


def test_every_row_of_the_files_was_loaded_and_none_set_aside(
    store: Client, reference: dict[str, Any]
) -> None:
    loaded = dict(
        _rows(store, "select resource, sum(row_count) from ops.slice_log group by resource")
    )
    assert loaded["lead"] == reference["mql"]
    assert loaded["deal"] == reference["deals"]
    assert _rows(store, "select count() from raw.raw_quarantine") == [(0,)]
