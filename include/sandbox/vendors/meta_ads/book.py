"""Accounts, campaigns, ad sets and ads of the world as nodes of the graph; every id is text.

The world says how a campaign ended; here it runs until the last of its days is over in the
account's zone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from include.sandbox.world.world import World

VENDOR_NAME = "meta_ads"
BUSINESS_ID = "20200000000000001"
PAGE_ID = "30300000000000001"
STATUSES = {"active": "ACTIVE", "paused": "PAUSED", "archived": "ARCHIVED", "deleted": "DELETED"}
HIDDEN = ("ARCHIVED", "DELETED")
CREATIVE_OFFSET = 7_000_000_000_000
"""Creatives have no row in a world: an ad's creative is its id moved by this."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Account:
    """One ad account; ``key`` is how the world spells it, ``number`` has no prefix."""

    key: str
    number: str
    name: str
    currency: str
    zone: ZoneInfo


@dataclass(frozen=True)
class Node:
    """One object of an account: ``kind`` is campaign, adset, ad or creative."""

    kind: str
    account: Account
    row: Row
    starts_on: date


class GraphBook:
    """Every node of one world by its id, with the statuses of ``now``."""

    def __init__(self, world: World, now: datetime) -> None:
        self.accounts = {
            account.number: account
            for account in (
                _read_account(row)
                for row in world.table("ad_account").to_pylist()
                if row["vendor"] == VENDOR_NAME
            )
        }
        by_key = {account.key: account for account in self.accounts.values()}
        self.nodes: dict[str, Node] = {}
        campaigns: dict[int, Node] = {}
        for row in _of(world, "campaign"):
            account = by_key.get(row["account_id"])
            if account is not None:
                starts_on = row["start_date"] or world.starts_on
                node = Node(
                    "campaign", account, _show_campaign(row, account, starts_on, now), starts_on
                )
                campaigns[row["campaign_id"]] = node
                self.nodes[node.row["id"]] = node
        adsets: dict[int, Node] = {}
        for row in _of(world, "ad_group"):
            parent = campaigns.get(row["campaign_id"])
            if parent is not None:
                node = Node("adset", parent.account, _show_adset(row, parent), parent.starts_on)
                adsets[row["ad_group_id"]] = node
                self.nodes[node.row["id"]] = node
        for row in _of(world, "ad"):
            parent = adsets.get(row["ad_group_id"])
            if parent is not None:
                creative = _show_creative(row, parent)
                shown = _show_ad(row, parent, creative)
                for kind, content in (("ad", shown), ("creative", creative)):
                    node = Node(kind, parent.account, content, parent.starts_on)
                    self.nodes[content["id"]] = node

    def find_account(self, path_id: str) -> Account | None:
        """The account of ``act_123``; without the prefix there is no such node."""
        if not path_id.startswith("act_"):
            return None
        return self.accounts.get(path_id.removeprefix("act_"))

    def list_nodes(self, kind: str, parent_id: str, now: datetime) -> Iterator[Node]:
        """Nodes of a kind under an account, campaign or ad set that exist by now."""
        number = parent_id.removeprefix("act_") if parent_id.startswith("act_") else ""
        for node in self.nodes.values():
            if node.kind != kind or node.starts_on > now.astimezone(node.account.zone).date():
                continue
            parents = (node.row.get("campaign_id"), node.row.get("adset_id"))
            if node.account.number == number if number else parent_id in parents:
                yield node


def _of(world: World, table: str) -> list[Row]:
    return [row for row in world.table(table).to_pylist() if row["vendor"] == VENDOR_NAME]


def _read_account(row: Mapping[str, Any]) -> Account:
    key = str(row["account_id"])
    number = key.removeprefix("act_")
    zone = ZoneInfo(row["time_zone"] or "UTC")
    return Account(key, number, row["name"] or "", row["currency_code"] or "USD", zone)


def write_time(day: date, zone: ZoneInfo) -> str:
    """Midnight of a day as the vendor writes instants: the offset has no colon."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).strftime("%Y-%m-%dT%H:%M:%S%z")


def show_account(account: Account, now: datetime) -> Row:
    """The fields of an account."""
    offset = now.astimezone(account.zone).utcoffset() or timedelta()
    return {
        "id": f"act_{account.number}",
        "account_id": account.number,
        "name": account.name,
        "currency": account.currency,
        "timezone_name": str(account.zone),
        "timezone_id": 7,
        "timezone_offset_hours_utc": offset.total_seconds() / 3600,
        "account_status": 1,
        "amount_spent": "0",
        "balance": "0",
        "business": {"id": BUSINESS_ID, "name": "Northbolt"},
        "created_time": write_time(date(2024, 6, 3), account.zone),
    }


def _show_campaign(row: Row, account: Account, starts_on: date, now: datetime) -> Row:
    status = STATUSES.get(row["status"] or "active", "ACTIVE")
    started = updated = write_time(starts_on, account.zone)
    ends_on = row["end_date"]
    if ends_on and now.astimezone(account.zone).date() <= ends_on:
        status = "ACTIVE"
    elif ends_on:
        updated = write_time(ends_on + timedelta(days=1), account.zone)
    shown = {
        "id": str(row["campaign_id"]),
        "account_id": account.number,
        "name": row["name"],
        "status": status,
        "configured_status": status,
        "effective_status": status,
        "objective": "OUTCOME_LEADS",
        "buying_type": "AUCTION",
        "bid_strategy": "LOWEST_COST_WITHOUT_CAP",
        "special_ad_categories": [],
        "start_time": started,
        "created_time": started,
        "updated_time": updated,
    }
    if row["daily_budget_micros"]:
        # budgets are in the smallest unit of the currency, spend is not
        shown["daily_budget"] = str(row["daily_budget_micros"] // 10_000)
    return shown | ({"stop_time": write_time(ends_on, account.zone)} if ends_on else {})


def _inherit_status(parent: str) -> str:
    if parent in HIDDEN:
        return parent
    return "CAMPAIGN_PAUSED" if parent in ("PAUSED", "CAMPAIGN_PAUSED") else "ACTIVE"


def _show_adset(row: Row, parent: Node) -> Row:
    of = parent.row
    status = of["status"] if of["status"] in HIDDEN else "ACTIVE"
    return {
        "id": str(row["ad_group_id"]),
        "account_id": parent.account.number,
        "campaign_id": of["id"],
        "campaign": of,
        "name": row["name"],
        "status": status,
        "configured_status": status,
        "effective_status": _inherit_status(of["effective_status"]),
        "billing_event": "IMPRESSIONS",
        "optimization_goal": "OFFSITE_CONVERSIONS",
        "targeting": {"geo_locations": {"regions": [{"name": row["region"]}]}},
        "attribution_spec": [
            {"event_type": "CLICK_THROUGH", "window_days": 7},
            {"event_type": "VIEW_THROUGH", "window_days": 1},
        ],
        "start_time": of["start_time"],
        "created_time": of["created_time"],
        "updated_time": of["updated_time"],
    }


def _show_ad(row: Row, parent: Node, creative: Row) -> Row:
    of = parent.row
    return {
        "id": str(row["ad_id"]),
        "account_id": parent.account.number,
        "campaign_id": of["campaign_id"],
        "adset_id": of["id"],
        "campaign": of["campaign"],
        "adset": of,
        "name": row["title"],
        "status": of["status"],
        "configured_status": of["status"],
        "effective_status": of["effective_status"],
        "creative": creative,
        "created_time": of["created_time"],
        "updated_time": of["updated_time"],
    }


def _show_creative(row: Row, parent: Node) -> Row:
    parts = urlsplit(row["landing_url"] or "")
    link = urlunsplit(parts._replace(query=""))
    macros = {
        str(row["ad_id"]): "{{ad.id}}",
        parent.row["id"]: "{{adset.id}}",
        parent.row["campaign_id"]: "{{campaign.id}}",
    }
    # the template stands where the visitor's address has the ids
    tags = [(name, macros.get(value, value)) for name, value in parse_qsl(parts.query)]
    return {
        "id": str(row["ad_id"] + CREATIVE_OFFSET),
        "account_id": parent.account.number,
        "name": row["title"],
        "status": "ACTIVE",
        "url_tags": urlencode(tags, safe="{}"),
        "object_story_spec": {
            "page_id": PAGE_ID,
            "link_data": {"link": link, "message": row["title"], "name": row["title"]},
        },
        "effective_object_story_id": f"{PAGE_ID}_{row['ad_id']}",
        "object_type": "SHARE",
    }
