"""A small hand-written world for the tests of the GA4 stand-in, and a client of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.routing import Router
from starlette.testclient import TestClient

from include.sandbox.vendors.ga4 import PROPERTY_ID, VENDOR
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World

NOW = datetime(2026, 3, 12, 15, tzinfo=UTC)
REPORT = f"/v1beta/properties/{PROPERTY_ID}:runReport"
MARCH = [{"startDate": "2026-03-01", "endDate": "2026-03-31"}]
KEY = {"Authorization": "Bearer demo-token"}


def _visit(number: int, at: datetime, client: str, **more: Any) -> dict[str, Any]:
    return {
        "visit_id": number,
        "site": "com",
        "ga_client_id": client,
        "started_at": at,
        "known_at": at,
        "duration_seconds": 60,
        "page_views": 3,
        "is_bounce": False,
        "entry_url": "https://northbolt.example/bolts?x=1",
        "device": "desktop",
        "country": "United States",
        "city": "Chicago",
        "is_robot": False,
        "goal_ids": [],
        **more,
    }


def make_world() -> World:
    """Four counted sessions before today, one ten minutes ago, and visits that do not count."""
    day = datetime(2026, 3, 10, 15, tzinfo=UTC)
    paid = {"utm_source": "google", "utm_medium": "cpc", "utm_campaign": "bolts"}
    return World.of(
        visit=[
            _visit(1, day, "a.1", **paid, goal_ids=[7]),
            _visit(2, day + timedelta(hours=2), "a.1", is_bounce=True, page_views=1),
            _visit(3, day + timedelta(days=1), "b.2", referrer="https://www.google.com/"),
            # half past midnight in London, still the 10th in New York
            _visit(4, datetime(2026, 3, 11, 0, 30, tzinfo=UTC), "c.3", device="mobile"),
            _visit(5, day, "", **paid),
            _visit(6, day, "bot.1", is_robot=True),
            _visit(7, day, "ru.1", site="ru_main"),
            _visit(8, day, "late.1", known_at=NOW + timedelta(hours=1)),
            _visit(9, NOW - timedelta(minutes=10), "d.4"),
        ]
    )


def make_stage() -> Stage:
    """The world at eleven in New York, the calendar standing still."""
    stage = Stage(world=make_world())
    stage.clock.set(now=NOW, frozen=True)
    return stage


def make_api(stage: Stage) -> TestClient:
    """A client of a fresh stand-in on ``stage``, with the demo token."""
    return TestClient(Router(routes=list(VENDOR(stage).routes())), headers=KEY)


def expect_refusal(
    api: TestClient, body: dict[str, Any], method: str = "runReport"
) -> dict[str, Any]:
    """The error of a call that is refused, its HTTP status repeated in the body."""
    answer = api.post(f"/v1beta/properties/{PROPERTY_ID}:{method}", json=body)
    assert answer.status_code == answer.json()["error"]["code"]
    return answer.json()["error"]


def ask(api: TestClient, *names: str, **more: Any) -> dict[str, Any]:
    """A report of March by the named dimensions."""
    body = {
        "dimensions": [{"name": name} for name in names],
        "metrics": [{"name": "sessions"}],
        "dateRanges": MARCH,
        **more,
    }
    answer = api.post(REPORT, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def rows_of(answer: dict[str, Any]) -> dict[tuple[str, ...], tuple[str, ...]]:
    """Metric values by dimension values."""
    return {
        tuple(v["value"] for v in row["dimensionValues"]): tuple(
            v["value"] for v in row["metricValues"]
        )
        for row in answer.get("rows", [])
    }
