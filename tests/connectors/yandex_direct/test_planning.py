"""Which days the Direct connector pulls, and in which requests."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.connectors._day_plan import group_days
from include.connectors.protocol import BadInput, Interval
from include.connectors.yandex_direct.planning import due_days

YESTERDAY = date(2026, 11, 19)


def _days(plan) -> list[date]:
    return [
        s.interval.date_from + timedelta(days=n)
        for s in plan
        if s.interval
        for n in range((s.interval.date_to - s.interval.date_from).days)
    ]


def test_a_new_account_gets_its_history_and_a_checkpoint_last(bench):
    plan = bench.connect().plan([], bench.stage.clock.now(), None)
    assert _days(plan) == [date(2026, 10, 21) + timedelta(days=n) for n in range(30)]
    assert [s.resource for s in plan] == ["ad_performance_daily", "ad_group", "ad", "campaign"]
    assert plan[-1].is_checkpoint
    assert plan[-1].watermark.startswith("2026-11-20T09:00:00Z|2026-10-21|")


def test_long_history_is_asked_for_in_bounded_requests_oldest_first(bench):
    plan = bench.connect(history_from="2026-01-01").plan([], bench.stage.clock.now(), None)
    spans = [s.interval for s in plan if s.interval]
    assert all((span.date_to - span.date_from).days <= 31 for span in spans)
    assert spans == sorted(spans, key=lambda span: span.date_from)
    assert _days(plan)[0] == date(2026, 1, 1)
    assert _days(plan)[-1] == YESTERDAY


def test_a_busy_account_gets_fewer_days_per_request(bench, known_days):
    known = known_days(date(2026, 11, 1), YESTERDAY)
    busy = [*known[:-1], type(known[0])(**(vars(known[-1]) | {"row_count": 100_000}))]
    window = Interval(date(2026, 9, 1), date(2026, 9, 29))
    plan = bench.connect().plan(busy, bench.stage.clock.now(), window)
    assert {(s.interval.date_to - s.interval.date_from).days for s in plan} <= {5, 3}


def test_settled_days_are_left_alone_and_the_last_three_pulled_again(bench, known_days):
    known = known_days(date(2026, 10, 21), YESTERDAY, watermark="2026-11-20T09:00:00Z")
    plan = bench.connect().plan(known, bench.stage.clock.now(), None)
    assert _days(plan) == [date(2026, 11, 17), date(2026, 11, 18), YESTERDAY]


def test_days_pulled_before_they_settled_are_pulled_again_after_an_outage(bench, known_days):
    known = known_days(
        date(2026, 10, 21), date(2026, 11, 10), age=1, watermark="2026-11-20T09:00:00Z"
    )
    plan = bench.connect().plan(known, bench.stage.clock.now(), None)
    assert _days(plan)[0] == date(2026, 10, 21)


def test_the_border_date_of_the_vendor_brings_older_days_back(bench, known_days):
    known = known_days(date(2026, 9, 1), YESTERDAY, watermark="2026-10-10T09:00:00Z")
    plan = bench.connect(history_from="2026-09-01").plan(known, bench.stage.clock.now(), None)
    book = bench.server.vendors["yandex_direct"].book
    since = bench.stage.clock.now() - timedelta(days=41)
    border = min(book.changed_since("demo-client", since, bench.stage.clock.now()).values())
    assert border < date(2026, 10, 8)
    assert _days(plan)[0] == max(border, date(2026, 9, 1))


def test_a_window_is_exactly_its_days_and_moves_no_watermark(bench, known_days):
    known = known_days(date(2026, 10, 21), YESTERDAY, watermark="2026-11-01T00:00:00Z")
    window = Interval(date(2026, 9, 29), date(2026, 10, 3))
    plan = bench.connect().plan(known, bench.stage.clock.now(), window)
    assert [(s.resource, s.interval) for s in plan] == [("ad_performance_daily", window)]


def test_nothing_is_planned_past_yesterday_in_moscow(bench):
    window = Interval(date(2026, 11, 18), date(2026, 12, 24))
    now = bench.stage.clock.now()
    assert _days(bench.connect().plan([], now, window))[-1] == YESTERDAY
    with_today = bench.connect(include_today=True).plan([], now, window)
    assert _days(with_today)[-1] == date(2026, 11, 20)
    future = Interval(date(2026, 12, 1), date(2026, 12, 3))
    assert bench.connect().plan([], now, future) == []


def test_midnight_is_moscows(bench):
    late = bench.stage.clock.now().replace(hour=21, minute=30)
    plan = bench.connect().plan([], late, Interval(date(2026, 11, 19), date(2026, 11, 30)))
    assert _days(plan) == [date(2026, 11, 19), date(2026, 11, 20)]


def test_two_plans_ask_under_two_names_and_a_resumed_one_under_the_same(bench):
    connector = bench.connect(processing_mode="offline")
    first, second = (
        connector.start(bench.days(date(2026, 11, 1), date(2026, 11, 9))) for _ in range(2)
    )
    assert first.token["params"]["ReportName"] != second.token["params"]["ReportName"]
    resumed = bench.connect(processing_mode="offline").poll(first.token)
    assert resumed.token == first.token


def test_history_reaches_no_further_back_than_the_vendor_keeps_it(bench):
    now = bench.stage.clock.now()
    plan = bench.connect(history_from="2015-01-01").plan([], now, None)
    assert _days(plan)[0] == date(2023, 11, 1)
    with pytest.raises(BadInput, match="2023-11-01"):
        bench.connect().plan([], now, Interval(date(2023, 10, 31), date(2023, 11, 5)))


@pytest.mark.parametrize(
    "option",
    [
        {"api_version": "v4"},
        {"include_vat": "yes"},
        {"lookback_days": "3"},
        {"days_per_request": 0},
    ],
)
def test_a_wrong_option_is_named(bench, option):
    with pytest.raises(BadInput, match=next(iter(option))):
        bench.connect(**option)


def test_a_wrong_history_day_is_named(bench):
    with pytest.raises(BadInput, match="history_from"):
        bench.connect(history_from="last year").plan([], bench.stage.clock.now(), None)


@given(
    st.sets(st.integers(0, 200), max_size=60),
    st.integers(1, 31),
)
def test_grouping_neither_loses_nor_adds_a_day(offsets, most):
    days = [date(2026, 1, 1) + timedelta(days=n) for n in offsets]
    runs = group_days(days, most)
    covered = [
        run.date_from + timedelta(days=n)
        for run in runs
        for n in range((run.date_to - run.date_from).days)
    ]
    assert covered == sorted(days)
    assert all((run.date_to - run.date_from).days <= most for run in runs)


def test_days_older_than_the_history_stay_known_and_can_still_change(known_days):
    known = {k.key: k for k in known_days(date(2026, 8, 1), YESTERDAY)}
    due = due_days(
        known, date(2026, 11, 20), date(2026, 10, 21), 3, False, changed_from=date(2026, 8, 15)
    )
    assert due[0] == date(2026, 8, 15)
