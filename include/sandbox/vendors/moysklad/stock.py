"""Pieces on hand, reserved and on their way, per product, at any instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from include.sandbox.vendors.moysklad.ledger import Ledger, Row
from include.sandbox.vendors.moysklad.papers import count_shipped, is_gone


@dataclass
class Level:
    """One product: pieces, what a piece costs by the purchases so far, when it last came in."""

    stock: int = 0
    reserve: int = 0
    in_transit: int = 0
    bought: int = 0
    spent_micros: int = 0
    came_at: datetime | None = None
    has_moved: bool = False

    @property
    def available(self) -> int:
        """What may be promised: on hand, less reserved, plus on its way."""
        return self.stock - self.reserve + self.in_transit

    def of_type(self, name: str) -> int:
        """One figure by its ``stockType``."""
        return {
            "stock": self.stock,
            "freeStock": self.stock - self.reserve,
            "quantity": self.available,
            "reserve": self.reserve,
            "inTransit": self.in_transit,
        }[name]


STOCK_TYPES = ("stock", "freeStock", "quantity", "reserve", "inTransit")


def count_levels(ledger: Ledger, at: datetime) -> dict[int, Level]:
    """The level of every product at an instant."""
    levels = {number: Level() for number in ledger.products}
    for move in ledger.moves:
        if move["moved_at"] > at:
            break
        level, pieces = levels[move["product_id"]], move["quantity"]
        level.stock += pieces
        level.has_moved = True
        if pieces > 0:
            level.came_at = move["moved_at"]
        if move["kind"] == "purchase":
            level.bought += pieces
            level.spent_micros += pieces * (move["unit_cost_micros"] or 0)
    for order in ledger.documents["customerorder"]:
        if order.at > at:
            break
        if is_gone(order, at):
            continue
        shipped = count_shipped(order, at)
        for line in order.lines:
            if line.product_id in levels:
                left = line.quantity - shipped.get(line.product_id, 0)
                levels[line.product_id].reserve += max(left, 0)
    for order in ledger.documents["purchaseorder"]:
        if order.at <= at < order.shipments[0].at:
            for line in order.lines:
                levels[line.product_id].in_transit += line.quantity
    return levels


def find_changed(ledger: Ledger, since: datetime, until: datetime) -> set[int]:
    """Products with any move, order or purchase order within ``[since, until]``."""
    changed = {row["product_id"] for row in ledger.moves if since <= row["moved_at"] <= until}
    for kind in ("customerorder", "purchaseorder"):
        for document in ledger.documents[kind]:
            if since <= document.at <= until:
                changed |= {line.product_id for line in document.lines}
    return changed & set(ledger.products)


def count_stock_days(level: Level, at: datetime) -> int:
    """Whole days since goods last came in."""
    return 0 if level.came_at is None else (at - level.came_at) // timedelta(days=1)


def find_cost(level: Level, product: Row) -> float:
    """Micros a piece: the average of all purchases, the price list's cost before the first."""
    if level.bought:
        return level.spent_micros / level.bought
    return float(product["cost_micros"] or 0)
