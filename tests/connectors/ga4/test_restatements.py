"""Days of GA4 that change after they have settled are found by their totals and read again."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from include.connectors.protocol import Interval
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from include.warehouse.landing import Landing
from tests.connectors.contract.reading import Reader
from tests.connectors.contract.source_case import Play
from tests.connectors.ga4.contract_case import CASE, NOW, ZONE, make_visit

FIRST_DAY = date(2026, 8, 22)
LATE = {date(2026, 8, 23): 21, date(2026, 10, 2): 21, date(2026, 11, 8): 22}
"""Day of a session → the day of November the vendor first counts it."""
RUNS, WINDOW = 3, 90
READ_BEFORE = (
    Interval(FIRST_DAY, date(2026, 8, 26)),
    Interval(date(2026, 10, 1), date(2026, 10, 4)),
    Interval(date(2026, 11, 7), date(2026, 11, 20)),
)
"""What has landed before; the days between were never asked for, which makes the test quick."""


def _make_world() -> World:
    noon = datetime(2026, 8, 22, 16, tzinfo=UTC)
    plain = [
        make_visit(
            10 * n + k, noon + timedelta(days=n, minutes=k), f"c.{n % 7}.{k}", goal_ids=[7] * k
        )
        for n in range(95)
        for k in range(3)
    ]
    late = [
        make_visit(
            5000 + n,
            datetime(day.year, day.month, day.day, 18, tzinfo=UTC),
            f"late.{n}",
            goal_ids=[7],
            known_at=datetime(2026, 11, known, 6, tzinfo=UTC),
        )
        for n, (day, known) in enumerate(LATE.items())
    ]
    return World.of(visit=[*plain, *late])


def _shown(world: World, now: datetime) -> Counter[date]:
    """Key events the vendor knows by now, of days that were read and are over."""
    found: Counter[date] = Counter()
    for row in world.table("visit").to_pylist():
        day = row["started_at"].astimezone(ZONE).date()
        is_read = day >= READ_BEFORE[-1].date_from or any(
            span.date_from <= day < span.date_to for span in READ_BEFORE
        )
        if is_read and row["known_at"] <= now and day < now.astimezone(ZONE).date():
            found[day] += len(row["goal_ids"])
    return found


def _held(reader: Reader, resource: str) -> Counter[date]:
    found: Counter[date] = Counter()
    for row in reader.live_rows(resource).to_pylist():
        found[row["stats_date"]] += int(row["key_events"])
    return found


def test_late_sessions_of_old_days_arrive_within_a_run_for_a_fraction_of_a_blind_read(
    tmp_path: Path,
) -> None:
    options = {"history_from": "2026-11-19", "days_per_request": 31}
    play = Play(world=_make_world(), options=options, now=NOW)
    with VendorServer(Stage(seed=1)) as server:
        reader = Reader(CASE, play, server, Landing(str(tmp_path)))
        reader.set_stage()
        for window in READ_BEFORE:
            reader.read(window)
        assert _held(reader, "property_daily") == _shown(play.world, NOW)
        before, blind = reader.row_count(), 0
        for _ in range(RUNS):
            server.stage.clock.advance(86_400)
            reader.read()
            shown = _shown(play.world, server.stage.clock.now())
            assert _held(reader, "property_daily") == shown
            # days are alike: what is known stands for what is not
            known = reader.known()
            days = len({live.key for live in known})
            blind += sum(live.row_count for live in known) * WINDOW // days
        assert _held(reader, "client_session") == shown
        assert _held(reader, "traffic_daily") == shown
        assert reader.row_count() - before <= blind / 4
