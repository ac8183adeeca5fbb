"""Yandex Metrica in the shared suite: visits of hand-written companies."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from include.connectors.protocol import AccessDenied, IncompleteAnswer, RequestRefused
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.vendor import Stage
from include.sandbox.vendors.yandex_metrica.identifiers import to_world_visit_id
from include.sandbox.world.world import World
from tests.connectors.contract import situations
from tests.connectors.contract.source_case import Play, Row
from tests.sandbox.metrica_company import COUNTER, SECOND_COUNTER, make_company, morning
from tests.sandbox.metrica_company import make_visit as visit_of_one_browser

MOSCOW, NEW_YORK = ZoneInfo("Europe/Moscow"), ZoneInfo("America/New_York")
AMERICAN_COUNTER = 44147955
NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
Visit = dict[str, Any]

REASONS = {
    situations.VAT: "Metrica keeps revenue as the site told it and knows no VAT",
    situations.UNKNOWN_FIELD: "a log has the fields asked for and no others",
    situations.MERGED: "visits are never merged",
    situations.DUPLICATE_PAGE: "the parts of a log are fixed when it is made",
    situations.ERROR_IN_200: "a 2xx of Metrica never carries errors",
    situations.ROTATED_TOKEN: "OAuth tokens of Metrica are long-lived and not exchanged",
}


def make_visit(visit_id: int, started_at: datetime, **changes: Any) -> Visit:
    """A visit of a browser of its own, so that its own source is its last significant one."""
    client = 1_700_000_000_000_000_000 + visit_id
    return visit_of_one_browser(visit_id, started_at, metrica_client_id=client) | changes


def rows_of(*visits: Visit, zone: ZoneInfo = MOSCOW) -> list[Row]:
    """What must arrive of these visits, from the world alone."""
    return [
        (
            visit["visit_id"],
            visit["started_at"].astimezone(zone).date(),
            visit["started_at"].replace(microsecond=0),
            visit["metrica_client_id"],
            visit["page_views"],
            visit["duration_seconds"],
            visit["traffic_source"],
            visit.get("utm_campaign") or "",
            tuple(visit["goal_ids"]),
            (),
        )
        for visit in visits
    ]


AD = {"traffic_source": "ad", "ad_vendor": "yandex_direct", "utm_campaign": "steel"}
FIRST = make_visit(1, morning(17), **AD, goal_ids=[3, 3])
SECOND = make_visit(2, morning(18))
THIRD = make_visit(3, morning(18, 9), traffic_source="organic", page_views=1)
FOURTH = make_visit(4, morning(19), is_bounce=True)
OLD = make_visit(9, morning(8))


def change_world(*visits: Visit, **tables: Any) -> Callable[[Stage], None]:
    """Put another company on the stage, an hour later."""

    def change(stage: Stage) -> None:
        stage.world = make_company(*visits, **tables)
        stage.clock.advance(3_600)

    return change


def let_pass(**span: float) -> Callable[[Stage], None]:
    """Let vendor time pass."""

    def change(stage: Stage) -> None:
        stage.clock.advance(timedelta(**span).total_seconds())

    return change


def _fault(kind: str, path: str = "", count: int = 1, **values: Any) -> Fault:
    return Fault(kind, "yandex_metrica", path, count, 0, values)


class MetricaCase:
    """See :class:`tests.connectors.contract.source_case.SourceCase`."""

    source = "yandex_metrica"
    account = str(COUNTER)
    credentials: Mapping[str, str] = {"token": "demo-token"}
    options: Mapping[str, Any] = {"history_from": "2026-11-16"}
    now = NOON
    resource = "visit"
    page_path = "/download"
    secrets = ("demo-token",)

    def play(self, situation: str) -> Play | str:
        """One of the plays below, or why there is none."""
        if situation in REASONS:
            return REASONS[situation]
        return PLAYS[situation]

    def landed(self, live: pa.Table) -> Sequence[Row]:
        """The columns of :func:`rows_of`."""
        return [
            (
                to_world_visit_id(row["visit_id"]),
                row["visit_date"],
                row["started_at"].astimezone(UTC),
                row["client_id"],
                row["page_views"],
                row["duration_seconds"],
                row["traffic_source"],
                row["utm_campaign"],
                tuple(row["goal_ids"]),
                tuple(
                    zip(
                        row["purchase_ids"],
                        row["purchase_revenues"],
                        row["purchase_currency_codes"],
                        strict=True,
                    )
                ),
            )
            for row in live.to_pylist()
        ]

    def other_account(
        self,
    ) -> tuple[str, Mapping[str, str], World, Sequence[Row], Sequence[Row]] | str:
        """The counter of the second site, whose day begins two hours earlier."""
        ural = make_visit(7, morning(18, 20), site="ru_second")
        return (
            str(SECOND_COUNTER),
            self.credentials,
            make_company(FIRST, ural),
            rows_of(FIRST),
            rows_of(ural, zone=ZoneInfo("Asia/Yekaterinburg")),
        )


def _plain(*visits: Visit, **changes: Any) -> Play:
    return Play(make_company(*visits), rows_of(*visits), **changes)


def _unicode() -> Play:
    names = ["Трубы 🎉 'скидка'", 'Лист "гост" \\ 5', "Две\tполовины", 'Кавычки\t"и таб"', "\x01"]
    visits = [
        make_visit(number, morning(18, number), **AD | {"utm_campaign": name})
        for number, name in enumerate(names, 1)
    ]
    broken = make_visit(8, morning(19), **AD | {"utm_campaign": "строка\nстрока"})
    whole = [visit for visit in visits if visit["utm_campaign"] != "Две\tполовины"]
    return Play(make_company(*visits, broken), rows_of(*whole), rejected=2)


def _in_dollars() -> Play:
    client = SECOND["metrica_client_id"]
    basket = {"request_id": 41, "form_name": "Basket", "visit_id": 2, "submitted_at": morning(18)}
    deal = {"crm": "bitrix24", "deal_id": 9, "metrica_client_id": client, "currency_code": "USD"}
    line = {"crm": "bitrix24", "deal_id": 9, "product_id": 5, "quantity": 3, "vat_percent": 0}
    world = make_company(
        SECOND,
        form_request=[basket],
        crm_deal=[deal | {"created_at": morning(18, 7)}],
        crm_product_row=[line | {"price_micros": 12_345_678}],
        product=[{"product_id": 5, "sku": "T-12", "name": 'Pipe 1/2"'}],
    )
    (row,) = rows_of(SECOND)
    return Play(world, [(*row[:-1], (("41", 37_037_034, "USD"),))])


def _clocks_changed() -> Play:
    # half past one in New York happens twice on the first of November
    visits = [
        make_visit(number, datetime(2026, 11, 1, hour, 30, tzinfo=UTC), site="com")
        for number, hour in enumerate((3, 4, 5, 6), 1)
    ]
    options = {"counter": str(AMERICAN_COUNTER), "history_from": "2026-10-30"}
    now = datetime(2026, 11, 4, 15, tzinfo=UTC)
    return Play(make_company(*visits), rows_of(*visits, zone=NEW_YORK), options, now=now)


PLAIN = _plain(FIRST, SECOND, THIRD, FOURTH)
SINCE_THE_FIRST = {"history_from": "2026-11-01"}
LATE = make_visit(5, morning(12), known_at=morning(20, 9) + timedelta(minutes=30))
REACHED = OLD | {"goal_ids": [310_000_001]}
PLAYS = {
    situations.PLAIN: PLAIN,
    situations.MANY_PAGES: _plain(FIRST, SECOND, THIRD, knobs={"yandex_metrica.rows_per_part": 2}),
    situations.FULL_LAST_PAGE: _plain(
        FIRST, SECOND, THIRD, FOURTH, knobs={"yandex_metrica.rows_per_part": 2}
    ),
    situations.EMPTY_DAY: _plain(FIRST, FOURTH),
    situations.NOTHING_AT_ALL: _plain(),
    situations.UNICODE: _unicode(),
    situations.HUGE_NUMBER: _plain(
        make_visit(2**40, morning(18), metrica_client_id=2**64 - 3, duration_seconds=2**31 - 1)
        | {"goal_ids": [2**32 - 1]}
    ),
    situations.ZONE_EDGE: _plain(
        make_visit(1, datetime(2026, 11, 17, 20, 59, 59, tzinfo=UTC)),
        make_visit(2, datetime(2026, 11, 17, 21, tzinfo=UTC)),
    ),
    situations.DST: _clocks_changed(),
    situations.CURRENCY: _in_dollars(),
    situations.RESTATED: Play(
        make_company(OLD, FIRST),
        rows_of(OLD, FIRST),
        SINCE_THE_FIRST,
        later=change_world(REACHED, FIRST),
        expected_later=rows_of(REACHED, FIRST),
    ),
    situations.LATE_ROW: Play(
        make_company(OLD, LATE),
        rows_of(OLD),
        SINCE_THE_FIRST,
        later=let_pass(hours=1),
        expected_later=rows_of(OLD, LATE),
    ),
    situations.DELETED: Play(
        make_company(OLD, make_visit(10, morning(8, 9)), FIRST),
        rows_of(OLD, make_visit(10, morning(8, 9)), FIRST),
        SINCE_THE_FIRST,
        later=change_world(OLD, FIRST),
        expected_later=rows_of(OLD, FIRST),
    ),
    situations.UNKNOWN_VALUE: _plain(
        FIRST, make_visit(2, morning(18), traffic_source="telepathy"), finding="telepathy"
    ),
    situations.MISSING_FIELD: _plain(
        FIRST,
        faults=[_fault("renamed_field", **{"from": "ym:s:bounce", "to": "ym:s:isBounce"})],
        error=RequestRefused,
        error_says="ym:s:isBounce",
    ),
    situations.WRONG_TYPE: Play(
        make_company(FIRST, SECOND, THIRD),
        rows_of(SECOND, THIRD),
        faults=[_fault("broken_row", row=0)],
        rejected=1,
    ),
    situations.QUOTA: _plain(
        FIRST,
        SECOND,
        faults=[_fault("error", "logrequest", 3, error_type="quota_requests_by_ip")],
    ),
    situations.EXPIRED_TOKEN: _plain(
        FIRST, faults=[_fault("expired_token")], error=AccessDenied, error_says="issue a new one"
    ),
    situations.ZERO_ROWS: _plain(
        FIRST,
        SECOND,
        faults=[_fault("zero_rows", "logrequest", 9)],
        error=IncompleteAnswer,
        error_says="holds 0 rows, the report",
    ),
    situations.CLOCK_SKEW: Play(
        make_company(FIRST, FOURTH),
        rows_of(FIRST),
        # five minutes after midnight in Moscow the vendor may still be at yesterday
        now=datetime(2026, 11, 19, 21, 5, tzinfo=UTC),
        later=let_pass(minutes=10),
        expected_later=rows_of(FIRST, FOURTH),
    ),
}
CASE = MetricaCase()
