"""The sessions and the revenue of a generated company in raw, as the world holds them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from include.connectors.ga4 import CONNECTOR
from include.connectors.protocol import Account, Host
from include.ingestion.account_run import Done, run_account
from include.ingestion.report import IngestReport
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.generator import make_world
from include.sandbox.world.world import World
from include.warehouse.landing import Landing
from tests.connectors.ga4.contract_case import CASE, PROPERTY, ZONE

pytestmark = pytest.mark.engine

NOW = datetime(2026, 2, 3, 15, tzinfo=UTC)
FIRST = date(2026, 1, 20)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(1, "small")[0]


@pytest.fixture
def server(world: World) -> Iterator[VendorServer]:
    stage = Stage(world=world)
    stage.clock.set(now=NOW, frozen=True)
    with VendorServer(stage) as running:
        yield running


def _ingest(server: VendorServer, landing: Landing, store: Client) -> IngestReport:
    clock = server.stage.clock
    options = dict(CASE.options) | {
        "base_url": server.vendor_urls["ga4"],
        "history_from": FIRST.isoformat(),
        "days_per_request": 14,
    }
    account = Account("ga4", PROPERTY, options, dict(CASE.credentials))
    outcome = run_account(
        CONNECTOR(account, clock.now, Host(sleep=clock.advance)),
        landing,
        store,
        None,
        clock.now,
        clock.now().isoformat(),
        account=PROPERTY,
        clock=clock.now,
    )
    assert isinstance(outcome, Done)
    return outcome.report


def _ask(store: Client, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in store.query(sql).result_rows]


def _visits(world: World) -> list[dict[str, Any]]:
    """What the counter of the international site saw within the days read."""
    today = NOW.astimezone(ZONE).date()
    return [
        row | {"day": row["started_at"].astimezone(ZONE).date()}
        for row in world.table("visit").to_pylist()
        if row["site"] == "com"
        and row["ga_client_id"]
        and not row["is_robot"]
        and FIRST <= row["started_at"].astimezone(ZONE).date() < today
        and (row["known_at"] or row["started_at"]) <= NOW
    ]


def test_raw_holds_the_sessions_of_the_site(
    server: VendorServer, store: Client, world: World, tmp_path: Path
) -> None:
    landing = Landing(str(tmp_path / "landing"))
    assert _ingest(server, landing, store).is_changed
    visits = _visits(world)
    sessions: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for row in visits:
        sessions[row["day"]][0] += 1
        sessions[row["day"]][1] += row["page_views"]
    for table in ("property_daily", "traffic_daily", "client_session"):
        held = _ask(
            store,
            f"select stats_date, sum(sessions), sum(page_views) from raw.raw_ga4__{table}_live "
            "group by all having sum(sessions) > 0",
        )
        assert {row[0]: list(row[1:]) for row in held} == sessions, table
    clients = _ask(
        store,
        "select stats_date, client_id, sum(sessions) from raw.raw_ga4__client_session_live "
        "group by all having sum(sessions) > 0",
    )
    assert {row[:2]: row[2] for row in clients} == Counter(
        (row["day"], row["ga_client_id"]) for row in visits
    )
    users = dict(_ask(store, "select stats_date, users from raw.raw_ga4__property_daily_live"))
    known = {day: {row["ga_client_id"] for row in visits if row["day"] == day} for day in sessions}
    assert all(users[day] >= len(people) for day, people in known.items())
    assert _ask(
        store,
        "select sum(revenue_micros) = (select sum(revenue_micros) "
        "from raw.raw_ga4__transaction_daily_live), any(currency_code), count() > 0 "
        "from raw.raw_ga4__property_daily_live",
    ) == [(True, "USD", True)]
    server.stage.clock.advance(60)
    assert not _ingest(server, landing, store).is_changed
