"""The amoCRM stand-in at its door: tokens, rates, bans and refusals."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.sandbox.amocrm_account import AmoCaller

APP = {
    "client_id": "demo-app",
    "client_secret": "demo-secret",
    "redirect_uri": "https://example.com/amo",
}


@pytest.fixture
def amo() -> AmoCaller:
    return AmoCaller()


def _refresh(amo: AmoCaller, token: str, **changes: Any) -> Any:
    body = APP | {"grant_type": "refresh_token", "refresh_token": token} | changes
    return amo.http.post("/oauth2/access_token", json=body)


def test_a_refresh_token_works_once_and_hands_on_the_next(amo):
    first = _refresh(amo, "demo-refresh")
    assert (first.status_code, first.json()["expires_in"]) == (200, 86400)
    again = _refresh(amo, "demo-refresh")
    assert (again.status_code, again.json()["hint"]) == (401, "Token has been revoked")
    assert _refresh(amo, first.json()["refresh_token"]).status_code == 200


def test_an_access_token_lives_24_hours_and_names_its_api_domain(amo):
    amo.token = _refresh(amo, "demo-refresh").json()["access_token"]
    assert amo.get("leads").status_code == 200
    amo.stage.clock.advance(23 * 3600)
    assert amo.get("leads").status_code == 200
    amo.stage.clock.advance(3600)
    assert amo.get("leads").status_code == 401
    payload = amo.token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert claims["exp"] - claims["iat"] == 86400
    assert claims["api_domain"]


def test_a_refresh_token_dies_after_three_months(amo):
    amo.stage.clock.advance(91 * 86400)
    refused = _refresh(amo, "demo-refresh")
    assert (refused.status_code, refused.json()["hint"]) == (401, "Token has expired")


def test_a_code_is_exchanged_once_within_twenty_minutes(amo):
    amo.vendor.reset()
    body = APP | {"grant_type": "authorization_code", "code": "demo-code"}
    assert amo.http.post("/oauth2/access_token", json=body).status_code == 200
    assert amo.http.post("/oauth2/access_token", json=body).status_code == 400
    amo.vendor.reset()
    amo.stage.clock.advance(1201)
    late = amo.http.post("/oauth2/access_token", json=body)
    assert (late.status_code, late.json()["hint"]) == (400, "Token has expired")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"client_secret": "wrong"}, 401),
        ({"redirect_uri": ""}, 400),
        ({"grant_type": "password"}, 400),
        ({"refresh_token": "never-issued"}, 401),
    ],
)
def test_a_wrong_token_request_is_refused_and_spends_nothing(amo, changes, status):
    assert _refresh(amo, "demo-refresh", **changes).status_code == status
    assert _refresh(amo, "demo-refresh").status_code == 200


def test_the_account_tells_where_it_lives_without_spending_the_token(amo):
    ask = {"X-Refresh-Token": "demo-refresh"}
    moved = amo.http.get("/oauth2/account/current/subdomain", headers=ask)
    assert moved.json()["domain"] == "demo.amocrm.ru"
    assert amo.http.get("/oauth2/account/current/subdomain").status_code == 401
    assert _refresh(amo, "demo-refresh").status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nobody", "Basic demo-token"])
def test_no_or_a_wrong_token_is_an_unauthorized_problem(amo, header):
    answer = amo.http.get("/api/v4/leads", headers={"Authorization": header})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "title": "Unauthorized",
        "type": "https://httpstatus.es/401",
        "status": 401,
        "detail": "Unauthorized",
    }


def test_the_eighth_request_within_a_second_is_refused(amo):
    assert {amo.get("account", pause=0).status_code for _ in range(7)} == {200}
    refused = amo.get("account", pause=0)
    assert (refused.status_code, refused.json()["status"]) == (429, 429)
    assert "retry-after" not in refused.headers
    assert amo.get("account", pause=1).status_code == 200


def test_another_integration_has_a_rate_of_its_own(amo):
    assert [amo.get("account", pause=0).status_code for _ in range(8)][-1] == 429
    amo.token = "second-token"
    assert amo.get("account", pause=0).status_code == 200


def test_an_account_takes_fifty_requests_a_second_from_all_together(amo):
    amo.stage.knobs["amocrm.requests_per_second"] = 40
    statuses = [amo.get("account", pause=0).status_code for _ in range(40)]
    amo.token = "second-token"
    statuses += [amo.get("account", pause=0).status_code for _ in range(11)]
    assert statuses == [200] * 50 + [429]


def test_a_refusal_says_how_long_to_wait_where_that_is_switched_on(amo):
    amo.stage.knobs |= {"amocrm.requests_per_second": 0, "amocrm.retry_after": 2}
    assert amo.get("account").headers["retry-after"] == "2"


def test_abuse_ends_in_a_ban_that_also_shuts_the_token_url(amo):
    amo.stage.knobs["amocrm.abuse_refusals"] = 3
    statuses = [amo.get("account", pause=0).status_code for _ in range(11)]
    assert statuses == [200] * 7 + [429] * 3 + [403]
    amo.stage.clock.advance(86400)
    banned = amo.get("leads")
    assert (banned.status_code, "nginx" in banned.text) == (403, True)
    assert banned.headers["content-type"].startswith("text/html")
    assert _refresh(amo, "demo-refresh").status_code == 403
    amo.stage.knobs["amocrm.blocked"] = False
    assert amo.get("leads").status_code == 200


def test_users_are_for_administrators_only(amo):
    amo.token = "manager-token"
    assert amo.get("users").json()["status"] == 403
    assert amo.get("leads").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "limit=251",
        "limit=0",
        "limit=x",
        "page=0",
        "filter=1",
        "filter[id]=x",
        "filter[updated_at][from]=yesterday",
        "filter[statuses][0][status_id]=142",
        "order[price]=asc",
        "order[id]=sideways",
    ],
)
def test_a_parameter_that_makes_no_sense_is_a_bad_request(amo, query):
    answer = amo.get(f"leads?{query}")
    assert answer.status_code == 400
    assert answer.json()["validation-errors"][0]["errors"][0]["code"] == "InvalidParameter"


def test_unknown_paths_and_versions_are_not_found(amo):
    assert amo.get("calls").status_code == 404
    assert amo.get("catalogs/5/elements").status_code == 404
    headers = {"Authorization": "Bearer demo-token"}
    assert amo.http.get("/api/v2/leads", headers=headers).status_code == 404


def test_planted_refusals_last_as_long_as_their_count(amo):
    amo.plant("expired_token")
    assert amo.get("leads").status_code == 401
    amo.plant("expired_token", misleading=True)
    assert (amo.get("leads").json()["status"], amo.get("leads").status_code) == (400, 200)
    amo.plant("unpaid")
    assert amo.get("leads").status_code == 402
    for status in (500, 502, 503, 504):
        amo.plant("error", status=status)
        assert amo.get("leads").json()["status"] == status
        amo.plant("status", status=status)
        assert amo.get("leads").status_code == status
    assert amo.get("leads").status_code == 200


def test_planted_lies_change_rows_under_the_same_name(amo):
    amo.plant("changed_meaning", field="price", factor=100)
    assert [row["price"] for row in amo.rows("leads?filter[id]=801")] == [12_000_000]
    amo.plant("renamed_field", **{"from": "price", "to": "sale"})
    (row,) = amo.rows("leads?filter[id]=801")
    assert (row["sale"], "price" in row) == (120_000, False)
    amo.plant("zero_rows")
    assert amo.get("leads").status_code == 204
    assert amo.get("leads").status_code == 200
