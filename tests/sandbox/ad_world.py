"""A hand-written advertiser for the stand-ins of ad platforms, and a caller without a network.

Two accounts. The first has campaigns 101 (active), 102 (archived from 2026-11-01 on) and 103
(begins on 2026-12-01); groups are the campaign with one more digit, ads with two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.testclient import TestClient

from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.vendor import Stage, Vendor
from include.sandbox.world.world import World

NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
"""Noon in Moscow."""


class AdBench:
    """One vendor on a stage of its own, called in this process."""

    def __init__(self, vendor: type[Vendor], world: World) -> None:
        self.stage = Stage(seed=1, clock=Clock(NOON), world=world)
        self.stage.clock.set(frozen=True)
        self.vendor = vendor(self.stage)
        self.web = TestClient(Starlette(routes=list(self.vendor.routes())))

    def plant(self, kind: str, path_contains: str = "", **values: Any) -> None:
        """Spoil the next matching request."""
        self.stage.faults.plant(Fault(kind, path_contains=path_contains, values=values))


def make_ad_world(
    vendor: str,
    accounts: Sequence[str] = ("5001", "5002"),
    zone: str = "Europe/Moscow",
    currency: str = "RUB",
    stats: Sequence[Mapping[str, Any]] = (),
    **tables: Sequence[Mapping[str, Any]],
) -> World:
    """The advertiser of one vendor with the given figures; ``stats`` rows are made by ``cell``."""
    of = {"vendor": vendor}
    campaigns = [
        (101, accounts[0], "Brand", "active", date(2026, 1, 1), None),
        (102, accounts[0], "Autumn", "archived", date(2026, 9, 1), date(2026, 10, 31)),
        (103, accounts[0], "Later", "active", date(2026, 12, 1), None),
        (201, accounts[1], "Other brand", "active", date(2026, 1, 1), None),
    ]
    groups = [1011, 1012, 1021, 1031, 2011]
    ads = [10111, 10112, 10121, 10211, 10311, 20111]
    columns = ("campaign_id", "account_id", "name", "status", "start_date", "end_date")
    channels = {"avito_ads": "classified", "vk_ads": "paid_social"}
    return World.of(
        ad_account=[
            of
            | {
                "account_id": account,
                "name": f"Account {account}",
                "currency_code": currency,
                "time_zone": zone,
            }
            for account in accounts
        ],
        campaign=[
            of
            | dict(zip(columns, row, strict=True))
            | {
                "channel": channels.get(vendor, "paid_search"),
                "daily_budget_micros": 1_500_000_000,
            }
            for row in campaigns
        ],
        ad_group=[
            of
            | {
                "campaign_id": number // 10,
                "ad_group_id": number,
                "name": f"G{number}",
                "region": "Москва",
            }
            for number in groups
        ],
        ad=[
            of
            | {
                "campaign_id": number // 100,
                "ad_group_id": number // 10,
                "ad_id": number,
                "title": f"Ad {number}",
                "landing_url": f"https://severmet.example/?utm_content={number}",
            }
            for number in ads
        ],
        keyword=[
            of | {"ad_group_id": 1011, "keyword_id": 77, "text": "steel pipe"},
            of | {"ad_group_id": 1012, "keyword_id": 78, "text": "steel sheet"},
        ],
        ad_stats=[of | row for row in stats],
        **tables,
    )


def cell(
    account: str,
    day: str,
    ad_id: int,
    impressions: int,
    clicks: int,
    cost: float,
    conversions: int = 0,
    **changes: Any,
) -> dict[str, Any]:
    """One row of ``ad_stats``; ``cost`` in whole currency."""
    return {
        "account_id": account,
        "stats_date": date.fromisoformat(day),
        "campaign_id": ad_id // 100,
        "ad_group_id": ad_id // 10,
        "ad_id": ad_id,
        "keyword_id": 0,
        "network": "search",
        "device": "mobile",
        "region": "Москва",
        "impressions": impressions,
        "clicks": clicks,
        "cost_micros": round(cost * 1e6),
        "sessions": clicks,
        "bounces": 0,
        "conversions": conversions,
        "conversion_value_micros": conversions * 1_000_000_000,
        **changes,
    }
