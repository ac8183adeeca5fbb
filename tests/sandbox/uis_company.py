"""A hand-written second brand with a few calls, and a caller of its Data API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import requests

from include.sandbox.vendors.server import VendorServer
from include.sandbox.world.world import World

TOKEN = "demo-token"
NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)


def at(day: int, hour: int = 6, minute: int = 0) -> datetime:
    """An instant of November 2026, UTC: five hours behind the account."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def make_call(call_id: int, started_at: datetime, **changes: Any) -> dict[str, Any]:
    """An answered call with a visit; keyword arguments replace its columns."""
    row = {
        "tracker": "uis",
        "call_id": call_id,
        "started_at": started_at,
        "known_at": started_at,
        "changed_at": started_at,
        "direction": "in",
        "status": "answered",
        "caller_phone": "+79161234567",
        "tracking_phone": "+73431234567",
        "pool": "site",
        "wait_seconds": 5,
        "talk_seconds": 60,
        "visit_id": 7,
        "manager_id": 3,
        "is_first": True,
        "tags": ["цель"],
        "contact_name": "Иванов Иван",
    }
    return row | changes


VISIT = {
    "visit_id": 7,
    "site": "ru_second",
    "metrica_client_id": 1_700_000_000_000_000_001,
    "ga_client_id": "1.2",
    "call_visitor_id": "cookie",
    "started_at": at(18, 5),
    "known_at": at(18, 5),
    "duration_seconds": 90,
    "page_views": 2,
    "entry_url": "https://uralkrep.example/?utm_source=ya&yclid=55",
    "referrer": "https://yandex.ru/search",
    "traffic_source": "ad",
    "ad_vendor": "yandex_direct",
    "campaign_id": 700,
    "utm_source": "ya",
    "click_id_kind": "yclid",
    "click_id": "55",
    "device": "mobile",
    "city": "Казань",
    "country": "Россия",
    "goal_ids": [1],
}


def make_brand(*calls: Mapping[str, Any], **tables: Any) -> World:
    """A world with these calls, one visit and one manager."""
    manager = {"crm": "amocrm", "manager_id": 3, "first_name": "Анна", "last_name": "Белова"}
    manager |= {"email": "a@example.com", "is_active": True}
    return World.of(call=calls, **({"visit": [VISIT], "crm_manager": [manager]} | tables))


class UisCaller:
    """JSON-RPC calls with a key, on a clock that stands still."""

    def __init__(self, server: VendorServer) -> None:
        self.server = server
        self.stage = server.stage
        self.url = server.vendor_urls["uis"]
        self.stage.clock.set(now=NOON, factor=1.0, frozen=True)
        self.control("reset", {})

    def control(self, what: str, body: Mapping[str, Any]) -> None:
        """Use the control endpoint as an operator would."""
        requests.post(f"{self.server.url}/_control/{what}", json=body, timeout=10)

    def send(self, body: Any) -> dict[str, Any]:
        """POST anything; every answer is HTTP 200."""
        data = body if isinstance(body, bytes) else None
        sent = None if data is not None else body
        answer = requests.post(f"{self.url}/v2.0", json=sent, data=data, timeout=10)
        assert answer.status_code == 200
        return answer.json()

    def call(self, method: str, token: str | None = TOKEN, **params: Any) -> dict[str, Any]:
        """The whole answer of a method."""
        if token is not None:
            params["access_token"] = token
        return self.send({"jsonrpc": "2.0", "id": "r1", "method": method, "params": params})

    def report(self, name: str, **params: Any) -> dict[str, Any]:
        """A report over 17 to 19 November of the account."""
        days = {"date_from": "2026-11-17 00:00:00", "date_till": "2026-11-20 00:00:00"}
        return self.call(f"get.{name}", **(days | params))

    def rows(self, name: str, **params: Any) -> list[dict[str, Any]]:
        """The rows of a report."""
        answer = self.report(name, **params)
        assert "result" in answer, answer
        return answer["result"]["data"]

    def refusal(self, answer: dict[str, Any]) -> tuple[int, str]:
        """Code and mnemonic of an error, whose body must be whole."""
        error = answer["error"]
        wanted = {"mnemonic", "field", "value", "params", "extended_helper", "metadata"}
        assert set(error["data"]) == wanted
        assert "limits" in error["data"]["metadata"]
        return error["code"], error["data"]["mnemonic"]
