"""Deals of the CRM as the native integration shows them beside calls and requests."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from functools import cached_property
from typing import Any

from include.sandbox.vendors.calltouch.access import LINE
from include.sandbox.vendors.calltouch.periods import Period, write_moment
from include.sandbox.world.crm_state import crm_rows, crm_stages
from include.sandbox.world.world import World

Row = dict[str, Any]
SOURCES = {"CALL": "CALL", "WEBFORM": "REQUEST", "CHAT": "CHAT"}
DEAL_COLUMNS = [
    *("deal_id", "title", "pipeline_id", "stage_id", "amount_micros", "source"),
    *("created_at", "closed_at", "deleted_at", "merged_into_id"),
]


def digits(phone: str | None) -> str:
    """A phone without anything but digits, Russian ones beginning with 7."""
    found = "".join(filter(str.isdigit, phone or ""))
    return "7" + found[1:] if len(found) == 11 and found[0] == "8" else found


class Deals:
    """The deals of the CRM as they stand at an instant, without deleted and merged ones."""

    def __init__(self, world: World, now: datetime) -> None:
        self._world = world
        self._now = now

    @cached_property
    def _by_number(self) -> dict[int, Row]:
        rows = crm_rows(self._world, LINE.crm, "deal", self._now).select(DEAL_COLUMNS).to_pylist()
        return {
            row["deal_id"]: row
            for row in rows
            if row["deleted_at"] is None and not row["merged_into_id"]
        }

    @cached_property
    def _by_phone(self) -> dict[str, set[int]]:
        leads = crm_rows(self._world, LINE.crm, "lead", self._now).select(["phone", "deal_id"])
        found: dict[str, set[int]] = defaultdict(set)
        for lead in leads.to_pylist():
            if lead["deal_id"] and digits(lead["phone"]):
                found[digits(lead["phone"])].add(lead["deal_id"])
        return found

    @cached_property
    def _won_stages(self) -> set[tuple[int, str]]:
        stages = crm_stages(self._world, LINE.crm, self._now).to_pylist()
        return {(s["pipeline_id"], s["stage_id"]) for s in stages if s["semantics"] == "won"}

    def of_phone(self, phone: str | None) -> list[Row]:
        """Deals that have been made of leads with this phone."""
        numbers = self._by_phone.get(digits(phone), set())
        return [self._by_number[n] for n in sorted(numbers) if n in self._by_number]

    def is_won(self, deal: Row) -> bool:
        """Whether it stands in a stage of success."""
        return (deal["pipeline_id"], deal["stage_id"]) in self._won_stages

    def describe_beside_call(self, deal: Row) -> Row:
        """A deal beside a call: sums are whole units of money."""
        is_won, amount = self.is_won(deal), round((deal["amount_micros"] or 0) / 1_000_000)
        return {
            "orderId": deal["deal_id"],
            "orderNumber": str(deal["deal_id"]),
            "orderDate": write_moment(deal["created_at"]),
            "createdDate": write_moment(deal["created_at"]),
            "completedDate": write_moment(deal["closed_at"]) if is_won else None,
            "plannedAmount": amount,
            "completedAmount": amount if is_won else 0,
        }

    def describe_beside_request(self, deal: Row) -> Row:
        """A deal beside a request: its sum is text, its date milliseconds."""
        return {
            "orderId": deal["deal_id"],
            "dateCreated": int(deal["created_at"].timestamp() * 1000),
            "status": "won" if self.is_won(deal) else deal["stage_id"],
            "sum": f"{(deal['amount_micros'] or 0) / 1_000_000:.2f}",
            "orderNumber": str(deal["deal_id"]),
        }

    def list_orders(self, period: Period | None, source: str) -> list[Row]:
        """The deals created in a period, or all of them; of one kind of lead when asked for."""
        rows = []
        for deal in self._by_number.values():
            kind = SOURCES.get((deal["source"] or "").upper(), "REQUEST")
            is_inside = period is None or period.holds(deal["created_at"])
            if is_inside and source in ("", kind):
                title = {"orderName": deal["title"] or "", "orderSource": {"type": kind}}
                rows.append(self.describe_beside_call(deal) | title)
        return rows
