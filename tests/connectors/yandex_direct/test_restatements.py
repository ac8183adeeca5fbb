"""Old figures and late conversions arrive within one run, at a fraction of a blind re-read."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.connectors.protocol import IncompleteAnswer, Slice
from include.connectors.yandex_direct.day_totals import (
    DayTotals,
    digest_days,
    recall,
    remember,
)
from include.connectors.yandex_direct.planning import read_signs
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.sandbox.vendors.yandex_direct.ad_book import vat_rate_on
from include.sandbox.world.ad_figures import ad_figures
from include.sandbox.world.ad_restatements import CURVES
from include.sandbox.world.world import World
from include.warehouse.landing import Landing
from tests.connectors.contract.reading import Reader
from tests.connectors.contract.source_case import Play
from tests.connectors.yandex_direct.contract_case import CASE, SOURCE, cell, make_world

FIRST_DAY, LAST_DAY = date(2026, 8, 20), date(2026, 11, 30)
BEGIN = datetime(2026, 11, 20, 9, tzinfo=UTC)
RECENT = date(2026, 10, 28)
RUNS, WINDOW = 4, 90
KOPECK = 10_000
CORRECTED = {date(2026, 8, 26): 21, date(2026, 9, 30): 23, date(2026, 11, 2): 25}
"""Old day → the day of November its figures are lowered on."""
Figures = dict[tuple[date, int], tuple[int, int, int]]


def _make_world(first: date) -> World:
    days = [first + timedelta(days=n) for n in range((LAST_DAY - first).days)]
    stats = [
        cell(
            day,
            40 + day.day,
            (30 + day.day) * 1_000_000,
            ad_id=ad_id,
            keyword_id=ad_id * 10,
            device=device,
            conversions=8 + day.day % 4 if ad_id == 1101 else 0,
        )
        for day in days
        for ad_id, device in ((1101, "mobile"), (1102, "desktop"), (1103, "mobile"))
    ]
    corrections = [
        {
            "vendor": SOURCE,
            "account_id": "sever",
            "campaign_id": 11,
            "stats_date": day,
            "corrected_at": datetime(2026, 11, at, 3, tzinfo=UTC),
            "metric": metric,
            "factor": 1.25,
        }
        for day, at in CORRECTED.items()
        for metric in ("clicks", "cost")
        if day >= first
    ]
    curves = [
        {"vendor": SOURCE, "metric": metric, "age_days": age, "share": share}
        for metric, shares in CURVES[SOURCE].items()
        for age, share in shares.items()
    ]
    return make_world(stats, ad_correction=corrections, restatement_curve=curves)


@pytest.fixture
def read_from() -> Iterator[Callable[[date], Reader]]:
    """Readers of a history, landing in memory: nothing here is about disks."""
    server = VendorServer(Stage(seed=1))

    def make(first: date) -> Reader:
        options = {
            "history_from": first.isoformat(),
            "goals": ["111"],
            "attribution_models": ["AUTO"],
        }
        play = Play(world=_make_world(first), options=options, now=BEGIN)
        made = Reader(CASE, play, server, Landing(f"memory://direct-{uuid.uuid4().hex}"))
        made.set_stage()
        return made

    with server:
        yield make


def _shown(world: World, first: date, now: datetime) -> Figures:
    """Clicks, cost and conversions the vendor shows now, from the world's own curves."""
    today = (now + timedelta(hours=3)).date()
    rows = ad_figures(world, SOURCE, "sever", first, today, now)
    names = ["clicks", "cost_micros", "conversions"]
    grouped = rows.group_by(["stats_date", "campaign_id"]).aggregate([(n, "sum") for n in names])
    return {
        (row["stats_date"], row["campaign_id"]): tuple(int(row[f"{name}_sum"]) for name in names)
        for row in grouped.to_pylist()
    }


def _held(reader: Reader) -> Figures:
    sums: dict[tuple[date, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for row in reader.live_rows("ad_performance_daily").to_pylist():
        own = sums[row["stats_date"], row["campaign_id"]]
        own[0] += row["clicks"]
        own[1] += row["cost_micros"]
    for row in reader.live_rows("conversion_daily").to_pylist():
        sums[row["stats_date"], row["campaign_id"]][2] += row["conversions"]
    return {key: (figures[0], figures[1], figures[2]) for key, figures in sums.items()}


def _require_equal(held: Figures, shown: Figures) -> None:
    """Every campaign-day exactly, so every account-day too.

    Without VAT the vendor restates in whole kopecks, so rounding each row by itself loses nothing.
    """
    assert all(cost % KOPECK == 0 for _, cost, _ in shown.values())
    assert held == shown


def test_every_restatement_arrives_within_a_run_for_a_quarter_of_a_blind_read(
    read_from: Callable[[date], Reader],
) -> None:
    reader = read_from(FIRST_DAY)
    reader.read()
    world = reader.play.world
    _require_equal(_held(reader), _shown(world, FIRST_DAY, BEGIN))
    before, blind = reader.row_count(), 0
    for _ in range(RUNS):
        reader.server.stage.clock.advance(86_400)
        reader.read()
        now = reader.server.stage.clock.now()
        _require_equal(_held(reader), _shown(world, FIRST_DAY, now))
        first = (now.date() - timedelta(days=WINDOW)).isoformat()
        blind += sum(k.row_count for k in reader.known() if first <= k.key != "snapshot")
    assert reader.row_count() - before <= blind / 4


def test_with_vat_an_account_day_is_the_sum_of_what_the_vendor_shows_a_row(
    read_from: Callable[[date], Reader],
) -> None:
    """VAT makes parts of kopecks of every row: nobody can read more than the rounded rows."""
    reader = read_from(RECENT)
    reader.options["include_vat"] = "YES"
    reader.read()
    for _ in range(RUNS):
        reader.server.stage.clock.advance(86_400)
        reader.read()
    now = reader.server.stage.clock.now()
    shown: dict[date, int] = defaultdict(int)
    today = (now + timedelta(hours=3)).date()
    for row in ad_figures(reader.play.world, SOURCE, "sever", RECENT, today, now).to_pylist():
        with_vat = row["cost_micros"] * (100 + int(vat_rate_on(row["stats_date"]))) // 100
        shown[row["stats_date"]] += round(with_vat / KOPECK) * KOPECK
    held: dict[date, int] = defaultdict(int)
    for (day, _), (_, cost, _) in _held(reader).items():
        held[day] += cost
    assert held == shown


def test_a_failed_run_loses_no_change(read_from: Callable[[date], Reader]) -> None:
    """The totals of a run are remembered only when all of its reports have arrived."""
    reader = read_from(RECENT)
    reader.read()
    clock = reader.server.stage.clock
    clock.advance(5 * 86_400)
    for piece in reader.connect().plan(reader.known(), clock.now(), None)[:1]:
        reader._land(piece)
    clock.advance(86_400)
    reader.read()
    _require_equal(_held(reader), _shown(reader.play.world, RECENT, clock.now()))


def test_a_change_no_total_shows_is_read_again_from_its_day_on(
    read_from: Callable[[date], Reader],
) -> None:
    reader = read_from(RECENT)
    reader.read()
    reader.server.stage.clock.advance(6 * 86_400)
    now = reader.server.stage.clock.now()
    known = reader.known()
    explained = reader.connect().plan(known, now, None)
    timestamp, _ = recall(max(k.watermark for k in known))
    _, totals = recall(explained[-1].watermark)
    known = [replace(k, watermark=remember(timestamp, totals)) if k.watermark else k for k in known]
    unexplained = reader.connect().plan(known, now, None)
    assert min(_days(explained)) == date(2026, 11, 2)
    assert date(2026, 11, 3) not in _days(explained)
    assert min(_days(unexplained)) <= date(2026, 11, 2)
    assert date(2026, 11, 3) in _days(unexplained)


def test_days_older_than_the_totals_reach_are_left_to_the_vendors_border() -> None:
    days = [date(2026, 11, 1) + timedelta(days=n) for n in range(10)]
    before = DayTotals(dict.fromkeys(days, "a"), dict.fromkeys(days, "a"))
    moved = DayTotals(before.figures | {days[4]: "b"}, before.conversions)
    signs = read_signs(moved, before, date(2026, 10, 30), date(2026, 11, 9))
    assert signs["ad_performance_daily"].changed_from is None
    assert signs["ad_performance_daily"].changed_days == {
        date(2026, 10, 30),
        date(2026, 10, 31),
        days[4],
    }
    assert days[4] not in signs["conversion_daily"].changed_days


def test_other_goals_bring_every_day_of_conversions_back(
    read_from: Callable[[date], Reader],
) -> None:
    reader = read_from(RECENT)
    reader.read()
    reader.options["goals"] = ["111", "222"]
    reader.slices.clear()
    reader.read()
    again = {resource: _days(reader.slices, resource) for resource in reader.connect().resources}
    assert min(again["conversion_daily"]) == RECENT
    assert len(again["ad_performance_daily"]) == 3


def test_an_empty_report_of_days_with_clicks_is_no_answer(
    read_from: Callable[[date], Reader],
) -> None:
    reader = read_from(RECENT)
    plan = reader.connect().plan([], BEGIN, None)
    reader.server.stage.faults.plant(Fault("zero_rows", SOURCE, "", 50))
    with pytest.raises(IncompleteAnswer, match="totals of these days are not"):
        reader._land(plan[0])


@settings(deadline=None, max_examples=40)
@given(
    st.dictionaries(st.integers(0, 89), st.text("abc", min_size=1, max_size=3), max_size=20),
    st.text("0123456789abcdef", max_size=8),
)
def test_a_watermark_remembers_totals(cells: dict[int, str], definition: str) -> None:
    told = {FIRST_DAY + timedelta(days=n): {"Clicks": text} for n, text in cells.items()}
    totals = digest_days(FIRST_DAY, FIRST_DAY + timedelta(days=89), told, definition)
    timestamp, recalled = recall(remember("2026-11-20T09:00:00Z", totals))
    assert timestamp == "2026-11-20T09:00:00Z"
    assert recalled == replace(totals, busy_days=frozenset())
    assert not totals.moved_figures(recalled)


def _days(plan: Sequence[Slice], resource: str = "ad_performance_daily") -> list[date]:
    return [
        piece.interval.date_from + timedelta(days=n)
        for piece in plan
        if piece.resource == resource and piece.interval is not None
        for n in range((piece.interval.date_to - piece.interval.date_from).days)
    ]
