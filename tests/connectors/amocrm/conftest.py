"""The hand-written account of the stand-in's own tests, and connectors that read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from include.connectors.amocrm import AmoCrm
from include.connectors.protocol import Account, Host, MemoryVault, Slice
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from tests.connectors.amocrm.contract_case import OAUTH
from tests.sandbox.amocrm_account import day, make_world


@dataclass
class AmoBench:
    """One stand-in and whoever connects to it; sleeping moves its clock."""

    server: VendorServer
    token: str = "demo-token"
    sleeps: list[float] = field(default_factory=list)
    vault: MemoryVault | None = None

    @property
    def stage(self) -> Stage:
        """Clock, world, knobs and faults."""
        return self.server.stage

    def sleep(self, seconds: float) -> None:
        """Let the stand-in's clock pass."""
        self.sleeps.append(seconds)
        self.stage.clock.advance(seconds)

    def connect(self, **options: Any) -> AmoCrm:
        """A connector as another process would make it."""
        given = {"base_url": self.server.vendor_urls["amocrm"], "history_from": "2026-03-01"}
        account = Account("amocrm", "demo", given | options, {"token": self.token})
        return AmoCrm(account, self.stage.clock.now, Host(sleep=self.sleep))

    def connect_oauth(self) -> AmoCrm:
        """The same with an OAuth pair, which all share."""
        self.vault = self.vault or MemoryVault(OAUTH)
        account = Account("amocrm", "demo", {"base_url": self.server.vendor_urls["amocrm"]}, OAUTH)
        return AmoCrm(account, self.stage.clock.now, Host(sleep=self.sleep, vault=self.vault))

    def rows(self, connector: AmoCrm, piece: Slice) -> list[dict[str, Any]]:
        """Rows of one slice."""
        token = connector.start(piece).token
        return [
            row
            for batch in connector.fetch(token)
            if batch.rows is not None
            for row in batch.rows.to_pylist()
        ]


@pytest.fixture(scope="module")
def amo_server() -> Iterator[VendorServer]:
    with VendorServer(Stage(seed=1, world=make_world())) as running:
        yield running


@pytest.fixture
def bench(amo_server: VendorServer) -> AmoBench:
    """The account on its thirtieth day, as if nobody had called yet."""
    stage = amo_server.stage
    stage.world = make_world()
    stage.faults.clear()
    stage.knobs.clear()
    stage.clock.set(now=day(30), frozen=True)
    amo_server.vendors["amocrm"].reset()
    return AmoBench(amo_server)
