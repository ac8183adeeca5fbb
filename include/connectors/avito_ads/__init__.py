"""Avito Ads (Авито Реклама): daily figures of creatives and the lists of ads.

The account is named by its number, or names it in ``account_id``; a client of an agency is an
account of its own, read with the agency's credentials. Money is whole roubles, bonuses apart.

Options: ``base_url`` (https://api.avito.ru), ``prefix`` (ads, or ads-sandbox), ``account_id``,
``history_from`` (90 days ago), ``lookback_days`` (3), ``probe_days`` (90, at most 100),
``days_per_request`` (31, at most 100), ``include_today`` (false), ``time_zone`` (Europe/Moscow),
``currency_code`` (RUB), ``is_vat_included`` (false), ``page_size`` (100), ``requests_per_minute``
(450). Credentials: ``client_id`` and ``client_secret``; a ``token`` without them lasts a day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import ClassVar

from include.connectors._day_plan import (
    ChangeSigns,
    DayRule,
    business_day,
    differing_days,
    group_days,
    known_days,
    plan_days,
    window_days,
)
from include.connectors._options import Options
from include.connectors.avito_ads.client import Client
from include.connectors.avito_ads.objects import read_list
from include.connectors.avito_ads.schema import FIGURES, LISTS, PERFORMANCE, PROFILE, RESOURCES
from include.connectors.avito_ads.statistics import MOST_DAYS, Statistics
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
    Ready,
    RequestRefused,
    Resource,
    Slice,
    SourceProfile,
    Token,
    Wait,
)

HISTORY_DAYS = 90
SNAPSHOT = "snapshot"
OPTIONS = (
    "account_id base_url currency_code days_per_request history_from include_today "
    "is_vat_included lookback_days page_size prefix probe_days requests_per_minute time_zone"
)
"""Every name an account may set; see the module's text."""


class AvitoAds:
    """The connector of one advertising account; see the module's text."""

    source: ClassVar[str] = "avito_ads"
    version: ClassVar[str] = "1"
    resources: ClassVar[Mapping[str, Resource]] = RESOURCES
    max_waits: ClassVar[int] = 1
    profile: ClassVar[SourceProfile] = PROFILE

    def __init__(self, account: Account, now: Now, host: Host = LONE_HOST) -> None:
        options = Options(account, OPTIONS)
        self._options = options
        self._now = now
        self._zone = options.zone("time_zone", "Europe/Moscow")
        self._currency = options.text("currency_code", "RUB")
        constants = {
            "currency_code": self._currency,
            "is_vat_included": options.flag("is_vat_included", False),
        }
        self._client = Client(account, options, now, host)
        self._statistics = Statistics(self._client, self._zone, constants)

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        """Due days and days whose totals differ, then the lists."""
        rule = self._make_rule(now)
        if window is not None:
            return _to_slices(window_days(window, now, rule), rule)
        landed = known_days(known, PERFORMANCE)
        days = plan_days(landed, now, rule, self._probe(landed, now, rule))
        return [*_to_slices(days, rule), *(Slice(name, SNAPSHOT) for name in LISTS)]

    def start(self, piece: Slice) -> Ready | Wait:
        """Nothing is prepared at the vendor: the token is the request."""
        if piece.resource not in RESOURCES or (
            piece.resource == PERFORMANCE and piece.interval is None
        ):
            raise BadInput(
                f"avito_ads cannot start {piece.resource}/{piece.key}: it knows "
                f"{', '.join(RESOURCES)}, and figures need their days"
            )
        token: dict[str, str] = {"resource": piece.resource}
        if piece.interval is not None:
            token["date_from"] = piece.interval.date_from.isoformat()
            token["date_to"] = piece.interval.date_to.isoformat()
        return Ready(token)

    def poll(self, token: Token) -> Ready | Wait:
        """Always ready."""
        return Ready(token)

    def fetch(self, token: Token) -> Iterator[Batch]:
        """Stream the rows, a campaign at a time."""
        if token["resource"] == PERFORMANCE:
            span = Interval(
                date.fromisoformat(token["date_from"]), date.fromisoformat(token["date_to"])
            )
            yield from self._statistics.read(span, business_day(self._now(), self._zone))
        else:
            yield from read_list(self._client, token["resource"], self._currency)

    def check(self) -> Iterator[Capability]:
        """The account, the totals of yesterday, and one object of each list."""
        today = business_day(self._now(), self._zone)
        yesterday = Interval(today - timedelta(days=1), today)
        tries: dict[str, Callable[[], object]] = {
            "account": lambda: self._client.get(""),
            PERFORMANCE: lambda: self._statistics.read_totals(yesterday),
        }
        for resource, name in LISTS.items():
            one = {"filter": {}, "limit": 1, "page": 1}
            tries[resource] = lambda name=name, one=one: self._client.post(name, one)
        for name, ask in tries.items():
            detail = ""
            try:
                ask()
            except (AccessDenied, RequestRefused) as refusal:
                detail = str(refusal)
            yield Capability(name, not detail, detail)

    def _make_rule(self, now: datetime) -> DayRule:
        default = business_day(now, self._zone) - timedelta(days=HISTORY_DAYS)
        return DayRule(
            zone=self._zone,
            history_from=self._options.day("history_from", default),
            lookback_days=self._options.number("lookback_days", 3),
            includes_today=self._options.flag("include_today", False),
            most_days=self._options.number("days_per_request", 31, 1, MOST_DAYS),
        )

    def _probe(
        self, landed: Mapping[date, KnownSlice], now: datetime, rule: DayRule
    ) -> ChangeSigns:
        """Landed days whose totals of all campaigns are others by now.

        The vendor has no figures of a whole account; those of a campaign come with all below it,
        which is not read.
        """
        today = business_day(now, self._zone)
        first = today - timedelta(days=self._options.number("probe_days", 90, 0, MOST_DAYS))
        settled_before = today - timedelta(days=rule.lookback_days)
        probed = {day: live for day, live in landed.items() if first <= day < settled_before}
        if not probed:
            return ChangeSigns()
        told = self._statistics.read_totals(Interval(min(probed), max(probed) + timedelta(1)))
        controls = RESOURCES[PERFORMANCE].control_columns
        totals = {
            day: {column: Decimal(figures[FIGURES[column]]) for column in controls}
            for day, figures in told.items()
        }
        return ChangeSigns(changed_days=differing_days(probed, totals, controls))


def _to_slices(days: Iterable[date], rule: DayRule) -> list[Slice]:
    return [
        Slice(PERFORMANCE, f"{span.date_from}_{span.date_to}", interval=span)
        for span in group_days(days, rule.most_days)
    ]


CONNECTOR = AvitoAds
