"""Rows of ``voximplant.statistic.get``: the calls of the main line, as the portal files them.

The call tracker hands its calls over, so a row appears when the tracker shows the call; ids follow
that order. The recording's address and the binding to the CRM may come later. There is no waiting
time, and a call that was not talked has a duration of 0.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.bitrix24.entity_rows import spell_instant

TRACKER = "calltouch"
OUTGOING, INCOMING = "1", "2"
FAILED = {
    "answered": ("200", "Success call"),
    "missed": ("304", "Skipped call"),
    "busy": ("486", "Busy"),
}
FIRST_ACTIVITY_ID = 10_000_000
"""Activities of calls have ids from here, apart from those of planned ones."""
Row = Mapping[str, Any]


class PhoneBook:
    """The contact, else the lead, who was the first to have a phone."""

    def __init__(self, contacts: Mapping[int, Row], leads: Mapping[int, Row]) -> None:
        self._owners: dict[str, tuple[str, int, datetime]] = {}
        for number, row in leads.items():
            self._add(row["phone"], "LEAD", number, row["created_at"])
        self._leads = dict(self._owners)
        self._owners = {}
        for number, row in contacts.items():
            for phone in row["phones"] or []:
                self._add(phone, "CONTACT", number, row["created_at"])

    def _add(self, phone: str | None, kind: str, number: int, created: datetime) -> None:
        digits = fold_phone(phone)
        if digits and (digits not in self._owners or self._owners[digits][2] > created):
            self._owners[digits] = (kind, number, created)

    def owner(self, phone: str | None) -> tuple[str | None, str | None]:
        """Kind and id of the owner; nulls where nobody has the phone."""
        digits = fold_phone(phone)
        found = self._owners.get(digits) or self._leads.get(digits)
        return (found[0], str(found[1])) if found else (None, None)


def fold_phone(phone: str | None) -> str:
    """The last ten digits, which tell phones of one country apart."""
    return re.sub(r"\D", "", phone or "")[-10:]


def call_rows(
    calls: Sequence[Row], managers: Mapping[int, Row], phone_book: PhoneBook, now: datetime
) -> list[dict[str, Any]]:
    """The rows shown at ``now``, ascending by id; calls of strangers to the portal are left out."""
    ordered = sorted(calls, key=lambda row: (row["known_at"] or row["started_at"], row["call_id"]))
    rows = []
    for number, call in enumerate(ordered, start=1):
        known_at = call["known_at"] or call["started_at"] + timedelta(
            seconds=call["talk_seconds"] or 0
        )
        if known_at > now:
            break
        manager = call["manager_id"] or 0
        if manager and manager not in managers:
            continue
        rows.append(_call_row(number, call, manager, phone_book, now))
    return rows


def _call_row(
    number: int, call: Row, manager: int, phone_book: PhoneBook, now: datetime
) -> dict[str, Any]:
    is_answered = call["status"] == "answered"
    is_settled = call["changed_at"] is None or call["changed_at"] <= now
    key = hashlib.sha256(f"call/{call['call_id']}".encode()).hexdigest()[:32]
    stamp = int(call["started_at"].timestamp())
    kind, owner = phone_book.owner(call["caller_phone"])
    code, reason = FAILED.get(call["status"] or "", ("OTHER", "Undefined"))
    talk = (call["talk_seconds"] or 0) if is_answered else 0
    return {
        "ID": str(number),
        "PORTAL_USER_ID": str(manager or 1),
        "PORTAL_NUMBER": call["tracking_phone"] or "",
        "PHONE_NUMBER": call["caller_phone"] or "",
        "CALL_ID": f"externalCall.{key}.{stamp}",
        "EXTERNAL_CALL_ID": str(call["call_id"]),
        "CALL_CATEGORY": "external",
        "CALL_LOG": None,
        "CALL_DURATION": str(talk),
        "CALL_START_DATE": spell_instant(call["started_at"]),
        "CALL_RECORD_URL": (
            f"https://records.calltouch.example/{key}.mp3" if is_answered and is_settled else ""
        ),
        "RECORD_FILE_ID": None,
        "RECORD_DURATION": str(talk) if is_answered and is_settled else None,
        "CALL_VOTE": None,
        "COST": "0.0000",
        "COST_CURRENCY": "RUR",
        "CALL_FAILED_CODE": code,
        "CALL_FAILED_REASON": reason,
        "CRM_ENTITY_TYPE": kind,
        "CRM_ENTITY_ID": owner,
        "CRM_ACTIVITY_ID": str(FIRST_ACTIVITY_ID + number) if owner else None,
        "REST_APP_ID": "1",
        "REST_APP_NAME": "Calltouch",
        "TRANSCRIPT_ID": None,
        "TRANSCRIPT_PENDING": "N",
        "SESSION_ID": None,
        "REDIAL_ATTEMPT": None,
        "COMMENT": None,
        "CALL_TYPE": OUTGOING if call["direction"] == "out" else INCOMING,
    }
