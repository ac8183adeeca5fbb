"""One customer at the stand-in; the connector's sleeps move the vendor's clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from include.connectors.google_ads import CONNECTOR, GoogleAds
from include.connectors.protocol import Account, Host, Interval, Slice
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from tests.connectors.google_ads.contract_case import CASE, FIRST, MANAGER, SECOND
from tests.sandbox.ad_world import cell, make_ad_world

NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
STATS = [cell(FIRST, "2026-11-18", 10111, 100, 5, 12.5, 2)]
DAY = Interval(date(2026, 11, 18), date(2026, 11, 19))


class Bench:
    """One customer at the stand-in; sleeps move its clock."""

    def __init__(self, server: VendorServer) -> None:
        self.server = server
        self.stage = server.stage
        self.sleeps: list[float] = []

    def connect(self, name: str = FIRST, **options: Any) -> GoogleAds:
        known = {
            "base_url": self.server.vendor_urls["google_ads"],
            "login_customer_id": MANAGER,
        }
        account = Account("google_ads", name, known | options, dict(CASE.credentials))
        return CONNECTOR(account, self.stage.clock.now, Host(sleep=self._sleep))

    def read(self, resource: str = "campaign_performance_daily", **options: Any) -> int:
        connector = self.connect(**options)
        state = connector.start(Slice(resource, "x", DAY))
        batches = connector.fetch(state.token)
        return sum(batch.rows.num_rows for batch in batches if batch.rows is not None)

    def plant(self, kind: str, count: int = 1, skip: int = 0, **values: Any) -> None:
        self.stage.faults.plant(Fault(kind, "google_ads", "googleAds", count, skip, values))

    def _sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.stage.clock.advance(seconds)


@pytest.fixture(scope="module")
def running() -> Iterator[VendorServer]:
    world = make_ad_world("google_ads", (FIRST, SECOND), currency="USD", stats=STATS)
    with VendorServer(Stage(seed=1, world=world)) as server:
        yield server


@pytest.fixture
def bench(running: VendorServer) -> Bench:
    running.stage.faults.clear()
    running.stage.knobs.clear()
    running.vendors["google_ads"].reset()
    running.stage.clock.set(now=NOON, frozen=True)
    return Bench(running)
