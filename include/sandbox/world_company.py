"""The head office of a world as it exports itself to files: leads, deals, offline costs.

What is in the files at a day is what its CRM and its bookkeeping knew at the end of that day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from include.sandbox.sample_company import Deal, Lead, OfflineCost, Person, SampleCompany
from include.sandbox.world.crm_state import crm_rows
from include.sandbox.world.world import World

HEAD_OFFICE = "bitrix24"
MOSCOW = ZoneInfo("Europe/Moscow")
MICROS = 1_000_000
LABELS: Mapping[str, str] = {
    "CALL": "Звонок",
    "CHAT": "Мессенджер",
    "EXHIBITION": "Выставка",
    "OUTBOUND": "Исходящий звонок",
}
"""How the exporting manager spells a source; a form has no word of its own."""
ACTIVITIES: Mapping[str, str] = {"exhibition": "Выставка", "email": "Рассылка"}
STAGES: Mapping[str, str] = {
    "won": "Успешно реализована",
    "lost": "Закрыто и не реализовано",
    "open": "В работе",
}
"""The export's words for a deal's state, whatever its pipeline calls the stage."""
UTM_PARTS = ("source", "medium", "campaign", "content", "term")


def read_company(world: World, today: date, since: date = date.min) -> SampleCompany:
    """What was known before ``today`` began in Moscow, of leads, deals and costs from ``since``."""
    now = datetime.combine(today, time(), MOSCOW).astimezone(UTC)
    contacts = {
        row["contact_id"]: row for row in crm_rows(world, HEAD_OFFICE, "contact", now).to_pylist()
    }
    return SampleCompany(
        [lead for lead in _read_leads(world, now) if lead.created_at.date() >= since],
        [deal for deal in _read_deals(world, now, contacts) if deal.created_at.date() >= since],
        [cost for cost in _read_costs(world, today) if cost.day >= since],
    )


def _read_leads(world: World, now: datetime) -> Iterator[Lead]:
    for row in crm_rows(world, HEAD_OFFICE, "lead", now).to_pylist():
        if row["deleted_at"] is not None:
            continue
        phone, email = row["phone"] or "", row["email"] or ""
        yield Lead(
            lead_id=f"L-{row['lead_id']:06d}",
            created_at=_local(row["created_at"]),
            channel="",
            source_label=LABELS.get(row["source"], ""),
            landing_page="",
            utm=tuple(row[f"utm_{part}"] or "" for part in UTM_PARTS),
            click_id=row["click_id"] or "",
            person=Person(
                row["name"] or "", row["company_title"] or "", _customer_id(row), phone, email
            ),
            phone=phone,
            email=email,
            city="",
            budget="",
        )


def _read_deals(
    world: World, now: datetime, contacts: Mapping[int, Mapping[str, Any]]
) -> Iterator[Deal]:
    semantics = {
        (row["pipeline_id"], row["stage_id"]): row["semantics"]
        for row in world.table("crm_stage").to_pylist()
        if row["crm"] == HEAD_OFFICE
    }
    for row in crm_rows(world, HEAD_OFFICE, "deal", now).to_pylist():
        if row["deleted_at"] is not None:
            continue
        contact = contacts.get(row["contact_id"], {})
        amount = row["amount_micros"]
        yield Deal(
            deal_id=f"D-{row['deal_id']:06d}",
            lead_id=f"L-{row['lead_id']:06d}" if row["lead_id"] else "",
            customer_id=_customer_id(row),
            stage=STAGES[semantics[row["pipeline_id"], row["stage_id"]]],
            created_at=_local(row["created_at"]),
            closed_at=_local(row["closed_at"]) if row["closed_at"] else None,
            amount=None if amount is None else amount / MICROS,
            phone=next(iter(contact.get("phones") or ()), ""),
            email=next(iter(contact.get("emails") or ()), ""),
        )


def _read_costs(world: World, today: date) -> Iterator[OfflineCost]:
    for row in world.table("offline_cost").to_pylist():
        day = row["cost_date"]
        if row["channel"] not in ACTIVITIES or row["currency_code"] != "RUB" or day >= today:
            continue
        vat_percent = 0 if row["is_vat_included"] else 20 if day.year < 2026 else 22
        rubles = row["amount_micros"] * (100 + vat_percent) // (100 * MICROS)
        yield OfflineCost(day, ACTIVITIES[row["channel"]], row["name"], rubles, 0)


def _customer_id(row: Mapping[str, Any]) -> str:
    """A company where there is one, else the person."""
    if row["company_id"]:
        return f"C{row['company_id']:06d}"
    return f"P{row['contact_id'] or 0:06d}"


def _local(instant: datetime) -> datetime:
    """The wall clock of the office, as its exports write it."""
    return instant.astimezone(MOSCOW).replace(tzinfo=None, microsecond=0)
