"""Runs of the toy account on a clock that goes on only when told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from clickhouse_connect.driver.client import Client

from include.ingestion.account_run import Outcome, run_account
from include.warehouse.landing import Landing
from tests.ingestion.toy_source import ACCOUNT, ToyVendor, connector_for


class Clock:
    """A clock that goes on only when told."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now


def run_toy(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock, run_id: str = "run 1"
) -> Outcome:
    """One call; the clock is both the plan's and the waits'."""
    return run_account(
        connector_for(vendor),
        landing,
        store,
        None,
        clock,
        run_id,
        account=ACCOUNT,
        clock=clock,
    )
