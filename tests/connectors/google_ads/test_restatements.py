"""Old figures that move are put right within one run, at a fraction of the price of a re-read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from include.connectors.protocol import Interval
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.ad_figures import ad_figures
from include.sandbox.world.ad_restatements import CURVES
from include.sandbox.world.world import World
from include.warehouse.landing import Landing
from tests.connectors.contract.reading import Reader
from tests.connectors.contract.source_case import Play
from tests.connectors.google_ads.contract_case import CASE, FIRST, SECOND
from tests.sandbox.ad_world import cell, make_ad_world

FIRST_DAY, LAST_DAY = date(2026, 8, 20), date(2026, 11, 30)
BEGIN = datetime(2026, 11, 20, 9, tzinfo=UTC)
RUNS, WINDOW = 6, 90
CORRECTED = {date(2026, 8, 26): 21, date(2026, 9, 30): 23, date(2026, 11, 2): 25}
"""Old day → the day of November its clicks and cost are lowered on."""
READ_BEFORE = (
    Interval(date(2026, 8, 24), date(2026, 8, 28)),
    Interval(date(2026, 9, 29), date(2026, 10, 2)),
    Interval(date(2026, 10, 18), date(2026, 11, 20)),
)
"""What has landed before; the days between were never asked for, which makes the test quick."""
Figures = dict[tuple[date, int], tuple[int, int, int, int]]


def _make_world() -> World:
    days = [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days)]
    stats = [
        cell(
            FIRST,
            day.isoformat(),
            ad_id,
            900 + day.day,
            40 + day.day,
            float(30 + day.day),
            8 + day.day % 4,
            device=device,
        )
        for day in days
        for ad_id, device in ((10111, "mobile"), (10112, "desktop"), (10211, "mobile"))
    ]
    corrections = [
        {
            "vendor": "google_ads",
            "campaign_id": 101,
            "stats_date": day,
            "corrected_at": datetime(2026, 11, at, 3, tzinfo=UTC),
            "metric": metric,
            "factor": 1.25,
        }
        for day, at in CORRECTED.items()
        for metric in ("clicks", "cost")
    ]
    curves = [
        {"vendor": "google_ads", "metric": metric, "age_days": age, "share": share}
        for metric, shares in CURVES["google_ads"].items()
        for age, share in shares.items()
    ]
    return make_ad_world(
        "google_ads",
        (FIRST, SECOND),
        stats=stats,
        ad_correction=corrections,
        restatement_curve=curves,
    )


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    options = {"history_from": "2026-11-19", "click_history_days": 0}
    play = Play(world=_make_world(), options=options, now=BEGIN)
    with VendorServer(Stage(seed=1)) as server:
        made = Reader(CASE, play, server, Landing(str(tmp_path)))
        made.set_stage()
        yield made


def _shown(world: World, now: datetime) -> Figures:
    """What the vendor shows now, by day and campaign, from the world's own curves."""
    yesterday = (now + timedelta(hours=3)).date()
    rows = ad_figures(world, "google_ads", FIRST, FIRST_DAY, yesterday, now)
    names = ["impressions", "clicks", "cost_micros", "conversions"]
    grouped = rows.group_by(["stats_date", "campaign_id"]).aggregate([(n, "sum") for n in names])
    return {
        (row["stats_date"], row["campaign_id"]): tuple(row[f"{name}_sum"] for name in names)
        for row in grouped.to_pylist()
        if row["stats_date"] >= READ_BEFORE[-1].date_from
        or any(span.date_from <= row["stats_date"] < span.date_to for span in READ_BEFORE)
    }


def _held(reader: Reader, resource: str) -> Figures:
    sums: dict[tuple[date, int], list[int]] = defaultdict(lambda: [0] * 4)
    for row in reader.live_rows(resource).to_pylist():
        own = sums[row["stats_date"], row["campaign_id"]]
        for place, name in enumerate(("impressions", "clicks", "cost_micros", "conversions")):
            own[place] += int(Decimal(row[name]))
    return {key: tuple(figures) for key, figures in sums.items()}


def _rows_of_window(reader: Reader) -> int:
    """What reading every table's last 90 days again would bring: days are alike here."""
    known = [live for live in reader.known() if live.key != "snapshot"]
    return sum(live.row_count for live in known) * WINDOW // len({live.key for live in known})


def _read_history(reader: Reader) -> None:
    for window in READ_BEFORE:
        reader.read(window)


def test_every_restatement_arrives_within_a_run_for_a_quarter_of_a_blind_read(
    reader: Reader,
) -> None:
    _read_history(reader)
    assert _held(reader, "campaign_performance_daily") == _shown(reader.play.world, BEGIN)
    read_before, blind = reader.row_count(), 0
    for _ in range(RUNS):
        reader.server.stage.clock.advance(86_400)
        reader.read()
        now = reader.server.stage.clock.now()
        shown = _shown(reader.play.world, now)
        assert _held(reader, "campaign_performance_daily") == shown
        blind += _rows_of_window(reader)
    assert _held(reader, "ad_performance_daily") == shown
    assert reader.row_count() - read_before <= blind / 4


def test_a_table_left_behind_by_a_failed_run_catches_up(reader: Reader) -> None:
    reader.read(READ_BEFORE[-1])
    clock = reader.server.stage.clock
    clock.advance(3 * 86_400)
    now = clock.now()
    plan = reader.connect().plan(reader.known(), now, None)
    for piece in plan:
        if piece.resource == "campaign_performance_daily":
            reader._land(piece)
    clock.advance(3600)
    reader.read()
    shown = _shown(reader.play.world, clock.now())
    first = READ_BEFORE[-1].date_from
    assert _held(reader, "ad_performance_daily") == {
        key: figures for key, figures in shown.items() if key[0] >= first
    }
