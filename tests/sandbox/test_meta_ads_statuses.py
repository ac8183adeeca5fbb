"""Statuses of Meta's campaigns, ad sets and ads: who is shown, when, and what hides them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.sandbox.meta_ads_world import ACT, META, make_api

EVERY_STATUS = [
    "ACTIVE", "ADSET_PAUSED", "ARCHIVED", "CAMPAIGN_PAUSED", "DELETED", "DISAPPROVED",
    "IN_PROCESS", "PAUSED", "PENDING_BILLING_INFO", "PENDING_REVIEW", "PREAPPROVED",
    "WITH_ISSUES",
]  # fmt: skip
CAMPAIGNS = {21: "active", 22: "paused", 23: "archived", 24: "deleted"}


def _make_world() -> World:
    """One campaign of each status with one ad set and ad; 25 ends on 2026-03-10."""
    campaigns = [
        META
        | {
            "account_id": ACT,
            "campaign_id": number,
            "name": status,
            "channel": "paid_social",
            "status": status,
            "start_date": date(2026, 1, 1),
            "end_date": date(2026, 3, 10) if number == 25 else None,
            "daily_budget_micros": 1_000_000,
        }
        for number, status in {**CAMPAIGNS, 25: "archived"}.items()
    ]
    numbers = [row["campaign_id"] for row in campaigns]
    return World.of(
        ad_account=[
            META
            | {"account_id": ACT, "name": "N", "currency_code": "USD", "time_zone": "Asia/Tokyo"}
        ],
        campaign=campaigns,
        ad_group=[META | {"campaign_id": n, "ad_group_id": n * 10, "name": "S"} for n in numbers],
        ad=[
            META | {"campaign_id": n, "ad_group_id": n * 10, "ad_id": n * 100, "title": "A"}
            for n in numbers
        ],
    )


@pytest.fixture
def api() -> Any:
    stage = Stage(world=_make_world())
    stage.clock.set(now=datetime(2026, 3, 10, 12, tzinfo=UTC), frozen=True)
    return make_api(stage)


def _list(api: Any, edge: str, **params: str) -> dict[str, str]:
    params = {"fields": "id,effective_status", "limit": "50", **params}
    rows = api.get(f"/v26.0/{ACT}/{edge}", params=params).json()["data"]
    return {row["id"]: row["effective_status"] for row in rows}


@pytest.mark.parametrize(
    ("edge", "kind", "zeros"), [("campaigns", "campaign", ""), ("adsets", "adset", "0"),
                                ("ads", "ad", "00")],
)  # fmt: skip
def test_archived_and_deleted_objects_are_hidden_unless_filtered_for(api, edge, kind, zeros):
    paused = "PAUSED" if kind == "campaign" else "CAMPAIGN_PAUSED"
    shown = {f"21{zeros}": "ACTIVE", f"22{zeros}": paused, f"25{zeros}": "ACTIVE"}
    assert _list(api, edge) == shown
    field = f"{kind}.effective_status"
    filtering = json.dumps([{"field": field, "operator": "IN", "value": EVERY_STATUS}])
    hidden = {f"23{zeros}": "ARCHIVED", f"24{zeros}": "DELETED"}
    assert _list(api, edge, filtering=filtering) == shown | hidden


def test_a_campaign_runs_until_the_last_of_its_days_is_over_in_the_accounts_zone(api):
    fields = {"fields": "status,updated_time,stop_time"}
    assert api.get("/v26.0/25", params=fields).json() == {
        "status": "ACTIVE",
        "updated_time": "2026-01-01T00:00:00+0900",
        "stop_time": "2026-03-10T00:00:00+0900",
        "id": "25",
    }
    api.stage.clock.advance(3 * 3600)
    ended = api.get("/v26.0/25", params=fields).json()
    assert (ended["status"], ended["updated_time"]) == ("ARCHIVED", "2026-03-11T00:00:00+0900")
    assert "2500" not in _list(api, "ads")
