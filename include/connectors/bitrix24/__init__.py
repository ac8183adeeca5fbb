"""Bitrix24: leads, deals, contacts, companies, their history, calls, activities and invoices.

Classic REST of one portal, through an incoming webhook (``login`` its user's number, ``token`` its
secret) or an application (``client_id``, ``client_secret``, ``refresh_token``, which the vendor
replaces at each use). ``host`` is the portal's address.

Entities are read by change windows; what was deleted or merged away is in no newer ``*_scan``.
Calls are days of ``time_zone``. Telephones and e-mails are as typed.

Options: ``base_url``, ``oauth_url``, ``plan`` (standard or enterprise, which has a larger rate
limit), ``history_from`` (2012-04-01), ``window_days`` (366) of changes in one slice,
``overlap_minutes`` (15), ``time_zone`` (Europe/Moscow), ``lookback_days`` (3) ``calls_from`` (three
years ago, but not before ``history_from``), ``days_per_request`` (31) of calls, ``leave_out``
(resources to leave out), ``allow_mass_deletion`` (false), ``custom_fields`` (role: field of the
portal, or several by commas, the first filled one wins; roles are ``metrica_client_id``,
``ga_client_id``, ``yclid``, ``gclid``, ``click_id``, ``roistat_id``, ``inn``, ``kpp``,
``lost_reason_id``, ``first_reply_at``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar

from include.connectors._change_windows import ChangeWindow, plan_windows, split_window
from include.connectors._day_plan import (
    ChangeSigns,
    DayRule,
    group_days,
    known_days,
    plan_days,
    window_days,
)
from include.connectors._options import Options
from include.connectors.bitrix24.columns import ROLES
from include.connectors.bitrix24.entities import ENTITIES, SCANNED
from include.connectors.bitrix24.portal import Portal
from include.connectors.bitrix24.reading import PortalReader
from include.connectors.bitrix24.resources import (
    CALL,
    CUSTOM_FIELD,
    DEAL_CONTACT,
    HISTORY,
    PIPELINE,
    PRODUCT_ROW,
    RESOURCES,
    STATUS,
    USER,
)
from include.connectors.protocol import (
    LONE_HOST,
    Account,
    Batch,
    Capability,
    Host,
    Interval,
    KnownSlice,
    Now,
    Ready,
    Resource,
    Slice,
    SourceProfile,
    Token,
    Wait,
)

EARLIEST = date(2012, 4, 1)
PROBED_DAYS = 90
CALLS_KEPT = timedelta(days=3 * 365)
WINDOWED = (*ENTITIES, PRODUCT_ROW, DEAL_CONTACT, HISTORY)
DIRECTORIES = (USER, PIPELINE, STATUS, CUSTOM_FIELD)
SNAPSHOT, SCAN = "snapshot", "scan"
OPTIONS = (
    "allow_mass_deletion base_url calls_from custom_fields days_per_request history_from "
    "leave_out lookback_days oauth_url overlap_minutes plan time_zone window_days"
)
"""Every name an account may set; see the module's text."""


class Bitrix24:
    """The connector of one portal; see the module's text."""

    source: ClassVar[str] = "bitrix24"
    version: ClassVar[str] = "1"
    resources: ClassVar[Mapping[str, Resource]] = RESOURCES
    max_waits: ClassVar[int] = 1
    profile: ClassVar[SourceProfile] = SourceProfile(
        title="Bitrix24",
        api="REST (classic), batches",
        limits="a bucket of 50 requests that drains by 2 a second (250 and 5 on Enterprise), per "
        "portal and address; each method works 480 s in 10 minutes at most",
        credentials={
            "host": "address of the portal, such as acme.bitrix24.ru",
            "login": "number of the user the incoming webhook acts for",
            "token": "secret of the incoming webhook (rights: crm, user, telephony)",
            "client_id": "instead of a webhook: the application's code, from the partner cabinet",
            "client_secret": "instead of a webhook: the application's key",
            "refresh_token": "instead of a webhook: replaced by the vendor at each use",
        },
    )

    def __init__(self, account: Account, now: Now, host: Host = LONE_HOST) -> None:
        options = Options(account, OPTIONS)
        self._zone = options.zone("time_zone", "Europe/Moscow")
        self._history_from = options.day("history_from", EARLIEST)
        self._calls_from = options.day("calls_from", date.min)
        self._lookback_days = options.number("lookback_days", 3)
        self._days_per_request = options.number("days_per_request", 31, least=1)
        self._longest = timedelta(days=options.number("window_days", 366, least=1))
        self._overlap = timedelta(minutes=options.number("overlap_minutes", 15))
        left_out = options.texts("leave_out")
        unknown = sorted(set(left_out) - set(RESOURCES))
        if unknown:
            raise options.refuse("leave_out", f"may name {', '.join(RESOURCES)}", unknown)
        self.resources = {  # type: ignore[misc]
            name: table for name, table in RESOURCES.items() if name not in left_out
        }
        fields = {
            role: tuple(name.strip() for name in names.split(","))
            for role, names in options.mapping("custom_fields", ROLES).items()
        }
        self._reader = PortalReader(
            Portal(account, options, now, host),
            account.name,
            self._zone,
            fields,
            options.flag("allow_mass_deletion", False),
        )

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        """Directories, windows of changes, days of calls, then the scans for what is gone.

        A ``window`` gives the changes and calls of exactly its days and nothing else.
        """
        known = list(known)
        if window is not None:
            return [*self._plan_window(window, now), *self._plan_calls(known, now, window)]
        rows = {k.resource: k.told_count for k in known if k.key == SCAN}
        begin = datetime.combine(self._history_from, time(), self._zone)
        changes = [
            piece.to_slice(resource)
            for resource in self._windowed
            for piece in plan_windows(
                known, resource, now, begin, self._longest, overlap=self._overlap
            )
        ]
        scans = [
            Slice(name, SCAN, parameters={"known_rows": rows.get(name, 0)})
            for name in (f"{entity.name}_scan" for entity in SCANNED)
            if name in self.resources
        ]
        return [
            *(Slice(name, SNAPSHOT) for name in DIRECTORIES if name in self.resources),
            *changes,
            *self._plan_calls(known, now, None),
            *scans,
        ]

    def start(self, piece: Slice) -> Ready | Wait:
        """Nothing has to be prepared: everything is asked for while it is fetched."""
        interval = piece.interval
        days = [interval.date_from.isoformat(), interval.date_to.isoformat()] if interval else []
        return Ready(
            {
                "resource": piece.resource,
                "key": piece.key,
                "days": days,
                "known_rows": int(piece.parameters.get("known_rows", 0)),
            }
        )

    def poll(self, token: Token) -> Ready | Wait:
        """Always ready."""
        return Ready(token)

    def fetch(self, token: Token) -> Iterator[Batch]:
        """Stream the rows of one slice, proven complete by the portal's own count."""
        resource, key = token["resource"], token["key"]
        if key == SCAN:
            yield from self._reader.scan(resource, token["known_rows"])
        elif resource == CALL:
            first, end = map(date.fromisoformat, token["days"])
            yield from self._reader.read_calls(Interval(first, end))
        elif resource in DIRECTORIES:
            yield from self._reader.read_directory(resource)
        else:
            yield from self._reader.read_changes(resource, ChangeWindow.from_key(key))

    def check(self) -> Iterator[Capability]:
        """Whether each list can be read, all in one request."""
        return self._reader.check(list(self.resources))

    @property
    def _windowed(self) -> list[str]:
        return [name for name in WINDOWED if name in self.resources]

    def _plan_window(self, window: Interval, now: datetime) -> list[Slice]:
        begin = datetime.combine(window.date_from, time(), self._zone).astimezone(UTC)
        end = min(datetime.combine(window.date_to, time(), self._zone), now).astimezone(UTC)
        if begin >= end:
            return []
        span = ChangeWindow(begin, end.replace(microsecond=0))
        return [
            piece.to_slice(resource)
            for resource in self._windowed
            for piece in split_window(span, self._longest)
        ]

    def _plan_calls(
        self, known: list[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        if CALL not in self.resources:
            return []
        today = now.astimezone(self._zone).date()
        usual = max(self._history_from, today - CALLS_KEPT)
        rule = DayRule(
            self._zone,
            usual if self._calls_from == date.min else self._calls_from,
            self._lookback_days,
            includes_today=True,
            most_days=self._days_per_request,
        )
        if window is not None:
            days = window_days(window, now, rule)
        else:
            held = known_days(known, CALL)
            days = plan_days(held, now, rule, self._look_for_late_calls(held, now))
        return [
            Slice(CALL, f"{span.date_from}_{span.date_to}", interval=span)
            for span in group_days(days, rule.most_days)
        ]

    def _look_for_late_calls(self, held: Mapping[date, KnownSlice], now: datetime) -> ChangeSigns:
        """Days of the last three months whose number of calls is no longer what was landed."""
        oldest = now.astimezone(self._zone).date() - timedelta(days=PROBED_DAYS)
        probed = {day: slice_ for day, slice_ in held.items() if day >= oldest}
        counts = self._reader.count_calls(sorted(probed))
        changed = {day for day, count in counts.items() if count != probed[day].told_count}
        return ChangeSigns(changed_days=frozenset(changed))


CONNECTOR = Bitrix24
