"""A small MoySklad account written by hand, and a caller who knows nothing of any client."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.routing import Router
from starlette.testclient import TestClient

from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.moysklad import MoySklad
from include.sandbox.vendors.transport_faults import TransportFaults
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World

START = datetime(2026, 3, 2, 9, 30, 15, 250_000, tzinfo=UTC)


def day(number: float) -> datetime:
    """An instant so many days after the first."""
    return START + timedelta(days=number)


def spell(number: float) -> str:
    """The same as a filter spells it."""
    return (day(number) + timedelta(hours=3)).strftime("%Y-%m-%d %H:%M:%S")


def make_world() -> World:
    """Two products in two stores, a shipped order, a deleted one, purchases, a return, a loss."""
    deal = {"pipeline_id": 1, "stage_id": "won", "created_at": day(1)}
    lines = [(5001, 31, 4, 1_220), (5001, 32, 1, 610), (5002, 31, 2, 1_220), (5003, 31, 9, 1)]
    moves = [
        (1, 31, 0, "purchase", 10, 700, 0, "Сталь-Опт"),
        (2, 32, 0.5, "purchase", 5, 300, 0, "Сталь-Опт"),
        (3, 31, 6, "sale", -3, 700, 5001, ""),
        (4, 32, 6, "sale", -1, 300, 5001, ""),
        (5, 31, 8, "return", 1, 700, 5001, ""),
        (6, 31, 9, "loss", -2, 700, 0, ""),
        (7, 31, 20, "purchase", 10, 900, 0, "Сталь-Опт"),
    ]
    return World.of(
        product=[
            {
                "product_id": number,
                "sku": f"B-{number}",
                "name": name,
                "group_name": "Метизы",
                "cost_micros": cost * 10**6,
                "price_micros": 1000 * 10**6,
                "currency_code": currency,
                "lead_time_days": 7,
                "supplier": "Сталь-Опт",
            }
            for number, name, cost, currency in [
                (31, "Болт М8", 650, "RUB"),
                (32, "Гайка М8", 280, "RUB"),
                (33, "Шайба", 5, "RUB"),
                (34, "Bolt", 5, "USD"),
            ]
        ],
        crm_stage=[
            {"crm": "bitrix24", "pipeline_id": 1, "stage_id": "won", "semantics": "won"},
            {"crm": "bitrix24", "pipeline_id": 1, "stage_id": "new", "semantics": "open"},
        ],
        crm_company=[
            {
                "crm": "bitrix24",
                "company_id": 7,
                "title": "ООО Ромашка",
                "inn": "7701234567",
                "created_at": day(0),
            }
        ],
        crm_contact=[
            {
                "crm": "bitrix24",
                "contact_id": 9,
                "first_name": "Пётр",
                "last_name": "Иванов",
                "phones": ["+79120000001"],
                "created_at": day(0),
            }
        ],
        crm_deal=[
            {"crm": "bitrix24", "deal_id": 5001, "company_id": 7, "title": "Болты", **deal},
            {"crm": "bitrix24", "deal_id": 5002, "contact_id": 9, "deleted_at": day(7), **deal},
            {"crm": "bitrix24", "deal_id": 5003, "company_id": 7, **deal},
        ],
        crm_stage_event=[
            {
                "crm": "bitrix24",
                "event_id": number,
                "entity": "deal",
                "entity_id": owner,
                "pipeline_id": 1,
                "stage_id": stage,
                "occurred_at": day(at),
            }
            for number, (owner, stage, at) in enumerate(
                [
                    (5001, "new", 1),
                    (5001, "won", 4),
                    (5001, "new", 5),
                    (5001, "won", 9),
                    (5002, "won", 3),
                    (5003, "new", 1),
                ]
            )
        ],
        crm_product_row=[
            {
                "crm": "bitrix24",
                "row_id": number,
                "deal_id": owner,
                "product_id": product,
                "quantity": quantity,
                "price_micros": price * 10**6,
                "vat_percent": 22,
            }
            for number, (owner, product, quantity, price) in enumerate(lines)
        ],
        payment=[
            {
                "payment_id": number,
                "crm": "bitrix24",
                "deal_id": 5001,
                "paid_at": day(at),
                "kind": kind,
                "amount_micros": amount * 10**6,
                "vat_micros": amount * 10**6 * 22 // 122,
                "document_number": f"ПП-{number}",
            }
            for number, at, kind, amount in [
                (61, 5, "payment", 3050),
                (62, 10, "payment", 2440),
                (63, 12, "refund", -1220),
            ]
        ],
        stock_move=[
            {
                "move_id": number,
                "product_id": product,
                "moved_at": day(at),
                "kind": kind,
                "quantity": quantity,
                "unit_cost_micros": cost * 10**6,
                "deal_id": owner,
                "counterparty": partner,
            }
            for number, product, at, kind, quantity, cost, owner, partner in moves
        ],
    )


class SkladCaller:
    """Plain requests against one stand-in, with a clock to move."""

    def __init__(self, at: float = 30) -> None:
        self.stage = Stage(seed=1, world=make_world())
        self.stage.clock.set(now=day(at), frozen=True, factor=1e-9)
        self.vendor = MoySklad(self.stage)
        app = TransportFaults(Router(routes=list(self.vendor.routes())), self.stage, "moysklad")
        self.http = TestClient(app)
        self.authorization = "Bearer demo-token"

    def go_to(self, number: float) -> None:
        """Set the calendar to a day of the account."""
        self.stage.clock.set(now=day(number))

    def wait(self, seconds: float) -> None:
        """Move the stopwatch alone."""
        now = self.stage.clock.now()
        self.stage.clock.advance(seconds)
        self.stage.clock.set(now=now)

    def plant(self, kind: str, **values: Any) -> None:
        """Plant one fault."""
        self.stage.faults.plant(Fault(kind, "moysklad", values=values))

    def get(self, path: str, params: Any = None, pause: float = 3.0, **headers: str) -> Any:
        """GET below the version; the stopwatch moves first, so that limits stay away."""
        self.wait(pause)
        return self.http.get(
            f"/api/remap/1.2/{path}",
            params=params or None,
            headers={"Authorization": self.authorization, **headers},
            follow_redirects=False,
        )

    def rows(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """The rows of one page."""
        answer = self.get(path, params)
        assert answer.status_code == 200, answer.text
        return answer.json()["rows"]

    def names(self, path: str, **params: Any) -> list[str]:
        """The names on one page."""
        return [row["name"] for row in self.rows(path, **params)]

    def code(self, path: str, **params: Any) -> tuple[int, int]:
        """HTTP status and error code of a refusal."""
        answer = self.get(path, params)
        return answer.status_code, answer.json()["errors"][0]["code"]
