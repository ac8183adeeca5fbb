"""Facts of call trackers: every call with its number, direction, answer and seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.world_facts.fact_set import SECOND, Fact, FactSet, Span, spell_second
from include.sandbox.world.world import World

Row = Mapping[str, Any]


def _calls(tracker: str, describe: Callable[[Row], Fact], columns: str) -> FactSet:
    """Start and caller of every call, and what else the tracker tells of it."""

    def tell(world: World, _: Span) -> list[Fact]:
        return [
            (spell_second(row["started_at"]), row["caller_phone"].lstrip("+"), *describe(row))
            for row in world.table("call").to_pylist()
            if row["tracker"] == tracker
        ]

    phone = {"uis": "contact_phone", "callrail": "customer_phone"}.get(tracker, "caller_phone")
    sql = (
        f"select formatDateTime(started_at, {SECOND}), trim(leading '+' from {phone}), {columns}"
        f" from raw.raw_{tracker}__call_live where account_id = {{account:String}}"
    )
    return FactSet("calls", tell, sql)


def _is_answered(row: Row) -> int:
    return int(row["status"] == "answered")


def _seconds_of_callrail(row: Row) -> int:
    """Its one duration is the talk, or how long nobody answered."""
    return row["talk_seconds"] if _is_answered(row) else row["wait_seconds"]


CONTACTS: Mapping[str, tuple[FactSet, ...]] = {
    "calltouch": (
        _calls(
            "calltouch",
            lambda row: (_is_answered(row), row["wait_seconds"], row["talk_seconds"]),
            "toInt64(is_answered), toInt64(wait_seconds), toInt64(talk_seconds)",
        ),
    ),
    "uis": (
        _calls(
            "uis",
            lambda row: (
                row["direction"],
                _is_answered(row),
                row["wait_seconds"],
                row["talk_seconds"],
            ),
            "toString(direction), toInt64(not is_lost), toInt64(total_wait_seconds),"
            " toInt64(talk_seconds)",
        ),
    ),
    "callrail": (
        _calls(
            "callrail",
            lambda row: (f"{row['direction']}bound", _is_answered(row), _seconds_of_callrail(row)),
            "toString(direction), toInt64(is_answered), toInt64(duration_seconds)",
        ),
    ),
}
