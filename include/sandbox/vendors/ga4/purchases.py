"""Purchases and refunds the CRM sends to GA4 from its own side when money moves.

The branch sells by invoice, so no page ever shows an order: the CRM reports each payment under
the client id its lead or contact carries, with the deal's id as the transaction. Such an event
stands on the day of the payment, belongs to no session, and is attributed to the client's latest
session before it. Who never had a counted session is not reported at all.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.ga4.sessions import LINE, NOT_SET
from include.sandbox.world.world import World

NOTHING_OF = ("views", "goals", "seconds")


def add_purchases(world: World, sessions: pa.Table) -> pa.Table:
    """Sessions and, behind them, a row per payment; all with the columns of money.

    ``gross`` and ``refunded`` are micros of the property's currency, both positive.
    """
    nothing = pa.array([0] * len(sessions), pa.int64())
    told = sessions
    for name in ("purchases", "refunds", "gross", "refunded"):
        told = told.append_column(name, nothing)
    unset = pa.array([NOT_SET] * len(sessions), pa.string())
    told = told.append_column("transaction", unset)
    return pa.concat_tables([told, _list_purchases(world, told)])


def _list_purchases(world: World, sessions: pa.Table) -> pa.Table:
    payments = world.table("payment")
    payments = payments.filter(pc.equal(payments["crm"], LINE.crm)).sort_by("paid_at")
    client_of, visits_of = _read_clients(world), _read_visits(sessions)
    places, kept = [], []
    for number, payment in enumerate(payments.select(("deal_id", "paid_at")).to_pylist()):
        begun, own = visits_of.get(client_of.get(payment["deal_id"], ""), ((), ()))
        before = bisect_right(begun, payment["paid_at"])
        if before:
            places.append(own[before - 1])
            kept.append(number)
    rows, money = (
        sessions.take(pa.array(places, pa.int64())),
        payments.take(pa.array(kept, pa.int64())),
    )
    amounts = money["amount_micros"]
    is_refund = pc.less(amounts, 0)
    paid = money["paid_at"]
    day = pc.strftime(pc.cast(paid, pa.timestamp("us", tz=LINE.time_zone)), format="%Y%m%d")
    one, none = pa.array([1] * len(rows), pa.int64()), pa.array([0] * len(rows), pa.int64())
    false = pa.array([False] * len(rows), pa.bool_())
    changed: dict[str, Any] = {
        "visit_id": pa.nulls(len(rows), pa.int64()),
        "started_at": paid,
        "known_at": paid,
        "day": pc.cast(day, pa.int32()),
        "is_new": false,
        "is_engaged": false,
        "events": one,
        **dict.fromkeys(NOTHING_OF, none),
        "purchases": pc.cast(pc.invert(is_refund), pa.int64()),
        "refunds": pc.cast(is_refund, pa.int64()),
        "gross": pc.if_else(is_refund, 0, amounts),
        "refunded": pc.if_else(is_refund, pc.negate(amounts), 0),
        "transaction": pc.cast(money["deal_id"], pa.string()),
    }
    for name, values in changed.items():
        field = sessions.schema.field(name)
        rows = rows.set_column(sessions.schema.get_field_index(name), field, values)
    return rows.cast(sessions.schema)


def _read_clients(world: World) -> dict[int, str]:
    """Deal → the client id of its lead, else of its contact."""
    known: dict[str, dict[int, str]] = {}
    for table, key in (("crm_lead", "lead_id"), ("crm_contact", "contact_id")):
        rows = world.table(table)
        ours = rows.filter(pc.equal(rows["crm"], LINE.crm))
        ids, clients = ours[key].to_pylist(), ours["ga_client_id"].to_pylist()
        known[key] = {i: client for i, client in zip(ids, clients, strict=True) if client}
    deals = world.table("crm_deal")
    deals = deals.filter(pc.equal(deals["crm"], LINE.crm))
    return {
        deal["deal_id"]: known["lead_id"].get(deal["lead_id"])
        or known["contact_id"].get(deal["contact_id"], "")
        for deal in deals.select(("deal_id", "lead_id", "contact_id")).to_pylist()
    }


def _read_visits(sessions: pa.Table) -> dict[str, tuple[list[datetime], list[int]]]:
    """Client → when its sessions began, in order, and their places."""
    found: dict[str, tuple[list[datetime], list[int]]] = {}
    clients, begun = sessions["client"].to_pylist(), sessions["started_at"].to_pylist()
    for place, (client, at) in enumerate(zip(clients, begun, strict=True)):
        moments, places = found.setdefault(client, ([], []))
        moments.append(at)
        places.append(place)
    return found
