"""Raw holds the company's own deals, people and stages, run after run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from clickhouse_connect.driver.client import Client

from include.ingestion.account_run import Done, run_account
from include.ingestion.report import IngestReport
from include.sandbox.world.crm_state import crm_rows
from include.sandbox.world.generator import make_world
from include.sandbox.world.world import World
from include.warehouse.landing import Landing
from tests.connectors.hubspot.conftest import PortalBench

pytestmark = pytest.mark.engine

FIRST = datetime(2026, 1, 12, 12, tzinfo=UTC)
LATE = datetime(2026, 1, 20, 12, tzinfo=UTC)
LIVE = "raw.raw_hubspot__{}_live"


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(1, "small")[0]


def _ingest(bench: PortalBench, landing: Landing, store: Client) -> IngestReport:
    clock = bench.stage.clock
    outcome = run_account(
        bench.connect(history_from="2025-06-01"),
        landing,
        store,
        None,
        clock.now,
        clock.now().isoformat(),
        account="62515",
        clock=clock.now,
    )
    assert isinstance(outcome, Done)
    return outcome.report


def _held(store: Client, kind: str, columns: str) -> set[tuple]:
    """The newest version of whoever is in the newest scan."""
    key = f"{kind}_id"
    rows = store.query(
        f"select {key}, {columns} from {LIVE.format(kind)} where {key} in"
        f" (select {key} from {LIVE.format(kind + '_scan')})"
        f" order by updated_at desc, _load_id desc limit 1 by {key}"
    ).result_rows
    return {tuple(tuple(v) if isinstance(v, list) else v for v in row) for row in rows}


def _living(world: World, kind: str, now: datetime) -> list[dict]:
    rows = crm_rows(world, "hubspot", kind, now).to_pylist()
    return [row for row in rows if row["deleted_at"] is None and not row["merged_into_id"]]


def test_raw_follows_the_company_from_run_to_run(bench, store, tmp_path, world):
    landing = Landing(str(tmp_path / "landing"))
    bench.stage.world = world
    bench.stage.knobs |= {"hubspot.ten_seconds_max": 10**6, "hubspot.searches_per_second": 10**6}
    for now in (FIRST, LATE):
        bench.stage.clock.set(now=now)
        assert _ingest(bench, landing, store).is_changed
        deals = {
            (
                row["deal_id"],
                Decimal(row["amount_micros"]).scaleb(-6).quantize(Decimal("0.0001")),
                row["currency_code"],
                row["manager_id"] or None,
            )
            for row in _living(world, "deal", now)
        }
        assert deals
        assert _held(store, "deal", "deal_amount, currency_code, manager_id") == deals
        people = {
            (row["contact_id"], (row["emails"] or [""])[0], (row["phones"] or [""])[0])
            for row in _living(world, "contact", now)
        }
        assert len(people) > 5
        assert _held(store, "contact", "email, phone") == people
    bench.stage.clock.advance(timedelta(minutes=1).total_seconds())
    again = _ingest(bench, landing, store)
    assert again.of("owner").slices_confirmed == again.of("deal_scan").slices_confirmed == 1
    counts = store.query(
        "select count(), countIf(d.stage_id = h.stage_id) from"
        f" (select * from {LIVE.format('deal')} order by updated_at desc limit 1 by deal_id) d"
        f" join (select object_id, argMax(value, changed_at) as stage_id"
        f" from {LIVE.format('stage_history')} where property_name = 'dealstage'"
        " group by object_id) h on h.object_id = d.deal_id"
    ).result_rows[0]
    assert counts[0] == counts[1] > 0
