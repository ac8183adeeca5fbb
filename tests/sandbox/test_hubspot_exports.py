"""Exports of the HubSpot stand-in: ordered, polled, fetched by a link that ends."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx
import openpyxl
import pytest

from tests.sandbox.hubspot_portal import PortalCaller

START = "/crm/v3/exports/export/async"
ORDER = {
    "exportType": "VIEW",
    "exportName": "All deals",
    "format": "CSV",
    "language": "EN",
    "objectType": "DEAL",
    "objectProperties": ["dealname", "amount", "closed_lost_reason"],
}


@pytest.fixture
def portal() -> PortalCaller:
    return PortalCaller()


def _start(portal: PortalCaller, **changes: Any) -> str:
    answer = portal.post(START, ORDER | changes)
    assert answer.status_code == 202, answer.text
    assert answer.json()["links"]["status"].endswith(f"/tasks/{answer.json()['id']}/status")
    return answer.json()["id"]


def _status(portal: PortalCaller, number: str) -> dict[str, Any]:
    return portal.get(f"{START}/tasks/{number}/status").json()


def _fetch(portal: PortalCaller, number: str) -> httpx.Response:
    portal.stage.clock.advance(10)
    return portal.http.get(_status(portal, number)["result"])


def test_an_export_is_pending_then_processed_then_complete(portal):
    number = _start(portal)
    seen = []
    for _ in range(3):
        seen.append(_status(portal, number)["status"])
        portal.stage.clock.advance(5)
    assert seen == ["PENDING", "PROCESSING", "COMPLETE"]
    told = _status(portal, number)
    assert told["requestedAt"] < told["startedAt"] < told["completedAt"]


def test_the_file_holds_living_records_and_needs_no_token(portal):
    answer = _fetch(portal, _start(portal))
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["Record ID"] for row in rows] == ["1", "2", "3", "4"]
    assert (rows[2]["closed_lost_reason"], rows[0]["closed_lost_reason"]) == ("price", "")


def test_an_export_may_be_filtered_and_a_workbook(portal):
    won = {"propertyName": "dealstage", "operator": "EQ", "value": "closedwon"}
    search = {"filters": [won], "query": "", "sorts": []}
    answer = _fetch(portal, _start(portal, format="XLSX", publicCrmSearchRequest=search))
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    assert [row[0] for row in sheet.iter_rows(values_only=True)] == ["Record ID", "2"]


def test_a_link_lives_five_minutes_and_a_new_one_can_be_asked_for(portal):
    number = _start(portal)
    portal.stage.clock.advance(10)
    link = _status(portal, number)["result"]
    assert portal.http.get(link).status_code == 200
    portal.stage.clock.advance(300)
    assert portal.http.get(link).status_code == 404
    assert portal.http.get(_status(portal, number)["result"]).status_code == 200


def test_thirty_exports_a_day_are_the_limit(portal):
    for _ in range(30):
        _start(portal)
    answer = portal.post(START, ORDER)
    assert (answer.status_code, answer.json()["policyName"]) == (429, "DAILY")
    portal.stage.clock.advance(86_400)
    _start(portal)


@pytest.mark.parametrize(
    "changes",
    [
        {"exportType": "LIST"},
        {"format": "PDF"},
        {"objectType": "SPACESHIP"},
        {"objectProperties": []},
    ],
)
def test_a_bad_order_is_a_validation_error(portal, changes):
    answer = portal.post(START, ORDER | changes)
    assert (answer.status_code, answer.json()["category"]) == (400, "VALIDATION_ERROR")


def test_an_export_needs_its_scope_and_an_id(portal):
    assert portal.get(f"{START}/tasks/1/status").status_code == 404
    number = _start(portal)
    portal.headers = {"Authorization": "Bearer narrow-token"}
    assert portal.post(START, ORDER).status_code == 403
    assert portal.get(f"{START}/tasks/{number}/status").status_code == 403


def test_both_generations_of_paths_know_an_export(portal):
    number = _start(portal)
    described = portal.get(f"/crm/exports/2026-03/export/{number}").json()
    assert (described["exportState"], described["recordCount"]) == ("PROCESSING", 4)
    portal.stage.clock.advance(10)
    assert portal.get(f"/crm/v3/exports/export/{number}").json()["exportState"] == "DONE"
    portal.vendor.reset()
    assert portal.get(f"/crm/v3/exports/export/{number}").status_code == 404
