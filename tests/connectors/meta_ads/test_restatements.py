"""Whatever Meta restates within 90 days is right after one run, for a fraction of the rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.ad_figures import ad_figures
from include.sandbox.world.world import World
from include.warehouse.landing import Landing
from tests.connectors.contract.reading import Reader
from tests.connectors.contract.source_case import Play
from tests.connectors.meta_ads.contract_case import CASE, QUICK
from tests.connectors.meta_ads.meta_world import ACCOUNT, NOW, SOURCE, cell, make_world

HISTORY_FROM = date(2025, 12, 12)
"""90 days before the clock's day."""
RUNS = 5
CURVES = {
    "cost": {0: 0.93, 1: 0.995, 2: 1.0},
    "clicks": {0: 0.93, 1: 0.995, 2: 1.0},
    "conversions": {0: 0.5, 1: 0.7, 7: 0.9, 14: 0.95, 28: 1.0},
}
CORRECTIONS = (
    (date(2025, 12, 18), 1, "cost", 1.24),
    (date(2026, 1, 5), 2, "clicks", 1.18),
    (date(2026, 2, 1), 4, "conversions", 0.5),
    (date(2026, 2, 20), 4, "cost", 0.9),
)
"""Day, in how many days it is corrected, of which metric, and by how much."""


def _make_world() -> World:
    of = {"vendor": SOURCE}
    days = [HISTORY_FROM + timedelta(days=n) for n in range(90 + RUNS)]
    stats = [
        cell(day, 200 + n % 7, 50_000_000 + n * 10_000, conversions=40, device="desktop")
        for n, day in enumerate(days)
    ]
    curve = [
        of | {"metric": metric, "age_days": age, "share": share}
        for metric, shares in CURVES.items()
        for age, share in shares.items()
    ]
    corrections = [
        of
        | {
            "campaign_id": 11,
            "stats_date": day,
            "corrected_at": NOW + timedelta(days=later),
            "metric": metric,
            "factor": factor,
        }
        for day, later, metric, factor in CORRECTIONS
    ]
    return make_world(stats, restatement_curve=curve, ad_correction=corrections)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    with VendorServer(Stage(seed=1)) as server:
        play = Play(_make_world(), options={"history_from": str(HISTORY_FROM)}, knobs=QUICK)
        made = Reader(CASE, play, server, Landing(str(tmp_path)))
        made.set_stage()
        yield made


def _shown(world: World, as_of: datetime) -> dict[date, tuple[int, int]]:
    """Cost in micros and conversions per day as the vendor has them."""
    today = as_of.astimezone(UTC).date()
    rows = ad_figures(world, SOURCE, ACCOUNT, HISTORY_FROM, today, as_of)
    sums: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows.to_pylist():
        sums[row["stats_date"]][0] += row["cost_micros"]
        sums[row["stats_date"]][1] += row["conversions"]
    return {day: (cost, conversions) for day, (cost, conversions) in sums.items()}


def _held(reader: Reader) -> dict[date, tuple[int, int]]:
    cost = {
        date.fromisoformat(known.key): int(known.totals["cost_micros"])
        for known in reader.known()
        if known.resource == "ad_performance_daily"
    }
    leads: dict[date, Decimal] = defaultdict(Decimal)
    for row in reader.live_rows("ad_action_daily").to_pylist():
        if row["action_type"] == "lead":
            leads[row["stats_date"]] += row["action_count"]
    return {day: (cost[day], int(leads[day])) for day in cost}


def _live_counts(reader: Reader) -> int:
    return sum(k.row_count for k in reader.known() if k.resource.endswith("_daily"))


def test_each_day_is_right_after_every_run_for_a_quarter_of_the_rows(reader):
    reader.read()
    assert _held(reader) == _shown(reader.play.world, NOW)
    first, blind = reader.row_count(), 0
    for run in range(1, RUNS):
        reader.server.stage.clock.set(now=NOW + timedelta(days=run))
        reader.read()
        held, shown = _held(reader), _shown(reader.play.world, NOW + timedelta(days=run))
        assert held.keys() == shown.keys()
        assert [day for day in shown if abs(held[day][0] - shown[day][0]) > 10_000] == []
        assert [day for day in shown if held[day][1] != shown[day][1]] == []
        blind += _live_counts(reader)
    assert reader.row_count() - first <= blind / 4


def test_without_a_change_only_the_last_days_are_asked_for_again(reader):
    reader.options["history_from"] = "2026-03-01"
    reader.read()
    reader.slices.clear()
    reader.read()
    asked = [piece.interval for piece in reader.slices if piece.interval is not None]
    assert [(span.date_from, span.date_to) for span in asked] == [
        (date(2026, 3, 9), date(2026, 3, 12))
    ] * 2


def test_totals_that_differ_by_rounding_are_no_change(reader):
    reader.options["history_from"] = "2026-03-01"
    reader.read()
    moved = [
        replace(known, totals={**known.totals, "cost_micros": str(Decimal(cost) + 9_000)})
        for known in reader.known()
        if (cost := known.totals.get("cost_micros"))
    ]
    plan: list[Any] = reader.connect().plan(moved, NOW, None)
    days = [p.interval.date_from for p in plan if p.resource == "ad_performance_daily"]
    assert days == [date(2026, 3, 9)]
