"""The warehouse: goods of won deals leave when there are any, suppliers refill it in time or late.

A delivery waits until enough has arrived, so stock is never below nothing; what goes missing is
written off as a loss. Demand has the season and the campaigns of the deals it comes from.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Any

import numpy as np
import pyarrow as pa

from include.sandbox.world.sizes import Size, make_rng
from include.sandbox.world.tables import INSTANT, TABLES

DAY = 86_400
FIRST_DELIVERY_HOUR = 6
COVER_DAYS = 30
"""Stock kept beyond the supplier's lead time when ordering."""
SAFETY = 1.5
INVENTORY_EVERY_DAYS, LOSS_SHARE = 30, 0.2
"""Every so often goods are counted; in this part of counts some are missing."""
YEARLY_COST_GROWTH = 0.07
SALE, RETURN, ARRIVAL, COUNT = 0, 1, 2, 3
Event = tuple[int, int, int, int, str]
"""When, what, quantity, deal, counterparty."""


@dataclass
class _Shelf:
    """One product: what is there, what is on its way, who waits."""

    product: Mapping[str, Any]
    demand_a_day: float
    stock: int = 0
    on_order: int = 0
    cost: float = 0.0
    waiting: deque[tuple[int, int, str]] = field(default_factory=deque)

    def shortage(self) -> int:
        """How many to order now so that the lead time and some more are covered."""
        lead_days = self.product["lead_time_days"]
        owed = sum(quantity for quantity, _, _ in self.waiting)
        position = self.stock + self.on_order - owed
        if position > self.demand_a_day * lead_days * SAFETY:
            return 0
        return int(np.ceil(self.demand_a_day * (lead_days * SAFETY + COVER_DAYS))) - position


def make_goods(seed: int, size: Size, tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """``stock_move`` by instant, of the CRMs' ``product``, rows, deals, payments in ``tables``."""
    start = int(datetime.combine(size.starts_on, time(), UTC).timestamp())
    end = int(datetime.combine(size.ends_on, time(), UTC).timestamp())
    demand = _collect_demand(make_rng(seed, "deliveries"), tables, end)
    moves: list[dict[str, Any]] = []
    for product in tables["product"].to_pylist():
        rng = make_rng(seed, f"warehouse/{product['product_id']}")
        events = demand.get(product["product_id"], [])
        moves += _run_shelf(rng, product, events, start, end)
    moves.sort(key=lambda move: (move["moved_at"], move["product_id"]))
    schema = TABLES["stock_move"]
    instants = pa.array([move["moved_at"] * 1_000_000 for move in moves], pa.int64()).cast(INSTANT)
    columns = {
        name: pa.array([move[name] for move in moves], schema.field(name).type)
        for name in schema.names
        if name not in ("move_id", "moved_at")
    }
    columns |= {"move_id": pa.array(np.arange(1, len(moves) + 1)), "moved_at": instants}
    return {"stock_move": pa.table([columns[name] for name in schema.names], schema=schema)}


def _collect_demand(
    rng: np.random.Generator, tables: Mapping[str, pa.Table], end: int
) -> dict[int, list[Event]]:
    """By product: deliveries of won deals some days after, and what comes back with refunds."""
    won = {
        (stage["crm"], stage["pipeline_id"], stage["stage_id"])
        for stage in tables["crm_stage"].to_pylist()
        if stage["semantics"] == "won"
    }
    deals = {
        (deal["crm"], deal["deal_id"]): deal
        for deal in tables["crm_deal"].to_pylist()
        if (deal["crm"], deal["pipeline_id"], deal["stage_id"]) in won
    }
    payers: dict[tuple[str, int], str] = {}
    refunds: dict[tuple[str, int], tuple[int, float]] = {}
    for payment in tables["payment"].to_pylist():
        key = (payment["crm"], payment["deal_id"])
        payers[key] = payment["payer_name"]
        if payment["kind"] == "refund" and key in deals:
            share = -payment["amount_micros"] / max(deals[key]["amount_micros"], 1)
            refunds[key] = (int(payment["paid_at"].timestamp()), share)
    demand: dict[int, list[Event]] = defaultdict(list)
    for row in tables["crm_product_row"].to_pylist():
        key = (row["crm"], row["deal_id"])
        if key not in deals:
            continue
        name = payers.get(key, deals[key]["title"])
        leaves = int(deals[key]["closed_at"].timestamp()) + int(rng.uniform(0.5, 5) * DAY)
        demand[row["product_id"]].append((leaves, SALE, row["quantity"], key[1], name))
        refunded_at, share = refunds.get(key, (end, 0.0))
        back = int(row["quantity"] * share)
        if back:
            returns = max(refunded_at, leaves) + int(rng.uniform(0.2, 3) * DAY)
            demand[row["product_id"]].append((returns, RETURN, back, key[1], name))
    return demand


def _run_shelf(
    rng: np.random.Generator, product: Mapping[str, Any], events: list[Event], start: int, end: int
) -> list[dict[str, Any]]:
    """Everything that happens to one product before the end of the world."""
    wanted = sum(quantity for _, what, quantity, _, _ in events if what == SALE)
    shelf = _Shelf(product, max(wanted * DAY / (end - start), 0.05), cost=product["cost_micros"])
    heap = list(events)
    first = max(shelf.shortage(), 1)
    shelf.on_order = first
    opening = start + FIRST_DELIVERY_HOUR * 3600 + int(rng.integers(0, 3600))
    heap.append((opening, ARRIVAL, first, 0, product["supplier"]))
    counted = start + int(rng.uniform(5, INVENTORY_EVERY_DAYS) * DAY)
    heap += [(at, COUNT, 0, 0, "") for at in range(counted, end, INVENTORY_EVERY_DAYS * DAY)]
    heapq.heapify(heap)
    moves: list[dict[str, Any]] = []
    left: set[int] = set()
    while heap and heap[0][0] < end:
        at, what, quantity, deal_id, name = heapq.heappop(heap)
        if what == SALE:
            shelf.waiting.append((quantity, deal_id, name))
        elif what == ARRIVAL:
            _receive(shelf, moves, at, quantity, start, rng)
        elif what == RETURN and deal_id in left:
            shelf.stock += quantity
            moves.append(_move(shelf, at, "return", quantity, deal_id, name))
        elif what == COUNT and rng.random() < LOSS_SHARE:
            missing = min(int(np.ceil(shelf.stock * rng.uniform(0.002, 0.03))), shelf.stock)
            if missing:
                shelf.stock -= missing
                moves.append(_move(shelf, at, "loss", -missing, 0, ""))
        while shelf.waiting and shelf.waiting[0][0] <= shelf.stock:
            quantity, deal_id, name = shelf.waiting.popleft()
            shelf.stock -= quantity
            left.add(deal_id)
            moves.append(_move(shelf, at, "sale", -quantity, deal_id, name))
        missing = shelf.shortage()
        if missing > 0:
            shelf.on_order += missing
            days = product["lead_time_days"] * rng.lognormal(0, 0.2)
            heapq.heappush(heap, (at + int(days * DAY), ARRIVAL, missing, 0, product["supplier"]))
    return moves


def _receive(
    shelf: _Shelf,
    moves: list[dict[str, Any]],
    at: int,
    quantity: int,
    start: int,
    rng: np.random.Generator,
) -> None:
    """Goods come in at the price of their day; the shelf costs the average of what lies on it."""
    years = (at - start) / (365 * DAY)
    price = shelf.product["cost_micros"] * (1 + YEARLY_COST_GROWTH * years)
    price = round(price * rng.lognormal(0, 0.03) / 10_000) * 10_000
    shelf.on_order -= quantity
    shelf.cost = (shelf.cost * shelf.stock + price * quantity) / (shelf.stock + quantity)
    shelf.stock += quantity
    move = _move(shelf, at, "purchase", quantity, 0, shelf.product["supplier"])
    moves.append(move | {"unit_cost_micros": price})


def _move(
    shelf: _Shelf, at: int, kind: str, quantity: int, deal_id: int, counterparty: str
) -> dict[str, Any]:
    return {
        "product_id": shelf.product["product_id"],
        "moved_at": at,
        "kind": kind,
        "quantity": quantity,
        "unit_cost_micros": round(shelf.cost / 10_000) * 10_000,
        "deal_id": deal_id,
        "counterparty": counterparty,
    }
