"""The second generation of the Bitrix24 stand-in: JSON only, its own envelope, few methods."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.bitrix24_portal import PortalCaller, standard_tables

HOOK = "/rest/api/1/demo-webhook"
CODE = "BITRIX_REST_V3_EXCEPTION_"


@pytest.fixture
def portal() -> PortalCaller:
    tables = standard_tables()
    task = tables["crm_task"][0]
    tables["crm_task"] += [task | {"task_id": number} for number in (53, 54)]
    return PortalCaller(tables)


def _list(portal: PortalCaller, **body: Any) -> httpx.Response:
    return portal.http.post(f"{HOOK}/tasks.task.list", json=body)


def _ids(portal: PortalCaller, **body: Any) -> list[int]:
    answer = _list(portal, **body)
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["result"]["items"]]


def test_rows_are_typed_items_of_which_only_ids_come_unasked(portal):
    body = _list(portal).json()
    assert body["result"]["items"][0] == {"id": 51}
    assert "total" not in body and "operating" in body["time"]
    item = _list(portal, select=["status", "responsibleId"]).json()["result"]["items"][0]
    assert item == {"id": 51, "status": "pending", "responsibleId": 1}


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ({"filter": [["id", ">", 51]]}, [53, 54]),
        ({"filter": [["id", [51, 54]]]}, [51, 54]),
        ({"filter": [["id", "between", [52, 53]]]}, [53]),
        ({"filter": [{"logic": "or", "conditions": [["id", 51], ["id", ">=", 54]]}]}, [51, 54]),
        ({"order": {"id": "DESC"}}, [54, 53, 51]),
        ({"pagination": {"page": 2, "limit": 2}}, [54]),
        ({"pagination": {"offset": 1, "limit": 1}}, [53]),
    ],
)
def test_lists_are_filtered_ordered_and_paged(portal, body, ids):
    assert _ids(portal, **body) == ids


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"select": ["nothing"]}, "UNKNOWNDTOPROPERTYEXCEPTION"),
        ({"filter": [["title", "x"]]}, "VALIDATION_REQUESTVALIDATIONEXCEPTION"),
        ({"filter": {"id": 1}}, "INVALIDFILTEREXCEPTION"),
        ({"order": {"nothing": "ASC"}}, "INVALIDORDEREXCEPTION"),
        ({"pagination": {"limit": "abc"}}, "INVALIDPAGINATIONEXCEPTION"),
    ],
)
def test_errors_are_objects_with_a_code(portal, body, code):
    answer = _list(portal, **body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, CODE + code)
    assert answer.json()["error"]["message"]


def test_a_query_string_or_a_form_is_refused(portal):
    assert portal.http.post(f"{HOOK}/tasks.task.list?start=0", json={}).status_code == 400
    assert portal.http.post(f"{HOOK}/tasks.task.list", data={"start": "0"}).status_code == 400
    assert portal.http.get(f"{HOOK}/tasks.task.list").status_code == 400
    paths = portal.http.get(f"{HOOK}/documentation").json()["paths"]
    assert "/tasks.task.list" in paths


def test_one_task_is_an_item_and_a_missing_one_is_not_found(portal):
    path = f"{HOOK}/tasks.task.get"
    item = portal.http.post(path, json={"id": 51, "select": ["title"]}).json()["result"]["item"]
    assert item == {"id": 51, "title": "Send the offer"}
    assert portal.http.post(path, json={"id": 99}).status_code == 404
    missing = portal.http.post(path, json={}).json()["error"]
    assert missing["validation"][0]["field"] == "id"


def test_leads_and_deals_are_not_known_there(portal):
    answer = portal.http.post(f"{HOOK}/crm.deal.list", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (
        404,
        CODE + "METHODNOTFOUNDEXCEPTION",
    )


def test_the_same_idempotency_key_gets_the_first_answer_again(portal):
    def ask(key: str) -> dict:
        path, headers = f"{HOOK}/tasks.task.list", {"Idempotency-Key": key}
        return portal.http.post(path, json={}, headers=headers).json()

    first = ask("one")
    portal.stage.clock.advance(5)
    assert ask("one") == first
    assert ask("two")["time"] != first["time"]


def test_who_may_call_and_how_often_is_the_same_as_in_the_classic_api(portal):
    answer = portal.http.post("/rest/api/1/wrong/tasks.task.list", json={})
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "INVALID_CREDENTIALS")
    answer = portal.http.post("/rest/api/tasks.task.list", json={"auth": "demo-token"})
    assert answer.status_code == 200
    narrow = portal.http.post("/rest/api/1/crm-webhook/tasks.task.list", json={})
    assert narrow.status_code == 403
    portal.stage.knobs["bitrix24.bucket_size"] = 1
    assert _list(portal).json()["error"]["code"] == "QUERY_LIMIT_EXCEEDED"
