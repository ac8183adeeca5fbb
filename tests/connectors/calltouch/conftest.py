"""The stand-ins, once for all tests of the connector."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage


@pytest.fixture(scope="session")
def vendor_server() -> Iterator[VendorServer]:
    """One process, one port each."""
    with VendorServer(Stage(seed=1)) as server:
        yield server
