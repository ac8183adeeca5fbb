"""Which days are asked for, and in how long spans."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from include.connectors.protocol import BadInput, Interval, KnownSlice, Slice
from tests.connectors.google_ads.conftest import NOON, Bench


def test_a_window_beyond_what_google_keeps_is_refused(bench: Bench) -> None:
    old = Interval(date(2023, 9, 1), date(2023, 9, 5))
    with pytest.raises(BadInput, match="begin it later"):
        bench.connect().plan([], NOON, old)


def test_clicks_older_than_google_keeps_are_not_asked_for(bench: Bench) -> None:
    window = Interval(date(2026, 8, 20), date(2026, 8, 25))
    plan = bench.connect().plan([], NOON, window)
    days = [piece.interval.date_from for piece in plan if piece.resource == "click"]
    assert days == [date(2026, 8, 23), date(2026, 8, 24)]


def _know(resource: str, day: date, row_count: int) -> KnownSlice:
    pulled_at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(days=1)
    return KnownSlice(resource, day.isoformat(), "hash", pulled_at, row_count)


def _spans(plan: Sequence[Slice], resource: str) -> list[Interval]:
    return [piece.interval for piece in plan if piece.resource == resource and piece.interval]


def test_busy_days_are_asked_for_in_shorter_spans(bench: Bench) -> None:
    days = [date(2026, 11, 10) + timedelta(days=n) for n in range(10)]
    known = [_know("ad_performance_daily", day, 200_000) for day in days]
    known += [_know("keyword_performance_daily", day, 100) for day in days]
    plan = bench.connect().plan(known, NOON, Interval(days[0], days[-1]))
    spans = {
        name: max((s.date_to - s.date_from).days for s in _spans(plan, name))
        for name in ("ad_performance_daily", "keyword_performance_daily")
    }
    assert spans == {"ad_performance_daily": 2, "keyword_performance_daily": 9}


def test_a_first_run_reads_a_month_in_one_request_each(bench: Bench) -> None:
    plan = bench.connect(click_history_days=0).plan([], NOON, None)
    assert _spans(plan, "campaign_performance_daily") == [
        Interval(date(2026, 10, 21), date(2026, 11, 20))
    ]


def test_settled_days_that_still_agree_are_left_alone(bench: Bench) -> None:
    bench.stage.clock.set(now=NOON)
    day = date(2026, 11, 5)
    figures = {"cost_micros": "0", "clicks": "0", "impressions": "0"}
    figures |= {"conversions": "0.000000", "conversion_value_micros": "0"}
    pulled_at = datetime(2026, 11, 19, tzinfo=UTC)
    agreeing = KnownSlice("campaign_performance_daily", str(day), "h", pulled_at, 0, "", figures)
    other = KnownSlice(
        "campaign_performance_daily",
        str(day + timedelta(days=1)),
        "h",
        pulled_at,
        4,
        "",
        figures | {"conversions": "1.500000"},
    )
    options = {"history_from": "2026-11-19", "click_history_days": 0}
    plan = bench.connect(**options).plan([agreeing, other], NOON, None)
    assert _spans(plan, "campaign_performance_daily") == [
        Interval(date(2026, 11, 6), date(2026, 11, 7)),
        Interval(date(2026, 11, 19), date(2026, 11, 20)),
    ]
