"""Yandex Direct in the shared suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from include.connectors.protocol import (
    AccessDenied,
    ConnectorError,
    IncompleteAnswer,
    RequestRefused,
)
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.connectors.contract import situations
from tests.connectors.contract.source_case import Play, Row

SOURCE = "yandex_direct"
NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)
DAYS = [date(2026, 3, day) for day in range(12, 20)]
OLD_DAY = date(2026, 2, 2)
OTHER_TOKEN = "demo-token"


def make_world(
    stats: Sequence[Mapping[str, Any]],
    currency: str = "RUB",
    accounts: Sequence[str] = ("sever",),
    name: str = "Brand",
    **tables: Sequence[Mapping[str, Any]],
) -> World:
    """Each account has one campaign with one group; figures as given."""
    of = {"vendor": SOURCE}
    campaigns = {account: 11 + index for index, account in enumerate(accounts)}
    return World.of(
        ad_account=[
            of
            | {
                "account_id": account,
                "name": account,
                "currency_code": currency,
                "time_zone": "Europe/Moscow",
            }
            for account in accounts
        ],
        campaign=[
            of
            | {
                "account_id": account,
                "campaign_id": campaign,
                "name": name,
                "channel": "paid_search",
                "status": "active",
                "start_date": date(2026, 1, 1),
            }
            for account, campaign in campaigns.items()
        ],
        ad_group=[
            of | {"campaign_id": c, "ad_group_id": c * 10, "name": "Group", "region": "Казань"}
            for c in campaigns.values()
        ],
        ad_stats=[of | row for row in stats],
        **tables,
    )


def cell(day: date, clicks: int, cost_micros: int, **changes: Any) -> dict[str, Any]:
    """Figures of one day of campaign 11."""
    return {
        "account_id": "sever",
        "stats_date": day,
        "campaign_id": 11,
        "ad_group_id": 110,
        "ad_id": 1100,
        "keyword_id": 11000,
        "network": "search",
        "device": "mobile",
        "region": "Казань",
        "impressions": clicks * 10,
        "clicks": clicks,
        "cost_micros": cost_micros,
        "sessions": clicks,
        "bounces": 0,
        "conversions": 0,
        "conversion_value_micros": 0,
        **changes,
    }


def plain_stats() -> list[dict[str, Any]]:
    """A week with a different figure on each day."""
    return [cell(day, 10 + n, (5 + n) * 1_000_000) for n, day in enumerate(DAYS)]


def expected_of(stats: Sequence[Mapping[str, Any]], currency: str = "RUB") -> list[Row]:
    """Day, campaign, clicks, cost in micros, currency and VAT basis."""
    return [
        (r["stats_date"], r["campaign_id"], r["clicks"], r["cost_micros"], currency, False)
        for r in stats
    ]


def _final(stats: Sequence[Mapping[str, Any]], **changes: Any) -> Play:
    return Play(make_world(stats), expected_of(stats), **changes)


def _fault(kind: str, count: int = 500, path: str = "reports", **values: Any) -> Fault:
    return Fault(kind, SOURCE, path, count, 0, values)


class DirectCase:
    """One advertiser whose figures are final from the first day, unless the situation says so."""

    source = SOURCE
    account = "sever"
    credentials: Mapping[str, str] = {"token": "demo-token"}
    options: Mapping[str, Any] = {
        "history_from": "2026-03-11",
        "compress": False,
        "goals": ["111", "222"],
    }
    now = NOW
    resource = "ad_performance_daily"
    page_path = "reports"
    secrets = ("demo-token",)

    def play(self, situation: str) -> Play | str:
        """See the suite's protocol."""
        make = _PLAYS[situation]
        return make if isinstance(make, str) else make()

    def landed(self, live: pa.Table) -> Sequence[Row]:
        """One row per day and campaign."""
        return [
            tuple(row[name] for name in _COMPARED)
            for row in live.select(list(_COMPARED)).to_pylist()
        ]

    def other_account(
        self,
    ) -> tuple[str, Mapping[str, str], World, Sequence[Row], Sequence[Row]] | str:
        """A second login of the same agency."""
        own = plain_stats()
        other = [
            cell(
                day,
                3,
                7_000_000,
                account_id="yug",
                campaign_id=12,
                ad_group_id=120,
                ad_id=1200,
                keyword_id=12000,
            )
            for day in DAYS
        ]
        world = make_world([*own, *other], accounts=("sever", "yug"))
        return "yug", {"token": OTHER_TOKEN}, world, expected_of(own), expected_of(other)


_COMPARED = (
    "stats_date",
    "campaign_id",
    "clicks",
    "cost_micros",
    "currency_code",
    "is_vat_included",
)


def _plain() -> Play:
    return _final(plain_stats())


def _many_pages() -> Play:
    stats = [cell(day, 1, 1_000_000, ad_id=1100 + n) for day in DAYS for n in range(40)]
    return _final(stats, options={"days_per_request": 3})


def _empty_day() -> Play:
    return _final([row for row in plain_stats() if row["stats_date"] != DAYS[3]])


def _unicode() -> Play:
    stats = plain_stats()
    return Play(make_world(stats, name="Трубы 🔩 «сталь»"), expected_of(stats))


def _huge() -> Play:
    return _final([cell(DAYS[0], 2**33, 9_007_199_254_740_000)])


def _currency() -> Play:
    stats = plain_stats()
    return Play(make_world(stats, currency="USD"), expected_of(stats, "USD"))


def _restated() -> Play:
    stats = [*plain_stats(), cell(OLD_DAY, 100, 500_000_000)]
    changed_at = NOW + timedelta(hours=12)
    correction = {
        "vendor": SOURCE,
        "account_id": "sever",
        "stats_date": OLD_DAY,
        "campaign_id": 11,
        "corrected_at": changed_at,
        "metric": "cost",
        "factor": 0.5,
    }
    return Play(
        make_world(stats, ad_correction=[correction]),
        [
            *expected_of(plain_stats()),
            (OLD_DAY, 11, 100, 250_000_000, "RUB", False),
        ],
        options={"history_from": OLD_DAY.isoformat()},
        later=_wait_a_day,
        expected_later=expected_of(stats),
    )


def _late_row() -> Play:
    before = plain_stats()
    late = cell(DAYS[-1], 5, 9_000_000, ad_id=1111)

    def happen(stage: Stage) -> None:
        stage.world = make_world([*before, late])
        _wait_a_day(stage)

    return _final(before, later=happen, expected_later=expected_of([*before, late]))


def _rotated_token() -> Play:
    """The token has died; the vendor gives another pair for the refresh token, once."""
    return _final(
        plain_stats(),
        credentials={
            "token": "token-of-last-year",
            "client_id": "demo-app",
            "client_secret": "demo-secret",
            "refresh_token": "demo-refresh",
        },
    )


def _wait_a_day(stage: Stage) -> None:
    stage.clock.advance(timedelta(days=1).total_seconds())


def _refusal(error: type[ConnectorError] | tuple[type[ConnectorError], ...], *faults: Fault) -> Any:
    return lambda: _final(plain_stats(), faults=faults, error=error)


_PLAYS: Mapping[str, str | Callable[[], Play]] = {
    situations.PLAIN: _plain,
    situations.MANY_PAGES: _many_pages,
    situations.FULL_LAST_PAGE: "a report is one stream without pages",
    situations.EMPTY_DAY: _empty_day,
    situations.NOTHING_AT_ALL: lambda: _final([]),
    situations.UNICODE: _unicode,
    situations.HUGE_NUMBER: _huge,
    situations.ZONE_EDGE: "the vendor itself counts days, always Moscow's",
    situations.DST: "Moscow's clocks have not changed since 2014",
    situations.CURRENCY: _currency,
    situations.VAT: _plain,
    situations.RESTATED: _restated,
    situations.LATE_ROW: _late_row,
    situations.DELETED: "statistics of deleted campaigns stay in reports",
    situations.MERGED: "campaigns cannot be merged",
    situations.UNKNOWN_FIELD: "a report has exactly the fields that were asked for",
    situations.UNKNOWN_VALUE: lambda: _final(
        plain_stats(),
        faults=[
            Fault("bad_value", SOURCE, "Device", 100, 0, {"field": "Device", "value": "WATCH"})
        ],
        finding="device has the new value WATCH",
    ),
    situations.MISSING_FIELD: _refusal(
        (RequestRefused, IncompleteAnswer),
        _fault("renamed_field", path="", **{"from": "Clicks", "to": "ClicksNew"}),
    ),
    situations.WRONG_TYPE: lambda: Play(
        make_world(plain_stats()),
        expected_of(plain_stats()[1:]),
        # In every copy of that report: whether one that nobody reads is made at all is chance.
        faults=[
            Fault("bad_value", SOURCE, "CampaignName", 100, 0, {"field": "Clicks", "value": "many"})
        ],
        rejected=1,
    ),
    situations.DUPLICATE_PAGE: "a report is one stream without pages",
    situations.ERROR_IN_200: "errors of reports have their own statuses",
    situations.QUOTA: lambda: _final(
        plain_stats(), faults=[_fault("error", 2, code=56, status=400)]
    ),
    situations.EXPIRED_TOKEN: _refusal(AccessDenied, _fault("expired_token", path="")),
    situations.ROTATED_TOKEN: _rotated_token,
    situations.ZERO_ROWS: _plain,
    situations.CLOCK_SKEW: _plain,
}

CASE = DirectCase()
