"""Calltouch: journals of calls and of form requests, by days of the cabinet.

The vendor does not tell what changed. Calls that came late and target flags set later are found by
its counts, week by week over the last 90 days; what no count shows (tags, comments, orders, and
everything about requests) is put right by reading a few of the stalest days again on every run.

Options of an account: ``site_id`` (the cabinet's number; the account's name by default),
``time_zone`` of the cabinet (Europe/Moscow), ``history_from`` (30 days ago), ``lookback_days`` (7),
``days_per_request`` (31), ``page_rows`` (1000), ``requests_per_second`` (2; five are allowed for
all cabinets read from one address), ``include_today`` (false), ``base_url``.
Credentials: ``token``, the API token of the cabinet. It travels in the query of every request.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import ClassVar

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
from include.connectors.calltouch.journals import MOST_ROWS, Journals
from include.connectors.calltouch.schema import CALL, REQUEST, RESOURCES
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

DEFAULT_BASE_URL = "https://api.calltouch.ru"
MOST_A_SECOND = 5
"""What the vendor allows an address, over all its cabinets and whoever else uses it there."""
HISTORY_DAYS = 30
REACH = timedelta(days=90)
"""How far back changes are looked for."""
STALE_DAYS = 5
RESTED = timedelta(hours=20)
OPTIONS = (
    "base_url days_per_request history_from include_today lookback_days page_rows "
    "requests_per_second site_id time_zone"
)
"""Every name an account may set; see the module's text."""


class Calltouch:
    """The connector of one cabinet; see the module's text."""

    source: ClassVar[str] = "calltouch"
    version: ClassVar[str] = "1"
    resources: ClassVar[Mapping[str, Resource]] = RESOURCES
    max_waits: ClassVar[int] = 1
    profile: ClassVar[SourceProfile] = SourceProfile(
        title="Calltouch",
        api="calls-service RestAPI (unversioned)",
        limits="5 requests a second from one address; points a day for each project",
        counted_by={"requests": "address"},
        credentials={"token": "API token of the cabinet, from its settings of integrations"},
    )

    def __init__(self, account: Account, now: Now, host: Host = LONE_HOST) -> None:
        options = Options(account, OPTIONS)
        token = options.secret("token", "the API token of the Calltouch cabinet")
        zone = options.zone("time_zone", "Europe/Moscow")
        self._rule = DayRule(
            zone=zone,
            history_from=options.day(
                "history_from", business_day(now(), zone) - timedelta(days=HISTORY_DAYS)
            ),
            lookback_days=options.number("lookback_days", 7),
            includes_today=options.flag("include_today", False),
            most_days=options.number("days_per_request", 31, 1, 92),
        )
        self._now = now
        rate = Rate(options.number("requests_per_second", 2, 1, MOST_A_SECOND), 1.0)
        self._journals = Journals(
            HttpSession(
                options.text("base_url", DEFAULT_BASE_URL),
                {"Accept": "application/json"},
                secrets=[token],
                sleep=host.sleep,
                limiter=host.share_limit("requests", [rate]),
            ),
            account.name,
            options.text("site_id", account.name),
            token,
            zone,
            options.number("page_rows", MOST_ROWS, 1, MOST_ROWS),
            now,
        )

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        """Days due, days the vendor counts otherwise, and a few of the stalest days."""
        known = list(known)
        pieces = []
        for resource in (CALL, REQUEST):
            if window is not None:
                days = window_days(window, now, self._rule)
            else:
                days = self._due_days(resource, known_days(known, resource), now)
            pieces += [
                Slice(resource, f"{span.date_from}_{span.date_to}", interval=span)
                for span in self._group(days, now)
            ]
        return pieces

    def start(self, piece: Slice) -> Ready | Wait:
        """Nothing is prepared by the vendor: the token is the question."""
        if piece.resource not in RESOURCES or piece.interval is None:
            raise BadInput(
                f"calltouch cannot start {piece.resource}/{piece.key}: it knows the days of "
                f"{', '.join(RESOURCES)}"
            )
        span = piece.interval
        return Ready(
            {"resource": piece.resource, "from": str(span.date_from), "to": str(span.date_to)}
        )

    def poll(self, token: Token) -> Ready | Wait:
        """Always ready."""
        return Ready(token)

    def fetch(self, token: Token) -> Iterator[Batch]:
        """The rows of the days, page by page."""
        span = Interval(date.fromisoformat(token["from"]), date.fromisoformat(token["to"]))
        read = self._journals.read_calls if token["resource"] == CALL else None
        yield from (read or self._journals.read_requests)(span)

    def check(self) -> Iterator[Capability]:
        """Ask each journal for yesterday."""
        day = business_day(self._now(), self._rule.zone) - timedelta(days=1)
        span = Interval(day, day + timedelta(days=1))
        yield _try("journal of calls", lambda: self._journals.count_calls(span))
        yield _try("journal of requests", lambda: self._journals.try_requests(day))

    def _group(self, days: Sequence[date], now: datetime) -> list[Interval]:
        """Runs of days; today stands alone, for its rows still move while they are read."""
        today = business_day(now, self._rule.zone)
        ended = group_days((day for day in days if day < today), self._rule.most_days)
        return [*ended, *group_days((day for day in days if day >= today), 1)]

    def _due_days(
        self, resource: str, known: Mapping[date, KnownSlice], now: datetime
    ) -> list[date]:
        due = plan_days(known, now, self._rule)
        first = business_day(now, self._rule.zone) - REACH
        settled = {day: live for day, live in known.items() if day >= first and day not in due}
        changed = stalest_days(settled, now, RESTED, STALE_DAYS)
        if resource == CALL:
            changed |= recounted_days(settled, self._journals.count_marks)
        return plan_days(known, now, self._rule, ChangeSigns(changed_days=changed))


def _try(name: str, ask: Callable[[], object]) -> Capability:
    try:
        ask()
    except (AccessDenied, BadInput, RequestRefused) as refusal:
        return Capability(name, False, str(refusal))
    return Capability(name, True)


CONNECTOR = Calltouch
