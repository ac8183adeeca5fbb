"""How the situations of the shared suite look at Calltouch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from include.connectors.protocol import (
    AccessDenied,
    IncompleteAnswer,
    RequestRefused,
    TemporaryFailure,
)
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.connectors.contract import situations
from tests.connectors.contract.source_case import Play, Row
from tests.sandbox.calltouch_company import NOON, SITE, at, make_call, make_form, make_office

MOSCOW = ZoneInfo("Europe/Moscow")
NEXT_DAY = NOON + timedelta(days=1)
CALLS = (
    make_call(1, at(16, 6)),
    make_call(2, at(16, 7), visit_id=0, status="missed", talk_seconds=0, is_first=False),
    make_call(3, at(17, 8), caller_phone="+79160000003", is_target=False),
    make_call(4, at(18, 9), caller_phone="+79160000004", tags=[]),
    make_call(5, at(19, 20, 59)),
)
REASONS = {
    situations.DST: "the zones of Russian cabinets have had no change of clocks since 2014",
    situations.CURRENCY: "calls carry no money",
    situations.VAT: "calls carry no money",
    situations.UNKNOWN_VALUE: "the vendor publishes no closed list of values for any field",
    situations.MERGED: "the vendor never merges calls",
    situations.ROTATED_TOKEN: "the token of a cabinet is permanent",
}


def told(calls: Sequence[Mapping[str, Any]], now: datetime = NOON) -> list[Row]:
    """What Calltouch must have told of the world's calls by an instant."""
    rows: list[Row] = []
    for call in calls:
        if call["known_at"] > now or call["started_at"] > now:
            continue
        is_changed = call["changed_at"] <= now
        rows.append(
            (
                call["call_id"],
                call["started_at"].astimezone(MOSCOW).date(),
                call["started_at"],
                call["caller_phone"].lstrip("+"),
                call["talk_seconds"],
                call["is_target"] and is_changed,
                tuple(call["tags"]) if is_changed else (),
            )
        )
    return rows


def _plain(calls: Sequence[Mapping[str, Any]] = CALLS, **changes: Any) -> Play:
    world = make_office(*calls, form_request=[make_form(9, at(18))])
    return replace(Play(world, told(calls)), **changes)


def _fault(kind: str, count: int = 1, **values: Any) -> tuple[Fault, ...]:
    return (Fault(kind, "calltouch", "calls-diary", count, 0, values),)


def _advance(days: int, *calls: Mapping[str, Any]) -> Callable[[Stage], None]:
    """Days pass, and the company's calls are these from then on."""

    def change(stage: Stage) -> None:
        stage.world = make_office(*calls)
        stage.clock.advance(days * 86_400)

    return change


def _changed(index: int, **columns: Any) -> list[Mapping[str, Any]]:
    return [call | columns if n == index else call for n, call in enumerate(CALLS)]


def _later(calls: Sequence[Mapping[str, Any]], days: int = 1) -> Play:
    now = NOON + timedelta(days=days)
    return _plain(calls, later=_advance(days, *calls), expected_later=told(calls, now))


def _plays() -> dict[str, Play]:
    odd = 'лид 🙂 "q"\t\n\x02 <b>'
    huge = make_call(9_007_199_254_740_993, at(17), talk_seconds=100_000)
    edge = [make_call(6, at(18, 20, 59)), make_call(7, at(18, 21))]
    return {
        situations.PLAIN: _plain(),
        situations.MANY_PAGES: _plain(options={"page_rows": 2}),
        situations.FULL_LAST_PAGE: _plain(CALLS[:4], options={"page_rows": 2}),
        situations.EMPTY_DAY: _plain(CALLS[::4]),
        situations.NOTHING_AT_ALL: _plain(()),
        situations.UNICODE: _plain([make_call(1, at(17), tags=[odd])]),
        situations.HUGE_NUMBER: _plain([huge]),
        situations.ZONE_EDGE: _plain(edge),
        situations.RESTATED: _later(_changed(0, changed_at=at(26)), days=10),
        situations.LATE_ROW: _later(_changed(1, known_at=at(27)), days=15),
        situations.CLOCK_SKEW: _later(_changed(4, known_at=NOON + timedelta(minutes=5))),
        situations.DELETED: _plain(
            later=_advance(1, *CALLS[1:]), expected_later=told(CALLS[1:], NEXT_DAY)
        ),
        situations.UNKNOWN_FIELD: _plain(
            faults=_fault("unknown_field", field="mood", value="glad"),
            finding="unknown field mood",
        ),
        situations.MISSING_FIELD: _plain(
            faults=_fault("renamed_field", 9, **{"from": "targetCall", "to": "goal"}),
            error=RequestRefused,
            error_says="targetCall",
        ),
        situations.WRONG_TYPE: replace(
            _plain(faults=_fault("bad_value", field="duration", value="long", row=1), rejected=1),
            expected=told([CALLS[0], *CALLS[2:]]),
        ),
        situations.DUPLICATE_PAGE: _plain(
            options={"page_rows": 2},
            faults=_fault("shifted_page", 9, rows=1),
            error=IncompleteAnswer,
            error_says="moved",
        ),
        situations.ERROR_IN_200: _plain(faults=_fault("html_page")),
        situations.QUOTA: _plain(
            knobs={"calltouch.daily_points": 0}, error=TemporaryFailure, error_says="points"
        ),
        situations.EXPIRED_TOKEN: _plain(
            faults=_fault("expired_token"), error=AccessDenied, error_says="connection"
        ),
        situations.ZERO_ROWS: _plain(faults=_fault("zero_rows")),
    }


class CalltouchCase:
    """One cabinet whose calls are compared."""

    source = "calltouch"
    account = str(SITE)
    credentials: Mapping[str, str] = {"token": "demo-token"}
    options: Mapping[str, Any] = {"history_from": "2026-11-16"}
    now = NOON
    resource = "call"
    page_path = "calls-diary"
    secrets = ("demo-token",)

    def play(self, situation: str) -> Play | str:
        """See the protocol."""
        return REASONS.get(situation) or _plays()[situation]

    def landed(self, live: pa.Table) -> Sequence[Row]:
        """Number, day, instant, phone, talk, mark and tags of every live call."""
        return [
            (
                row["call_id"],
                row["call_date"],
                row["started_at"].astimezone(UTC),
                row["caller_phone"],
                row["talk_seconds"],
                row["is_target"],
                tuple(row["tags"]),
            )
            for row in live.to_pylist()
        ]

    def other_account(
        self,
    ) -> tuple[str, Mapping[str, str], World, Sequence[Row], Sequence[Row]] | str:
        """See the protocol."""
        return "the company has one cabinet, and a token is of one cabinet"


CASE = CalltouchCase()
