"""The hand-written warehouse of the stand-in's own tests, and connectors that read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from include.connectors.moysklad import MoySklad
from include.connectors.protocol import Account, Host, Slice
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from tests.sandbox.moysklad_warehouse import day, make_world

WEIGHTS = {"moysklad.units": 100_000}
"""No refusals: limits are played where they are the subject."""


@dataclass
class SkladBench:
    """One stand-in and whoever connects to it; sleeping moves its clock."""

    server: VendorServer
    credentials: dict[str, str] = field(default_factory=lambda: {"token": "demo-token"})
    sleeps: list[float] = field(default_factory=list)

    @property
    def stage(self) -> Stage:
        """Clock, world, knobs and faults."""
        return self.server.stage

    def sleep(self, seconds: float) -> None:
        """Let the stand-in's clock pass."""
        self.sleeps.append(seconds)
        self.stage.clock.advance(seconds)

    def plant(self, kind: str, count: int = 1, path: str = "", **values: Any) -> None:
        """Plant one fault."""
        self.stage.faults.plant(Fault(kind, "moysklad", path, count, 0, values))

    def connect(self, **options: Any) -> MoySklad:
        """A connector as another process would make it."""
        given = {"base_url": self.server.vendor_urls["moysklad"], "history_from": "2026-02-20"}
        account = Account("moysklad", "demo", given | options, self.credentials)
        return MoySklad(account, self.stage.clock.now, Host(sleep=self.sleep))

    def rows(self, connector: MoySklad, piece: Slice) -> list[dict[str, Any]]:
        """Rows of one slice."""
        token = connector.start(piece).token
        return [
            row
            for batch in connector.fetch(token)
            if batch.rows is not None
            for row in batch.rows.to_pylist()
        ]


@pytest.fixture(scope="module")
def sklad_server() -> Iterator[VendorServer]:
    with VendorServer(Stage(seed=1, world=make_world())) as running:
        yield running


@pytest.fixture
def bench(sklad_server: VendorServer) -> SkladBench:
    """The account on its thirtieth day, as if nobody had called yet."""
    stage = sklad_server.stage
    stage.world = make_world()
    stage.faults.clear()
    stage.knobs.clear()
    stage.knobs.update(WEIGHTS)
    stage.clock.set(now=day(30), frozen=True)
    sklad_server.vendors["moysklad"].reset()
    return SkladBench(sklad_server)
