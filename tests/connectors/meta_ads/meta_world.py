"""A small hand-written advertiser at Meta, for the tests of its connector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from include.sandbox.world.world import World

SOURCE = "meta_ads"
ACCOUNT = "act_77"
ZONE = "America/New_York"
NOW = datetime(2026, 3, 12, 17, tzinfo=UTC)
DAYS = [date(2026, 3, day) for day in range(4, 12)]
"""The clocks of New York change on the 8th."""
OLD_DAY = date(2026, 1, 20)


def make_world(
    stats: Sequence[Mapping[str, Any]],
    currency: str = "USD",
    accounts: Sequence[str] = (ACCOUNT,),
    name: str = "Autumn",
    statuses: Mapping[int, str] | None = None,
    zone: str = ZONE,
    **tables: Sequence[Mapping[str, Any]],
) -> World:
    """Each account has one campaign (11, 12 …), ad set (110 …) and two ads (1101, 1102 …)."""
    of = {"vendor": SOURCE}
    campaigns = {account: 11 + place for place, account in enumerate(accounts)}
    return World.of(
        ad_account=[
            of
            | {
                "account_id": account,
                "name": account,
                "currency_code": currency,
                "time_zone": zone,
            }
            for account in accounts
        ],
        campaign=[
            of
            | {
                "account_id": account,
                "campaign_id": number,
                "name": name,
                "channel": "paid_social",
                "status": (statuses or {}).get(number, "active"),
                "start_date": date(2023, 1, 1),
                "daily_budget_micros": 1_000_000,
            }
            for account, number in campaigns.items()
        ],
        ad_group=[
            of | {"campaign_id": n, "ad_group_id": n * 10, "name": name, "region": "Chicago"}
            for n in campaigns.values()
        ],
        ad=[
            of
            | {
                "campaign_id": n,
                "ad_group_id": n * 10,
                "ad_id": n * 100 + place,
                "title": f"{name} {place}",
                "landing_url": f"https://northbolt.example/bolts?utm_content={n * 100 + place}",
            }
            for n in campaigns.values()
            for place in (1, 2)
        ],
        ad_stats=[of | row for row in stats],
        **tables,
    )


def cell(day: date, clicks: int, cost_micros: int, **changes: Any) -> dict[str, Any]:
    """Figures of one day of ad 1101."""
    return {
        "account_id": ACCOUNT,
        "stats_date": day,
        "campaign_id": 11,
        "ad_group_id": 110,
        "ad_id": 1101,
        "keyword_id": 0,
        "network": "network",
        "device": "mobile",
        "region": "Chicago",
        "impressions": clicks * 50,
        "clicks": clicks,
        "cost_micros": cost_micros,
        "sessions": clicks // 2,
        "bounces": 0,
        "conversions": clicks // 10,
        "conversion_value_micros": clicks // 10 * 90_000_000,
        **changes,
    }


def plain_stats() -> list[dict[str, Any]]:
    """A week with a different figure on each day, the second ad on some of them."""
    stats = [cell(day, 20 + n, (5 + n) * 1_230_000) for n, day in enumerate(DAYS)]
    return stats + [cell(day, 7, 2_500_000, ad_id=1102, device="desktop") for day in DAYS[::3]]
