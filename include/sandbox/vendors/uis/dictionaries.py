"""What hangs still in the account: sites, numbers, employees, tags, contacts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from include.sandbox.vendors.uis.access import APP_ID, CUSTOMER_USERS
from include.sandbox.vendors.uis.account import (
    CAMPAIGN_IDS,
    CAMPAIGN_NAMES,
    LINE,
    SCENARIO,
    SITE_ID,
    digits,
    number_of,
    read_table,
    tag_ids,
)
from include.sandbox.vendors.uis.fields import DICTIONARIES, empty_value
from include.sandbox.world.world import World

Row = dict[str, Any]
CREATED = "2024-12-01 12:00:00"


def read_dictionary(method: str, world: World, now: datetime) -> list[Row]:
    """The rows of a dictionary with every field it has; none where the company has nothing."""
    read = READERS.get(method)
    empty = {field: empty_value(field) for field in DICTIONARIES.get(method, ())}
    return [] if read is None else [empty | row for row in read(world, now)]


def _account(_: World, __: datetime) -> list[Row]:
    return [{"app_id": APP_ID, "name": LINE.host, "timezone": LINE.time_zone}]


def _sites(world: World, now: datetime) -> list[Row]:
    numbers = _phones(world, now)
    return [
        {
            "id": SITE_ID,
            "domain_name": LINE.host,
            "default_phone_number": numbers[0] if numbers else None,
            "creation_date": CREATED,
            "target_call_min_duration": 30,
            "cookie_lifetime": 90,
            "campaign_lifetime": 90,
            "sales_enabled": True,
        }
    ]


def _campaigns(_: World, __: datetime) -> list[Row]:
    return [
        {
            "id": CAMPAIGN_IDS[channel],
            "name": name,
            "status": "active",
            "creation_time": CREATED,
            "type": "advertising",
            "site_id": SITE_ID,
            "site_domain_name": LINE.host,
        }
        for channel, name in CAMPAIGN_NAMES.items()
    ]


def _phones(world: World, now: datetime) -> list[str]:
    calls = read_table(world, "call", "tracker", "uis")
    found = {digits(call["tracking_phone"]) for call in calls if call["started_at"] <= now}
    return sorted(phone for phone in found if phone)


def _virtual_numbers(world: World, now: datetime) -> list[Row]:
    return [
        {
            "id": 8001 + number,
            "virtual_phone_number": phone,
            "activation_date": CREATED[:10],
            "status": "active",
            "category": "usual",
            "type": "external",
            "scenarios": [{"scenario_id": SCENARIO[0], "scenario_name": SCENARIO[1]}],
        }
        for number, phone in enumerate(_phones(world, now))
    ]


def _employees(world: World, _: datetime) -> list[Row]:
    return [
        {
            "id": row["manager_id"],
            "login": row["email"] or None,
            "full_name": f"{row['last_name'] or ''} {row['first_name'] or ''}".strip(),
            "first_name": row["first_name"],
            "last_name": row["last_name"],
            "status": "active" if row["is_active"] else "inactive",
            "email": row["email"],
            "calls_available": bool(row["is_active"]),
        }
        for row in read_table(world, "crm_manager", "crm", LINE.crm)
    ]


def _groups(world: World, now: datetime) -> list[Row]:
    people = [
        {"employee_id": e["id"], "employee_full_name": e["full_name"]}
        for e in _employees(world, now)
    ]
    return [{"id": 6001, "name": SCENARIO[1], "members": people, "queue_enabled": False}]


def _tags(world: World, _: datetime) -> list[Row]:
    return [{"id": key, "name": name, "is_system": False} for name, key in tag_ids(world).items()]


def _scenarios(world: World, now: datetime) -> list[Row]:
    return [{"id": SCENARIO[0], "name": SCENARIO[1], "virtual_phone_numbers": _phones(world, now)}]


def _contacts(world: World, now: datetime) -> list[Row]:
    people: dict[str, set[str]] = {}
    for call in read_table(world, "call", "tracker", "uis"):
        if call["contact_name"] and call["started_at"] <= now:
            phone = digits(call["caller_phone"])
            people.setdefault(call["contact_name"], set()).update({phone} - {None})
    return [
        {
            "id": number_of(name),
            "full_name": name,
            "last_name": name.partition(" ")[0],
            "first_name": name.partition(" ")[2] or None,
            "phone_numbers": sorted(phones),
        }
        for name, phones in sorted(people.items())
    ]


def _customer_users(_: World, __: datetime) -> list[Row]:
    return [{"id": key, "name": name} for key, name in CUSTOMER_USERS.items()]


READERS = {
    "get.account": _account,
    "get.sites": _sites,
    "get.campaigns": _campaigns,
    "get.virtual_numbers": _virtual_numbers,
    "get.employees": _employees,
    "get.group_employees": _groups,
    "get.tags": _tags,
    "get.scenarios": _scenarios,
    "get.contacts": _contacts,
    "get.customer_users": _customer_users,
}
