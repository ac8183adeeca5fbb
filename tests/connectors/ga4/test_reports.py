"""What GA4 hides, samples, folds and refuses, and money in the property's currency."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest

from include.connectors.ga4 import CONNECTOR, Ga4
from include.connectors.protocol import (
    AccessDenied,
    Account,
    BadInput,
    ConnectorError,
    Host,
    IncompleteAnswer,
    Interval,
    RequestRefused,
    Slice,
    TemporaryFailure,
)
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.connectors.ga4.contract_case import CASE, NOW, PROPERTY, VISITS

DAYS = Interval(date(2026, 11, 16), date(2026, 11, 20))


def _pay(number: int, day: int, units: float) -> dict[str, Any]:
    return {
        "payment_id": number,
        "crm": "hubspot",
        "deal_id": 10,
        "paid_at": datetime(2026, 11, day, 18, tzinfo=UTC),
        "amount_micros": round(units * 1_000_000),
        "currency_code": "USD",
    }


class Bench:
    """The property at the stand-in; sleeps move its clock."""

    def __init__(self, server: VendorServer) -> None:
        self.server = server
        self.stage = server.stage
        self.sleeps: list[float] = []
        self.findings: list[str] = []

    def connect(self, name: str = PROPERTY, **options: Any) -> Ga4:
        known = {"base_url": self.server.vendor_urls["ga4"]} | dict(CASE.options)
        account = Account("ga4", name, known | options, dict(CASE.credentials))
        return CONNECTOR(account, self.stage.clock.now, Host(sleep=self._sleep))

    def read(self, resource: str, **options: Any) -> pa.Table:
        connector = self.connect(**options)
        state = connector.start(Slice(resource, "x", DAYS))
        batches = list(connector.fetch(state.token))
        self.findings = [text for batch in batches for text in batch.findings]
        rows = [batch.rows for batch in batches if batch.rows is not None]
        return pa.Table.from_batches(rows, connector.resources[resource].schema)

    def plant(self, kind: str, count: int = 1, skip: int = 0, **values: Any) -> None:
        self.stage.faults.plant(Fault(kind, "ga4", "runReport", count, skip, values))

    def _sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.stage.clock.advance(seconds)


@pytest.fixture(scope="module")
def running() -> Iterator[VendorServer]:
    hub = {"crm": "hubspot"}
    world = World.of(
        visit=VISITS,
        crm_lead=[hub | {"lead_id": 1, "ga_client_id": "a.1"}],
        crm_deal=[hub | {"deal_id": 10, "lead_id": 1}],
        payment=[_pay(1, 17, 1234.56), _pay(2, 19, -34.56)],
    )
    with VendorServer(Stage(seed=1, world=world)) as server:
        yield server


@pytest.fixture
def bench(running: VendorServer) -> Bench:
    running.stage.faults.clear()
    running.stage.knobs.clear()
    running.vendors["ga4"].reset()
    running.stage.clock.set(now=NOW, frozen=True)
    return Bench(running)


def test_money_is_micros_of_the_propertys_currency_on_its_day(bench: Bench) -> None:
    rows = bench.read("transaction_daily").to_pylist()
    assert [
        (row["stats_date"].day, row["transaction_id"], row["revenue_micros"], row["transactions"])
        for row in rows
    ] == [(17, "10", 1_234_560_000, 1), (19, "10", -34_560_000, 0)]
    assert {(row["currency_code"], row["session_source"]) for row in rows} == {("USD", "google")}
    assert not any(row["is_vat_included"] for row in rows)
    with_vat = bench.read("transaction_daily", is_vat_included=True)
    assert with_vat["is_vat_included"].to_pylist() == [True, True]
    days = bench.read("property_daily").to_pylist()
    assert sum(row["revenue_micros"] for row in days) == 1_200_000_000


def test_events_are_told_by_name(bench: Bench) -> None:
    rows = bench.read("event_daily").to_pylist()
    leads = [(r["stats_date"].day, r["events"]) for r in rows if r["event_name"] == "generate_lead"]
    assert leads == [(16, 1), (18, 2)]


def test_a_row_for_the_rest_is_admitted_and_still_adds_up(bench: Bench) -> None:
    bench.stage.knobs["ga4.row_limit"] = 1
    rows = bench.read("client_session").to_pylist()
    assert {row["has_other_row"] for row in rows} == {True}
    assert "(other)" in {row["client_id"] for row in rows}
    assert sum(row["page_views"] for row in rows) == 13


def test_a_sample_is_admitted_and_held_to_no_total(bench: Bench) -> None:
    bench.stage.knobs["ga4.sampling_events"] = 12
    rows = bench.read("traffic_daily").to_pylist()
    assert {row["is_sampled"] for row in rows} == {True}


def test_a_total_that_contradicts_the_rows_is_no_answer(bench: Bench) -> None:
    bench.plant("changed_meaning", field="screenPageViews", factor=3)
    with pytest.raises(IncompleteAnswer, match="screenPageViews"):
        bench.read("traffic_daily")


def test_an_empty_report_is_asked_for_its_totals(bench: Bench) -> None:
    bench.plant("zero_rows")
    with pytest.raises(IncompleteAnswer, match="without a row"):
        bench.read("event_daily")
    assert bench.read("event_daily").num_rows > 0


@pytest.mark.parametrize(
    ("values", "error", "says"),
    [
        ({"status": "PERMISSION_DENIED"}, AccessDenied, "viewer of the property"),
        ({"status": "NOT_FOUND"}, RequestRefused, "property id"),
        ({"status": "INVALID_ARGUMENT"}, RequestRefused, "client_id_dimension"),
        ({"status": "RESOURCE_EXHAUSTED"}, TemporaryFailure, "in the next hour"),
        (
            {"status": "RESOURCE_EXHAUSTED", "message": "Exhausted property tokens per day."},
            TemporaryFailure,
            "tomorrow",
        ),
        ({"status": "UNAUTHENTICATED"}, AccessDenied, "just minted"),
    ],
)
def test_a_refusal_says_what_to_do(
    bench: Bench, values: dict[str, Any], error: type[ConnectorError], says: str
) -> None:
    bench.plant("error", 99, **values)
    with pytest.raises(error, match=says):
        bench.read("event_daily")


@pytest.mark.parametrize("status", ["INTERNAL", "UNAVAILABLE"])
def test_server_errors_are_tried_again_but_few_times(bench: Bench, status: str) -> None:
    bench.plant("error", 2, status=status)
    assert bench.read("event_daily").num_rows > 0
    bench.plant("error", 99, status=status)
    with pytest.raises(TemporaryFailure, match="later"):
        bench.read("event_daily")
    assert len(bench.sleeps) == 4


def test_a_dimension_nobody_has_registered_names_the_option(bench: Bench) -> None:
    with pytest.raises(RequestRefused, match="client_id_dimension"):
        bench.read("client_session", client_id_dimension="customUser:nobody")


def test_without_a_registered_dimension_client_sessions_are_left_out(bench: Bench) -> None:
    connector = bench.connect(client_id_dimension=None)
    planned = {piece.resource for piece in connector.plan([], NOW, None)}
    assert planned == set(CONNECTOR.resources) - {"client_session"}
    told = {one.name: one for one in connector.check()}
    assert [name for name, one in told.items() if not one.is_allowed] == ["client_session"]
    assert "customUser:client_id" in told["client_session"].detail


def test_days_are_asked_for_one_by_one_unless_told_otherwise(bench: Bench) -> None:
    plan = bench.connect(days_per_request=None).plan([], NOW, DAYS)
    assert all((piece.interval.date_to - piece.interval.date_from).days == 1 for piece in plan)
    assert len(plan) == 4 * len(CONNECTOR.resources)


def test_a_property_is_a_number(bench: Bench) -> None:
    with pytest.raises(BadInput, match="property_id"):
        bench.connect(name="G-ABC123")


def test_the_last_tokens_are_left_to_the_dashboards_of_the_property(bench: Bench) -> None:
    bench.stage.knobs["ga4.tokensPerHour"] = 502
    connector = bench.connect()
    state = connector.start(Slice("event_daily", "x", DAYS))
    for _ in range(3):
        assert list(connector.fetch(state.token))
    with pytest.raises(TemporaryFailure, match=r"tokensPerHour.*next hour"):
        list(connector.fetch(state.token))
    assert bench.read("event_daily", leave_tokens=0).num_rows > 0
