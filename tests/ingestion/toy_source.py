"""A source made for tests: days of spend, a log of events, and a vendor that may make one wait."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from include.connectors.protocol import (
    Account,
    Batch,
    Interval,
    KnownSlice,
    Ready,
    Rejected,
    Resource,
    Slice,
    Token,
    Wait,
)

SPEND_CONTRACT = """\
description: One row per campaign and day.
kind: replace
source: toy
resource: spend
grain: [account_id, stats_date, campaign]
order_by: [account_id, stats_date]
partition_by: toYYYYMM(stats_date)
columns:
  - {name: account_id, type: LowCardinality(String), description: Account.}
  - {name: stats_date, type: Date, description: Day., day: business day}
  - {name: campaign, type: String, description: Campaign.}
  - {name: cost_amount, type: "Decimal(18,2)", description: Cost, currency: RUB, vat: net}
  - {name: clicks, type: Nullable(UInt64), description: Clicks.}
  - {name: labels, type: "Map(String,String)", description: Labels.}
  - {name: report_name, type: String, description: Name of the request.}
"""
EVENT_CONTRACT = """\
description: One row per event.
kind: append
source: toy
resource: event
grain: [account_id, event_id]
order_by: [account_id, event_id]
columns:
  - {name: account_id, type: LowCardinality(String), description: Account.}
  - {name: event_id, type: String, description: Event.}
  - {name: occurred_at, type: "Nullable(DateTime64(6,'UTC'))", description: When.}
"""
SPEND_SCHEMA = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("stats_date", pa.date32(), nullable=False),
        pa.field("campaign", pa.string(), nullable=False),
        pa.field("cost_amount", pa.decimal128(18, 2), nullable=False),
        pa.field("clicks", pa.uint64()),
        pa.field("labels", pa.map_(pa.string(), pa.string()), nullable=False),
        pa.field("report_name", pa.string(), nullable=False, metadata={"transport": "yes"}),
    ]
)
EVENT_SCHEMA = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("occurred_at", pa.timestamp("us", "UTC")),
    ]
)
SPEND = Resource(
    "spend", "replace", SPEND_SCHEMA, day_column="stats_date", control_columns=("cost_amount",)
)
EVENT = Resource("event", "append", EVENT_SCHEMA)
ACCOUNT = "acme"
DAY = date(2026, 1, 1)


def write_contracts(sql_root: Path, project_root: Path) -> None:
    """A house with the toy's raw tables, the real quarantine and the real ops tables."""
    for layer in ("raw", "stg", "core", "mart", "seeds", "ops"):
        (sql_root / layer).mkdir(parents=True)
    for contract in (project_root / "sql" / "ops").glob("*.yaml"):
        if not contract.with_suffix(".sql").exists():
            shutil.copy(contract, sql_root / "ops")
    shutil.copy(project_root / "sql" / "raw" / "raw_quarantine.yaml", sql_root / "raw")
    (sql_root / "raw" / "raw_toy__spend.yaml").write_text(SPEND_CONTRACT)
    (sql_root / "raw" / "raw_toy__event.yaml").write_text(EVENT_CONTRACT)


def spend(
    day: date, costs: Mapping[str, str], report_name: str = "r1", clicks: int | None = None
) -> pa.RecordBatch:
    """Rows of one day: campaign → cost."""
    return pa.RecordBatch.from_pydict(
        {
            "account_id": [ACCOUNT] * len(costs),
            "stats_date": [day] * len(costs),
            "campaign": list(costs),
            "cost_amount": [Decimal(cost) for cost in costs.values()],
            "clicks": [clicks] * len(costs),
            "labels": [{"b": "2", "a": name} for name in costs],
            "report_name": [report_name] * len(costs),
        },
        schema=SPEND_SCHEMA,
    )


def events(*names: str) -> pa.RecordBatch:
    """Rows of events by name."""
    return pa.RecordBatch.from_pydict(
        {
            "account_id": [ACCOUNT] * len(names),
            "event_id": list(names),
            "occurred_at": [datetime(2026, 1, 1, tzinfo=UTC)] * len(names),
        },
        schema=EVENT_SCHEMA,
    )


def days(first: date, count: int) -> Interval:
    """A span of business days."""
    return Interval(first, first + timedelta(days=count))


class ToyVendor:
    """The vendor's side: what it would answer, how long it works, and what it was asked."""

    def __init__(self) -> None:
        self.spend: dict[date, pa.RecordBatch] = {}
        self.events: dict[str, pa.RecordBatch] = {}
        self.rejected: tuple[Rejected, ...] = ()
        self.findings: tuple[str, ...] = ()
        self.polls_needed = 0
        self.asked: list[str] = []
        self.polled: list[str] = []
        self.errors: dict[str, Exception] = {}
        self.plan: list[Slice] = []
        self.report_name = "r1"

    def plan_days(self, first: date, count: int) -> None:
        """Plan one slice of several days."""
        interval = days(first, count)
        self.plan.append(Slice("spend", f"{first}+{count}", interval))

    def plan_events(self, key: str, *names: str) -> None:
        """Plan one window of events."""
        self.plan.append(Slice("event", key))
        self.events[key] = events(*names)


class ToyConnector:
    """Speaks the protocol; ``account.options['vendor']`` is the vendor."""

    source = "toy"
    version = "1"
    resources: Mapping[str, Resource] = {"spend": SPEND, "event": EVENT}
    max_waits = 2

    def __init__(self, account: Account, now: Any = None, host: Any = None) -> None:
        self.vendor: ToyVendor = account.options["vendor"]

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        self.known = list(known)
        if "plan" in self.vendor.errors:
            raise self.vendor.errors["plan"]
        return list(self.vendor.plan)

    def start(self, piece: Slice) -> Ready | Wait:
        self.vendor.asked.append(piece.key)
        if piece.key in self.vendor.errors:
            raise self.vendor.errors[piece.key]
        token = {"resource": piece.resource, "key": piece.key, "left": self.vendor.polls_needed}
        if piece.interval:
            token |= {"from": str(piece.interval.date_from), "to": str(piece.interval.date_to)}
        return Wait(token, 5.0) if self.vendor.polls_needed else Ready(token)

    def poll(self, token: Token) -> Ready | Wait:
        self.vendor.polled.append(token["key"])
        left = token["left"] - 1
        return Wait({**token, "left": left}, 5.0) if left > 0 else Ready(token)

    def fetch(self, token: Token) -> Iterator[Batch]:
        yield Batch(None, self.vendor.rejected, self.vendor.findings)
        error = self.vendor.errors.get(f"fetch {token['key']}")
        if token["resource"] == "event":
            yield Batch(self.vendor.events[token["key"]])
        else:
            first, last = date.fromisoformat(token["from"]), date.fromisoformat(token["to"])
            for day, rows in sorted(self.vendor.spend.items()):
                if first <= day < last:
                    yield Batch(rows)
        if error is not None:
            raise error


def connector_for(vendor: ToyVendor) -> ToyConnector:
    """A connector of the toy account."""
    return ToyConnector(Account("toy", ACCOUNT, {"vendor": vendor}))
