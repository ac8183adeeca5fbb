"""What the company spent at Meta is what raw holds, and a second run confirms it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from include.connectors.meta_ads import CONNECTOR
from include.connectors.protocol import Account, Host
from include.ingestion.account_run import Done, run_account
from include.ingestion.report import IngestReport
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.warehouse.landing import Landing
from tests.connectors.meta_ads.meta_world import ACCOUNT, NOW, make_world, plain_stats

pytestmark = pytest.mark.engine

STATS = plain_stats()


@pytest.fixture
def server() -> Iterator[VendorServer]:
    stage = Stage(world=make_world(STATS, statuses={11: "archived"}))
    stage.clock.set(now=NOW, frozen=True)
    with VendorServer(stage) as running:
        yield running


def _ingest(server: VendorServer, landing: Landing, store: Client) -> IngestReport:
    clock = server.stage.clock
    options = {"base_url": server.vendor_urls["meta_ads"], "history_from": "2026-03-01"}
    account = Account("meta_ads", ACCOUNT, options, {"token": "demo-token"})
    run_id = clock.now().isoformat()
    while True:
        outcome = run_account(
            CONNECTOR(account, clock.now, Host(sleep=clock.advance)),
            landing,
            store,
            None,
            clock.now,
            run_id,
            account=ACCOUNT,
            clock=clock.now,
        )
        if isinstance(outcome, Done):
            return outcome.report
        clock.advance(outcome.seconds + 1)


def _ask(store: Client, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in store.query(sql).result_rows]


def test_raw_holds_what_the_company_spent_and_got(server, store, tmp_path):
    landing = Landing(str(tmp_path / "landing"))
    assert _ingest(server, landing, store).is_changed
    spent = _ask(
        store,
        "select stats_date, ad_id, sum(impressions), sum(clicks), sum(cost_micros)"
        " from raw.raw_meta_ads__ad_performance_daily_live group by all order by all",
    )
    assert spent == sorted(
        (r["stats_date"], r["ad_id"], r["impressions"], r["clicks"], r["cost_micros"])
        for r in STATS
    )
    got = _ask(
        store,
        "select stats_date, ad_id, toUInt32(action_count), action_value_micros"
        " from raw.raw_meta_ads__ad_action_daily_live where action_type = 'lead' order by all",
    )
    assert got == sorted(
        (r["stats_date"], r["ad_id"], r["conversions"], r["conversion_value_micros"])
        for r in STATS
        if r["conversions"]
    )
    assert not _ingest(server, landing, store).is_changed


def test_archived_ads_are_listed_with_their_link_and_their_parents(server, store, tmp_path):
    _ingest(server, Landing(str(tmp_path / "landing")), store)
    assert _ask(
        store,
        "select campaign_id, campaign_name, effective_status from raw.raw_meta_ads__campaign_live",
    ) == [(11, "Autumn", "ARCHIVED")]
    assert _ask(store, "select ad_set_id, campaign_id from raw.raw_meta_ads__ad_set_live") == [
        (110, 11)
    ]
    assert _ask(
        store,
        "select ad_id, ad_set_id, landing_url, url_tags from raw.raw_meta_ads__ad_live"
        " order by ad_id",
    ) == [
        (number, 110, "https://northbolt.example/bolts", "utm_content={{ad.id}}")
        for number in (1101, 1102)
    ]
