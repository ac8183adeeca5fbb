"""Turns played records into the tables of a CRM: numbered by age, cut off at the world's end.

What would have happened after the end has not: such steps, payments, edits, deletions and merges
are left out, and the state of every record is that of its last step before the end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pyarrow as pa

from include.sandbox.world.business_lines import BusinessLine
from include.sandbox.world.crm_people import PeopleBook
from include.sandbox.world.crm_records import (
    NOBODY,
    Company,
    Contact,
    Deal,
    Enquiry,
    Lead,
    Step,
    Task,
)
from include.sandbox.world.crm_stages import CrmSetup
from include.sandbox.world.products import vat_percent_on
from include.sandbox.world.tables import INSTANT, TABLES
from include.sandbox.world.working_time import WorkingTime

FIRST_ID = {"bitrix24": 1, "amocrm": 20_000_001, "hubspot": 31_000_000_001}
FIRST_LEAD_ID = FIRST_ID | {"amocrm": 10_000_001}
"""amoCRM has one kind of record for both, so numbers of leads and deals must not meet there."""
MARKS = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
CLIENT_IDS = ("metrica_client_id", "ga_client_id")
LEAD_TITLES = {
    "call": "Звонок {phone}",
    "form": "Заявка с сайта: {name}",
    "chat": "Чат: {name}",
    "exhibition": "Выставка: {company_title}",
    "outbound_call": "Исходящий звонок {phone}",
}
ENGLISH_LEAD_TITLES = {
    "call": "Call {phone}",
    "form": "Web form: {name}",
    "chat": "Chat: {name}",
    "exhibition": "Trade show: {company_title}",
    "outbound_call": "Outbound call {phone}",
}
Row = dict[str, Any]


@dataclass(frozen=True)
class Played:
    """Everything that happened in one CRM; ``end`` in seconds is the first instant not played."""

    line: BusinessLine
    setup: CrmSetup
    work: WorkingTime
    people: PeopleBook
    leads: Sequence[Lead]
    deals: Sequence[Deal]
    tasks: Sequence[Task]
    end: int


@dataclass(frozen=True)
class Numbers:
    """Id by place of each kind of record; 0 for those after the end."""

    lead: Sequence[int]
    deal: Sequence[int]
    contact: Sequence[int]
    company: Sequence[int]

    @classmethod
    def of(cls, played: Played) -> Numbers:
        """Ids growing with the instant of creation."""
        first = FIRST_ID[played.line.crm]
        return cls(
            lead=_number(played.leads, played, FIRST_LEAD_ID[played.line.crm]),
            deal=_number(played.deals, played, first),
            contact=_number(played.people.contacts, played, first),
            company=_number(played.people.companies, played, first),
        )


def _number(records: Sequence[Any], played: Played, first: int) -> Sequence[int]:
    order = sorted(range(len(records)), key=lambda place: (records[place].created_at, place))
    ids = [0] * len(records)
    for rank, place in enumerate(order):
        if records[place].created_at < played.end:
            ids[place] = first + rank
    return ids


def make_crm_rows(played: Played, ids: Numbers) -> dict[str, list[Row]]:
    """Rows of all ``crm_…`` tables that hold records, each in the order of its id."""
    rows = {
        "crm_company": [_company_row(c, played, ids) for c in played.people.companies],
        "crm_contact": [_contact_row(c, played, ids) for c in played.people.contacts],
        "crm_lead": [_lead_row(lead, played, ids) for lead in played.leads],
        "crm_deal": [_deal_row(deal, played, ids) for deal in played.deals],
        "crm_stage_event": _event_rows(played, ids),
        "crm_task": _task_rows(played, ids),
        "crm_product_row": _product_rows(played, ids),
    }
    for table, own in (
        ("crm_company", ids.company),
        ("crm_contact", ids.contact),
        ("crm_lead", ids.lead),
        ("crm_deal", ids.deal),
    ):
        key = f"{table.removeprefix('crm_')}_id"
        numbered = ({**row, key: own[place]} for place, row in enumerate(rows[table]))
        rows[table] = sorted((row for row in numbered if row[key]), key=lambda row: row[key])
    _note_links(rows)
    return rows


def _note_links(rows: dict[str, list[Row]]) -> None:
    """A record changes with the records it is linked to and, a contact, with what leads say."""
    kinds = ("company", "contact", "lead", "deal")
    created = {
        f"{kind}_id": {row[f"{kind}_id"]: row["created_at"] for row in rows[f"crm_{kind}"]}
        for kind in kinds
    }
    for kind in kinds:
        for row in rows[f"crm_{kind}"]:
            linked = [created[key].get(row[key], 0) for key in created if key in row]
            row["updated_at"] = max(row["updated_at"], *linked)
    contacts = {row["contact_id"]: row for row in rows["crm_contact"]}
    for lead in rows["crm_lead"]:
        contact = contacts.get(lead["contact_id"])
        if contact and (lead["phone"] in contact["phones"] or lead["email"] in contact["emails"]):
            contact["updated_at"] = max(contact["updated_at"], lead["created_at"])


def to_table(name: str, rows: Sequence[Row]) -> pa.Table:
    """Rows whose instants are whole seconds (None where there is none) as a table of a world."""
    schema = TABLES[name]
    columns = []
    for field in schema:
        values = [row.get(field.name) for row in rows]
        if field.type == INSTANT:
            micros = [None if v is None else v * 1_000_000 for v in values]
            columns.append(pa.array(micros, pa.int64()).cast(INSTANT))
        else:
            columns.append(pa.array(values, field.type))
    return pa.table(columns, schema=schema)


def steps_before(record: Lead | Deal, end: int) -> list[Step]:
    """The steps that have happened; never none for a record that exists."""
    return [step for step in record.steps if step.at < end]


@cache
def semantics_of(setup: CrmSetup) -> Mapping[tuple[int, str], str]:
    """(pipeline, stage) → open, won or lost."""
    pipelines = (setup.lead, *setup.deals)
    return {(p.pipeline_id, stage): kind for p in pipelines for stage, _, kind in p.stages}


def _closing(steps: Sequence[Step], kinds: Mapping[tuple[int, str], str]) -> int | None:
    """Since when the record has been closed without a break; None while it is open."""
    closed = None
    for step in reversed(steps):
        if kinds[step.pipeline_id, step.stage_id] == "open":
            break
        closed = step.at
    return closed


def _state(record: Lead | Deal, played: Played, merged_ids: Sequence[int]) -> Row:
    kinds = semantics_of(played.setup)
    steps = steps_before(record, played.end)
    last = steps[-1]
    is_lost = kinds[last.pipeline_id, last.stage_id] == "lost"
    row = {
        "crm": played.line.crm,
        "stage_id": last.stage_id,
        "manager_id": last.manager_id,
        "lost_reason": record.lost_reason if is_lost else "",
        "created_at": record.created_at,
        "closed_at": _closing(steps, kinds),
    }
    return row | _ending(record, max(last.at, record.edited_at), played, merged_ids)


def _ending(
    record: Lead | Deal | Contact | Company,
    changed: int,
    played: Played,
    merged_ids: Sequence[int],
) -> Row:
    """``updated_at``, ``deleted_at`` and ``merged_into_id``, as far as they have happened."""
    is_gone = record.deleted_at < played.end
    changed = changed if changed < played.end else record.created_at
    if isinstance(record, Lead | Deal) and changed == record.created_at:
        changed = steps_before(record, played.end)[-1].at
    merged_id = merged_ids[record.merged_into] if record.merged_into != NOBODY else 0
    return {
        "updated_at": max(changed, record.deleted_at) if is_gone else changed,
        "deleted_at": record.deleted_at if is_gone else None,
        "merged_into_id": merged_id if is_gone else 0,
    }


def _lead_row(lead: Lead, played: Played, ids: Numbers) -> Row:
    if lead.created_at >= played.end:
        return {}
    enquiry, people = lead.enquiry, played.people
    contact = people.survivor(people.contacts, lead.contact, played.end)
    company = people.survivor(people.companies, lead.company, played.end)
    row = _state(lead, played, ids.lead)
    replied = lead.first_reply_at if lead.first_reply_at < played.end else None
    row["updated_at"] = max(row["updated_at"], replied or 0)
    titles = ENGLISH_LEAD_TITLES if played.line.crm == "hubspot" else LEAD_TITLES
    copied = ("name", "phone", "email", "company_title", "source", "click_id", *MARKS, *CLIENT_IDS)
    return (
        row
        | {key: enquiry[key] for key in copied}
        | {
            "title": titles[enquiry["kind"]].format(**enquiry).strip(" :"),
            "contact_id": ids.contact[contact] if contact != NOBODY else 0,
            "company_id": ids.company[company] if company != NOBODY else 0,
            "deal_id": ids.deal[lead.deal] if lead.deal != NOBODY else 0,
            "first_reply_at": replied,
        }
    )


def _deal_row(deal: Deal, played: Played, ids: Numbers) -> Row:
    if deal.created_at >= played.end:
        return {}
    people = played.people
    contact = people.survivor(people.contacts, deal.contact, played.end)
    company = people.survivor(people.companies, deal.company, played.end)
    return (
        _state(deal, played, ids.deal)
        | _marks(deal.enquiry)
        | {
            "title": deal.title,
            "lead_id": ids.lead[deal.lead] if deal.lead != NOBODY else 0,
            "contact_id": ids.contact[contact] if contact != NOBODY else 0,
            "company_id": ids.company[company] if company != NOBODY else 0,
            "pipeline_id": steps_before(deal, played.end)[-1].pipeline_id,
            "amount_micros": deal.amount_micros,
            "currency_code": played.line.currency_code,
            "source": deal.source,
        }
    )


def _marks(enquiry: Enquiry | None) -> Row:
    if enquiry is None:
        return dict.fromkeys(MARKS, "") | {"metrica_client_id": 0, "ga_client_id": ""}
    return {key: enquiry[key] for key in (*MARKS, *CLIENT_IDS)}


def _contact_row(contact: Contact, played: Played, ids: Numbers) -> Row:
    if contact.created_at >= played.end:
        return {}
    people = played.people
    company = people.survivor(people.companies, contact.company, played.end)
    first, _, last = (contact.enquiry["name"] or "").partition(" ")
    return (
        _ending(contact, contact.updated_at, played, ids.contact)
        | _marks(contact.enquiry)
        | {
            "crm": played.line.crm,
            "company_id": ids.company[company] if company != NOBODY else 0,
            "first_name": first,
            "last_name": last,
            "phones": contact.phones,
            "emails": contact.emails,
            "created_at": contact.created_at,
        }
    )


def _company_row(company: Company, played: Played, ids: Numbers) -> Row:
    if company.created_at >= played.end:
        return {}
    names = ("title", "inn", "kpp", "domain", "phone", "created_at")
    row = {name: getattr(company, name) for name in names}
    row["crm"] = played.line.crm
    return row | _ending(company, company.updated_at, played, ids.company)


def _event_rows(played: Played, ids: Numbers) -> list[Row]:
    found = [
        (step.at, entity, own[place], step)
        for entity, records, own in (
            ("lead", played.leads, ids.lead),
            ("deal", played.deals, ids.deal),
        )
        for place, record in enumerate(records)
        if own[place]
        for step in steps_before(record, played.end)
    ]
    found.sort(key=lambda event: event[:3])
    return [
        {
            "crm": played.line.crm,
            "event_id": FIRST_ID[played.line.crm] + number,
            "entity": entity,
            "entity_id": entity_id,
            "pipeline_id": step.pipeline_id,
            "stage_id": step.stage_id,
            "manager_id": step.manager_id,
            "occurred_at": at,
        }
        for number, (at, entity, entity_id, step) in enumerate(found)
    ]


def _task_rows(played: Played, ids: Numbers) -> list[Row]:
    own = {"lead": ids.lead, "deal": ids.deal}
    tasks = [task for task in played.tasks if task.created_at < played.end]
    tasks = [task for task in tasks if own[task.entity][task.place]]
    tasks.sort(key=lambda task: (task.created_at, task.entity, task.place))
    return [
        {
            "crm": played.line.crm,
            "task_id": FIRST_ID[played.line.crm] + number,
            "entity": task.entity,
            "entity_id": own[task.entity][task.place],
            "kind": task.kind,
            "subject": task.subject,
            "manager_id": task.manager_id,
            "created_at": task.created_at,
            "due_at": task.due_at,
            "done_at": task.done_at if task.done_at < played.end else None,
        }
        for number, task in enumerate(tasks)
    ]


def _product_rows(played: Played, ids: Numbers) -> list[Row]:
    rows: list[Row] = []
    for deal_id, deal in sorted(zip(ids.deal, played.deals, strict=True), key=lambda pair: pair[0]):
        percent = vat_percent_on(played.line.country, played.work.local_day(deal.created_at))
        for product_id, quantity, price in deal.rows if deal_id else ():
            rows.append(
                {
                    "crm": played.line.crm,
                    "row_id": FIRST_ID[played.line.crm] + len(rows),
                    "deal_id": deal_id,
                    "product_id": product_id,
                    "quantity": quantity,
                    "price_micros": price,
                    "vat_percent": percent,
                }
            )
    return rows
