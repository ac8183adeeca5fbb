"""Calls of the last 90 days are the portal's after the very next run, at a fraction of the rows.

The clock is played day by day over a company whose calls are filed late, some of them weeks late.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from include.connectors.bitrix24 import CONNECTOR
from include.connectors.protocol import Account
from include.sandbox.world.world import World
from tests.connectors.bitrix24.conftest import HOOK
from tests.connectors.day_ledger import DayLedger

NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
FIRST = datetime(2026, 8, 20, 6, tzinfo=UTC)
DAYS, CALLS_A_DAY = 102, 6


def _make_calls():
    calls = []
    for day in range(DAYS):
        for number in range(CALLS_A_DAY):
            begun = FIRST + timedelta(days=day, minutes=7 * number)
            known = begun
            if number == 1 and day % 6 == 5:
                known = max(begun, NOON + timedelta(days=1 + day // 6 % 6, hours=-1))
            calls.append(
                {
                    "tracker": "calltouch",
                    "call_id": day * CALLS_A_DAY + number + 1,
                    "direction": "in",
                    "status": "answered",
                    "caller_phone": "+79160000002",
                    "talk_seconds": 60 + number,
                    "manager_id": 0,
                    "started_at": begun,
                    "known_at": known,
                }
            )
    return calls


CALLS = _make_calls()


@pytest.fixture
def ledger(bench):
    bench.stage.world = World.of(call=CALLS)
    options = {
        "base_url": bench.server.vendor_urls["bitrix24"],
        "history_from": "2026-08-20",
        "leave_out": [name for name in CONNECTOR.resources if name != "call"],
    }
    return DayLedger(bench.server, CONNECTOR, Account("bitrix24", "acme", options, HOOK), "call")


def _truth(now: datetime) -> Counter:
    days: Counter = Counter()
    for call in CALLS:
        if call["known_at"] <= now and call["started_at"] <= now:
            days[call["started_at"].date(), "calls"] += 1
            days[call["started_at"].date(), "seconds"] += call["talk_seconds"]
    return days


def _landed(ledger: DayLedger) -> Counter:
    days: Counter = Counter()
    for row in ledger.live():
        days[row["call_date"], "calls"] += 1
        days[row["call_date"], "seconds"] += row["talk_seconds"]
    return days


def test_calls_of_the_last_ninety_days_are_right_after_every_run(ledger):
    clock = ledger.server.stage.clock
    ledger.run()
    corrected = set()
    for _ in range(6):
        clock.advance(86_400)
        before = _landed(ledger)
        rows = ledger.run()
        after, truth = _landed(ledger), _truth(clock.now())
        oldest = clock.now().date() - timedelta(days=90)
        assert {k: v for k, v in after.items() if k[0] >= oldest} == {
            k: v for k, v in truth.items() if k[0] >= oldest
        }
        assert rows <= 90 * CALLS_A_DAY / 4
        corrected |= {key for key in before if before[key] != after[key]}
    assert len(corrected) >= 20
    assert min(corrected)[0] < (NOON - timedelta(days=75)).date()
