"""CallRail: calls by days of the account, form submissions, conversations, and small lists.

The vendor does not tell what changed. Calls that came late, vanished as spam or were marked as a
good lead later are found by its own counts of each of the last 90 days, one request; what no count
shows (tags, notes, values) is put right by reading a few of the stalest days again on every run.

Options of an account: ``account_id`` (``ACC…``; the account's name by default), ``time_zone`` (that
of its companies; needed where they differ), ``history_from`` (30 days ago), ``lookback_days`` (7),
``days_per_request`` (31), ``page_rows`` (250), ``include_today`` (false), ``extra_fields`` (more
fields of calls, kept in the payload), ``has_lead_counts`` (true; false where the vendor's count of
leads means something else), ``base_url``. Credentials: ``token``, the API key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

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
from include.connectors._records import RecordReader
from include.connectors.callrail.answers import AnswerReader
from include.connectors.callrail.lists import Lists
from include.connectors.callrail.schema import (
    CALL,
    CALL_ASKED,
    CALL_KNOWN,
    CALL_SCHEMA,
    COMPANY,
    CONVERSATION,
    FORM,
    LIST_SCHEMAS,
    PROFILE,
    RESOURCES,
    TAG,
    TRACKER,
    USER,
    call_columns,
    list_columns,
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

DEFAULT_BASE_URL = "https://api.callrail.com"
RATES = (Rate(1_000, 3_600.0), Rate(10_000, 86_400.0))
MOST_PER_PAGE = 250
HISTORY_DAYS = 30
COUNTED_DAYS = 90
STALE_DAYS = 5
RESTED = timedelta(hours=20)
PATHS = {
    FORM: ("form_submissions", "form_submissions"),
    CONVERSATION: ("text-messages", "conversations"),
    COMPANY: ("companies", "companies"),
    TRACKER: ("trackers", "trackers"),
    USER: ("users", "users"),
    TAG: ("tags", "tags"),
}
"""Resource → its path and the key of its rows."""
STATES = frozenset({"good_lead", "not_a_lead", "previously_marked_good_lead"})
OPTIONS = (
    "account_id base_url days_per_request extra_fields has_lead_counts history_from include_today "
    "lookback_days page_rows time_zone"
)
"""Every name an account may set; see the module's text."""


class CallRail:
    """The connector of one account; see the module's text."""

    source: ClassVar[str] = "callrail"
    version: ClassVar[str] = "1"
    resources: ClassVar[Mapping[str, Resource]] = RESOURCES
    max_waits: ClassVar[int] = 1
    profile: ClassVar[SourceProfile] = PROFILE

    def __init__(self, account: Account, now: Now, host: Host = LONE_HOST) -> None:
        options = Options(account, OPTIONS)
        key = options.secret("token", "an API key of CallRail")
        self._name = account.name
        self._options = options
        self._now = now
        self._lookback_days = options.number("lookback_days", 7)
        self._most_days = options.number("days_per_request", 31, 1, 366)
        self._includes_today = options.flag("include_today", False)
        self._has_lead_counts = options.flag("has_lead_counts", True)
        self._fields = ",".join((*CALL_ASKED, *options.texts("extra_fields")))
        self._history_from = options.day(
            "history_from", now().date() - timedelta(days=HISTORY_DAYS)
        )
        http = HttpSession(
            options.text("base_url", DEFAULT_BASE_URL),
            {"Authorization": f"Token token={key}", "Accept": "application/json"},
            secrets=[key],
            sleep=host.sleep,
            limiter=host.share_limit("requests", RATES),
        )
        self._lists = Lists(
            http,
            AnswerReader(account.name, http.scrubber, now),
            options.text("account_id", account.name),
            options.number("page_rows", MOST_PER_PAGE, 1, MOST_PER_PAGE),
        )

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        """Days due, days counted otherwise by the vendor, a few stale ones; then the lists."""
        rule = DayRule(
            self._zone,
            self._history_from,
            self._lookback_days,
            self._includes_today,
            self._most_days,
        )
        if window is not None:
            days = window_days(window, now, rule)
        else:
            days = self._find_due_days(known_days(known, CALL), now, rule)
        pieces = [
            Slice(CALL, f"{span.date_from}_{span.date_to}", interval=span)
            for span in group_days(days, self._most_days)
        ]
        if window is None:
            pieces += [Slice(resource, "snapshot") for resource in PATHS]
        return pieces

    def start(self, piece: Slice) -> Ready | Wait:
        """Nothing is prepared by the vendor: the token is the question."""
        if piece.resource in PATHS:
            return Ready({"resource": piece.resource})
        if piece.resource != CALL or piece.interval is None:
            raise BadInput(
                f"callrail cannot start {piece.resource}/{piece.key}: it knows "
                f"{', '.join(RESOURCES)}, and calls need their days"
            )
        span = piece.interval
        return Ready(
            {
                "resource": CALL,
                "from": str(span.date_from),
                "to": str(span.date_to),
                "zone": self._zone.key,
            }
        )

    def poll(self, token: Token) -> Ready | Wait:
        """Always ready."""
        return Ready(token)

    def fetch(self, token: Token) -> Iterator[Batch]:
        """The rows, page by page, proven complete by the vendor's own count."""
        if token["resource"] == CALL:
            yield from self._read_calls(token)
        else:
            yield from self._read_list(str(token["resource"]))

    def check(self) -> Iterator[Capability]:
        """The account, its calls of yesterday, and one row of every list."""
        yesterday = str(self._now().date() - timedelta(days=1))
        tries = {"account": ("", {}), CALL: ("calls", {"start_date": yesterday})}
        tries |= {resource: (path, {}) for resource, (path, _) in PATHS.items()}
        for name, (path, params) in tries.items():
            try:
                self._lists.get(path, **params, per_page=1)
            except TemporaryFailure:
                raise
            except ConnectorError as refusal:
                yield Capability(name, False, str(refusal))
            else:
                yield Capability(name, True)

    @cached_property
    def _zone(self) -> ZoneInfo:
        """Whose days the account's dates are."""
        if self._options.text("time_zone"):
            return self._options.zone("time_zone", "UTC")
        rows = [row for page in self._lists.walk("companies", "companies") for row in page]
        zones = {str(row["time_zone"]) for row in rows if row.get("time_zone")}
        if len(zones) == 1:
            return ZoneInfo(zones.pop())
        raise self._options.refuse(
            "time_zone",
            f"must be set: the companies of the account live in {sorted(zones) or 'no zone'}, and "
            "CallRail's dates are days of the account's own zone",
            None,
        )

    def _find_due_days(
        self, known: Mapping[date, KnownSlice], now: datetime, rule: DayRule
    ) -> list[date]:
        due = set(plan_days(known, now, rule))
        today = business_day(now, rule.zone)
        first = today - timedelta(days=COUNTED_DAYS)
        settled = {day: live for day, live in known.items() if first <= day and day not in due}
        changed = stalest_days(settled, now, RESTED, STALE_DAYS)
        if settled:
            counts = self._lists.count_days(Interval(min(settled), max(settled) + timedelta(1)))
            changed |= recounted_days(settled, lambda span: self._add_up(counts, span), 1)
        return plan_days(known, now, rule, ChangeSigns(changed_days=changed))

    def _add_up(
        self, counts: Mapping[date, Mapping[str, int]], span: Interval
    ) -> Mapping[str, int]:
        told = counts.get(span.date_from, {})
        names = ("rows", "is_answered", "is_good_lead")[: 3 if self._has_lead_counts else 2]
        return {name: told.get(name, 0) for name in names}

    def _read_calls(self, token: Token) -> Iterator[Batch]:
        """Calls of whole days of the zone, oldest first."""
        zone = ZoneInfo(str(token["zone"]))
        reader = RecordReader(
            "CallRail calls",
            CALL_SCHEMA,
            call_columns(zone),
            {"account_id": self._name},
            payload="payload",
            ignored=CALL_KNOWN,
        )
        first = date.fromisoformat(token["from"])
        last = date.fromisoformat(token["to"]) - timedelta(days=1)
        told: set[str] = set()
        for page in self._lists.walk(
            "calls",
            "calls",
            start_date=str(first),
            end_date=str(last),
            fields=self._fields,
            sort="start_time",
            order="asc",
        ):
            batch = reader.read(page)
            self._require_days(batch, first, last)
            new = sorted({str(row["lead_status"]) for row in _marked(page)} - STATES - told)
            told.update(new)
            findings = (*batch.findings, *(f"unknown lead_status {value}" for value in new))
            yield Batch(batch.rows, batch.rejected, findings)

    def _require_days(self, batch: Batch, first: date, last: date) -> None:
        """A day that was not asked for means that the vendor counts days in another zone."""
        days = [] if batch.rows is None else batch.rows["call_date"].unique().to_pylist()
        if any(not first <= day <= last for day in days):
            raise self._options.refuse(
                "time_zone",
                f"must be that of the account: asked for {first} to {last}, CallRail told calls "
                f"of {min(days)} to {max(days)}",
                self._options.text("time_zone") or None,
            )

    def _read_list(self, resource: str) -> Iterator[Batch]:
        path, key = PATHS[resource]
        reader = RecordReader(
            f"CallRail {path}",
            LIST_SCHEMAS[resource],
            list_columns(resource),
            {"account_id": self._name},
            payload="payload",
        )
        params: dict[str, Any] = {}
        if resource == CONVERSATION:
            # without dates only the recent week is told
            params = {"start_date": str(self._history_from), "end_date": str(self._now().date())}
        for page in self._lists.walk(path, key, **params):
            batch = reader.read(page)
            # most fields are kept in the payload only: to name them on every run tells nothing
            yield Batch(batch.rows, batch.rejected)


def _marked(page: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return (row for row in page if row.get("lead_status") is not None)


CONNECTOR = CallRail
