"""Meta Ads (Facebook, Instagram): daily figures by ad and placement, actions, and the ads.

Days are those of the ad account's zone, money is millionths of its currency. Figures move for 28
days: the last days are read again on every run, older ones when the account's own day totals of
the last 90 days, one cheap request, differ from what has landed.

Options of an account: ``account_id`` (``act_`` and digits; the account's name by default),
``base_url``, ``api_version`` (v26.0), ``lookback_days`` (3), ``history_from`` (30 days ago),
``include_today`` (false), ``days_per_request`` (31), ``page_rows`` (500), ``is_vat_included``
(false), ``tolerance_ppm`` (100: how far sums of ads may be from the account's own, millionths).
Credentials: ``token``, and ``app_secret`` where the app requires a proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

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
from include.connectors._http import HttpSession
from include.connectors._options import Options
from include.connectors.meta_ads.answers import AnswerReader
from include.connectors.meta_ads.graph import Graph, prove
from include.connectors.meta_ads.insights import MONEY, Insights, months_before
from include.connectors.meta_ads.rows import OBJECT_STATUSES, ObjectReader
from include.connectors.meta_ads.schema import (
    ACTION,
    AD,
    AD_SET,
    CAMPAIGN,
    PERFORMANCE,
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

DEFAULT_BASE_URL = "https://graph.facebook.com"
DEFAULT_VERSION = "v26.0"
DEFAULT_HISTORY_DAYS = 30
MONTHS_KEPT = 37
PROBED_DAYS = 90
CALLS = Rate(600, 60)
"""Far below Meta's own budgets, which it tells in shares only."""
COST_TOLERANCE = Decimal(10_000)
"""A hundredth of the currency, in millionths."""
DAILY = (PERFORMANCE, ACTION)
EDGES = {CAMPAIGN: ("campaigns", "campaign"), AD_SET: ("adsets", "adset"), AD: ("ads", "ad")}
"""Resource → its list, and how filters call its kind."""
OBJECT_FIELDS = {
    CAMPAIGN: "id,name,status,effective_status,objective,start_time,stop_time,updated_time",
    AD_SET: "id,name,campaign_id,status,effective_status,updated_time",
    AD: "id,name,adset_id,campaign_id,status,effective_status,updated_time,"
    "creative{id,url_tags,object_story_spec,effective_object_story_id}",
}
OPTIONS = (
    "account_id api_version base_url days_per_request history_from include_today is_vat_included "
    "lookback_days page_rows tolerance_ppm"
)
"""Every name an account may set; see the module's text."""


class MetaAds:
    """The connector of one ad account; see the module's text."""

    source: ClassVar[str] = "meta_ads"
    version: ClassVar[str] = "1"
    resources: ClassVar[Mapping[str, Resource]] = RESOURCES
    max_waits: ClassVar[int] = 6
    profile: ClassVar[SourceProfile] = PROFILE

    def __init__(self, account: Account, now: Now, host: Host = LONE_HOST) -> None:
        options = Options(account, OPTIONS)
        token = options.secret("token", "the access token of a system user with ads_read")
        self._name = account.name
        self._options = options
        self._lookback_days = options.number("lookback_days", 3)
        self._most_days = options.number("days_per_request", 31, 1, 92)
        self._includes_today = options.flag("include_today", False)
        self._page_rows = options.number("page_rows", 500, 1, 5000)
        secret = account.credentials.get("app_secret", "")
        proof = prove(token, secret) if secret else ""
        http = HttpSession(
            base_url=options.text("base_url", DEFAULT_BASE_URL),
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
            secrets=[text for text in (token, secret, proof) if text],
            sleep=host.sleep,
            limiter=host.share_limit("calls", [CALLS]),
        )
        self._graph = Graph(
            http,
            AnswerReader(account.name, http.scrubber, now),
            options.text("api_version", DEFAULT_VERSION),
            self._read_account_id(options, account.name),
            {"appsecret_proof": proof} if proof else {},
            host.sleep,
        )
        self._insights = Insights(
            self._graph,
            account.name,
            now,
            self._page_rows,
            options.number("tolerance_ppm", 100, 0, 1_000_000),
            options.flag("is_vat_included", False),
        )

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        """Due and changed days of both reports in bounded requests, then the three lists."""
        known = list(known)
        zone = self._graph.facts.zone
        today = business_day(now, zone)
        earliest = months_before(today, MONTHS_KEPT) + timedelta(days=1)
        wanted_from = self._options.day(
            "history_from", today - timedelta(days=DEFAULT_HISTORY_DAYS)
        )
        rule = DayRule(
            zone,
            max(wanted_from, earliest),
            self._lookback_days,
            self._includes_today,
            self._most_days,
        )
        if window is not None:
            require_within_history(window, earliest, "Meta")
            days = dict.fromkeys(DAILY, window_days(window, now, rule))
        else:
            days = self._find_due_days(known, now, rule)
        pieces = [
            Slice(resource, f"{span.date_from}_{span.date_to}", interval=span)
            for resource in DAILY
            for span in group_days(days[resource], self._most_days)
        ]
        if window is None:
            pieces += [Slice(resource, "snapshot") for resource in EDGES]
        return pieces

    def start(self, piece: Slice) -> Ready | Wait:
        """Submit a report run; a list needs no preparation."""
        if piece.resource in EDGES:
            return Ready({"resource": piece.resource})
        if piece.resource not in DAILY or piece.interval is None:
            raise BadInput(
                f"meta_ads cannot start {piece.resource}/{piece.key}: it knows "
                f"{', '.join(RESOURCES)}, and a report needs its days"
            )
        return self._insights.submit(piece.resource, piece.interval)

    def poll(self, token: Token) -> Ready | Wait:
        """Look at the runs of a report."""
        return Ready(token) if token["resource"] in EDGES else self._insights.poll(token)

    def fetch(self, token: Token) -> Iterator[Batch]:
        """Stream the rows; those of a report are proven by the account's own totals."""
        if token["resource"] in EDGES:
            yield from self._read_objects(str(token["resource"]))
        else:
            yield from self._insights.read(token)

    def check(self) -> Iterator[Capability]:
        """The account itself, its figures of one day, and each list."""
        tries: list[tuple[str, Callable[[], Any]]] = [
            ("account", lambda: self._graph.facts),
            ("insights", self._try_insights),
        ]
        for resource, (edge, _) in EDGES.items():
            path = f"{self._graph.account}/{edge}"
            tries.append((resource, lambda path=path: self._graph.get(path, limit=1, fields="id")))
        for name, attempt in tries:
            try:
                attempt()
            except TemporaryFailure:
                raise
            except ConnectorError as refusal:
                yield Capability(name, False, str(refusal))
            else:
                yield Capability(name, True)

    def _try_insights(self) -> None:
        self._graph.get(
            f"{self._graph.account}/insights",
            level="account",
            date_preset="yesterday",
            fields="spend",
        )

    def _find_due_days(
        self, known: list[KnownSlice], now: datetime, rule: DayRule
    ) -> dict[str, list[date]]:
        """By look-back, and by comparing the account's day totals with what has landed."""
        today = business_day(now, rule.zone)
        first = today - timedelta(days=PROBED_DAYS)
        landed = {
            resource: {
                day: live
                for day, live in known_days(known, resource).items()
                if first <= day < today
            }
            for resource in DAILY
        }
        totals = {}
        if any(landed.values()):
            totals = self._insights.read_day_totals(Interval(first, today))
        due = {}
        for resource in DAILY:
            changed: frozenset[date] = frozenset()
            for column in RESOURCES[resource].control_columns:
                tolerance = COST_TOLERANCE if column in MONEY else Decimal(0)
                changed |= differing_days(landed[resource], totals, [column], tolerance)
            signs = ChangeSigns(changed_days=changed)
            due[resource] = plan_days(known_days(known, resource), now, rule, signs)
        return due

    def _read_objects(self, resource: str) -> Iterator[Batch]:
        """A whole list; an empty one is believed only when it comes twice."""
        edge, kind = EDGES[resource]
        reader = ObjectReader(resource, self._name)
        for _ in range(2):
            found = 0
            for page in self._graph.walk(
                f"{self._graph.account}/{edge}",
                min(self._page_rows, 200),
                fields=OBJECT_FIELDS[resource],
                filtering=[
                    {
                        "field": f"{kind}.effective_status",
                        "operator": "IN",
                        "value": sorted(OBJECT_STATUSES),
                    }
                ],
            ):
                found += len(page)
                yield reader.read(page)
            if found:
                return

    @staticmethod
    def _read_account_id(options: Options, name: str) -> str:
        text = options.text("account_id", name)
        digits = text.removeprefix("act_")
        if not digits.isascii() or not digits.isdigit():
            raise options.refuse("account_id", "must be act_ and digits", text)
        return f"act_{digits}"


CONNECTOR = MetaAds
