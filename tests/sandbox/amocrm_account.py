"""A small amoCRM account written by hand, and a caller who knows nothing of any client."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.routing import Router
from starlette.testclient import TestClient

from include.sandbox.vendors.amocrm import AmoCrm
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.transport_faults import TransportFaults
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
STAGES = [
    (-1, "new", "Новый", 1, "open"),
    (-1, "in_work", "В работе", 2, "open"),
    (-1, "converted", "Сделка", 3, "won"),
    (-1, "junk", "Спам", 4, "lost"),
    (10, "qualify", "Квалификация", 1, "open"),
    (10, "offer", "Предложение", 2, "open"),
    (10, "won", "Успех", 3, "won"),
    (10, "lost", "Отказ", 4, "lost"),
    (20, "wholesale", "Опт: переговоры", 1, "open"),
    (20, "lost", "Отказ", 2, "lost"),
]
OFFER = 40_010_003
"""Status of the stage ``offer``: unsorted, in_work, qualify, offer."""


def day(number: float) -> datetime:
    """An instant so many days after the account's first."""
    return START + timedelta(days=number)


def seconds(number: float) -> int:
    """The same in Unix seconds."""
    return int(day(number).timestamp())


def make_world(**more: list[dict[str, Any]]) -> World:
    """Enquiries 501..504 and deals 801..804; ``more`` replaces whole tables."""
    ours = {"crm": "amocrm"}
    mine = {"manager_id": 2, "source": "WEBFORM", "lost_reason": ""}
    tables: dict[str, list[dict[str, Any]]] = {
        "crm_manager": [
            {"manager_id": 1, "first_name": "Анна", "last_name": "Глава", "email": "a@x.example"},
            {"manager_id": 2, "first_name": "Олег", "last_name": "Ворон", "email": "o@x.example"},
            {"manager_id": 3, "first_name": "Ира", "last_name": "Лис", "email": "i@x.example"},
        ],
        "crm_pipeline": [
            {"pipeline_id": 20, "name": "Опт", "sort": 2},
            {"pipeline_id": 10, "name": "Продажи", "sort": 1},
        ],
        "crm_stage": [
            {
                "pipeline_id": pipeline,
                "stage_id": stage,
                "name": name,
                "sort": sort,
                "semantics": semantics,
                "renamed_at": day(20) if stage == "offer" else None,
                "old_name": "КП" if stage == "offer" else None,
            }
            for pipeline, stage, name, sort, semantics in STAGES
        ],
        "crm_company": [
            {
                "company_id": 7,
                "title": "ООО Ромашка",
                "inn": "7701234567",
                "phone": "+74950000001",
                "created_at": day(0),
            }
        ],
        "crm_contact": [
            {
                "contact_id": 9,
                "company_id": 7,
                "first_name": "Пётр",
                "last_name": "Иванов",
                "phones": ["+7 (912) 000-00-01", "89120000002"],
                "emails": ["petr@romashka.example"],
                "created_at": day(0),
            },
            {"contact_id": 10, "first_name": "Уйдёт", "created_at": day(0), "deleted_at": day(5)},
            {
                "contact_id": 11,
                "first_name": "Сольётся",
                "created_at": day(0),
                "updated_at": day(6),
                "merged_into_id": 9,
            },
        ],
        "crm_lead": [
            {"lead_id": 501, "title": "Форма", "created_at": day(1), "stage_id": "new", **mine},
            {
                "lead_id": 502,
                "title": "Мусор",
                "created_at": day(1),
                "first_reply_at": day(2),
                "closed_at": day(3),
                "stage_id": "junk",
                **mine,
                "lost_reason": "Спам",
                "source": "CALL",
            },
            {
                "lead_id": 503,
                "title": "Болты",
                "created_at": day(1),
                "first_reply_at": day(1.5),
                "closed_at": day(4),
                "stage_id": "converted",
                "contact_id": 9,
                "company_id": 7,
                "deal_id": 801,
                "utm_source": "yandex",
                "click_id": "1234567890123456789",
                "metrica_client_id": 1712345678901234567,
                **mine,
            },
        ],
        "crm_deal": [
            {
                "deal_id": 801,
                "lead_id": 503,
                "title": "Болты, 2 тонны",
                "contact_id": 9,
                "company_id": 7,
                "pipeline_id": 10,
                "stage_id": "won",
                "amount_micros": 120_000_490_000,
                "created_at": day(4),
                "closed_at": day(14),
                **mine,
            },
            {
                "deal_id": 802,
                "title": "Ошибка",
                "pipeline_id": 10,
                "stage_id": "qualify",
                "created_at": day(2),
                "deleted_at": day(8),
                **mine,
            },
            {
                "deal_id": 803,
                "title": "Двойник",
                "pipeline_id": 10,
                "stage_id": "qualify",
                "created_at": day(5),
                "updated_at": day(9),
                "merged_into_id": 801,
                **mine,
            },
            {
                "deal_id": 804,
                "title": "Опт",
                "pipeline_id": 20,
                "stage_id": "lost",
                "created_at": day(3),
                "closed_at": day(7),
                **mine,
                "lost_reason": "Дорого",
            },
        ],
        "crm_stage_event": [
            {
                "event_id": number,
                "entity": entity,
                "entity_id": owner,
                "pipeline_id": pipeline,
                "stage_id": stage,
                "manager_id": manager,
                "occurred_at": day(at),
            }
            for number, (entity, owner, pipeline, stage, manager, at) in enumerate(
                [
                    ("lead", 501, -1, "new", 2, 1),
                    ("lead", 502, -1, "new", 2, 1),
                    ("lead", 502, -1, "in_work", 2, 2),
                    ("lead", 502, -1, "junk", 2, 3),
                    ("lead", 503, -1, "new", 2, 1),
                    ("lead", 503, -1, "in_work", 2, 1.5),
                    ("lead", 503, -1, "converted", 2, 4),
                    ("deal", 801, 10, "qualify", 2, 4),
                    ("deal", 801, 10, "offer", 3, 6),
                    ("deal", 801, 10, "lost", 3, 10),
                    ("deal", 801, 10, "offer", 3, 12),
                    ("deal", 801, 10, "won", 3, 14),
                    ("deal", 802, 10, "qualify", 2, 2),
                    ("deal", 803, 10, "qualify", 2, 5),
                    ("deal", 804, 20, "wholesale", 2, 3),
                    ("deal", 804, 20, "lost", 2, 7),
                ],
                start=1,
            )
        ],
        "crm_task": [
            {
                "task_id": 1,
                "entity": "deal",
                "entity_id": 801,
                "kind": "call",
                "subject": "Перезвонить",
                "manager_id": 2,
                "created_at": day(4),
                "due_at": day(5),
                "done_at": day(6),
            },
            {
                "task_id": 2,
                "entity": "lead",
                "entity_id": 503,
                "kind": "meeting",
                "subject": "Встреча",
                "manager_id": 3,
                "created_at": day(7),
                "due_at": day(30),
            },
        ],
        "crm_product_row": [
            {"row_id": 1, "deal_id": 801, "product_id": 31, "quantity": 4, "price_micros": 5}
        ],
        "payment": [
            {
                "payment_id": 61,
                "deal_id": 801,
                "paid_at": day(15),
                "kind": "payment",
                "amount_micros": 120_000_000_000,
                "document_number": "ПП-1",
            }
        ],
    }
    rows = {name: [ours | row for row in table] for name, table in (tables | more).items()}
    rows.setdefault(
        "product",
        [{"product_id": 31, "sku": "B-8", "name": "Болт М8", "price_micros": 12_500_000}],
    )
    rows.setdefault(
        "call",
        [
            {
                "tracker": "uis",
                "call_id": number,
                "started_at": day(at),
                "direction": direction,
                "status": status,
                "caller_phone": phone,
                "wait_seconds": 5,
                "talk_seconds": talk,
                "manager_id": 2,
                "known_at": day(at),
            }
            for number, at, direction, status, phone, talk in [
                (91, 0.5, "in", "answered", "+79120000001", 60),
                (92, 6, "in", "missed", "+79120000002", 0),
                (93, 7, "out", "busy", "+79120000001", 0),
                (94, 7, "in", "answered", "+79990000000", 30),
            ]
        ],
    )
    return World.of(**rows)


class AmoCaller:
    """Plain requests against one stand-in, with a clock to move."""

    def __init__(self, world: World | None = None, at: float = 30) -> None:
        self.stage = Stage(seed=1, world=world or make_world())
        self.stage.clock.set(now=day(at), frozen=True, factor=1e-9)
        self.vendor = AmoCrm(self.stage)
        app = TransportFaults(Router(routes=list(self.vendor.routes())), self.stage, "amocrm")
        self.http = TestClient(app)
        self.token = "demo-token"

    def go_to(self, number: float) -> None:
        """Set the calendar to a day of the account."""
        self.stage.clock.set(now=day(number))

    def plant(self, kind: str, **values: Any) -> None:
        """Plant one fault."""
        self.stage.faults.plant(Fault(kind, "amocrm", values=values))

    def get(self, path: str, params: Any = None, pause: float = 1.0) -> Any:
        """GET below ``/api/v4/``; the stopwatch moves first, so that limits stay away."""
        now = self.stage.clock.now()
        self.stage.clock.advance(pause)
        self.stage.clock.set(now=now)
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.http.get(f"/api/v4/{path}", params=params, headers=headers)

    def send(self, method: str, path: str, body: Any) -> Any:
        """A writing request below ``/api/v4/``."""
        now = self.stage.clock.now()
        self.stage.clock.advance(1)
        self.stage.clock.set(now=now)
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.http.request(method, f"/api/v4/{path}", json=body, headers=headers)

    def rows(self, path: str, params: Any = None) -> list[dict[str, Any]]:
        """The rows of one page; empty for 204."""
        answer = self.get(path, params)
        if answer.status_code == 204:
            assert answer.content == b""
            return []
        assert answer.status_code == 200, answer.text
        (rows,) = answer.json()["_embedded"].values()
        return rows

    def ids(self, path: str, params: Any = None) -> list[Any]:
        """The ids of one page."""
        return [row["id"] for row in self.rows(path, params)]
