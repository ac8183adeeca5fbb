"""Money in the GA4 stand-in: purchases the CRM reports, refunds, currencies, transactions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.testclient import TestClient

from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.ga4 import PROPERTY_ID
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.sandbox.ga4_world import (
    NOW,
    ask,
    expect_refusal,
    make_api,
    make_stage,
    make_world,
    rows_of,
)

EXPORTS = f"/v1beta/properties/{PROPERTY_ID}/audienceExports"


def _pay(number: int, deal: int, day: int, units: int, crm: str = "hubspot") -> dict[str, Any]:
    return {
        "payment_id": number,
        "crm": crm,
        "deal_id": deal,
        "paid_at": datetime(2026, 3, day, 18, tzinfo=UTC),
        "kind": "payment" if units > 0 else "refund",
        "amount_micros": units * 1_000_000,
        "currency_code": "USD",
    }


@pytest.fixture
def stage() -> Stage:
    hub = {"crm": "hubspot"}
    with_money = World.of(
        crm_lead=[
            hub | {"lead_id": 1, "ga_client_id": "a.1"},
            hub | {"lead_id": 2, "ga_client_id": ""},
            hub | {"lead_id": 3, "ga_client_id": "nobody"},
        ],
        crm_contact=[hub | {"contact_id": 5, "ga_client_id": "b.2"}],
        crm_deal=[
            hub | {"deal_id": 10, "lead_id": 1, "contact_id": 5},
            hub | {"deal_id": 20, "lead_id": 2, "contact_id": 5},
            hub | {"deal_id": 30, "lead_id": 3, "contact_id": 9},
            {"crm": "bitrix24", "deal_id": 10, "lead_id": 1},
        ],
        payment=[
            _pay(1, 10, 11, 1000),
            _pay(2, 10, 12, 500),
            _pay(3, 20, 12, 80),
            _pay(4, 20, 12, -30),
            _pay(5, 30, 12, 7),
            _pay(6, 10, 12, 9, crm="bitrix24"),
            # before the client's first session
            _pay(7, 20, 9, 3),
        ],
    )
    made = make_stage()
    made.world = World.of(
        visit=make_world().table("visit").to_pylist(),
        **{
            name: with_money.table(name).to_pylist()
            for name in ("crm_lead", "crm_contact", "crm_deal", "payment")
        },
    )
    made.clock.set(now=datetime(2026, 3, 13, 15, tzinfo=UTC), frozen=True)
    return made


@pytest.fixture
def api(stage: Stage) -> TestClient:
    return make_api(stage)


def _metrics(*names: str) -> list[dict[str, str]]:
    return [{"name": name} for name in names]


def test_revenue_stands_on_the_day_of_the_payment_less_refunds(api):
    metrics = _metrics("totalRevenue", "grossPurchaseRevenue", "refundAmount", "transactions")
    assert rows_of(ask(api, "date", metrics=metrics)) == {
        ("20260311",): ("1000", "1000", "0", "1"),
        ("20260312",): ("550", "580", "30", "2"),
    }


def test_a_purchase_is_of_the_source_of_the_last_session_and_of_no_session(api):
    metrics = _metrics("purchaseRevenue", "sessions")
    assert rows_of(ask(api, "sessionMedium", metrics=metrics)) == {
        ("(none)",): ("1500", "4"),
        ("organic",): ("50", "1"),
        ("cpc",): ("0", "1"),
    }


def test_transactions_are_the_deals_of_the_crm(api):
    found = rows_of(ask(api, "transactionId", metrics=_metrics("totalRevenue")))
    assert found == {("10",): ("1500",), ("20",): ("50",)}


def test_a_purchase_is_an_event_and_a_key_event(api):
    rows = rows_of(ask(api, "eventName", metrics=_metrics("eventCount", "keyEvents", "eventValue")))
    assert rows[("purchase",)] == ("3", "3", "1580")
    assert rows[("refund",)] == ("1", "0", "0")
    assert rows[("session_start",)] == ("6", "0", "0")
    assert rows[("generate_lead",)] == ("1", "1", "0")
    whole = rows_of(ask(api, metrics=_metrics("eventCount", "keyEvents", "eventValue")))[()]
    assert whole == (str(sum(int(row[0]) for row in rows.values())), "4", "1580")


def test_a_payment_is_not_known_before_it_is_made(api, stage):
    stage.clock.set(now=NOW)
    assert rows_of(ask(api, metrics=_metrics("totalRevenue"))) == {(): ("1000",)}


def test_money_is_told_in_the_currency_asked_for(api):
    answer = ask(api, metrics=_metrics("totalRevenue", "sessions"), currencyCode="RUB")
    assert answer["metadata"]["currencyCode"] == "RUB"
    assert rows_of(answer)[()] == ("124000", "6")
    body = {
        "metrics": _metrics("totalRevenue"),
        "dateRanges": [{"startDate": "today", "endDate": "today"}],
        "currencyCode": "QQQ",
    }
    assert "currencyCode" in expect_refusal(api, body)["message"]


def _create(api: TestClient, audience: str = "7003", *names: str) -> Any:
    body = {
        "audience": f"properties/{PROPERTY_ID}/audiences/{audience}",
        "dimensions": [{"dimensionName": name} for name in names or ("deviceId", "userId")],
    }
    return api.post(EXPORTS, json=body)


def test_an_audience_export_is_made_and_then_told(api, stage):
    made = _create(api).json()["response"]
    assert made["@type"].endswith("v1beta.AudienceExport")
    assert (made["state"], made["percentageCompleted"]) == ("CREATING", 0.0)
    address = f"/v1beta/{made['name']}"
    early = api.post(f"{address}:query", json={})
    assert (early.status_code, early.json()["error"]["status"]) == (400, "FAILED_PRECONDITION")
    stage.clock.advance(900)
    ready = api.get(address).json()
    assert (ready["state"], ready["rowCount"], ready["audienceDisplayName"]) == (
        "ACTIVE",
        2,
        "Purchasers",
    )
    answer = api.post(f"{address}:query", json={"offset": "1", "limit": "5"}).json()
    assert (answer["rowCount"], answer["audienceExport"]["name"]) == (2, made["name"])
    assert [[v["value"] for v in row["dimensionValues"]] for row in answer["audienceRows"]] == [
        ["b.2", "(not set)"]
    ]


def test_audience_exports_are_listed_in_pages_and_by_number(api):
    names = [_create(api, audience).json()["response"]["name"] for audience in ("7001", "7002")]
    first = api.get(EXPORTS, params={"pageSize": 1}).json()
    rest = api.get(EXPORTS, params={"pageToken": first["nextPageToken"]}).json()
    listed = [*first["audienceExports"], *rest["audienceExports"]]
    assert ([one["name"] for one in listed], "nextPageToken" in rest) == (names, False)
    number = {"$alt": "json;enum-encoding=int"}
    assert api.get(f"/v1beta/{names[0]}", params=number).json()["state"] == 1


def test_an_audience_export_can_fail(api, stage):
    stage.faults.plant(Fault("failed_audience", "ga4"))
    address = f"/v1beta/{_create(api).json()['response']['name']}"
    stage.clock.advance(900)
    failed = api.get(address).json()
    assert (failed["state"], "errorMessage" in failed, "rowCount" in failed) == (
        "FAILED",
        True,
        False,
    )


def test_half_an_audience_export_is_refused(api):
    assert _create(api, "9999").status_code == 400
    assert _create(api, "7001", "sessionSource").status_code == 400
    assert api.get(f"{EXPORTS}/17").status_code == 404
    assert api.post(f"{EXPORTS}/17", json={}).status_code == 404
