"""What CallRail knows of the world: its calls, forms, text messages, numbers and people.

Rows are made once per
world and hidden until the vendor would know them; tags and lead status appear at ``changed_at``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.callrail.ids import ACCOUNT_ID, COMPANY_ID, make_id
from include.sandbox.vendors.callrail.sources import describe_source
from include.sandbox.world.business_lines import LINES
from include.sandbox.world.world import World

TRACKER = "callrail"
LINE = next(line for line in LINES if line.tracker == TRACKER)
ZONE = ZoneInfo(LINE.time_zone)
COMPANY_NAME = "Northbolt"
SPAM_TAGS = ("спам", "spam")
TAG_COLORS = ("gray1", "blue1", "green1", "orange1", "red1", "purple1")


def write_instant(instant: datetime | None) -> str | None:
    """ISO 8601 with milliseconds and the offset of the company's zone on that day."""
    if instant is None:
        return None
    return instant.astimezone(ZONE).isoformat(timespec="milliseconds")


def _label(name: str) -> str:
    return name if name else "No Source"


@dataclass(frozen=True)
class Known:
    """One row of a list; shown from ``known_at``, as ``later`` has it from ``changed_at``."""

    at: datetime
    known_at: datetime
    row: Mapping[str, Any]
    changed_at: datetime | None = None
    later: Mapping[str, Any] | None = None
    is_spam: bool = False
    """Whether the vendor may take the row away once it has been marked."""

    def is_removed(self, now: datetime) -> bool:
        """Whether a row marked as spam is gone by ``now``."""
        return self.is_spam and self.changed_at is not None and self.changed_at <= now

    def show(self, now: datetime) -> dict[str, Any]:
        """The row as it stands at ``now``."""
        is_changed = self.changed_at is not None and self.changed_at <= now
        return {**self.row, **(self.later or {})} if is_changed else dict(self.row)


class CallBook:
    """All lists of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        visits = world.table("visit")
        calls, forms, chats = (_of(world, name) for name in ("call", "form_request", "chat"))
        wanted = {r["visit_id"] for r in (*calls, *forms, *chats)} - {0, None}
        behind = visits.filter(pc.is_in(visits["visit_id"], pa.array(wanted, pa.int64())))
        self._visits = {row["visit_id"]: row for row in behind.to_pylist()}
        self._managers = {
            row["manager_id"]: row
            for row in world.table("crm_manager").to_pylist()
            if row["crm"] == LINE.crm
        }
        self._calls_of: dict[str, list[datetime]] = {}
        self._good_call_of: dict[str, tuple[datetime, str, str | None]] = {}
        calls.sort(key=lambda row: (row["started_at"], row["call_id"]))
        self._tags = self._name_tags(calls)
        self._trackers = self._make_trackers(calls)
        self.calls = [self._make_call(row) for row in calls]
        self.forms = [self._make_form(row) for row in forms]
        self.conversations = [self._make_conversation(row) for row in chats]
        self.visit_of_call = {
            make_id("CAL", "call", row["call_id"]): self._visits.get(row["visit_id"])
            for row in calls
        }
        first = _first_day(world)
        self.users = [_settle(first, self._make_user(row)) for row in self._managers.values()]
        self.tags = [_settle(first, row) for row in self._tags.values()]
        self.trackers = [_settle(first, row) for row in self._trackers.values()]
        self.companies = [_settle(first, _describe_company(first))]

    def _name_tags(self, calls: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        names = sorted({tag for row in calls for tag in row["tags"] or ()})
        return {
            name: {
                "id": n,
                "name": name,
                "tag_level": "company",
                "color": TAG_COLORS[n % len(TAG_COLORS)],
                "background_color": TAG_COLORS[n % len(TAG_COLORS)],
                "company_id": COMPANY_ID,
                "status": "enabled",
                "created_at": write_instant(_first_day(self.world)),
            }
            for n, name in enumerate(names, 1)
        }

    def _make_trackers(self, calls: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
        numbers: dict[str, set[str]] = {}
        for row in calls:
            numbers.setdefault(row["pool"] or "", set()).add(row["tracking_phone"])
        return {
            pool: {
                "id": make_id("TRK", "tracker", pool),
                "name": _label(pool),
                "type": "session" if len(phones) > 1 else "source",
                "status": "active",
                "destination_number": business_phone(),
                "tracking_numbers": sorted(p for p in phones if p),
                "sms_enabled": True,
                "sms_supported": True,
                "company": {"id": COMPANY_ID, "name": COMPANY_NAME},
                "call_flow": {"type": "basic", "recording_enabled": True},
                "source": {"type": "all" if len(phones) > 1 else "offline"},
                "whisper_message": None,
                "created_at": write_instant(_first_day(self.world)),
                "disabled_at": None,
            }
            for pool, phones in sorted(numbers.items())
        }

    def _make_user(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "id": make_id("USR", "user", row["manager_id"]),
            "email": row["email"],
            "first_name": row["first_name"],
            "last_name": row["last_name"],
            "name": f"{row['first_name']} {row['last_name']}",
            "role": "reporting",
            "accepted": bool(row["is_active"]),
            "companies": [{"id": COMPANY_ID, "name": COMPANY_NAME}],
            "created_at": write_instant(_first_day(self.world)),
        }

    def _count_earlier(self, phone: str, at: datetime) -> int:
        earlier = self._calls_of.setdefault(phone, [])
        earlier.append(at)
        return len(earlier) - 1

    def _make_call(self, row: Mapping[str, Any]) -> Known:
        call_id = make_id("CAL", "call", row["call_id"])
        visit = self._visits.get(row["visit_id"])
        tracker = self._trackers[row["pool"] or ""]
        manager = self._managers.get(row["manager_id"])
        is_answered = row["status"] == "answered"
        talked = row["talk_seconds"] or 0
        prior = self._count_earlier(row["caller_phone"], row["started_at"])
        here = f"https://api.callrail.com/v3/a/{ACCOUNT_ID}/calls/{call_id}"
        recording = f"{here}/recording.json" if is_answered else None
        shown = {
            "id": call_id,
            "answered": is_answered,
            "business_phone_number": business_phone(),
            "customer_city": visit["city"] if visit else None,
            "customer_country": "US",
            "customer_name": (row["contact_name"] or "").upper() or None,
            "customer_phone_number": row["caller_phone"],
            "customer_state": None,
            "direction": "inbound" if row["direction"] == "in" else "outbound",
            "duration": talked if is_answered else row["wait_seconds"] or 0,
            "recording": recording,
            "recording_duration": talked if is_answered else None,
            "recording_player": f"https://app.callrail.com/calls/{call_id}/recording"
            if is_answered
            else None,
            "start_time": write_instant(row["started_at"]),
            "tracking_phone_number": row["tracking_phone"],
            "voicemail": row["status"] == "missed" and talked > 0,
            "call_type": "first_call" if row["is_first"] else "normal",
            "company_id": COMPANY_ID,
            "company_name": COMPANY_NAME,
            "company_time_zone": LINE.time_zone,
            "created_at": write_instant(row["started_at"]),
            "first_call": bool(row["is_first"]),
            "prior_calls": prior,
            "total_calls": prior + 1,
            "lead_status": None,
            "good_lead_call_id": None,
            "good_lead_call_time": None,
            "value": None,
            "note": None,
            "tags": [],
            "agent_email": manager["email"] if manager else None,
            "tracker_id": tracker["id"],
            "source_name": tracker["name"],
            "timeline_url": f"https://app.callrail.com/calls/{call_id}/timeline",
            "keypad_entries": None,
            "keywords_spotted": [],
            "call_highlights": [],
            "speaker_percent": None,
            "waveforms": [],
            "formatted_customer_phone_number": format_phone(row["caller_phone"]),
            "formatted_business_phone_number": format_phone(business_phone()),
            "formatted_tracking_phone_number": format_phone(row["tracking_phone"]),
            "formatted_customer_name": (row["contact_name"] or "").title() or None,
            "formatted_call_type": "First Call" if row["is_first"] else "Repeat Call",
            "formatted_tracking_source": tracker["name"],
            "formatted_value": None,
            "formatted_duration": f"{talked // 60}m {talked % 60}s",
            "formatted_start_time": row["started_at"]
            .astimezone(ZONE)
            .strftime("%b %-d, %Y %-I:%M%p"),
            "session_uuid": make_id("", "session", row["visit_id"]) if visit else None,
            "person_id": make_id("PER", "person", row["caller_phone"]),
            **describe_source(visit),
        }
        known_at = max(row["known_at"] or row["started_at"], row["started_at"])
        changed_at = row["changed_at"] or known_at
        later = self._judge_lead(row, call_id, changed_at) | {
            "tags": [self._tags[tag] for tag in row["tags"] or ()]
        }
        is_spam = any(tag in SPAM_TAGS for tag in row["tags"] or ())
        return Known(row["started_at"], known_at, shown, changed_at, later, is_spam)

    def _judge_lead(
        self, row: Mapping[str, Any], call_id: str, changed_at: datetime
    ) -> dict[str, Any]:
        """A person once marked as a good lead stays one: later calls point back at that call."""
        phone, begun = row["caller_phone"], write_instant(row["started_at"])
        if row["is_target"]:
            self._good_call_of.setdefault(phone, (changed_at, call_id, begun))
            return _mark_lead("good_lead", call_id, begun)
        marked_at, earlier, earlier_at = self._good_call_of.get(phone, (None, None, None))
        if marked_at is not None and marked_at <= changed_at:
            return _mark_lead("previously_marked_good_lead", earlier, earlier_at)
        return _mark_lead("not_a_lead", None, None)

    def _make_form(self, row: Mapping[str, Any]) -> Known:
        visit = self._visits.get(row["visit_id"])
        shown = {
            "id": make_id("FRM", "form", row["request_id"]),
            "company_id": COMPANY_ID,
            "person_id": make_id("PER", "person", row["phone"] or row["email"]),
            "form_data": {
                "name": row["name"] or "",
                "phone": row["phone"] or "",
                "email": row["email"] or "",
            },
            "form_url": row["url"],
            "form_name": row["form_name"],
            "submitted_at": write_instant(row["submitted_at"]),
            "first_form": True,
            "customer_phone_number": read_phone(row["phone"]),
            "customer_name": row["name"],
            "customer_email": row["email"],
            "lead_status": "good_lead" if row["is_target"] else None,
            **describe_source(visit),
        }
        known_at = max(row["known_at"] or row["submitted_at"], row["submitted_at"])
        return Known(row["submitted_at"], known_at, shown)

    def _make_conversation(self, row: Mapping[str, Any]) -> Known:
        visit = self._visits.get(row["visit_id"])
        shown = {
            "id": make_id("SMT", "conversation", row["chat_id"])[:11],
            "company_id": COMPANY_ID,
            "initial_tracker_id": None,
            "current_tracker_id": None,
            "customer_name": row["name"],
            "customer_phone_number": read_phone(row["phone"]),
            "initial_tracking_number": None,
            "current_tracking_number": None,
            "last_message_at": write_instant(row["finished_at"]),
            "started_at": write_instant(row["started_at"]),
            "state": "active",
            "message_count": row["message_count"],
            "recent_messages": [],
            "source": describe_source(visit)["source"],
        }
        known_at = row["finished_at"] or row["started_at"]
        return Known(row["started_at"], known_at, shown)

    def list_page_views(self, call_id: str) -> list[dict[str, Any]] | None:
        """Pages of the visit behind a call, which have no ids; None for a call nobody made."""
        if call_id not in self.visit_of_call:
            return None
        visit = self.visit_of_call[call_id]
        if visit is None:
            return []
        count, entry = max(visit["page_views"] or 1, 1), urlsplit(visit["entry_url"] or "")
        pages = [
            visit["entry_url"],
            *(f"{entry.scheme}://{entry.netloc}/page-{n}" for n in range(2, count + 1)),
        ]
        return [
            {
                "url": page,
                "referrer": (visit["referrer"] or None) if n == 0 else pages[n - 1],
                "created_at": write_instant(visit["started_at"]),
            }
            for n, page in enumerate(pages)
        ]


def read_phone(typed: str | None) -> str | None:
    """A number as typed in E.164; what is no number of the country stays as it is."""
    digits = "".join(char for char in typed or "" if char.isdigit())
    if len(digits) == 10:
        return f"+1{digits}"
    return f"+{digits}" if len(digits) == 11 and digits[0] == "1" else typed or None


def format_phone(number: str | None) -> str | None:
    """E.164 as people of the country write it."""
    if not number or not number.startswith("+1") or len(number) != 12:
        return number
    return f"{number[2:5]}-{number[5:8]}-{number[8:]}"


def _mark_lead(status: str, call_id: str | None, call_time: str | None) -> dict[str, Any]:
    return {
        "lead_status": status,
        "good_lead_call_id": call_id,
        "good_lead_call_time": call_time,
    }


def business_phone() -> str:
    """The number all tracking numbers of the demo company ring at."""
    return "+12125550100"


def _settle(at: datetime, row: Mapping[str, Any]) -> Known:
    return Known(at, at, row)


def _describe_company(since: datetime) -> dict[str, Any]:
    return {
        "id": COMPANY_ID,
        "name": COMPANY_NAME,
        "status": "active",
        "time_zone": LINE.time_zone,
        "created_at": write_instant(since),
        "disabled_at": None,
        "dni_active": True,
        "lead_scoring_enabled": True,
        "callscore_enabled": True,
        "form_capture": True,
        "script_url": "https://cdn.callrail.com/companies/1/demo/12/swap.js",
        "swap_exclude_jquery": None,
        "verified_caller_ids": [],
    }


def _of(world: World, name: str) -> list[dict[str, Any]]:
    table = world.table(name)
    return table.filter(pc.equal(table["tracker"], TRACKER)).to_pylist()


def _first_day(world: World) -> datetime:
    day = world.starts_on
    return datetime(day.year, day.month, day.day, tzinfo=ZONE)
