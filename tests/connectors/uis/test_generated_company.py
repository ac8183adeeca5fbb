"""Every call, request and chat of a generated company arrives as its own books have it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from include.connectors.protocol import Interval, Slice
from tests.connectors.uis.uis_bench import Bench, rows_of
from tests.sandbox.world.small_world import small_world

URALS = ZoneInfo("Asia/Yekaterinburg")


@pytest.fixture
def bench(vendor_server):
    stage = vendor_server.stage
    stage.faults.clear()
    stage.knobs.clear()
    vendor_server.vendors["uis"].reset()
    stage.world = small_world()[0]
    stage.clock.set(now=datetime(2027, 6, 1, tzinfo=UTC), factor=1000.0, frozen=True)
    return Bench(vendor_server)


def _mine(table: str) -> list[dict]:
    rows = small_world()[0].table(table).to_pylist()
    return [row for row in rows if row["tracker"] == "uis"]


def _read(bench: Bench, resource: str, instants: list[datetime]) -> list[dict]:
    """In months, as a plan asks."""
    day, last = (f(instants).astimezone(URALS).date() for f in (min, max))
    connector, rows = bench.connect(), []
    while day <= last:
        end = min(day + timedelta(days=31), last + timedelta(days=1))
        piece = Slice(resource, "k", interval=Interval(day, end))
        batches = list(connector.fetch(connector.start(piece).token))
        assert not any(batch.rejected for batch in batches)
        assert not any(batch.findings for batch in batches)
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
            row["contact_phone"],
            row["talk_seconds"],
            row["is_lost"],
            row["direction"],
            tuple(row["tags"]),
        )
        for row in read
    }
    assert len(told) == len(read) > 20
    assert told == {
        call["call_id"]: (
            call["started_at"].replace(microsecond=0),
            call["started_at"].astimezone(URALS).date(),
            _digits(call["caller_phone"]),
            call["talk_seconds"],
            call["status"] != "answered",
            call["direction"],
            tuple(call["tags"]),
        )
        for call in calls
    }


def test_requests_and_chats_equal_the_companys(bench):
    forms, chats = _mine("form_request"), _mine("chat")
    read = _read(bench, "offline_message", [form["submitted_at"] for form in forms])
    told = {row["message_id"]: (row["message_date"], row["phone"], row["email"]) for row in read}
    assert len(told) == len(read) > 0
    assert told == {
        form["request_id"]: (
            form["submitted_at"].astimezone(URALS).date(),
            form["phone"] or None,
            form["email"] or None,
        )
        for form in forms
    }
    read = _read(bench, "chat", [chat["started_at"] for chat in chats])
    assert {row["chat_id"]: row["message_count"] for row in read} == {
        chat["chat_id"]: chat["message_count"] for chat in chats
    }
