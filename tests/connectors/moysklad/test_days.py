"""Days of stock and profit follow the documents, however late somebody corrects one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from include.sandbox.world.world import World
from include.warehouse.landing import Landing
from tests.connectors.contract.reading import Reader
from tests.connectors.contract.source_case import Play
from tests.connectors.moysklad.conftest import WEIGHTS, SkladBench
from tests.connectors.moysklad.contract_case import CASE

FIRST = date(2026, 3, 1)
START = datetime(2026, 4, 10, 3, tzinfo=UTC)
DAYS = 40
OTHERS = ["customer_order", "document", "position", "counterparty", "product", "order_state"]
OTHERS += ["customer_order_scan", "counterparty_scan"]
ONLY_DAYS = {"history_from": FIRST.isoformat(), "leave_out": OTHERS, "page_size": 100}
PRICE = 100
Pieces = Mapping[int, int]
"""Day number → pieces sold on it."""


def make_world(pieces: Pieces, cost: int = 40) -> World:
    """Two products bought on the first day; one sale of the first on each day named."""
    ruble = 1_000_000
    moves: list[dict[str, Any]] = [
        {
            "move_id": 900_000 + product,
            "product_id": product,
            "moved_at": _noon(0) - timedelta(hours=2),
            "kind": "purchase",
            "quantity": 100_000,
            "unit_cost_micros": cost * ruble,
            "counterparty": "Опт",
        }
        for product in (31, 32)
    ]
    moves += [
        {
            "move_id": number,
            "product_id": 31,
            "moved_at": _noon(number),
            "kind": "sale",
            "quantity": -count,
            "unit_cost_micros": cost * ruble,
        }
        for number, count in pieces.items()
    ]
    return World.of(
        product=[
            {
                "product_id": product,
                "name": f"Болт {product}",
                "price_micros": PRICE * ruble,
                "cost_micros": cost * ruble,
                "currency_code": "RUB",
            }
            for product in (31, 32)
        ],
        stock_move=moves,
    )


def _noon(number: int) -> datetime:
    return datetime(FIRST.year, FIRST.month, FIRST.day, 9, tzinfo=UTC) + timedelta(days=number)


@pytest.fixture
def reader(bench: SkladBench, tmp_path: Path) -> Reader:
    """Daily reports of 40 days, read day after day."""
    play = Play(make_world(dict.fromkeys(range(DAYS), 3)), options=ONLY_DAYS, now=START)
    made = Reader(CASE, replace(play, knobs=WEIGHTS), bench.server, Landing(str(tmp_path / "l")))
    made.set_stage()
    made.read()
    return made


def _assert_days(reader: Reader, pieces: Pieces, cost: int = 40) -> None:
    """Every day of both reports is the world's own."""
    last = (reader.server.stage.clock.now() + timedelta(hours=3)).date()
    profit: dict[date, Any] = defaultdict(lambda: (Decimal(0), Decimal(0)))
    for row in reader.live_rows("profit_daily").to_pylist():
        profit[row["sales_date"]] = (row["sell_amount"], row["sell_cost_amount"])
    product = _first_product(reader)
    stock = {
        row["stock_date"]: row["stock_quantity"]
        for row in reader.live_rows("stock_daily").to_pylist()
        if row["product_id"] == product
    }
    left = 100_000
    for number in range((last - FIRST).days):
        day, sold = FIRST + timedelta(days=number), pieces.get(number, 0)
        left -= sold
        assert profit[day] == (sold * PRICE, sold * cost), day
        assert stock[day] == left, day


def _first_product(reader: Reader) -> str:
    return reader.live_rows("profit_daily").to_pylist()[0]["product_id"]


def _count_rows(reader: Reader) -> int:
    counted = reader.row_count()
    reader.batches.clear()
    return counted


def test_a_correction_of_any_day_arrives_in_one_run_without_reading_all_again(reader) -> None:
    pieces = dict.fromkeys(range(DAYS), 3)
    _assert_days(reader, pieces)
    all_rows, read_rows, runs = _count_rows(reader), 0, 0
    clock, knobs = reader.server.stage.clock, reader.server.stage.knobs
    for corrected in (None, 33, None, 15, None, None):
        runs += 1
        clock.advance(86_400)
        pieces[DAYS + runs - 1] = 2
        if corrected is not None:
            pieces[corrected] += runs
            edited = (clock.now() - timedelta(hours=5)).isoformat()
            knobs["moysklad.edited"] = {f"demand/{corrected}": edited}
        reader.server.stage.world = make_world(pieces)
        reader.read()
        _assert_days(reader, pieces)
        read_rows += _count_rows(reader)
    assert read_rows <= all_rows * runs / 4


def test_a_cost_that_moved_is_found_by_the_sums_of_weeks(reader) -> None:
    """No document of these days was touched: only the report itself tells."""
    pieces = dict.fromkeys(range(DAYS), 3)
    reader.server.stage.clock.advance(86_400)
    reader.server.stage.world = make_world(pieces, cost=41)
    _count_rows(reader)
    reader.read()
    profit = {
        row["sales_date"]: row["sell_cost_amount"]
        for row in reader.live_rows("profit_daily").to_pylist()
    }
    probed = [FIRST + timedelta(days=number) for number in range(6, DAYS)]
    assert {profit[day] for day in probed} == {3 * 41}


def test_a_failed_run_keeps_the_sign_for_the_next(reader) -> None:
    pieces = dict.fromkeys(range(DAYS), 3) | {20: 9}
    clock, stage = reader.server.stage.clock, reader.server.stage
    clock.advance(86_400)
    edited = (clock.now() - timedelta(hours=1)).isoformat()
    stage.knobs["moysklad.edited"] = {"demand/20": edited}
    stage.world = make_world(pieces)
    for piece in reader.connect().plan(reader.known(), clock.now(), None)[-3:-1]:
        reader._land(piece)
    clock.advance(86_400)
    reader.read()
    _assert_days(reader, pieces)
