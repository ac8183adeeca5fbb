"""The hand-written portal of the stand-in's own tests, and connectors that read it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from include.connectors.hubspot import HubSpot
from include.connectors.protocol import Account, Host, KnownSlice, MemoryVault
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from tests.sandbox.hubspot_portal import NOON, standard_world

TOKEN = {"token": "demo-token"}
FIELDS = {
    "ga_client_id": "ga_client_id",
    "metrica_client_id": "metrica_client_id",
    "utm_source": "nothing_of_the_kind, utm_source",
    "phone": "enquiry_phone",
    "email": "enquiry_email",
    "source_label": "enquiry_source",
    "inn": "tax_number, payer_tax_number",
    "first_reply_at": "hs_lead_first_outreach_date",
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

    def connect(self, credentials: dict[str, str] | None = None, **options: Any) -> HubSpot:
        """A connector as another process would make it."""
        given = {
            "base_url": self.server.vendor_urls["hubspot"],
            "history_from": "2026-10-01",
            "custom_fields": FIELDS,
        }
        account = Account("hubspot", "62515", given | options, credentials or TOKEN)
        host = Host(sleep=self.sleep, vault=self.vault)
        return HubSpot(account, self.stage.clock.now, host)

    def plant(self, kind: str, path: str = "", count: int = 1, skip: int = 0, **values: Any):
        """A fault of the next matching request."""
        self.stage.faults.plant(Fault(kind, "hubspot", path, count, skip, values))

    def rows(self, resource: str, known: list[KnownSlice] | None = None, **options: Any):
        """Rows of one resource as a run would read them now."""
        connector = self.connect(**options)
        return [
            row
            for piece in connector.plan(known or [], self.stage.clock.now(), None)
            if piece.resource == resource
            for batch in connector.fetch(connector.start(piece).token)
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
    portal_server.vendors["hubspot"].reset()
    return PortalBench(portal_server)
