"""MoySklad, JSON API 1.2: orders, documents and their positions, partners, goods, stock, profit.

Options of an account: ``base_url``; ``history_from`` (a year ago), the first day of changes and
of reports: cards nobody has touched since stay unread, so name a day before the oldest one that
matters; ``lookback_days`` (3) of the daily reports; ``days_per_window`` (31);
``page_size`` (1000); ``request_weight`` (4), units one request costs: 1 for the token of a
published solution; ``custom_fields``, which additional field (id or name) fills ``crm_deal_id``;
``leave_out``, resources the user may not read; ``allow_mass_deletion`` (false) for one run in
which more than half of a list is really gone. Credentials: ``token``, or ``login`` with the
password as ``token``.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import ClassVar

from include.connectors._change_windows import ChangeWindow, plan_windows, split_window
from include.connectors._day_plan import (
    ChangeSigns,
    DayRule,
    business_day,
    comparable_days,
    group_days,
    known_days,
    plan_days,
    window_days,
)
from include.connectors._options import Options
from include.connectors.moysklad.api import LONGEST_PAGE, MOSCOW, Api
from include.connectors.moysklad.reading import Reading
from include.connectors.moysklad.schema import (
    CHECKPOINT,
    DAILY,
    PROFILE,
    RESOURCES,
    SCANS,
    WINDOWED,
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
    Ready,
    Resource,
    Slice,
    SourceProfile,
    TemporaryFailure,
    Token,
    Wait,
)

DEFAULT_BASE_URL = "https://api.moysklad.ru"
HISTORY_DAYS = 365
OVERLAP = timedelta(minutes=10)
MOST_DAYS = 31
PROBED_DAYS = 91
DAYS_PER_PROBE = 7
TOLERANCE = Decimal("0.01")
CHECKED = {
    "customer orders": "entity/customerorder",
    "shipments": "entity/demand",
    "payments": "entity/paymentin",
    "partners": "entity/counterparty",
    "goods": "entity/product",
    "stock report": "report/stock/bystore",
    "profit report": "report/profit/byproduct",
}
OPTIONS = (
    "allow_mass_deletion base_url custom_fields days_per_window history_from leave_out "
    "lookback_days page_size request_weight"
)
"""Every name an account may set; see the module's text."""


class MoySklad:
    """The connector of one account; see the module's text."""

    source: ClassVar[str] = "moysklad"
    version: ClassVar[str] = "1"
    resources: ClassVar[Mapping[str, Resource]] = RESOURCES
    max_waits: ClassVar[int] = 1
    profile: ClassVar[SourceProfile] = PROFILE

    def __init__(self, account: Account, now: Now, host: Host = LONE_HOST) -> None:
        options = Options(account, OPTIONS)
        secret = options.secret("token", "an access token, or a password beside a login,")
        authorization, secrets = f"Bearer {secret}", [secret]
        if login := account.credentials.get("login"):
            basic = base64.b64encode(f"{login}:{secret}".encode()).decode()
            authorization, secrets = f"Basic {basic}", [secret, basic]
        self._options = options
        self._lookback_days = options.number("lookback_days", 3)
        self._longest = timedelta(days=options.number("days_per_window", 31, 1, 366))
        self._left_out = options.texts("leave_out")
        unknown = sorted(set(self._left_out) - set(RESOURCES) | {CHECKPOINT} & set(self._left_out))
        if unknown:
            allowed = ", ".join(name for name in RESOURCES if name != CHECKPOINT)
            raise options.refuse("leave_out", f"may name {allowed}", unknown)
        self._api = Api(
            account.name,
            options.text("base_url") or DEFAULT_BASE_URL,
            authorization,
            secrets,
            options.number("request_weight", 4, 1, 45),
            now,
            host,
            options.number("page_size", LONGEST_PAGE, 1, LONGEST_PAGE),
        )
        self._reading = Reading(
            self._api,
            account.name,
            options.mapping("custom_fields", ("crm_deal_id",)),
            options.flag("allow_mass_deletion", default=False),
        )

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        """Gaps in the windows of changes, due days, dictionaries and scans; stores come last.

        The checkpoint remembers up to when changed documents were looked for. A ``window`` asks
        for its days alone and moves no checkpoint.
        """
        known = list(known)
        today = business_day(now, MOSCOW)
        history = self._options.day("history_from", today - timedelta(days=HISTORY_DAYS))
        rule = DayRule(MOSCOW, history, self._lookback_days, most_days=MOST_DAYS)
        wanted = [name for name in RESOURCES if name not in self._left_out]
        if window is not None:
            return [
                *self._plan_window(window, now, wanted),
                *self._plan_days(
                    {name: window_days(window, now, rule) for name in wanted if name in DAILY}
                ),
            ]
        changes = [
            piece.to_slice(name)
            for name in wanted
            if name in WINDOWED
            for piece in plan_windows(
                known, name, now, _midnight(history), self._longest, overlap=OVERLAP
            )
        ]
        signs = self._find_signs(known, now)
        due = {
            name: plan_days(known_days(known, name), now, rule, signs.get(name, ChangeSigns()))
            for name in wanted
            if name in DAILY
        }
        rows = {k.resource: k.row_count for k in known if k.resource in SCANS}
        whole = [
            Slice(name, "scan", parameters={"known_rows": rows.get(name, 0)})
            if name in SCANS
            else Slice(name, "snapshot")
            for name in wanted
            if name not in (*WINDOWED, *DAILY, CHECKPOINT)
        ]
        watermark = now.astimezone(UTC).isoformat()
        last = Slice(CHECKPOINT, "snapshot", watermark=watermark, is_checkpoint=True)
        return [*changes, *self._plan_days(due), *whole, last]

    def start(self, piece: Slice) -> Ready | Wait:
        """Every answer is there at once."""
        if piece.resource not in RESOURCES:
            raise BadInput(f"moysklad has no resource {piece.resource}")
        token = {"resource": piece.resource, "key": piece.key, **piece.parameters}
        if piece.interval is not None:
            token["days"] = [str(piece.interval.date_from), str(piece.interval.date_to)]
        return Ready(token)

    def poll(self, token: Token) -> Ready | Wait:
        """Nothing is prepared at the vendor."""
        return Ready(token)

    def fetch(self, token: Token) -> Iterator[Batch]:
        """Stream the rows of a window, of days, of a dictionary or a scan."""
        resource = token["resource"]
        if resource in WINDOWED:
            yield from self._reading.read_window(resource, token["key"])
        elif resource in DAILY:
            begin, end = (date.fromisoformat(day) for day in token["days"])
            yield from self._reading.read_days(resource, Interval(begin, end))
        elif resource in SCANS:
            yield from self._reading.read_scan(resource, int(token.get("known_rows", 0)))
        else:
            yield from self._reading.read_snapshot(resource)

    def check(self) -> Iterator[Capability]:
        """One row of every list and report."""
        for name, path in CHECKED.items():
            try:
                self._api.get(path, {"limit": 1})
            except TemporaryFailure:
                raise
            except ConnectorError as refusal:
                yield Capability(name, False, str(refusal))
            else:
                yield Capability(name, True)

    def _plan_window(self, window: Interval, now: datetime, wanted: list[str]) -> list[Slice]:
        begin, end = _midnight(window.date_from), min(_midnight(window.date_to), now)
        asked = ChangeWindow(begin, end.replace(microsecond=0))
        return [
            piece.to_slice(name)
            for name in wanted
            if name in WINDOWED
            for piece in split_window(asked, self._longest)
        ]

    def _plan_days(self, days: Mapping[str, list[date]]) -> list[Slice]:
        return [
            Slice(name, f"{span.date_from}_{span.date_to}", interval=span)
            for name, due in days.items()
            for span in group_days(due, MOST_DAYS)
        ]

    def _find_signs(self, known: list[KnownSlice], now: datetime) -> Mapping[str, ChangeSigns]:
        """Which days of the past changed since the last complete run.

        Stock follows from documents, and those say when they were changed: from the earliest of
        their days on every level may differ. Profit differs on the days of changed shipments and
        returns; what a late purchase does to costs, and the day a document was moved away from,
        is found by the sums of whole weeks.
        """
        pulled = [k.pulled_at for k in known if k.resource in DAILY]
        if not pulled:
            return {}
        marks = [k.watermark for k in known if k.resource == CHECKPOINT and k.watermark]
        since = datetime.fromisoformat(max(marks)) if marks else min(pulled)
        changes = self._reading.find_changes(since - OVERLAP, now)
        first = business_day(now, MOSCOW) - timedelta(days=PROBED_DAYS)
        pulled_days = known_days(known, "profit_daily")
        profit = comparable_days({d: k for d, k in pulled_days.items() if d >= first})
        odd = {
            day
            for week in group_days(profit, DAYS_PER_PROBE)
            for day in self._find_odd_days(week, profit)
        }
        return {
            "stock_daily": ChangeSigns(changes.earliest),
            "profit_daily": ChangeSigns(changed_days=changes.sales_days | odd),
        }

    def _find_odd_days(self, week: Interval, profit: Mapping[date, KnownSlice]) -> list[date]:
        """All days of a week whose sum is not what was landed of it."""
        days = [
            week.date_from + timedelta(days=n) for n in range((week.date_to - week.date_from).days)
        ]
        for column, told in self._reading.sum_profit(week).items():
            landed = sum(Decimal(profit[day].totals.get(column, 0)) for day in days)
            if abs(told - landed) > TOLERANCE:
                return days
        return []


def _midnight(day: date) -> datetime:
    """Moscow's."""
    return datetime.combine(day, time(), MOSCOW).astimezone(UTC)


CONNECTOR = MoySklad
