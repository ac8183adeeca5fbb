"""Which days of a log are pulled: new, unsettled, changed in the report, a week old."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest

from include.connectors.protocol import (
    BadInput,
    IncompleteAnswer,
    Interval,
    KnownSlice,
    TemporaryFailure,
)
from include.connectors.yandex_metrica.day_totals import read_signatures
from tests.connectors.yandex_metrica.conftest import NOON, Bench
from tests.sandbox.metrica_company import make_company, make_visit, morning

SINCE_OCTOBER = {"history_from": "2026-10-20"}
SETTLED = datetime(2026, 11, 18, tzinfo=UTC)


def _days(pieces) -> list[date]:
    return [
        piece.interval.date_from + timedelta(days=n)
        for piece in pieces
        if piece.interval is not None
        for n in range((piece.interval.date_to - piece.interval.date_from).days)
    ]


def _known(bench: Bench, **options: Any) -> list[KnownSlice]:
    """Every day landed as the report shows it now, and long settled."""
    pieces = bench.connect(**options).plan([], bench.now, None)
    return [
        KnownSlice(k.resource, k.key, k.content_hash, NOON, k.row_count, k.watermark)
        for k in bench.remember(pieces)
    ]


@pytest.fixture(autouse=True)
def company(bench):
    bench.show(make_company(*(make_visit(day, morning(day)) for day in range(1, 20))))


def test_the_first_run_asks_for_the_whole_history_in_bounded_requests(bench):
    pieces = bench.connect(history_from="2026-09-01").plan([], bench.now, None)
    logs = [piece for piece in pieces if piece.resource == "visit"]
    days = _days(pieces)
    assert (days[0], days[-1]) == (date(2026, 9, 1), date(2026, 11, 19))
    assert len(set(days)) == len(days) == 80
    assert [len(_days([piece])) for piece in logs] == [31, 31, 18]
    assert pieces[-1].resource == "goal"


def test_hits_are_read_unless_told_otherwise(bench):
    pieces = bench.connect(include_hits=True).plan([], bench.now, None)
    assert [piece.resource for piece in pieces] == ["visit", "hit", "goal"]


def test_the_next_run_asks_for_the_new_and_the_unsettled_days_only(bench):
    known = _known(bench, **SINCE_OCTOBER)
    bench.stage.clock.advance(86_400)
    pieces = bench.connect(**SINCE_OCTOBER).plan(known, bench.now, None)
    # pulled on the 20th: the 17th settles three days after itself
    assert _days(pieces) == [date(2026, 11, day) for day in (17, 18, 19, 20)]


def test_a_change_the_report_shows_brings_its_day_back_and_no_other(bench):
    known = _known(bench, **SINCE_OCTOBER)
    visits = [make_visit(day, morning(day)) for day in range(1, 20)]
    for change in ({"goal_ids": [1]}, {"page_views": 9}, {"traffic_source": "organic"}):
        visits[4] |= change
        bench.show(make_company(*visits))
        pieces = bench.connect(lookback_days=0, **SINCE_OCTOBER).plan(known, bench.now, None)
        assert date(2026, 11, 5) in _days(pieces)
        bench.stage.clock.advance(1)
        known = _known(bench, **SINCE_OCTOBER)


def test_hits_have_a_sign_of_their_own(bench):
    options = SINCE_OCTOBER | {"include_hits": True, "lookback_days": 0}
    known = _known(bench, **options)
    # one visit more, over midnight: of the two days of its pages each is read again
    late = make_visit(50, morning(10, 20) + timedelta(minutes=59), duration_seconds=600)
    bench.show(make_company(*(make_visit(day, morning(day)) for day in range(1, 20)), late))
    pieces = bench.connect(**options).plan(known, bench.now, None)
    by_log = {log: _days([p for p in pieces if p.resource == log]) for log in ("visit", "hit")}
    assert by_log["visit"] == [date(2026, 11, 10)]
    assert by_log["hit"] == [date(2026, 11, 10), date(2026, 11, 11)]


def test_days_young_enough_for_uploads_are_read_once_a_week(bench):
    options = SINCE_OCTOBER | {"lookback_days": 0, "weekly_days": 5}
    known = _known(bench, **options)
    bench.stage.clock.advance(6 * 86_400)
    early = set(_days(bench.connect(**options).plan(known, bench.now, None)))
    assert min(early) == date(2026, 11, 20)
    bench.stage.clock.advance(86_400 + 1_200)
    due = set(_days(bench.connect(**options).plan(known, bench.now, None)))
    assert min(due) == date(2026, 11, 20)
    later = [k for k in known if k.key == "2026-11-19"]
    bench.stage.clock.set(now=NOON + timedelta(days=7, minutes=20))
    options["weekly_days"] = 9
    assert date(2026, 11, 19) in _days(bench.connect(**options).plan(later, bench.now, None))


def test_a_window_gives_exactly_its_days_that_are_over(bench):
    window = Interval(date(2026, 11, 18), date(2026, 11, 25))
    pieces = bench.connect().plan(_known(bench), bench.now, window)
    assert _days(pieces) == [date(2026, 11, 18), date(2026, 11, 19)]
    assert [piece.resource for piece in pieces] == ["visit"]


def test_every_slice_remembers_what_the_report_shows_of_its_days(bench):
    (piece, _) = bench.connect(history_from="2026-11-18").plan([], bench.now, None)
    assert piece.parameters["expected"] == {"2026-11-18": 1, "2026-11-19": 1}
    signatures = read_signatures(piece.watermark)
    assert list(signatures) == [date(2026, 11, 18), date(2026, 11, 19)]
    assert len(piece.watermark) < 80


@pytest.mark.parametrize("watermark", ["", "no json", "[]", '{"2026-13-01": "x"}'])
def test_a_watermark_of_another_kind_counts_as_none(watermark):
    assert read_signatures(watermark) == {}


def test_a_report_that_shows_nothing_where_rows_are_known_is_no_sign_of_change(bench):
    known = _known(bench, **SINCE_OCTOBER)
    bench.plant("zero_rows", "/stat/", count=2)
    with pytest.raises(IncompleteAnswer, match="asked twice"):
        bench.connect(**SINCE_OCTOBER).plan(known, bench.now, None)


def test_an_empty_report_is_asked_for_twice_before_it_is_believed(bench):
    bench.plant("zero_rows", "/stat/", count=1)
    (piece, _) = bench.connect(history_from="2026-11-18").plan([], bench.now, None)
    assert sum(piece.parameters["expected"].values()) == 2


@pytest.mark.parametrize("kind", ["sampled", "sensitive"])
def test_a_report_that_is_not_exact_is_refused(bench, kind):
    bench.plant(kind, "/stat/", count=9)
    with pytest.raises(TemporaryFailure, match="accuracy=full"):
        bench.connect().plan([], bench.now, None)


def test_a_report_of_many_pages_is_read_to_its_end(bench, monkeypatch):
    monkeypatch.setattr("include.connectors.yandex_metrica.day_totals.ROWS_PER_PAGE", 4)
    piece, _ = bench.connect(history_from="2026-11-01").plan([], bench.now, None)
    assert sum(piece.parameters["expected"].values()) == 19


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"counter": "shop"}, "counter"),
        ({"attribution": "best"}, "attribution"),
        ({"tolerance_percent": 101}, "tolerance_percent"),
        ({"days_per_request": 0}, "days_per_request"),
        ({"history_from": "soon"}, "history_from"),
        ({"include_hits": "yes"}, "include_hits"),
    ],
)
def test_a_wrong_option_is_named(bench, options, name):
    with pytest.raises(BadInput, match=name):
        bench.connect(**options)


def test_every_late_visit_and_goal_of_90_days_arrives_at_a_quarter_of_a_blind_rereads_rows(bench):
    random = np.random.default_rng(5)
    first = NOON - timedelta(days=95)
    visits, goals_told = [], {}
    for number in range(1, 96 * 5):
        started = first + timedelta(days=number // 5, minutes=int(random.integers(600)))
        late = timedelta(days=float(random.choice([0, 0, 0, 0, 1, 2, 30, 88])))
        visits.append(make_visit(number, started, known_at=started + late))
        if random.random() < 0.1:
            goals_told[number] = started + timedelta(days=float(random.integers(1, 85)))
    landed: dict[date, tuple[int, int]] = {}
    known: dict[str, KnownSlice] = {}
    options = {"history_from": first.date().isoformat(), "weekly_days": 0}
    rows_read = []
    for run in range(5):
        now = NOON + timedelta(days=run)
        bench.stage.clock.set(now=now)
        shown = [
            visit | {"goal_ids": [7] if goals_told.get(visit["visit_id"], now) < now else []}
            for visit in visits
        ]
        bench.show(make_company(*shown))
        pieces = [
            piece
            for piece in bench.connect(**options).plan(list(known.values()), now, None)
            if piece.resource == "visit"
        ]
        rows_read.append(0)
        for piece in pieces:
            table, _ = bench.pull(piece, **options)
            rows_read[-1] += table.num_rows
            for day in _days([piece]):
                mine = table.filter(pc.equal(table["visit_date"], day))
                landed[day] = (mine.num_rows, pc.sum(mine["goal_count"]).as_py() or 0)
            known |= {entry.key: entry for entry in bench.remember([piece])}
        assert landed == _truth(shown, now, landed)
    blind = sum(visits_of_day for visits_of_day, _ in landed.values())
    assert max(rows_read[1:]) <= blind / 4


def _truth(visits, now: datetime, days) -> dict[date, tuple[int, int]]:
    """Visits and goals per Moscow day of what is known by now."""
    counts: Counter[date] = Counter()
    goals: Counter[date] = Counter()
    for visit in visits:
        if visit["known_at"] <= now:
            day = (visit["started_at"] + timedelta(hours=3)).date()
            counts[day] += 1
            goals[day] += len(visit["goal_ids"])
    midnight = datetime.combine(max(days), time(), UTC)
    assert midnight + timedelta(days=1) >= now - timedelta(days=1)
    return {day: (counts[day], goals[day]) for day in days}
