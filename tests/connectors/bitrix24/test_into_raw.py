"""Raw holds the company's own deals, people, calls and stages, run after run."""

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
from tests.connectors.bitrix24.conftest import PortalBench

pytestmark = pytest.mark.engine

FIRST = datetime(2026, 1, 12, 12, tzinfo=UTC)
LATE = datetime(2026, 1, 20, 12, tzinfo=UTC)
LIVE = "raw.raw_bitrix24__{}_live"


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
        account="acme",
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
    rows = crm_rows(world, "bitrix24", kind, now).to_pylist()
    return [row for row in rows if row["deleted_at"] is None and not row["merged_into_id"]]


def test_raw_follows_the_company_from_run_to_run(bench, store, tmp_path, world):
    landing = Landing(str(tmp_path / "landing"))
    bench.stage.world = world
    bench.stage.knobs |= {"bitrix24.relink_merged": False, "bitrix24.bucket_size": 10_000}
    for now in (FIRST, LATE):
        bench.stage.clock.set(now=now)
        assert _ingest(bench, landing, store).is_changed
        deals = {
            (
                row["deal_id"],
                Decimal(row["amount_micros"]).scaleb(-6).quantize(Decimal("0.01")),
                row["manager_id"] or 1,
                row["contact_id"] or None,
            )
            for row in _living(world, "deal", now)
        }
        assert len(deals) > 10
        assert _held(store, "deal", "opportunity_amount, manager_id, contact_id") == deals
        people = {
            (row["contact_id"], tuple(row["phones"] or []), tuple(row["emails"] or []))
            for row in _living(world, "contact", now)
        }
        assert _held(store, "contact", "phones, emails") == people
    bench.stage.clock.advance(timedelta(minutes=1).total_seconds())
    again = _ingest(bench, landing, store)
    assert again.of("user").slices_confirmed == again.of("deal_scan").slices_confirmed == 1
    _assert_last_entries_are_stages(store)
    _assert_calls(store, world)


def _assert_last_entries_are_stages(store: Client) -> None:
    counts = store.query(
        "select count(), countIf(d.stage_id = h.stage_id) from"
        f" (select * from {LIVE.format('deal')} order by updated_at desc limit 1 by deal_id) d"
        f" join (select owner_id, argMax(stage_id, event_id) as stage_id"
        f" from {LIVE.format('stage_history')} where entity_type = 'deal' group by owner_id) h"
        " on h.owner_id = d.deal_id"
    ).result_rows[0]
    assert counts[0] == counts[1] > 10


def _assert_calls(store: Client, world: World) -> None:
    managers = {
        row["manager_id"]
        for row in world.table("crm_manager").to_pylist()
        if row["crm"] == "bitrix24"
    }
    ours = {
        (str(row["call_id"]), row["talk_seconds"] or 0 if row["status"] == "answered" else 0)
        for row in world.table("call").to_pylist()
        if row["tracker"] == "calltouch"
        and (row["known_at"] or row["started_at"]) <= LATE
        and (row["manager_id"] or 0) in {0, *managers}
    }
    rows = store.query(
        f"select external_call_id, talk_seconds from {LIVE.format('call')}"
    ).result_rows
    assert len(ours) > 10
    assert set(rows) == ours
    assert len(rows) == len(ours)
