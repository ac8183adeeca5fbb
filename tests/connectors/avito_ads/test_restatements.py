"""Day after day, what is here is what the vendor shows, without landing ninety days again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from include.sandbox.world.ad_figures import ad_figures
from include.sandbox.world.ad_restatements import make_curves
from include.sandbox.world.world import World
from tests.connectors.avito_ads.advertiser import OWN, SOURCE, cell, make_advertiser
from tests.connectors.avito_ads.conftest import MakeReader
from tests.connectors.contract.reading import Reader
from tests.connectors.contract.source_case import Play

START = datetime(2026, 11, 1, 9, tzinfo=UTC)
HISTORY_FROM = date(2026, 8, 3)
"""Ninety days before the start."""
RUNS = 4
CREATIVES = tuple(100 * campaign + 11 + n for campaign in (101, 102, 103) for n in range(4))
CORRECTED = {1: 85, 2: 40, 4: 11}
"""Run → how many days before it the corrected day lies."""
Held = dict[tuple[date, int], tuple[int, int, int]]


def _make_world() -> World:
    stats = [
        cell(
            HISTORY_FROM + timedelta(days=day),
            creative,
            1000 + 13 * day + place,
            20 + (day + place) % 7,
            f"{100 + day}.{10 + place}",
        )
        for day in range(100)
        for place, creative in enumerate(CREATIVES)
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
        for metric in ("clicks", "cost")
    ]
    curves = make_curves().to_pylist()
    return make_advertiser(stats, CREATIVES, ad_correction=corrections, restatement_curve=curves)


def _shown(world: World, now: datetime) -> Held:
    """Views, clicks and whole roubles of every campaign-day that is over, as the vendor tells."""
    today = (now + timedelta(hours=3)).date()
    rows = ad_figures(world, SOURCE, OWN, HISTORY_FROM, today, now)
    sums = rows.group_by(["stats_date", "campaign_id"], use_threads=False).aggregate(
        [(name, "sum") for name in ("impressions", "clicks", "cost_micros")]
    )
    return {
        (row["stats_date"], row["campaign_id"]): (
            row["impressions_sum"],
            row["clicks_sum"],
            round(row["cost_micros_sum"] / 1e6),
        )
        for row in sums.to_pylist()
    }


def _held(reader: Reader) -> Held:
    rows = reader.live_rows("ad_performance_daily")
    sums = rows.group_by(["stats_date", "campaign_id"], use_threads=False).aggregate(
        [(name, "sum") for name in ("views", "clicks", "spend_amount")]
    )
    return {
        (row["stats_date"], row["campaign_id"]): (
            row["views_sum"],
            row["clicks_sum"],
            int(row["spend_amount_sum"]),
        )
        for row in sums.to_pylist()
    }


def test_every_run_ends_with_the_vendors_figures_and_lands_a_fraction(
    make_reader: MakeReader,
) -> None:
    world = _make_world()
    reader = make_reader(Play(world, options={"history_from": str(HISTORY_FROM)}, now=START))
    reader.read()
    assert _held(reader) == _shown(world, START)
    blind_rows = 90 * len(CREATIVES)
    for run in range(1, RUNS + 1):
        now = START + timedelta(days=run)
        reader.server.stage.clock.set(now=now)
        reader.batches.clear()
        reader.read()
        assert _held(reader) == _shown(world, now)
        figures = [b.rows for b in reader.batches if b.rows and "views" in b.rows.schema.names]
        assert sum(rows.num_rows for rows in figures) <= blind_rows / 4


def test_money_of_a_campaign_is_whole_though_its_creatives_are_rounded(
    make_reader: MakeReader,
) -> None:
    day = date(2026, 11, 18)
    stats = [cell(day, creative, 10, 1, "0.40") for creative in (10111, 10112, 10113)]
    reader = make_reader(Play(make_advertiser(stats, (10111, 10112, 10113))))
    reader.read()
    rows = reader.live_rows("ad_performance_daily").to_pylist()
    spent = {row["creative_id"]: row["spend_amount"] for row in rows}
    assert spent == {10111: 0, 10112: 0, 10113: 0, 0: Decimal(1)}
