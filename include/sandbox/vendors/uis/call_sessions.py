"""Call sessions of the account, which communication each is of, and their recordings."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.uis.account import number_of, read_table
from include.sandbox.vendors.uis.periods import instants_of, is_known
from include.sandbox.vendors.uis.query import Query
from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

Row = dict[str, Any]
CALL_OFFSET = 5_000_000_000
"""What is added to a call's number to make that of its communication."""
CALL_BACK_WITHIN = timedelta(days=1)
_SESSIONS: WorldMemo[list[Row]] = WorldMemo()
_ANSWERED: WorldMemo[dict[int, Row]] = WorldMemo()
_CALLED_BACK: WorldMemo[dict[int, datetime]] = WorldMemo()
MOMENT = timedelta(microseconds=1)


def list_sessions(world: World, query: Query, now: datetime) -> list[Row]:
    """Calls begun in a period and known by now, earliest first."""
    if query.date_from is None or query.date_till is None:
        return []
    calls, (first, last) = _sorted_calls(world), instants_of(query)
    begin = bisect_left(calls, first, key=_begun)
    end = bisect_left(calls, min(last, now + MOMENT), key=_begun)
    return [call for call in calls[begin:end] if is_known(call, now)]


def _begun(call: Row) -> datetime:
    started: datetime = call["started_at"]
    return started


def _sorted_calls(world: World) -> list[Row]:
    def read() -> list[Row]:
        found = read_table(world, "call", "tracker", "uis")
        return sorted(found, key=lambda each: (each["started_at"], each["call_id"]))

    return _SESSIONS.get(world, "sessions", read)


def finish_of(call: Row) -> datetime:
    """When a session ends."""
    seconds = (call["wait_seconds"] or 0) + (call["talk_seconds"] or 0)
    return call["started_at"] + timedelta(seconds=seconds)


def answered_lost_calls(world: World) -> Mapping[int, Row]:
    """Calls back, by number → the lost call of that phone each of them answers."""

    def read() -> dict[int, Row]:
        lost: dict[str, Row] = {}
        found: dict[int, Row] = {}
        for call in _sorted_calls(world):
            phone = call["caller_phone"]
            if call["direction"] != "out":
                lost.pop(phone, None)
                if call["status"] != "answered":
                    lost[phone] = call
            elif phone in lost and call["started_at"] - finish_of(lost[phone]) <= CALL_BACK_WITHIN:
                found[call["call_id"]] = lost[phone]
        return found

    return _ANSWERED.get(world, "calls back", read)


def seconds_until_call_back(world: World, lost: Row, now: datetime) -> int | None:
    """How long a lost call waited for its first call back; None where none was made by now."""

    def read() -> dict[int, datetime]:
        lost_of = answered_lost_calls(world)
        found: dict[int, datetime] = {}
        for call in _sorted_calls(world):
            if call["call_id"] in lost_of:
                found.setdefault(lost_of[call["call_id"]]["call_id"], call["started_at"])
        return found

    back = _CALLED_BACK.get(world, "called back", read).get(lost["call_id"])
    return None if back is None or back > now else int((back - finish_of(lost)).total_seconds())


def communication_of(world: World, call: Row) -> int:
    """The number of the communication a session is of."""
    return CALL_OFFSET + answered_lost_calls(world).get(call["call_id"], call)["call_id"]


def records_of(call: Row) -> list[str]:
    """Ids of the recordings of a session."""
    return [f"{number_of('record' + str(call['call_id'])):012x}"] if call["talk_seconds"] else []


def has_record(world: World, communication: str, record: str, now: datetime) -> bool:
    """Whether a recording of that name exists by now."""
    return any(
        record in records_of(call) and str(communication_of(world, call)) == communication
        for call in _sorted_calls(world)
        if finish_of(call) <= now
    )
