"""The company's own calls, forms and conversations are what raw holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from include.connectors.callrail import CONNECTOR
from include.connectors.protocol import Account, Host
from include.ingestion.account_run import Done, run_account
from include.ingestion.report import IngestReport
from include.sandbox.vendors.callrail.ids import ACCOUNT_ID
from include.sandbox.vendors.server import VendorServer
from include.warehouse.landing import Landing
from tests.sandbox.callrail_company import make_stage

pytestmark = pytest.mark.engine


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer(make_stage()) as running:
        yield running


def _ingest(server: VendorServer, landing: Landing, store: Client) -> IngestReport:
    clock = server.stage.clock
    options = {"base_url": server.vendor_urls["callrail"], "history_from": "2026-01-20"}
    account = Account("callrail", ACCOUNT_ID, options, {"token": "demo-token"})
    outcome = run_account(
        CONNECTOR(account, clock.now, Host(sleep=clock.advance)),
        landing,
        store,
        None,
        clock.now,
        clock.now().isoformat(),
        account=ACCOUNT_ID,
        clock=clock.now,
    )
    assert isinstance(outcome, Done)
    return outcome.report


def _ask(store: Client, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in store.query(sql).result_rows]


def test_raw_holds_the_companys_calls(server, store, tmp_path):
    landing = Landing(str(tmp_path / "landing"))
    assert _ingest(server, landing, store).is_changed
    clock = server.stage.clock
    ended = [
        call
        for call in server.stage.world.table("call").to_pylist()
        if call["tracker"] == "callrail" and call["started_at"].day != clock.now().day
    ]
    told = _ask(
        store,
        "select customer_phone, started_at, is_answered from raw.raw_callrail__call_live"
        " order by started_at",
    )
    assert told == [
        (c["caller_phone"], c["started_at"].replace(tzinfo=told[0][1].tzinfo), number)
        for c in sorted(ended, key=lambda c: c["started_at"])
        for number in [int(c["status"] == "answered")]
    ]
    assert not _ingest(server, landing, store).is_changed
    clock.advance(86_400)
    assert _ingest(server, landing, store).is_changed
    marked = "select gclid, ga_client_id, lead_status, arraySort(tags), utm_source, agent_email"
    assert _ask(
        store, f"{marked} from raw.raw_callrail__call_live where customer_phone like '%0006'"
    ) == [("abc", "111.222", "good_lead", ["Hot", "Quote"], "google", "dana@northbolt.example")]


def test_forms_conversations_and_small_lists_arrive_too(server, store, tmp_path):
    _ingest(server, Landing(str(tmp_path / "landing")), store)
    form = "select customer_name, JSONExtractString(assumeNotNull(form_data), 'email')"
    assert _ask(store, f"{form} from raw.raw_callrail__form_submission_live") == [
        ("Ann", "ann@x.example")
    ]
    assert _ask(store, "select customer_phone from raw.raw_callrail__conversation_live") == [
        ("+13035550000",)
    ]
    assert _ask(store, "select time_zone from raw.raw_callrail__company_live") == [
        ("America/New_York",)
    ]
    assert _ask(store, "select user_email from raw.raw_callrail__user_live") == [
        ("dana@northbolt.example",)
    ]
    assert _ask(store, "select tag_name from raw.raw_callrail__tag_live order by all") == [
        ("Hot",),
        ("Quote",),
    ]
    numbers = "select JSONLength(assumeNotNull(tracking_numbers))"
    assert _ask(store, f"{numbers} from raw.raw_callrail__tracker_live") == [(3,)]
