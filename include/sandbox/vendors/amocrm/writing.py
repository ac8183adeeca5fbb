"""The endpoints that write: leads, contacts, companies, tasks, notes and calls.

What is written shows in the lists at once, and in the events. An item that makes no sense refuses
the whole request, except among calls: a call of a phone nobody has is listed under ``errors``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from include.sandbox.vendors.amocrm.account_book import UTM_NAMES, Row
from include.sandbox.vendors.amocrm.calls import CALL_STATUS, tail_of_phone
from include.sandbox.vendors.amocrm.custom_fields import FIELDS
from include.sandbox.vendors.amocrm.drafts import (
    Draft,
    read_card,
    read_items,
    read_lead,
    read_task,
)
from include.sandbox.vendors.amocrm.entities import MICROS
from include.sandbox.vendors.amocrm.errors import ApiError
from include.sandbox.vendors.amocrm.history import make_event
from include.sandbox.vendors.amocrm.services import ENDPOINTS, Question
from include.sandbox.vendors.amocrm.stage_book import LOST, WON, read_stages
from include.sandbox.vendors.amocrm.tasks import read_tasks

SINGULARS = {"leads": "lead", "contacts": "contact", "companies": "company", "tasks": "task"}
BLANK_LEAD: Row = dict.fromkeys(
    ("lost_reason", "closed_at", "deleted_at", "merged_into_id", "source", *UTM_NAMES)
) | dict.fromkeys(("metrica_client_id", "ga_client_id", "click_id"))
BLANK_CARDS: dict[str, Row] = {
    "contacts": dict.fromkeys(("first_name", "last_name")) | {"phones": [], "emails": []},
    "companies": dict.fromkeys(("title", "phone", "domain", "inn", "kpp")),
}


CONTACT_FIELDS = [one for one in FIELDS["contacts"] if one.code in ("PHONE", "EMAIL")]


def write(path: str, method: str, body: Any, question: Question) -> Row:
    """Carry out a writing request; 405 where a path only reads, 404 where there is none."""
    for pattern, known_method, serve in WRITERS:
        if (match := pattern.fullmatch(path)) and known_method == method:
            return serve(question, body, *match.groups())
    if any(pattern.fullmatch(path) for pattern, *_ in (*ENDPOINTS, *WRITERS)):
        raise ApiError(405, "Method Not Allowed")
    raise ApiError(404, "Page not found")


def _create(q: Question, body: Any, kind: str) -> Row:
    columns = [(draft, _read(q, draft, kind, None)) for draft in _drafts(body)]
    made = []
    for draft, given in columns:
        number = q.written.new_id()
        row = {**_blank(kind, number, q), **given}
        q.written.keep(kind, number, row)
        q.written.events.append(
            make_event(q.now, f"{SINGULARS[kind]}_added", (SINGULARS[kind], number))
        )
        made.append(_receipt(q, kind, number, draft))
    return _answer(q, kind, made)


def _change_many(q: Question, body: Any, kind: str) -> Row:
    drafts = _drafts(body)
    numbers = [draft.value("id", int, is_needed=True) for draft in drafts]
    return _change(q, kind, list(zip(numbers, drafts, strict=True)))


def _change_one(q: Question, body: Any, kind: str, number: str) -> Row:
    (draft,) = _drafts([body])
    answer = _change(q, kind, [(int(number), draft)])
    (receipt,) = answer["_embedded"][kind]
    return receipt


def _change(q: Question, kind: str, wanted: list[tuple[int, Draft]]) -> Row:
    changes = []
    for number, draft in wanted:
        base = _present(q, kind).get(number)
        if base is None:
            raise ApiError(404, f"There is no {SINGULARS[kind]} {number}")
        changes.append((number, draft, base, _read(q, draft, kind, base)))
    made = []
    for number, draft, base, given in changes:
        q.written.keep(kind, number, {**given, "updated_at": q.now})
        q.written.events += _tell(q, kind, number, base, {**base, **given})
        receipt = _receipt(q, kind, number, draft)
        made.append(receipt | {"updated_at": int(q.now.timestamp())})
    return _answer(q, kind, made)


def _drafts(body: Any) -> list[Draft]:
    return [Draft(item, place) for place, item in enumerate(read_items(body))]


def _present(q: Question, kind: str) -> dict[int, Row]:
    if kind == "tasks":
        tasks = q.written.lay_over_tasks(read_tasks(q.world, q.now))
        return {row["id"]: row for row in tasks}
    rows: dict[int, Row] = getattr(q.book, kind)
    return rows


def _read(q: Question, draft: Draft, kind: str, base: Row | None) -> Row:
    words = q.renderer.words
    if kind == "tasks":
        return read_task(draft, q.book, words, base is None)
    if kind == "leads":
        given = read_lead(draft, q.book, words, read_stages(q.world), base)
        if given.get("status_id") in (WON, LOST):
            given.setdefault("closed_at", q.now)
    else:
        given = read_card(draft, kind, q.book, words)
    fields = draft.fields(kind)
    for name, place in (("phones", 0), ("emails", 1)) if kind == "contacts" else ():
        field = CONTACT_FIELDS[place]
        if field.id in fields:
            given[name] = [str(entry["value"]) for entry in fields[field.id]]
    if fields:
        given["fields"] = {**((base or {}).get("fields") or {}), **fields}
    return given


def _blank(kind: str, number: int, q: Question) -> Row:
    moments = {"id": number, "created_at": q.now, "updated_at": q.now, "manager_id": 0}
    if kind == "leads":
        empty = {"name": f"Сделка #{number}", "price_micros": 0, "contact_id": 0, "company_id": 0}
        return {**BLANK_LEAD, **moments, **empty}
    if kind == "tasks":
        task = {"entity_id": 0, "entity_type": "leads", "task_type_id": 1, "is_completed": False}
        return {**moments, **task}
    return {**BLANK_CARDS[kind], **moments, "company_id": 0}


def _tell(q: Question, kind: str, number: int, old: Row, new: Row) -> Iterator[Row]:
    """Events of one change."""
    entity = (SINGULARS[kind], number)
    if kind == "tasks":
        if new["is_completed"] and not old["is_completed"]:
            yield make_event(q.now, "task_completed", entity)
        return
    if new.get("manager_id") != old.get("manager_id"):
        ends = [[{"responsible_user": {"id": row.get("manager_id")}}] for row in (new, old)]
        yield make_event(q.now, "entity_responsible_changed", entity, 0, *ends)
    if kind == "leads":
        places = [(row["pipeline_id"], row["status_id"]) for row in (new, old)]
        if places[0] != places[1]:
            ends = [[{"lead_status": {"id": s, "pipeline_id": p}}] for p, s in places]
            yield make_event(q.now, "lead_status_changed", entity, 0, *ends)
        if new["price_micros"] != old["price_micros"]:
            prices = [round(row["price_micros"] / MICROS) for row in (new, old)]
            ends = [[{"sale_field_value": {"sale": price}}] for price in prices]
            yield make_event(q.now, "sale_field_changed", entity, 0, *ends)
    before = old.get("fields") or {}
    for field, entries in (new.get("fields") or {}).items():
        if entries != before.get(field, []):
            sides = [
                [{"custom_field_value": {"field_id": field, **entry}} for entry in told]
                for told in (entries, before.get(field, []))
            ]
            yield make_event(q.now, f"custom_field_{field}_value_changed", entity, 0, *sides)


def _receipt(q: Question, kind: str, number: int, draft: Draft) -> Row:
    links = {"self": {"href": f"{q.api}/{kind}/{number}"}}
    return {"id": number, "request_id": draft.request_id, "_links": links}


def _answer(q: Question, kind: str, made: list[Row]) -> Row:
    return {"_links": {"self": {"href": f"{q.api}/{kind}"}}, "_embedded": {kind: made}}


def _add_notes(q: Question, body: Any, kind: str, owner: str | None = None) -> Row:
    made = []
    for draft in _drafts(body):
        number = int(owner) if owner else draft.value("entity_id", int, is_needed=True)
        if number not in _present(q, kind):
            raise draft.refuse("NotSupportedChoice", "entity_id", "There is no such entity")
        note = _note(q, kind, number, draft.value("note_type", str, is_needed=True))
        note["params"] = draft.value("params", dict) or {}
        q.written.notes.append(note)
        made.append(_receipt(q, f"{kind}/notes", note["id"], draft) | {"entity_id": number})
    return _answer(q, "notes", made)


def _note(q: Question, kind: str, owner: int, note_type: str) -> Row:
    return {
        "id": q.written.new_id(),
        "at": q.now,
        "entity_type": kind,
        "entity_id": owner,
        "manager_id": 0,
        "note_type": note_type,
    }


def _add_calls(q: Question, body: Any) -> Row:
    """A call hangs on the newest lead of the contact with its phone, else on the contact."""
    made: list[Row] = []
    errors: list[Row] = []
    owners = {
        tail_of_phone(phone): contact["id"]
        for contact in q.book.contacts.values()
        for phone in contact["phones"] or ()
    }
    for draft in _drafts(body):
        direction = draft.value("direction", str, is_needed=True)
        if direction not in ("inbound", "outbound"):
            raise draft.refuse("NotSupportedChoice", "direction", "inbound or outbound")
        phone = draft.value("phone", str, is_needed=True)
        contact = owners.get(tail_of_phone(phone))
        if contact is None:
            errors.append(
                {
                    "title": "Entity not found",
                    "detail": "Nobody has this phone",
                    "status": 263,
                    "request_id": draft.request_id,
                }
            )
            continue
        leads = q.book.leads_of_contact.get(contact)
        kind, owner = ("leads", max(leads)) if leads else ("contacts", contact)
        is_out = direction == "outbound"
        note = _note(q, kind, owner, "call_out" if is_out else "call_in")
        note["params"] = {
            "uniq": draft.value("uniq", str) or "",
            "duration": draft.value("duration", int, is_needed=True),
            "source": draft.value("source", str, is_needed=True),
            "link": draft.value("link", str),
            "phone": phone,
            "call_result": draft.value("call_result", str) or "",
            "call_status": draft.choice("call_status", range(1, 9)) or CALL_STATUS["answered"],
            "call_responsible": draft.item.get("call_responsible", ""),
        }
        q.written.notes.append(note)
        told = "outgoing_call" if is_out else "incoming_call"
        after = [{"note": {"id": note["id"]}}]
        q.written.events.append(make_event(q.now, told, (SINGULARS[kind], owner), 0, after))
        place = {"entity_id": owner, "entity_type": SINGULARS[kind]}
        made.append(_receipt(q, "calls", note["id"], draft) | place)
    return {"_total_items": len(made), "errors": errors, "_embedded": {"calls": made}}


KINDS = "(leads|contacts|companies)"
WRITERS: tuple[tuple[re.Pattern[str], str, Callable[..., Row]], ...] = tuple(
    (re.compile(pattern), method, serve)
    for pattern, method, serve in (
        ("(leads|contacts|companies|tasks)", "POST", _create),
        ("(leads|contacts|companies|tasks)", "PATCH", _change_many),
        (r"(leads|contacts|companies|tasks)/(\d+)", "PATCH", _change_one),
        (f"{KINDS}/notes", "POST", _add_notes),
        (f"{KINDS}/(\\d+)/notes", "POST", _add_notes),
        ("calls", "POST", _add_calls),
    )
)
