"""A hand-written portal and a caller who knows nothing of the connector.

The frozen noon is 20 November 2026 in Moscow; Anna (1) and Boris (2) work there, Vera (3) left.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx

from include.sandbox.vendors.bitrix24 import Bitrix24
from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.sandbox.in_process_http import InProcessHttp

NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
METRICA_FIELD = "UF_CRM_1713790573"
REASON_FIELD = "UF_CRM_1713790576"


def at(days_ago: float) -> datetime:
    """An instant so many days before noon."""
    return NOON - timedelta(days=days_ago)


def make_deal(number: int, **changes: Any) -> dict[str, Any]:
    """A deal of Anna's, ten days old, in the first pipeline."""
    return {
        "crm": "bitrix24",
        "deal_id": number,
        "title": f"Deal {number}",
        "lead_id": 0,
        "contact_id": 0,
        "company_id": 0,
        "pipeline_id": 1,
        "stage_id": "qualified",
        "amount_micros": 1_000_000_000 + number * 10_000,
        "currency_code": "RUB",
        "source": "CALL",
        "utm_source": "yandex",
        "metrica_client_id": 0,
        "lost_reason": "",
        "manager_id": 1,
        "created_at": at(10),
        "updated_at": at(10),
        "merged_into_id": 0,
    } | changes


def make_lead(number: int, **changes: Any) -> dict[str, Any]:
    """A lead of Boris's, eleven days old."""
    return {
        "crm": "bitrix24",
        "lead_id": number,
        "title": f"Lead {number}",
        "name": "Ivan Petrov",
        "phone": "8 (495) 000-00-01",
        "email": "ivan@example.com",
        "contact_id": 0,
        "company_id": 0,
        "deal_id": 0,
        "source": "WEBFORM",
        "click_id": "y123",
        "metrica_client_id": 1_700_000_000_000_000_001,
        "ga_client_id": "1.2",
        "stage_id": "new",
        "lost_reason": "",
        "manager_id": 2,
        "created_at": at(11),
        "updated_at": at(11),
        "merged_into_id": 0,
    } | changes


def make_event(
    number: int, entity: str, owner: int, stage: str, days_ago: float, pipeline: int = 1
):
    """An entry into a stage."""
    return {
        "crm": "bitrix24",
        "event_id": number,
        "entity": entity,
        "entity_id": owner,
        "pipeline_id": pipeline if entity == "deal" else -1,
        "stage_id": stage,
        "manager_id": None,
        "occurred_at": at(days_ago),
    }


def make_stage(pipeline: int, word: str, sort: int, semantics: str = "open", **more: Any):
    """One stage of a pipeline."""
    return {
        "crm": "bitrix24",
        "pipeline_id": pipeline,
        "stage_id": word,
        "name": word.capitalize(),
        "sort": sort,
        "semantics": semantics,
    } | more


def standard_tables() -> dict[str, list[dict[str, Any]]]:
    """A small company in which everything happened once."""
    contact = {
        "crm": "bitrix24",
        "company_id": 31,
        "first_name": "Ivan",
        "last_name": "Petrov",
        "phones": ["+74950000001", "+79160000002"],
        "emails": ["ivan@example.com"],
        "metrica_client_id": 17,
        "created_at": at(12),
        "updated_at": at(12),
        "merged_into_id": 0,
    }
    call = {
        "tracker": "calltouch",
        "direction": "in",
        "status": "answered",
        "caller_phone": "+79160000002",
        "tracking_phone": "+74950000099",
        "talk_seconds": 95,
        "manager_id": 1,
    }
    task = {"crm": "bitrix24", "entity": "deal", "entity_id": 1, "manager_id": 1}
    return {
        "crm_manager": [
            {"crm": "bitrix24", "manager_id": 1, "first_name": "Anna", "is_active": True},
            {"crm": "bitrix24", "manager_id": 2, "first_name": "Boris", "is_active": True},
            {"crm": "bitrix24", "manager_id": 3, "first_name": "Vera", "is_active": False},
            {"crm": "amocrm", "manager_id": 4, "first_name": "Other", "is_active": True},
        ],
        "crm_pipeline": [
            {"crm": "bitrix24", "pipeline_id": 1, "name": "Sales", "sort": 10},
            {"crm": "bitrix24", "pipeline_id": 2, "name": "Tenders", "sort": 20},
        ],
        "crm_stage": [
            make_stage(-1, "new", 10),
            make_stage(-1, "in_work", 20),
            make_stage(-1, "converted", 30, "won"),
            make_stage(-1, "junk", 40, "lost"),
            make_stage(1, "new", 10),
            make_stage(1, "qualified", 20, renamed_at=at(5), old_name="Checked"),
            make_stage(1, "won", 30, "won"),
            make_stage(1, "lost", 40, "lost"),
            make_stage(2, "new", 10),
            make_stage(2, "offer", 20),
            make_stage(2, "won", 30, "won"),
        ],
        "crm_lead": [
            make_lead(1, stage_id="converted", deal_id=1, contact_id=21, closed_at=at(10)),
            make_lead(2, stage_id="junk", lost_reason="no budget", closed_at=at(9)),
            make_lead(3, phone="", email="", created_at=NOON + timedelta(hours=1)),
        ],
        "crm_deal": [
            make_deal(1, lead_id=1, contact_id=22, company_id=31, metrica_client_id=17),
            make_deal(2, stage_id="won", closed_at=at(3), manager_id=2),
            make_deal(3, stage_id="lost", lost_reason="price", closed_at=at(2)),
            make_deal(4, pipeline_id=2, stage_id="offer", amount_micros=19_999_990_000),
            make_deal(5, deleted_at=at(1)),
            make_deal(6, deleted_at=at(1), merged_into_id=1),
        ],
        "crm_stage_event": [
            make_event(101, "lead", 1, "new", 11),
            make_event(102, "deal", 1, "new", 10),
            make_event(103, "lead", 1, "converted", 10),
            make_event(104, "deal", 1, "qualified", 8),
            make_event(105, "deal", 4, "new", 7),
            make_event(106, "deal", 4, "offer", 6, pipeline=2),
            make_event(107, "deal", 2, "won", 3),
            make_event(108, "deal", 5, "new", 2),
            make_event(109, "deal", 3, "lost", 2),
        ],
        "crm_contact": [
            contact | {"contact_id": 21},
            contact | {"contact_id": 22, "deleted_at": at(4), "merged_into_id": 21},
        ],
        "crm_company": [
            {
                "crm": "bitrix24",
                "company_id": 31,
                "title": "ООО Ромашка",
                "inn": "7700000001",
                "kpp": "770001001",
                "domain": "romashka.example",
                "phone": "+74950000001",
                "created_at": at(12),
                "updated_at": at(12),
                "merged_into_id": 0,
            }
        ],
        "call": [
            call
            | {
                "call_id": 900,
                "started_at": at(2),
                "known_at": at(1.9),
                "changed_at": at(-1),
            },
            call
            | {
                "call_id": 800,
                "started_at": at(3),
                "known_at": at(2.9),
                "status": "missed",
                "caller_phone": "+70000000000",
                "manager_id": 0,
            },
            call | {"call_id": 901, "started_at": at(0.5), "known_at": at(-0.5)},
        ],
        "crm_task": [
            task
            | {
                "task_id": 51,
                "kind": "task",
                "subject": "Send the offer",
                "created_at": at(6),
                "due_at": at(-1),
            },
            task
            | {
                "task_id": 52,
                "kind": "meeting",
                "subject": "Visit",
                "created_at": at(5),
                "due_at": at(4),
                "done_at": at(4),
            },
        ],
        "product": [{"product_id": 7, "name": "Bolt"}],
        "crm_product_row": [
            {
                "crm": "bitrix24",
                "row_id": 61,
                "deal_id": 1,
                "product_id": 7,
                "quantity": 3,
                "price_micros": 122_000_000,
                "vat_percent": 22,
            }
        ],
        "payment": [
            {
                "payment_id": 71,
                "crm": "bitrix24",
                "deal_id": 2,
                "paid_at": at(2),
                "kind": "payment",
                "amount_micros": 1_220_500_000,
                "vat_micros": 220_000_000,
                "currency_code": "RUB",
                "payer_inn": "7700000001",
                "payer_name": "ООО Ромашка",
                "document_number": "A-71",
            }
        ],
    }


@cache
def standard_world() -> World:
    """The world of :func:`standard_tables`, made once: worlds do not change."""
    return World.of(**standard_tables())


class PortalCaller:
    """Plain requests to a portal of its own, with a frozen clock."""

    def __init__(self, tables: Mapping[str, Any] | None = None) -> None:
        self.stage = Stage(clock=Clock(NOON))
        self.stage.clock.set(frozen=True)
        self.stage.world = standard_world() if tables is None else World.of(**tables)
        self.vendor = Bitrix24(self.stage)
        self.http = InProcessHttp(self.vendor.routes())
        self.hook = "/rest/1/demo-webhook"

    def post(self, method: str, body: Mapping[str, Any] | None = None) -> httpx.Response:
        """A JSON call through the webhook."""
        return self.http.post(f"{self.hook}/{method}", json=body or {})

    def rows(self, method: str, body: Mapping[str, Any] | None = None) -> Any:
        """The result of a successful call."""
        answer = self.post(method, body)
        assert answer.status_code == 200, answer.text
        return answer.json()["result"]

    def ids(self, method: str, **body: Any) -> list[str]:
        """The ids of a list."""
        return [row["ID"] for row in self.rows(method, body)]

    def plant(self, kind: str, **values: Any) -> None:
        """Plant a fault for the next request."""
        self.stage.faults.plant(Fault(kind, "bitrix24", values=values))


def many_deals(count: int) -> PortalCaller:
    """A portal of nothing but deals 1..count."""
    return PortalCaller({"crm_deal": [make_deal(number) for number in range(1, count + 1)]})
