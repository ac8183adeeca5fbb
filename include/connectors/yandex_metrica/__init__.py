"""Yandex Metrica: visits and hits of one counter through the Logs API, and its goals.

Days are those of the counter's time zone. Sources of visits follow one attribution, named in every
field asked for. The counter's report serves as the sign that an old day has changed and as the
control total of every day read.

An account is named after its counter's number. Options: ``counter`` (the number, where the account
has another name), ``base_url``, ``attribution`` (lastsign, last, first, automatic, …),
``include_hits`` (true), ``lookback_days`` (3), ``probe_days`` (90), ``weekly_days`` (23: days this
young are read again when their pull is a week old), ``history_from`` (30 days ago),
``days_per_request`` (31), ``tolerance_percent`` (5: rows a log may lack of its report),
``compress`` (true). Credentials: ``token``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import ClassVar

from include.connectors._day_plan import business_day
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
from include.connectors.yandex_metrica.answers import AnswerReader
from include.connectors.yandex_metrica.day_totals import DayTotals
from include.connectors.yandex_metrica.fields import GOAL, HIT, LOGS, RESOURCES, VISIT
from include.connectors.yandex_metrica.goals import Management
from include.connectors.yandex_metrica.log_reader import LogReader
from include.connectors.yandex_metrica.log_requests import LogQuestion, LogRequests
from include.connectors.yandex_metrica.planning import CLOCK_SKEW, LogPlanner, LogRule

DEFAULT_BASE_URL = "https://api-metrika.yandex.net"
ATTRIBUTIONS = (
    *("lastsign", "last", "first", "last_yandex_direct_click", "automatic"),
    *("cross_device_last_significant", "cross_device_first", "cross_device_last"),
    "cross_device_last_yandex_direct_click",
)
LOG_REQUESTS_A_SECOND = Rate(10, 1.0)
OPTIONS = (
    "attribution base_url compress counter days_per_request history_from include_hits "
    "lookback_days probe_days tolerance_percent weekly_days"
)
"""Every name an account may set; see the module's text."""


class YandexMetrica:
    """The connector of one counter; see the module's text."""

    source: ClassVar[str] = "yandex_metrica"
    version: ClassVar[str] = "1"
    resources: ClassVar[Mapping[str, Resource]] = RESOURCES
    max_waits: ClassVar[int] = 3
    profile: ClassVar[SourceProfile] = SourceProfile(
        title="Yandex Metrica",
        api="Logs API and Management API management/v1, Reporting API stat/v1",
        limits="10 requests a second for logs and 30 in all per address, 3 at once per login, "
        "5,000 a day per login and per counter until 00:00 UTC; 10 GB of log requests not cleaned",
        counted_by={"yandex_metrica requests": "address"},
        credentials={
            "token": "OAuth token with the right metrika:read of a login that may view the "
            "counter, from oauth.yandex.ru"
        },
    )

    def __init__(self, account: Account, now: Now, host: Host = LONE_HOST) -> None:
        options = Options(account, OPTIONS)
        token = options.secret("token", "an OAuth token with the right metrika:read")
        self._counter = options.text("counter", account.name)
        if not self._counter.isdigit():
            raise options.refuse("counter", "must be the number of a counter", self._counter)
        self._attribution = options.choice("attribution", "lastsign", ATTRIBUTIONS)
        self._logs = (VISIT, HIT) if options.flag("include_hits", True) else (VISIT,)
        self._now = now
        history_from = options.day("history_from", date.max)
        self._rule = LogRule(
            history_from=None if history_from == date.max else history_from,
            lookback_days=options.number("lookback_days", 3),
            probe_days=options.number("probe_days", 90),
            weekly_days=options.number("weekly_days", 23),
            most_days=options.number("days_per_request", 31, 1, 366),
        )
        tolerance = options.number("tolerance_percent", 5, 0, 100)
        limiter = host.share_limit("yandex_metrica requests", [LOG_REQUESTS_A_SECOND])
        is_compressed = options.flag("compress", True)

        def open_session(**arguments: int) -> HttpSession:
            return HttpSession(
                base_url=options.text("base_url", DEFAULT_BASE_URL),
                headers={
                    "Authorization": f"OAuth {token}",
                    "Accept-Encoding": "gzip" if is_compressed else "identity",
                },
                secrets=[token],
                sleep=host.sleep,
                limiter=limiter,
                **arguments,
            )

        http = open_session()
        answers = AnswerReader(self._counter, http.scrubber, now)
        self._management = Management(http, answers, account.name, self._counter)
        self._totals = DayTotals(http, answers, self._counter, self._attribution)
        self._requests = LogRequests(
            http, open_session(attempts=1), answers, self._counter, host.sleep
        )
        self._reader = LogReader(
            http, self._requests, account.name, self._attribution, tolerance, host.sleep
        )

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        """Due days of each log in requests of bounded size, then the list of goals."""
        known = list(known)
        zone = self._management.read_zone()
        newest_seen = max((each.request_id for each in self._requests.list_all()), default=0)
        planner = LogPlanner(self._totals, self._rule, zone, now, newest_seen)
        slices = [piece for log in self._logs for piece in planner.plan(log, known, window)]
        if window is None:
            slices.append(Slice(GOAL, "snapshot"))
        return slices

    def start(self, piece: Slice) -> Ready | Wait:
        """Ask for one log; goals need no preparation."""
        if piece.resource == GOAL:
            return Ready({"resource": GOAL})
        if piece.resource not in LOGS or piece.interval is None:
            raise BadInput(
                f"yandex_metrica cannot start {piece.resource}/{piece.key}: it knows "
                f"{', '.join(RESOURCES)}, and a log needs its days"
            )
        return self._reader.start(piece)

    def poll(self, token: Token) -> Ready | Wait:
        """Look whether the log is ready; from any process."""
        return Ready(token) if token["resource"] == GOAL else self._reader.poll(token)

    def fetch(self, token: Token) -> Iterator[Batch]:
        """Stream the rows, proven by the size of each part and by the report of each day."""
        if token["resource"] == GOAL:
            yield from self._management.read_goals()
        else:
            yield from self._reader.read(token)

    def check(self) -> Iterator[Capability]:
        """The counter, its goals, its report and the estimate of a log of yesterday."""
        yield _try("counter and goals", lambda: list(self._management.read_goals()))
        for log in self._logs:
            yield _try(f"report of {log}s", lambda log=log: self._probe_yesterday(log))
            yield _try(f"log of {log}s", lambda log=log: self._evaluate_yesterday(log))

    def _yesterday(self) -> Interval:
        zone = self._management.read_zone()
        today = business_day(self._now() - CLOCK_SKEW, zone)
        return Interval(today - timedelta(days=1), today)

    def _probe_yesterday(self, log: str) -> None:
        self._totals.read(log, self._yesterday())

    def _evaluate_yesterday(self, log: str) -> None:
        kind = LOGS[log]
        fields = tuple(kind.fields(self._attribution))
        if self._requests.evaluate(LogQuestion(kind.source, self._yesterday(), fields)) < 1:
            raise RequestRefused(
                "the counter's storage for logs is full: clean old log requests of the counter"
            )


def _try(name: str, read: Callable[[], object]) -> Capability:
    trouble = ""
    try:
        read()
    except (AccessDenied, RequestRefused) as refusal:
        trouble = str(refusal)
    return Capability(name, not trouble, trouble)


CONNECTOR = YandexMetrica
