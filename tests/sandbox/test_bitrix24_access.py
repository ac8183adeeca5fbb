"""Who the Bitrix24 stand-in lets in, and what it says to the others."""

from __future__ import annotations

import pytest

from include.sandbox.vendors.bitrix24.errors import SYSTEM_ERRORS
from tests.sandbox.bitrix24_portal import PortalCaller, make_deal

RENEWAL = {
    "grant_type": "refresh_token",
    "client_id": "local.demo",
    "client_secret": "demo-secret",
    "refresh_token": "demo-refresh",
}


@pytest.fixture
def portal() -> PortalCaller:
    return PortalCaller()


def test_a_method_is_found_in_any_case_and_with_its_suffix(portal):
    for name in ("crm.deal.list", "crm.deal.List.json", "CRM.DEAL.LIST/", "crm.deal.list.json/"):
        assert len(portal.rows(name)) == 4
    assert portal.http.get(f"{portal.hook}/crm.deal.list").json()["total"] == 4


def test_the_suffix_xml_answers_xml(portal):
    answer = portal.post("crm.deal.list.xml", {"select": ["ID"]})
    assert answer.headers["content-type"].startswith("text/xml")
    assert "<response><result><item><ID>1</ID></item>" in answer.text


def test_a_wrong_secret_or_none_is_refused(portal):
    for path in ("/rest/1/wrong/crm.deal.list", "/rest/x/demo-webhook/crm.deal.list"):
        answer = portal.http.post(path)
        assert (answer.status_code, answer.json()["error"]) == (401, "INVALID_CREDENTIALS")
    answer = portal.http.post("/rest/crm.deal.list")
    assert (answer.status_code, answer.json()["error"]) == (401, "NO_AUTH_FOUND")


def test_an_unknown_method_is_not_found(portal):
    for name in ("crm.deal", "nothing.list", ""):
        answer = portal.post(name)
        assert (answer.status_code, answer.json()["error"]) == (404, "ERROR_METHOD_NOT_FOUND")
    portal.stage.knobs["bitrix24.method_not_found_status"] = 400
    assert portal.post("nothing.list").status_code == 400


def test_a_webhook_without_the_scope_is_refused(portal):
    portal.hook = "/rest/1/crm-webhook"
    assert portal.post("crm.deal.list").status_code == 200
    answer = portal.post("voximplant.statistic.get")
    assert (answer.status_code, answer.json()["error"]) == (403, "insufficient_scope")


def test_a_webhook_of_few_rights_gets_shorter_lists_and_no_error(portal):
    portal.hook = "/rest/2/own-webhook"
    assert portal.ids("crm.deal.list") == ["2"]
    assert portal.ids("crm.deal.list", start=-1, filter={">ID": 0}) == ["2"]
    answer = portal.post("crm.deal.get", {"id": 1})
    assert answer.json() == {"error": "", "error_description": "Access denied."}


@pytest.mark.parametrize("how", ["query", "form", "json", "header"])
def test_an_access_token_is_taken_from_wherever_it_is(portal, how):
    path, token = "/rest/crm.deal.list", {"auth": "demo-token"}
    answer = {
        "query": lambda: portal.http.get(path, params=token),
        "form": lambda: portal.http.post(path, data=token),
        "json": lambda: portal.http.post(path, json=token),
        "header": lambda: portal.http.post(path, headers={"Authorization": "Bearer demo-token"}),
    }[how]()
    assert answer.json()["total"] == 4


def test_a_refresh_gives_a_pair_and_burns_the_old_refresh_token(portal):
    answer = portal.http.get("/oauth/token/", params=RENEWAL)
    body = answer.json()
    assert (answer.status_code, body["expires_in"], body["user_id"]) == (200, 3600, 1)
    assert body["client_endpoint"].endswith("/rest/")
    token = {"auth": body["access_token"]}
    assert portal.http.get("/rest/crm.deal.list", params=token).status_code == 200
    again = portal.http.get("/oauth/token/", params=RENEWAL)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    renewed = RENEWAL | {"refresh_token": body["refresh_token"]}
    assert portal.http.get("/oauth/token/", params=renewed).status_code == 200


def test_an_access_token_expires_after_an_hour_of_the_portal(portal):
    body = portal.http.post("/oauth/token/", data=RENEWAL).json()
    portal.stage.clock.advance(3601)
    answer = portal.http.get("/rest/profile", params={"auth": body["access_token"]})
    assert (answer.status_code, answer.json()["error"]) == (401, "expired_token")


def test_a_refresh_token_lives_half_a_year(portal):
    body = portal.http.post("/oauth/token/", data=RENEWAL).json()
    portal.stage.clock.advance(181 * 86_400)
    renewed = RENEWAL | {"refresh_token": body["refresh_token"]}
    assert portal.http.get("/oauth/token/", params=renewed).json()["error"] == "invalid_grant"


def test_an_authorization_code_is_spent_once(portal):
    form = RENEWAL | {"grant_type": "authorization_code", "code": "demo-code"}
    answers = [portal.http.post("/oauth/token/", data=form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 400]


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "password"}, "invalid_request"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"refresh_token": "wrong"}, "invalid_grant"),
        ({"scope": "crm,disk"}, "insufficient_scope"),
        ({"scope": "crm,spaceships"}, "invalid_scope"),
        ({"client_id": "local.unpaid", "refresh_token": "unpaid-refresh"}, "PAYMENT_REQUIRED"),
    ],
)
def test_the_oauth_server_names_what_is_wrong(portal, changes, error):
    answer = portal.http.get("/oauth/token/", params=RENEWAL | changes)
    assert answer.status_code >= 400
    assert answer.json()["error"] == error


@pytest.mark.parametrize("code", sorted(SYSTEM_ERRORS))
def test_every_error_of_the_vendor_can_be_planted(portal, code):
    portal.plant("error", code=code)
    answer = portal.post("crm.deal.list")
    status, text = SYSTEM_ERRORS[code]
    assert answer.status_code == status
    assert answer.json() == {"error": code, "error_description": text}
    assert portal.post("crm.deal.list").status_code == 200


def test_an_empty_or_numeric_code_can_be_planted(portal):
    for code in ("", 0):
        portal.plant("error", code=code, description="Access denied.")
        body = portal.post("crm.deal.list").json()
        assert body == {"error": code, "error_description": "Access denied."}


def test_a_planted_expiry_hits_one_request(portal):
    portal.plant("expired_token")
    assert portal.post("crm.deal.list").json()["error"] == "expired_token"
    assert portal.post("crm.deal.list").status_code == 200


def test_planted_faults_empty_rename_and_rescale(portal):
    portal.plant("zero_rows")
    assert portal.post("crm.deal.list").json()["result"] == []
    portal.plant("renamed_field", **{"from": "STAGE_ID", "to": "STATUS"})
    assert portal.rows("crm.deal.list")[0]["STATUS"] == "QUALIFIED"
    portal.plant("changed_meaning", field="OPPORTUNITY", factor=100)
    assert portal.rows("crm.deal.list")[0]["OPPORTUNITY"] == "100001.00"
    portal.plant("zero_rows")
    assert portal.rows("crm.stagehistory.list", {"entityTypeId": 2}) == {"items": []}


def test_one_value_of_the_first_row_can_be_broken(portal):
    portal.plant("broken_value", field="OPPORTUNITY", value="much")
    rows = portal.rows("crm.deal.list")
    assert [row["OPPORTUNITY"] for row in rows][:2] == ["much", "1000.02"]
    portal.plant("broken_value", field="OWNER_ID", value="x")
    items = portal.rows("crm.stagehistory.list", {"entityTypeId": 2})["items"]
    assert items[0]["OWNER_ID"] == "x"


def test_reset_forgets_tokens_and_limits(portal):
    portal.http.get("/oauth/token/", params=RENEWAL)
    portal.vendor.reset()
    assert portal.http.get("/oauth/token/", params=RENEWAL).status_code == 200


def test_an_empty_portal_answers_empty_lists():
    empty = PortalCaller({"crm_deal": [make_deal(1, created_at=None, crm="amocrm")]})
    for kind in ("deal", "lead", "contact", "company", "activity", "status"):
        rows = empty.rows(f"crm.{kind}.list")
        assert rows == [] or kind == "status"
    assert empty.rows("tasks.task.list") == {"tasks": []}
    assert empty.rows("voximplant.statistic.get") == []
