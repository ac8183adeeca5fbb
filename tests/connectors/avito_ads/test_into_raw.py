"""The advertisers of a generated company arrive in raw as the world has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from include.connectors.avito_ads import CONNECTOR
from include.connectors.protocol import Account, Host
from include.contracts.model import Catalog
from include.contracts.reader import read_catalog
from include.ingestion.account_run import Done, run_account
from include.ingestion.report import IngestReport
from include.sandbox.vendors.server import VendorServer
from include.sandbox.world.generator import make_world
from include.sandbox.world.world import World
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.landing import Landing
from include.warehouse.schema import apply_schema
from tests.connectors.avito_ads.advertiser import CREDENTIALS

pytestmark = pytest.mark.engine

SETTLED = datetime(2026, 4, 3, 9, tzinfo=UTC)
"""Two months after the last day of the small world: every figure is final."""
FIRST_DAY = date(2026, 1, 18)
ACCOUNT = "3017"
RAW = "raw.raw_avito_ads__ad_performance_daily_live"


@pytest.fixture
def store(own_target: ClickHouseTarget, project_root: Path) -> Iterator[Client]:
    """The tables of this source and of the books, on an engine of this module."""
    client = connect(own_target)
    tables = read_catalog(project_root / "sql").tables
    wanted = ("ops.", "raw.raw_avito_ads__", "raw.raw_quarantine")
    apply_schema(client, Catalog({n: t for n, t in tables.items() if n.startswith(wanted)}))
    yield client
    client.close()


def _ingest(server: VendorServer, landing: Landing, store: Client) -> IngestReport:
    clock = server.stage.clock
    options = {
        "base_url": server.vendor_urls["avito_ads"],
        "history_from": FIRST_DAY.isoformat(),
        "days_per_request": 100,
    }
    connector = CONNECTOR(
        Account("avito_ads", ACCOUNT, options, CREDENTIALS), clock.now, Host(sleep=clock.advance)
    )
    outcome = run_account(
        connector,
        landing,
        store,
        None,
        clock.now,
        f"{ACCOUNT} {clock.now().isoformat()}",
        account=ACCOUNT,
        clock=clock.now,
    )
    assert isinstance(outcome, Done)
    return outcome.report


def _in_world(world: World, *keys: str) -> dict[tuple[object, ...], Counter[str]]:
    sums: dict[tuple[object, ...], Counter[str]] = {}
    for row in world.table("ad_stats").to_pylist():
        if row["account_id"] == ACCOUNT and row["stats_date"] >= FIRST_DAY:
            found = sums.setdefault(tuple(row[key] for key in keys), Counter())
            found.update({n: row[n] for n in ("impressions", "clicks", "cost_micros")})
    return {key: found for key, found in sums.items() if any(found.values())}


def test_raw_holds_every_creative_day_and_the_campaigns_own_money(
    avito_server: VendorServer, store: Client, tmp_path: Path
) -> None:
    world, _ = make_world(1, "small")
    avito_server.stage.world = world
    avito_server.stage.faults.clear()
    avito_server.stage.knobs.clear()
    avito_server.stage.clock.set(now=SETTLED, frozen=True)
    avito_server.vendors["avito_ads"].reset()
    landing = Landing(str(tmp_path / "landing"))
    assert _ingest(avito_server, landing, store).is_changed
    held = store.query(
        f"select account_id, stats_date, campaign_id, creative_id, views, clicks from {RAW}"
        " where creative_id > 0"
    ).result_rows
    cells = _in_world(world, "account_id", "stats_date", "campaign_id", "ad_id")
    wanted = {key: (f["impressions"], f["clicks"]) for key, f in cells.items()}
    assert {tuple(row[:4]): tuple(row[4:]) for row in held} == wanted
    _assert_money(store, world)
    again = _ingest(avito_server, landing, store)
    assert not again.resources["ad_performance_daily"].is_changed


def _assert_money(store: Client, world: World) -> None:
    """Of a campaign-day: to the rouble, as the vendor tells none of the kopecks."""
    held: dict[tuple[str, date, int], Decimal] = {
        tuple(row[:3]): row[3]
        for row in store.query(
            f"select account_id, stats_date, campaign_id, sum(spend_amount) from {RAW} group by all"
        ).result_rows
    }
    cells = _in_world(world, "account_id", "stats_date", "campaign_id")
    told = {key: Decimal(round(found["cost_micros"] / 1_000_000)) for key, found in cells.items()}
    assert held == told
