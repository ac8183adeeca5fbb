"""What each table of an account holds: levels that agree, clicks that lead to ads, its tree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from include.connectors.google_ads import CONNECTOR
from include.connectors.protocol import Account, Interval, Slice
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from tests.connectors.google_ads.contract_case import CASE, FIRST, MANAGER, SECOND, rename_campaign
from tests.sandbox.ad_world import cell, make_ad_world

NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
STATS = [
    cell(FIRST, "2026-11-17", 10111, 100, 5, 12.5, 10, keyword_id=77),
    cell(FIRST, "2026-11-17", 10112, 50, 2, 5.0, 0, device="desktop"),
    cell(FIRST, "2026-11-18", 10211, 30, 3, 7.0, 10),
]
VISIT = {
    "visit_id": 1,
    "started_at": datetime(2026, 11, 17, 7, tzinfo=UTC),
    "click_id_kind": "gclid",
    "click_id": "Cj0-a_b",
    "ad_vendor": "google_ads",
    "campaign_id": 101,
    "ad_group_id": 1011,
    "ad_id": 10111,
    "device": "mobile",
    "utm_term": "steel pipe",
}
DAYS = Interval(date(2026, 11, 17), date(2026, 11, 19))


@pytest.fixture(scope="module")
def server() -> Iterator[VendorServer]:
    unmarked = VISIT | {"visit_id": 2, "click_id": "no-word", "utm_term": ""}
    world = make_ad_world(
        "google_ads", (FIRST, SECOND), currency="USD", stats=STATS, visit=[VISIT, unmarked]
    )
    stage = Stage(seed=1, world=rename_campaign(world, 102, "Performance Max"))
    stage.clock.set(now=NOON, frozen=True)
    with VendorServer(stage) as running:
        yield running


def _read(server: VendorServer, resource: str, span: Interval | None = DAYS) -> list[Any]:
    options = {"base_url": server.vendor_urls["google_ads"], "login_customer_id": MANAGER}
    account = Account("google_ads", FIRST, options, dict(CASE.credentials))
    connector = CONNECTOR(account, server.stage.clock.now)
    state = connector.start(Slice(resource, "x", span))
    batches = list(connector.fetch(state.token))
    assert not [text for batch in batches for text in batch.findings]
    return [row for batch in batches if batch.rows is not None for row in batch.rows.to_pylist()]


def test_performance_max_costs_money_and_has_no_ads(server: VendorServer) -> None:
    campaigns = _read(server, "campaign_performance_daily")
    ads = _read(server, "ad_performance_daily")
    assert sum(row["cost_micros"] for row in campaigns) == 24_500_000
    assert sum(row["cost_micros"] for row in ads) == 17_500_000
    (pmax,) = [r for r in campaigns if r["advertising_channel_type"] == "PERFORMANCE_MAX"]
    assert (pmax["campaign_id"], pmax["ad_network_type"]) == (102, "MIXED")


def test_keywords_carry_their_words(server: VendorServer) -> None:
    (row,) = _read(server, "keyword_performance_daily")
    named = (row["criterion_id"], row["keyword"], row["match_type"], row["clicks"])
    assert named == (77, "steel pipe", "PHRASE", 5)


def test_conversions_are_split_by_action_and_add_up(server: VendorServer) -> None:
    rows = _read(server, "conversion_action_daily")
    assert {(row["conversion_action_name"], row["conversions"]) for row in rows} == {
        ("Lead form", Decimal(7)),
        ("Phone call", Decimal(3)),
    }
    assert sum(row["conversions"] for row in rows) == 20


def test_a_click_leads_from_its_gclid_to_its_ad_and_word(server: VendorServer) -> None:
    rows = _read(server, "click", Interval(DAYS.date_from, date(2026, 11, 18)))
    assert [(r["gclid"], r["ad_id"], r["criterion_id"], r["keyword"]) for r in rows] == [
        ("Cj0-a_b", 10111, 77, "steel pipe"),
        ("no-word", 10111, 0, ""),
    ]
    assert {r["click_date"] for r in rows} == {DAYS.date_from}


def test_the_tree_keeps_what_was_removed_with_its_days_and_addresses(server: VendorServer) -> None:
    campaigns = {row["campaign_id"]: row for row in _read(server, "campaign", None)}
    removed = campaigns[102]
    assert (removed["campaign_status"], removed["start_date"], removed["end_date"]) == (
        "REMOVED",
        date(2026, 9, 1),
        date(2026, 10, 31),
    )
    assert campaigns[101]["end_date"] is None
    assert {row["ad_group_id"] for row in _read(server, "ad_group", None)} >= {1011, 1012}
    urls = {row["ad_id"]: row["final_urls"] for row in _read(server, "ad", None)}
    assert urls[10111] == "https://severmet.example/?utm_content=10111"
