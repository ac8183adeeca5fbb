"""Day after day, raw holds what the vendor shows that day: nothing freezes, nothing doubles."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from clickhouse_connect.driver.client import Client

from include.ingestion.account_run import Done, Waiting, run_account
from include.ingestion.report import IngestReport
from include.warehouse.landing import Landing
from tests.connectors.yandex_direct.conftest import Bench

pytestmark = pytest.mark.engine

HISTORY_FROM = date(2026, 10, 25)
OPTIONS = {
    "history_from": HISTORY_FROM.isoformat(),
    "goals": ["111"],
    "attribution_models": ["AUTO"],
}


def _ingest(bench: Bench, landing: Landing, store: Client) -> IngestReport:
    """One daily run; each call is another process, and waiting moves the vendor's clock."""
    run_id = bench.stage.clock.now().isoformat()
    while True:
        outcome = run_account(
            bench.connect(**OPTIONS),
            landing,
            store,
            None,
            bench.stage.clock.now,
            run_id,
            account="demo-client",
            clock=bench.stage.clock.now,
        )
        if isinstance(outcome, Done):
            return outcome.report
        assert isinstance(outcome, Waiting)
        bench.stage.clock.advance(outcome.seconds + 1)


def _shown_by_vendor(bench: Bench) -> dict[tuple[date, int], tuple[int, int, int]]:
    """Clicks, cost and conversions per day and campaign as the vendor has them now."""
    now = bench.stage.clock.now()
    book = bench.server.vendors["yandex_direct"].book
    shown = {}
    day = HISTORY_FROM
    while day < (now + timedelta(hours=3)).date():
        facts = book.facts("demo-client", day, now)
        for index, campaign in enumerate(book.campaigns("demo-client")):
            mine = facts.campaign == index
            if mine.any():
                clicks, cost = facts.clicks[mine].sum(), facts.cost_micros[mine].sum()
                reached = facts.conversions[mine].sum()
                shown[day, campaign.id] = (int(clicks), int(cost), int(reached))
        day += timedelta(days=1)
    return shown


def _held_in_raw(store: Client) -> dict[tuple[date, int], tuple[int, int, int]]:
    rows = store.query(
        "select stats_date, campaign_id, sum(clicks), sum(cost_micros) "
        "from raw.raw_yandex_direct__ad_performance_daily_live group by all"
    ).result_rows
    reached = store.query(
        "select stats_date, campaign_id, sum(conversions) "
        "from raw.raw_yandex_direct__conversion_daily_live group by all"
    ).result_rows
    conversions = {(day, campaign): count for day, campaign, count in reached}
    assert conversions
    return {
        (day, campaign): (clicks, cost, conversions.get((day, campaign), 0))
        for day, campaign, clicks, cost in rows
    }


def _days_until_an_old_correction(bench: Bench) -> int:
    """Days from now until the vendor has corrected a day that had long settled."""
    now = bench.stage.clock.now()
    book = bench.server.vendors["yandex_direct"].book
    for days in range(1, 60):
        changed = book.changed_since("demo-client", now, now + timedelta(days=days))
        if HISTORY_FROM <= min(changed.values()) < now.date() - timedelta(days=5):
            return days
    raise AssertionError("no old day is corrected within two months, take another seed")


def test_recent_and_old_restatements_arrive_within_one_run(bench, store, tmp_path):
    landing = Landing(str(tmp_path / "landing"))
    _ingest(bench, landing, store)
    first = _held_in_raw(store)
    assert first == _shown_by_vendor(bench)
    for days in (1, _days_until_an_old_correction(bench)):
        bench.stage.clock.advance(days * 86_400)
        assert _ingest(bench, landing, store).is_changed
        assert _held_in_raw(store) == _shown_by_vendor(bench)
    held = _held_in_raw(store)
    corrected = [key[0] for key, figures in first.items() if held[key] != figures]
    assert min(corrected) < date(2026, 11, 15)
    assert not _ingest(bench, landing, store).is_changed
    assert _held_in_raw(store) == held
    listed = store.query("select count() from raw.raw_yandex_direct__ad_live").result_rows
    assert listed == [(len(bench.server.vendors["yandex_direct"].book.ads("demo-client")),)]
