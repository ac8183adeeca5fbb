"""Every call and request of a generated company arrives as the company's own books have it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from include.connectors.protocol import Interval, Slice
from tests.connectors.calltouch.calltouch_bench import Bench, findings_of, rows_of
from tests.sandbox.world.small_world import small_world

MOSCOW = ZoneInfo("Europe/Moscow")


@pytest.fixture
def bench(vendor_server):
    stage = vendor_server.stage
    stage.faults.clear()
    stage.knobs.clear()
    vendor_server.vendors["calltouch"].reset()
    stage.world = small_world()[0]
    stage.clock.set(now=datetime(2027, 6, 1, tzinfo=UTC), factor=1000.0, frozen=True)
    return Bench(vendor_server)


def _mine(table: str) -> list[dict]:
    rows = small_world()[0].table(table).to_pylist()
    return [row for row in rows if row["tracker"] == "calltouch"]


def _read(bench: Bench, resource: str, instants: list[datetime]) -> list[dict]:
    """In months, as a plan asks."""
    day, last = (f(instants).astimezone(MOSCOW).date() for f in (min, max))
    connector, rows = bench.connect(), []
    while day <= last:
        end = min(day + timedelta(days=31), last + timedelta(days=1))
        piece = Slice(resource, "k", interval=Interval(day, end))
        batches = list(connector.fetch(connector.start(piece).token))
        assert not any(batch.rejected for batch in batches)
        assert findings_of(batches) == []
        rows += rows_of(batches)
        day = end
    return rows


def _digits(phone: str) -> str:
    found = "".join(filter(str.isdigit, phone or ""))
    return "7" + found[1:] if len(found) == 11 and found[0] == "8" else found


def test_calls_equal_the_companys(bench):
    calls = _mine("call")
    read = _read(bench, "call", [call["started_at"] for call in calls])
    told = {
        row["call_id"]: (
            row["started_at"].astimezone(UTC).replace(microsecond=0),
            row["call_date"],
            row["caller_phone"],
            row["talk_seconds"],
            row["is_answered"],
            row["is_target"],
            tuple(row["tags"]),
        )
        for row in read
    }
    assert len(told) == len(read) > 50
    assert told == {
        call["call_id"]: (
            call["started_at"].replace(microsecond=0),
            call["started_at"].astimezone(MOSCOW).date(),
            _digits(call["caller_phone"]),
            call["talk_seconds"],
            call["status"] == "answered",
            bool(call["is_target"]),
            tuple(call["tags"]),
        )
        for call in calls
    }


def test_requests_equal_the_companys(bench):
    forms = _mine("form_request")
    read = _read(bench, "request", [form["submitted_at"] for form in forms])
    told = {
        row["request_id"]: (row["request_date"], row["person_name"], row["phones"], row["emails"])
        for row in read
    }
    assert len(told) == len(read) > 5
    assert told == {
        form["request_id"]: (
            form["submitted_at"].astimezone(MOSCOW).date(),
            form["name"] or None,
            [form["phone"]] if form["phone"] else [],
            [form["email"]] if "@" in (form["email"] or "") else [],
        )
        for form in forms
    }


def test_metrica_clients_of_calls_are_those_of_their_visits(bench):
    calls = _mine("call")
    visits = {row["visit_id"]: row for row in small_world()[0].table("visit").to_pylist()}
    known = {
        call["call_id"]: str(visits[call["visit_id"]]["metrica_client_id"])
        for call in calls
        if call["visit_id"] in visits
        and visits[call["visit_id"]]["call_visitor_id"]
        and visits[call["visit_id"]]["metrica_client_id"]
    }
    read = _read(bench, "call", [call["started_at"] for call in calls])
    told = {row["call_id"]: row["metrica_client_id"] for row in read if row["metrica_client_id"]}
    assert known
    assert told == known
    assert min(row["call_date"] for row in read) > date(2020, 1, 1)
