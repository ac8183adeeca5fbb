"""VK Ads in the shared suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa

from include.connectors.protocol import IncompleteAnswer, RequestRefused
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.connectors.contract import situations
from tests.connectors.contract.source_case import Play, Row
from tests.connectors.vk_ads.cabinet import (
    AGENCY,
    COMPARED,
    CREDENTIALS,
    DAYS,
    OLD_DAY,
    OTHER,
    OWN,
    SOURCE,
    cell,
    expected_of,
    make_cabinet,
    plain_stats,
)

NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
FIGURES = "v2/statistics/banners"


class VkCase:
    """One cabinet whose figures are final from the first day, unless the situation says so."""

    source = SOURCE
    account = OWN
    credentials: Mapping[str, str] = CREDENTIALS
    options: Mapping[str, Any] = {"history_from": "2026-11-10"}
    now = NOON
    resource = "ad_performance_daily"
    page_path = "statistics/banners"
    secrets = ("demo-secret",)

    def play(self, situation: str) -> Play | str:
        """See the suite's protocol."""
        make = _PLAYS[situation]
        return make if isinstance(make, str) else make()

    def landed(self, live: pa.Table) -> Sequence[Row]:
        """One row per day and banner."""
        return [tuple(row[n] for n in COMPARED) for row in live.select(COMPARED).to_pylist()]

    def other_account(
        self,
    ) -> tuple[str, Mapping[str, str], World, Sequence[Row], Sequence[Row]] | str:
        """A client of an agency beside the own cabinet."""
        stats = [*plain_stats(), cell(DAYS[0], 20111, 9, 9, "9.00", account=OTHER)]
        credentials = {**AGENCY, "agency_client_id": OTHER}
        expected = expected_of(stats), expected_of(stats, account=OTHER)
        return OTHER, credentials, make_cabinet(stats), *expected


def _final(stats: Sequence[Mapping[str, Any]], **changes: Any) -> Play:
    return Play(make_cabinet(stats), expected_of(stats), **changes)


def _fault(kind: str, path: str = "", count: int = 1, **values: Any) -> Fault:
    return Fault(kind, SOURCE, path, count, 0, values)


def _many(banners: int) -> Play:
    numbers = [10_001 + n for n in range(banners)]
    stats = [cell(day, n, 10, 1, "1.25") for day in DAYS[:2] for n in numbers]
    knobs = {"vk_ads.whole_urls": True}
    return Play(make_cabinet(stats, numbers), expected_of(stats), knobs=knobs)


def _unicode() -> Play:
    stats = plain_stats()
    world = make_cabinet(stats, name='Трубы 🔩 «сталь»\t"№1"\n\x07')
    return Play(world, expected_of(stats))


def _huge() -> Play:
    banner = 4_000_000_111
    stats = [cell(DAYS[0], banner, 2**40, 2**33, "98765432109.87", 2**33)]
    return Play(make_cabinet(stats, [banner]), expected_of(stats))


def _zone_edge() -> Play:
    stats = [cell(date(2026, 11, 19), 10111, 9, 1, "1.00")]
    after_midnight = datetime(2026, 11, 19, 21, 10, tzinfo=UTC)
    return Play(make_cabinet(stats), expected_of(stats), now=after_midnight)


def _dst() -> Play:
    days = [date(2026, 10, day) for day in (24, 25, 26)]
    stats = [cell(day, 10111, 9, 1, "1.00") for day in days]
    return Play(
        make_cabinet(stats, zone="Europe/Berlin"),
        expected_of(stats),
        now=datetime(2026, 10, 26, 23, 30, tzinfo=UTC),
        options={"time_zone": "Europe/Berlin", "history_from": "2026-10-23"},
    )


def _currency() -> Play:
    stats = plain_stats()
    return Play(make_cabinet(stats, currency="KZT"), expected_of(stats, currency="KZT"))


def _vat() -> Play:
    stats = plain_stats()
    expected = expected_of(stats, is_vat_included=True)
    return Play(make_cabinet(stats), expected, options={"is_vat_included": True})


def _restated() -> Play:
    stats = [*plain_stats(), cell(OLD_DAY, 10111, 1000, 100, "500.00")]
    correction = {
        "vendor": SOURCE,
        "stats_date": OLD_DAY,
        "campaign_id": 101,
        "corrected_at": NOON + timedelta(hours=12),
        "metric": "cost",
        "factor": 0.5,
    }
    before = [*plain_stats(), cell(OLD_DAY, 10111, 1000, 100, "250.00")]
    return Play(
        make_cabinet(stats, ad_correction=[correction]),
        expected_of(before),
        options={"history_from": OLD_DAY.isoformat()},
        later=_wait_a_day,
        expected_later=expected_of(stats),
    )


def _late_row() -> Play:
    before = plain_stats()
    after = [*before, cell(OLD_DAY, 10112, 1, 0, "0.01")]

    def happen(stage: Stage) -> None:
        stage.world = make_cabinet(after)
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
        stage.world = make_cabinet(stats, status="archived")
        _wait_a_day(stage)

    return _final(stats, later=happen, expected_later=expected_of(stats))


def _unknown_value() -> Play:
    stats = plain_stats()
    world = make_cabinet(stats, status="frozen")
    return Play(world, expected_of(stats), finding="unknown status frozen")


def _wrong_type() -> Play:
    stats = plain_stats()
    first = (DAYS[0], 10111)
    rest = [row for row in stats if (row["stats_date"], row["ad_id"]) != first]
    faults = [_fault("odd_value", FIGURES, field="clicks", value="many")]
    options = {"history_from": DAYS[0].isoformat()}
    return Play(make_cabinet(stats), expected_of(rest), options, faults=faults, rejected=1)


def _moved_page() -> Play:
    play = _many(260)
    moved = Fault("moved_page", SOURCE, "v3/statistics", 1, 1)
    return Play(
        play.world,
        play.expected,
        knobs=play.knobs,
        faults=[moved, _fault("moved_page", "banners.json")],
    )


def _rotated() -> Play:
    stats = plain_stats()

    def happen(stage: Stage) -> None:
        _wait_a_day(stage)
        stage.clock.advance(3_600)

    knobs = {"vk_ads.rotates_refresh_token": True}
    return _final(stats, knobs=knobs, later=happen, expected_later=expected_of(stats))


def _skewed() -> Play:
    today = date(2026, 11, 20)
    stats = [cell(DAYS[-1], 10111, 9, 1, "1.00"), cell(today, 10111, 8, 1, "1.00")]
    return Play(
        make_cabinet(stats),
        expected_of(stats[:1]),
        now=datetime(2026, 11, 20, 20, 57, tzinfo=UTC),
        later=lambda stage: stage.clock.advance(420),
        expected_later=expected_of(stats),
    )


def _wait_a_day(stage: Stage) -> None:
    stage.clock.advance(timedelta(days=1).total_seconds())


_PLAYS: Mapping[str, str | Callable[[], Play]] = {
    situations.PLAIN: lambda: _final(plain_stats()),
    situations.MANY_PAGES: lambda: _many(270),
    situations.FULL_LAST_PAGE: lambda: _many(250),
    situations.EMPTY_DAY: lambda: _final(
        [row for row in plain_stats() if row["stats_date"] != DAYS[3]]
    ),
    situations.NOTHING_AT_ALL: lambda: _final([]),
    situations.UNICODE: _unicode,
    situations.HUGE_NUMBER: _huge,
    situations.ZONE_EDGE: _zone_edge,
    situations.DST: _dst,
    situations.CURRENCY: _currency,
    situations.VAT: _vat,
    situations.RESTATED: _restated,
    situations.LATE_ROW: _late_row,
    situations.DELETED: _deleted,
    situations.MERGED: "ad plans, groups and banners cannot be merged",
    situations.UNKNOWN_FIELD: lambda: _final(
        plain_stats(),
        faults=[_fault("renamed_field", FIGURES, **{"from": "cpm", "to": "cpm_viewable"})],
        finding="unknown field base.cpm_viewable",
    ),
    situations.UNKNOWN_VALUE: _unknown_value,
    situations.MISSING_FIELD: lambda: _final(
        plain_stats(),
        faults=[_fault("renamed_field", FIGURES, **{"from": "spent", "to": "spend"})],
        error=RequestRefused,
        error_says="base.spent",
    ),
    situations.WRONG_TYPE: _wrong_type,
    situations.DUPLICATE_PAGE: _moved_page,
    situations.ERROR_IN_200: "errors have their own statuses here",
    situations.QUOTA: lambda: _final(plain_stats(), faults=[_fault("too_many", "", 3)]),
    situations.EXPIRED_TOKEN: lambda: _final(
        plain_stats(), faults=[_fault("expired_token", "statistics")]
    ),
    situations.ROTATED_TOKEN: _rotated,
    situations.ZERO_ROWS: lambda: _final(
        plain_stats(),
        faults=[_fault("zero_rows", FIGURES)],
        error=IncompleteAnswer,
        error_says="ask again",
    ),
    situations.CLOCK_SKEW: _skewed,
}

CASE = VkCase()
