"""How the shared situations look at GA4: sessions with client ids of a hand-written site."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pyarrow as pa

from include.connectors.protocol import IncompleteAnswer, RequestRefused
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.connectors.contract import situations
from tests.connectors.contract.source_case import Play, Row

PROPERTY = "384211507"
ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 20, 15, tzinfo=UTC)
"""Ten in the morning in New York; yesterday is the 19th."""
EVERY = 500
NASTY = "Bränd 🚀 \"q\" 'a' \\ \t\n\x01 }{"


def _at(day: int, hour: int = 15, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def make_visit(number: int, at: datetime, client: str, **more: Any) -> dict[str, Any]:
    """A counted visit of the international site; ``more`` replaces columns."""
    return {
        "visit_id": number,
        "site": "com",
        "ga_client_id": client,
        "started_at": at,
        "known_at": at,
        "duration_seconds": 60,
        "page_views": 3,
        "is_bounce": False,
        "entry_url": "https://northbolt.example/bolts?x=1",
        "utm_source": "google",
        "utm_medium": "cpc",
        "utm_campaign": "bolts",
        "device": "desktop",
        "country": "United States",
        "is_robot": False,
        "goal_ids": [],
        **more,
    }


VISITS = (
    make_visit(1, _at(16), "a.1", goal_ids=[7]),
    make_visit(2, _at(16, 17), "a.1", is_bounce=True, page_views=1),
    make_visit(3, _at(17), "b.2", device="mobile"),
    make_visit(4, _at(18), "c.3", utm_campaign="nuts", goal_ids=[7, 8]),
    make_visit(5, _at(19), "d.4"),
    make_visit(6, _at(18), "bot", is_robot=True),
    make_visit(7, _at(18), "", utm_campaign="uncounted"),
    make_visit(8, _at(18), "ru", site="ru_main"),
)


def _world(visits: Sequence[Mapping[str, Any]] = VISITS) -> World:
    return World.of(visit=visits)


def _expect(world: World, until: date = date(2026, 11, 20)) -> list[Row]:
    """A row for each visit the counter saw on a day before ``until``."""
    rows = []
    for visit in world.table("visit").to_pylist():
        local = visit["started_at"].astimezone(ZONE)
        is_counted = visit["site"] == "com" and visit["ga_client_id"] and not visit["is_robot"]
        if not is_counted or local.date() >= until:
            continue
        parts = urlsplit(visit["entry_url"])
        # of a minute that comes twice when clocks go back, only the first can be meant
        minute = local.replace(fold=0).astimezone(UTC)
        rows.append(
            (
                local.date(),
                minute,
                visit["ga_client_id"],
                visit["utm_source"],
                visit["utm_medium"],
                visit["utm_campaign"],
                visit["device"],
                f"{parts.path}?{parts.query}",
                1,
                int(not visit["is_bounce"]),
                visit["page_views"],
                Decimal(len(visit["goal_ids"])),
            )
        )
    return rows


def _fault(kind: str, count: int = 1, skip: int = 0, **values: Any) -> Fault:
    return Fault(kind, "ga4", "runReport", count, skip, values)


def _plain(visits: Sequence[Mapping[str, Any]] = VISITS, **how: Any) -> Play:
    world = _world(visits)
    return Play(world=world, expected=_expect(world), **how)


def _play_restated() -> Play:
    """A key event of an old session is only counted later."""
    old = make_visit(20, _at(10), "old.1")
    world, changed = _world((*VISITS, old)), _world((*VISITS, old | {"goal_ids": [7]}))

    def later(stage: Stage) -> None:
        stage.world = changed
        stage.clock.set(now=datetime(2026, 11, 20, 16, tzinfo=UTC))

    return Play(
        world=world,
        expected=_expect(world),
        options={"history_from": "2026-11-09"},
        later=later,
        expected_later=_expect(changed),
    )


def _play_late_row() -> Play:
    late = make_visit(21, _at(11), "late.1", known_at=datetime(2026, 11, 20, 18, tzinfo=UTC))
    world = _world((*VISITS, late))

    def later(stage: Stage) -> None:
        stage.clock.set(now=datetime(2026, 11, 20, 19, tzinfo=UTC))

    return Play(
        world=world,
        expected=_expect(_world()),
        options={"history_from": "2026-11-09"},
        later=later,
        expected_later=_expect(world),
    )


def _play_zone_edge() -> Play:
    visits = [make_visit(n, _at(19, 4 + n, 30), f"e.{n}") for n in range(3)]
    world = _world(visits)
    # the 20th in London, still the 19th in New York
    now = datetime(2026, 11, 20, 4, 30, tzinfo=UTC)
    return Play(world=world, expected=_expect(world, until=date(2026, 11, 19)), now=now)


def _play_dst() -> Play:
    hours = (3, 4, 5, 6, 7, 23)
    world = _world([make_visit(n, _at(1, hour, 30), f"d.{n}") for n, hour in enumerate(hours)])
    return Play(
        world=world,
        expected=_expect(world),
        options={"history_from": "2026-10-31"},
        now=datetime(2026, 11, 3, 12, tzinfo=UTC),
    )


def _play_wrong_type() -> Play:
    """The first session is spoilt, and with it the first rows of the property and its traffic."""
    world = _world()
    return Play(
        world=world,
        expected=sorted(_expect(world))[1:],
        faults=[_fault("odd_value", EVERY, field="screenPageViews", value="many")],
        rejected=3,
    )


PLAYS: Mapping[str, Callable[[], Play] | str] = {
    situations.PLAIN: _plain,
    situations.MANY_PAGES: lambda: _plain(options={"page_rows": 2}),
    situations.FULL_LAST_PAGE: lambda: _plain(VISITS[:4], options={"page_rows": 2}),
    situations.EMPTY_DAY: lambda: _plain((VISITS[0], VISITS[4])),
    situations.NOTHING_AT_ALL: lambda: _plain(()),
    situations.UNICODE: lambda: _plain([make_visit(1, _at(18), "ü.1", utm_campaign=NASTY)]),
    situations.HUGE_NUMBER: lambda: _plain([make_visit(1, _at(18), "h.1", page_views=2**31 - 1)]),
    situations.ZONE_EDGE: _play_zone_edge,
    situations.DST: _play_dst,
    situations.CURRENCY: "client sessions carry no money; revenue is tested beside this case",
    situations.VAT: "client sessions carry no money; GA4 states no VAT basis at all",
    situations.RESTATED: _play_restated,
    situations.LATE_ROW: _play_late_row,
    situations.DELETED: "a deleted user leaves the figures like any restatement, unnamed",
    situations.MERGED: "GA4 merges nobody after the fact",
    situations.UNKNOWN_FIELD: lambda: _plain(
        faults=[_fault("new_field", EVERY, name="shine", value=7)], finding="shine"
    ),
    situations.UNKNOWN_VALUE: lambda: _plain(
        [make_visit(1, _at(18), "h.1", device="hologram")], finding="hologram"
    ),
    situations.MISSING_FIELD: lambda: _plain(
        faults=[_fault("renamed_field", EVERY, **{"from": "sessions", "to": "visits"})],
        error=RequestRefused,
        error_says="sessions",
    ),
    situations.WRONG_TYPE: _play_wrong_type,
    situations.DUPLICATE_PAGE: lambda: _plain(
        options={"page_rows": 2},
        faults=[_fault("shifted_page", EVERY)],
        error=IncompleteAnswer,
        error_says="different rows",
    ),
    situations.ERROR_IN_200: "errors of GA4 always come with their own HTTP status",
    situations.QUOTA: lambda: _plain(
        faults=[
            _fault("error", 2, status="RESOURCE_EXHAUSTED", message="Exhausted concurrent quota.")
        ]
    ),
    situations.EXPIRED_TOKEN: lambda: _plain(faults=[_fault("expired_token", skip=1)]),
    situations.ROTATED_TOKEN: "Google never exchanges a refresh token for a new one",
    situations.ZERO_ROWS: lambda: _plain(
        faults=[_fault("zero_rows", skip=1)], error=IncompleteAnswer, error_says="totals"
    ),
    situations.CLOCK_SKEW: _plain,
}


class Ga4Case:
    """The case; see the module's text."""

    source = "ga4"
    account = PROPERTY
    credentials: Mapping[str, str] = {
        "client_id": "demo-client",
        "client_secret": "demo-secret",
        "refresh_token": "demo-refresh",
    }
    options: Mapping[str, Any] = {
        "history_from": "2026-11-15",
        "client_id_dimension": "customUser:client_id",
        "days_per_request": 31,
    }
    now = NOW
    resource = "client_session"
    page_path = "runReport"
    secrets: Sequence[str] = ("demo-secret", "demo-refresh", "ya29.")

    def play(self, situation: str) -> Play | str:
        """How a situation looks here, or why it cannot be."""
        made = PLAYS[situation]
        return made if isinstance(made, str) else made()

    def landed(self, live: pa.Table) -> Sequence[Row]:
        """Sessions with their marks and figures."""
        names = [
            "stats_date",
            "session_minute_at",
            "client_id",
            "session_source",
            "session_medium",
            "session_campaign",
            "device",
            "landing_page",
            "sessions",
            "engaged_sessions",
            "page_views",
            "key_events",
        ]
        return [
            tuple(
                Decimal(int(v))
                if n == "key_events"
                else v.astimezone(UTC)
                if n[-3:] == "_at"
                else v
                for n, v in row.items()
            )
            for row in live.select(names).to_pylist()
        ]

    def other_account(
        self,
    ) -> tuple[str, Mapping[str, str], World, Sequence[Row], Sequence[Row]] | str:
        """The company has one property only."""
        return "the international site is the company's only GA4 property"


CASE = Ga4Case()
