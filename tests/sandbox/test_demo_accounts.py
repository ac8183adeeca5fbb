"""Every account of the demo opens at its stand-in, and all of it can be read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from include.connectors.protocol import Account, Host, MemoryVault
from include.ingestion.sources import discover_connectors
from include.sandbox.demo_accounts import DEMO_ACCOUNTS, DemoAccount
from include.sandbox.vendors.server import VendorServer
from include.sandbox.world.generator import make_world


@pytest.fixture(scope="module")
def server(vendor_server: VendorServer) -> Iterator[VendorServer]:
    """The stand-ins over the small world, in the middle of it."""
    stage = vendor_server.stage
    before = stage.world
    stage.world = make_world(1, "small")[0]
    stage.clock.set(now=datetime(2026, 1, 20, 9, tzinfo=UTC), factor=1.0, frozen=True)
    for vendor in vendor_server.vendors.values():
        vendor.reset()
    yield vendor_server
    stage.world = before


@pytest.mark.parametrize("account", DEMO_ACCOUNTS, ids=lambda account: account.connection_id)
def test_the_account_may_read_everything(account: DemoAccount, server: VendorServer) -> None:
    credentials = account.credentials
    options = {"base_url": server.vendor_urls[account.source], **account.options}
    connector = discover_connectors()[account.source](
        Account(account.source, account.name, options, credentials),
        server.stage.clock.now,
        Host(sleep=server.stage.clock.advance, vault=MemoryVault(credentials)),
    )
    refused = [each for each in connector.check() if not each.is_allowed]
    assert not refused


def test_connections_are_named_apart() -> None:
    names = [account.connection_id for account in DEMO_ACCOUNTS]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() for name in names)
