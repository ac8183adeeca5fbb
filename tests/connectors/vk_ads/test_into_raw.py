"""The cabinets of a generated company arrive in raw as the world has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from include.connectors.protocol import Account, Host
from include.connectors.vk_ads import CONNECTOR
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
from tests.connectors.vk_ads.cabinet import AGENCY

pytestmark = pytest.mark.engine

SETTLED = datetime(2026, 4, 3, 9, tzinfo=UTC)
"""Two months after the last day of the small world: every figure is final."""
FIRST_DAY = date(2026, 1, 18)
ACCOUNT = "14060551"


@pytest.fixture
def store(own_target: ClickHouseTarget, project_root: Path) -> Iterator[Client]:
    """The tables of this source and of the books, on an engine of this module."""
    client = connect(own_target)
    tables = read_catalog(project_root / "sql").tables
    wanted = ("ops.", "raw.raw_vk_ads__", "raw.raw_quarantine")
    apply_schema(client, Catalog({n: t for n, t in tables.items() if n.startswith(wanted)}))
    yield client
    client.close()


def _ingest(server: VendorServer, landing: Landing, store: Client) -> IngestReport:
    clock = server.stage.clock
    options = {
        "base_url": server.vendor_urls["vk_ads"],
        "history_from": FIRST_DAY.isoformat(),
        "days_per_request": 92,
    }
    credentials = {**AGENCY, "agency_client_id": ACCOUNT}
    connector = CONNECTOR(
        Account("vk_ads", ACCOUNT, options, credentials), clock.now, Host(sleep=clock.advance)
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


def _in_world(world: World) -> dict[tuple[object, ...], tuple[object, ...]]:
    sums: dict[tuple[object, ...], Counter[str]] = {}
    names = ("impressions", "clicks", "cost_micros", "conversions")
    for row in world.table("ad_stats").to_pylist():
        if row["account_id"] == ACCOUNT and row["stats_date"] >= FIRST_DAY:
            keys = ("account_id", "stats_date", "campaign_id", "ad_group_id", "ad_id")
            found = sums.setdefault(tuple(row[key] for key in keys), Counter())
            found.update({name: row[name] for name in names})
    return {
        key: (f["impressions"], f["clicks"], Decimal(f["cost_micros"]) / 10**6, f["conversions"])
        for key, f in sums.items()
        if any(f.values())
    }


def test_raw_holds_every_banner_day_of_the_world_and_a_second_run_confirms_it(
    vk_server: VendorServer, store: Client, tmp_path: Path
) -> None:
    world, _ = make_world(1, "small")
    vk_server.stage.world = world
    vk_server.stage.faults.clear()
    vk_server.stage.knobs.clear()
    vk_server.stage.clock.set(now=SETTLED, frozen=True)
    vk_server.vendors["vk_ads"].reset()
    landing = Landing(str(tmp_path / "landing"))
    assert _ingest(vk_server, landing, store).is_changed
    held = store.query(
        "select account_id, stats_date, ad_plan_id, ad_group_id, banner_id,"
        " shows, clicks, spent_amount, goals from raw.raw_vk_ads__ad_performance_daily_live"
    ).result_rows
    assert {tuple(row[:5]): tuple(row[5:]) for row in held} == _in_world(world)
    assert len(held) == len(_in_world(world))
    links = store.query(
        "select banner_id, url from raw.raw_vk_ads__banner_url_live order by banner_id"
    ).result_rows
    campaigns = world.table("campaign").to_pylist()
    own = {row["campaign_id"] for row in campaigns if row["account_id"] == ACCOUNT}
    ads = [row for row in world.table("ad").to_pylist() if row["campaign_id"] in own]
    assert links == sorted((ad["ad_id"], ad["landing_url"]) for ad in ads)
    again = _ingest(vk_server, landing, store).resources["ad_performance_daily"]
    assert not again.is_changed
