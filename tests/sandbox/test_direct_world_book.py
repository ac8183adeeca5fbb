"""The Direct stand-in over a world: its accounts, what has begun, and figures as of the moment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from include.sandbox.vendors.yandex_direct import world_book
from include.sandbox.world.ad_figures import ad_figures
from include.sandbox.world.generator import make_world
from include.sandbox.world.world import World
from tests.sandbox.conftest import DirectCaller

VENDOR = {"vendor": "yandex_direct"}
DAY = date(2026, 3, 10)
BEGUN, LATER, WIZARD = 11, 12, 13


def _campaign(campaign_id: int, **changes: Any) -> dict[str, Any]:
    row = {
        "account_id": "sever",
        "campaign_id": campaign_id,
        "name": f"Campaign {campaign_id}",
        "channel": "paid_search",
        "status": "active",
        "start_date": date(2026, 1, 1),
    }
    return VENDOR | row | changes


def _stats(campaign_id: int, **changes: Any) -> dict[str, Any]:
    row = {
        "account_id": "sever",
        "stats_date": DAY,
        "campaign_id": campaign_id,
        "ad_group_id": campaign_id * 10,
        "ad_id": campaign_id * 100,
        "keyword_id": campaign_id * 1000,
        "network": "search",
        "device": "mobile",
        "region": "Казань",
        "impressions": 1000,
        "clicks": 100,
        "cost_micros": 5_000_000_000,
        "sessions": 90,
        "bounces": 20,
        "conversions": 10,
        "conversion_value_micros": 10_000_000,
    }
    return VENDOR | row | changes


def _world() -> World:
    groups = [
        VENDOR | {"campaign_id": c, "ad_group_id": c * 10, "name": f"Group {c}", "region": "Казань"}
        for c in (BEGUN, LATER)
    ]
    return World.of(
        ad_account=[
            VENDOR
            | {
                "account_id": login,
                "name": login.title(),
                "currency_code": "RUB",
                "time_zone": "Europe/Moscow",
            }
            for login in ("sever", "ural")
        ],
        campaign=[
            _campaign(LATER, start_date=date(2026, 5, 1), channel="display"),
            _campaign(BEGUN, status="archived", end_date=date(2026, 4, 20)),
            _campaign(WIZARD),
        ],
        ad_group=groups,
        ad=[
            VENDOR
            | {
                "campaign_id": c,
                "ad_group_id": c * 10,
                "ad_id": c * 100,
                "title": f"Ad {c}",
                "landing_url": f"https://severmet.example/?utm_campaign={c}",
            }
            for c in (BEGUN, LATER)
        ],
        keyword=[
            VENDOR | {"ad_group_id": c * 10, "keyword_id": c * 1000, "text": "болт"}
            for c in (BEGUN, LATER)
        ],
        ad_stats=[
            _stats(BEGUN),
            _stats(BEGUN, device="desktop", network="network", region="Тверь", clicks=40),
            _stats(WIZARD, ad_group_id=0, ad_id=0, keyword_id=0, clicks=7),
        ],
        restatement_curve=[
            VENDOR | {"metric": "clicks", "age_days": age, "share": share}
            for age, share in ((0, 1.2), (1, 1.1), (3, 1.0))
        ],
        ad_correction=[
            VENDOR
            | {
                "campaign_id": BEGUN,
                "stats_date": DAY,
                "corrected_at": datetime(2026, 4, 1, 9, tzinfo=UTC),
                "metric": "cost",
                "factor": 1.5,
            }
        ],
    )


@pytest.fixture
def advertiser(direct: DirectCaller) -> Iterator[DirectCaller]:
    """A caller for the account ``sever`` of the hand-written world, on 2026-03-20."""
    empty = direct.server.stage.world
    direct.server.stage.world = _world()
    direct.server.stage.clock.set(now=datetime(2026, 3, 20, 9, tzinfo=UTC))
    direct.headers["Client-Login"] = "sever"
    yield direct
    direct.server.stage.world = empty


def _rows(caller: DirectCaller, *fields: str) -> list[list[str]]:
    answer = caller.report(
        FieldNames=list(fields),
        SelectionCriteria={"DateFrom": DAY.isoformat(), "DateTo": DAY.isoformat()},
        headers={
            "processingMode": "online",
            "skipReportHeader": "true",
            "skipColumnHeader": "true",
            "skipReportSummary": "true",
        },
    )
    assert answer.status_code == 200, answer.text
    return [line.split("\t") for line in answer.text.splitlines()]


def _campaigns(caller: DirectCaller) -> dict[int, dict[str, Any]]:
    fields = ["Id", "Name", "Type", "State", "EndDate"]
    answer = caller.call("campaigns", {"SelectionCriteria": {}, "FieldNames": fields})
    return {row["Id"]: row for row in answer.json()["result"]["Campaigns"]}


def test_the_agency_sees_the_accounts_of_the_world(advertiser):
    answer = advertiser.call("agencyclients", {"FieldNames": ["Login", "Currency"]})
    clients = answer.json()["result"]["Clients"]
    assert clients == [{"Login": n, "Currency": "RUB"} for n in ("sever", "ural")]


def test_a_clients_own_token_is_the_first_accounts(advertiser):
    del advertiser.headers["Client-Login"]
    advertiser.headers["Authorization"] = "Bearer client-token"
    answer = advertiser.call("clients", {"FieldNames": ["Login"]})
    assert answer.json()["result"]["Clients"] == [{"Login": "sever"}]


def test_a_login_outside_the_world_is_refused(advertiser):
    advertiser.headers["Client-Login"] = "demo-client"
    answer = advertiser.call("clients", {"FieldNames": ["Login"]})
    assert answer.json()["error"]["error_code"] == 54


def test_a_campaign_that_has_not_started_is_unknown(advertiser):
    assert set(_campaigns(advertiser)) == {BEGUN, WIZARD}
    ads = advertiser.call(
        "ads", {"SelectionCriteria": {"CampaignIds": [LATER]}, "FieldNames": ["Id"]}
    )
    assert ads.json()["result"] == {}
    advertiser.server.stage.clock.set(now=datetime(2026, 5, 2, 9, tzinfo=UTC))
    assert _campaigns(advertiser)[LATER]["Type"] == "UNIFIED_CAMPAIGN"


def test_the_end_of_a_campaign_is_known_once_it_is_over(advertiser):
    assert _campaigns(advertiser)[BEGUN]["State"] == "ON"
    assert _campaigns(advertiser)[BEGUN]["EndDate"] is None
    advertiser.server.stage.clock.set(now=datetime(2026, 4, 22, 9, tzinfo=UTC))
    assert _campaigns(advertiser)[BEGUN]["State"] == "ARCHIVED"
    assert _campaigns(advertiser)[BEGUN]["EndDate"] == "2026-04-20"


def test_a_report_names_the_cells_of_the_world(advertiser):
    rows = _rows(
        advertiser,
        "CampaignName",
        "AdGroupName",
        "AdId",
        "Device",
        "AdNetworkType",
        "LocationOfPresenceName",
        "Clicks",
    )
    assert rows == [
        ["Campaign 11", "Group 11", "1100", "DESKTOP", "AD_NETWORK", "Russia", "40"],
        ["Campaign 11", "Group 11", "1100", "MOBILE", "SEARCH", "Kazan", "100"],
        ["Campaign 13", "--", "--", "MOBILE", "SEARCH", "Kazan", "7"],
    ]


def test_figures_are_those_of_the_moment(advertiser):
    def clicks_and_cost() -> list[str]:
        return _rows(advertiser, "CampaignId", "Clicks", "Cost")[0][1:]

    assert clicks_and_cost() == ["140", "15000000000"]
    clock = advertiser.server.stage.clock
    clock.set(now=datetime(2026, 3, 11, 9, tzinfo=UTC))
    assert clicks_and_cost() == ["154", "15000000000"]
    clock.set(now=datetime(2026, 4, 2, 9, tzinfo=UTC))
    assert clicks_and_cost() == ["140", "10000000000"]


def test_smart_campaigns_have_no_impressions_beside_criteria(advertiser, monkeypatch):
    monkeypatch.setitem(world_book.TYPES, "paid_search", "SMART_CAMPAIGN")
    told = _rows(advertiser, "CampaignId", "Criterion", "Impressions", "Ctr", "Clicks")
    smart = [row for row in told if row[1] != "--"]
    assert [row[2:4] for row in smart] == [["--", "--"]]
    assert int(smart[0][4]) > 0
    without = _rows(advertiser, "CampaignId", "Impressions", "Clicks")
    assert all(row[1] != "--" for row in without)


def test_the_text_of_a_keyword_and_of_an_ad_is_the_worlds(advertiser):
    assert sorted(row[0] for row in _rows(advertiser, "Criterion", "Clicks")) == ["--", "болт"]
    answer = advertiser.call(
        "ads",
        {
            "SelectionCriteria": {"CampaignIds": [BEGUN]},
            "FieldNames": ["Id"],
            "TextAdFieldNames": ["Title", "Href"],
        },
    )
    text = {"Title": "Ad 11", "Href": "https://severmet.example/?utm_campaign=11"}
    assert answer.json()["result"]["Ads"] == [{"Id": 1100, "TextAd": text}]


def test_a_correction_is_announced_with_its_day(advertiser):
    advertiser.server.stage.clock.set(now=datetime(2026, 4, 2, 9, tzinfo=UTC))
    answer = advertiser.call(
        "changes",
        {
            "CampaignIds": [BEGUN, WIZARD],
            "FieldNames": ["CampaignsStat"],
            "Timestamp": "2026-03-31T09:00:00Z",
        },
        method="check",
    )
    stat = answer.json()["result"]["Modified"]["CampaignsStat"]
    assert stat == [{"CampaignId": BEGUN, "BorderDate": DAY.isoformat()}]


def test_a_world_without_direct_leaves_the_generated_book(direct):
    assert list(direct.server.vendors["yandex_direct"].book.advertisers()) == [
        "demo-client",
        "demo-second",
    ]


def test_reports_of_a_generated_world_add_up_to_its_figures(direct):
    world = make_world(1, "small")[0]
    empty, direct.server.stage.world = direct.server.stage.world, world
    now = datetime(2026, 1, 20, 9, tzinfo=UTC)
    direct.server.stage.clock.set(now=now)
    days = (date(2026, 1, 17), date(2026, 1, 21))
    try:
        text = direct.report(
            FieldNames=["CampaignId", "AdId", "Criterion", "Device", "Impressions", "Clicks"],
            SelectionCriteria={"DateFrom": "2026-01-17", "DateTo": "2026-01-20"},
            headers={"processingMode": "online", "skipReportHeader": "true"},
        ).text.splitlines()[1:-1]
    finally:
        direct.server.stage.world = empty
    shown = ad_figures(world, "yandex_direct", "demo-client", *days, now)
    cells = [line.split("\t") for line in text]
    assert sum(int(cell[5]) for cell in cells) == sum(shown["clicks"].to_pylist()) > 0
    assert sum(int(cell[4]) for cell in cells) == sum(shown["impressions"].to_pylist())
    assert {int(cell[0]) for cell in cells} == set(shown["campaign_id"].to_pylist())
