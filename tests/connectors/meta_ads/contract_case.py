"""Meta Ads in the shared suite."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
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
from tests.connectors.meta_ads.meta_world import (
    ACCOUNT,
    DAYS,
    NOW,
    OLD_DAY,
    SOURCE,
    cell,
    make_world,
    plain_stats,
)


def expected_of(stats: Sequence[Mapping[str, Any]], currency: str = "USD") -> list[Row]:
    """Day, ad, impressions, clicks, cost in micros, currency and VAT basis."""
    return _sum_up(
        (row["stats_date"], row["ad_id"], currency, False, row[IMPRESSIONS], row[CLICKS], row[COST])
        for row in stats
    )


QUICK = {"meta_ads.build_seconds": 4, "meta_ads.linger_seconds": 0}
"""Reports that are ready at the first look; others walk through all their states."""
LONG = {"history_from": "2026-01-15"}
IMPRESSIONS, CLICKS, COST = "impressions", "clicks", "cost_micros"


def _sum_up(rows: Any) -> list[Row]:
    sums: dict[Row, list[int]] = defaultdict(lambda: [0, 0, 0])
    for day, ad, currency, vat, *figures in rows:
        total = sums[day, ad, currency, vat]
        for place, figure in enumerate(figures):
            total[place] += figure
    return [(*key, *total) for key, total in sums.items()]


def _final(stats: Sequence[Mapping[str, Any]], **changes: Any) -> Play:
    return Play(make_world(stats), expected_of(stats), **{"knobs": QUICK, **changes})


def _fault(kind: str, count: int = 500, path: str = "insights", **values: Any) -> Fault:
    return Fault(kind, SOURCE, path, count, 0, values)


class MetaCase:
    """One ad account whose figures are final from the first day, unless the situation says so."""

    source = SOURCE
    account = ACCOUNT
    credentials: Mapping[str, str] = {"token": "demo-token"}
    options: Mapping[str, Any] = {"history_from": "2026-03-02"}
    now = NOW
    resource = "ad_performance_daily"
    page_path = "insights"
    secrets = ("demo-token",)

    def play(self, situation: str) -> Play | str:
        """See the suite's protocol."""
        make = _PLAYS[situation]
        return make if isinstance(make, str) else make()

    def landed(self, live: pa.Table) -> Sequence[Row]:
        """One row per day and ad, placements added up."""
        names = ("stats_date", "ad_id", "currency_code", "is_vat_included")
        rows = live.select([*names, IMPRESSIONS, CLICKS, COST]).to_pylist()
        return _sum_up(tuple(row.values()) for row in rows)

    def other_account(
        self,
    ) -> tuple[str, Mapping[str, str], World, Sequence[Row], Sequence[Row]] | str:
        """A second account of the same business."""
        own = plain_stats()
        of = {"account_id": "act_88", "campaign_id": 12, "ad_group_id": 120, "ad_id": 1201}
        other = [cell(day, 3, 7_000_000, **of) for day in DAYS]
        world = make_world([*own, *other], accounts=(ACCOUNT, "act_88"))
        return "act_88", self.credentials, world, expected_of(own), expected_of(other)


def _plain() -> Play:
    return _final(plain_stats())


def _many_pages() -> Play:
    return _final(plain_stats(), options={"page_rows": 10}, knobs={})


def _full_last_page() -> Play:
    # seven places and two kinds of phones
    stats = [cell(day, 1_000, 140_000_000) for day in DAYS]
    return _final(stats, options={"page_rows": 14})


def _empty_day() -> Play:
    return _final([row for row in plain_stats() if row["stats_date"] != DAYS[4]])


def _unicode() -> Play:
    stats = plain_stats()
    name = 'Bolts 🔩 "M8"\t«сталь»\nline \x01'
    return Play(make_world(stats, name=name), expected_of(stats))


def _huge() -> Play:
    return _final([cell(DAYS[0], 2**33, 2**53 // 10_000 * 10_000)])


def _zone_edge() -> Play:
    """A minute before midnight of New York, in the morning of the next day by UTC."""
    stats = [row for row in plain_stats() if row["stats_date"] < DAYS[-1]]
    now = NOW.replace(hour=3, minute=59)
    return Play(make_world(plain_stats()), expected_of(stats), knobs=QUICK, now=now)


def _currency() -> Play:
    stats = plain_stats()
    return Play(make_world(stats, currency="EUR"), expected_of(stats, "EUR"))


def _vat() -> Play:
    stats = plain_stats()
    rows = [(*row[:3], True, *row[4:]) for row in expected_of(stats)]
    return Play(make_world(stats), rows, options={"is_vat_included": True})


def _restated() -> Play:
    stats = [*plain_stats(), cell(OLD_DAY, 100, 500_000_000)]
    correction = {
        "vendor": SOURCE,
        "campaign_id": 11,
        "stats_date": OLD_DAY,
        "corrected_at": NOW + timedelta(hours=12),
        "metric": "cost",
        "factor": 0.5,
    }
    before = [*plain_stats(), cell(OLD_DAY, 100, 250_000_000)]
    return Play(
        make_world(stats, ad_correction=[correction]),
        expected_of(before),
        options=LONG,
        knobs=QUICK,
        later=_wait_a_day,
        expected_later=expected_of(stats),
    )


def _late_row() -> Play:
    before = plain_stats()
    late = cell(OLD_DAY, 5, 9_000_000, ad_id=1102)

    def happen(stage: Stage) -> None:
        stage.world = make_world([*before, late])
        _wait_a_day(stage)

    return _final(before, options=LONG, later=happen, expected_later=expected_of([*before, late]))


def _deleted() -> Play:
    stats = plain_stats()

    def happen(stage: Stage) -> None:
        stage.world = make_world(stats, statuses={11: "deleted"})
        _wait_a_day(stage)

    return _final(stats, later=happen, expected_later=expected_of(stats))


def _unknown_field() -> Play:
    fault = _fault("renamed_field", **{"from": "ad_name", "to": "ad_title"})
    return _final(plain_stats(), faults=[fault], finding="ad_title")


def _unknown_value() -> Play:
    odd = _fault("odd_value", path="/insights", field="publisher_platform", value="megaverse")
    return _final(plain_stats(), faults=[odd], finding="publisher_platform megaverse")


def _wrong_type() -> Play:
    # a lone show with its click falls to one placement: it is the first row of the report
    lone = cell(DAYS[0], 1, 10_000, impressions=1, device="desktop")
    stats = [lone, *(cell(day, 20, 5_000_000) for day in DAYS[1:])]
    odd = Fault("odd_value", SOURCE, "6001/insights", 1, 0, {"field": "clicks", "value": "many"})
    return Play(make_world(stats), expected_of(stats[1:]), faults=[odd], rejected=1)


def _zero_rows() -> Play:
    # the account's own totals come first, then the rows of the run
    fault = Fault("zero_rows", SOURCE, "insights", 1, 1)
    return _final(plain_stats(), faults=[fault], error=IncompleteAnswer)


def _wait_a_day(stage: Stage) -> None:
    stage.clock.advance(timedelta(days=1).total_seconds())


def _refusal(error: type[ConnectorError], *faults: Fault) -> Callable[[], Play]:
    return lambda: _final(plain_stats(), faults=faults, error=error)


_PLAYS: Mapping[str, str | Callable[[], Play]] = {
    situations.PLAIN: _plain,
    situations.MANY_PAGES: _many_pages,
    situations.FULL_LAST_PAGE: _full_last_page,
    situations.EMPTY_DAY: _empty_day,
    situations.NOTHING_AT_ALL: lambda: _final([]),
    situations.UNICODE: _unicode,
    situations.HUGE_NUMBER: _huge,
    situations.ZONE_EDGE: _zone_edge,
    situations.DST: _plain,
    situations.CURRENCY: _currency,
    situations.VAT: _vat,
    situations.RESTATED: _restated,
    situations.LATE_ROW: _late_row,
    situations.DELETED: _deleted,
    situations.MERGED: "campaigns and ads cannot be merged",
    situations.UNKNOWN_FIELD: _unknown_field,
    situations.UNKNOWN_VALUE: _unknown_value,
    situations.MISSING_FIELD: _refusal(
        RequestRefused, _fault("renamed_field", **{"from": "ad_id", "to": "advert_id"})
    ),
    situations.WRONG_TYPE: _wrong_type,
    situations.DUPLICATE_PAGE: "a finished report does not move while it is paged",
    situations.ERROR_IN_200: "errors of the Graph API have their own statuses",
    situations.QUOTA: lambda: _final(
        plain_stats(), faults=[_fault("error", 2, code=17, subcode=2446079)]
    ),
    situations.EXPIRED_TOKEN: _refusal(AccessDenied, _fault("expired_token", path="")),
    situations.ROTATED_TOKEN: "a system user's token never expires, and Meta has no refresh tokens",
    situations.ZERO_ROWS: _zero_rows,
    situations.CLOCK_SKEW: _plain,
}

CASE = MetaCase()
