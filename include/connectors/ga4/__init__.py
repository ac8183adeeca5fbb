"""Google Analytics 4: daily reports of one property through the Data API.

Days are the property's. Figures settle within two or three days; a look-back reads them again, and
one query of the property's day totals over ``probe_days`` finds older days that have changed since.
Sessions and users are estimates at Google's and are compared with themselves only. Client ids are
told only where the property has registered them as a custom dimension.

Options of an account (its name is the property id, unless ``property_id`` says it):
``client_id_dimension`` such as ``customUser:client_id`` (no client sessions without it),
``history_from`` (30 days ago), ``lookback_days`` (4), ``probe_days`` (90), ``include_today``
(false), ``days_per_request`` (1, which keeps sampling and the row ``(other)`` away), ``page_rows``
(100 000), ``requests_per_second`` (5), ``leave_tokens`` of the property's quota for others (500),
``is_vat_included`` in revenue (false), ``base_url``, ``token_url``. Credentials: ``client_id``,
``client_secret``, ``refresh_token`` (or the password), or the key file of a service account.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import ClassVar
from zoneinfo import ZoneInfo

from include.connectors._day_plan import (
    ChangeSigns,
    DayRule,
    Totals,
    business_day,
    differing_days,
    group_days,
    known_days,
    plan_days,
    window_days,
)
from include.connectors._google_oauth import GoogleToken
from include.connectors._http import HttpSession
from include.connectors._options import Options
from include.connectors.ga4.answers import AnswerReader
from include.connectors.ga4.reports import MICROS_SLACK, SLACK, Reports
from include.connectors.ga4.schema import CLIENT_SESSIONS, PROFILE, PROPERTY_DAYS, RESOURCES
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

DEFAULT_BASE_URL = "https://analyticsdata.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/analytics.readonly"
DEFAULT_HISTORY_DAYS = 30
MOST_PAGE_ROWS = 250_000
ATTEMPTS = 3
"""Few: the property allows ten server errors an hour, and then refuses everything."""
OPTIONS = (
    "base_url client_id_dimension days_per_request history_from include_today is_vat_included "
    "leave_tokens lookback_days page_rows probe_days property_id requests_per_second token_url"
)
"""Every name an account may set; see the module's text."""


class Ga4:
    """The connector of one property; see the module's text."""

    source: ClassVar[str] = "ga4"
    version: ClassVar[str] = "1"
    resources: ClassVar[Mapping[str, Resource]] = RESOURCES
    max_waits: ClassVar[int] = 1
    profile: ClassVar[SourceProfile] = PROFILE

    def __init__(self, account: Account, now: Now, host: Host = LONE_HOST) -> None:
        options = self._options = Options(account, OPTIONS)
        self._now = now
        property_id = options.text("property_id", account.name)
        if not re.fullmatch(r"\d+", property_id):
            raise options.refuse("property_id", "must be a number", property_id)
        self._client_id_dimension = options.text("client_id_dimension")
        token = GoogleToken(account, now, host, DEFAULT_BASE_URL, SCOPE)
        http = HttpSession(
            options.text("base_url", DEFAULT_BASE_URL),
            {},
            secrets=token.secrets,
            attempts=ATTEMPTS,
            sleep=host.sleep,
            limiter=host.share_limit(
                "requests", [Rate(options.number("requests_per_second", 5, 1), 1.0)]
            ),
            auth=token,
        )
        self._reports = Reports(
            http,
            AnswerReader(property_id, http.scrubber, now, token.forget),
            property_id,
            self._client_id_dimension,
            options.number("page_rows", 100_000, 1, MOST_PAGE_ROWS),
            options.number("leave_tokens", 500),
            options.flag("is_vat_included", False),
        )

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        """The property's days first, then those of every other report that hangs on them."""
        known = list(known)
        history_from = self._options.day(
            "history_from", now.date() - timedelta(days=DEFAULT_HISTORY_DAYS)
        )
        reach = self._options.number("probe_days", 90)
        # a day more on both sides: the property's calendar is known only from the answer
        first, end = now.date() - timedelta(days=reach + 1), now.date() + timedelta(days=1)
        probe = self._reports.read_day_totals(Interval(first, end))
        rule = self._make_rule(probe.zone, history_from)
        names = [name for name in RESOURCES if name != CLIENT_SESSIONS or self._client_id_dimension]
        if window is not None:
            return _slices(names, window_days(window, now, rule), rule.most_days)
        own = known_days(known, PROPERTY_DAYS)
        settled = business_day(now, probe.zone) - timedelta(days=rule.lookback_days)
        probed = {day: live for day, live in own.items() if first < day < settled}
        changed = _find_changed(probed, probe.by_day)
        plan: list[Slice] = []
        for name in names:
            days = known_days(known, name)
            # left behind by a run that failed halfway: the property's totals agree by now
            behind = {d for d, k in days.items() if d in own and k.pulled_at < own[d].pulled_at}
            signs = ChangeSigns(changed_days=changed | behind)
            plan += _slices([name], plan_days(days, now, rule, signs), rule.most_days)
        return plan

    def start(self, piece: Slice) -> Ready | Wait:
        """Nothing has to be prepared: the answer is asked for when it is fetched."""
        if piece.resource not in RESOURCES or piece.interval is None:
            raise BadInput(
                f"ga4 cannot start {piece.resource}/{piece.key}: it knows "
                f"{', '.join(RESOURCES)}, and each needs its days"
            )
        return Ready(
            {
                "resource": piece.resource,
                "date_from": piece.interval.date_from.isoformat(),
                "date_to": piece.interval.date_to.isoformat(),
            }
        )

    def poll(self, token: Token) -> Ready | Wait:
        """Every token is ready."""
        return Ready(token)

    def fetch(self, token: Token) -> Iterator[Batch]:
        """Stream the rows; raises :class:`IncompleteAnswer` where they contradict a total."""
        days = (date.fromisoformat(token[name]) for name in ("date_from", "date_to"))
        yield from self._reports.read(str(token["resource"]), Interval(*days))

    def check(self) -> Iterator[Capability]:
        """Each report by a query of a single row."""
        day = self._now().date() - timedelta(days=2)
        for name in RESOURCES:
            if name == CLIENT_SESSIONS and not self._client_id_dimension:
                detail = (
                    "register the client id as a custom dimension of the property and name it in "
                    "option client_id_dimension, for example customUser:client_id"
                )
                yield Capability(name, False, detail)
                continue
            try:
                self._reports.try_out(name, day)
            except TemporaryFailure:
                raise
            except ConnectorError as refusal:
                yield Capability(name, False, str(refusal))
            else:
                yield Capability(name, True)

    def _make_rule(self, zone: ZoneInfo, history_from: date) -> DayRule:
        return DayRule(
            zone,
            history_from,
            self._options.number("lookback_days", 4),
            self._options.flag("include_today", False),
            self._options.number("days_per_request", 1, 1),
        )


def _find_changed(probed: Mapping[date, KnownSlice], totals: Totals) -> frozenset[date]:
    """Landed days whose totals the vendor tells otherwise by now."""
    counted = differing_days(probed, totals, ("sessions", "events", "key_events"), SLACK)
    return counted | differing_days(probed, totals, ("revenue_micros",), MICROS_SLACK)


def _slices(names: Iterable[str], wanted: Iterable[date], most: int) -> list[Slice]:
    spans = group_days(wanted, most)
    return [Slice(name, f"{s.date_from}_{s.date_to}", interval=s) for name in names for s in spans]


CONNECTOR = Ga4
