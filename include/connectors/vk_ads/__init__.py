"""VK Ads (VK Реклама): daily figures of banners, the lists of ads, and the urls they lead to.

A cabinet's account is named by its number, or names it in ``user_id``; a token that opens another
cabinet is refused. With ``attribution`` ``impression`` (the default) a goal belongs to the day of
the show, as cost does, so past days grow; ``conversion`` dates it by itself.

Options: ``base_url`` (https://ads.vk.com; the vendor is moving to https://ads.vk.ru), ``user_id``,
``attribution``, ``history_from`` (365 days ago), ``lookback_days`` (3), ``probe_days`` (90),
``cost_tolerance`` (0: how far a day total may be off before the day is read again),
``accept_unproven`` (false: whether days that differ from the cabinet's totals are let in with a
finding), ``days_per_request`` (31, at most 92), ``include_today`` (false), ``time_zone``
(Europe/Moscow), ``currency_code`` (where the vendor does not say it), ``is_vat_included`` (false),
``page_size`` (50), ``requests_per_second`` (5). Credentials: ``client_id`` and ``client_secret``
(those of an agency with ``agency_client_id`` or ``agency_client_name``), or ``token``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import ClassVar

from include.connectors._change_windows import ChangeWindow, plan_windows
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
    Ready,
    RequestRefused,
    Resource,
    Slice,
    SourceProfile,
    Token,
    Wait,
)
from include.connectors.vk_ads.client import Client
from include.connectors.vk_ads.objects import Objects
from include.connectors.vk_ads.proof import COUNTS, MONEY
from include.connectors.vk_ads.schema import (
    BANNER_URL,
    LISTS,
    PERFORMANCE,
    PROFILE,
    RESOURCES,
)
from include.connectors.vk_ads.statistics import Statistics

HISTORY_DAYS = 365
"""The vendor keeps 366; the oldest may vanish between planning and asking."""
MOST_DAYS_PER_REQUEST = 92
FIRST_CHANGES = datetime(2015, 1, 1, tzinfo=UTC)
"""Before any object of the cabinet."""
LONGEST_CHANGES = timedelta(days=1461)
"""Each link is a request, so a first reading that breaks off should not begin anew."""
INDEX_LAG = timedelta(minutes=10)
SNAPSHOT = "snapshot"
OPTIONS = (
    "accept_unproven attribution base_url cost_tolerance currency_code days_per_request "
    "history_from include_today is_vat_included lookback_days page_size probe_days "
    "requests_per_second time_zone user_id"
)
"""Every name an account may set; see the module's text."""


class VkAds:
    """The connector of one cabinet; see the module's text."""

    source: ClassVar[str] = "vk_ads"
    version: ClassVar[str] = "1"
    resources: ClassVar[Mapping[str, Resource]] = RESOURCES
    max_waits: ClassVar[int] = 1
    profile: ClassVar[SourceProfile] = PROFILE

    def __init__(self, account: Account, now: Now, host: Host = LONE_HOST) -> None:
        options = Options(account, OPTIONS)
        self._options = options
        self._now = now
        self._zone = options.zone("time_zone", "Europe/Moscow")
        self._cost_tolerance = _read_tolerance(options)
        page_size = options.number("page_size", 50, 1, 250)
        attribution = options.choice("attribution", "impression", ("impression", "conversion"))
        self._client = Client(account, options, now, host)
        is_vat_included = options.flag("is_vat_included", False)
        self._statistics = Statistics(
            self._client,
            attribution,
            is_vat_included,
            page_size,
            accepts_unproven=options.flag("accept_unproven", False),
        )
        self._objects = Objects(self._client, page_size)

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        """Due days and days whose totals differ, the lists, and the urls changed since."""
        known = list(known)
        rule = self._make_rule(now)
        if window is not None:
            require_within_history(window, self._earliest(now), "VK Ads")
            return _to_slices(window_days(window, now, rule), rule)
        landed = known_days(known, PERFORMANCE)
        days = plan_days(landed, now, rule, self._probe(landed, now, rule))
        oldest = self._earliest(now)
        windows = plan_windows(
            known, BANNER_URL, now, FIRST_CHANGES, LONGEST_CHANGES, INDEX_LAG, INDEX_LAG
        )
        return [
            *_to_slices([day for day in days if day >= oldest], rule),
            *(Slice(name, SNAPSHOT) for name in LISTS),
            *(piece.to_slice(BANNER_URL) for piece in windows),
        ]

    def start(self, piece: Slice) -> Ready | Wait:
        """Nothing is prepared at the vendor: the token is the request."""
        if piece.resource not in RESOURCES or (
            piece.resource == PERFORMANCE and piece.interval is None
        ):
            raise BadInput(
                f"vk_ads cannot start {piece.resource}/{piece.key}: it knows "
                f"{', '.join(RESOURCES)}, and figures need their days"
            )
        token: dict[str, str] = {"resource": piece.resource, "key": piece.key}
        if piece.interval is not None:
            token["date_from"] = piece.interval.date_from.isoformat()
            token["date_to"] = piece.interval.date_to.isoformat()
        return Ready(token)

    def poll(self, token: Token) -> Ready | Wait:
        """Always ready."""
        return Ready(token)

    def fetch(self, token: Token) -> Iterator[Batch]:
        """Stream the rows; the proof comes last, so nothing may be kept before the end."""
        self._client.require_own_cabinet()
        if token["resource"] == PERFORMANCE:
            span = Interval(
                date.fromisoformat(token["date_from"]), date.fromisoformat(token["date_to"])
            )
            yield from self._statistics.read(span, business_day(self._now(), self._zone))
        elif token["resource"] == BANNER_URL:
            yield from self._objects.read_urls(ChangeWindow.from_key(token["key"]))
        else:
            yield from self._objects.read_list(token["resource"])

    def check(self) -> Iterator[Capability]:
        """The cabinet, its totals of yesterday, and one object of each list."""
        today = business_day(self._now(), self._zone)
        yesterday = Interval(today - timedelta(days=1), today)
        tries: dict[str, Callable[[], object]] = {
            "cabinet": lambda: (self._client.user_id, self._client.currency),
            PERFORMANCE: lambda: self._statistics.read_totals(yesterday),
        }
        for resource, name in LISTS.items():
            tries[resource] = lambda name=name: self._client.get(f"v2/{name}", {"limit": 1})
        for name, ask in tries.items():
            detail = ""
            try:
                ask()
            except (AccessDenied, RequestRefused, BadInput) as refusal:
                detail = str(refusal)
            yield Capability(name, not detail, detail)

    def _make_rule(self, now: datetime) -> DayRule:
        earliest = self._earliest(now)
        return DayRule(
            zone=self._zone,
            history_from=max(self._options.day("history_from", earliest), earliest),
            lookback_days=self._options.number("lookback_days", 3),
            includes_today=self._options.flag("include_today", False),
            most_days=self._options.number("days_per_request", 31, 1, MOST_DAYS_PER_REQUEST),
        )

    def _earliest(self, now: datetime) -> date:
        return business_day(now, self._zone) - timedelta(days=HISTORY_DAYS)

    def _probe(
        self, landed: Mapping[date, KnownSlice], now: datetime, rule: DayRule
    ) -> ChangeSigns:
        """Landed days whose totals of the whole cabinet are others by now."""
        today = business_day(now, self._zone)
        days = self._options.number("probe_days", 90, 0, HISTORY_DAYS)
        first = today - timedelta(days=days)
        settled_before = today - timedelta(days=rule.lookback_days)
        probed = {day: live for day, live in landed.items() if first <= day < settled_before}
        if not probed:
            return ChangeSigns()
        totals = self._statistics.read_totals(Interval(min(probed), max(probed) + timedelta(1)))
        return ChangeSigns(
            changed_days=differing_days(probed, totals, COUNTS)
            | differing_days(probed, totals, (MONEY,), self._cost_tolerance)
        )


def _to_slices(days: Iterable[date], rule: DayRule) -> list[Slice]:
    return [
        Slice(PERFORMANCE, f"{span.date_from}_{span.date_to}", interval=span)
        for span in group_days(days, rule.most_days)
    ]


def _read_tolerance(options: Options) -> Decimal:
    text = options.text("cost_tolerance", "0")
    try:
        tolerance = Decimal(text)
    except InvalidOperation:
        tolerance = Decimal(-1)
    if not tolerance.is_finite() or tolerance < 0:
        raise options.refuse("cost_tolerance", "must be an amount like 0.05, in quotes", text)
    return tolerance


CONNECTOR = VkAds
