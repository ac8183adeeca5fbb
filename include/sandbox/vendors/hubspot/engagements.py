"""Calls, tasks, meetings and e-mails: what managers planned, and the calls the tracker logged.

Durations of calls are milliseconds; a call of the tracker appears when the tracker shows it and
has ids apart from those of planned ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from include.sandbox.vendors.hubspot.record import Record, spell_id, spell_instant

TRACKER = "callrail"
FIRST_CALL_ID = 90_000_000_000
STATUSES = {"answered": "COMPLETED", "missed": "NO_ANSWER", "busy": "BUSY"}
PLAIN_TASK = "TO" + "DO"  # the vendor's word, which must not read like a note to ourselves here
CONNECTED = "f240bbac-87c9-4f6e-bf70-924b57d47db7"
NO_ANSWER = "73a0d17f-1163-4015-bdd5-ec830791da20"
PLACES = {"call": "calls", "task": "tasks", "meeting": "meetings", "email": "emails"}
TARGETS = {"lead": "leads", "deal": "deals", "contact": "contacts", "company": "companies"}
Row = Mapping[str, Any]


def make_planned(row: Row, now: datetime, contact_id: int) -> Record:
    """A task of the world as the object of its kind; linked to its owner and that one's contact."""
    done = row["done_at"] if row["done_at"] is not None and row["done_at"] <= now else None
    due = row["due_at"] or row["created_at"]
    kind = row["kind"] if row["kind"] in PLACES else "task"
    properties: dict[str, str | None] = {
        "hs_timestamp": spell_instant(due),
        "hubspot_owner_id": spell_id(row["manager_id"]),
    }
    if kind == "task":
        properties |= {
            "hs_task_subject": row["subject"],
            "hs_task_status": "COMPLETED" if done else "NOT_STARTED",
            "hs_task_type": PLAIN_TASK,
            "hs_task_priority": "NONE",
            "hs_task_completion_date": spell_instant(done),
        }
    elif kind == "meeting":
        properties |= {
            "hs_meeting_title": row["subject"],
            "hs_meeting_start_time": spell_instant(due),
            "hs_meeting_end_time": spell_instant(done or due),
            "hs_meeting_outcome": "COMPLETED" if done else "SCHEDULED",
        }
    elif kind == "email":
        properties |= {
            "hs_email_subject": row["subject"],
            "hs_email_direction": "EMAIL",
            "hs_email_status": "SENT" if done else "SCHEDULED",
        }
    else:
        properties |= {
            "hs_call_title": row["subject"],
            "hs_call_direction": "OUTBOUND",
            "hs_call_status": "COMPLETED" if done else "QUEUED",
            "hs_call_duration": None,
            "hs_call_from_number": None,
            "hs_call_to_number": None,
            "hs_call_recording_url": None,
            "hs_call_disposition": CONNECTED if done else None,
        }
    links = {TARGETS[row["entity"]]: [row["entity_id"]]}
    if contact_id and row["entity"] != "contact":
        links["contacts"] = [contact_id]
    return Record(
        id=row["task_id"],
        properties=properties,
        created_at=row["created_at"],
        updated_at=done or row["created_at"],
        links=links,
    )


def make_logged_calls(
    calls: Sequence[Row], contact_of: Mapping[str, int], now: datetime
) -> list[Record]:
    """Calls the tracker had shown by ``now``, ascending by id, that is as they became known."""
    ordered = sorted(calls, key=lambda row: (row["known_at"] or row["started_at"], row["call_id"]))
    records = []
    for place, row in enumerate(ordered, start=1):
        known_at = row["known_at"] or row["started_at"]
        if known_at > now:
            break
        is_answered = row["status"] == "answered"
        is_out = row["direction"] == "out"
        changed = row["changed_at"]
        is_settled = changed is None or changed <= now
        contact = contact_of.get(fold_phone(row["caller_phone"]), 0)
        key = hashlib.sha256(f"call/{row['call_id']}".encode()).hexdigest()[:24]
        here, there = row["tracking_phone"], row["caller_phone"]
        talk = 1000 * (row["talk_seconds"] or 0) if is_answered else 0
        records.append(
            Record(
                id=FIRST_CALL_ID + place,
                properties={
                    "hs_timestamp": spell_instant(row["started_at"]),
                    "hs_call_title": f"{'Outbound' if is_out else 'Inbound'} call",
                    "hs_call_direction": "OUTBOUND" if is_out else "INBOUND",
                    "hs_call_status": STATUSES.get(row["status"], "FAILED"),
                    "hs_call_duration": str(talk),
                    "hs_call_from_number": here if is_out else there,
                    "hs_call_to_number": there if is_out else here,
                    "hs_call_recording_url": (
                        f"https://recordings.example/{key}" if is_answered and is_settled else None
                    ),
                    "hs_call_disposition": CONNECTED if is_answered else NO_ANSWER,
                    "hs_call_source": "INTEGRATIONS_PLATFORM",
                    "hs_unique_id": str(row["call_id"]),
                    "hubspot_owner_id": spell_id(row["manager_id"]),
                },
                created_at=known_at,
                updated_at=max(known_at, changed) if changed and changed <= now else known_at,
                links={"contacts": [contact] if contact else []},
            )
        )
    return records


def fold_phone(phone: str | None) -> str:
    """The last ten digits, which tell phones of one country apart."""
    return "".join(sign for sign in phone or "" if sign.isdigit())[-10:]
