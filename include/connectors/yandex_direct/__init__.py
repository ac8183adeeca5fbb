"""Yandex Direct: daily ad performance and conversions by reports; campaigns, groups and ads.

Days are Moscow days, money is micros of the account's currency, and VAT is in or out as the option
``include_vat`` says. A report has no id at the vendor: the token holds the whole request, and
repeating it byte for byte is how one polls. Only HTTP 200 is a report.

Options of an account (its name is the Client-Login): ``base_url``, ``api_version`` v5 or v501,
``include_vat`` YES or NO (default), ``lookback_days`` (3), ``history_from`` (30 days ago),
``include_today`` (false), ``days_per_request`` (31), ``processing_mode`` (auto), ``goals`` (ids of
Metrica goals; without any there is no conversion table), ``attribution_models`` (LSCCD and AUTO; of
FCCD, LC, LSCCD, AUTO), ``dictionary_days`` (7, between lists of groups and ads), ``oauth_url``
(beside a ``base_url`` its ``/token``), ``compress`` (true; false spares a loopback benchmark the
gzip). Credentials: ``token``; to renew it also ``client_id``, ``client_secret``, ``refresh_token``.

An old day is read again when its ungrouped totals differ from those of the last run (ninety days
back); what ``Changes.check`` calls changed and no total explains is read again from its day on.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

from include.connectors._day_plan import group_days
from include.connectors._http import HttpSession
from include.connectors._options import Options
from include.connectors.protocol import (
    LONE_HOST,
    Account,
    BadInput,
    Batch,
    Capability,
    ConnectorError,
    Host,
    Interval,
    KnownSlice,
    Now,
    Rate,
    Ready,
    Resource,
    Slice,
    SourceProfile,
    TemporaryFailure,
    Token,
    Wait,
)
from include.connectors.yandex_direct.access import AccountToken
from include.connectors.yandex_direct.answers import AnswerReader
from include.connectors.yandex_direct.conversions import MODELS
from include.connectors.yandex_direct.day_totals import (
    PROBED_DAYS,
    DayTotals,
    digest_days,
    digest_definition,
    recall,
    remember,
)
from include.connectors.yandex_direct.dictionaries import DICTIONARIES
from include.connectors.yandex_direct.management import Management
from include.connectors.yandex_direct.planning import (
    DEFAULT_HISTORY_DAYS,
    MOST_DAYS_PER_REQUEST,
    days_per_request,
    due_days,
    earliest_day,
    moscow_day,
    read_signs,
    window_days,
)
from include.connectors.yandex_direct.reports import Reports
from include.connectors.yandex_direct.schema import (
    CAMPAIGN,
    CONVERSION,
    PERFORMANCE,
    PROFILE,
    RESOURCES,
)

DEFAULT_BASE_URL = "https://api.direct.yandex.com"
SNAPSHOT = "snapshot"
LISTED = (CAMPAIGN, *DICTIONARIES)
DEFAULT_MODELS = ("LSCCD", "AUTO")
REQUESTS = Rate(20, 10.0)
"""Of the Reports service, per advertiser; the few other calls share it."""
TIMESTAMP = "%Y-%m-%dT%H:%M:%SZ"
CLOCK_SKEW = timedelta(minutes=10)
OPTIONS = (
    "api_version attribution_models base_url compress days_per_request dictionary_days goals "
    "history_from include_today include_vat lookback_days oauth_url processing_mode"
)
"""Every name an account may set; see the module's text."""


class YandexDirect:
    """The connector of one advertiser; see the module's text."""

    source: ClassVar[str] = "yandex_direct"
    version: ClassVar[str] = "1"
    resources: ClassVar[Mapping[str, Resource]] = RESOURCES
    max_waits: ClassVar[int] = 5
    profile: ClassVar[SourceProfile] = PROFILE

    def __init__(self, account: Account, now: Now, host: Host = LONE_HOST) -> None:
        options = Options(account, OPTIONS)
        self._login = account.name
        self._now = now
        self._options = options
        self._lookback_days = options.number("lookback_days", 3)
        self._most_days = options.number("days_per_request", MOST_DAYS_PER_REQUEST, least=1)
        self._includes_today = options.flag("include_today", False)
        self._dictionary_days = options.number("dictionary_days", 7)
        self._goals = self._read_goals()
        self._models = self._read_models()
        version = options.choice("api_version", "v5", ("v5", "v501"))
        vat = options.choice("include_vat", "NO", ("NO", "YES"))
        mode = options.choice("processing_mode", "auto", ("auto", "online", "offline"))
        self.resources = {  # type: ignore[misc]
            name: resource
            for name, resource in RESOURCES.items()
            if name != CONVERSION or self._goals
        }
        self._token = AccountToken(account, options, now, host)
        http = HttpSession(
            base_url=options.text("base_url") or DEFAULT_BASE_URL,
            headers={
                "Client-Login": account.name,
                "Accept-Language": "en",
                "Accept-Encoding": "gzip" if options.flag("compress", True) else "identity",
            },
            secrets=self._token.secrets,
            sleep=host.sleep,
            limiter=host.share_limit("requests of the advertiser", [REQUESTS]),
            auth=self._token,
        )
        answers = AnswerReader(account.name, http.scrubber, self._token.renew)
        self._management = Management(http, answers, version, account.name)
        self._reports = Reports(
            http,
            answers,
            login=account.name,
            version=version,
            vat=vat,
            mode=mode,
            currency=lambda: self._management.currency,
            sleep=host.sleep,
        )

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        """Due days in reports of bounded size, then the campaign snapshot as the checkpoint.

        Asks the vendor three things first: campaigns, what changed, and ungrouped day totals.

        A ``window`` gives exactly its days and no checkpoint: advancing the watermark without
        pulling all that changed before it would lose a correction for ever.
        """
        known = list(known)
        today = moscow_day(now)
        dailies = [name for name in (PERFORMANCE, CONVERSION) if name in self.resources]
        days = {name: {k.key: k for k in known if k.resource == name} for name in dailies}
        if window is not None:
            wanted = window_days(window, today, self._includes_today)
            return [
                piece
                for name in dailies
                for piece in self._plan_reports(name, wanted, days[name].values())
            ]
        self._token.keep_fresh()
        history_from = max(
            self._options.day("history_from", today - timedelta(days=DEFAULT_HISTORY_DAYS)),
            earliest_day(today),
        )
        previous = max((k.watermark for k in known if k.resource == CAMPAIGN), default="")
        since, before = recall(previous)
        timestamp, border = self._check_changes(known, since, now)
        totals = self._read_totals(history_from, today)
        signs = read_signs(totals, before, border, today - timedelta(days=self._lookback_days))
        pieces = []
        for name in dailies:
            wanted = due_days(
                days[name],
                today,
                history_from,
                self._lookback_days,
                self._includes_today,
                signs[name].changed_from,
                signs[name].changed_days,
            )
            is_counted = name == PERFORMANCE
            busy = totals.busy_days if is_counted else frozenset()
            pieces += self._plan_reports(name, wanted, days[name].values(), busy)
        pieces += self._plan_dictionaries(known, now)
        watermark = remember(timestamp, totals)
        return [*pieces, Slice(CAMPAIGN, SNAPSHOT, watermark=watermark, is_checkpoint=True)]

    def start(self, piece: Slice) -> Ready | Wait:
        """Ask for one report; the campaign snapshot needs no preparation."""
        if piece.resource in LISTED:
            return Ready({"resource": piece.resource})
        if piece.resource not in self.resources or piece.interval is None:
            raise BadInput(
                f"yandex_direct cannot start {piece.resource}/{piece.key}: it knows "
                f"{', '.join(self.resources)}, and a report needs its days"
            )
        nonce = str(piece.parameters.get("nonce") or self._mint_nonce())
        goals = self._goals if piece.resource == CONVERSION else ()
        return self.poll(
            self._reports.make_token(
                piece.resource,
                piece.interval,
                nonce,
                goals,
                self._models,
                bool(piece.parameters.get("expects_rows")),
            )
        )

    def poll(self, token: Token) -> Ready | Wait:
        """Repeat the identical request.

        A 200 is left unread for :meth:`fetch` of this connector; fetching from another process
        repeats the request once more.
        """
        return Ready(token) if token["resource"] in LISTED else self._reports.ask(token)

    def fetch(self, token: Token) -> Iterator[Batch]:
        """Stream the rows, proven complete by the vendor's own count."""
        if token["resource"] == CAMPAIGN:
            yield Batch(self._management.read_campaign_rows())
        elif token["resource"] in DICTIONARIES:
            yield from map(Batch, self._management.read_objects(token["resource"]))
        else:
            yield from self._reports.read(token)

    def check(self) -> Iterator[Capability]:
        """The account's currency, its campaigns, and a report of yesterday's totals."""
        today = moscow_day(self._now())
        for name, read in (
            ("account", lambda: self._management.currency),
            ("campaigns, groups and ads", self._management.read_campaigns),
            ("reports", lambda: self._read_totals(today - timedelta(days=1), today)),
        ):
            try:
                read()
            except TemporaryFailure:
                raise
            except ConnectorError as refusal:
                yield Capability(name, False, str(refusal))
            else:
                yield Capability(name, True)

    def _plan_dictionaries(self, known: list[KnownSlice], now: datetime) -> list[Slice]:
        """Those not listed for ``dictionary_days``."""
        pulled_at = {k.resource: k.pulled_at for k in known if k.resource in DICTIONARIES}
        rested = now - timedelta(days=self._dictionary_days)
        return [
            Slice(name, SNAPSHOT)
            for name in DICTIONARIES
            if name not in pulled_at or pulled_at[name] <= rested
        ]

    def _plan_reports(
        self,
        resource: str,
        days: Iterable[date],
        known: Iterable[KnownSlice],
        busy: frozenset[date] = frozenset(),
    ) -> list[Slice]:
        nonce = self._mint_nonce()
        return [
            Slice(
                resource,
                f"{span.date_from}_{span.date_to}",
                interval=span,
                parameters={
                    "nonce": nonce,
                    "expects_rows": any(span.date_from <= day < span.date_to for day in busy),
                },
            )
            for span in group_days(days, days_per_request(known, self._most_days))
        ]

    def _read_totals(self, history_from: date, today: date) -> DayTotals:
        """Of each day that has ended, as far back as old days are looked at."""
        first = max(history_from, today - timedelta(days=PROBED_DAYS))
        if first >= today:
            return DayTotals()
        told = self._reports.read_totals(
            Interval(first, today), self._mint_nonce(), self._goals, self._models
        )
        definition = digest_definition(self._goals, self._models)
        return digest_days(first, today - timedelta(days=1), told, definition)

    def _mint_nonce(self) -> str:
        return f"{self._now().astimezone(UTC):%Y%m%dT%H%M%S}{secrets.token_hex(2)}"

    def _check_changes(
        self, known: list[KnownSlice], since: str, now: datetime
    ) -> tuple[str, date | None]:
        """The vendor's Timestamp to remember, and the first day changed since the last one.

        Before the first checkpoint the oldest pull takes its place.
        """
        pulled = [k.pulled_at for k in known if k.resource == PERFORMANCE]
        oldest = (min(pulled, default=now) - CLOCK_SKEW).astimezone(UTC)
        ids = [campaign["Id"] for campaign in self._management.read_campaigns()]
        timestamp, border = self._management.check_statistics(
            since or oldest.strftime(TIMESTAMP), ids
        )
        return timestamp or since, border

    def _read_goals(self) -> tuple[str, ...]:
        goals = self._options.texts("goals")
        if not all(goal.isdecimal() for goal in goals):
            raise self._options.refuse("goals", "must be ids of Metrica goals", list(goals))
        return tuple(dict.fromkeys(goals))

    def _read_models(self) -> tuple[str, ...]:
        models = self._options.texts("attribution_models") or DEFAULT_MODELS
        if not set(models) <= set(MODELS):
            rule = f"may name {', '.join(MODELS)}"
            raise self._options.refuse("attribution_models", rule, list(models))
        return tuple(dict.fromkeys(models))


CONNECTOR = YandexDirect
