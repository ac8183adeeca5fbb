"""Calls as notes of type ``call_in`` and ``call_out``: there is no list of calls in amoCRM.

A call hangs on the caller's newest lead, else on the contact with that phone, else on the
enquiry that was typed with it. A call of nobody known leaves no note.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.amocrm.access import ACCOUNT_ID
from include.sandbox.vendors.amocrm.account_book import number_enquiries
from include.sandbox.vendors.amocrm.own_rows import TRACKER, read_own
from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

Note = dict[str, Any]
FIRST_NOTE = 70_000_000
CALL_STATUS = {"answered": 4, "missed": 6, "busy": 7}
UNDEFINED_STATUS = 8
FORESIGHT = timedelta(hours=1)
"""How long after a call the lead it opens may be entered."""
_NOTES: WorldMemo[list[Note]] = WorldMemo()


def read_notes(world: World) -> list[Note]:
    """All call notes there will ever be, oldest first; ``at`` is when each appears."""
    return _NOTES.get(world, "notes", lambda: _gather(world))


def render_note(note: Note, api: str) -> dict[str, Any]:
    """A note of the API."""
    moment = int(note["at"].timestamp())
    kind, owner = note["entity_type"], note["entity_id"]
    return {
        "id": note["id"],
        "entity_id": owner,
        "created_by": note["manager_id"],
        "updated_by": note["manager_id"],
        "created_at": moment,
        "updated_at": moment,
        "responsible_user_id": note["manager_id"],
        "group_id": 0,
        "note_type": note["note_type"],
        "params": note["params"],
        "account_id": ACCOUNT_ID,
        "_links": {"self": {"href": f"{api}/{kind}/{owner}/notes/{note['id']}"}},
    }


def tail_of_phone(phone: str | None) -> str:
    """The ten digits a phone is known by, however it is spelt."""
    return "".join(sign for sign in phone or "" if sign.isdigit())[-10:]


def _gather(world: World) -> list[Note]:
    numbers = number_enquiries(world)
    contact_of: dict[str, dict[str, Any]] = {}
    for row in read_own(world, "crm_contact"):
        for phone in row["phones"] or ():
            contact_of.setdefault(tail_of_phone(phone), row)
    lead_of: dict[str, tuple[int, datetime]] = {}
    leads_of: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    for row in read_own(world, "crm_lead"):
        if row["contact_id"]:
            leads_of[row["contact_id"]].append((row["created_at"], numbers[row["lead_id"]]))
        if row["phone"]:
            known = (numbers[row["lead_id"]], row["created_at"])
            lead_of.setdefault(tail_of_phone(row["phone"]), known)
    for row in read_own(world, "crm_deal"):
        if row["contact_id"] and not row["lead_id"]:
            leads_of[row["contact_id"]].append((row["created_at"], row["deal_id"]))
    notes = []
    for call in read_own(world, "call", "tracker", TRACKER):
        phone = tail_of_phone(call["caller_phone"])
        contact = contact_of.get(phone)
        kind, owner, since = "", 0, call["started_at"]
        if contact is not None:
            kind, owner, since = "contacts", contact["contact_id"], contact["created_at"]
            latest = call["started_at"] + FORESIGHT
            own = [lead for lead in leads_of[owner] if lead[0] <= latest]
            if own:
                since, owner = max(own)
                kind = "leads"
        elif phone in lead_of:
            owner, since = lead_of[phone]
            kind = "leads"
        if kind:
            notes.append(_note(call, kind, owner, since))
    notes.sort(key=lambda note: (note["at"], note["id"]))
    return notes


def _note(call: dict[str, Any], kind: str, owner: int, since: datetime) -> Note:
    seconds = (call["wait_seconds"] or 0) + (call["talk_seconds"] or 0)
    ended = call["started_at"] + timedelta(seconds=seconds)
    talked = call["status"] == "answered"
    return {
        "id": FIRST_NOTE + call["call_id"],
        "at": max(ended, since, call["known_at"] or ended),
        "entity_type": kind,
        "entity_id": owner,
        "manager_id": call["manager_id"] or 0,
        "note_type": "call_out" if call["direction"] == "out" else "call_in",
        "params": {
            "uniq": str(call["call_id"]),
            "duration": call["talk_seconds"] or 0,
            "source": call["tracker"],
            "link": f"https://records.example/{call['call_id']}.mp3" if talked else None,
            "phone": call["caller_phone"],
            "call_result": "Разговор состоялся" if talked else "Не дозвонились",
            "call_status": CALL_STATUS.get(call["status"], UNDEFINED_STATUS),
            "call_responsible": str(call["manager_id"] or ""),
        },
    }
