"""The objects of a cabinet as VK Ads spells them: every field each of them can show.

Ids are numbers, money is text in whole currency, datetimes are Moscow's whatever the account.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from include.sandbox.vendors.ad_cabinet import Cabinet, Row
from include.sandbox.world.business_lines import REGIONS

STATUS = {"active": "active", "paused": "blocked", "archived": "deleted"}
OBJECTIVES = {"paid_social": "site_conversions", "display": "reach"}
PACKAGES = {"paid_social": 2001, "display": 2002}
OTHER_PACKAGE, OTHER_OBJECTIVE = 2003, "traffic"
LARGEST_URL_ID = 2**31 - 1


@dataclass(frozen=True)
class ListedKind:
    """One list resource: what comes unasked, and which filters it knows."""

    defaults: Sequence[str]
    filters: Sequence[str]
    fields: Sequence[str]


KINDS: dict[str, ListedKind] = {
    "ad_plans": ListedKind(
        ("id", "name"),
        ("id", "status", "updated", "name", "objective"),
        [
            "id",
            "name",
            "status",
            "vkads_status",
            "created",
            "updated",
            "date_start",
            "date_end",
            "budget_limit",
            "budget_limit_day",
            "autobidding_mode",
            "objective",
            "priced_goal",
        ],
    ),
    "ad_groups": ListedKind(
        ("id", "name", "ad_plan_id", "package_id"),
        ("id", "status", "updated", "last_updated", "ad_plan_id", "name", "package_id"),
        [
            "id",
            "name",
            "ad_plan_id",
            "package_id",
            "status",
            "vkads_status",
            "objective",
            "delivery",
            "enable_utm",
            "utm",
            "created",
            "updated",
            "date_start",
            "date_end",
            "budget_limit",
            "budget_limit_day",
            "autobidding_mode",
        ],
    ),
    "banners": ListedKind(
        ("id", "ad_group_id", "moderation_status", "ord_marker"),
        [
            "id",
            "status",
            "updated",
            "ad_group_id",
            "ad_group_status",
            "ad_plan_id",
            "moderation_status",
            "url",
            "textblock",
        ],
        [
            "id",
            "ad_group_id",
            "ad_plan_id",
            "name",
            "status",
            "vkads_status",
            "delivery",
            "moderation_status",
            "ord_marker",
            "urls",
            "textblocks",
            "created",
            "updated",
        ],
    ),
}
"""Resource → its fields; a filter need not be a field."""


def user_number(account_id: str) -> int:
    """The user id of an account; a stable number where the account is named, not numbered."""
    return int(account_id) if account_id.isdigit() else zlib.crc32(account_id.encode())


def tell_status(campaign: Row) -> str:
    """The vendor's word for a campaign's state; a state it has no word for stays what it is."""
    return STATUS.get(campaign["status"], campaign["status"])


def url_number(banner_id: int) -> int:
    """The id of a banner's only url; urls are counted apart from banners and in fewer bits."""
    return (banner_id * 7 + 11) % LARGEST_URL_ID


def describe_objects(kind: str, cabinet: Cabinet, slot: str = "primary") -> list[dict[str, Any]]:
    """Every object of a list resource with all its fields and what its filters look at.

    ``slot`` is the name of a banner's only url, which depends on the format of its package.
    """
    if kind == "ad_plans":
        return [_plan(c) for c in cabinet.campaigns.values()]
    if kind == "ad_groups":
        return [_group(g, cabinet) for g in cabinet.ad_groups.values()]
    return [_banner(a, cabinet, slot) for a in cabinet.ads.values()]


def describe_url(banner: Row) -> dict[str, Any]:
    """A url as ``urls/{id}.json`` shows it."""
    return {
        "id": url_number(banner["ad_id"]),
        "url": banner["landing_url"],
        "url_object_id": str(zlib.crc32(str(banner["landing_url"]).encode())),
        "url_object_type": "external",
        "url_types": ["external"],
        "counters": [],
    }


def user_name(account_id: str) -> str:
    """The login of an account's owner."""
    return f"{user_number(account_id)}@agency_client"


def describe_user(account: Row, with_currency: bool = True) -> dict[str, Any]:
    """The owner of a cabinet; whether its currency is told is not confirmed."""
    told = {
        "id": user_number(account["account_id"]),
        "username": user_name(account["account_id"]),
        "status": "active",
        "additional_info": {"client_name": account["name"], "name": account["name"]},
    }
    return {**told, "currency": account["currency_code"]} if with_currency else told


def describe_agency(number: int) -> dict[str, Any]:
    """The agency itself, which has clients instead of a cabinet."""
    return {
        "id": number,
        "username": f"{number}@agency",
        "status": "active",
        "additional_info": {"client_name": "Agency", "name": "Agency"},
    }


def describe_client(account: Row) -> dict[str, Any]:
    """A client as its agency lists it."""
    return {
        "access_type": "full_access",
        "status": "active",
        "user": {
            "id": user_number(account["account_id"]),
            "username": user_name(account["account_id"]),
            "status": "active",
            "account": {
                "id": user_number(account["account_id"]) + 1,
                "currency": account["currency_code"],
            },
            "additional_info": {"client_name": account["name"]},
        },
    }


def describe_dictionary(name: str) -> Sequence[Mapping[str, Any]]:
    """Regions, pads or packages: the same for everybody."""
    if name == "regions":
        cities = [
            {"id": 1001 + n, "name": city, "parent_id": 188, "flags": ["city"]}
            for n, city in enumerate(REGIONS["Россия"])
        ]
        return [{"id": 188, "name": "Россия", "parent_id": None, "flags": ["country"]}, *cities]
    if name == "pads_trees":
        pads = [{"id": 3001, "name": "ВКонтакте"}, {"id": 3002, "name": "Рекламная сеть"}]
        return [{"id": 3000, "name": "Все площадки", "children": pads}]
    return [
        {
            "id": 2001,
            "name": "Сайт: конверсии",
            "status": "active",
            "objective": ["site_conversions"],
        },
        {"id": 2002, "name": "Охват", "status": "active", "objective": ["reach"]},
        {"id": 2003, "name": "Трафик", "status": "active", "objective": ["traffic"]},
    ]


def _plan(campaign: Row) -> dict[str, Any]:
    return {
        "id": campaign["campaign_id"],
        "name": campaign["name"],
        **_timed(campaign),
        "priced_goal": None,
        "objective": OBJECTIVES.get(campaign["channel"], OTHER_OBJECTIVE),
    }


def _group(group: Row, cabinet: Cabinet) -> dict[str, Any]:
    campaign = cabinet.campaigns[group["campaign_id"]]
    timed = _timed(campaign)
    return {
        "id": group["ad_group_id"],
        "name": group["name"],
        "ad_plan_id": group["campaign_id"],
        "package_id": PACKAGES.get(campaign["channel"], OTHER_PACKAGE),
        **timed,
        "objective": OBJECTIVES.get(campaign["channel"], OTHER_OBJECTIVE),
        "delivery": _delivery(campaign),
        "enable_utm": False,
        "utm": "",
        "last_updated": timed["updated"],
    }


def _banner(banner: Row, cabinet: Cabinet, slot: str) -> dict[str, Any]:
    campaign = cabinet.campaigns[banner["campaign_id"]]
    status = tell_status(campaign)
    return {
        "id": banner["ad_id"],
        "ad_group_id": banner["ad_group_id"],
        "ad_plan_id": banner["campaign_id"],
        "name": banner["title"],
        **{key: _timed(campaign)[key] for key in ("status", "vkads_status", "created", "updated")},
        "delivery": _delivery(campaign),
        "moderation_status": "allowed",
        "ord_marker": f"2VtzqX{banner['ad_id']:x}",
        "urls": {slot: describe_url(banner)},
        "textblocks": {"title_40_vkads": {"text": banner["title"], "title": ""}},
        "ad_group_status": status,
        "url": url_number(banner["ad_id"]),
        "textblock": banner["title"],
    }


def _timed(campaign: Row) -> dict[str, Any]:
    start, end = campaign["start_date"], campaign["end_date"]
    status = tell_status(campaign)
    budget = campaign["daily_budget_micros"]
    return {
        "status": status,
        "vkads_status": status,
        "created": _midnight(start),
        "updated": _midnight(start if status == "active" or end is None else end),
        "date_start": None if start is None else start.isoformat(),
        "date_end": None if end is None else end.isoformat(),
        "budget_limit": None,
        "budget_limit_day": None if budget is None else f"{budget / 1e6:.2f}",
        "autobidding_mode": "max_goals",
    }


def _delivery(campaign: Row) -> str:
    return "delivering" if campaign["status"] == "active" else "not_delivering"


def _midnight(day: date | None) -> str | None:
    return None if day is None else f"{day.isoformat()} 00:00:00"
