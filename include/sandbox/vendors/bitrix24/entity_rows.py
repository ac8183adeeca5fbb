"""Leads, deals, contacts and companies as the classic methods show them.

Every scalar is text, flags are Y or N, instants carry the portal's offset. An empty date is an
empty string, an absent link null. ``CLOSEDATE`` is what somebody planned, not when a deal closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.bitrix24 import custom_fields as custom
from include.sandbox.vendors.bitrix24.conditions import PORTAL_ZONE
from include.sandbox.vendors.bitrix24.stages import Stages

MULTIPLE = frozenset({"PHONE", "EMAIL", "WEB", "IM", "LINK"})
"""Fields with several values, which ``*`` leaves out of lists."""
PLANNED_DAYS = timedelta(days=7)
UTM = ("source", "medium", "campaign", "content", "term")
ADDRESS = (
    "ADDRESS",
    "ADDRESS_2",
    "ADDRESS_CITY",
    "ADDRESS_POSTAL_CODE",
    "ADDRESS_REGION",
    "ADDRESS_PROVINCE",
    "ADDRESS_COUNTRY",
    "ADDRESS_COUNTRY_CODE",
    "ADDRESS_LOC_ADDR_ID",
)


@dataclass(frozen=True)
class Surroundings:
    """What the rows of an instant need to know of the rest of the portal."""

    stages: Stages
    reason_ids: Mapping[str, str]
    moved: Mapping[tuple[str, int], tuple[datetime, int | None]]
    """(entity, id) → when and by whom it entered its stage."""
    survivors: Mapping[tuple[str, int], int]
    """(contact or company, id) → whom it was merged into."""
    touched: Mapping[tuple[str, int], datetime]
    """(entity, id) → when the last other entity was merged into it."""


def spell_instant(instant: datetime | None) -> str:
    """An instant in the portal's time, empty where there is none."""
    return "" if instant is None else instant.astimezone(PORTAL_ZONE).isoformat(timespec="seconds")


def spell_day(instant: datetime) -> str:
    """A date field: midnight of the portal."""
    local = instant.astimezone(PORTAL_ZONE)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).isoformat(timespec="seconds")


def spell_money(micros: int | None) -> str:
    """Micros as text with two decimals, rounded half up."""
    cents = (abs(micros or 0) + 5_000) // 10_000
    return f"{'-' if (micros or 0) < 0 else ''}{cents // 100}.{cents % 100:02d}"


def link(value: int | None) -> str | None:
    """An id as text, null for 0."""
    return str(value) if value else None


def multi_values(owner: int, kind: str, values: list[str | None]) -> list[dict[str, str]]:
    """A field with several values; each value has an id of its own."""
    offset = {"PHONE": 1, "EMAIL": 5, "WEB": 8}[kind]
    return [
        {"ID": str(owner * 10 + offset + i), "VALUE_TYPE": "WORK", "VALUE": value, "TYPE_ID": kind}
        for i, value in enumerate(value for value in values if value)
    ]


def split_name(name: str | None) -> tuple[str, str | None]:
    """First and last name of a name typed into one field."""
    first, _, last = (name or "").strip().partition(" ")
    return first, last or None


def _service_fields(
    kind: str, number: int, row: Mapping[str, Any], around: Surroundings
) -> dict[str, Any]:
    manager = str(row.get("manager_id") or 1)
    created = row["created_at"]
    updated = row["updated_at"] or created
    updated = max(updated, around.touched.get((kind, number), updated))
    return {
        "ASSIGNED_BY_ID": manager,
        "CREATED_BY_ID": manager,
        "MODIFY_BY_ID": manager,
        "DATE_CREATE": spell_instant(created),
        "DATE_MODIFY": spell_instant(updated),
        "OPENED": "Y",
        "ORIGINATOR_ID": None,
        "ORIGIN_ID": None,
        "LAST_ACTIVITY_TIME": spell_instant(updated),
        "LAST_ACTIVITY_BY": manager,
    }


def _utm_fields(row: Mapping[str, Any]) -> dict[str, Any]:
    return {f"UTM_{part.upper()}": row[f"utm_{part}"] or None for part in UTM}


def _moved_fields(
    kind: str, number: int, row: Mapping[str, Any], around: Surroundings
) -> dict[str, Any]:
    at, by = around.moved.get((kind, number), (row["created_at"], None))
    return {"MOVED_BY_ID": str(by or row["manager_id"] or 1), "MOVED_TIME": spell_instant(at)}


def _survivor(kind: str, number: int | None, around: Surroundings) -> str | None:
    return link(around.survivors.get((kind, number or 0), number or 0))


def lead_row(row: Mapping[str, Any], around: Surroundings) -> dict[str, Any]:
    """One row of ``crm.lead.list``."""
    number = row["lead_id"]
    stage = around.stages.of_lead(row["stage_id"])
    first, last = split_name(row["name"])
    return {
        "ID": str(number),
        "TITLE": row["title"] or f"Лид #{number}",
        "HONORIFIC": None,
        "NAME": first,
        "SECOND_NAME": None,
        "LAST_NAME": last,
        "COMPANY_TITLE": row["company_title"] or None,
        "COMPANY_ID": _survivor("company", row["company_id"], around),
        "CONTACT_ID": _survivor("contact", row["contact_id"], around),
        "IS_RETURN_CUSTOMER": "N",
        "BIRTHDATE": "",
        "SOURCE_ID": row["source"] or None,
        "SOURCE_DESCRIPTION": None,
        "STATUS_ID": stage.status_id,
        "STATUS_DESCRIPTION": None,
        "STATUS_SEMANTIC_ID": stage.semantics,
        "POST": None,
        "COMMENTS": None,
        "CURRENCY_ID": "RUB",
        "OPPORTUNITY": "0.00",
        "IS_MANUAL_OPPORTUNITY": "N",
        "HAS_PHONE": "Y" if row["phone"] else "N",
        "HAS_EMAIL": "Y" if row["email"] else "N",
        "HAS_IMOL": "N",
        "DATE_CLOSED": spell_instant(row["closed_at"]),
        **_service_fields("lead", number, row, around),
        **_moved_fields("lead", number, row, around),
        **dict.fromkeys(ADDRESS),
        **_utm_fields(row),
        custom.METRICA_CLIENT: link(row["metrica_client_id"]),
        custom.GA_CLIENT: row["ga_client_id"] or None,
        custom.CLICK_ID: row["click_id"] or None,
        custom.LOST_REASON: around.reason_ids.get(row["lost_reason"] or ""),
        custom.FIRST_REPLY: spell_instant(row["first_reply_at"]),
        "PHONE": multi_values(number, "PHONE", [row["phone"]]),
        "EMAIL": multi_values(number, "EMAIL", [row["email"]]),
        "WEB": [],
        "IM": [],
        "LINK": [],
    }


def deal_row(row: Mapping[str, Any], around: Surroundings) -> dict[str, Any]:
    """One row of ``crm.deal.list``."""
    number = row["deal_id"]
    stage = around.stages.of_deal(row["pipeline_id"], row["stage_id"])
    return {
        "ID": str(number),
        "TITLE": row["title"] or f"Сделка #{number}",
        "TYPE_ID": "SALE",
        "CATEGORY_ID": str(around.stages.category(row["pipeline_id"])),
        "STAGE_ID": stage.status_id,
        "STAGE_SEMANTIC_ID": stage.semantics,
        "IS_NEW": "Y" if stage.status_id.endswith("NEW") else "N",
        "IS_RECURRING": "N",
        "IS_RETURN_CUSTOMER": "N",
        "IS_REPEATED_APPROACH": "N",
        "PROBABILITY": None,
        "CURRENCY_ID": row["currency_code"],
        "OPPORTUNITY": spell_money(row["amount_micros"]),
        "IS_MANUAL_OPPORTUNITY": "N",
        "TAX_VALUE": "0.00",
        "LEAD_ID": link(row["lead_id"]),
        "COMPANY_ID": _survivor("company", row["company_id"], around) or "0",
        "CONTACT_ID": _survivor("contact", row["contact_id"], around),
        "QUOTE_ID": None,
        "BEGINDATE": spell_day(row["created_at"]),
        "CLOSEDATE": spell_day(row["created_at"] + PLANNED_DAYS),
        "CLOSED": "N" if stage.semantics == "P" else "Y",
        "COMMENTS": None,
        "SOURCE_ID": row["source"] or None,
        "SOURCE_DESCRIPTION": None,
        "ADDITIONAL_INFO": None,
        "LOCATION_ID": None,
        **_service_fields("deal", number, row, around),
        **_moved_fields("deal", number, row, around),
        **_utm_fields(row),
        custom.METRICA_CLIENT: link(row["metrica_client_id"]),
        custom.LOST_REASON: around.reason_ids.get(row["lost_reason"] or ""),
    }


def contact_row(row: Mapping[str, Any], around: Surroundings) -> dict[str, Any]:
    """One row of ``crm.contact.list``."""
    number = row["contact_id"]
    return {
        "ID": str(number),
        "HONORIFIC": None,
        "NAME": row["first_name"] or "",
        "SECOND_NAME": None,
        "LAST_NAME": row["last_name"] or None,
        "PHOTO": None,
        "POST": None,
        "TYPE_ID": "CLIENT",
        "SOURCE_ID": None,
        "SOURCE_DESCRIPTION": None,
        "COMPANY_ID": _survivor("company", row["company_id"], around),
        "LEAD_ID": None,
        "BIRTHDATE": "",
        "EXPORT": "Y",
        "HAS_PHONE": "Y" if row["phones"] else "N",
        "HAS_EMAIL": "Y" if row["emails"] else "N",
        "HAS_IMOL": "N",
        "COMMENTS": None,
        **_service_fields("contact", number, row, around),
        "ORIGIN_VERSION": None,
        "FACE_ID": None,
        **dict.fromkeys(ADDRESS),
        **_utm_fields(row),
        custom.METRICA_CLIENT: link(row["metrica_client_id"]),
        custom.GA_CLIENT: row["ga_client_id"] or None,
        "PHONE": multi_values(number, "PHONE", row["phones"] or []),
        "EMAIL": multi_values(number, "EMAIL", row["emails"] or []),
        "WEB": [],
        "IM": [],
        "LINK": [],
    }


def company_row(row: Mapping[str, Any], around: Surroundings) -> dict[str, Any]:
    """One row of ``crm.company.list``."""
    number = row["company_id"]
    return {
        "ID": str(number),
        "TITLE": row["title"] or "",
        "COMPANY_TYPE": "CUSTOMER",
        "LOGO": None,
        "LEAD_ID": None,
        "HAS_PHONE": "Y" if row["phone"] else "N",
        "HAS_EMAIL": "N",
        "HAS_IMOL": "N",
        "INDUSTRY": None,
        "REVENUE": "0.00",
        "CURRENCY_ID": "RUB",
        "EMPLOYEES": None,
        "BANKING_DETAILS": None,
        "IS_MY_COMPANY": "N",
        "COMMENTS": None,
        **_service_fields("company", number, row, around),
        "ORIGIN_VERSION": None,
        **dict.fromkeys(ADDRESS),
        **{f"UTM_{part.upper()}": None for part in UTM},
        custom.TAX_NUMBER: row["inn"] or None,
        custom.TAX_REASON_CODE: row["kpp"] or None,
        "PHONE": multi_values(number, "PHONE", [row["phone"]]),
        "EMAIL": [],
        "WEB": multi_values(number, "WEB", [row["domain"]]),
        "IM": [],
        "LINK": [],
    }
