"""The connector against the stand-in; its sleeps move the vendor's clock instead of passing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from include.connectors.protocol import (
    Account,
    Host,
    Interval,
    KnownSlice,
    Ready,
    Rejected,
    Slice,
    Token,
    Wait,
)
from include.connectors.yandex_direct import CONNECTOR, YandexDirect
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage

NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
"""Noon in Moscow; yesterday is the 19th."""


TOKEN = "demo-token"


@dataclass
class Bench:
    """One account and the vendor it talks to."""

    server: VendorServer
    sleeps: list[float] = field(default_factory=list)

    @property
    def stage(self) -> Stage:
        return self.server.stage

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.stage.clock.advance(seconds)

    def connect(self, token: str = TOKEN, **options: Any) -> YandexDirect:
        """A new connector, as another process would make it."""
        base = {"base_url": self.server.vendor_urls["yandex_direct"]}
        account = Account("yandex_direct", "demo-client", base | options, {"token": token})
        return CONNECTOR(account, self.stage.clock.now, Host(sleep=self.sleep))

    def plant(
        self, kind: str, count: int = 1, path: str = "", skip: int = 0, **values: Any
    ) -> None:
        self.stage.faults.plant(Fault(kind, "yandex_direct", path, count, skip, values))

    def finish(self, piece: Slice, **options: Any) -> Token:
        """Start a slice and wait for it, every poll by a new connector."""
        state = self.connect(**options).start(piece)
        while isinstance(state, Wait):
            self.stage.clock.advance(state.seconds)
            state = self.connect(**options).poll(state.token)
        assert isinstance(state, Ready)
        return state.token

    def pull(self, piece: Slice, **options: Any) -> tuple[pa.Table, list[Rejected]]:
        """All rows and rejected rows of a slice."""
        connector = self.connect(**options)
        state = connector.start(piece)
        while isinstance(state, Wait):
            self.stage.clock.advance(state.seconds)
            state = connector.poll(state.token)
        batches = list(connector.fetch(state.token))
        schema = connector.resources[piece.resource].schema
        rows = [b.rows for b in batches if b.rows is not None]
        tables = [pa.Table.from_batches([batch]).cast(schema) for batch in rows]
        table = pa.concat_tables(tables) if tables else schema.empty_table()
        return table, [r for b in batches for r in b.rejected]

    def days(self, first: date, last: date, **options: Any) -> Slice:
        """The one slice of a window, both days included."""
        window = Interval(first, last + timedelta(days=1))
        (piece,) = self.connect(**options).plan([], self.stage.clock.now(), window)
        return piece


@pytest.fixture(scope="session")
def direct_server() -> Iterator[VendorServer]:
    with VendorServer(Stage(seed=1)) as server:
        yield server


@pytest.fixture
def bench(direct_server: VendorServer) -> Bench:
    stage = direct_server.stage
    stage.faults.clear()
    stage.knobs.clear()
    direct_server.vendors["yandex_direct"].reset()
    stage.clock.set(now=NOON, factor=1.0, frozen=True)
    return Bench(direct_server)


@pytest.fixture
def known_days() -> Callable[..., list[KnownSlice]]:
    """Slice log entries of consecutive days, each pulled ``age`` days after itself."""

    def make(first: date, last: date, age: int = 4, watermark: str = "") -> list[KnownSlice]:
        known = [
            KnownSlice(
                "ad_performance_daily",
                (first + timedelta(days=n)).isoformat(),
                "hash",
                datetime.combine(first + timedelta(days=n + age), datetime.min.time(), UTC),
                400,
            )
            for n in range((last - first).days + 1)
        ]
        if watermark:
            known.append(KnownSlice("campaign", "snapshot", "hash", NOON, 8, watermark))
        return known

    return make
