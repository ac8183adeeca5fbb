"""Sales the CRM's integration has told the platform: a call or form is marked by a won deal."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from functools import cached_property
from typing import Any

from include.sandbox.vendors.uis.account import LINE, digits, write_time
from include.sandbox.world.crm_state import crm_rows, crm_stages
from include.sandbox.world.world import World

DEAL_COLUMNS = [
    *("deal_id", "pipeline_id", "stage_id", "amount_micros"),
    *("closed_at", "deleted_at", "merged_into_id"),
]


class Sales:
    """Won deals as they stand at an instant, by the phone of their lead."""

    def __init__(self, world: World, now: datetime) -> None:
        self._world = world
        self._now = now

    @cached_property
    def _by_phone(self) -> dict[str, list[tuple[datetime, int]]]:
        stages = crm_stages(self._world, LINE.crm, self._now).to_pylist()
        won = {(s["pipeline_id"], s["stage_id"]) for s in stages if s["semantics"] == "won"}
        deals = crm_rows(self._world, LINE.crm, "deal", self._now).select(DEAL_COLUMNS)
        sold = {
            row["deal_id"]: (row["closed_at"], row["amount_micros"] or 0)
            for row in deals.to_pylist()
            if (row["pipeline_id"], row["stage_id"]) in won
            and row["closed_at"] is not None
            and row["deleted_at"] is None
            and not row["merged_into_id"]
        }
        leads = crm_rows(self._world, LINE.crm, "lead", self._now).select(["phone", "deal_id"])
        found: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
        for lead in leads.to_pylist():
            phone = digits(lead["phone"])
            if phone and lead["deal_id"] in sold:
                found[phone].append(sold[lead["deal_id"]])
        return found

    def describe(self, phone: str | None, since: datetime) -> dict[str, Any]:
        """``sale_date`` and ``sale_cost`` of the first sale after a contact, null without one."""
        sales = [sale for sale in self._by_phone.get(digits(phone) or "", ()) if sale[0] >= since]
        if not sales:
            return {"sale_date": None, "sale_cost": None}
        closed_at, micros = min(sales)
        return {"sale_date": write_time(closed_at), "sale_cost": round(micros / 1_000_000, 2)}
