"""HubSpot: contacts, companies, deals, leads, engagements, money and their history.

CRM objects by version 3 (associations by version 4) of one portal, through a private app
(``token``) or an OAuth app (``client_id``, ``client_secret``, ``refresh_token``). Objects are read
by change windows; archived ones come once more with ``is_deleted``, and who was merged away is in
no newer ``*_scan`` but in ``merged_ids`` of the survivor. Stages of deals and leads have their
whole history. Telephones and e-mails are as typed.

Options: ``base_url``, ``history_from`` (2006-01-01), ``window_days`` (366) of changes in one slice,
``overlap_minutes`` (15; the search index lags), ``requests_per_ten_seconds`` (100; the larger plans
allow 190), ``searches_per_second`` (4), ``leave_out`` (resources to leave out), and
``allow_mass_deletion`` (false). ``custom_fields`` maps roles to properties of the portal, several
by commas, the first filled one wins: ``metrica_client_id``, ``ga_client_id``, ``yclid``,
``gclid``, ``click_id``, ``roistat_id``, ``utm_source`` … ``utm_term``, ``person_name``,
``phone``, ``email``, ``company_title``, ``source_label``, ``inn``, ``kpp``, ``first_reply_at``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import ClassVar

from include.connectors._change_windows import ChangeWindow, plan_windows, split_window
from include.connectors._options import Options
from include.connectors.hubspot.client import Client
from include.connectors.hubspot.columns import ROLES
from include.connectors.hubspot.objects import KINDS
from include.connectors.hubspot.reading import PortalReader
from include.connectors.hubspot.resources import HISTORY, OWNER, PROPERTY, RESOURCES, STAGE
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

EARLIEST = date(2006, 1, 1)
ARCHIVE_LIFE = timedelta(days=91)
"""The vendor forgets what was archived about 90 days ago."""
WINDOWED = (*KINDS, HISTORY)
DIRECTORIES = (OWNER, STAGE, PROPERTY)
SNAPSHOT, SCAN = "snapshot", "scan"
OPTIONS = (
    "allow_mass_deletion base_url custom_fields history_from leave_out overlap_minutes "
    "requests_per_ten_seconds searches_per_second window_days"
)
"""Every name an account may set; see the module's text."""


class HubSpot:
    """The connector of one portal; see the module's text."""

    source: ClassVar[str] = "hubspot"
    version: ClassVar[str] = "1"
    resources: ClassVar[Mapping[str, Resource]] = RESOURCES
    max_waits: ClassVar[int] = 1
    profile: ClassVar[SourceProfile] = SourceProfile(
        title="HubSpot",
        api="CRM objects v3, associations v4",
        limits="100 requests in 10 s (190 on larger plans) per app, 5 searches a second per "
        "portal, 250,000 to 1,000,000 requests a day; a search shows 10,000 rows at most",
        credentials={
            "token": "access token of a private app that may read the CRM objects (e-mails want "
            "sales-email-read besides)",
            "client_id": "instead of a private app: the OAuth app's client id",
            "client_secret": "instead of a private app: the OAuth app's secret",
            "refresh_token": "instead of a private app: from the app's installation",
        },
    )

    def __init__(self, account: Account, now: Now, host: Host = LONE_HOST) -> None:
        options = Options(account, OPTIONS)
        self._now = now
        self._history_from = options.day("history_from", EARLIEST)
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
            Client(account, options, now, host),
            account.name,
            fields,
            self.resources,
            options.flag("allow_mass_deletion", False),
        )

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        """Directories, windows of changes, then the scans for what is gone.

        A ``window`` gives the changes of exactly its days (in UTC) and nothing else.
        """
        known = list(known)
        windowed = [name for name in WINDOWED if name in self.resources]
        if window is not None:
            begin = datetime.combine(window.date_from, time(), UTC)
            end = min(datetime.combine(window.date_to, time(), UTC), now).replace(microsecond=0)
            spans = split_window(ChangeWindow(begin, end), self._longest) if begin < end else []
            return [span.to_slice(name) for name in windowed for span in spans]
        rows = {k.resource: k.row_count for k in known if k.key == SCAN}
        begin = datetime.combine(self._history_from, time(), UTC)
        changes = [
            piece.to_slice(name)
            for name in windowed
            for piece in plan_windows(known, name, now, begin, self._longest, overlap=self._overlap)
        ]
        scans = [
            Slice(name, SCAN, parameters={"known_rows": rows.get(name, 0)})
            for name in self.resources
            if name.endswith("_scan")
        ]
        snapshots = [Slice(name, SNAPSHOT) for name in DIRECTORIES if name in self.resources]
        return [*snapshots, *changes, *scans]

    def start(self, piece: Slice) -> Ready | Wait:
        """Nothing has to be prepared: everything is asked for while it is fetched."""
        rows = int(piece.parameters.get("known_rows", 0))
        return Ready({"resource": piece.resource, "key": piece.key, "known_rows": rows})

    def poll(self, token: Token) -> Ready | Wait:
        """Always ready."""
        return Ready(token)

    def fetch(self, token: Token) -> Iterator[Batch]:
        """Stream the rows of one slice, proven complete by the search's own total."""
        resource, key = token["resource"], token["key"]
        if key == SCAN:
            yield from self._reader.scan(resource, token["known_rows"])
        elif resource in DIRECTORIES:
            yield from self._reader.read_directory(resource)
        else:
            window = ChangeWindow.from_key(key)
            has_archive = window.changed_to > self._now() - ARCHIVE_LIFE
            yield from self._reader.read_changes(resource, window, has_archive)

    def check(self) -> Iterator[Capability]:
        """One row of each resource."""
        return self._reader.check()


CONNECTOR = HubSpot
