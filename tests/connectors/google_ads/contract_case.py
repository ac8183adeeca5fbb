"""How the shared situations look at Google Ads: campaign days of a hand-written advertiser."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from include.connectors.protocol import IncompleteAnswer, RequestRefused, TemporaryFailure
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.connectors.contract import situations
from tests.connectors.contract.source_case import Play, Row
from tests.sandbox.ad_world import cell, make_ad_world

FIRST, SECOND, MANAGER = "1234567890", "2234567890", "1112223333"
NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
"""Noon in Moscow; yesterday is the 19th."""
EVERY = 500
CURRENCY = "USD"
NASTY = "Bränd 🚀 \"q\" 'a' \\ \t\n\x01 }{"
STATS = (
    cell(FIRST, "2026-11-16", 10111, 100, 5, 12.5, 2),
    cell(FIRST, "2026-11-16", 10111, 40, 1, 1.25, 0, keyword_id=77),
    cell(FIRST, "2026-11-17", 10111, 70, 3, 9.0, 1, device="desktop"),
    cell(FIRST, "2026-11-18", 10121, 30, 2, 4.0, 0, network="network"),
    cell(FIRST, "2026-11-19", 10211, 20, 1, 2.0, 1),
)
ELSEWHERE = cell(SECOND, "2026-11-18", 20111, 10, 1, 3.0, 0)
NETWORKS = {"search": "SEARCH", "network": "CONTENT"}


def _world(stats: Sequence[Mapping[str, Any]] = STATS, **how: Any) -> World:
    return make_ad_world("google_ads", (FIRST, SECOND), stats=stats, **{"currency": CURRENCY} | how)


def _expect(
    world: World,
    account: str = FIRST,
    currency: str = CURRENCY,
    vat: bool = False,
    until: date = date(2026, 11, 20),
) -> list[Row]:
    """The campaign days before ``until`` that the world's own cells add up to."""
    names = {row["campaign_id"]: row["name"] for row in world.table("campaign").to_pylist()}
    sums: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * 5)
    for row in world.table("ad_stats").to_pylist():
        if row["account_id"] != account or row["stats_date"] >= until:
            continue
        key = (
            row["stats_date"],
            row["campaign_id"],
            names[row["campaign_id"]],
            row["device"].upper(),
            NETWORKS[row["network"]],
        )
        figures = ("impressions", "clicks", "cost_micros", "conversions", "conversion_value_micros")
        sums[key] = [total + row[name] for total, name in zip(sums[key], figures, strict=True)]
    return [
        (*key, *figures[:3], Decimal(figures[3]), figures[4], currency, vat)
        for key, figures in sums.items()
    ]


def rename_campaign(world: World, campaign_id: int, name: str) -> World:
    """The same world with one campaign called otherwise."""
    tables = {table: rows.to_pylist() for table, rows in world.tables.items()}
    for row in tables["campaign"]:
        if row["campaign_id"] == campaign_id:
            row["name"] = name
    return World.of(**tables)


def _fault(kind: str, count: int = 1, skip: int = 0, **values: Any) -> Fault:
    return Fault(kind, "google_ads", "googleAds", count, skip, values)


def _next_noon(stage: Stage) -> None:
    stage.clock.set(now=datetime(2026, 11, 21, 9, tzinfo=UTC))


def _plain(**how: Any) -> Play:
    world = how.pop("world", None) or _world()
    return Play(world=world, expected=_expect(world), **how)


def _play_restated() -> Play:
    old = cell(FIRST, "2026-11-10", 10111, 90, 10, 20.0, 0)
    correction = {"vendor": "google_ads", "campaign_id": 101, "stats_date": date(2026, 11, 10)}
    correction |= {"corrected_at": datetime(2026, 11, 21, 5, tzinfo=UTC), "factor": 1.5}
    world = _world(
        (*STATS, old),
        ad_correction=[correction | {"metric": metric} for metric in ("clicks", "cost")],
    )
    after = _expect(world)
    before = [
        (*row[:6], 15, 30_000_000, *row[8:]) if row[0] == date(2026, 11, 10) else row
        for row in after
    ]
    return Play(
        world=world,
        expected=before,
        options={"history_from": "2026-11-09"},
        later=_next_noon,
        expected_later=after,
    )


def _play_late_row() -> Play:
    late = _world((*STATS, cell(FIRST, "2026-11-10", 10121, 8, 1, 0.5, 0)))

    def later(stage: Stage) -> None:
        stage.world = late
        _next_noon(stage)

    return _plain(options={"history_from": "2026-11-09"}, later=later, expected_later=_expect(late))


def _play_zone_edge() -> Play:
    world = _world(zone="America/New_York")
    # past midnight in Moscow and London, still the 19th in New York
    now = datetime(2026, 11, 20, 3, 30, tzinfo=UTC)
    return Play(world=world, expected=_expect(world, until=date(2026, 11, 19)), now=now)


def _play_dst() -> Play:
    days = ("2026-10-24", "2026-10-25", "2026-10-26")
    world = _world([cell(FIRST, day, 10111, 9, 2, 1.5, 1) for day in days], zone="Europe/Berlin")
    return Play(
        world=world,
        expected=_expect(world),
        options={"history_from": "2026-10-24"},
        now=datetime(2026, 10, 27, 0, 30, tzinfo=UTC),
    )


def _play_vat() -> Play:
    world = _world()
    return Play(world=world, expected=_expect(world, vat=True), options={"is_vat_included": True})


def _play_currency() -> Play:
    world = _world(currency="EUR")
    return Play(world=world, expected=_expect(world, currency="EUR"))


def _play_unknown_value() -> Play:
    world = _world(STATS[:1])
    ((day, campaign, name, _, *rest),) = _expect(world)
    return Play(
        world=world,
        expected=[(day, campaign, name, "HOLOGRAM", *rest)],
        faults=[_fault("odd_value", EVERY, field="device", value="HOLOGRAM")],
        finding="HOLOGRAM",
    )


def _play_wrong_type() -> Play:
    """The first campaign day and the first ad day and keyword day of the answers are spoilt."""
    world = _world(STATS[:3])
    spoilt = sorted(_expect(world))[0]
    return Play(
        world=world,
        expected=[row for row in _expect(world) if row != spoilt],
        faults=[_fault("odd_value", EVERY, field="impressions", value={"many": True})],
        rejected=3,
    )


def _play_huge() -> Play:
    big = 2**40 + 1
    world = _world([cell(FIRST, "2026-11-18", 10111, 3 * big, big, 4_000_000_000.01, 2**33)])
    return _plain(world=world)


PLAYS: Mapping[str, Callable[[], Play] | str] = {
    situations.PLAIN: _plain,
    situations.MANY_PAGES: lambda: _plain(knobs={"google_ads.batch_rows": 3}),
    situations.FULL_LAST_PAGE: lambda: _plain(knobs={"google_ads.batch_rows": 2}),
    situations.EMPTY_DAY: lambda: _plain(world=_world((STATS[0], STATS[4]))),
    situations.NOTHING_AT_ALL: lambda: _plain(world=_world(())),
    situations.UNICODE: lambda: _plain(world=rename_campaign(_world(), 101, NASTY)),
    situations.HUGE_NUMBER: _play_huge,
    situations.ZONE_EDGE: _play_zone_edge,
    situations.DST: _play_dst,
    situations.CURRENCY: _play_currency,
    situations.VAT: _play_vat,
    situations.RESTATED: _play_restated,
    situations.LATE_ROW: _play_late_row,
    situations.DELETED: "figures of a removed campaign stay; its status is in the campaign table",
    situations.MERGED: "nothing is ever merged in an advertising account",
    situations.UNKNOWN_FIELD: lambda: _plain(
        faults=[_fault("new_field", EVERY, **{"in": "metrics", "name": "shine", "value": "7"})],
        finding="metrics.shine",
    ),
    situations.UNKNOWN_VALUE: _play_unknown_value,
    situations.MISSING_FIELD: lambda: _plain(
        faults=[_fault("renamed_field", EVERY, **{"from": "costMicros", "to": "cost"})],
        error=RequestRefused,
        error_says="costMicros",
    ),
    situations.WRONG_TYPE: _play_wrong_type,
    situations.DUPLICATE_PAGE: lambda: _plain(
        faults=[_fault("repeated_batch", EVERY)], error=IncompleteAnswer, error_says="contradict"
    ),
    situations.ERROR_IN_200: lambda: _plain(
        faults=[_fault("stream_error", skip=1)], error=TemporaryFailure, error_says="TRANSIENT"
    ),
    situations.QUOTA: lambda: _plain(faults=[_fault("too_many", 2, retry_seconds=7)]),
    situations.EXPIRED_TOKEN: lambda: _plain(faults=[_fault("expired_token", skip=1)]),
    situations.ROTATED_TOKEN: "Google never exchanges a refresh token for a new one",
    situations.ZERO_ROWS: lambda: _plain(
        faults=[_fault("zero_rows", skip=1)], error=IncompleteAnswer, error_says="totals"
    ),
    situations.CLOCK_SKEW: _plain,
}


class GoogleAdsCase:
    """The case; see the module's text."""

    source = "google_ads"
    account = FIRST
    credentials: Mapping[str, str] = {
        "client_id": "demo-app",
        "client_secret": "demo-secret",
        "refresh_token": "demo-refresh",
    }
    options: Mapping[str, Any] = {
        "login_customer_id": MANAGER,
        "history_from": "2026-11-15",
        "click_history_days": 2,
    }
    now = NOON
    resource = "campaign_performance_daily"
    page_path = "googleAds:searchStream"
    secrets: Sequence[str] = ("demo-secret", "demo-refresh", "ya29.")

    def play(self, situation: str) -> Play | str:
        """How a situation looks here, or why it cannot be."""
        made = PLAYS[situation]
        return made if isinstance(made, str) else made()

    def landed(self, live: pa.Table) -> Sequence[Row]:
        """Campaign days with their figures, currency and VAT basis."""
        names = [
            "stats_date",
            "campaign_id",
            "campaign_name",
            "device",
            "ad_network_type",
            "impressions",
            "clicks",
            "cost_micros",
            "conversions",
            "conversion_value_micros",
            "currency_code",
            "is_vat_included",
        ]
        return [
            tuple(Decimal(int(v)) if n == "conversions" else v for n, v in row.items())
            for row in live.select(names).to_pylist()
        ]

    def other_account(
        self,
    ) -> tuple[str, Mapping[str, str], World, Sequence[Row], Sequence[Row]] | str:
        """The second customer of the same manager."""
        world = _world((*STATS, ELSEWHERE))
        return SECOND, self.credentials, world, _expect(world), _expect(world, SECOND)


CASE = GoogleAdsCase()
