"""The counters of the company's sites, their goals, and who may see them.

A world knows goals by their ids alone; the names and kinds are here. An id no one named is shown
as a JavaScript event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.datastructures import Headers

from include.sandbox.vendors.yandex_metrica.errors import ApiError
from include.sandbox.world.business_lines import LINES


@dataclass(frozen=True)
class Counter:
    """One counter; ``site`` is the world's name of what it counts."""

    counter_id: int
    site: str
    name: str
    domain: str
    zone_name: str

    @property
    def zone(self) -> ZoneInfo:
        """The time zone its days and times are in."""
        return ZoneInfo(self.zone_name)


COUNTER_IDS = {"ru_main": 44147844, "ru_second": 44147901, "com": 44147955}
COUNTERS = {
    COUNTER_IDS[line.site]: Counter(
        COUNTER_IDS[line.site], line.site, line.host, line.host, line.time_zone
    )
    for line in LINES
}


@dataclass(frozen=True)
class Grant:
    """What one OAuth token may do: its login, counters (None: all) and whether it may upload."""

    login: str
    counters: frozenset[int] | None = None
    may_write: bool = True


TOKENS = {
    "demo-token": Grant("demo-metrica"),
    "read-token": Grant("demo-reader", may_write=False),
    "guest-token": Grant("demo-guest", frozenset({44147844}), may_write=False),
}

KNOWN_GOALS = {
    310_000_001: ("Оставили заявку", "form"),
    310_000_002: ("Позвонили", "phone"),
    310_000_003: ("Написали в чат", "messenger"),
    310_000_004: ("Скачали прайс-лист", "file"),
    310_000_005: ("Открыли контакты", "url"),
}
"""What the goals of a generated world are called here."""


def authenticate(headers: Headers) -> Grant:
    """The grant of the token; 401 without one, 403 for one nobody issued."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() not in ("oauth", "bearer") or not token.strip():
        raise ApiError("unauthorized")
    grant = TOKENS.get(token.strip())
    if grant is None:
        raise ApiError("invalid_token")
    return grant


def find_counter(text: str, grant: Grant) -> Counter:
    """The counter of a path; 404 when there is none, 403 when the login cannot see it."""
    counter = COUNTERS.get(int(text)) if text.isdigit() else None
    if counter is None:
        raise ApiError("not_found", f"Entity not found, counter {text}", "counterId")
    if grant.counters is not None and counter.counter_id not in grant.counters:
        raise ApiError("access_denied")
    return counter


def describe_counter(counter: Counter, grant: Grant, robots: int, now: datetime) -> dict[str, Any]:
    """One counter as the management methods show it; ``robots`` is its filter setting."""
    offset = now.astimezone(counter.zone).utcoffset() or timedelta()
    return {
        "id": counter.counter_id,
        "status": "Active",
        "owner_login": TOKENS["demo-token"].login,
        "activity_status": "high",
        "name": counter.name,
        "type": "simple",
        "favorite": 0,
        "permission": "own" if grant.may_write else "view",
        "code_status": "CS_OK",
        "site": counter.domain,
        "site2": {"site": counter.domain},
        "mirrors2": [],
        "create_time": "2024-12-01T12:00:00+03:00",
        "time_zone_name": counter.zone_name,
        "time_zone_offset": int(offset.total_seconds() // 60),
        "filter_robots": robots,
        "gdpr_agreement_accepted": 0,
    }


def describe_goals(targets: Mapping[int, str]) -> list[dict[str, Any]]:
    """The goals the company named, and those only seen: number → its target, if that is known."""
    return [
        _describe_goal(goal_id, targets.get(goal_id, ""))
        for goal_id in sorted({*KNOWN_GOALS, *targets})
    ]


def _describe_goal(goal_id: int, target: str) -> dict[str, Any]:
    name, kind = KNOWN_GOALS.get(goal_id, (target or f"Событие {goal_id}", "action"))
    if kind == "url":
        conditions = [{"type": "contain", "url": "/contacts"}]
    elif kind == "action":
        conditions = [{"type": "exact", "url": target or f"goal_{goal_id}"}]
    else:
        conditions = []
    return {
        "id": goal_id,
        "name": name,
        "type": kind,
        "default_price": 0,
        "goal_source": "auto" if kind in ("phone", "email", "form", "messenger") else "user",
        "is_favorite": 0,
        "status": "Active",
        "conditions": conditions,
    }
