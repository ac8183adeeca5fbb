"""The account at an instant: leads, unsorted requests, contacts and companies as plain rows.

One amoCRM lead is an enquiry (``crm_lead``), the deal it becomes (``crm_deal``), or both one
after the other under the deal's id. An enquiry nobody has answered is an unsorted request and no
lead yet. Enquiries without a deal keep their ``lead_id``, moved up by ``ENQUIRY_OFFSET`` in
worlds that number leads and deals alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.amocrm.own_rows import CRM
from include.sandbox.vendors.amocrm.stage_book import LOST, WON, StageBook, read_stages
from include.sandbox.world.crm_state import LEAD_PIPELINE, crm_rows
from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

ENQUIRY_OFFSET = 1_000_000_000
Row = dict[str, Any]
_NUMBERS: WorldMemo[dict[int, int]] = WorldMemo()


@dataclass
class AccountBook:
    """Rows by id; ``leads`` holds everything that is in no bin, sorted by id."""

    leads: dict[int, Row] = field(default_factory=dict)
    deleted_leads: dict[int, Row] = field(default_factory=dict)
    unsorted: dict[str, Row] = field(default_factory=dict)
    contacts: dict[int, Row] = field(default_factory=dict)
    companies: dict[int, Row] = field(default_factory=dict)
    leads_of_contact: dict[int, list[int]] = field(default_factory=dict)
    leads_of_company: dict[int, list[int]] = field(default_factory=dict)
    contacts_of_company: dict[int, list[int]] = field(default_factory=dict)

    def link(self) -> None:
        """Find anew what belongs to which contact and company."""
        self.leads_of_contact, self.leads_of_company, self.contacts_of_company = {}, {}, {}
        for lead in self.leads.values():
            self.leads_of_contact.setdefault(lead["contact_id"], []).append(lead["id"])
            self.leads_of_company.setdefault(lead["company_id"], []).append(lead["id"])
        for contact in self.contacts.values():
            self.contacts_of_company.setdefault(contact["company_id"], []).append(contact["id"])


class AccountReader:
    """Makes the book of an instant, and keeps the last one while nothing changes."""

    def __init__(self) -> None:
        self._last: tuple[tuple[pa.Table, ...], AccountBook] = ((), AccountBook())

    def read(self, world: World, now: datetime) -> AccountBook:
        """The book at ``now``."""
        tables = tuple(
            crm_rows(world, CRM, entity, now) for entity in ("lead", "deal", "contact", "company")
        )
        made_of, last = self._last
        if len(tables) != len(made_of) or any(
            new is not old for new, old in zip(tables, made_of, strict=True)
        ):
            book = _make(world, *tables)
            self._last = (tables, book)
            return book
        return last


def number_enquiries(world: World) -> dict[int, int]:
    """``lead_id`` → id of the amoCRM lead it is or becomes."""
    return _NUMBERS.get(world, "numbers", lambda: _number(world))


def _number(world: World) -> dict[int, int]:
    """An enquiry that was entered twice as a deal becomes the one it names itself."""
    leads, deals = (
        world.table(name).filter(pc.equal(world.table(name)["crm"], CRM))
        for name in ("crm_lead", "crm_deal")
    )
    lead_ids, deal_ids = leads["lead_id"].to_pylist(), deals["deal_id"].to_pylist()
    named = set(zip(lead_ids, leads["deal_id"].to_pylist(), strict=True))
    becomes: dict[int, int] = {}
    for pair in zip(deals["lead_id"].to_pylist(), deal_ids, strict=True):
        if pair[0] and (pair[0] not in becomes or pair in named):
            becomes[pair[0]] = pair[1]
    offset = ENQUIRY_OFFSET if set(lead_ids) & set(deal_ids) else 0
    return {lead: becomes.get(lead, lead + offset) for lead in lead_ids}


def find_acceptance(lead: Row, stages: StageBook) -> datetime | None:
    """When an enquiry left the unsorted requests: answered, moved or closed; None: not yet."""
    if lead["first_reply_at"] is not None:
        return lead["first_reply_at"]
    if lead["closed_at"] is not None:
        return lead["closed_at"]
    return None if lead["stage_id"] in stages.lead_beginnings else lead["updated_at"]


def _make(
    world: World, leads: pa.Table, deals: pa.Table, contacts: pa.Table, companies: pa.Table
) -> AccountBook:
    stages, numbers = read_stages(world), number_enquiries(world)
    book = AccountBook()
    for table, rows, name in (
        (contacts, book.contacts, "contact_id"),
        (companies, book.companies, "company_id"),
    ):
        for row in sorted(table.to_pylist(), key=lambda row: row[name]):
            if row["deleted_at"] is None and not row["merged_into_id"]:
                rows[row[name]] = {**row, "id": row[name]}
    enquiries = {row["lead_id"]: row for row in leads.to_pylist()}
    found: list[Row] = []
    taken = set()
    for deal in deals.to_pylist():
        is_first = numbers.get(deal["lead_id"]) == deal["deal_id"]
        lead = enquiries.get(deal["lead_id"]) if is_first else None
        taken |= {deal["lead_id"]} if is_first else set()
        pipeline, status = stages.locate(deal["pipeline_id"], deal["stage_id"])
        found.append(_as_lead(deal, lead, deal["deal_id"], pipeline, status))
    for lead_id, lead in enquiries.items():
        if lead_id in taken:
            continue
        accepted = find_acceptance(lead, stages)
        if accepted is None:
            if lead["deleted_at"] is None:
                uid = name_request(lead_id)
                book.unsorted[uid] = {**lead, "uid": uid, "id": numbers[lead_id]}
            continue
        pipeline, status = stages.locate(LEAD_PIPELINE, lead["stage_id"])
        row = _as_lead(lead, lead, numbers[lead_id], pipeline, status)
        if lead["deal_id"] and numbers[lead_id] != lead["deal_id"]:
            row["merged_into_id"] = lead["deal_id"]
        row["updated_at"] = max(row["updated_at"], accepted)
        found.append(row)
    for row in sorted(found, key=lambda row: row["id"]):
        if row["merged_into_id"]:
            continue
        if row["deleted_at"] is not None:
            book.deleted_leads[row["id"]] = row
            continue
        book.leads[row["id"]] = row
    book.link()
    return book


def name_request(lead_id: int) -> str:
    """The ``uid`` of an unsorted request."""
    return f"{lead_id * 2654435761 % 2**64:016x}{lead_id:016x}"


def _as_lead(row: Row, lead: Row | None, amo_id: int, pipeline: int, status: int) -> Row:
    """One row for both phases; what only the enquiry knows stays known after conversion."""
    first = lead or row
    return {
        "id": amo_id,
        "name": row["title"] or f"Сделка #{amo_id}",
        "price_micros": row.get("amount_micros") or 0,
        "pipeline_id": pipeline,
        "status_id": status,
        "lost_reason": row["lost_reason"] if status == LOST else None,
        "manager_id": row["manager_id"] or 0,
        "created_at": min(first["created_at"], row["created_at"]),
        "updated_at": row["updated_at"],
        "closed_at": row["closed_at"] if status in (WON, LOST) else None,
        "deleted_at": row["deleted_at"],
        "merged_into_id": row["merged_into_id"],
        "contact_id": row["contact_id"] or 0,
        "company_id": row["company_id"] or 0,
        "source": row["source"],
        "metrica_client_id": row["metrica_client_id"] or first["metrica_client_id"],
        "ga_client_id": first.get("ga_client_id"),
        "click_id": first.get("click_id"),
        **{name: row[name] or first[name] for name in UTM_NAMES},
    }


UTM_NAMES = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
