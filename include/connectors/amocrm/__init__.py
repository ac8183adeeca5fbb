"""amoCRM (Kommo), API v4: deals, contacts, companies, tasks, calls, stage history, dictionaries.

Options of an account (its name is the subdomain unless ``base_url`` says where it is):
``base_url``; ``history_from`` (a year ago), the first day of changes that is read: cards nobody
has touched since stay unread, so name a day before the oldest one that matters;
``days_per_window`` (31); ``page_size`` (250); ``custom_fields``, which vendor field (code, id or
name) fills ``metrica_client_id``, ``ga_client_id``, ``yclid``, ``gclid``, ``roistat_id``,
``utm_*``, ``inn``, ``kpp``, ``site`` or ``sku``; ``leave_out``, resources the token's user may not
read, such as ``user``; ``allow_mass_deletion`` (false) for one run in which more than half of a
list is really gone. Credentials: ``token``, or ``client_id``, ``client_secret``, ``redirect_uri``
and ``refresh_token``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar

from include.connectors._change_windows import ChangeWindow, plan_windows, split_window
from include.connectors._options import Options
from include.connectors.amocrm.access import Access
from include.connectors.amocrm.api import LONGEST_PAGE, Api
from include.connectors.amocrm.reading import Reading
from include.connectors.amocrm.schema import (
    COMPANY_FIELDS,
    LEAD_FIELDS,
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

HISTORY_DAYS = 365
OVERLAP = timedelta(minutes=10)
CUSTOM_COLUMNS = (*LEAD_FIELDS, *COMPANY_FIELDS, "site", "sku")
CHECKED = {
    "account": "account",
    "deals": "leads",
    "contacts": "contacts",
    "companies": "companies",
    "tasks": "tasks",
    "events": "events",
    "call notes": "leads/notes",
    "unsorted requests": "leads/unsorted",
    "catalogs": "catalogs",
    "users": "users",
}
OPTIONS = (
    "allow_mass_deletion base_url custom_fields days_per_window history_from leave_out page_size"
)
"""Every name an account may set; see the module's text."""


class AmoCrm:
    """The connector of one account; see the module's text."""

    source: ClassVar[str] = "amocrm"
    version: ClassVar[str] = "1"
    resources: ClassVar[Mapping[str, Resource]] = RESOURCES
    max_waits: ClassVar[int] = 1
    profile: ClassVar[SourceProfile] = PROFILE

    def __init__(self, account: Account, now: Now, host: Host = LONE_HOST) -> None:
        options = Options(account, OPTIONS)
        base_url = options.text("base_url") or f"https://{account.name}.amocrm.ru"
        self._options = options
        self._longest = timedelta(days=options.number("days_per_window", 31, 1, 366))
        self._left_out = options.texts("leave_out")
        unknown = sorted(set(self._left_out) - set(RESOURCES))
        if unknown:
            raise options.refuse("leave_out", f"may name {', '.join(RESOURCES)}", unknown)
        self._api = Api(
            account.name,
            base_url,
            Access(account, base_url, now, host),
            now,
            host,
            options.number("page_size", LONGEST_PAGE, 1, LONGEST_PAGE),
        )
        self._reading = Reading(
            self._api,
            account.name,
            options.mapping("custom_fields", CUSTOM_COLUMNS),
            options.flag("allow_mass_deletion", default=False),
            now,
        )

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        """Gaps in the windows of changes, then dictionaries and complete scans.

        A ``window`` asks for the changes of its UTC days alone.
        """
        known = list(known)
        windowed = [name for name in WINDOWED if name not in self._left_out]
        if window is not None:
            begin, end = _midnight(window.date_from), min(_midnight(window.date_to), now)
            asked = ChangeWindow(begin, end.replace(microsecond=0))
            return [
                piece.to_slice(name)
                for name in windowed
                for piece in split_window(asked, self._longest)
            ]
        day = self._options.day("history_from", (now - timedelta(days=HISTORY_DAYS)).date())
        changes = [
            piece.to_slice(name)
            for name in windowed
            for piece in plan_windows(
                known, name, now, _midnight(day), self._longest, overlap=OVERLAP
            )
        ]
        rows = {k.resource: k.row_count for k in known if k.resource in SCANS}
        whole = [
            Slice(name, "scan", parameters={"known_rows": rows.get(name, 0)})
            if name in SCANS
            else Slice(name, "snapshot")
            for name in RESOURCES
            if name not in (*WINDOWED, *self._left_out)
        ]
        return [*changes, *whole]

    def start(self, piece: Slice) -> Ready | Wait:
        """Every answer is there at once."""
        if piece.resource not in RESOURCES:
            raise BadInput(f"amocrm has no resource {piece.resource}")
        return Ready({"resource": piece.resource, "key": piece.key, **piece.parameters})

    def poll(self, token: Token) -> Ready | Wait:
        """Nothing is prepared at the vendor."""
        return Ready(token)

    def fetch(self, token: Token) -> Iterator[Batch]:
        """Stream the rows of a window, a dictionary or a scan."""
        resource = token["resource"]
        if resource in WINDOWED:
            yield from self._reading.read_window(resource, token["key"])
        elif resource in SCANS:
            yield from self._reading.read_scan(resource, int(token.get("known_rows", 0)))
        else:
            yield from self._reading.read_snapshot(resource)

    def check(self) -> Iterator[Capability]:
        """One row of every list."""
        for name, path in CHECKED.items():
            try:
                self._api.get(path, {"limit": 1} if path != "account" else {})
            except TemporaryFailure:
                raise
            except ConnectorError as refusal:
                yield Capability(name, False, str(refusal))
            else:
                yield Capability(name, True)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


CONNECTOR = AmoCrm
