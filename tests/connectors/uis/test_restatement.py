"""Figures of the last 90 days are the vendor's after the very next run, at a fraction of the rows.

The clock is played day by day over a company whose calls come late and get their tags late. Counts
tell of late calls at once; tags of old days arrive when their day has its turn.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from include.connectors.protocol import Account
from include.connectors.uis import CONNECTOR, STALE_DAYS
from tests.connectors.day_ledger import DayLedger
from tests.sandbox.uis_company import NOON, make_brand, make_call

CALLS_A_DAY = 10
FIRST = datetime(2026, 8, 20, 6, tzinfo=UTC)
DAYS = 102
HOURS_OF_A_DAY = timedelta(minutes=7)


def _changed_at(day: int, number: int, begun: datetime) -> datetime:
    """Most tags are set at once; some long after the call."""
    if number == 0 and day % 8 == 0:
        return NOON + timedelta(days=1 + day // 8 % 8, hours=-1)
    return begun


def _make_calls():
    calls = []
    for day in range(DAYS):
        for number in range(CALLS_A_DAY):
            begun = FIRST + timedelta(days=day) + number * HOURS_OF_A_DAY
            known = begun
            if number == 1 and day % 10 == 5:
                known = max(begun, NOON + timedelta(days=1 + day // 10 % 8, hours=-1))
            changed = max(known, _changed_at(day, number, begun))
            identity = day * CALLS_A_DAY + number + 1
            calls.append(make_call(identity, begun, known_at=known, changed_at=changed))
    return calls


CALLS = _make_calls()


@pytest.fixture
def ledger(vendor_server):
    stage = vendor_server.stage
    stage.faults.clear()
    stage.knobs.clear()
    vendor_server.vendors["uis"].reset()
    stage.world = make_brand(*CALLS)
    stage.clock.set(now=NOON, factor=1000.0, frozen=True)
    options = {"base_url": vendor_server.vendor_urls["uis"], "history_from": "2026-08-20"}
    account = Account("uis", "uralkrep", options, {"token": "demo-token"})
    return DayLedger(vendor_server, CONNECTOR, account, "call")


def _truth(now: datetime):
    """Calls of each day that has ended; all are in the account's office hours."""
    shown = [c for c in CALLS if c["known_at"] <= now and c["started_at"].date() < now.date()]
    return Counter(call["started_at"].date() for call in shown)


def test_calls_of_the_last_ninety_days_are_right_after_every_run(ledger):
    clock = ledger.server.stage.clock
    ledger.run()
    corrected = set()
    for _ in range(9):
        clock.advance(86_400)
        before = Counter(row["call_date"] for row in ledger.live())
        rows = ledger.run()
        after, truth = Counter(row["call_date"] for row in ledger.live()), _truth(clock.now())
        oldest = clock.now().date() - timedelta(days=90)
        assert {day: after[day] for day in truth if day >= oldest} == {
            day: count for day, count in truth.items() if day >= oldest
        }
        assert rows <= 90 * CALLS_A_DAY / 4
        corrected |= {day for day in before if before[day] != after[day]}
    assert len(corrected) >= 6
    assert min(corrected) < (NOON - timedelta(days=75)).date()


def test_tags_of_old_days_arrive_when_the_days_have_their_turn(ledger):
    options = {**ledger.account.options, "history_from": "2026-10-06"}
    ledger.account = replace(ledger.account, options=options)
    clock = ledger.server.stage.clock
    ledger.run()
    late = {c["call_id"] for c in CALLS if c["known_at"] <= NOON < c["changed_at"]}
    due = {row["call_id"] for row in ledger.live()} & late
    assert len(due) > 3
    clock.advance(8 * 86_400)
    runs_of_a_cycle = -(-len(ledger.known) // STALE_DAYS)
    for _ in range(runs_of_a_cycle):
        ledger.run()
        clock.advance(86_400)
    assert due <= {row["call_id"] for row in ledger.live() if row["tags"]}


def test_ninety_days_have_their_turn_within_the_declared_runs():
    assert 90 / STALE_DAYS <= 18
    assert "within 18 runs" in CONNECTOR.resources["call"].facts.restatement
