"""A hand-written advertiser of Avito Ads: each account has two campaigns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from include.sandbox.world.world import World
from tests.connectors.contract.source_case import Row

SOURCE = "avito_ads"
OWN = "5001"
OTHER = "5002"
CREDENTIALS = {"client_id": "demo-client", "client_secret": "demo-secret"}
DAYS = [date(2026, 11, day) for day in range(12, 20)]
OLD_DAY = date(2026, 9, 20)
CREATIVES = (10111, 10112, 10211)


def make_advertiser(
    stats: Sequence[Mapping[str, Any]],
    creatives: Sequence[int] = CREATIVES,
    name: str = "Brand",
    status: str = "active",
    zone: str = "Europe/Moscow",
    **tables: Sequence[Mapping[str, Any]],
) -> World:
    """Campaign, group and creative numbers are 101, 1011, 10111 …; the other account's are 2…."""
    of = {"vendor": SOURCE}
    numbers = (*creatives, 20111)
    campaigns = sorted({number // 100 for number in numbers})
    start = {"start_date": date(2026, 1, 1), "daily_budget_micros": 1_500_000_000}
    return World.of(
        ad_account=[
            of
            | {
                "account_id": account,
                "name": f"Account {account}",
                "currency_code": "RUB",
                "time_zone": zone,
            }
            for account in (OWN, OTHER)
        ],
        campaign=[
            of
            | start
            | {
                "campaign_id": campaign,
                "account_id": OTHER if campaign == 201 else OWN,
                "name": name,
                "channel": "classified",
                "status": status,
                "end_date": date(2026, 11, 19) if status == "archived" else None,
            }
            for campaign in campaigns
        ],
        ad_group=[
            of | {"campaign_id": group // 10, "ad_group_id": group, "name": f"{name} {group}"}
            for group in sorted({number // 10 for number in numbers})
        ],
        ad=[
            of
            | {
                "campaign_id": number // 100,
                "ad_group_id": number // 10,
                "ad_id": number,
                "title": f"{name} {number}",
                "landing_url": f"https://severmet.example/?utm_content={number}",
            }
            for number in numbers
        ],
        ad_stats=[of | row for row in stats],
        **tables,
    )


def cell(
    day: date, creative: int, views: int, clicks: int, roubles: str, account: str = OWN
) -> dict[str, Any]:
    """Final figures of one creative-day."""
    return {
        "account_id": account,
        "stats_date": day,
        "campaign_id": creative // 100,
        "ad_group_id": creative // 10,
        "ad_id": creative,
        "keyword_id": 0,
        "network": "classified",
        "device": "mobile",
        "region": "Москва",
        "impressions": views,
        "clicks": clicks,
        "cost_micros": int(Decimal(roubles) * 1_000_000),
        "sessions": clicks,
        "bounces": 0,
        "conversions": 0,
        "conversion_value_micros": 0,
    }


def plain_stats() -> list[dict[str, Any]]:
    """A week of two creatives in whole roubles."""
    one = [cell(day, 10111, 1000 + n, 10 + n, str(50 + n)) for n, day in enumerate(DAYS)]
    two = [cell(day, 10211, 500, 5, "20") for day in DAYS[::2]]
    return [*one, *two]


def expected_of(
    stats: Sequence[Mapping[str, Any]], account: str = OWN, is_vat_included: bool = False
) -> list[Row]:
    """The world's own cells in the order of :data:`COMPARED`; they must be whole roubles."""
    return [
        (
            row["stats_date"],
            row["campaign_id"],
            row["ad_group_id"],
            row["ad_id"],
            row["impressions"],
            row["clicks"],
            Decimal(row["cost_micros"] // 1_000_000).quantize(Decimal("0.01")),
            "RUB",
            is_vat_included,
        )
        for row in stats
        if row["account_id"] == account
    ]


COMPARED = (
    "stats_date",
    "campaign_id",
    "ad_group_id",
    "creative_id",
    "views",
    "clicks",
    "spend_amount",
    "currency_code",
    "is_vat_included",
)
