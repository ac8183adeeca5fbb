"""What the Metrica stand-in tells of purchases, and of calls somebody uploaded."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import requests

from tests.sandbox.metrica_company import COUNTER, MetricaCaller, make_company, make_visit, morning

CLIENT = 1_700_000_000_000_000_001
BASKET = {"request_id": 41, "form_name": "Корзина", "visit_id": 1, "submitted_at": morning(18)}
DEAL = {"crm": "bitrix24", "deal_id": 9, "metrica_client_id": CLIENT, "currency_code": "RUB"}
DEAL |= {"created_at": morning(18, 7)}
ROWS = [
    {"crm": "bitrix24", "row_id": 1, "deal_id": 9, "product_id": 5, "quantity": 3}
    | {"price_micros": 12_500_000, "vat_percent": 22},
    {"crm": "bitrix24", "row_id": 2, "deal_id": 9, "product_id": 6, "quantity": 1}
    | {"price_micros": 61_000_000, "vat_percent": 22},
]
PRODUCTS = [
    {"product_id": 5, "sku": "T-12", "name": 'Труба 1/2"', "group_name": "Трубы"},
    {"product_id": 6, "sku": "K-1", "name": "Кран", "group_name": "Арматура"},
]


def _shop(**changes):
    tables = {"form_request": [BASKET], "crm_deal": [DEAL]}
    tables |= {"crm_product_row": ROWS, "product": PRODUCTS} | changes
    return make_company(make_visit(1, morning(18)), make_visit(2, morning(19)), **tables)


@pytest.fixture
def metrica(vendor_server, monkeypatch):
    caller = MetricaCaller(vendor_server)
    monkeypatch.setattr(caller.stage, "world", _shop())
    return caller


def _cells(metrica, *names: str) -> list[str]:
    made = metrica.create([f"ym:s:{name}" for name in names])
    number = made.json()["log_request"]["request_id"]
    metrica.wait()
    return metrica.read_part(number).text.split("\n")[1].split("\t")


def test_a_purchase_is_arrays_with_the_vendors_multipliers(metrica):
    names = ["purchaseID", "purchaseRevenue", "purchaseTax", "purchaseCurrency"]
    names += ["purchaseProductQuantity", "purchaseDateTime"]
    assert _cells(metrica, *names) == [
        "[\\'41\\']",
        "[98.5]",
        "[17762295]",
        "[\\'RUB\\']",
        "[4]",
        "[\\'2026-11-18 09:00:00\\']",
    ]


def test_a_product_whose_name_has_an_inch_sign_makes_its_cell_quoted(metrica):
    names = ["productsName", "productsPrice", "productsQuantity", "productsPurchaseID"]
    assert _cells(metrica, *names) == [
        "\"[\\'Труба 1/2\"\"\\',\\'Кран\\']\"",
        "[12500000,61000000]",
        "[3,1]",
        "[\\'41\\',\\'41\\']",
    ]


def test_a_visit_without_a_basket_has_empty_arrays(metrica):
    rows = metrica.read(["ym:s:purchaseID", "ym:s:productsPrice"])
    assert list(rows[1].values()) == ["[]", "[]"]


@pytest.mark.parametrize(
    "changes",
    [
        {"form_request": [BASKET | {"form_name": "Обратный звонок"}]},
        {"crm_deal": [DEAL | {"created_at": morning(18) + timedelta(hours=25)}]},
        {"crm_deal": [DEAL | {"metrica_client_id": 5}]},
        {"crm_product_row": []},
    ],
)
def test_only_a_basket_that_became_a_deal_with_goods_is_a_purchase(metrica, monkeypatch, changes):
    monkeypatch.setattr(metrica.stage, "world", _shop(**changes))
    assert _cells(metrica, "purchaseID") == ["[]"]


def test_the_last_hit_of_the_visit_tells_the_purchase_as_json(metrica):
    hits = metrica.read(["ym:pv:watchID", "ym:pv:ecommerce"], source="hits")
    assert [hit["ym:pv:ecommerce"] for hit in hits[:2]] == ["", ""]
    bought = json.loads(hits[2]["ym:pv:ecommerce"])
    assert bought["purchase"]["actionField"] == {"id": "41", "revenue": 98.5}
    assert [p["id"] for p in bought["purchase"]["products"]] == ["T-12", "K-1"]


def test_reports_count_purchases_and_their_revenue(metrica):
    params = {"ids": COUNTER, "metrics": "ym:s:ecommercePurchases,ym:s:ecommerceRevenue"}
    answer = metrica.get("/stat/v1/data", **params, date1="2026-11-17", date2="2026-11-19")
    assert answer.json()["totals"] == [1.0, 98.5]


def _upload(metrica, text: str, what: str, **params: str) -> None:
    answer = requests.post(
        metrica.url + metrica.logs(f"offline_conversions/{what}"),
        files={"file": ("rows.csv", text.encode(), "text/csv")},
        headers=metrica.headers,
        params=params,
        timeout=10,
    )
    assert answer.status_code == 200, answer.text
    metrica.wait(7_200)


def test_a_conversion_can_name_its_purchase(metrica):
    at = int(morning(19).timestamp())
    _upload(metrica, f"PurchaseId,Target,DateTime\n41,returned,{at}\n", "upload")
    assert _cells(metrica, "goalsID") != ["[]"]


def test_uploaded_calls_become_calls_of_their_visit_and_reach_the_goal_named(metrica):
    at = int(morning(18, 8).timestamp())
    text = "ClientId,DateTime,TalkDuration,HoldDuration,CallMissed,Tag,FirstTimeCaller,URL\n"
    text += f"{CLIENT},{at},65,7,0,hot,1,https://severmet.example/prices\n"
    _upload(metrica, text, "upload_calls", new_goal_name="Звонок с сайта")
    names = ["TalkDuration", "HoldDuration", "Missed", "Tag", "FirstTimeCaller", "URL"]
    cells = _cells(metrica, *(f"offlineCall{name}" for name in names), "goalsID")
    assert cells[:5] == ["[65]", "[7]", "[0]", "[\\'hot\\']", "[1]"]
    assert cells[5] == "[\\'https://severmet.example/prices\\']"
    goals = metrica.get(metrica.logs("goals")).json()["goals"]
    (made,) = [goal for goal in goals if goal["name"] == "Звонок с сайта"]
    assert cells[6] == f"[{made['id']}]"
