"""Raw holds the company's own orders, money and stock, and a second run confirms them."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

import pytest
from clickhouse_connect.driver.client import Client

from include.ingestion.account_run import Done, run_account
from include.ingestion.report import IngestReport
from include.warehouse.landing import Landing
from tests.connectors.moysklad.conftest import SkladBench
from tests.sandbox.moysklad_warehouse import day

pytestmark = pytest.mark.engine

LIVE = "raw.raw_moysklad__{}_live"
ROUBLE = 10**6


def _ingest(bench: SkladBench, landing: Landing, store: Client) -> IngestReport:
    clock = bench.stage.clock
    outcome = run_account(
        bench.connect(
            page_size=2,
            history_from="2026-03-02",
            custom_fields={"crm_deal_id": "ID сделки в CRM"},
        ),
        landing,
        store,
        None,
        clock.now,
        clock.now().isoformat(),
        account="demo",
        clock=clock.now,
    )
    assert isinstance(outcome, Done)
    return outcome.report


def _assert_orders(bench: SkladBench, store: Client, number: float) -> None:
    """Sums by the deals' own rows, money by payments, deletions by the deals."""
    tables = {name: bench.stage.world.table(name).to_pylist() for name in ORDER_TABLES}
    totals: dict[int, Decimal] = defaultdict(Decimal)
    for line in tables["crm_product_row"]:
        totals[line["deal_id"]] += line["quantity"] * line["price_micros"] // ROUBLE
    paid: dict[int, int] = defaultdict(int)
    for payment in tables["payment"]:
        if payment["paid_at"] <= day(number):
            paid[payment["deal_id"]] += payment["amount_micros"] // ROUBLE
    won = {
        move["entity_id"]
        for move in tables["crm_stage_event"]
        if move["stage_id"] == "won" and move["occurred_at"] <= day(number)
    }
    expected = {
        f"bitrix24:{deal['deal_id']}": (
            totals[deal["deal_id"]],
            paid[deal["deal_id"]],
            deal["deleted_at"] is not None and deal["deleted_at"] <= day(number),
        )
        for deal in tables["crm_deal"]
        if deal["deal_id"] in won
    }
    rows = store.query(
        "select crm_deal_id, argMax(sum_amount, updated_at), argMax(payed_amount, updated_at),"
        f" argMax(is_deleted, updated_at) from {LIVE.format('customer_order')} group by 1"
    ).result_rows
    assert {deal: tuple(figures) for deal, *figures in rows} == expected


ORDER_TABLES = ("crm_product_row", "payment", "crm_stage_event", "crm_deal")


def test_raw_follows_orders_money_and_stock_from_run_to_run(bench, store, tmp_path):
    landing = Landing(str(tmp_path / "landing"))
    for number in (5.5, 7.5, 13.5):
        bench.stage.clock.set(now=day(number))
        assert _ingest(bench, landing, store).is_changed
        _assert_orders(bench, store, number)
    bench.stage.clock.advance(3600)
    again = _ingest(bench, landing, store)
    assert sum(counts.rows_loaded for counts in again.resources.values()) == 0
    moves = bench.stage.world.table("stock_move").to_pylist()
    left: dict[str, int] = defaultdict(int)
    for move in moves:
        if move["moved_at"] < day(12):
            left[f"B-{move['product_id']}"] += move["quantity"]
    held = store.query(
        f"select p.article, sum(s.stock_quantity) from {LIVE.format('stock_daily')} s"
        f" join {LIVE.format('product')} p on p.product_id = s.product_id"
        " where s.stock_date = '2026-03-14' group by 1"
    ).result_rows
    assert dict(held) == left
    sold, cost = store.query(
        "select sum(sell_amount - return_amount), sum(sell_cost_amount - return_cost_amount)"
        f" from {LIVE.format('profit_daily')}"
    ).result_rows[0]
    assert (sold, cost) == (3 * 1220 + 610 - 1220, 3 * 700 + 300 - 700)
    positions = store.query(
        "select sum(quantity * price_amount) from ("
        f" select document_id, position_id, argMax(quantity, document_updated_at) quantity,"
        f" argMax(price_amount, document_updated_at) price_amount from {LIVE.format('position')}"
        " where document_type = 'customerorder' group by 1, 2)"
    ).result_rows[0][0]
    orders = store.query(
        f"select sum(s) from (select argMax(sum_amount, updated_at) s from"
        f" {LIVE.format('customer_order')} group by order_id)"
    ).result_rows[0][0]
    assert positions == orders
