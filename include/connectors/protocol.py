"""What every connector promises, and the words it uses.

A connector is made for one account. It plans *slices*, starts each, is polled while the vendor
prepares the answer, and yields Arrow record batches. It knows neither ClickHouse nor Airflow nor
another connector. All instants are aware UTC; all intervals are half-open ``[from, to)``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar, Literal, Protocol

import pyarrow as pa

Now = Callable[[], datetime]
Token = Mapping[str, Any]
"""JSON-serialisable and free of secrets: it is persisted while the vendor works."""


@dataclass(frozen=True)
class Account:
    """One advertiser, portal or folder. ``credentials`` never appear in ``repr``."""

    source: str
    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    credentials: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Interval:
    """Half-open span of business days ``[date_from, date_to)``."""

    date_from: date
    date_to: date

    def __post_init__(self) -> None:
        if self.date_to <= self.date_from:
            raise ValueError(
                f"an interval is half-open and not empty, got [{self.date_from}, {self.date_to})"
            )


@dataclass(frozen=True)
class ResourceFacts:
    """What a reader of the rows has to know; docs/sources.md is made of it. Short English text."""

    grain: str
    time_zone: str
    """Whose day or clock the rows follow."""
    currency: str
    vat: str
    """In, out, or as an option says."""
    restatement: str
    """How long figures move, and by what sign a change is noticed here."""
    personal_data: str


CountedBy = Literal["account", "token", "application", "address"]
"""Whose requests a vendor adds up: those of an account, a credential, an OAuth client, one host."""


@dataclass(frozen=True)
class SourceProfile:
    """What holds for a whole vendor: one section of docs/sources.md."""

    title: str
    api: str
    """Name and version of the interface spoken."""
    limits: str
    credentials: Mapping[str, str]
    """Name within the connection → what it is and where one gets it."""
    counted_by: Mapping[str, CountedBy] = field(default_factory=dict)
    """Name of a shared limit → by what its requests are counted; ``account`` when not named."""


@dataclass(frozen=True)
class Resource:
    """One raw table of a source.

    ``kind`` is ``replace`` (the newest pull of a slice wins) or ``append`` (every slice stays
    visible). With ``day_column`` one answer over several days is landed as one slice per business
    day, empty days included. ``control_columns`` are summed into the manifest.
    """

    name: str
    kind: Literal["replace", "append"]
    schema: pa.Schema
    day_column: str | None = None
    control_columns: tuple[str, ...] = ()
    facts: ResourceFacts | None = None


@dataclass(frozen=True)
class Slice:
    """One request to the vendor.

    ``key`` names it in the slice log (when the resource has a ``day_column`` each landed day is
    named by its ISO date instead). A ``checkpoint`` slice is started only after every other slice
    of the plan has been published; its ``watermark`` comes back in :class:`KnownSlice`.
    """

    resource: str
    key: str
    interval: Interval | None = None
    kind: Literal["replace", "append"] | None = None
    watermark: str = ""
    is_checkpoint: bool = False
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """JSON-serialisable and free of secrets; whatever the connector needs to start this slice."""


@dataclass(frozen=True)
class KnownSlice:
    """The live entry of the slice log for one slice key."""

    resource: str
    key: str
    content_hash: str
    pulled_at: datetime
    row_count: int
    watermark: str = ""
    totals: Mapping[str, str] = field(default_factory=dict)
    """Sums of the resource's control columns as exact decimal text, rejected rows left out."""
    rejected_count: int = 0
    """Rows of the slice that went to quarantine; the vendor counts them, ``row_count`` does not."""
    connector_version: str = ""

    @property
    def told_count(self) -> int:
        """Rows the vendor gave, typed or rejected: what its own count is compared with."""
        return self.row_count + self.rejected_count


@dataclass(frozen=True)
class Wait:
    """The vendor is still working: poll ``token`` again after ``seconds``."""

    token: Token
    seconds: float


@dataclass(frozen=True)
class Ready:
    """The answer can be fetched with ``token``."""

    token: Token


@dataclass(frozen=True)
class Rejected:
    """One row that could not be typed. ``raw`` is personal data: it goes to quarantine only."""

    position: str
    """Where it stood: a file name with sheet, or the report's name."""
    line_number: int
    """1-based physical line (for a spreadsheet: row) where the record starts; 0 when unknown."""
    reason_code: str
    reason: str
    raw: str


@dataclass(frozen=True)
class Batch:
    """Rows of the resource's schema, and what was rejected while reading them.

    Text may come dictionary-encoded, which makes landing cheaper. ``findings`` are surprises that
    lose no row, such as a field or an enum value nobody declared: names only, never values of
    people.
    """

    rows: pa.RecordBatch | None
    rejected: tuple[Rejected, ...] = ()
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rate:
    """At most ``requests`` within any ``seconds``."""

    requests: int
    seconds: float


class Limiter(Protocol):
    """Whoever shares an account's rate limit between tasks and processes."""

    def acquire(self, weight: int = 1) -> None:
        """Return when one more request, which costs ``weight``, may be sent."""
        ...


class Vault(Protocol):
    """Keeps the credentials of one account when the vendor exchanges them for new ones."""

    def read(self) -> Mapping[str, str]:
        """The freshest credentials any process has stored."""
        ...

    def renew(
        self,
        used: Mapping[str, str],
        ask: Callable[[Mapping[str, str]], Mapping[str, str]],
    ) -> Mapping[str, str]:
        """Credentials newer than ``used``, the same for all who ask at once.

        Alone among processes: when another one has renewed them in the meantime its result is
        returned, else ``ask`` exchanges the freshest ones at the vendor and its answer is stored
        before anybody uses it.
        """
        ...


class Unlimited:
    """Lets every request pass: for tests, and where nobody else uses the account."""

    def acquire(self, weight: int = 1) -> None:
        """Return at once."""


class MemoryVault:
    """Credentials that live as long as the process: nothing is written anywhere."""

    def __init__(self, credentials: Mapping[str, str]) -> None:
        self._credentials = dict(credentials)

    def read(self) -> Mapping[str, str]:
        """What was handed in, or the newest answer of ``ask``."""
        return dict(self._credentials)

    def renew(
        self,
        used: Mapping[str, str],
        ask: Callable[[Mapping[str, str]], Mapping[str, str]],
    ) -> Mapping[str, str]:
        """Ask, unless ``used`` is outdated already."""
        if dict(used) == self._credentials:
            self._credentials = dict(ask(self._credentials))
        return dict(self._credentials)


@dataclass(frozen=True)
class Host:
    """What the place a connector runs in lends it."""

    sleep: Callable[[float], None] = time.sleep
    share_limit: Callable[[str, Sequence[Rate]], Limiter] = lambda _key, _rates: Unlimited()
    """A limiter shared by every process that reads this account, by a name of the limit."""
    vault: Vault | None = None


LONE_HOST = Host()
"""A process by itself: real sleep, no shared limits, nothing stored."""


@dataclass(frozen=True)
class Capability:
    """One thing an account may or may not read; ``detail`` says what to do when it may not."""

    name: str
    is_allowed: bool
    detail: str = ""


class Connector(Protocol):
    """The protocol. A module exposes its class as ``CONNECTOR``."""

    source: ClassVar[str]
    version: ClassVar[str]
    """Raised whenever the meaning of landed rows changes."""
    resources: ClassVar[Mapping[str, Resource]]
    max_waits: ClassVar[int]
    """How many slices of one account may wait at the vendor at once."""
    profile: ClassVar[SourceProfile]

    def __init__(self, account: Account, now: Now, host: Host = LONE_HOST) -> None: ...

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        """What to pull, oldest first, never past ``now``; ``window`` asks for exactly its days."""
        ...

    def start(self, piece: Slice) -> Ready | Wait:
        """Ask the vendor for one slice."""
        ...

    def poll(self, token: Token) -> Ready | Wait:
        """Ask again; safe to repeat from another process."""
        ...

    def fetch(self, token: Token) -> Iterator[Batch]:
        """Stream the answer; raises :class:`IncompleteAnswer` rather than ending early."""
        ...

    def check(self) -> Iterator[Capability]:
        """Try the credentials and each resource with the cheapest request there is.

        A refusal is a Capability, not an error; only a vendor that cannot be reached raises.
        """
        ...


class ConnectorError(Exception):
    """Anything a source did wrong. The message says what, where and what to do; never a secret."""


class TemporaryFailure(ConnectorError):
    """Worth another try later: a storm of 5xx, a limit, a cut connection."""


class IncompleteAnswer(TemporaryFailure):
    """The answer ended before its own control count said it should."""


class AccessDenied(ConnectorError):
    """The vendor refuses these credentials; no retry helps until a person acts."""


class RequestRefused(ConnectorError):
    """The vendor calls the request itself wrong: a bug or a changed API."""


class BadInput(ConnectorError):
    """A file, mapping or option of the operator's is wrong."""
