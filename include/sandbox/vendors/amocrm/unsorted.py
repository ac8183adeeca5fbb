"""Unsorted requests: enquiries nobody has answered yet, under a uid of their own."""

from __future__ import annotations

from typing import Any

from include.sandbox.vendors.amocrm.access import ACCOUNT_ID
from include.sandbox.vendors.amocrm.account_book import AccountBook, Row

CATEGORIES = {"CALL": "sip", "OUTBOUND": "sip", "CHAT": "chats", "EMAIL": "mail"}
"""By the label of the source; whatever else is a form."""


def categorise(row: Row) -> str:
    """``sip``, ``chats``, ``mail`` or ``forms``."""
    return CATEGORIES.get(row["source"] or "", "forms")


def render_request(row: Row, book: AccountBook, pipeline_id: int, api: str) -> dict[str, Any]:
    """A request with the contact and company it names, where there are any."""
    category, moment = categorise(row), int(row["created_at"].timestamp())
    embedded = {
        kind: [{"id": one, "_links": {"self": {"href": f"{api}/{kind}/{one}"}}}]
        for kind, one, present in (
            ("contacts", row["contact_id"], book.contacts),
            ("companies", row["company_id"], book.companies),
        )
        if one in present
    }
    lead = {"id": row["id"], "_links": {"self": {"href": f"{api}/leads/{row['id']}"}}}
    return {
        "uid": row["uid"],
        "source_uid": f"{category}-{row['source']}",
        "source_name": row["source"] or "",
        "category": category,
        "pipeline_id": pipeline_id,
        "created_at": moment,
        "metadata": _describe(row, category, moment),
        "account_id": ACCOUNT_ID,
        "_links": {"self": {"href": f"{api}/leads/unsorted/{row['uid']}"}},
        "_embedded": {"leads": [lead], "contacts": [], "companies": []} | embedded,
    }


def _describe(row: Row, category: str, moment: int) -> dict[str, Any]:
    if category == "sip":
        return {
            "from": row["phone"] or "",
            "phone": row["phone"] or "",
            "called_at": moment,
            "duration": 0,
            "link": None,
            "service_code": "uis",
            "uniq": row["uid"],
            "is_call_event_needed": True,
        }
    if category in ("chats", "mail"):
        who = {"name": row["name"] or "", "email": row["email"], "phone": row["phone"]}
        return {"from": who, "received_at": moment, "service": row["source"]}
    return {
        "form_id": f"form-{row['source']}",
        "form_name": row["title"] or "",
        "form_page": "https://uralkrep.example/",
        "form_type": 1,
        "form_sent_at": moment,
        "ip": None,
        "referer": None,
        "visitor_uid": row["ga_client_id"],
    }
