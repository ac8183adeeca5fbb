"""Whom the Calltouch stand-in lets in, how often, and what can be written into it."""

from __future__ import annotations

import pytest
import requests

from tests.sandbox.calltouch_company import (
    CALLS,
    SITE,
    CalltouchCaller,
    at,
    make_call,
    make_form,
    make_office,
)

DAY = {"dateFrom": "18/11/2026", "dateTo": "18/11/2026"}


@pytest.fixture
def calltouch(vendor_server, monkeypatch):
    caller = CalltouchCaller(vendor_server)
    world = make_office(make_call(1, at(18)), form_request=[make_form(9, at(18))])
    monkeypatch.setattr(caller.stage, "world", world)
    return caller


@pytest.mark.parametrize(
    ("token", "status"), [("", 401), ("stranger", 401), ("foreign-token", 403), ("demo-token", 200)]
)
def test_a_token_must_be_known_and_of_the_site(calltouch, token, status):
    assert calltouch.calls(clientApiId=token).status_code == status
    assert calltouch.requests(clientApiId=token).status_code == status


def test_an_unknown_site_is_not_found(calltouch):
    path = CALLS.replace(str(SITE), "7")
    assert calltouch.get(path, **DAY).status_code == 404
    assert calltouch.requests(siteId=7).status_code == 404


@pytest.mark.parametrize(
    "params",
    [
        {"day": "11/18/2026"},
        {"day": "2026-11-18"},
        {"day": "18/11/2026", "to": "19/11/2026"},
        {"day": "19/11/2026", "to": "18/11/2026", "page": 1},
        {"day": "01/01/2026", "to": "18/11/2026", "page": 1},
        {"day": "18/11/2026", "page": 0},
        {"day": "18/11/2026", "page": 1, "limit": 1001},
    ],
)
def test_a_wrong_range_of_calls_is_a_bad_request(calltouch, params):
    answer = calltouch.calls(**params)
    assert answer.status_code == 400
    assert answer.json()["errorCode"] == 400


@pytest.mark.parametrize("params", [{"day": "18/11/2026"}, {"timeFrom": "noon"}])
def test_a_wrong_range_of_requests_is_a_bad_request(calltouch, params):
    assert calltouch.requests(**params).status_code == 400


def test_the_site_of_requests_follows_from_the_token_until_it_is_required(calltouch):
    days = {"dateFrom": "11/18/2026", "dateTo": "11/18/2026"}
    path = "/calls-service/RestAPI/requests"
    assert len(calltouch.get(path, **days).json()) == 1
    calltouch.control("knobs", {"calltouch.site_required": True})
    assert calltouch.get(path, **days).status_code == 400


def test_the_sixth_request_of_a_second_is_refused(calltouch):
    calltouch.control("clock", {"factor": 0.0001})
    params = {"clientApiId": "demo-token"} | DAY
    answers = [requests.get(calltouch.url + CALLS, params=params, timeout=10) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    calltouch.stage.clock.advance(1)
    assert calltouch.calls().status_code == 200


def test_all_methods_of_an_address_share_its_requests_a_second(calltouch):
    calltouch.control("clock", {"factor": 0.0001})
    root = f"{calltouch.url}/calls-service/RestAPI"
    node = f"{root}/{SITE}/getnodeid"
    statuses = [requests.get(node, timeout=10).status_code for _ in range(5)]
    form = requests.post(f"{root}/requests/{SITE}/register", data={"email": "a@b"}, timeout=10)
    assert [*statuses, form.status_code] == [200] * 5 + [429]


@pytest.mark.parametrize("shape", ["errorCode", "errors"])
def test_a_refusal_has_either_body_that_was_seen(calltouch, shape):
    calltouch.control("knobs", {"calltouch.error_shape": shape})
    body = calltouch.calls(clientApiId="stranger").json()
    error = body["errors"][0] if shape == "errors" else body
    assert error == {"errorCode": 401, "message": "Token is wrong or missing"}


@pytest.mark.parametrize("missing", ["dateFrom", "dateTo"])
def test_both_days_of_a_journal_are_needed(calltouch, missing):
    given = {name: day for name, day in DAY.items() if name != missing}
    assert calltouch.get(CALLS, **given).status_code == 400


def test_points_are_charged_for_successes_alone_and_come_back_the_next_day(calltouch):
    calltouch.control("knobs", {"calltouch.daily_points": 2})
    assert calltouch.calls().status_code == 200
    for _ in range(3):
        assert calltouch.calls("nonsense").status_code == 400
    assert calltouch.calls().status_code == 200
    assert calltouch.calls().status_code == 429
    calltouch.stage.clock.advance(86_400)
    assert calltouch.calls().status_code == 200


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503])
def test_every_status_can_be_planted(calltouch, status):
    calltouch.control("faults", {"kind": "error", "status": status})
    assert calltouch.calls().status_code == status
    assert calltouch.calls().status_code == 200


def test_a_token_can_be_made_to_expire(calltouch):
    calltouch.control("faults", {"kind": "expired_token"})
    assert calltouch.calls().status_code == 401


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_node_is_told_to_anybody_and_paths_may_end_with_a_slash(calltouch, slash):
    path = f"/calls-service/RestAPI/{SITE}/getnodeid{slash}"
    answer = requests.get(calltouch.url + path, timeout=10)
    assert answer.json() == {"nodeId": "3"}
    assert calltouch.get(CALLS + slash, **DAY).status_code == 200


@pytest.mark.parametrize("path", [f"requests/{SITE}/register/", f"{SITE}/requests/orders/register"])
def test_a_registered_request_is_in_the_journal_of_its_day(calltouch, path):
    url = f"{calltouch.url}/calls-service/RestAPI/{path}"
    form = {"fio": "Иван", "phoneNumber": "79160000000", "requestNumber": "A-1"}
    number = requests.post(url, data=form, timeout=10).json()["requestId"]
    (row,) = calltouch.requests("11/20/2026").json()
    assert (row["requestId"], row["requestNumber"]) == (number, "A-1")
    assert row["client"]["fio"] == "Иван"
    assert requests.post(url, data={"fio": "x"}, timeout=10).status_code == 400


def _deal(calltouch, action: str, deal, token: str = "demo-token") -> requests.Response:  # noqa: S107
    url = f"{calltouch.url}/lead-service/v1/api/client-order/{action}"
    headers = {"Access-Token": token, "SiteId": str(SITE)}
    calltouch.stage.clock.advance(0.5)
    return requests.post(url, json=deal, headers=headers, timeout=10)


def test_deals_are_written_with_headers_instead_of_parameters(calltouch):
    deal = {"orderNumber": "50"}
    assert _deal(calltouch, "create", deal, "stranger").status_code == 401
    made = _deal(calltouch, "create", deal).json()
    assert _deal(calltouch, "create", deal).status_code == 400
    assert _deal(calltouch, "update", deal | {"status": "won"}).json() == made
    assert _deal(calltouch, "delete", deal).json() == made
    assert _deal(calltouch, "delete", deal).status_code == 400
    assert _deal(calltouch, "merge", deal).status_code == 404


@pytest.mark.parametrize(("sites", "status"), [(str(SITE), 200), (f"{SITE}, 7", 404)])
def test_a_token_of_many_sites_names_them_in_another_header(calltouch, sites, status):
    url = f"{calltouch.url}/lead-service/v1/api/client-order/create"
    headers = {"Access-Token": "demo-token", "SiteIds": sites}
    answer = requests.post(url, json={"orderNumber": "51"}, headers=headers, timeout=10)
    assert answer.status_code == status


def test_imported_calls_have_references_used_once_for_ever(calltouch):
    url = f"{calltouch.url}/event-service/platform/ats/inbound-call"

    def send(*references: str) -> int:
        calltouch.stage.clock.advance(0.5)
        body = [{"referenceId": reference} for reference in references]
        return requests.post(url, json=body, timeout=10).status_code

    assert send("a", "b") == 200
    assert send("b") == 400
    assert send("c", "c") == 400
    assert send(*map(str, range(101))) == 400
    assert requests.post(url, data=b"{", timeout=10).status_code == 400
