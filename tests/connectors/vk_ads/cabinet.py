"""A hand-written cabinet of VK Ads: each account has two plans with one group each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from include.sandbox.world.world import World
from tests.connectors.contract.source_case import Row

SOURCE = "vk_ads"
OWN = "5001"
OTHER = "5002"
CREDENTIALS = {"client_id": "demo-client", "client_secret": "demo-secret"}
AGENCY = {"client_id": "demo-agency", "client_secret": "demo-secret"}
DAYS = [date(2026, 11, day) for day in range(12, 20)]
OLD_DAY = date(2026, 9, 20)
BANNERS = (10111, 10112, 10211)


def make_cabinet(
    stats: Sequence[Mapping[str, Any]],
    banners: Sequence[int] = BANNERS,
    currency: str = "RUB",
    zone: str = "Europe/Moscow",
    name: str = "Brand",
    status: str = "active",
    **tables: Sequence[Mapping[str, Any]],
) -> World:
    """Plan, group and banner numbers are 101, 1011, 10111 …; the other account's begin with 2."""
    of = {"vendor": SOURCE}
    plans = sorted({number // 100 for number in (*banners, 20111)})
    account_of = {plan: OTHER if plan == 201 else OWN for plan in plans}
    money = {"currency_code": currency, "time_zone": zone}
    start = {"start_date": date(2025, 1, 1), "daily_budget_micros": 1_500_000_000}
    return World.of(
        ad_account=[of | {"account_id": a, "name": f"Cabinet {a}"} | money for a in (OWN, OTHER)],
        campaign=[
            of
            | start
            | {
                "campaign_id": plan,
                "account_id": account_of[plan],
                "name": name,
                "channel": "paid_social",
                "status": status,
                "end_date": date(2026, 11, 1) if status == "archived" else None,
            }
            for plan in plans
        ],
        ad_group=[
            of | {"campaign_id": group // 10, "ad_group_id": group, "name": f"{name} {group}"}
            for group in sorted({number // 10 for number in (*banners, 20111)})
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
            for number in (*banners, 20111)
        ],
        ad_stats=[of | row for row in stats],
        **tables,
    )


def cell(
    day: date,
    banner: int,
    shows: int,
    clicks: int,
    roubles: str,
    goals: int = 0,
    account: str = OWN,
    device: str = "mobile",
) -> dict[str, Any]:
    """Final figures of one banner-day on one kind of device."""
    return {
        "account_id": account,
        "stats_date": day,
        "campaign_id": banner // 100,
        "ad_group_id": banner // 10,
        "ad_id": banner,
        "keyword_id": 0,
        "network": "social",
        "device": device,
        "region": "Москва",
        "impressions": shows,
        "clicks": clicks,
        "cost_micros": int(Decimal(roubles) * 1_000_000),
        "sessions": clicks,
        "bounces": 0,
        "conversions": goals,
        "conversion_value_micros": goals * 1_000_000_000,
    }


def plain_stats() -> list[dict[str, Any]]:
    """A week of two banners, the first on two kinds of devices."""
    phones = [cell(d, 10111, 1000 + n, 10 + n, f"{50 + n}.40", n % 3) for n, d in enumerate(DAYS)]
    desks = [cell(day, 10111, 100, 1, "7.35", device="desktop") for day in DAYS[:2]]
    others = [cell(day, 10211, 500, 5, "20.05") for day in DAYS[::2]]
    return [*phones, *desks, *others]


def expected_of(
    stats: Sequence[Mapping[str, Any]],
    account: str = OWN,
    currency: str = "RUB",
    is_vat_included: bool = False,
) -> list[Row]:
    """The world's own cells by day and banner, in the order of :data:`COMPARED`."""
    sums: dict[tuple[date, int], list[int]] = {}
    for row in stats:
        if row["account_id"] == account:
            found = sums.setdefault((row["stats_date"], row["ad_id"]), [0, 0, 0, 0])
            names = ("impressions", "clicks", "cost_micros", "conversions")
            for place, figure in enumerate(names):
                found[place] += row[figure]
    return [
        (
            day,
            banner // 100,
            banner // 10,
            banner,
            shows,
            clicks,
            (Decimal(micros) / 1_000_000).quantize(Decimal("0.000001")),
            goals,
            currency,
            is_vat_included,
        )
        for (day, banner), (shows, clicks, micros, goals) in sums.items()
    ]


COMPARED = (
    "stats_date",
    "ad_plan_id",
    "ad_group_id",
    "banner_id",
    "shows",
    "clicks",
    "spent_amount",
    "goals",
    "currency_code",
    "is_vat_included",
)
