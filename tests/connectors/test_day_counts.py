"""Days found by counts alone, and the days whose turn it is to be read again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from include.connectors._day_plan import recounted_days, stalest_days
from include.connectors.protocol import Interval, KnownSlice

FIRST = date(2026, 9, 1)
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


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
