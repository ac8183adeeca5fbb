"""Documents as they stand at an instant: orders, shipments, returns, purchases, losses, payments.

Documents of the future are not there, except that a purchase order stands before its supply.
``sum``, ``payedSum`` (so spelt) and ``shippedSum`` are kopecks; a deleted order keeps its row with
``deleted`` set and hides until asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from include.sandbox.vendors.moysklad.cards import (
    CHANNEL,
    CURRENCY,
    DEAL_ATTRIBUTE,
    ORGANISATION,
    agent_id,
    owned,
    product_id,
    state_id,
    store_id,
)
from include.sandbox.vendors.moysklad.ledger import Document, Line
from include.sandbox.vendors.moysklad.wording import (
    ACCOUNT_ID,
    Links,
    Row,
    make_id,
    spell_instant,
    spell_moment,
    spell_money,
)

PAPERS = (
    "customerorder",
    "demand",
    "salesreturn",
    "supply",
    "purchaseorder",
    "loss",
    "enter",
    "paymentin",
    "paymentout",
)


def paper_id(document: Document) -> str:
    """UUID of a document."""
    return make_id(document.kind, document.key)


def sum_lines(lines: list[Line]) -> int:
    """Micros of all positions."""
    return sum(line.quantity * line.price_micros for line in lines)


def _sum_vat(lines: list[Line]) -> int:
    return sum(
        line.quantity * line.price_micros * line.vat_percent // (100 + line.vat_percent)
        for line in lines
    )


def count_shipped(document: Document, now: datetime) -> dict[int, int]:
    """Product → pieces that left, or came in, for an order by ``now``."""
    shipped: dict[int, int] = {}
    for shipment in document.shipments:
        if shipment.at <= now:
            for line in shipment.lines:
                shipped[line.product_id] = shipped.get(line.product_id, 0) + line.quantity
    return shipped


def is_gone(document: Document, now: datetime) -> bool:
    """Whether it is deleted by ``now``."""
    return document.deleted_at is not None and document.deleted_at <= now


def render_paper(
    document: Document, now: datetime, links: Links, edited: Mapping[str, datetime] | None = None
) -> Row:
    """A document without its positions, which are a link until expanded.

    ``edited`` has, by ``kind/key``, when somebody last saved the document by hand.
    """
    kind, number = document.kind, paper_id(document)
    changes = [document.at, *(at for at, _ in document.payments)]
    changes += [shipment.at for shipment in document.shipments]
    if document.deleted_at is not None:
        changes.append(document.deleted_at)
    changes.append((edited or {}).get(f"{document.kind}/{document.key}", document.at))
    updated = max(at for at in changes if at <= now)
    is_money = kind in ("paymentin", "paymentout")
    total = document.sum_micros if is_money else sum_lines(document.lines)
    vat = document.vat_micros if is_money else _sum_vat(document.lines)
    paper: dict[str, Any] = {
        **links.entity(kind, number),
        "id": number,
        **owned(links),
        "updated": spell_instant(updated),
        "name": document.number or make_name(document),
        "externalCode": f"{kind[:2]}-{document.key}",
        "moment": spell_moment(document.at),
        "applicable": True,
        "rate": {"currency": links.entity("currency", CURRENCY)},
        "sum": spell_money(total),
        "organization": links.entity("organization", ORGANISATION),
        "created": spell_instant(document.at),
        "printed": False,
        "published": False,
        "vatSum": spell_money(vat),
    }
    if is_gone(document, now):
        assert document.deleted_at is not None
        paper["deleted"] = spell_instant(document.deleted_at)
    if kind not in ("loss", "enter"):
        paper["agent"] = links.entity("counterparty", agent_id(document.agent))
    if document.deal is not None:
        paper["attributes"] = [_attribute(document, links)]
    if is_money:
        order = {**links.entity("customerorder", make_id("customerorder", document.basis))}
        order["linkedSum"] = spell_money(total)
        return paper | {
            "paymentPurpose": f"Оплата {document.number}".strip(),
            "operations": [order] if document.basis else [],
        }
    path = f"entity/{kind}/{number}/positions"
    count = len(document.lines)
    return paper | {
        "store": links.entity("store", store_id(document.store)),
        "vatEnabled": True,
        "vatIncluded": True,
        "positions": links.meta(path, f"{kind}position", size=count, limit=1000, offset=0),
        **_by_kind(document, now, links, total),
    }


def _by_kind(document: Document, now: datetime, links: Links, total: int) -> Row:
    kind = document.kind
    if kind == "customerorder":
        payed = sum(amount for at, amount in document.payments if at <= now)
        shipped = count_shipped(document, now)
        left = [
            (line, min(line.quantity, shipped.get(line.product_id, 0))) for line in document.lines
        ]
        shipped_sum = sum(line.price_micros * count for line, count in left)
        is_open = not is_gone(document, now)
        reserved = total - shipped_sum if is_open else 0
        state = "Отгружен" if shipped_sum >= total > 0 else "Новый"
        state = state if is_open else "Отменен"
        path = f"entity/customerorder/metadata/states/{state_id(state)}"
        return {
            "description": document.title,
            "payedSum": spell_money(payed),
            "shippedSum": spell_money(shipped_sum),
            "invoicedSum": spell_money(total),
            "reservedSum": spell_money(reserved),
            "state": links.meta(path, "state"),
            "salesChannel": links.entity("saleschannel", CHANNEL),
        }
    if kind == "purchaseorder":
        arrived = sum(sum_lines(s.lines) for s in document.shipments if s.at <= now)
        return {
            "payedSum": 0.0,
            "shippedSum": spell_money(arrived),
            "invoicedSum": 0.0,
            "waitSum": spell_money(total - arrived),
        }
    if kind in ("demand", "salesreturn", "supply"):
        basis = {"demand": "customerOrder", "supply": "purchaseOrder"}.get(kind)
        linked = {}
        if basis and document.basis:
            target = basis.lower()
            linked = {basis: links.entity(target, make_id(target, document.basis))}
        return {"payedSum": 0.0, **linked}
    return {}


def make_name(document: Document) -> str:
    """The number people read; five digits at least."""
    tail = document.key.rpartition("/")[2]
    return f"{document.deal[0][:2].upper()}-{tail}" if document.deal else f"{int(tail):05d}"


def _attribute(document: Document, links: Links) -> Row:
    """The CRM's deal id, as integrations store it."""
    assert document.deal is not None
    path = f"entity/{document.kind}/metadata/attributes/{DEAL_ATTRIBUTE}"
    return {
        **links.meta(path, "attributemetadata"),
        "id": DEAL_ATTRIBUTE,
        "name": "ID сделки в CRM",
        "type": "string",
        "value": f"{document.deal[0]}:{document.deal[1]}",
    }


def render_positions(document: Document, now: datetime, links: Links) -> list[Row]:
    """The positions of a document."""
    shipped = count_shipped(document, now)
    is_order = document.kind in ("customerorder", "purchaseorder")
    is_open = not is_gone(document, now)
    rows = []
    for place, line in enumerate(document.lines):
        number = make_id("position", f"{document.kind}/{document.key}/{place}")
        path = f"entity/{document.kind}/{paper_id(document)}/positions/{number}"
        row: dict[str, Any] = {
            **links.meta(path, f"{document.kind}position"),
            "id": number,
            "accountId": ACCOUNT_ID,
            "quantity": float(line.quantity),
            "price": spell_money(line.price_micros),
            "discount": 0.0,
            "vat": line.vat_percent,
            "vatEnabled": line.vat_percent > 0,
            "assortment": links.entity("product", product_id(line.product_id)),
        }
        if is_order:
            count = min(line.quantity, shipped.get(line.product_id, 0))
            row["shipped"] = float(count)
            waiting = float(line.quantity - count) if is_open else 0.0
            row["reserve" if document.kind == "customerorder" else "inTransit"] = waiting
        rows.append(row)
    return rows
