"""Day after day raw holds the company's own deals: every version, and what is gone as gone."""

from __future__ import annotations

import pyarrow.compute as pc
import pytest
from clickhouse_connect.driver.client import Client

from include.ingestion.account_run import Done, run_account
from include.ingestion.report import IngestReport
from include.sandbox.world.world import World
from include.warehouse.landing import Landing
from tests.connectors.amocrm.conftest import AmoBench
from tests.sandbox.amocrm_account import day

pytestmark = pytest.mark.engine

LIVE = "raw.raw_amocrm__{}_live"


def _ingest(bench: AmoBench, landing: Landing, store: Client) -> IngestReport:
    clock = bench.stage.clock
    outcome = run_account(
        bench.connect(page_size=2),
        landing,
        store,
        None,
        clock.now,
        clock.now().isoformat(),
        account="demo",
        clock=clock.now,
    )
    assert isinstance(outcome, Done)
    return outcome.report


def _held(store: Client) -> dict[int, tuple[int, bool]]:
    """Deal → price and whether it is there, by its newest version and the newest scan."""
    rows = store.query(
        "select l.lead_id, argMax(l.price_amount, l.updated_at), any(s.lead_id != 0)"
        f" from {LIVE.format('lead')} l left join {LIVE.format('lead_scan')} s"
        " on s.lead_id = l.lead_id where not l.is_deleted group by l.lead_id"
        " settings join_use_nulls = 0"
    ).result_rows
    return {lead: (int(price), there) for lead, price, there in rows}


def _in_world(world: World, number: float) -> dict[int, tuple[int, bool]]:
    """The same by the company's own tables: deals, and enquiries that led to none."""
    shown = {}
    for deal in world.table("crm_deal").to_pylist():
        gone = deal["deleted_at"] or (deal["updated_at"] if deal["merged_into_id"] else None)
        if deal["created_at"] <= day(number):
            is_there = gone is None or gone > day(number)
            shown[deal["deal_id"]] = (round((deal["amount_micros"] or 0) / 10**6), is_there)
    shown[502] = (0, True)
    return shown


def test_raw_follows_the_company_from_run_to_run(bench, store, tmp_path):
    landing, world = Landing(str(tmp_path / "landing")), bench.stage.world
    for number in (7.5, 8.5, 11, 13, 16):
        bench.stage.clock.set(now=day(number))
        assert _ingest(bench, landing, store).is_changed
        assert _held(store) == _in_world(world, number)
    bench.stage.clock.advance(3600)
    again = _ingest(bench, landing, store)
    assert sum(counts.rows_loaded for counts in again.resources.values()) == 0
    versions = store.query(
        f"select status_id from {LIVE.format('lead')} where lead_id = 801 order by updated_at"
    ).result_rows
    assert [status for (status,) in versions][-4:] == [40_010_003, 143, 40_010_003, 142]
    last = store.query(
        "select e.entity_id, argMax(e.after_status_id, e.created_at)"
        f" = argMax(l.status_id, l.updated_at) from {LIVE.format('event')} e"
        f" join {LIVE.format('lead')} l on l.lead_id = e.entity_id"
        " where e.event_type = 'lead_status_changed' and not l.is_deleted group by e.entity_id"
    ).result_rows
    assert last
    assert all(agrees for _, agrees in last)


def test_calls_and_contacts_in_raw_are_those_of_the_company(bench, store, tmp_path):
    _ingest(bench, Landing(str(tmp_path / "landing")), store)
    world = bench.stage.world
    calls = store.query(f"select call_id from {LIVE.format('call_note')}").result_rows
    known = pc.unique(world.table("call")["call_id"]).to_pylist()
    assert {int(call) for (call,) in calls} == set(known) - {94}, "94 is nobody's phone"
    people = store.query(f"select contact_id, phones from {LIVE.format('contact')}").result_rows
    phones = {
        row["contact_id"]: row["phones"] or []
        for row in world.table("crm_contact").to_pylist()
        if row["deleted_at"] is None and not row["merged_into_id"]
    }
    assert dict(people) == phones
