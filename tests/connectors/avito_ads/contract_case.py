"""Avito Ads in the shared suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa

from include.connectors.protocol import RequestRefused
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.connectors.avito_ads.advertiser import (
    COMPARED,
    CREDENTIALS,
    DAYS,
    OLD_DAY,
    OTHER,
    OWN,
    SOURCE,
    cell,
    expected_of,
    make_advertiser,
    plain_stats,
)
from tests.connectors.contract import situations
from tests.connectors.contract.source_case import Play, Row

NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
FIGURES = "/stats"


class AvitoCase:
    """One account whose figures are final from the first day, unless the situation says so."""

    source = SOURCE
    account = OWN
    credentials: Mapping[str, str] = CREDENTIALS
    options: Mapping[str, Any] = {"history_from": "2026-11-10"}
    now = NOON
    resource = "ad_performance_daily"
    page_path = FIGURES
    secrets = ("demo-secret",)

    def play(self, situation: str) -> Play | str:
        """See the suite's protocol."""
        make = _PLAYS[situation]
        return make if isinstance(make, str) else make()

    def landed(self, live: pa.Table) -> Sequence[Row]:
        """One row per day and creative."""
        return [tuple(row[n] for n in COMPARED) for row in live.select(COMPARED).to_pylist()]

    def other_account(
        self,
    ) -> tuple[str, Mapping[str, str], World, Sequence[Row], Sequence[Row]] | str:
        """A second account of the same agency."""
        stats = [*plain_stats(), cell(DAYS[0], 20111, 9, 9, "9", account=OTHER)]
        expected = expected_of(stats), expected_of(stats, account=OTHER)
        return OTHER, CREDENTIALS, make_advertiser(stats), *expected


def _final(stats: Sequence[Mapping[str, Any]], **changes: Any) -> Play:
    return Play(make_advertiser(stats), expected_of(stats), **changes)


def _fault(kind: str, path: str = "", count: int = 1, **values: Any) -> Fault:
    return Fault(kind, SOURCE, path, count, 0, values)


def _many(campaigns: int) -> Play:
    numbers = [100 * (101 + n) + 11 for n in range(campaigns)]
    stats = [cell(day, number, 10, 1, "3") for day in DAYS[:2] for number in numbers]
    return Play(make_advertiser(stats, numbers), expected_of(stats), {"page_size": 5})


def _unicode() -> Play:
    stats = plain_stats()
    world = make_advertiser(stats, name='Трубы 🔩 «сталь»\t"№1"\n\x07')
    return Play(world, expected_of(stats))


def _huge() -> Play:
    creative = 4_000_000_111
    stats = [cell(DAYS[0], creative, 2**40, 2**33, "9876543210")]
    return Play(make_advertiser(stats, [creative]), expected_of(stats))


def _zone_edge() -> Play:
    stats = [cell(date(2026, 11, 19), 10111, 9, 1, "1")]
    return _final(
        stats,
        now=datetime(2026, 11, 19, 21, 10, tzinfo=UTC),
        knobs={"avito_ads.timestamp_has_time": True},
    )


def _vat() -> Play:
    stats = plain_stats()
    expected = expected_of(stats, is_vat_included=True)
    return Play(make_advertiser(stats), expected, options={"is_vat_included": True})


def _restated() -> Play:
    stats = [*plain_stats(), cell(OLD_DAY, 10111, 1000, 100, "500")]
    correction = {
        "vendor": SOURCE,
        "stats_date": OLD_DAY,
        "campaign_id": 101,
        "corrected_at": NOON + timedelta(hours=12),
        "metric": "cost",
        "factor": 0.5,
    }
    before = [*plain_stats(), cell(OLD_DAY, 10111, 1000, 100, "250")]
    return Play(
        make_advertiser(stats, ad_correction=[correction]),
        expected_of(before),
        options={"history_from": OLD_DAY.isoformat()},
        later=_wait_a_day,
        expected_later=expected_of(stats),
    )


def _late_row() -> Play:
    before = plain_stats()
    after = [*before, cell(OLD_DAY, 10112, 1, 0, "1")]

    def happen(stage: Stage) -> None:
        stage.world = make_advertiser(after)
        _wait_a_day(stage)

    return _final(
        before,
        options={"history_from": OLD_DAY.isoformat()},
        later=happen,
        expected_later=expected_of(after),
    )


def _deleted() -> Play:
    stats = plain_stats()

    def happen(stage: Stage) -> None:
        stage.world = make_advertiser(stats, status="archived")
        _wait_a_day(stage)

    return _final(stats, later=happen, expected_later=expected_of(stats))


def _unknown_value() -> Play:
    stats = plain_stats()
    world = make_advertiser(stats, status="frozen")
    return Play(world, expected_of(stats), finding="unknown status frozen")


def _wrong_type() -> Play:
    """The figures of rejected rows stay in the campaign's remainder, so no money is lost."""
    stats = [row for row in plain_stats() if row["ad_id"] == 10111][:2]
    rest = [
        (day, 101, 0, 0, views, clicks, spend, "RUB", False)
        for day, _, _, _, views, clicks, spend, _, _ in expected_of(stats)
    ]
    return Play(
        make_advertiser(stats, [10111]),
        [(d, c, g, i, v, k, Decimal(s), m, b) for d, c, g, i, v, k, s, m, b in rest],
        faults=[_fault("odd_value", FIGURES, field="groupId", value="many")],
        rejected=2,
    )


def _skewed() -> Play:
    today = date(2026, 11, 20)
    stats = [cell(DAYS[-1], 10111, 9, 1, "1"), cell(today, 10111, 8, 1, "1")]
    return Play(
        make_advertiser(stats),
        expected_of(stats[:1]),
        now=datetime(2026, 11, 20, 20, 57, tzinfo=UTC),
        later=lambda stage: stage.clock.advance(420),
        expected_later=expected_of(stats),
    )


def _moved_page() -> Play:
    play = _many(11)
    moved = Fault("moved_page", SOURCE, "/campaigns", 1, 1)
    return Play(play.world, play.expected, play.options, faults=[moved])


def _wait_a_day(stage: Stage) -> None:
    stage.clock.advance(timedelta(days=1).total_seconds())


_PLAYS: Mapping[str, str | Callable[[], Play]] = {
    situations.PLAIN: lambda: _final(plain_stats()),
    situations.MANY_PAGES: lambda: _many(12),
    situations.FULL_LAST_PAGE: lambda: _many(10),
    situations.EMPTY_DAY: lambda: _final(
        [row for row in plain_stats() if row["stats_date"] != DAYS[3]]
    ),
    situations.NOTHING_AT_ALL: lambda: _final([]),
    situations.UNICODE: _unicode,
    situations.HUGE_NUMBER: _huge,
    situations.ZONE_EDGE: _zone_edge,
    situations.DST: "the vendor works in Russia, where clocks have not changed since 2014",
    situations.CURRENCY: "the vendor counts in roubles alone",
    situations.VAT: _vat,
    situations.RESTATED: _restated,
    situations.LATE_ROW: _late_row,
    situations.DELETED: _deleted,
    situations.MERGED: "campaigns, groups and creatives cannot be merged",
    situations.UNKNOWN_FIELD: lambda: _final(
        plain_stats(),
        faults=[_fault("renamed_field", FIGURES, **{"from": "vtr", "to": "viewability"})],
        finding="unknown field viewability",
    ),
    situations.UNKNOWN_VALUE: _unknown_value,
    situations.MISSING_FIELD: lambda: _final(
        plain_stats(),
        faults=[_fault("renamed_field", FIGURES, **{"from": "spend", "to": "cost"})],
        error=RequestRefused,
        error_says="field spend",
    ),
    situations.WRONG_TYPE: _wrong_type,
    situations.DUPLICATE_PAGE: _moved_page,
    situations.ERROR_IN_200: "errors have their own statuses here",
    situations.QUOTA: lambda: _final(plain_stats(), faults=[_fault("too_many", "", 3)]),
    situations.EXPIRED_TOKEN: lambda: _final(
        plain_stats(), faults=[_fault("expired_token", FIGURES)]
    ),
    situations.ROTATED_TOKEN: "there is no refresh token: a new token is asked for by the secret",
    situations.ZERO_ROWS: lambda: _final(plain_stats(), faults=[_fault("zero_rows", FIGURES)]),
    situations.CLOCK_SKEW: _skewed,
}

CASE = AvitoCase()
