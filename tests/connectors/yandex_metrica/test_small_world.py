"""A whole generated company: every visit of both counters arrives, and every page view of it."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from include.connectors.protocol import Interval
from include.sandbox.vendors.yandex_metrica.identifiers import to_world_visit_id
from tests.connectors.yandex_metrica.conftest import Bench
from tests.sandbox.world.small_world import small_world

COUNTERS = {
    "44147844": ("ru_main", "Europe/Moscow"),
    "44147901": ("ru_second", "Asia/Yekaterinburg"),
}
ALL_DAYS = Interval(date(2025, 11, 30), date(2026, 2, 2))
MONTH_LATER = datetime(2026, 3, 1, 9, tzinfo=UTC)


@cache
def _visits_of_world() -> list[dict[str, Any]]:
    return small_world()[0].table("visit").to_pylist()


def _told(site: str, zone: ZoneInfo) -> list[tuple[object, ...]]:
    """What the world's own table says of the visits Metrica saw."""
    return sorted(
        (
            visit["visit_id"],
            visit["started_at"].astimezone(zone).date(),
            int(visit["started_at"].timestamp()),
            visit["metrica_client_id"],
            max(visit["page_views"] or 1, 1),
            visit["duration_seconds"] or 0,
            bool(visit["is_bounce"]),
            visit["traffic_source"] or "undefined",
            *(visit[f"utm_{name}"] or "" for name in ("source", "campaign", "term")),
            visit["click_id"] if visit["click_id_kind"] == "yclid" else "",
            tuple(visit["goal_ids"] or ()),
        )
        for visit in _visits_of_world()
        if visit["site"] == site and visit["metrica_client_id"]
    )


def _landed(rows: list[dict[str, Any]]) -> list[tuple[object, ...]]:
    return sorted(
        (
            to_world_visit_id(row["visit_id"]),
            row["visit_date"],
            int(row["started_at"].timestamp()),
            row["client_id"],
            row["page_views"],
            row["duration_seconds"],
            row["is_bounce"],
            row["traffic_source"],
            *(row[f"utm_{name}"] for name in ("source", "campaign", "term")),
            row["yclid"],
            tuple(row["goal_ids"]),
        )
        for row in rows
    )


@pytest.mark.parametrize("counter", sorted(COUNTERS))
def test_visits_and_hits_are_those_of_the_world(bench: Bench, counter: str) -> None:
    site, zone_name = COUNTERS[counter]
    bench.show(small_world()[0])
    bench.stage.clock.set(now=MONTH_LATER)
    bench.set_knob("rows_per_part", 700)
    # the visit's own source, not that of an earlier one
    options = {"counter": counter, "attribution": "last", "days_per_request": 70}
    pulled = {}
    for piece in bench.connect(include_hits=True, **options).plan([], bench.now, ALL_DAYS):
        rows, rejected = bench.pull(piece, **options)
        assert rejected == []
        pulled[piece.resource] = rows.to_pylist()
    expected = _told(site, ZoneInfo(zone_name))
    assert expected
    assert _landed(pulled["visit"]) == expected
    viewed = Counter(hit["watch_id"] for hit in pulled["hit"])
    assert set(viewed.values()) <= {1}
    assert set(viewed) == {watch for visit in pulled["visit"] for watch in visit["watch_ids"]}
