"""The connector against the stand-in; its sleeps move the vendor's clock instead of passing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest
import requests

from include.connectors.protocol import (
    Account,
    Host,
    Interval,
    KnownSlice,
    Ready,
    Rejected,
    Slice,
    Wait,
)
from include.connectors.yandex_metrica import CONNECTOR, YandexMetrica
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.sandbox.metrica_company import COUNTER

NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
"""Noon in Moscow; yesterday is the 19th."""
TOKEN = "demo-token"


@dataclass
class Bench:
    """One counter and the vendor it is at."""

    server: VendorServer
    sleeps: list[float] = field(default_factory=list)

    @property
    def stage(self) -> Stage:
        return self.server.stage

    @property
    def now(self) -> datetime:
        return self.stage.clock.now()

    def show(self, world: World) -> None:
        """Put a company on the stage."""
        self.stage.world = world

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.stage.clock.advance(seconds)

    def connect(self, **options: Any) -> YandexMetrica:
        """A new connector, as another process would make it."""
        base = {"base_url": self.server.vendor_urls["yandex_metrica"], "include_hits": False}
        account = Account("yandex_metrica", str(COUNTER), base | options, {"token": TOKEN})
        return CONNECTOR(account, self.stage.clock.now, Host(sleep=self.sleep))

    def plant(
        self, kind: str, path: str = "", count: int = 1, skip: int = 0, **values: Any
    ) -> None:
        self.stage.faults.plant(Fault(kind, "yandex_metrica", path, count, skip, values))

    def set_knob(self, name: str, value: Any) -> None:
        self.stage.knobs[f"yandex_metrica.{name}"] = value

    def requests(self) -> list[dict[str, Any]]:
        """Every log request the vendor knows of, as it stands now."""
        url = f"{self.server.vendor_urls['yandex_metrica']}/management/v1/counter/{COUNTER}"
        headers = {"Authorization": f"OAuth {TOKEN}"}
        answer = requests.get(f"{url}/logrequests", headers=headers, timeout=10)
        self.stage.clock.advance(1)
        return answer.json()["requests"]

    def statuses(self) -> list[str]:
        return [each["status"] for each in self.requests()]

    def days(self, first: date, last: date, **options: Any) -> Slice:
        """The one slice of a window, both days included."""
        window = Interval(first, last + timedelta(days=1))
        (piece,) = self.connect(**options).plan([], self.now, window)
        return piece

    def wait(self, state: Ready | Wait, **options: Any) -> Ready:
        """Poll until ready, every time by a new connector."""
        while isinstance(state, Wait):
            self.stage.clock.advance(state.seconds)
            state = self.connect(**options).poll(state.token)
        return state

    def pull(self, piece: Slice, **options: Any) -> tuple[pa.Table, list[Rejected]]:
        """All rows and rejected rows of a slice."""
        state = self.wait(self.connect(**options).start(piece), **options)
        connector = self.connect(**options)
        batches = list(connector.fetch(state.token))
        schema = connector.resources[piece.resource].schema
        rows = [b.rows for b in batches if b.rows is not None]
        tables = [pa.Table.from_batches([batch]).cast(schema) for batch in rows]
        table = pa.concat_tables(tables) if tables else schema.empty_table()
        return table, [r for b in batches for r in b.rejected]

    def remember(self, pieces: Sequence[Slice], rows: int = 1) -> list[KnownSlice]:
        """The slices as the log would hold them, day by day, pulled now."""
        return [
            KnownSlice(piece.resource, day, "hash", self.now, rows, piece.watermark)
            for piece in pieces
            for day in piece.parameters.get("expected", ())
        ]


@pytest.fixture(scope="session")
def metrica_server() -> Iterator[VendorServer]:
    with VendorServer(Stage(seed=1)) as server:
        yield server


@pytest.fixture
def bench(metrica_server: VendorServer) -> Bench:
    stage = metrica_server.stage
    stage.faults.clear()
    stage.knobs.clear()
    metrica_server.vendors["yandex_metrica"].reset()
    stage.clock.set(now=NOON, factor=1.0, frozen=True)
    return Bench(metrica_server)
