"""A small hand-written world for the tests of the Meta stand-in, and a client of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from starlette.routing import Router
from starlette.testclient import TestClient

from include.sandbox.vendors.meta_ads import VENDOR
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World

NOW = datetime(2026, 3, 12, 17, tzinfo=UTC)
ACT = "act_77"
DEMO_TOKEN = "demo-token"
META = {"vendor": "meta_ads"}


def _campaign(number: int, name: str, status: str, starts_on: date) -> dict[str, Any]:
    return META | {
        "account_id": ACT,
        "campaign_id": number,
        "name": name,
        "channel": "paid_social",
        "status": status,
        "start_date": starts_on,
        "daily_budget_micros": 50_000_000,
    }


def _group(campaign: int, number: int) -> dict[str, Any]:
    return META | {
        "campaign_id": campaign,
        "ad_group_id": number,
        "name": f"Set {number}",
        "region": "Chicago",
    }


def _ad(campaign: int, group: int, number: int) -> dict[str, Any]:
    return META | {
        "campaign_id": campaign,
        "ad_group_id": group,
        "ad_id": number,
        "title": f"Ad {number}",
        "landing_url": f"https://northbolt.example/bolts?utm_source=facebook&utm_content={number}",
    }


def _stats(day: date, ad: dict[str, Any], device: str, **more: Any) -> dict[str, Any]:
    return META | {
        "account_id": ACT,
        "stats_date": day,
        "campaign_id": ad["campaign_id"],
        "ad_group_id": ad["ad_group_id"],
        "ad_id": ad["ad_id"],
        "keyword_id": 0,
        "network": "network",
        "device": device,
        "region": "Chicago",
        "impressions": 1000,
        "clicks": 37,
        "cost_micros": 12_340_000,
        "sessions": 20,
        "bounces": 3,
        "conversions": 3,
        "conversion_value_micros": 90_000_000,
        **more,
    }


def make_world() -> World:
    """Two ads of a running campaign, one of an archived one, one campaign still to come."""
    ads = [_ad(11, 111, 1111), _ad(11, 111, 1112), _ad(12, 121, 1211)]
    days = [date(2026, 3, 8) + timedelta(days=n) for n in range(4)]
    stats = [
        _stats(day, ad, device) for day in days for ad in ads for device in ("desktop", "mobile")
    ]
    stats.append(_stats(date(2024, 6, 1), ads[0], "desktop", region="Houston"))
    stats.append(_stats(date(2026, 3, 7), ads[0], "tablet", clicks=0, sessions=0, conversions=0,
                        conversion_value_micros=0))  # fmt: skip
    return World.of(
        ad_account=[
            META
            | {
                "account_id": ACT,
                "name": "Northbolt",
                "currency_code": "USD",
                "time_zone": "America/New_York",
            }
        ],
        campaign=[
            _campaign(11, "Autumn", "active", date(2024, 1, 1)),
            _campaign(12, "Old", "archived", date(2024, 1, 1)),
            _campaign(13, "Spring", "active", date(2026, 4, 1)),
        ],
        ad_group=[_group(11, 111), _group(12, 121)],
        ad=ads,
        ad_stats=stats,
        restatement_curve=[
            META | {"metric": "conversions", "age_days": 0, "share": 0.5},
            META | {"metric": "conversions", "age_days": 28, "share": 1.0},
        ],
    )


def make_stage() -> Stage:
    """The world early in the afternoon of New York; both readings of the clock stand still."""
    stage = Stage(world=make_world())
    stage.clock.set(now=NOW, frozen=True, factor=1e-6)
    return stage


class Api(TestClient):
    """A client that brings its token with every request unless the address has one."""

    def __init__(self, stage: Stage, token: str) -> None:
        super().__init__(
            Router(routes=list(VENDOR(stage).routes())),
            base_url="https://graph.facebook.com",
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )
        self.stage = stage


def make_api(stage: Stage, token: str = DEMO_TOKEN) -> Api:
    """A client of a fresh stand-in on ``stage``."""
    return Api(stage, token)
