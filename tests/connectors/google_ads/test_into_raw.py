"""A generated company's spend at Google, its clicks and its ads, in raw as the world holds them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.compute as pc
import pytest
from clickhouse_connect.driver.client import Client

from include.connectors.google_ads import CONNECTOR
from include.connectors.protocol import Account, Host, Interval
from include.ingestion.account_run import Done, run_account
from include.ingestion.report import IngestReport
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.generator import make_world
from include.sandbox.world.world import World
from include.warehouse.landing import Landing
from tests.connectors.google_ads.contract_case import CASE, MANAGER

pytestmark = pytest.mark.engine

NOW = datetime(2026, 4, 10, 15, tzinfo=UTC)
"""Every figure of the small world (December and January) is final by now."""
BACKFILL = Interval(date(2026, 1, 11), date(2026, 1, 25))
"""Google keeps clicks for 90 days."""


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(1, "small")[0]


@pytest.fixture
def server(world: World) -> Iterator[VendorServer]:
    stage = Stage(world=world)
    stage.clock.set(now=NOW, frozen=True)
    with VendorServer(stage) as running:
        yield running


def _ingest(
    server: VendorServer,
    landing: Landing,
    store: Client,
    customer: str,
    window: Interval | None = None,
) -> IngestReport:
    clock = server.stage.clock
    options = {
        "base_url": server.vendor_urls["google_ads"],
        "login_customer_id": MANAGER,
        "history_from": "2026-04-08",
    }
    account = Account("google_ads", customer, options, dict(CASE.credentials))
    outcome = run_account(
        CONNECTOR(account, clock.now, Host(sleep=clock.advance)),
        landing,
        store,
        window,
        clock.now,
        clock.now().isoformat(),
        account=customer,
        clock=clock.now,
    )
    assert isinstance(outcome, Done)
    return outcome.report


def _ask(store: Client, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in store.query(sql).result_rows]


def _of(world: World, table: str) -> list[dict[str, Any]]:
    rows = world.table(table)
    column = "ad_vendor" if table == "visit" else "vendor"
    return rows.filter(pc.equal(rows[column], "google_ads")).to_pylist()


def test_raw_holds_what_the_company_spent_clicked_and_named(
    server: VendorServer, store: Client, world: World, tmp_path: Path
) -> None:
    (account,) = _of(world, "ad_account")
    customer, landing = account["account_id"], Landing(str(tmp_path / "landing"))
    assert _ingest(server, landing, store, customer, BACKFILL).is_changed

    spent: dict[tuple[date, int], list[int]] = {}
    by_ad: dict[tuple[date, int, int], int] = {}
    names = ("impressions", "clicks", "cost_micros", "conversions", "conversion_value_micros")
    for row in _of(world, "ad_stats"):
        if not BACKFILL.date_from <= row["stats_date"] < BACKFILL.date_to:
            continue
        sums = spent.setdefault((row["stats_date"], row["campaign_id"]), [0] * 5)
        spent[row["stats_date"], row["campaign_id"]] = [
            total + row[name] for total, name in zip(sums, names, strict=True)
        ]
        ad = (row["stats_date"], row["ad_group_id"], row["ad_id"])
        by_ad[ad] = by_ad.get(ad, 0) + row["cost_micros"]
    figures = ", ".join(f"sum({name})" for name in names)
    held = _ask(
        store,
        f"select stats_date, campaign_id, {figures} "
        "from raw.raw_google_ads__campaign_performance_daily_live group by all order by 1, 2",
    )
    assert held == [(*key, *spent[key]) for key in sorted(spent)]
    held_ads = _ask(
        store,
        "select stats_date, ad_group_id, ad_id, sum(cost_micros) "
        "from raw.raw_google_ads__ad_performance_daily_live group by all",
    )
    assert {row[:3]: row[3] for row in held_ads} == by_ad

    zone = ZoneInfo(account["time_zone"])
    clicked = {
        (row["click_id"], row["ad_id"])
        for row in _of(world, "visit")
        if row["click_id_kind"] == "gclid"
        and BACKFILL.date_from <= row["started_at"].astimezone(zone).date() < BACKFILL.date_to
    }
    assert clicked
    held_clicks = _ask(store, "select gclid, ad_id from raw.raw_google_ads__click_live")
    assert set(held_clicks) == clicked
    assert len(held_clicks) == len(clicked)

    assert _ingest(server, landing, store, customer).is_changed
    urls = {row["ad_id"]: row["landing_url"] for row in _of(world, "ad")}
    assert dict(_ask(store, "select ad_id, final_urls from raw.raw_google_ads__ad_live")) == urls

    server.stage.clock.advance(60)
    assert not _ingest(server, landing, store, customer).is_changed
