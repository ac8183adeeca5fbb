"""Google Ads: daily figures, clicks by gclid and the account's tree, by GAQL over REST.

Days are those of the account's time zone, money is micros of its currency. The campaign table is
the financial truth: Performance Max has no ads and no keywords. Clicks are asked for a day at a
time and are kept by Google for 90 days.

Old figures move: conversions are dated by their click and come for weeks, invalid clicks are paid
back. A single query of day totals over ``probe_days`` is compared with what has landed, and only
days that differ are read again.

Options of an account (its name is the customer id, unless ``customer_id`` says it):
``login_customer_id`` of the manager above it, ``history_from`` (30 days ago), ``lookback_days``
(3), ``probe_days`` (90), ``click_history_days`` (30, at most 89), ``include_today`` (false),
``days_per_request`` (31), ``is_vat_included`` (false), ``queries_per_second`` (5), ``api_version``
(v26), ``base_url``, ``token_url``. Credentials: ``client_id``, ``client_secret``,
``refresh_token`` (or the password), or the key file of a service account.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import ClassVar

from include.connectors._day_plan import (
    ChangeSigns,
    DayRule,
    business_day,
    differing_days,
    group_days,
    known_days,
    plan_days,
    require_within_history,
    window_days,
)
from include.connectors._google_oauth import GoogleToken
from include.connectors._http import HttpSession
from include.connectors._options import Options
from include.connectors.google_ads.answers import AnswerReader
from include.connectors.google_ads.queries import FRACTION_SLACK, MICROS_SLACK, Queries
from include.connectors.google_ads.schema import (
    AD,
    AD_DAYS,
    AD_GROUP,
    CAMPAIGN,
    CAMPAIGN_DAYS,
    CLICK,
    CONVERSION_DAYS,
    KEYWORD_DAYS,
    PROFILE,
    RESOURCES,
)
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

DEFAULT_BASE_URL = "https://googleads.googleapis.com"
SCOPE = "https://www.googleapis.com/auth/adwords"
DEFAULT_HISTORY_DAYS = 30
KEPT_MONTHS = 37
KEPT_CLICK_DAYS = 89
READ_SECONDS = 300.0
"""A stream may fall silent for minutes before it is given up."""
ROWS_AIMED_AT = 500_000
DEPENDENTS = (AD_DAYS, KEYWORD_DAYS, CONVERSION_DAYS)
"""Read again whenever the campaigns' day is; no total of theirs can be asked for cheaply."""
DICTIONARIES = (CAMPAIGN, AD_GROUP, AD)
OPTIONS = (
    "api_version base_url click_history_days customer_id days_per_request history_from "
    "include_today is_vat_included login_customer_id lookback_days probe_days queries_per_second "
    "token_url"
)
"""Every name an account may set; see the module's text."""


class GoogleAds:
    """The connector of one customer; see the module's text."""

    source: ClassVar[str] = "google_ads"
    version: ClassVar[str] = "1"
    resources: ClassVar[Mapping[str, Resource]] = RESOURCES
    max_waits: ClassVar[int] = 1
    profile: ClassVar[SourceProfile] = PROFILE

    def __init__(self, account: Account, now: Now, host: Host = LONE_HOST) -> None:
        options = self._options = Options(account, OPTIONS)
        self._now = now
        customer_id = options.text("customer_id", account.name).replace("-", "")
        if not re.fullmatch(r"\d{10}", customer_id):
            raise options.refuse("customer_id", "must have ten digits", customer_id)
        token = GoogleToken(account, now, host, DEFAULT_BASE_URL, SCOPE)
        login = options.text("login_customer_id").replace("-", "")
        http = HttpSession(
            options.text("base_url", DEFAULT_BASE_URL),
            {"login-customer-id": login} if login else {},
            secrets=token.secrets,
            read_seconds=READ_SECONDS,
            sleep=host.sleep,
            limiter=host.share_limit(
                "queries", [Rate(options.number("queries_per_second", 5, 1), 1.0)]
            ),
            auth=token,
        )
        self._queries = Queries(
            http,
            AnswerReader(customer_id, http.scrubber, now, token.forget),
            customer_id,
            options.text("api_version", "v26"),
            options.flag("is_vat_included", False),
        )

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        """Campaign days first, then what depends on them, clicks, and the account's tree."""
        known = list(known)
        history_from = self._options.day(
            "history_from", now.date() - timedelta(days=DEFAULT_HISTORY_DAYS)
        )
        zone = self._queries.customer.zone
        today = business_day(now, zone)
        rule = DayRule(
            zone,
            max(history_from, _months_before(today, KEPT_MONTHS)),
            self._options.number("lookback_days", 3),
            self._options.flag("include_today", False),
            self._options.number("days_per_request", 31, 1),
        )
        kept_clicks = self._options.number("click_history_days", 30, 0, KEPT_CLICK_DAYS)
        click_rule = DayRule(
            zone,
            max(rule.history_from, today - timedelta(days=kept_clicks)),
            min(rule.lookback_days, 1),
            rule.includes_today,
            1,
        )
        if window is not None:
            return self._plan_window(known, window, now, rule)
        campaigns = known_days(known, CAMPAIGN_DAYS)
        signs = ChangeSigns(changed_days=self._probe(campaigns, today, rule))
        wanted = plan_days(campaigns, now, rule, signs)
        plan = self._slices(CAMPAIGN_DAYS, wanted, _fit_span(known, CAMPAIGN_DAYS, rule))
        for name in DEPENDENTS:
            own = known_days(known, name)
            # left behind by a run that failed halfway: the campaigns' totals agree by now
            behind = {d for d, k in own.items() if _is_older(k, campaigns.get(d))}
            signs_of = ChangeSigns(changed_days=signs.changed_days | behind)
            wanted = plan_days(own, now, rule, signs_of)
            plan += self._slices(name, wanted, _fit_span(known, name, rule))
        plan += self._slices(CLICK, plan_days(known_days(known, CLICK), now, click_rule), 1)
        return plan + [
            Slice(name, "snapshot", parameters=self._parameters()) for name in DICTIONARIES
        ]

    def start(self, piece: Slice) -> Ready | Wait:
        """Nothing has to be prepared: the answer is asked for when it is fetched."""
        if piece.resource not in RESOURCES:
            raise BadInput(
                f"google_ads cannot start {piece.resource}/{piece.key}: it knows "
                f"{', '.join(RESOURCES)}"
            )
        token = {"resource": piece.resource, **(piece.parameters or self._parameters())}
        if piece.interval is not None:
            token["date_from"] = piece.interval.date_from.isoformat()
            token["date_to"] = piece.interval.date_to.isoformat()
        elif RESOURCES[piece.resource].day_column:
            raise BadInput(f"google_ads {piece.resource}/{piece.key} needs its days")
        return Ready(token)

    def poll(self, token: Token) -> Ready | Wait:
        """Every token is ready."""
        return Ready(token)

    def fetch(self, token: Token) -> Iterator[Batch]:
        """Stream the rows; raises :class:`IncompleteAnswer` where they contradict a total."""
        span = None
        if "date_from" in token:
            days = (date.fromisoformat(token[name]) for name in ("date_from", "date_to"))
            span = Interval(*days)
        resource = str(token["resource"])
        yield from self._queries.read(resource, span, token["currency_code"], token["time_zone"])

    def check(self) -> Iterator[Capability]:
        """The account, then each resource by a query of a single row."""
        day = self._now().date() - timedelta(days=2)
        tries = {
            "account": lambda: self._queries.customer,
            **{name: lambda n=name: self._queries.try_out(n, day) for name in RESOURCES},
        }
        for name, attempt in tries.items():
            try:
                attempt()
            except TemporaryFailure:
                raise
            except ConnectorError as refusal:
                yield Capability(name, False, str(refusal))
            else:
                yield Capability(name, True)

    def _plan_window(
        self, known: list[KnownSlice], window: Interval, now: datetime, rule: DayRule
    ) -> list[Slice]:
        today = business_day(now, rule.zone)
        require_within_history(window, _months_before(today, KEPT_MONTHS), "Google Ads")
        wanted = window_days(window, now, rule)
        plan: list[Slice] = []
        for name in (CAMPAIGN_DAYS, *DEPENDENTS):
            plan += self._slices(name, wanted, _fit_span(known, name, rule))
        oldest = today - timedelta(days=KEPT_CLICK_DAYS)
        return plan + self._slices(CLICK, [day for day in wanted if day >= oldest], 1)

    def _slices(self, name: str, wanted: Iterable[date], most: int) -> list[Slice]:
        return [
            Slice(
                name,
                f"{span.date_from}_{span.date_to}",
                interval=span,
                parameters=self._parameters(),
            )
            for span in group_days(wanted, most)
        ]

    def _parameters(self) -> dict[str, str]:
        """What every row says of the account: asked once a run, not once an answer."""
        customer = self._queries.customer
        return {"currency_code": customer.currency_code, "time_zone": customer.zone.key}

    def _probe(
        self, campaigns: Mapping[date, KnownSlice], today: date, rule: DayRule
    ) -> frozenset[date]:
        """Landed days whose totals the vendor tells otherwise by now."""
        reach = self._options.number("probe_days", 90)
        first = today - timedelta(days=reach)
        settled = today - timedelta(days=rule.lookback_days)
        probed = {day: live for day, live in campaigns.items() if first <= day < settled}
        if not probed:
            return frozenset()
        span = Interval(min(probed), max(probed) + timedelta(days=1))
        totals = self._queries.read_day_totals(span)
        exact = ("cost_micros", "clicks", "impressions", "conversions")
        return differing_days(probed, totals, exact, FRACTION_SLACK) | differing_days(
            probed, totals, ("conversion_value_micros",), MICROS_SLACK
        )


def _fit_span(known: Iterable[KnownSlice], name: str, rule: DayRule) -> int:
    """Days one request may span: Google cuts very long streams, and a cut one is read again."""
    busiest = max((live.row_count for live in known if live.resource == name), default=0)
    return max(1, min(rule.most_days, ROWS_AIMED_AT // max(busiest, 1)))


def _is_older(own: KnownSlice, other: KnownSlice | None) -> bool:
    return other is not None and own.pulled_at < other.pulled_at


def _months_before(day: date, months: int) -> date:
    """The first of a month so many months ago."""
    count = day.year * 12 + day.month - 1 - months
    return date(count // 12, count % 12 + 1, 1)


CONNECTOR = GoogleAds
