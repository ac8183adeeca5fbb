"""How the situations of the shared suite look at MoySklad."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from include.connectors.protocol import AccessDenied, RequestRefused
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.connectors.contract import situations
from tests.connectors.contract.source_case import Play, Row

NOON = datetime(2026, 3, 20, 9, tzinfo=UTC)
ROUBLE = 1_000_000
VAT_PERCENT = 22


def at(day: float, hour: float = 9) -> datetime:
    """An instant of March 2026."""
    return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(days=day - 1, hours=hour)


@dataclass(frozen=True)
class Order:
    """A won deal: pieces of one product at a price in roubles, paid and shipped some time."""

    number: int
    won_at: datetime
    pieces: int = 2
    price: int = 610
    paid_at: datetime | None = None
    shipped_at: datetime | None = None
    deleted_at: datetime | None = None
    title: str = "Болты"

    def tell(self, now: datetime, currency: str = "RUB") -> Row:
        """The order as MoySklad must have told it by an instant."""
        total = self.pieces * self.price
        is_paid = self.paid_at is not None and self.paid_at <= now
        is_shipped = self.shipped_at is not None and self.shipped_at <= now
        changes = (self.won_at, self.paid_at, self.shipped_at, self.deleted_at)
        return (
            f"BI-{self.number}",
            self.title,
            total,
            total if is_paid else 0,
            total if is_shipped else 0,
            round(total * VAT_PERCENT / (100 + VAT_PERCENT)),
            self.won_at.replace(second=0, microsecond=0),
            max(at for at in changes if at is not None and at <= now),
            self.deleted_at is not None and self.deleted_at <= now,
            True,
            currency,
        )


def make_account(*orders: Order) -> World:
    """One product, bought early, and these orders."""
    ours = {"crm": "bitrix24"}
    won = {"pipeline_id": 1, "stage_id": "won"}
    shipped = [order for order in orders if order.shipped_at is not None]
    paid = [order for order in orders if order.paid_at is not None]
    return World.of(
        product=[
            {
                "product_id": 31,
                "sku": "B-31",
                "name": "Болт М8",
                "group_name": "Метизы",
                "cost_micros": 400 * ROUBLE,
                "price_micros": 610 * ROUBLE,
                "currency_code": "RUB",
                "lead_time_days": 1,
                "supplier": "Сталь-Опт",
            }
        ],
        crm_stage=[{**ours, **won, "semantics": "won"}],
        crm_deal=[
            {
                **ours,
                **won,
                "deal_id": order.number,
                "title": order.title,
                "created_at": order.won_at,
                "deleted_at": order.deleted_at,
            }
            for order in orders
        ],
        crm_stage_event=[
            {
                **ours,
                **won,
                "event_id": order.number,
                "entity": "deal",
                "entity_id": order.number,
                "occurred_at": order.won_at,
            }
            for order in orders
        ],
        crm_product_row=[
            {
                **ours,
                "row_id": order.number,
                "deal_id": order.number,
                "product_id": 31,
                "quantity": order.pieces,
                "price_micros": order.price * ROUBLE,
                "vat_percent": VAT_PERCENT,
            }
            for order in orders
        ],
        payment=[
            {
                **ours,
                "payment_id": order.number,
                "deal_id": order.number,
                "paid_at": order.paid_at,
                "kind": "payment",
                "amount_micros": order.pieces * order.price * ROUBLE,
            }
            for order in paid
        ],
        stock_move=[
            {
                "move_id": 1,
                "product_id": 31,
                "moved_at": at(14, 1),
                "kind": "purchase",
                "quantity": 1000,
                "unit_cost_micros": 400 * ROUBLE,
                "deal_id": 0,
                "counterparty": "Сталь-Опт",
            }
        ]
        + [
            {
                "move_id": order.number,
                "product_id": 31,
                "moved_at": order.shipped_at,
                "kind": "sale",
                "quantity": -order.pieces,
                "unit_cost_micros": 400 * ROUBLE,
                "deal_id": order.number,
                "counterparty": "",
            }
            for order in shipped
        ],
    )


ORDERS = (
    Order(5001, at(14, 10), paid_at=at(15, 11), shipped_at=at(16, 12)),
    Order(5002, at(15), pieces=1),
    Order(5003, at(17), shipped_at=at(19)),
    Order(5004, at(18), price=1220),
    Order(5005, at(20, 5)),
)
AT_ONCE = tuple(Order(5100 + n, at(16)) for n in range(5))
REASONS = {
    situations.DST: "the vendor speaks Moscow time, whose clocks have not changed since 2014",
    situations.UNKNOWN_VALUE: "an order has no field with a fixed list of values",
    situations.LATE_ROW: "a row cannot appear with an older updated than the vendor's clock had",
    situations.MERGED: "the vendor merges no documents",
    situations.ERROR_IN_200: "the vendor tells errors by HTTP status alone",
    situations.ROTATED_TOKEN: "a token is good until its user makes another",
}


def told(orders: Sequence[Order], now: datetime = NOON, currency: str = "RUB") -> list[Row]:
    """What MoySklad must have told of the orders by an instant."""
    return [order.tell(now, currency) for order in orders if order.won_at <= now]


def _plain(orders: Sequence[Order] = ORDERS, **changes: Any) -> Play:
    return replace(Play(make_account(*orders), told(orders)), **changes)


def _fault(kind: str, count: int = 1, **values: Any) -> tuple[Fault, ...]:
    return (Fault(kind, "moysklad", "/entity/customerorder", count, 0, values),)


def _go_to(now: datetime, *orders: Order) -> Callable[[Stage], None]:
    """Time passes, and the account holds these orders from then on, if any are given."""

    def change(stage: Stage) -> None:
        if orders:
            stage.world = make_account(*orders)
        stage.clock.set(now=now)

    return change


TOMORROW = NOON + timedelta(days=1)
PAID_LATER = (*ORDERS[1:], replace(ORDERS[0], paid_at=at(20, 15)))
DELETED = (*ORDERS[:4], replace(ORDERS[4], deleted_at=at(20, 18)))
SKEWED = (*ORDERS, Order(5006, NOON - timedelta(minutes=7)))
MIDNIGHT = (
    Order(5201, at(15, 21) - timedelta(seconds=1)),
    Order(5202, at(15, 21)),
    Order(5203, at(16, 0)),
)


def make_plays() -> dict[str, Play]:
    """Situation → how it looks."""
    lines = 'Ёлка "😀" \\ \t\r\n\x07 <b>'
    return {
        situations.PLAIN: _plain(),
        situations.MANY_PAGES: _plain(options={"page_size": 2}),
        situations.FULL_LAST_PAGE: _plain(ORDERS[:4], options={"page_size": 4}),
        situations.EMPTY_DAY: _plain(ORDERS[:1] + ORDERS[-1:], options={"days_per_window": 1}),
        situations.NOTHING_AT_ALL: Play(World.of()),
        situations.UNICODE: _plain((Order(5301, at(15), title=lines),)),
        situations.HUGE_NUMBER: _plain((Order(5_000_000_001, at(15), 1, 9 * 10**11),)),
        situations.ZONE_EDGE: _plain(MIDNIGHT),
        situations.CURRENCY: _plain(
            knobs={"moysklad.currency": "KZT"}, expected=told(ORDERS, NOON, "KZT")
        ),
        situations.VAT: _plain(ORDERS[3:]),
        situations.RESTATED: _plain(
            later=_go_to(TOMORROW, *PAID_LATER), expected_later=told(PAID_LATER, TOMORROW)
        ),
        situations.DELETED: _plain(
            DELETED, later=_go_to(TOMORROW), expected_later=told(DELETED, TOMORROW)
        ),
        situations.CLOCK_SKEW: _plain(
            later=_go_to(TOMORROW, *SKEWED), expected_later=told(SKEWED, TOMORROW)
        ),
        situations.UNKNOWN_FIELD: _plain(
            faults=_fault("renamed_field", **{"from": "printed", "to": "mood"}),
            finding="unknown field mood",
        ),
        situations.MISSING_FIELD: _plain(
            faults=_fault("renamed_field", **{"from": "payedSum", "to": "paidSum"}),
            error=RequestRefused,
            error_says="payedSum",
        ),
        situations.WRONG_TYPE: _plain(
            faults=_fault("changed_meaning", field="payedSum", factor=1e300),
            expected=told(ORDERS[1:]),
            rejected=1,
        ),
        situations.DUPLICATE_PAGE: _plain((*AT_ONCE, *ORDERS), options={"page_size": 3}),
        situations.QUOTA: _plain(knobs={"moysklad.units": 16, "moysklad.weight": 4}),
        situations.EXPIRED_TOKEN: _plain(
            faults=_fault("expired_token"), error=AccessDenied, error_says="token"
        ),
        situations.ZERO_ROWS: _plain(faults=_fault("zero_rows")),
    }


class MoySkladCase:
    """MoySklad in the shared suite."""

    source = "moysklad"
    account = "demo"
    credentials: Mapping[str, str] = {"token": "demo-token"}
    options: Mapping[str, Any] = {"history_from": "2026-03-14"}
    now = NOON
    resource = "customer_order"
    page_path = "/entity/customerorder"
    secrets: Sequence[str] = ("demo-token",)

    def play(self, situation: str) -> Play | str:
        """How a situation looks, or why it cannot be."""
        return REASONS.get(situation) or make_plays()[situation]

    def landed(self, live: pa.Table) -> Sequence[Row]:
        """The newest version of every order."""
        newest: dict[str, dict[str, Any]] = {}
        for row in live.to_pylist():
            held = newest.get(row["order_id"])
            if held is None or (row["updated_at"], row["_pulled_at"]) >= (
                held["updated_at"],
                held["_pulled_at"],
            ):
                newest[row["order_id"]] = row
        return [
            (
                row["order_name"],
                row["description"],
                int(row["sum_amount"]),
                int(row["payed_amount"]),
                int(row["shipped_amount"]),
                round(row["vat_amount"]),
                row["moment_at"].astimezone(UTC),
                row["updated_at"].astimezone(UTC),
                row["is_deleted"],
                row["is_vat_included"],
                row["currency_code"],
            )
            for row in newest.values()
        ]

    def other_account(
        self,
    ) -> tuple[str, Mapping[str, str], World, Sequence[Row], Sequence[Row]] | str:
        """There is none."""
        return "a login is good for one account, and the stand-in plays one"


CASE = MoySkladCase()
