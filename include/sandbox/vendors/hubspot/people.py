"""Contacts, companies and leads.

What a visitor told the site is on the contact: the status and marks of its latest enquiry, where
its first visit came from, and the client ids, which are properties of the portal's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from include.sandbox.vendors.hubspot.pipelines import LEADS, Pipelines
from include.sandbox.vendors.hubspot.record import Change, Record, spell_id, spell_instant
from include.sandbox.world.crm_state import LEAD_PIPELINE

Row = Mapping[str, Any]
UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
PAID_MEDIA = {"cpc", "ppc", "paid", "paidsearch"}
SITE = "https://northbolt.example/"


def lifetime(row: Row) -> dict[str, datetime | None]:
    """Instants every record has; a merged record is given no archive."""
    return {
        "created_at": row["created_at"],
        "updated_at": row["updated_at"] or row["created_at"],
        "archived_at": row["deleted_at"],
    }


def make_company(row: Row, merged: Sequence[int]) -> Record:
    """A company."""
    return Record(
        id=row["company_id"],
        properties={
            "name": row["title"],
            "domain": row["domain"] or None,
            "phone": row["phone"] or None,
            "tax_number": row["inn"] or None,
            "website": row["domain"] or None,
            "hubspot_owner_id": None,
            "lifecyclestage": "opportunity",
            "hs_merged_object_ids": _join(merged),
        },
        **lifetime(row),
    )


def make_contact(row: Row, leads: Sequence[Row], merged: Sequence[int]) -> Record:
    """A contact; ``leads`` are its enquiries so far, the latest last."""
    latest = leads[-1] if leads else None
    first = leads[0] if leads else None
    phones, emails = list(row["phones"] or []), list(row["emails"] or [])
    source, details = _source(row)
    click = next((lead["click_id"] for lead in leads if lead["click_id"]), None)
    marks = {name: row[name] or None for name in UTM}
    query = urlencode({name: value for name, value in marks.items() if value})
    is_web = bool(query) or bool(row["ga_client_id"])
    # what its enquiries put on a contact changes the contact, or no increment would bring it
    row = {**row, "updated_at": max(one["updated_at"] for one in (row, *leads))}
    return Record(
        id=row["contact_id"],
        properties={
            "firstname": row["first_name"] or None,
            "lastname": row["last_name"] or None,
            "email": emails[0] if emails else None,
            "hs_additional_emails": ";".join(emails[1:]) or None,
            "phone": phones[0] if phones else None,
            "mobilephone": phones[1] if len(phones) > 1 else None,
            "company": (latest["company_title"] or None) if latest else None,
            "associatedcompanyid": spell_id(row["company_id"]),
            "hubspot_owner_id": spell_id(latest["manager_id"]) if latest else None,
            "lifecyclestage": _lifecycle(latest),
            "hs_lead_status": str(latest["stage_id"]).upper() if latest else None,
            "hs_analytics_source": source,
            "hs_analytics_source_data_1": details[0],
            "hs_analytics_source_data_2": details[1],
            "hs_analytics_first_url": (f"{SITE}?{query}" if query else SITE) if is_web else None,
            "hs_analytics_first_timestamp": spell_instant(row["created_at"]) if is_web else None,
            "hs_google_click_id": click,
            "first_conversion_event_name": first["source"] or None if first else None,
            "ga_client_id": row["ga_client_id"] or None,
            "metrica_client_id": spell_id(row["metrica_client_id"]),
            "hs_merged_object_ids": _join(merged),
            **marks,
        },
        links={"companies": [row["company_id"]] if row["company_id"] else []},
        **lifetime(row),
    )


def _join(ids: Sequence[int]) -> str | None:
    return ";".join(str(number) for number in ids) or None


def _lifecycle(latest: Row | None) -> str | None:
    if latest is None:
        return None
    return "opportunity" if latest["deal_id"] else "lead"


def _source(row: Row) -> tuple[str, tuple[str | None, str | None]]:
    """The vendor's word for where the first visit came from, and its two details."""
    medium, source = (row["utm_medium"] or "").lower(), (row["utm_source"] or "").lower()
    details = (row["utm_campaign"] or source or None, row["utm_term"] or medium or None)
    if medium in PAID_MEDIA:
        return "PAID_SEARCH", details
    if "social" in medium:
        return ("PAID_SOCIAL" if "paid" in medium else "SOCIAL_MEDIA"), details
    if medium == "email":
        return "EMAIL_MARKETING", details
    if medium == "organic":
        return "ORGANIC_SEARCH", details
    if medium == "referral":
        return "REFERRALS", details
    if source:
        return "OTHER_CAMPAIGNS", details
    if row["ga_client_id"]:
        return "DIRECT_TRAFFIC", (None, None)
    return "OFFLINE", ("CRM_UI", None)


def make_lead(row: Row, pipelines: Pipelines, history: Mapping[str, Sequence[Change]]) -> Record:
    """A lead: one enquiry, with name, phone and e-mail as they were typed."""
    stage = pipelines.stage(LEAD_PIPELINE, row["stage_id"])
    return Record(
        id=row["lead_id"],
        properties={
            "hs_lead_name": row["title"] or row["name"],
            "hs_lead_type": "NEW_BUSINESS",
            "hs_pipeline": LEADS,
            "hs_pipeline_stage": stage.stage_id,
            "hs_lead_disqualification_reason": row["lost_reason"] or None,
            "hubspot_owner_id": spell_id(row["manager_id"]),
            "hs_lead_first_outreach_date": spell_instant(row["first_reply_at"]),
            "hs_lead_closed_date": spell_instant(row["closed_at"]),
            "enquiry_source": row["source"] or None,
            "enquiry_name": row["name"] or None,
            "enquiry_phone": row["phone"] or None,
            "enquiry_email": row["email"] or None,
            "enquiry_company": row["company_title"] or None,
            "click_id": row["click_id"] or None,
            "ga_client_id": row["ga_client_id"] or None,
            "metrica_client_id": spell_id(row["metrica_client_id"]),
            **{name: row[name] or None for name in UTM},
        },
        history=dict(history),
        links={
            "contacts": [row["contact_id"]] if row["contact_id"] else [],
            "companies": [row["company_id"]] if row["company_id"] else [],
            "deals": [row["deal_id"]] if row["deal_id"] else [],
        },
        **lifetime(row),
    )
