"""CallRail in the shared suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from include.connectors.protocol import (
    AccessDenied,
    ConnectorError,
    RequestRefused,
)
from include.sandbox.vendors.callrail.ids import ACCOUNT_ID
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.connectors.contract import situations
from tests.connectors.contract.source_case import Play, Row
from tests.sandbox.callrail_company import NOW, make_call, make_visit

SOURCE = "callrail"
SHORT = {"history_from": "2026-03-03"}
"""So little history that one request holds it."""
ZONE = ZoneInfo("America/New_York")


def at(day: int, hour: int = 15, minute: int = 0) -> datetime:
    """An instant of March 2026 in UTC; the clocks of New York change on the 8th."""
    return datetime(2026, 3, day, hour, minute, tzinfo=UTC)


def plain_calls() -> list[dict[str, Any]]:
    """A call on each of seven days, and a missed one."""
    calls = [make_call(n, at(4 + n), talk_seconds=60 + n) for n in range(1, 8)]
    return [*calls, make_call(8, at(6, 18), status="missed", talk_seconds=0, wait_seconds=9)]


def expected_of(calls: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Day, instant, number, answered, seconds, good lead, tags."""
    return [
        (
            call["started_at"].astimezone(ZONE).date(),
            call["started_at"].timestamp(),
            call["caller_phone"],
            int(call["status"] == "answered"),
            call["talk_seconds"] if call["status"] == "answered" else call["wait_seconds"],
            int(call["is_target"]),
            tuple(call["tags"]),
        )
        for call in calls
    ]


_COMPARED = (
    "call_date", "started_at", "customer_phone", "is_answered", "duration_seconds",
    "is_good_lead", "tags",
)  # fmt: skip


def _final(calls: Sequence[Mapping[str, Any]], **changes: Any) -> Play:
    return Play(World.of(call=calls), expected_of(calls), **changes)


def _fault(kind: str, count: int = 500, path: str = "calls.json", **values: Any) -> Fault:
    return Fault(kind, SOURCE, path, count, 0, values)


class CallRailCase:
    """One account whose calls are judged at once, unless the situation says otherwise."""

    source = SOURCE
    account = ACCOUNT_ID
    credentials: Mapping[str, str] = {"token": "demo-token"}
    options: Mapping[str, Any] = {"history_from": "2026-02-05"}
    now = NOW
    resource = "call"
    page_path = "calls.json"
    secrets = ("demo-token",)

    def play(self, situation: str) -> Play | str:
        """See the suite's protocol."""
        make = _PLAYS[situation]
        return make if isinstance(make, str) else make()

    def landed(self, live: pa.Table) -> Sequence[Row]:
        """One row per call."""
        rows = live.select(list(_COMPARED)).to_pylist()
        return [tuple(_plain_value(name, value) for name, value in row.items()) for row in rows]

    def other_account(
        self,
    ) -> tuple[str, Mapping[str, str], World, Sequence[Row], Sequence[Row]] | str:
        """See the suite's protocol."""
        return "the world has one company that uses CallRail"


def _plain_value(name: str, value: Any) -> Any:
    if name == "tags":
        return tuple(value)
    return value.timestamp() if name == "started_at" else value


def _plain() -> Play:
    return _final(plain_calls())


def _many(page_rows: int) -> Callable[[], Play]:
    calls = [make_call(n, at(5 + n % 7, 12 + n % 9, n % 60)) for n in range(1, 25)]
    return lambda: _final(calls, options={"page_rows": page_rows})


def _unicode() -> Play:
    name = 'O\'Brien "Joe" 🔩\tЁж\nline'
    call = make_call(1, at(9), contact_name=name, tags=['A "hot" 🔩\n', "tab\t"], visit_id=7)
    world = World.of(call=[call], visit=[make_visit(7, at(9, 14)) | {"utm_term": name}])
    return Play(world, expected_of([call]))


def _edges() -> Play:
    """The last second of a winter day and of the first summer day, and the seconds after."""
    calls = [
        make_call(n, moment)
        for n, moment in enumerate(
            [
                at(8, 4, 59),
                at(8, 5),
                at(8, 6, 59),
                at(8, 7),
                at(9, 3, 59),
                at(9, 4),
            ],
            1,
        )
    ]
    return _final(calls)


def _restated() -> Play:
    old = make_call(9, at(1), is_target=True, tags=["Quote"], changed_at=NOW + timedelta(hours=12))
    before = {**old, "is_target": False, "tags": []}
    return Play(
        World.of(call=[*plain_calls(), old]),
        expected_of([*plain_calls(), before]),
        later=_wait_a_day,
        expected_later=expected_of([*plain_calls(), old]),
    )


def _late_row() -> Play:
    late = make_call(9, at(1), known_at=NOW + timedelta(hours=12))
    return Play(
        World.of(call=[*plain_calls(), late]),
        expected_of(plain_calls()),
        later=_wait_a_day,
        expected_later=expected_of([*plain_calls(), late]),
    )


def _deleted() -> Play:
    spam = make_call(9, at(1), tags=["spam"], changed_at=NOW + timedelta(hours=12))
    return Play(
        World.of(call=[*plain_calls(), spam]),
        expected_of([*plain_calls(), {**spam, "tags": []}]),
        knobs={"callrail.spam_vanishes": True},
        later=_wait_a_day,
        expected_later=expected_of(plain_calls()),
    )


def _duplicate_page() -> Play:
    """While a refused page is waited for, an earlier call appears and moves the rest along."""
    calls = [make_call(n, at(5, 12 + n)) for n in range(1, 8)]
    late = make_call(9, at(5, 12), known_at=NOW + timedelta(milliseconds=1))
    return Play(
        World.of(call=[*calls, late]),
        expected_of([*calls, late]),
        options={"page_rows": 3, **SHORT},
        faults=[Fault("error", SOURCE, "calls.json", 1, 1, {"status": 503})],
    )


def _wrong_type() -> Play:
    calls = plain_calls()
    odd = _fault("odd_value", 1, field="duration", value="long")
    return Play(World.of(call=calls), expected_of(calls[1:]), faults=[odd], rejected=1)


def _unknown_field() -> Play:
    fault = _fault("renamed_field", **{"from": "customer_city", "to": "customer_town"})
    return _final(plain_calls(), faults=[fault], finding="customer_town")


def _unknown_value() -> Play:
    fault = _fault("odd_value", 1, field="lead_status", value="maybe_a_lead")
    return _final(plain_calls(), faults=[fault], finding="lead_status maybe_a_lead")


def _wait_a_day(stage: Stage) -> None:
    stage.clock.advance(timedelta(days=1).total_seconds())


def _refusal(error: type[ConnectorError], *faults: Fault) -> Callable[[], Play]:
    return lambda: _final(plain_calls(), faults=faults, error=error)


_PLAYS: Mapping[str, str | Callable[[], Play]] = {
    situations.PLAIN: _plain,
    situations.MANY_PAGES: _many(7),
    situations.FULL_LAST_PAGE: _many(8),
    situations.EMPTY_DAY: _plain,
    situations.NOTHING_AT_ALL: lambda: _final([]),
    situations.UNICODE: _unicode,
    situations.HUGE_NUMBER: lambda: _final([make_call(2**40, at(9), talk_seconds=2**31 - 1)]),
    situations.ZONE_EDGE: _edges,
    situations.DST: _edges,
    situations.CURRENCY: "calls have no money but what people type as text",
    situations.VAT: "calls have no money but what people type as text",
    situations.RESTATED: _restated,
    situations.LATE_ROW: _late_row,
    situations.DELETED: _deleted,
    situations.MERGED: "calls cannot be merged",
    situations.UNKNOWN_FIELD: _unknown_field,
    situations.UNKNOWN_VALUE: _unknown_value,
    situations.MISSING_FIELD: _refusal(
        RequestRefused, _fault("renamed_field", **{"from": "duration", "to": "length"})
    ),
    situations.WRONG_TYPE: _wrong_type,
    situations.DUPLICATE_PAGE: _duplicate_page,
    situations.ERROR_IN_200: "errors have their own statuses",
    situations.QUOTA: lambda: _final(plain_calls(), faults=[_fault("error", 2, status=429)]),
    situations.EXPIRED_TOKEN: _refusal(AccessDenied, _fault("expired_token", path="")),
    situations.ROTATED_TOKEN: "an API key lives until a person revokes it",
    situations.ZERO_ROWS: lambda: _final(
        plain_calls(), faults=[_fault("zero_rows", 1)], options=SHORT
    ),
    situations.CLOCK_SKEW: _plain,
}

CASE = CallRailCase()
