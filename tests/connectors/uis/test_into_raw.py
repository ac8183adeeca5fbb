"""The company's calls, requests and chats are what raw holds, and a second run confirms them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from clickhouse_connect.driver.client import Client

from include.connectors.protocol import Account, Host
from include.connectors.uis import CONNECTOR
from include.ingestion.account_run import Done, run_account
from include.ingestion.report import IngestReport
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.warehouse.landing import Landing
from tests.sandbox.uis_company import NOON, at, make_brand, make_call

pytestmark = pytest.mark.engine

CALLS = [make_call(n, at(16 + n % 4, n % 18), talk_seconds=n * 7) for n in range(1, 60)]
LATE = make_call(99, at(17), known_at=at(20, 12))
FORM = {"tracker": "uis", "visit_id": 7, "phone": "8 916 000-00-00", "email": "p@example.com"}
FORMS = [FORM | {"request_id": n, "submitted_at": at(16 + n % 4)} for n in range(10, 30)]
CHAT = {"tracker": "uis", "visit_id": 7, "message_count": 3, "manager_id": 3}
CHATS = [CHAT | {"chat_id": n, "started_at": at(16 + n % 4, 9)} for n in range(1, 9)]


@pytest.fixture
def server() -> Iterator[VendorServer]:
    stage = Stage(world=make_brand(*CALLS, LATE, form_request=FORMS, chat=CHATS))
    stage.clock.set(now=NOON, frozen=True)
    with VendorServer(stage) as running:
        yield running


def _ingest(server: VendorServer, landing: Landing, store: Client) -> IngestReport:
    clock = server.stage.clock
    options = {"base_url": server.vendor_urls["uis"], "page_rows": 25}
    options |= {"history_from": "2026-11-16"}
    account = Account("uis", "uralkrep", options, {"token": "demo-token"})
    outcome = run_account(
        CONNECTOR(account, clock.now, Host(sleep=clock.advance)),
        landing,
        store,
        None,
        clock.now,
        clock.now().isoformat(),
        account=account.name,
        clock=clock.now,
    )
    assert isinstance(outcome, Done)
    return outcome.report


def test_raw_holds_the_companys_calls_requests_and_chats(server, store, tmp_path):
    landing = Landing(str(tmp_path / "landing"))
    assert _ingest(server, landing, store).is_changed
    assert _held(store, "call") == {call["call_id"] for call in CALLS}
    assert _held(store, "offline_message", "message") == {form["request_id"] for form in FORMS}
    assert _held(store, "chat") == {chat["chat_id"] for chat in CHATS}
    assert _held(store, "employee") == {3}
    talked = store.query(
        "select sum(talk_seconds), uniqExact(started_at), any(metrica_client_id), any(tags),"
        " min(call_date) from raw.raw_uis__call_live"
    ).result_rows[0]
    begun = {call["started_at"] for call in CALLS}
    total = sum(call["talk_seconds"] for call in CALLS)
    assert talked == (total, len(begun), "1700000000000000001", ["цель"], date(2026, 11, 16))
    server.stage.clock.advance(3600)
    assert not _ingest(server, landing, store).is_changed
    server.stage.clock.advance(timedelta(days=1).total_seconds())
    assert _ingest(server, landing, store).is_changed
    assert _held(store, "call") == {99} | {call["call_id"] for call in CALLS}


def _held(store: Client, resource: str, entity: str = "") -> set[int]:
    column = f"{entity or resource}_id"
    rows = store.query(f"select {column} from raw.raw_uis__{resource}_live").result_rows
    assert len(set(rows)) == len(rows)
    return {row[0] for row in rows}
