"""Facts of MoySklad: stock at every day's end, orders, their positions, shipments and payments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.world_facts.fact_set import Fact, FactSet, Span, day_of, spell_minute
from include.sandbox.world.business_lines import LINES
from include.sandbox.world.world import World

ZONE = ZoneInfo("Europe/Moscow")
CRMS = frozenset(line.crm for line in LINES if line.currency_code == "RUB")
Deal = tuple[str, int]
Row = dict[str, Any]


def _goods(world: World) -> dict[int, str]:
    """Product → its article, of what is bought and sold in roubles."""
    rows = world.table("product").to_pylist()
    return {row["product_id"]: row["sku"] for row in rows if row["currency_code"] == "RUB"}


def _moves(world: World) -> list[Row]:
    known = _goods(world)
    rows = world.table("stock_move").to_pylist()
    return sorted(
        (row for row in rows if row["product_id"] in known), key=lambda row: row["moved_at"]
    )


def _tell_stock(world: World, span: Span) -> list[Fact]:
    """What is left of each product at the end of each day that has ended; nothing is no fact."""
    changes: dict[Any, list[tuple[str, int]]] = defaultdict(list)
    goods = _goods(world)
    for row in _moves(world):
        day = max(day_of(row["moved_at"], ZONE), world.starts_on)
        changes[day].append((goods[row["product_id"]], row["quantity"]))
    left: dict[str, int] = defaultdict(int)
    facts: list[Fact] = []
    day, today = world.starts_on, day_of(span.ends_at, ZONE)
    while day < today:
        for article, quantity in changes[day]:
            left[article] += quantity
        facts += [(str(day), article, number) for article, number in left.items() if number]
        day += timedelta(days=1)
    return facts


def _orders(world: World) -> dict[Deal, list[Row]]:
    """Deals sold in roubles, won or shipped, with their product rows."""
    lines: dict[Deal, list[Row]] = defaultdict(list)
    for row in world.table("crm_product_row").to_pylist():
        if row["crm"] in CRMS:
            lines[row["crm"], row["deal_id"]].append(row)
    wins = {
        (row["crm"], row["pipeline_id"], row["stage_id"])
        for row in world.table("crm_stage").to_pylist()
        if row["semantics"] == "won"
    }
    sold = {
        (row["crm"], row["entity_id"])
        for row in world.table("crm_stage_event").to_pylist()
        if row["entity"] == "deal" and (row["crm"], row["pipeline_id"], row["stage_id"]) in wins
    }
    shipped = {row["deal_id"] for row in _moves(world) if row["kind"] == "sale"}
    return {deal: lines[deal] for deal in lines if deal in sold or deal[1] in shipped}


def _tell_orders(world: World, span: Span) -> list[Fact]:
    """Deal, sum, what was paid, and whether the order was deleted."""
    paid: dict[Deal, int] = defaultdict(int)
    for row in world.table("payment").to_pylist():
        paid[row["crm"], row["deal_id"]] += row["amount_micros"]
    deals = {(row["crm"], row["deal_id"]): row for row in world.table("crm_deal").to_pylist()}
    return [
        (
            f"{deal[0]}:{deal[1]}",
            sum(line["quantity"] * line["price_micros"] for line in lines),
            paid[deal],
            int(bool(deals[deal]["deleted_at"]) and not deals[deal]["merged_into_id"]),
        )
        for deal, lines in _orders(world).items()
        if deal in deals
    ]


def _tell_positions(world: World, _: Span) -> list[Fact]:
    """Deal, article, pieces, price of a piece and VAT of every line ordered."""
    goods = _goods(world)
    return [
        (
            f"{deal[0]}:{deal[1]}",
            goods[line["product_id"]],
            line["quantity"],
            line["price_micros"],
            line["vat_percent"],
        )
        for deal, lines in _orders(world).items()
        for line in lines
    ]


def _tell_payments(world: World, _: Span) -> list[Fact]:
    """Number, minute, kopecks and VAT of every payment, refunds as documents of their own."""
    return [
        (
            "paymentout" if row["amount_micros"] < 0 else "paymentin",
            row["document_number"],
            spell_minute(row["paid_at"]),
            f"{row['crm']}:{row['deal_id']}",
            abs(row["amount_micros"]),
            abs(row["vat_micros"]),
        )
        for row in world.table("payment").to_pylist()
        if row["crm"] in CRMS
    ]


def _tell_movements(world: World, _: Span) -> list[Fact]:
    """Minute, article and pieces of all that came and went, by the papers that say so."""
    goods = _goods(world)
    kinds = {"sale": "demand", "return": "salesreturn", "purchase": "supply", "loss": "loss"}
    return [
        (
            kinds[row["kind"]],
            spell_minute(row["moved_at"]),
            goods[row["product_id"]],
            abs(row["quantity"]),
        )
        for row in _moves(world)
    ]


OWN = "where account_id = {account:String}"
ORDERS = (
    f"(select * from raw.raw_moysklad__customer_order_live {OWN}"
    " order by updated_at desc, _load_id desc limit 1 by order_id)"
)
DOCUMENTS = (
    f"(select * from raw.raw_moysklad__document_live {OWN}"
    " order by updated_at desc, _load_id desc limit 1 by document_id)"
)
POSITIONS = (
    f"(select * from raw.raw_moysklad__position_live {OWN}"
    " order by document_updated_at desc, _load_id desc limit 1 by document_id, position_id)"
)
PRODUCTS = f"(select product_id, article from raw.raw_moysklad__product_live {OWN})"
GOODS: Mapping[str, tuple[FactSet, ...]] = {
    "moysklad": (
        FactSet(
            "stock by day",
            _tell_stock,
            "select toString(s.stock_date), p.article, toInt64(sum(s.stock_quantity)) as pieces"
            f" from (select * from raw.raw_moysklad__stock_daily_live {OWN}) as s"
            f" join {PRODUCTS} as p on p.product_id = s.product_id"
            " group by 1, 2 having pieces != 0",
        ),
        FactSet(
            "orders",
            _tell_orders,
            "select crm_deal_id, toInt64(sum_amount * 1000000), toInt64(payed_amount * 1000000),"
            f" toInt64(is_deleted) from {ORDERS}",
        ),
        FactSet(
            "positions",
            _tell_positions,
            "select o.crm_deal_id, p.article, toInt64(l.quantity),"
            " toInt64(l.price_amount * 1000000), toInt64(l.vat_percent)"
            f" from {POSITIONS} as l join {ORDERS} as o on o.order_id = l.document_id"
            f" join {PRODUCTS} as p on p.product_id = l.product_id"
            " where l.document_type = 'customerorder'",
        ),
        FactSet(
            "payments",
            _tell_payments,
            "select document_type, document_name, formatDateTime(moment_at, '%Y-%m-%d %H:%i'),"
            " crm_deal_id, toInt64(sum_amount * 1000000), toInt64(vat_amount * 1000000)"
            f" from {DOCUMENTS} where document_type in ('paymentin', 'paymentout')",
        ),
        FactSet(
            "movements",
            _tell_movements,
            "select d.document_type, formatDateTime(d.moment_at, '%Y-%m-%d %H:%i'), p.article,"
            f" toInt64(l.quantity) from {POSITIONS} as l"
            f" join {DOCUMENTS} as d on d.document_id = l.document_id"
            f" join {PRODUCTS} as p on p.product_id = l.product_id"
            " where d.document_type in ('demand', 'salesreturn', 'supply', 'loss')",
        ),
    ),
}
