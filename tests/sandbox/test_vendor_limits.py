"""Every vendor refuses a burst beyond its limit in its own words, and recovers with its clock.

Limits are the vendors' own wherever a burst is short enough to play; a table row that names knobs
makes a longer limit small.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from starlette.routing import Router
from starlette.testclient import TestClient

from include.sandbox.vendors.ga4 import PROPERTY_ID
from include.sandbox.vendors.server import discover_vendors
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.sandbox.conftest import standard_report

NOON = datetime(2026, 3, 20, 9, tzinfo=UTC)
BEARER = {"Authorization": "Bearer demo-token"}
Signal = Callable[[httpx.Response], Any]


@dataclass(frozen=True)
class Brake:
    """One limit of one vendor: the request that meets it and how the vendor says no."""

    vendor: str
    path: str
    calls: int
    seconds: float
    refusal: Any
    signal: Signal
    headers: Mapping[str, str] = field(default_factory=lambda: BEARER)
    body: Any = None
    knobs: Mapping[str, Any] = field(default_factory=dict)


def _status(answer: httpx.Response) -> int:
    return answer.status_code


def _within(*path: str | int) -> Signal:
    """HTTP status, and the value at a place of the JSON body (None where there is none)."""

    def read(answer: httpx.Response) -> tuple[int, Any]:
        value = answer.json()
        for step in path:
            try:
                value = value[step]
            except (KeyError, IndexError, TypeError):
                return answer.status_code, None
        return answer.status_code, value

    return read


DIRECT = {**BEARER, "Client-Login": "demo-client"}
QUERY = "/v26/customers/7100000001/googleAds:search"
RPC = {"jsonrpc": "2.0", "id": 1, "method": "get.tags", "params": {"access_token": "demo-token"}}
GA4_BODY = {
    "metrics": [{"name": "sessions"}],
    "dateRanges": [{"startDate": "2026-03-01", "endDate": "2026-03-02"}],
}

ACCOUNTS = {"avito_ads": "5001", "vk_ads": "5001", "google_ads": "7100000001"}
WORLD = World.of(
    ad_account=[
        {
            "vendor": vendor,
            "account_id": account,
            "name": "Demo",
            "currency_code": "RUB",
            "time_zone": "Europe/Moscow",
        }
        for vendor, account in ACCOUNTS.items()
    ]
)

BRAKES = [
    Brake("amocrm", "/api/v4/account", 7, 1, (429, 429), _within("status")),
    Brake(
        "avito_ads",
        "/ads/v1/account/5001/balance",
        2,
        60,
        429,
        _status,
        knobs={"avito_ads.points_a_minute": 2},
    ),
    Brake(
        "bitrix24",
        "/rest/1/demo-webhook/crm.deal.list",
        50,
        1,
        (503, "QUERY_LIMIT_EXCEEDED"),
        _within("error"),
    ),
    Brake(
        "callrail",
        "/v3/a.json",
        3,
        3600,
        429,
        _status,
        headers={"Authorization": "Token token=demo-token"},
        knobs={"callrail.general_per_hour": 3},
    ),
    Brake(
        "calltouch",
        "/calls-service/RestAPI/40001/calls-diary/calls"
        "?clientApiId=demo-token&dateFrom=18/03/2026&dateTo=18/03/2026",
        5,
        1,
        429,
        _status,
    ),
    Brake(
        "ga4",
        f"/v1beta/properties/{PROPERTY_ID}:runReport",
        2,
        3600,
        (429, "RESOURCE_EXHAUSTED"),
        _within("error", "status"),
        body=GA4_BODY,
        knobs={"ga4.tokensPerHour": 20, "ga4.tokens_per_report": 10},
    ),
    Brake(
        "google_ads",
        QUERY,
        3,
        1,
        (429, {"quotaError": "RESOURCE_TEMPORARILY_EXHAUSTED"}),
        _within("error", "details", 0, "errors", 0, "errorCode"),
        headers={"Authorization": "Bearer direct-token"},
        body={"query": "SELECT customer.id FROM customer"},
        knobs={"google_ads.queries_per_second": 3},
    ),
    Brake(
        "hubspot",
        "/crm/v3/objects/deals",
        190,
        10,
        (429, "TEN_SECONDLY_ROLLING"),
        _within("policyName"),
    ),
    Brake(
        "meta_ads",
        "/v26.0/me",
        3,
        3600,
        (403, 4),
        _within("error", "code"),
        knobs={"meta_ads.app_calls_per_hour": 3},
    ),
    Brake(
        "moysklad", "/api/remap/1.2/entity/store", 45, 3, (429, 1049), _within("errors", 0, "code")
    ),
    Brake(
        "uis",
        "/v2.0",
        2,
        60,
        (200, "limit_exceeded"),
        _within("error", "data", "mnemonic"),
        body=RPC,
        knobs={"uis.minute_limit": 2},
    ),
    Brake(
        "vk_ads",
        "/api/v2/ad_plans.json",
        20,
        1,
        (429, "Too Many Requests"),
        lambda a: (a.status_code, a.text),
    ),
    Brake(
        "yandex_direct",
        "/json/v5/reports",
        20,
        10,
        (400, "56"),
        lambda answer: (
            (answer.status_code, answer.json()["error"]["error_code"])
            if answer.status_code == 400
            else (answer.status_code, None)
        ),
        headers=DIRECT,
        body={"params": standard_report()},
    ),
    Brake(
        "yandex_metrica",
        "/management/v1/counters",
        30,
        1,
        (429, "quota_requests_by_ip"),
        _within("errors", 0, "error_type"),
        headers={"Authorization": "OAuth demo-token"},
    ),
]


def test_every_vendor_has_a_row_in_the_table() -> None:
    assert sorted(brake.vendor for brake in BRAKES) == sorted(discover_vendors())


@pytest.mark.parametrize("brake", BRAKES, ids=lambda brake: brake.vendor)
def test_a_burst_beyond_the_limit_is_refused_until_the_clock_moves_on(brake: Brake) -> None:
    stage = Stage(seed=1, knobs=dict(brake.knobs), world=WORLD)
    stage.clock.set(now=NOON, frozen=True, factor=1e-9)
    stage.clock.advance(brake.seconds * 1000 - stage.clock.elapsed())
    vendor = discover_vendors()[brake.vendor](stage)
    web = TestClient(Router(routes=list(vendor.routes())))

    def ask() -> httpx.Response:
        if brake.body is None:
            return web.get(brake.path, headers=dict(brake.headers))
        return web.post(brake.path, json=brake.body, headers=dict(brake.headers))

    accepted = [ask() for _ in range(brake.calls)]
    assert [answer.text for answer in accepted if answer.status_code >= 400] == []
    assert brake.refusal not in [brake.signal(answer) for answer in accepted]
    assert brake.signal(ask()) == brake.refusal
    stage.clock.advance(brake.seconds)
    again = ask()
    assert brake.signal(again) != brake.refusal
    assert again.status_code < 400
