"""Days found by counts alone, and the days whose turn it is to be read again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from include.connectors._day_plan import differing_days, recounted_days, stalest_days
from include.connectors.protocol import Interval, KnownSlice

FIRST = date(2026, 9, 1)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def _reject(known: dict[date, KnownSlice], day: date, count: int, age_days: int) -> None:
    """As if ``count`` rows of ``day`` had gone to quarantine when it was pulled."""
    known[day] = replace(known[day], rejected_count=count, pulled_at=NOW - timedelta(days=age_days))


def _known(rows: list[int], targets: list[int] | None = None) -> dict[date, KnownSlice]:
    found = {}
    for number, count in enumerate(rows):
        day = FIRST + timedelta(days=number)
        totals = {"is_target": str(targets[number])} if targets else {}
        found[day] = KnownSlice(
            "call", day.isoformat(), "", NOW - timedelta(days=number), count, "", totals
        )
    return found


class Vendor:
    """Counts rows of days, and how often it was asked."""

    def __init__(self, rows: dict[date, int], targets: dict[date, int] | None = None) -> None:
        self.rows = rows
        self.targets = targets
        self.asked = 0

    def count(self, span: Interval) -> dict[str, int]:
        self.asked += 1
        days = [
            span.date_from + timedelta(days=n) for n in range((span.date_to - span.date_from).days)
        ]
        told = {"rows": sum(self.rows.get(day, 0) for day in days)}
        if self.targets is not None:
            told["is_target"] = sum(self.targets.get(day, 0) for day in days)
        return told


def test_equal_counts_cost_one_question_a_week():
    known = _known([3] * 70)
    vendor = Vendor(dict.fromkeys(known, 3))
    assert recounted_days(known, vendor.count) == frozenset()
    assert vendor.asked == 10


def test_a_day_with_another_count_is_found_within_its_week():
    known = _known([3] * 70)
    vendor = Vendor(dict.fromkeys(known, 3) | {date(2026, 9, 20): 4})
    assert recounted_days(known, vendor.count) == {date(2026, 9, 20)}
    assert vendor.asked == 13


def test_days_that_are_not_known_are_not_asked_for():
    known = _known([3] * 10)
    del known[date(2026, 9, 4)]
    vendor = Vendor(dict.fromkeys(known, 3) | {date(2026, 9, 4): 9})
    assert recounted_days(known, vendor.count) == frozenset()


def test_sums_of_control_columns_are_compared_too():
    known = _known([3, 3], [1, 2])
    vendor = Vendor(dict.fromkeys(known, 3), {FIRST: 2, FIRST + timedelta(days=1): 1})
    assert recounted_days(known, vendor.count, span_days=1) == set(known)
    vendor.targets = {FIRST: 1, FIRST + timedelta(days=1): 2}
    assert recounted_days(known, vendor.count) == frozenset()


def test_the_stalest_days_have_their_turn_first_and_fresh_ones_none():
    known = _known([1] * 30)
    assert stalest_days(known, NOW, timedelta(days=27), 9) == {
        FIRST + timedelta(days=n) for n in (27, 28, 29)
    }
    assert stalest_days(known, NOW, timedelta(days=7), 2) == {
        FIRST + timedelta(days=n) for n in (28, 29)
    }


def test_a_day_with_rejected_rows_is_recounted_with_them_and_not_read_for_its_sums():
    known = _known([3] * 14, [1] * 14)
    day, other = FIRST + timedelta(days=3), FIRST + timedelta(days=5)
    _reject(known, day, 2, 0)
    vendor = Vendor(dict.fromkeys(known, 3) | {day: 5}, dict.fromkeys(known, 1) | {day: 9})
    assert recounted_days(known, vendor.count) == frozenset()
    vendor.targets[other] = 2
    assert recounted_days(known, vendor.count) == {other}, "its neighbours are compared as ever"
    vendor.rows[day] = 6
    assert recounted_days(known, vendor.count) == {day, other}


def test_a_day_with_rejected_rows_is_read_again_once_a_week_while_its_sums_differ():
    known = _known([3] * 5, [1] * 5)
    day = FIRST + timedelta(days=2)
    totals = {one: {"is_target": Decimal(1)} for one in known} | {day: {"is_target": Decimal(2)}}
    assert differing_days(known, totals, ["is_target"]) == {day}
    _reject(known, day, 1, 6)
    assert differing_days(known, totals, ["is_target"]) == frozenset()
    _reject(known, day, 1, 7)
    assert differing_days(known, totals, ["is_target"]) == {day}
    vendor = Vendor(dict.fromkeys(known, 3) | {day: 4}, dict.fromkeys(known, 1) | {day: 2})
    assert recounted_days(known, vendor.count) == {day}
