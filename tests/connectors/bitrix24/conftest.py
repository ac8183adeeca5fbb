"""The hand-written portal of the stand-in's own tests, and connectors that read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from include.connectors.bitrix24 import Bitrix24
from include.connectors.protocol import Account, Batch, Host, KnownSlice, MemoryVault, Slice
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from tests.sandbox.bitrix24_portal import METRICA_FIELD, NOON, REASON_FIELD, standard_world

HOOK = {"login": "1", "token": "demo-webhook"}
FIELDS = {
    "metrica_client_id": METRICA_FIELD,
    "lost_reason_id": REASON_FIELD,
    "inn": "UF_CRM_SMART_INVOICE_1713790590, UF_CRM_1713790580",
    "first_reply_at": "UF_CRM_1713790577",
}


@dataclass
class PortalBench:
    """One stand-in and whoever connects to it; sleeping moves its clock."""

    server: VendorServer
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

    def connect(self, credentials: dict[str, str] | None = None, **options: Any) -> Bitrix24:
        """A connector as another process would make it."""
        given = {
            "base_url": self.server.vendor_urls["bitrix24"],
            "history_from": "2026-10-01",
            "custom_fields": FIELDS,
        }
        account = Account("bitrix24", "acme", given | options, credentials or HOOK)
        host = Host(sleep=self.sleep, vault=self.vault)
        return Bitrix24(account, self.stage.clock.now, host)

    def plant(self, kind: str, path: str = "", count: int = 1, skip: int = 0, **values: Any):
        """A fault of the next matching request."""
        self.stage.faults.plant(Fault(kind, "bitrix24", path, count, skip, values))

    def batches(self, connector: Bitrix24, piece: Slice) -> list[Batch]:
        """Everything one slice gives."""
        return list(connector.fetch(connector.start(piece).token))

    def rows(self, resource: str, known: list[KnownSlice] | None = None, **options: Any):
        """Rows of one resource as a run would read them now."""
        connector = self.connect(**options)
        return [
            row
            for piece in connector.plan(known or [], self.stage.clock.now(), None)
            if piece.resource == resource
            for batch in self.batches(connector, piece)
            if batch.rows is not None
            for row in batch.rows.to_pylist()
        ]


@pytest.fixture(scope="session")
def portal_server() -> Iterator[VendorServer]:
    with VendorServer(Stage(seed=1)) as running:
        yield running


@pytest.fixture
def bench(portal_server: VendorServer) -> PortalBench:
    """The portal at its noon, as if nobody had called yet."""
    stage = portal_server.stage
    stage.world = standard_world()
    stage.faults.clear()
    stage.knobs.clear()
    stage.clock.set(now=NOON, factor=1.0, frozen=True)
    portal_server.vendors["bitrix24"].reset()
    return PortalBench(portal_server)
