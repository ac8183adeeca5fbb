"""UIS and CoMagic: calls, web form requests and chats by days of the account, and dictionaries.

The vendor does not tell what changed. Rows that came late are found by its counts, week by week
over the last 90 days; what no count shows (tags, sales) is put right by reading a few of the
stalest days again on every run.

Options of an account: ``base_url`` (https://dataapi.uiscom.ru; CoMagic has
https://dataapi.comagic.ru), ``user_id`` of an agent's client, ``time_zone`` (the account's own by
default), ``history_from`` (30 days ago), ``lookback_days`` (7), ``days_per_request`` (31),
``page_rows`` (5000), ``requests_per_minute`` (120), ``without_fields`` (a list: fields of
components the account lacks), ``include_today`` (false). Credentials: ``token``, an API key; or
``login`` with ``token`` as its password.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar

from include.connectors._day_plan import (
    ChangeSigns,
    DayRule,
    business_day,
    group_days,
    known_days,
    plan_days,
    recounted_days,
    stalest_days,
    window_days,
)
from include.connectors._http import HttpSession
from include.connectors._options import Options
from include.connectors.protocol import (
    LONE_HOST,
    AccessDenied,
    Account,
    BadInput,
    Batch,
    Capability,
    Host,
    Interval,
    KnownSlice,
    Now,
    Rate,
    Ready,
    RequestRefused,
    Resource,
    Slice,
    SourceProfile,
    Token,
    Wait,
)
from include.connectors.uis.data_api import DataApi
from include.connectors.uis.reports import MOST_ROWS, Reports
from include.connectors.uis.schema import REPORTS, RESOURCES, Report

DEFAULT_BASE_URL = "https://dataapi.uiscom.ru"
HISTORY_DAYS = 30
REACH = timedelta(days=90)
"""How far back changes are looked for."""
STALE_DAYS = 5
RESTED = timedelta(hours=20)
OPTIONS = (
    "base_url days_per_request history_from include_today lookback_days page_rows "
    "requests_per_minute time_zone user_id without_fields"
)
"""Every name an account may set; see the module's text."""


class Uis:
    """The connector of one account; see the module's text."""

    source: ClassVar[str] = "uis"
    version: ClassVar[str] = "1"
    resources: ClassVar[Mapping[str, Resource]] = RESOURCES
    max_waits: ClassVar[int] = 1
    profile: ClassVar[SourceProfile] = SourceProfile(
        title="UIS / CoMagic",
        api="Data API 2.0 (JSON-RPC)",
        limits="points a minute and a day by contract, told in every answer",
        credentials={
            "token": "API key from the cabinet, or the password of the API user",
            "login": "login of the API user; empty with an API key",
        },
    )

    def __init__(self, account: Account, now: Now, host: Host = LONE_HOST) -> None:
        self._options = options = Options(account, OPTIONS)
        self._now = now
        secret = options.secret("token", "an API key of the UIS cabinet")
        rate = Rate(options.number("requests_per_minute", 120, 1), 60.0)
        http = HttpSession(
            options.text("base_url", DEFAULT_BASE_URL),
            {"Accept": "application/json"},
            secrets=[secret],
            sleep=host.sleep,
            limiter=host.share_limit("requests", [rate]),
        )
        login = account.credentials.get("login", "")
        user = options.number("user_id", 0)
        self._reports = Reports(
            DataApi(http, account.name, login, secret, now, host.sleep),
            account.name,
            options.number("page_rows", 5_000, 1, MOST_ROWS),
            options.texts("without_fields"),
            {"user_id": user} if user else {},
        )

    @cached_property
    def _rule(self) -> DayRule:
        options = self._options
        zone = options.zone("time_zone", options.text("time_zone") or self._reports.read_zone())
        return DayRule(
            zone=zone,
            history_from=options.day(
                "history_from", business_day(self._now(), zone) - timedelta(days=HISTORY_DAYS)
            ),
            lookback_days=options.number("lookback_days", 7),
            includes_today=options.flag("include_today", False),
            most_days=options.number("days_per_request", 31, 1, 89),
        )

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        """Days due, recounted or stalest of each report, then the dictionaries whole."""
        known = list(known)
        pieces = []
        for report in REPORTS.values():
            if not report.time_field:
                if window is None:
                    pieces.append(Slice(report.resource, "snapshot"))
                continue
            if window is not None:
                days = window_days(window, now, self._rule)
            else:
                days = self._due_days(report, known_days(known, report.resource), now)
            pieces += [
                Slice(report.resource, f"{span.date_from}_{span.date_to}", interval=span)
                for span in self._group(days, now)
            ]
        return pieces

    def start(self, piece: Slice) -> Ready | Wait:
        """Nothing is prepared by the vendor: the token is the question."""
        report = REPORTS.get(piece.resource)
        if report is None or (report.time_field and piece.interval is None):
            raise BadInput(
                f"uis cannot start {piece.resource}/{piece.key}: it knows {', '.join(REPORTS)}, "
                "and a report needs its days"
            )
        token: dict[str, Any] = {"resource": piece.resource}
        if piece.interval is not None:
            token |= {"from": str(piece.interval.date_from), "to": str(piece.interval.date_to)}
        return Ready(token)

    def poll(self, token: Token) -> Ready | Wait:
        """Always ready."""
        return Ready(token)

    def fetch(self, token: Token) -> Iterator[Batch]:
        """The rows of the days or of the dictionary, page by page."""
        report, zone = REPORTS[token["resource"]], self._rule.zone
        if not report.time_field:
            yield from self._reports.read_dictionary(report, zone)
            return
        span = Interval(date.fromisoformat(token["from"]), date.fromisoformat(token["to"]))
        yield from self._reports.read_days(report, span, zone)

    def check(self) -> Iterator[Capability]:
        """Ask for the account, then each report for yesterday and each dictionary for one row."""
        yield _try("account", self._reports.read_zone)
        day = self._now().date() - timedelta(days=1)
        span = Interval(day, day + timedelta(days=1))
        for report in REPORTS.values():
            yield _try(report.method, lambda asked=report: self._reports.probe(asked, span))

    def _group(self, days: Sequence[date], now: datetime) -> list[Interval]:
        """Runs of days; today stands alone, for its rows still move while they are read."""
        today = business_day(now, self._rule.zone)
        ended = group_days((day for day in days if day < today), self._rule.most_days)
        return [*ended, *group_days((day for day in days if day >= today), 1)]

    def _due_days(
        self, report: Report, known: Mapping[date, KnownSlice], now: datetime
    ) -> list[date]:
        due = plan_days(known, now, self._rule)
        first = business_day(now, self._rule.zone) - REACH
        settled = {day: live for day, live in known.items() if day >= first and day not in due}
        changed = recounted_days(settled, lambda span: self._reports.count(report, span))
        changed |= stalest_days(settled, now, RESTED, STALE_DAYS)
        return plan_days(known, now, self._rule, ChangeSigns(changed_days=changed))


def _try(name: str, ask: Callable[[], object]) -> Capability:
    try:
        ask()
    except (AccessDenied, BadInput, RequestRefused) as refusal:
        return Capability(name, False, str(refusal))
    return Capability(name, True)


CONNECTOR = Uis
