"""What the warehouse will ever do, drawn from the world once: orders, shipments, purchases, money.

A customer order is the won deal of a rouble-selling CRM with its product rows, entered when the
deal is first won or its goods first leave. Every purchase was ordered its product's lead time
before it arrives. The world knows no warehouses: products are split between two of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.world.business_lines import LINES
from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

Row = dict[str, Any]
Deal = tuple[str, int]
CRMS = tuple(line.crm for line in LINES if line.currency_code == "RUB")
STORES = ("Основной склад", "Склад Екатеринбург")
KINDS = {"sale": "demand", "return": "salesreturn", "purchase": "supply", "loss": "loss"}
_LEDGERS: WorldMemo[Ledger] = WorldMemo()


@dataclass(frozen=True)
class Line:
    """One position; ``price_micros`` a piece, at cost where goods come in or are lost."""

    product_id: int
    quantity: int
    price_micros: int
    vat_percent: int = 0
    cost_micros: int = 0


@dataclass
class Document:
    """One document of any kind; ``store`` is a place in ``STORES``."""

    kind: str
    key: str
    at: datetime
    agent: str
    lines: list[Line] = field(default_factory=list)
    deal: Deal | None = None
    store: int = 0
    deleted_at: datetime | None = None
    payments: list[tuple[datetime, int]] = field(default_factory=list)
    shipments: list[Document] = field(default_factory=list)
    title: str = ""
    sum_micros: int = 0
    vat_micros: int = 0
    number: str = ""
    basis: str = ""
    """Key of the order behind a shipment, a purchase or a payment."""


@dataclass
class Ledger:
    """All documents by kind, oldest first, and the products and partners they name."""

    documents: dict[str, list[Document]]
    products: dict[int, Row]
    moves: list[Row]
    partners: dict[str, Row]
    """Key of a document's agent → name, tax numbers, first seen at."""
    turns: list[datetime]
    """Every instant at which some document changes, ascending."""


def read_ledger(world: World) -> Ledger:
    """The ledger of a world, drawn once."""
    return _LEDGERS.get(world, "ledger", lambda: _draw(world))


def find_store(product_id: int) -> int:
    """The one store a product lies in."""
    return product_id % len(STORES)


def _draw(world: World) -> Ledger:
    products = {
        row["product_id"]: row
        for row in world.table("product").to_pylist()
        if row["currency_code"] in (None, "RUB")
    }
    moves = [row for row in world.table("stock_move").to_pylist() if row["product_id"] in products]
    moves.sort(key=lambda row: (row["moved_at"], row["move_id"]))
    orders = _draw_orders(world, moves)
    documents = {kind: [] for kind in ("purchaseorder", "enter", *KINDS.values())}
    documents["customerorder"] = list(orders.values())
    _draw_moves(moves, orders, products, documents)
    documents["paymentin"], documents["paymentout"] = _draw_payments(world, orders)
    for kept in documents.values():
        kept.sort(key=lambda document: (document.at, document.key))
    return Ledger(
        documents, products, moves, _find_partners(world, documents), _find_turns(documents)
    )


def _find_turns(documents: dict[str, list[Document]]) -> list[datetime]:
    turns: set[datetime] = set()
    for kept in documents.values():
        for document in kept:
            turns.add(document.at)
            turns.update(at for at, _ in document.payments)
            if document.deleted_at is not None:
                turns.add(document.deleted_at)
    return sorted(turns)


def _draw_orders(world: World, moves: list[Row]) -> dict[Deal, Document]:
    lines: dict[Deal, list[Line]] = defaultdict(list)
    for row in world.table("crm_product_row").to_pylist():
        if row["crm"] in CRMS:
            line = Line(
                row["product_id"],
                row["quantity"] or 0,
                row["price_micros"] or 0,
                row["vat_percent"] or 0,
            )
            lines[row["crm"], row["deal_id"]].append(line)
    wins = {
        (row["crm"], row["pipeline_id"], row["stage_id"])
        for row in world.table("crm_stage").to_pylist()
        if row["semantics"] == "won"
    }
    begins: dict[Deal, datetime] = {}
    for row in world.table("crm_stage_event").to_pylist():
        if row["entity"] == "deal" and (row["crm"], row["pipeline_id"], row["stage_id"]) in wins:
            deal = (row["crm"], row["entity_id"])
            begins[deal] = min(begins.get(deal, row["occurred_at"]), row["occurred_at"])
    for row in moves:
        deal = _deal_of(row, lines)
        if row["kind"] == "sale" and deal is not None:
            begins[deal] = min(begins.get(deal, row["moved_at"]), row["moved_at"])
    orders: dict[Deal, Document] = {}
    for row in world.table("crm_deal").to_pylist():
        deal = (row["crm"], row["deal_id"])
        if deal not in lines or deal not in begins:
            continue
        orders[deal] = Document(
            kind="customerorder",
            key=f"{deal[0]}/{deal[1]}",
            at=begins[deal],
            agent=_agent_of(row),
            lines=lines[deal],
            deal=deal,
            deleted_at=None if row["merged_into_id"] else row["deleted_at"],
            title=row["title"] or "",
            store=find_store(lines[deal][0].product_id),
        )
    return orders


def _deal_of(move: Row, known: Iterable[Deal]) -> Deal | None:
    """A move names a deal without its CRM; their numbers do not overlap."""
    found = [(crm, move["deal_id"]) for crm in CRMS if (crm, move["deal_id"]) in known]
    return found[0] if move["deal_id"] and found else None


def _agent_of(deal: Row) -> str:
    if deal["company_id"]:
        return f"company/{deal['crm']}/{deal['company_id']}"
    if deal["contact_id"]:
        return f"contact/{deal['crm']}/{deal['contact_id']}"
    return "retail"


def _draw_moves(
    moves: list[Row],
    orders: dict[Deal, Document],
    products: dict[int, Row],
    documents: dict[str, list[Document]],
) -> None:
    """Moves of one kind at one instant with one partner are one document a store."""
    grouped: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in moves:
        kind = KINDS.get(row["kind"] or "", "enter" if row["quantity"] > 0 else "loss")
        store = find_store(row["product_id"])
        grouped[
            kind, row["moved_at"], row["deal_id"] or 0, row["counterparty"] or "", store
        ].append(row)
    for (kind, at, _, partner, store), rows in grouped.items():
        order = None
        if kind in ("demand", "salesreturn"):
            deal = _deal_of(rows[0], orders)
            order = orders[deal] if deal is not None else None
        document = Document(
            kind=kind,
            key=str(rows[0]["move_id"]),
            at=at,
            agent=order.agent if order else f"supplier/{partner}" if partner else "retail",
            lines=[_line_of_move(row, order, kind, products) for row in rows],
            deal=order.deal if order else None,
            store=store,
            basis=order.key if order else "",
        )
        documents[kind].append(document)
        if order is not None and kind == "demand":
            order.shipments.append(document)
        if kind == "supply":
            days = max(products[row["product_id"]]["lead_time_days"] or 0 for row in rows)
            document.basis = document.key
            documents["purchaseorder"].append(
                Document(
                    kind="purchaseorder",
                    key=document.key,
                    at=at - timedelta(days=days),
                    agent=document.agent,
                    lines=document.lines,
                    store=store,
                    shipments=[document],
                )
            )


def _line_of_move(move: Row, order: Document | None, kind: str, products: dict[int, Row]) -> Line:
    number, cost = move["product_id"], move["unit_cost_micros"] or 0
    price, vat = cost, 0
    if kind in ("demand", "salesreturn"):
        price = products[number]["price_micros"] or 0
        for line in order.lines if order else ():
            if line.product_id == number:
                price, vat = line.price_micros, line.vat_percent
    return Line(number, abs(move["quantity"]), price, vat, cost)


def _draw_payments(
    world: World, orders: dict[Deal, Document]
) -> tuple[list[Document], list[Document]]:
    received, returned = [], []
    for row in world.table("payment").to_pylist():
        if row["crm"] not in CRMS:
            continue
        order = orders.get((row["crm"], row["deal_id"]))
        amount = row["amount_micros"] or 0
        if order is not None:
            order.payments.append((row["paid_at"], amount))
        is_refund = amount < 0
        (returned if is_refund else received).append(
            Document(
                kind="paymentout" if is_refund else "paymentin",
                key=str(row["payment_id"]),
                at=row["paid_at"],
                agent=order.agent if order else f"payer/{row['payer_name'] or ''}",
                deal=(row["crm"], row["deal_id"]),
                sum_micros=abs(amount),
                vat_micros=abs(row["vat_micros"] or 0),
                number=row["document_number"] or "",
                basis=order.key if order else "",
            )
        )
    return received, returned


def _find_partners(world: World, documents: dict[str, list[Document]]) -> dict[str, Row]:
    cards: dict[str, Row] = {}
    for row in world.table("crm_company").to_pylist():
        key = f"company/{row['crm']}/{row['company_id']}"
        cards[key] = {**row, "name": row["title"], "type": "legal"}
    for row in world.table("crm_contact").to_pylist():
        name = f"{row['first_name'] or ''} {row['last_name'] or ''}".strip()
        phones, emails = row["phones"] or [None], row["emails"] or [None]
        cards[f"contact/{row['crm']}/{row['contact_id']}"] = {
            "name": name,
            "phone": phones[0],
            "email": emails[0],
            "type": "individual",
        }
    partners: dict[str, Row] = {}
    for kept in documents.values():
        for document in kept:
            key = document.agent
            card = partners.get(key)
            if card is None:
                name = key.partition("/")[2] or "Розничный покупатель"
                known = cards.get(key, {"name": name, "type": "legal"})
                partners[key] = {**known, "key": key, "at": document.at}
            else:
                card["at"] = min(card["at"], document.at)
    return partners
