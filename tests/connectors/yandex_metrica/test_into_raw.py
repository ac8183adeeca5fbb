"""Raw holds the visits and hits of the world; a killed run asks for nothing twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client

from include.ingestion.account_run import Done, Waiting, run_account
from include.ingestion.report import IngestReport
from include.sandbox.vendors.yandex_metrica.identifiers import to_world_visit_id
from include.warehouse.landing import Landing
from tests.connectors.yandex_metrica.conftest import Bench
from tests.sandbox.metrica_company import COUNTER, make_company, make_visit, morning

pytestmark = pytest.mark.engine

OPTIONS = {"history_from": "2026-11-10", "include_hits": True}
RAW = "raw.raw_yandex_metrica__"


@pytest.fixture
def landing(tmp_path: Path, store: Client) -> Landing:
    for table in ("visit", "hit", "goal"):
        store.command(f"truncate table {RAW}{table}")
    store.command("truncate table ops.slice_log")
    store.command("truncate table ops.ingest_run")
    return Landing(str(tmp_path / "landing"))


def _step(bench: Bench, landing: Landing, store: Client, run_id: str) -> Done | Waiting:
    """One try of a run, as a process of its own would make it."""
    return run_account(
        bench.connect(**OPTIONS),
        landing,
        store,
        None,
        bench.stage.clock.now,
        run_id,
        account=str(COUNTER),
        clock=bench.stage.clock.now,
    )


def _ingest(bench: Bench, landing: Landing, store: Client) -> IngestReport:
    """One daily run; waiting moves the vendor's clock."""
    run_id = bench.now.isoformat()
    while isinstance(outcome := _step(bench, landing, store, run_id), Waiting):
        bench.stage.clock.advance(outcome.seconds + 1)
    return outcome.report


def _visits(store: Client) -> dict[int, tuple[object, ...]]:
    rows = store.query(
        "select visit_id, visit_date, started_at, client_id, page_views, goal_ids, goal_times, "
        f"purchase_revenues, params_key2, yclid, length(watch_ids) from {RAW}visit_live"
    ).result_rows
    return {to_world_visit_id(visit): tuple(rest) for visit, *rest in rows}


VISITS = [
    make_visit(1, morning(12), click_id_kind="yclid", click_id="5", goal_ids=[7, 7]),
    make_visit(2, morning(17), user_id='it\'s "u"', page_views=2, metrica_client_id=2**63 + 1),
    make_visit(3, morning(18, 20) + timedelta(minutes=59), duration_seconds=600, page_views=2),
]


def test_visits_and_hits_arrive_with_their_arrays_and_a_second_run_confirms_them(
    bench, store, landing
):
    bench.show(make_company(*VISITS))
    first = _ingest(bench, landing, store)
    assert first.is_changed
    found = _visits(store)
    reached = datetime(2026, 11, 12, 6, 2, tzinfo=UTC)
    naive = reached.replace(tzinfo=None)
    assert found[1][:5] == (
        date(2026, 11, 12),
        found[1][1],
        VISITS[0]["metrica_client_id"],
        3,
        [7, 7],
    )
    assert [moment.replace(tzinfo=None) for moment in found[1][5]] == [naive, naive]
    assert found[1][8:] == ("5", 3)
    assert found[2][2] == 2**63 + 1
    assert found[2][7] == ['it\'s "u"']
    per_day = store.query(
        f"select hit_date, count() from {RAW}hit_live group by hit_date order by hit_date"
    ).result_rows
    assert per_day == [
        (date(2026, 11, 12), 3),
        (date(2026, 11, 17), 2),
        (date(2026, 11, 18), 1),
        (date(2026, 11, 19), 1),
    ]
    joined = store.query(
        f"select count() from {RAW}hit_live as hit inner join "
        f"(select arrayJoin(watch_ids) as watch_id from {RAW}visit_live) as seen "
        "on hit.watch_id = seen.watch_id"
    ).result_rows[0][0]
    assert joined == 7
    assert store.query(f"select count() from {RAW}goal_live").result_rows[0][0] >= 5
    bench.stage.clock.advance(3_600)
    assert not _ingest(bench, landing, store).is_changed
    assert _visits(store) == found


def test_a_late_visit_of_an_old_day_arrives_with_the_next_run(bench, store, landing):
    late = make_visit(4, morning(11), known_at=morning(21))
    bench.show(make_company(*VISITS, late))
    _ingest(bench, landing, store)
    assert set(_visits(store)) == {1, 2, 3}
    bench.stage.clock.advance(86_400)
    assert _ingest(bench, landing, store).is_changed
    assert set(_visits(store)) == {1, 2, 3, 4}


def test_a_run_killed_while_it_waits_goes_on_with_the_log_it_asked_for(bench, store, landing):
    bench.show(make_company(*VISITS))
    assert isinstance(_step(bench, landing, store, "killed"), Waiting)
    asked = {each["request_id"] for each in bench.requests()}
    assert len(asked) == 2
    bench.stage.clock.advance(120)
    # another process, which knows only what the first one kept in landing
    assert isinstance(_step(bench, landing, store, "killed"), Done)
    assert set(_visits(store)) == {1, 2, 3}
    ended = bench.requests()
    assert {each["status"] for each in ended} == {"cleaned_by_user"}
    assert {each["request_id"] for each in ended} == asked
