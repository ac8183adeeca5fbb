"""Deals of the CRM as the native integration shows them beside calls and requests."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from include.sandbox.vendors.calltouch.access import LINE
from include.sandbox.vendors.calltouch.periods import Period, write_moment
from include.sandbox.vendors.calltouch.sessions import read_table
from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

Row = dict[str, Any]
SOURCES = {"CALL": "CALL", "WEBFORM": "REQUEST", "CHAT": "CHAT"}

_BY_PHONE: WorldMemo[dict[str, set[int]]] = WorldMemo()
_DEALS: WorldMemo[dict[int, Row]] = WorldMemo()


def digits(phone: str | None) -> str:
    """A phone without anything but digits, Russian ones beginning with 7."""
    found = "".join(filter(str.isdigit, phone or ""))
    return "7" + found[1:] if len(found) == 11 and found[0] == "8" else found


def deals_of_phone(world: World, phone: str | None, now: datetime) -> list[Row]:
    """Deals that have been made of leads with this phone."""

    def read() -> dict[str, set[int]]:
        found: dict[str, set[int]] = defaultdict(set)
        for lead in read_table(world, "crm_lead", "crm", LINE.crm):
            if lead["deal_id"] and digits(lead["phone"]):
                found[digits(lead["phone"])].add(lead["deal_id"])
        return found

    deals = _read_deals(world)
    numbers = _BY_PHONE.get(world, "phones", read).get(digits(phone), set())
    return [deals[n] for n in sorted(numbers) if n in deals and _is_there(deals[n], now)]


def describe_call_order(world: World, deal: Row, now: datetime) -> Row:
    """A deal beside a call: sums are whole units of money."""
    won = _is_won(world, deal, now)
    amount = round((deal["amount_micros"] or 0) / 1_000_000)
    return {
        "orderId": deal["deal_id"],
        "orderNumber": str(deal["deal_id"]),
        "orderDate": write_moment(deal["created_at"]),
        "createdDate": write_moment(deal["created_at"]),
        "completedDate": write_moment(deal["closed_at"]) if won else None,
        "plannedAmount": amount,
        "completedAmount": amount if won else 0,
    }


def describe_request_order(world: World, deal: Row, now: datetime) -> Row:
    """A deal beside a request: its sum is text, its date milliseconds."""
    return {
        "orderId": deal["deal_id"],
        "dateCreated": int(deal["created_at"].timestamp() * 1000),
        "status": "won" if _is_won(world, deal, now) else "open",
        "sum": f"{(deal['amount_micros'] or 0) / 1_000_000:.2f}",
        "orderNumber": str(deal["deal_id"]),
    }


def list_orders(world: World, period: Period, now: datetime, source: str) -> list[Row]:
    """The deals created in a period, of one kind of lead when asked for."""
    rows = []
    for deal in _read_deals(world).values():
        if not period.holds(deal["created_at"]) or not _is_there(deal, now):
            continue
        kind = SOURCES.get((deal["source"] or "").upper(), "REQUEST")
        if source in ("", kind):
            rows.append(
                describe_call_order(world, deal, now)
                | {"orderName": deal["title"] or "", "orderSource": {"type": kind}}
            )
    return rows


def _read_deals(world: World) -> dict[int, Row]:
    return _DEALS.get(
        world,
        "deals",
        lambda: {deal["deal_id"]: deal for deal in read_table(world, "crm_deal", "crm", LINE.crm)},
    )


def _is_there(deal: Row, now: datetime) -> bool:
    is_gone = deal["deleted_at"] is not None and deal["deleted_at"] <= now
    return deal["created_at"] is not None and deal["created_at"] <= now and not is_gone


def _is_won(world: World, deal: Row, now: datetime) -> bool:
    if deal["closed_at"] is None or deal["closed_at"] > now:
        return False
    return any(
        stage["semantics"] == "won"
        for stage in read_table(world, "crm_stage", "crm", LINE.crm)
        if (stage["pipeline_id"], stage["stage_id"]) == (deal["pipeline_id"], deal["stage_id"])
    )
