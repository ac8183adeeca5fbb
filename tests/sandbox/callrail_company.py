"""A small hand-written company for the tests of the CallRail stand-in, and a client of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from starlette.routing import Router
from starlette.testclient import TestClient

from include.sandbox.vendors.callrail import VENDOR
from include.sandbox.vendors.callrail.ids import ACCOUNT_ID
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World

NOW = datetime(2026, 3, 12, 15, tzinfo=UTC)
KEY = {"Authorization": "Token token=demo-token"}
CALLS = f"/v3/a/{ACCOUNT_ID}/calls.json"


def make_call(number: int, at: datetime, **more: object) -> dict[str, object]:
    """An answered call of a minute from a number of its own."""
    return {
        "tracker": "callrail",
        "call_id": number,
        "started_at": at,
        "direction": "in",
        "status": "answered",
        "caller_phone": f"+1303555{number:04}",
        "tracking_phone": f"+1303816{number % 3:04}",
        "pool": "Website pool",
        "wait_seconds": 7,
        "talk_seconds": 61,
        "visit_id": 0,
        "manager_id": 1,
        "is_first": True,
        "is_target": False,
        "tags": [],
        "contact_name": "Jimmy Patterson",
        "known_at": at,
        "changed_at": None,
        **more,
    }


def make_visit(number: int, at: datetime) -> dict[str, object]:
    """A visit by a paid click."""
    return {
        "visit_id": number,
        "site": "com",
        "ga_client_id": "111.222",
        "started_at": at,
        "page_views": 3,
        "entry_url": "https://northbolt.example/bolts?utm_source=google&gclid=abc",
        "referrer": "https://www.google.com/",
        "utm_source": "google",
        "utm_medium": "cpc",
        "utm_campaign": "bolts",
        "click_id_kind": "gclid",
        "click_id": "abc",
        "traffic_source": "ad",
        "ad_vendor": "google_ads",
        "device": "desktop",
        "city": "Chicago",
    }


def make_world() -> World:
    """Seven calls of the recent days, a late one, an old one; a form, a chat and a manager."""
    recent = [make_call(n, NOW - timedelta(hours=n)) for n in range(1, 6)]
    marked = make_call(
        6,
        NOW - timedelta(hours=20),
        visit_id=77,
        is_target=True,
        tags=["Quote", "Hot"],
        changed_at=NOW + timedelta(days=1),
    )
    missed = make_call(
        7, NOW - timedelta(hours=30), status="missed", talk_seconds=0, is_first=False
    )
    late = make_call(8, NOW - timedelta(hours=2), known_at=NOW + timedelta(hours=5))
    old = make_call(9, NOW - timedelta(days=40))
    other = make_call(10, NOW - timedelta(hours=1)) | {"tracker": "uis"}
    form = {
        "tracker": "callrail",
        "request_id": 1,
        "submitted_at": NOW - timedelta(days=60),
        "form_name": "Quote",
        "url": "https://northbolt.example/quote",
        "visit_id": 77,
        "name": "Ann",
        "phone": "303 555 1",
        "email": "ann@x.example",
        "known_at": NOW - timedelta(days=60),
    }
    chat = {
        "tracker": "callrail",
        "chat_id": 5,
        "started_at": NOW - timedelta(hours=3),
        "finished_at": NOW - timedelta(hours=2),
        "visit_id": 77,
        "name": "Bo",
        "phone": "+13035550000",
        "message_count": 4,
    }
    manager = {
        "crm": "hubspot",
        "manager_id": 1,
        "first_name": "Dana",
        "last_name": "Ray",
        "email": "dana@northbolt.example",
        "is_active": True,
    }
    return World.of(
        call=[*recent, marked, missed, late, old, other],
        visit=[make_visit(77, NOW - timedelta(hours=21))],
        form_request=[form],
        chat=[chat],
        crm_manager=[manager],
    )


def make_stage(world: World | None = None) -> Stage:
    """The company at eleven in the morning of New York; the calendar stands still."""
    made = Stage(world=world or make_world())
    made.clock.set(now=NOW, frozen=True)
    return made


def make_api(stage: Stage) -> TestClient:
    """A client of a fresh stand-in on ``stage``."""
    routes = Router(routes=list(VENDOR(stage).routes()))
    return TestClient(routes, base_url="https://api.callrail.com", headers=KEY)


def under(path: str) -> str:
    """The whole path of something of the account."""
    return f"/v3/a/{ACCOUNT_ID}/{path}.json"
