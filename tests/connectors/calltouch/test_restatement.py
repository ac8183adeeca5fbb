"""Figures of the last 90 days are the vendor's after the very next run, at a fraction of the rows.

The clock is played day by day over a company whose calls come late and get their target mark late.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from include.connectors.calltouch import CONNECTOR
from include.connectors.protocol import Account
from tests.connectors.day_ledger import DayLedger
from tests.sandbox.calltouch_company import NOON, SITE, make_call, make_office

CALLS_A_DAY = 10
FIRST = datetime(2026, 8, 20, 6, tzinfo=UTC)
DAYS = 102
HOURS_OF_A_DAY = timedelta(minutes=7)


def _changed_at(day: int, number: int, begun: datetime) -> datetime:
    """Most marks are set at once; some long after the call."""
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
    vendor_server.vendors["calltouch"].reset()
    stage.world = make_office(*CALLS)
    stage.clock.set(now=NOON, factor=1000.0, frozen=True)
    options = {"base_url": vendor_server.vendor_urls["calltouch"], "history_from": "2026-08-20"}
    account = Account("calltouch", str(SITE), options, {"token": "demo-token"})
    return DayLedger(vendor_server, CONNECTOR, account, "call")


def _counted(rows, day_of, is_target):
    days = Counter()
    for row in rows:
        days[day_of(row), "calls"] += 1
        days[day_of(row), "target"] += bool(is_target(row))
    return days


def _landed(ledger):
    return _counted(ledger.live(), lambda r: r["call_date"], lambda r: r["is_target"])


def _truth(now: datetime):
    """Calls and target calls of each day that has ended; all are in Moscow's office hours."""
    shown = [c for c in CALLS if c["known_at"] <= now and c["started_at"].date() < now.date()]
    return _counted(shown, lambda c: c["started_at"].date(), lambda c: c["changed_at"] <= now)


def test_calls_and_marks_of_the_last_ninety_days_are_right_after_every_run(ledger):
    clock = ledger.server.stage.clock
    ledger.run()
    corrected = set()
    for _ in range(9):
        clock.advance(86_400)
        before = _landed(ledger)
        rows = ledger.run()
        after, truth = _landed(ledger), _truth(clock.now())
        oldest = clock.now().date() - timedelta(days=90)
        assert {k: after[k] for k in truth if k[0] >= oldest} == {
            k: v for k, v in truth.items() if k[0] >= oldest
        }
        assert rows <= 90 * CALLS_A_DAY / 4
        corrected |= {key for key in before if before[key] != after[key]}
    assert {kind for _, kind in corrected} == {"calls", "target"}
    assert len(corrected) >= 15
    assert min(corrected)[0] < (NOON - timedelta(days=75)).date()
