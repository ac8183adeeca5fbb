"""Day after day, what is here is what the vendor shows, without reading ninety days again."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from include.sandbox.world.ad_figures import ad_figures
from include.sandbox.world.ad_restatements import make_curves
from include.sandbox.world.world import World
from tests.connectors.contract.reading import Reader
from tests.connectors.contract.source_case import Play
from tests.connectors.vk_ads.cabinet import OWN, SOURCE, cell, make_cabinet
from tests.connectors.vk_ads.conftest import MakeReader

START = datetime(2026, 11, 1, 9, tzinfo=UTC)
HISTORY_FROM = date(2026, 8, 3)
"""Ninety days before the start."""
RUNS = 4
BANNERS = tuple(100 * plan + 11 + n for plan in (101, 102, 103) for n in range(4))
CORRECTED = {1: 85, 2: 40, 4: 11}
"""Run → how many days before it the corrected day lies."""


def _make_world() -> World:
    stats = [
        cell(
            HISTORY_FROM + timedelta(days=day),
            banner,
            1000 + 13 * day + place,
            20 + (day + place) % 7,
            f"{100 + day}.{10 + place}",
            (day + place) % 4,
        )
        for day in range(100)
        for place, banner in enumerate(BANNERS)
    ]
    corrections = [
        {
            "vendor": SOURCE,
            "stats_date": (START + timedelta(days=run - back)).date(),
            "campaign_id": 102,
            "corrected_at": START + timedelta(days=run, hours=-3),
            "metric": metric,
            "factor": 1.3,
        }
        for run, back in CORRECTED.items()
        for metric in ("clicks", "cost", "conversions")
    ]
    curves = make_curves().to_pylist()
    return make_cabinet(stats, BANNERS, ad_correction=corrections, restatement_curve=curves)


def _shown(world: World, now: datetime) -> dict[date, tuple[int, ...]]:
    """Cost in micros, clicks and goals of every day that is over, as the vendor has them now."""
    today = (now + timedelta(hours=3)).date()
    rows = ad_figures(world, SOURCE, OWN, HISTORY_FROM, today, now).to_pylist()
    names = ("cost_micros", "clicks", "conversions")
    sums: list[Counter[date]] = [Counter() for _ in names]
    for row in rows:
        for counter, name in zip(sums, names, strict=True):
            counter[row["stats_date"]] += row[name]
    return {day: tuple(counter[day] for counter in sums) for day in sums[0]}


def _held(reader: Reader) -> dict[date, tuple[int, ...]]:
    sums: dict[date, list[Any]] = {}
    for row in reader.live_rows("ad_performance_daily").to_pylist():
        found = sums.setdefault(row["stats_date"], [Decimal(0), 0, 0])
        for place, name in enumerate(("spent_amount", "clicks", "goals")):
            found[place] += row[name]
    return {day: (int(c * 1_000_000), clicks, goals) for day, (c, clicks, goals) in sums.items()}


def test_every_run_ends_with_the_vendors_figures_and_reads_a_fraction(
    make_reader: MakeReader,
) -> None:
    world = _make_world()
    options = {"history_from": HISTORY_FROM.isoformat(), "page_size": 50}
    knobs = {"vk_ads.whole_urls": True}
    reader = make_reader(Play(world, options=options, knobs=knobs, now=START))
    reader.read()
    assert _held(reader) == _shown(world, START)
    blind_rows = 90 * len(BANNERS)
    for run in range(1, RUNS + 1):
        now = START + timedelta(days=run)
        reader.server.stage.clock.set(now=now)
        reader.batches.clear()
        reader.read()
        assert _held(reader) == _shown(world, now)
        figures = [b.rows for b in reader.batches if b.rows and "clicks" in b.rows.schema.names]
        probed = 90
        assert sum(rows.num_rows for rows in figures) + probed <= blind_rows / 4


def test_a_probe_that_finds_nothing_asks_for_the_newest_days_alone(make_reader: MakeReader) -> None:
    reader = make_reader(options={"history_from": "2026-10-01"})
    reader.read()
    reader.server.stage.clock.advance(86_400)
    plan = reader.connect().plan(reader.known(), reader.server.stage.clock.now(), None)
    spans = [piece.interval for piece in plan if piece.interval]
    assert [(s.date_from, s.date_to) for s in spans] == [(date(2026, 11, 17), date(2026, 11, 21))]


def test_a_tolerance_of_cost_lets_roundings_pass(make_reader: MakeReader) -> None:
    correction = {
        "vendor": SOURCE,
        "stats_date": date(2026, 11, 12),
        "campaign_id": 102,
        "corrected_at": datetime(2026, 11, 20, 20, tzinfo=UTC),
        "metric": "cost",
        "factor": 1.001,
    }
    stats = [cell(date(2026, 11, 12), 10211, 100, 5, "20.00")]
    play = Play(make_cabinet(stats, ad_correction=[correction]))
    for tolerance, count in (("0", 2), ("0.02", 1)):
        reader = make_reader(play, options={"cost_tolerance": tolerance})
        reader.read()
        reader.server.stage.clock.advance(86_400)
        plan = reader.connect().plan(reader.known(), reader.server.stage.clock.now(), None)
        assert sum(piece.interval is not None for piece in plan) == count
