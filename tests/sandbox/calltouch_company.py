"""A hand-written head office with a few leads, and a caller of its Calltouch cabinet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import requests

from include.sandbox.vendors.server import VendorServer
from include.sandbox.world.world import World

TOKEN = "demo-token"
SITE = 40001
NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
CALLS = f"/calls-service/RestAPI/{SITE}/calls-diary/calls"
REQUESTS = "/calls-service/RestAPI/requests/"


def at(day: int, hour: int = 6, minute: int = 0) -> datetime:
    """An instant of November 2026, UTC: three hours behind the cabinet."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def make_call(call_id: int, started_at: datetime, **changes: Any) -> dict[str, Any]:
    """An answered target call with a visit; keyword arguments replace its columns."""
    row = {
        "tracker": "calltouch",
        "call_id": call_id,
        "started_at": started_at,
        "known_at": started_at,
        "changed_at": started_at,
        "direction": "in",
        "status": "answered",
        "caller_phone": "+79161234567",
        "tracking_phone": "+74951234567",
        "pool": "site",
        "wait_seconds": 5,
        "talk_seconds": 60,
        "visit_id": 7,
        "manager_id": 3,
        "is_first": True,
        "is_target": True,
        "tags": ["лид"],
    }
    return row | changes


def make_form(request_id: int, submitted_at: datetime, **changes: Any) -> dict[str, Any]:
    """A form request with a visit; keyword arguments replace its columns."""
    row = {
        "tracker": "calltouch",
        "request_id": request_id,
        "submitted_at": submitted_at,
        "known_at": submitted_at,
        "form_name": "Расчёт",
        "url": "https://severmet.example/prices",
        "visit_id": 7,
        "name": "Пётр",
        "phone": "8 (916) 123-45-67",
        "email": "p@example.com",
        "is_target": True,
        "manager_id": 3,
    }
    return row | changes


VISIT = {
    "visit_id": 7,
    "site": "ru_main",
    "metrica_client_id": 1_700_000_000_000_000_001,
    "ga_client_id": "1.2",
    "call_visitor_id": "cookie",
    "started_at": at(17, 5),
    "entry_url": "https://severmet.example/?utm_source=ya",
    "referrer": "https://yandex.ru/search",
    "traffic_source": "ad",
    "ad_vendor": "yandex_direct",
    "campaign_id": 700,
    "ad_group_id": 70,
    "ad_id": 7_000,
    "utm_source": "ya",
    "utm_medium": "cpc",
    "utm_term": "труба",
    "click_id_kind": "yclid",
    "click_id": "55",
    "city": "Казань",
    "ip": "10.0.0.1",
}


def make_office(*calls: Mapping[str, Any], **tables: Any) -> World:
    """A world with these calls, one visit and one manager."""
    manager = {"crm": "bitrix24", "manager_id": 3, "first_name": "Анна", "last_name": "Белова"}
    return World.of(call=calls, **({"visit": [VISIT], "crm_manager": [manager]} | tables))


class CalltouchCaller:
    """Plain requests with a token, on a clock that stands still."""

    def __init__(self, server: VendorServer) -> None:
        self.server = server
        self.stage = server.stage
        self.url = server.vendor_urls["calltouch"]
        self.stage.clock.set(now=NOON, factor=1.0, frozen=True)
        self.control("reset", {})

    def control(self, what: str, body: Mapping[str, Any]) -> None:
        """Use the control endpoint as an operator would."""
        requests.post(f"{self.server.url}/_control/{what}", json=body, timeout=10)

    def get(self, path: str, **params: Any) -> requests.Response:
        """GET a path with the token, half a vendor second after the one before."""
        self.stage.clock.advance(0.5)
        params = {"clientApiId": TOKEN} | params
        return requests.get(self.url + path, params=params, timeout=10)

    def calls(self, day: str = "18/11/2026", to: str = "", **params: Any) -> requests.Response:
        """The journal of calls."""
        return self.get(CALLS, dateFrom=day, dateTo=to or day, **params)

    def requests(self, day: str = "11/18/2026", to: str = "", **params: Any) -> requests.Response:
        """The journal of form requests."""
        params = {"siteId": SITE, "dateFrom": day, "dateTo": to or day} | params
        return self.get(REQUESTS, **params)
