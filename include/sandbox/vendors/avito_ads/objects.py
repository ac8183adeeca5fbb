"""Campaigns, groups and creatives as Avito Ads lists them: pages of 1 to 100, filters by name.

The case of an id depends on the object: ``accountId`` in campaigns, ``accountID`` and
``campaignID`` in groups and creatives. Money is whole roubles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from include.sandbox.vendors.ad_cabinet import Cabinet, Row
from include.sandbox.vendors.avito_ads.errors import ApiError

DEFAULT_LIMIT, LARGEST_LIMIT = 20, 100
DAYS_OF_BUDGET = 30
BID_ROUBLES = 350
ADVERTISER_ID, CONTRACT_ID, MANAGER_ID, USER_ID = 9101, 9201, 9301, 9401
PAYMENT_MODEL, CAMPAIGN_TYPE = "CPM", "textImage"
COMMON_FILTERS = {
    "ids": "id",
    "statuses": "status",
    "paymentModels": "paymentModel",
    "campaignTypes": "campaignType",
}
FILTERS: dict[str, dict[str, str]] = {
    "campaigns": COMMON_FILTERS
    | {
        "managers": "managerID",
        "advertisers": "advertiserId",
        "contractIDs": "contractId",
        "additionalAgreementIDs": "additionalAgreementID",
    },
    "groups": COMMON_FILTERS
    | {
        "campaignIDs": "campaignID",
        "managers": "managerID",
        "advertisers": "advertiserID",
        "paces": "pace",
    },
    "creatives": COMMON_FILTERS
    | {
        "campaignIDs": "campaignID",
        "groupIDs": "groupID",
        "managers": "managerID",
        "advertisers": "advertiserID",
    },
}
"""List → name of a filter that takes several values → the field it looks at."""


def describe_objects(kind: str, cabinet: Cabinet) -> list[dict[str, Any]]:
    """Every object of a list of :data:`FILTERS`."""
    if kind == "campaigns":
        return [_campaign(row, cabinet) for row in cabinet.campaigns.values()]
    if kind == "groups":
        return [_group(row, cabinet) for row in cabinet.ad_groups.values()]
    return [_creative(row, cabinet) for row in cabinet.ads.values()]


def answer_list(
    kind: str,
    objects: Sequence[Mapping[str, Any]],
    body: Mapping[str, Any],
    is_moved: bool = False,
) -> dict[str, Any]:
    """One page of a list; 400 for a page, a limit or a filter that cannot be.

    ``is_moved`` shows it as it is when another object has got in before the first meanwhile.
    """
    limit, page = body.get("limit", DEFAULT_LIMIT), body.get("page", 1)
    if not isinstance(limit, int) or not 1 <= limit <= LARGEST_LIMIT:
        raise ApiError(400, f"limit must be from 1 to {LARGEST_LIMIT}")
    if not isinstance(page, int) or page < 1:
        raise ApiError(400, "page must be 1 or more")
    wanted = body.get("filter") or {}
    if not isinstance(wanted, Mapping):
        raise ApiError(400, "filter must be an object")
    chosen = list(objects)
    for name, values in wanted.items():
        chosen = [row for row in chosen if _passes(kind, row, name, values)]
    chosen = [*chosen[:1], *chosen] if is_moved else chosen
    start = (page - 1) * limit
    return {"total": len(chosen), kind: chosen[start : start + limit]}


def account_number(account_id: str) -> int:
    """The id of an account as JSON shows it."""
    return int(account_id)


def _passes(kind: str, row: Mapping[str, Any], name: str, values: Any) -> bool:
    if name in ("timeFrame", "createdAt"):
        first, last = read_day(values, "from"), read_day(values, "to")
        if name == "createdAt":
            return first.isoformat() <= row["createdAt"][:10] <= last.isoformat()
        begins, ends = row["startDate"], row["endDate"] or "9999"
        return begins <= last.isoformat() and ends >= first.isoformat()
    if name not in FILTERS[kind] or not isinstance(values, list):
        raise ApiError(400, f"unknown or malformed filter {name}")
    return not values or row.get(FILTERS[kind][name]) in values


def read_day(body: Any, name: str) -> date:
    """A day ``YYYY-MM-DD`` of a body; 400 when it is none."""
    text = body.get(name) if isinstance(body, Mapping) else None
    try:
        return datetime.strptime(str(text), "%Y-%m-%d").date()  # noqa: DTZ007 - a day, no time
    except ValueError:
        raise ApiError(400, f"{name} must be a date YYYY-MM-DD") from None


def _times(campaign: Row) -> dict[str, Any]:
    start, end = campaign["start_date"] or date(2025, 1, 1), campaign["end_date"]
    changed = end if end is not None and campaign["status"] != "active" else start
    return {
        "startDate": start.isoformat(),
        "endDate": None if end is None else end.isoformat(),
        "createdAt": f"{(start - timedelta(days=1)).isoformat()}T12:00:00+03:00",
        "updatedAt": f"{changed.isoformat()}T00:00:00+03:00",
    }


def _paid() -> dict[str, Any]:
    return {"paymentModel": PAYMENT_MODEL, "campaignType": CAMPAIGN_TYPE, "managerID": MANAGER_ID}


def _budget(campaign: Row) -> int:
    return round((campaign["daily_budget_micros"] or 0) * DAYS_OF_BUDGET / 1e6)


def _campaign(campaign: Row, cabinet: Cabinet) -> dict[str, Any]:
    return {
        "id": campaign["campaign_id"],
        "name": campaign["name"],
        "status": campaign["status"],
        "budget": _budget(campaign),
        **_paid(),
        **_times(campaign),
        "userId": USER_ID,
        "accountId": account_number(cabinet.account["account_id"]),
        "advertiserId": ADVERTISER_ID,
        "contractId": CONTRACT_ID,
        "additionalAgreementID": None,
    }


def _group(group: Row, cabinet: Cabinet) -> dict[str, Any]:
    campaign = cabinet.campaigns[group["campaign_id"]]
    return {
        "id": group["ad_group_id"],
        "name": group["name"],
        "accountID": account_number(cabinet.account["account_id"]),
        "campaignID": group["campaign_id"],
        "status": campaign["status"],
        "budget": _budget(campaign),
        "price": BID_ROUBLES,
        "pace": "even",
        **_paid(),
        **_times(campaign),
        "advertiserID": ADVERTISER_ID,
        "haveCreative": True,
    }


def _creative(ad: Row, cabinet: Cabinet) -> dict[str, Any]:
    campaign = cabinet.campaigns[ad["campaign_id"]]
    return {
        "id": ad["ad_id"],
        "name": f"{ad['title']} #{ad['ad_id']}",
        "title": ad["title"],
        "description": ad["title"],
        "buttonText": "Подробнее",
        "link": ad["landing_url"],
        "status": campaign["status"],
        "groupID": ad["ad_group_id"],
        "campaignID": ad["campaign_id"],
        "accountID": account_number(cabinet.account["account_id"]),
        "advertiserID": ADVERTISER_ID,
        **_paid(),
        **_times(campaign),
        "legalInfo": {},
    }
