"""The lists of an account: their row key, default fields, sort keys and filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from include.sandbox.vendors.callrail.errors import ApiError

CALL_DEFAULTS = (
    "answered", "business_phone_number", "customer_city", "customer_country", "customer_name",
    "customer_phone_number", "customer_state", "direction", "duration", "id", "recording",
    "recording_duration", "recording_player", "start_time", "tracking_phone_number", "voicemail",
)  # fmt: skip
FORM_DEFAULTS = (
    "id", "company_id", "person_id", "form_data", "form_url", "landing_page_url",
    "referring_url", "submitted_at", "first_form", "customer_phone_number", "customer_name",
)  # fmt: skip


@dataclass(frozen=True)
class ListRules:
    """One list; ``attribute`` of the book holds its rows, the first of ``sorts`` is the default.

    Without ``defaults`` every field is always shown. ``is_dated`` lists obey dates and cover the
    recent seven days where none is given; the others are whole at every request.
    """

    key: str
    attribute: str
    sorts: tuple[str, ...]
    defaults: tuple[str, ...] | None = None
    is_dated: bool = False


LISTS: dict[str, ListRules] = {
    "calls": ListRules(
        "calls",
        "calls",
        ("start_time", "customer_name", "customer_phone_number", "duration", "source"),
        CALL_DEFAULTS,
        is_dated=True,
    ),
    "text-messages": ListRules(
        "conversations", "conversations", ("last_message_at",), is_dated=True
    ),
    "form_submissions": ListRules("form_submissions", "forms", ("submitted_at",), FORM_DEFAULTS),
    "companies": ListRules("companies", "companies", ("name", "id")),
    "users": ListRules("users", "users", ("last_name", "email")),
    "trackers": ListRules("trackers", "trackers", ("name", "status")),
    "tags": ListRules("tags", "tags", ("name",)),
}
"""Path under the account → its rules."""

EXACT_FILTERS = ("company_id", "tracker_id", "direction", "lead_status", "device_type", "source")
FLAGS = {"true": True, "false": False}


def filter_calls(rows: Sequence[dict[str, Any]], params: Mapping[str, str]) -> list[dict[str, Any]]:
    """Calls that pass every filter of the query; 400 for a flag that is neither true nor false."""
    kept = list(rows)
    for name in EXACT_FILTERS:
        if params.get(name):
            kept = [row for row in kept if row[name] == params[name]]
    for name in ("answered", "first_call", "voicemail"):
        if name in params:
            if params[name] not in FLAGS:
                raise ApiError(400, f"Invalid {name}: {params[name]}")
            kept = [row for row in kept if row[name] is FLAGS[params[name]]]
    if params.get("tags"):
        kept = [row for row in kept if params["tags"] in [tag["name"] for tag in row["tags"]]]
    if params.get("search"):
        wanted = params["search"].lower()
        seen = ("customer_name", "customer_phone_number", "tracking_phone_number", "source_name")
        kept = [row for row in kept if any(wanted in str(row[name]).lower() for name in seen)]
    return kept
