"""The warehouse: what comes, what leaves, what goes missing, and never below nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pytest

from include.sandbox.world.goods import make_goods
from include.sandbox.world.products import GROUPS, make_products, read_price_lists
from include.sandbox.world.sizes import Size
from include.sandbox.world.tables import TABLES

SIZE = Size("year", date(2025, 1, 1), date(2026, 1, 1), 10, 10, 0)
START = datetime(2025, 1, 1, tzinfo=UTC)
END = datetime.combine(SIZE.ends_on, time(), UTC)
DEALS = 400


def table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as one table of a world."""
    return pa.Table.from_pylist(rows, schema=TABLES[name])


@pytest.fixture(scope="module")
def tables() -> dict[str, pa.Table]:
    """Four hundred deals, three of four won, every tenth refunded by half."""
    products = make_products(1, SIZE)
    deals, rows, payments = [], [], []
    keys = {"crm": "bitrix24", "pipeline_id": 0}
    for number in range(1, DEALS + 1):
        closed_at = START + timedelta(hours=20 * number)
        is_won = number % 4 != 0
        deal = {"deal_id": number, "title": f"deal {number}", "closed_at": closed_at}
        deal |= {"stage_id": "won" if is_won else "lose", "amount_micros": 1_000_000}
        deals.append(keys | deal)
        product_id = products["product_id"][number % 7].as_py()
        row = {"crm": "bitrix24", "deal_id": number, "product_id": product_id, "quantity": 10}
        rows.append(row)
        payment = {"crm": "bitrix24", "deal_id": number, "payer_name": "ООО «Плательщик»"}
        payment |= {"paid_at": closed_at, "kind": "payment", "amount_micros": 1_000_000}
        if is_won:
            payments.append(payment)
        if is_won and number % 10 == 0:
            later = {"paid_at": closed_at + timedelta(days=20), "kind": "refund"}
            payments.append(payment | later | {"amount_micros": -500_000})
    stages = [("won", "won"), ("lose", "lost"), ("new", "open")]
    stage_rows = [keys | {"stage_id": stage, "semantics": kind} for stage, kind in stages]
    return {
        "product": products,
        "crm_stage": table("crm_stage", stage_rows),
        "crm_deal": table("crm_deal", deals),
        "crm_product_row": table("crm_product_row", rows),
        "payment": table("payment", payments),
    }


@pytest.fixture(scope="module")
def moves(tables: dict[str, pa.Table]) -> list[dict[str, Any]]:
    """What the warehouse did."""
    return make_goods(1, SIZE, tables)["stock_move"].to_pylist()


def test_stock_is_never_below_nothing(moves: list[dict[str, Any]]) -> None:
    stock: Counter[int] = Counter()
    for move in moves:
        stock[move["product_id"]] += move["quantity"]
        assert stock[move["product_id"]] >= 0


def test_moves_are_numbered_in_order_of_time_within_the_span(moves: list[dict[str, Any]]) -> None:
    instants = [move["moved_at"] for move in moves]
    assert instants == sorted(instants)
    assert instants[0] >= START and instants[-1] < END
    assert [move["move_id"] for move in moves] == list(range(1, len(moves) + 1))


def test_goods_of_a_won_deal_leave_after_it_and_those_of_a_lost_one_stay(
    moves: list[dict[str, Any]], tables: dict[str, pa.Table]
) -> None:
    deals = {deal["deal_id"]: deal for deal in tables["crm_deal"].to_pylist()}
    sold: Counter[int] = Counter()
    for move in (m for m in moves if m["kind"] == "sale"):
        assert deals[move["deal_id"]]["stage_id"] == "won"
        assert move["moved_at"] > deals[move["deal_id"]]["closed_at"]
        assert move["counterparty"] == "ООО «Плательщик»"
        sold[move["deal_id"]] -= move["quantity"]
    assert set(sold.values()) == {10}
    assert len(sold) > 0.9 * sum(deal["stage_id"] == "won" for deal in deals.values())


def test_what_comes_back_had_left_before(moves: list[dict[str, Any]]) -> None:
    left: dict[int, datetime] = {m["deal_id"]: m["moved_at"] for m in moves if m["kind"] == "sale"}
    returns = [move for move in moves if move["kind"] == "return"]
    assert returns
    for move in returns:
        assert left[move["deal_id"]] < move["moved_at"]
        assert move["quantity"] == 5


def test_every_kind_of_move_has_its_sign(moves: list[dict[str, Any]]) -> None:
    signs = defaultdict(set)
    for move in moves:
        signs[move["kind"]].add(move["quantity"] > 0)
    assert signs == {"purchase": {True}, "sale": {False}, "return": {True}, "loss": {False}}


def test_a_supplier_delivers_what_the_product_is_bought_from_and_costs_grow(
    moves: list[dict[str, Any]], tables: dict[str, pa.Table]
) -> None:
    suppliers = {p["product_id"]: p["supplier"] for p in tables["product"].to_pylist()}
    prices = defaultdict(list)
    for move in (m for m in moves if m["kind"] == "purchase"):
        assert move["counterparty"] == suppliers[move["product_id"]]
        prices[move["product_id"]].append(move["unit_cost_micros"])
    assert all(price % 10_000 == 0 and price > 0 for own in prices.values() for price in own)
    grown = [own[-1] / own[0] for own in prices.values() if len(own) > 3]
    assert sum(grown) / len(grown) > 1.02


def test_a_delivery_waits_for_goods_that_are_not_there(tables: dict[str, pa.Table]) -> None:
    rows = tables["crm_product_row"].slice(0, 1).to_pylist()
    sudden = tables | {"crm_product_row": table("crm_product_row", [rows[0] | {"quantity": 5000}])}
    moves = make_goods(1, SIZE, sudden)["stock_move"].to_pylist()
    own = [move for move in moves if move["product_id"] == rows[0]["product_id"]]
    sale = next(move for move in own if move["kind"] == "sale")
    before = [m for m in own if m["moved_at"] <= sale["moved_at"] and m["kind"] == "purchase"]
    assert len(before) > 1
    assert sale["moved_at"] - START > timedelta(days=7)


def test_the_same_seed_moves_the_same_goods(
    moves: list[dict[str, Any]], tables: dict[str, pa.Table]
) -> None:
    again = make_goods(1, SIZE, tables)["stock_move"]
    assert again.to_pylist() == moves
    assert again.schema.equals(TABLES["stock_move"])
    assert make_goods(2, SIZE, tables)["stock_move"].to_pylist() != moves


def test_products_cost_less_than_their_price_and_come_from_known_groups() -> None:
    products = make_products(1, SIZE).to_pylist()
    assert len({p["sku"] for p in products}) == len(products) > 40
    assert all(0 < p["cost_micros"] < p["price_micros"] for p in products)
    assert {p["group_name"] for p in products} == {group.name for group in GROUPS}


def test_a_price_list_fills_a_value_to_the_hundredth_a_piece() -> None:
    prices = read_price_lists(make_products(1, SIZE))["amocrm"]
    for value in (90_000_000, 12_345_670_000, 987_654_320_000):
        rows = prices.fill(value, [0.1, 0.9])
        total = sum(quantity * price for _, quantity, price in rows)
        slack = sum(quantity for _, quantity, _ in rows) * 10_000
        assert abs(total - value) <= slack
