"""A hand-written HubSpot portal and a caller who knows nothing of the connector.

The frozen noon is 20 November 2026 in UTC; Ann (1) and Bob (2) work there, Cid (3) left.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import httpx

from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.hubspot import HubSpot
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.sandbox.in_process_http import InProcessHttp

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def at(days_ago: float) -> datetime:
    """An instant so many days before noon."""
    return NOON - timedelta(days=days_ago)


def millis(instant: datetime) -> str:
    """An instant as filters of a search spell it."""
    return str(int(instant.timestamp() * 1000))


def make_deal(number: int, **changes: Any) -> dict[str, Any]:
    """A deal of Ann's, ten days old, in the first pipeline."""
    return {
        "crm": "hubspot",
        "deal_id": number,
        "title": f"Deal {number}",
        "lead_id": 0,
        "contact_id": 0,
        "company_id": 0,
        "pipeline_id": 0,
        "stage_id": "qualifiedtobuy",
        "amount_micros": 1_500_000_000,
        "currency_code": "USD",
        "utm_source": "google",
        "metrica_client_id": 0,
        "lost_reason": "",
        "manager_id": 1,
        "created_at": at(10),
        "updated_at": at(10),
        "merged_into_id": 0,
    } | changes


def make_contact(number: int, **changes: Any) -> dict[str, Any]:
    """A contact of company 41, twelve days old."""
    return {
        "crm": "hubspot",
        "contact_id": number,
        "company_id": 41,
        "first_name": "Jane",
        "last_name": f"Doe{number}",
        "phones": ["+13125550100", "+13125550101"],
        "emails": [f"jane{number}@example.com", "jane@home.example"],
        "utm_source": "google",
        "utm_medium": "cpc",
        "utm_campaign": "bolts",
        "ga_client_id": "11.22",
        "metrica_client_id": 0,
        "created_at": at(12),
        "updated_at": at(12),
        "merged_into_id": 0,
    } | changes


def make_event(number: int, owner: int, stage: str, days_ago: float, **more: Any) -> dict[str, Any]:
    """An entry of a deal into a stage."""
    return {
        "crm": "hubspot",
        "event_id": number,
        "entity": "deal",
        "entity_id": owner,
        "pipeline_id": 0,
        "stage_id": stage,
        "manager_id": 1,
        "occurred_at": at(days_ago),
    } | more


def _stage(pipeline: int, word: str, sort: int, semantics: str = "open", **more: Any) -> dict:
    return {
        "crm": "hubspot",
        "pipeline_id": pipeline,
        "stage_id": word,
        "name": word.capitalize(),
        "sort": sort,
        "semantics": semantics,
    } | more


def standard_tables() -> dict[str, list[dict[str, Any]]]:
    """A small company in which everything happened once."""
    managers = ((1, "Ann", True), (2, "Bob", True), (3, "Cid", False))
    call = {
        "tracker": "callrail",
        "status": "answered",
        "direction": "in",
        "caller_phone": "+13125550100",
        "tracking_phone": "+13125550999",
        "talk_seconds": 95,
        "manager_id": 1,
    }
    task = {
        "crm": "hubspot",
        "entity": "deal",
        "entity_id": 1,
        "manager_id": 1,
        "created_at": at(6),
        "due_at": at(5),
    }
    return {
        "crm_manager": [
            {"crm": "hubspot", "manager_id": n, "first_name": name, "is_active": active}
            for n, name, active in managers
        ],
        "crm_pipeline": [
            {"crm": "hubspot", "pipeline_id": 0, "name": "Sales", "sort": 10},
            {"crm": "hubspot", "pipeline_id": 7, "name": "Partners", "sort": 20},
        ],
        "crm_stage": [
            _stage(-1, "new", 10),
            _stage(-1, "open_deal", 20, "won"),
            _stage(-1, "unqualified", 30, "lost"),
            _stage(0, "appointmentscheduled", 10),
            _stage(0, "qualifiedtobuy", 20, renamed_at=at(5), old_name="Checked"),
            _stage(0, "won", 30, "won"),
            _stage(0, "lost", 40, "lost"),
            _stage(7, "qualifiedtobuy", 10),
            _stage(7, "won", 20, "won"),
        ],
        "crm_company": [
            {
                "crm": "hubspot",
                "company_id": 41,
                "title": "Bolts Inc",
                "domain": "bolts.example",
                "inn": "12-345",
                "created_at": at(12),
                "updated_at": at(12),
                "merged_into_id": 0,
            }
        ],
        "crm_contact": [
            make_contact(21),
            make_contact(22, deleted_at=at(4), merged_into_id=21, updated_at=at(4)),
            make_contact(23, deleted_at=at(3), company_id=0, utm_medium="", utm_source=""),
        ],
        "crm_lead": [
            {
                "crm": "hubspot",
                "lead_id": 51,
                "title": "Enquiry 51",
                "name": "Jane",
                "phone": "312 555 0100",
                "email": "JANE21@example.com",
                "company_title": "Bolts",
                "contact_id": 21,
                "company_id": 41,
                "deal_id": 1,
                "source": "WEBFORM",
                "click_id": "Cj0",
                "ga_client_id": "11.22",
                "metrica_client_id": 0,
                "stage_id": "open_deal",
                "lost_reason": "",
                "manager_id": 2,
                "created_at": at(11),
                "first_reply_at": at(10.9),
                "updated_at": at(10),
                "closed_at": at(10),
                "merged_into_id": 0,
            }
        ],
        "crm_deal": [
            make_deal(1, lead_id=51, contact_id=22, company_id=41),
            make_deal(2, stage_id="won", closed_at=at(3), contact_id=21),
            make_deal(3, stage_id="lost", lost_reason="price", closed_at=at(2)),
            make_deal(4, pipeline_id=7, amount_micros=19_999_990_000, utm_source=""),
            make_deal(5, deleted_at=at(1)),
            make_deal(6, deleted_at=at(1), merged_into_id=1),
            make_deal(7, created_at=at(120), updated_at=at(120), deleted_at=at(100)),
        ],
        "crm_stage_event": [
            make_event(101, 1, "appointmentscheduled", 10),
            make_event(102, 1, "qualifiedtobuy", 8, manager_id=2),
            make_event(103, 2, "appointmentscheduled", 10),
            make_event(104, 2, "won", 3),
            make_event(105, 3, "lost", 2),
            make_event(106, 51, "new", 11, entity="lead", pipeline_id=-1, manager_id=2),
            make_event(107, 51, "open_deal", 10, entity="lead", pipeline_id=-1, manager_id=2),
        ],
        "call": [
            call | {"call_id": 900, "started_at": at(2), "known_at": at(1.9), "changed_at": at(-1)},
            call
            | {
                "call_id": 800,
                "started_at": at(3),
                "known_at": at(2.9),
                "status": "missed",
                "caller_phone": "+10000000000",
            },
            call | {"call_id": 901, "started_at": at(0.5), "known_at": at(-0.5)},
        ],
        "crm_task": [
            task | {"task_id": 61, "kind": "task", "subject": "Send the offer"},
            task | {"task_id": 62, "kind": "meeting", "subject": "Visit", "done_at": at(4)},
            task | {"task_id": 63, "kind": "email", "subject": "Offer", "done_at": at(5)},
            task | {"task_id": 64, "kind": "call", "subject": "Ask", "done_at": at(-1)},
        ],
        "product": [{"product_id": 7, "name": "Bolt", "sku": "B-7", "price_micros": 61_000_000}],
        "crm_product_row": [
            {
                "crm": "hubspot",
                "row_id": 71,
                "deal_id": 1,
                "product_id": 7,
                "quantity": 3,
                "price_micros": 61_000_000,
                "vat_percent": 0,
            }
        ],
        "payment": [
            {
                "payment_id": 81,
                "crm": "hubspot",
                "deal_id": 2,
                "paid_at": at(2),
                "kind": "payment",
                "amount_micros": 1_500_500_000,
                "vat_micros": 0,
                "currency_code": "USD",
                "payer_name": "Bolts Inc",
                "document_number": "INV-81",
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
        self.vendor = HubSpot(self.stage)
        self.http = InProcessHttp(self.vendor.routes())
        self.headers = {"Authorization": "Bearer demo-token"}

    def get(self, path: str, **query: Any) -> httpx.Response:
        """A GET with the token."""
        return self.http.get(path, params=query, headers=self.headers)

    def post(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """A POST of a JSON body with the token."""
        return self.http.post(path, json=body, headers=self.headers)

    def results(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """The results of a successful GET."""
        answer = self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()["results"]

    def search(self, kind: str, **body: Any) -> dict[str, Any]:
        """The body of a successful search."""
        answer = self.post(f"/crm/v3/objects/{kind}/search", body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def find(self, *filters: Mapping[str, Any], kind: str = "deals") -> list[str]:
        """Ids found by one group of filters."""
        body = self.search(kind, limit=200, filterGroups=[{"filters": list(filters)}])
        self.stage.clock.advance(1)
        return [one["id"] for one in body["results"]]

    def plant(self, kind: str, **values: Any) -> None:
        """Plant a fault for the next request."""
        self.stage.faults.plant(Fault(kind, "hubspot", values=values))
