"""Yandex Direct: daily ad performance through the Reports service, and the campaign dictionary.

Days are Moscow days, money is micros of the account's currency, and VAT is in or out as the option
``include_vat`` says. A report has no id at the vendor: the token holds the whole request, and
repeating it byte for byte is how one polls. Only HTTP 200 is a report.

Options of an account (its name is the Client-Login): ``base_url``, ``api_version`` v5 or v501,
``include_vat`` YES or NO (default), ``lookback_days`` (3), ``history_from`` (30 days ago),
``include_today`` (false), ``days_per_request`` (31), ``processing_mode`` (auto),
``compress`` (true; false spares a loopback benchmark the gzip). Credentials: ``token``.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

from include.connectors._http import HttpSession
from include.connectors.protocol import (
    LONE_HOST,
    AccessDenied,
    Account,
    BadInput,
    Batch,
    Capability,
    ConnectorError,
    Host,
    Interval,
    KnownSlice,
    Now,
    Ready,
    Resource,
    Slice,
    SourceProfile,
    TemporaryFailure,
    Token,
    Wait,
)
from include.connectors.yandex_direct.answers import AnswerReader
from include.connectors.yandex_direct.management import Management
from include.connectors.yandex_direct.planning import (
    DEFAULT_HISTORY_DAYS,
    MOST_DAYS_PER_REQUEST,
    days_per_request,
    due_days,
    earliest_day,
    group_days,
    moscow_day,
    read_day,
    window_days,
)
from include.connectors.yandex_direct.reports import Reports
from include.connectors.yandex_direct.schema import CAMPAIGN, PERFORMANCE, PROFILE, RESOURCES

DEFAULT_BASE_URL = "https://api.direct.yandex.com"
TIMESTAMP = "%Y-%m-%dT%H:%M:%SZ"
CLOCK_SKEW = timedelta(minutes=10)


class YandexDirect:
    """The connector of one advertiser; see the module's text."""

    source: ClassVar[str] = "yandex_direct"
    version: ClassVar[str] = "1"
    resources: ClassVar[Mapping[str, Resource]] = RESOURCES
    max_waits: ClassVar[int] = 5
    profile: ClassVar[SourceProfile] = PROFILE

    def __init__(self, account: Account, now: Now, host: Host = LONE_HOST) -> None:
        options = account.options
        token = account.credentials.get("token", "")
        if not token:
            raise AccessDenied(
                f"yandex_direct account {account.name} has no token: put the OAuth token into its "
                "connection"
            )
        self._login = account.name
        self._now = now
        self._options = options
        self._lookback_days = self._number("lookback_days", 3, 0)
        self._most_days = self._number("days_per_request", MOST_DAYS_PER_REQUEST, 1)
        version = self._choice("api_version", "v5", ("v5", "v501"))
        http = HttpSession(
            base_url=str(options.get("base_url") or DEFAULT_BASE_URL),
            headers={
                "Authorization": f"Bearer {token}",
                "Client-Login": account.name,
                "Accept-Language": "en",
                "Accept-Encoding": "gzip" if options.get("compress", True) else "identity",
            },
            secrets=[token],
            sleep=host.sleep,
        )
        answers = AnswerReader(account.name, http.scrubber)
        self._management = Management(http, answers, version, account.name)
        self._reports = Reports(
            http,
            answers,
            login=account.name,
            version=version,
            vat=self._choice("include_vat", "NO", ("NO", "YES")),
            mode=self._choice("processing_mode", "auto", ("auto", "online", "offline")),
            currency=lambda: self._management.currency,
            sleep=host.sleep,
        )

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        """Due days in reports of bounded size, then the campaign snapshot as the checkpoint.

        A ``window`` gives exactly its days and no checkpoint: advancing the watermark without
        pulling all that changed before it would lose a correction for ever.
        """
        known = list(known)
        days = {k.key: k for k in known if k.resource == PERFORMANCE}
        today = moscow_day(now)
        include_today = bool(self._options.get("include_today", False))
        if window is not None:
            wanted = window_days(window, today, include_today)
            return self._plan_reports(wanted, days.values())
        history_from = max(
            read_day(self._options, "history_from", today - timedelta(days=DEFAULT_HISTORY_DAYS)),
            earliest_day(today),
        )
        watermark, changed_from = self._check_changes(known, now)
        wanted = due_days(
            days, today, history_from, self._lookback_days, include_today, changed_from
        )
        snapshot = Slice(CAMPAIGN, "snapshot", watermark=watermark, is_checkpoint=True)
        return [*self._plan_reports(wanted, days.values()), snapshot]

    def start(self, piece: Slice) -> Ready | Wait:
        """Ask for one report; the campaign snapshot needs no preparation."""
        if piece.resource == CAMPAIGN:
            return Ready({"resource": CAMPAIGN})
        if piece.resource != PERFORMANCE or piece.interval is None:
            raise BadInput(
                f"yandex_direct cannot start {piece.resource}/{piece.key}: it knows "
                f"{', '.join(RESOURCES)}, and a report needs its days"
            )
        nonce = str(piece.parameters.get("nonce") or self._mint_nonce())
        return self.poll(self._reports.make_token(piece.interval, nonce))

    def poll(self, token: Token) -> Ready | Wait:
        """Repeat the identical request.

        A 200 is left unread for :meth:`fetch` of this connector; fetching from another process
        repeats the request once more.
        """
        return Ready(token) if token["resource"] == CAMPAIGN else self._reports.ask(token)

    def fetch(self, token: Token) -> Iterator[Batch]:
        """Stream the rows, proven complete by the vendor's own count."""
        if token["resource"] == CAMPAIGN:
            yield Batch(self._management.read_campaign_rows())
        else:
            yield from self._reports.read(token)

    def check(self) -> Iterator[Capability]:
        """The account's currency and its campaigns; reports need no right beyond these."""
        for name, read in (
            ("account", lambda: self._management.currency),
            ("campaigns and reports", self._management.read_campaigns),
        ):
            try:
                read()
            except TemporaryFailure:
                raise
            except ConnectorError as refusal:
                yield Capability(name, False, str(refusal))
            else:
                yield Capability(name, True)

    def _plan_reports(self, days: Iterable[date], known: Iterable[KnownSlice]) -> list[Slice]:
        nonce = self._mint_nonce()
        return [
            Slice(
                PERFORMANCE,
                f"{span.date_from}_{span.date_to}",
                interval=span,
                parameters={"nonce": nonce},
            )
            for span in group_days(days, days_per_request(known, self._most_days))
        ]

    def _mint_nonce(self) -> str:
        return f"{self._now().astimezone(UTC):%Y%m%dT%H%M%S}{secrets.token_hex(2)}"

    def _check_changes(self, known: list[KnownSlice], now: datetime) -> tuple[str, date | None]:
        """The vendor's Timestamp to remember, and the first day changed since the last one.

        Before the first checkpoint the oldest pull takes its place.
        """
        previous = max((k.watermark for k in known if k.resource == CAMPAIGN), default="")
        pulled = [k.pulled_at for k in known if k.resource == PERFORMANCE]
        oldest = (min(pulled, default=now) - CLOCK_SKEW).astimezone(UTC)
        ids = [campaign["Id"] for campaign in self._management.read_campaigns()]
        timestamp, border = self._management.check_statistics(
            previous or oldest.strftime(TIMESTAMP), ids
        )
        return timestamp or previous, border

    def _choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = str(self._options.get(name) or default)
        if value not in allowed:
            raise BadInput(
                f"option {name} of yandex_direct account {self._login} must be one of "
                f"{', '.join(allowed)}, got {value!r}"
            )
        return value

    def _number(self, name: str, default: int, least: int) -> int:
        value = self._options.get(name, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise BadInput(
                f"option {name} of yandex_direct account {self._login} must be a whole number "
                f"from {least}, got {value!r}"
            )
        return value


CONNECTOR = YandexDirect
