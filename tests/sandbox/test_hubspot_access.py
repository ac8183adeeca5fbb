"""Who the HubSpot stand-in lets in, how often, and what its errors look like."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from include.sandbox.vendors.hubspot.errors import CATEGORIES
from tests.sandbox.hubspot_portal import PortalCaller

DEALS = "/crm/v3/objects/deals"
RENEWAL = {
    "grant_type": "refresh_token",
    "client_id": "demo-app",
    "client_secret": "demo-secret",
    "refresh_token": "demo-refresh",
}


@pytest.fixture
def portal() -> PortalCaller:
    return PortalCaller()


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer unknown", "Basic demo-token"])
def test_a_missing_or_unknown_token_is_refused(portal, authorization):
    portal.headers = {"Authorization": authorization}
    answer = portal.get(DEALS)
    body = answer.json()
    assert (answer.status_code, body["category"]) == (401, "INVALID_AUTHENTICATION")
    assert body["status"] == "error"
    assert len(body["correlationId"]) == 36


def test_a_token_without_the_scope_is_refused(portal):
    portal.headers = {"Authorization": "Bearer narrow-token"}
    assert portal.get("/crm/v3/objects/contacts").status_code == 200
    for path in (DEALS, "/crm/v3/owners", "/crm/v3/pipelines/deals", "/crm/v3/objects/emails"):
        answer = portal.get(path)
        assert (answer.status_code, answer.json()["category"]) == (403, "MISSING_SCOPES")
    assert portal.post(f"{DEALS}/search", {}).status_code == 403


@pytest.mark.parametrize("version", ["v1", "v3", "2026-03"])
def test_tokens_are_renewed_on_every_version_of_the_path(portal, version):
    body = portal.http.post(f"/oauth/{version}/token", data=RENEWAL).json()
    portal.headers = {"Authorization": f"Bearer {body['access_token']}"}
    assert portal.get("/crm/v3/owners").status_code == 200


def test_an_access_token_lives_half_an_hour(portal):
    body = portal.http.post("/oauth/v1/token", data=RENEWAL).json()
    assert (body["expires_in"], body["token_type"]) == (1800, "bearer")
    portal.headers = {"Authorization": f"Bearer {body['access_token']}"}
    assert portal.get(DEALS).status_code == 200
    told = portal.http.get(f"/oauth/v1/access-tokens/{body['access_token']}").json()
    assert told["expires_in"] == 1800
    portal.stage.clock.advance(1801)
    answer = portal.get(DEALS)
    assert (answer.status_code, answer.json()["category"]) == (401, "EXPIRED_AUTHENTICATION")
    renewed = RENEWAL | {"refresh_token": body["refresh_token"]}
    assert portal.http.post("/oauth/v1/token", data=renewed).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"client_secret": "wrong"}, "BAD_CLIENT_ID"),
        ({"refresh_token": "wrong"}, "BAD_REFRESH_TOKEN"),
        ({"grant_type": "password"}, "BAD_GRANT_TYPE"),
        ({"grant_type": "authorization_code", "code": "wrong"}, "BAD_AUTH_CODE"),
    ],
)
def test_the_token_endpoint_names_what_is_wrong(portal, changes, status):
    answer = portal.http.post("/oauth/v1/token", data=RENEWAL | changes)
    assert (answer.status_code, answer.json()["status"]) == (400, status)
    assert portal.http.get("/oauth/v1/access-tokens/nothing").status_code == 404


def test_an_authorization_code_is_spent_once(portal):
    form = RENEWAL | {"grant_type": "authorization_code", "code": "demo-code"}
    statuses = [portal.http.post("/oauth/v1/token", data=form).status_code for _ in range(2)]
    assert statuses == [200, 400]


def test_answers_say_how_much_of_the_limits_is_left(portal):
    first, second = portal.get(DEALS).headers, portal.get(DEALS).headers
    assert first["X-HubSpot-RateLimit-Interval-Milliseconds"] == "10000"
    assert first["X-HubSpot-RateLimit-Max"] == "190"
    assert (first["X-HubSpot-RateLimit-Remaining"], second["X-HubSpot-RateLimit-Remaining"]) == (
        "189",
        "188",
    )
    assert first["X-HubSpot-RateLimit-Daily"] == "650000"
    assert second["X-HubSpot-RateLimit-Daily-Remaining"] == "649998"


def test_oauth_apps_have_their_own_limit_and_no_daily_headers(portal):
    portal.headers = {"Authorization": "Bearer oauth-token"}
    headers = portal.get(DEALS).headers
    assert headers["X-HubSpot-RateLimit-Max"] == "110"
    assert "X-HubSpot-RateLimit-Daily" not in headers


def test_more_calls_than_allowed_in_ten_seconds_are_429(portal):
    portal.stage.knobs["hubspot.ten_seconds_max"] = 3
    answers = [portal.get(DEALS) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    body = answers[3].json()
    assert body["errorType"] == "RATE_LIMIT"
    assert body["policyName"] == "TEN_SECONDLY_ROLLING"
    assert body["message"] == "You have reached your ten_secondly_rolling limit."
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 10
    portal.stage.clock.advance(10)
    assert portal.get(DEALS).status_code == 200


def test_five_searches_a_second_and_no_headers(portal):
    answers = [portal.post(f"{DEALS}/search", {}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[5].json()["policyName"] == "SECONDLY"
    assert not [name for name in answers[0].headers if "ratelimit" in name.lower()]
    portal.stage.clock.advance(1)
    assert portal.post(f"{DEALS}/search", {}).status_code == 200


def test_the_daily_limit_lasts_until_tomorrow(portal):
    portal.stage.knobs["hubspot.daily_max"] = 1
    assert portal.get(DEALS).status_code == 200
    answer = portal.get(DEALS)
    assert (answer.status_code, answer.json()["policyName"]) == (429, "DAILY")
    assert "Retry-After" not in answer.headers
    portal.stage.clock.advance(86_400)
    assert portal.get(DEALS).status_code == 200


def test_the_day_of_the_limit_is_the_portal_s():
    portal = PortalCaller()
    portal.stage.knobs["hubspot.daily_max"] = 1
    portal.stage.clock.set(now=datetime(2026, 11, 21, 4, 59, tzinfo=UTC))
    assert portal.get(DEALS).status_code == 200
    assert portal.get(DEALS).status_code == 429
    portal.stage.clock.set(now=datetime(2026, 11, 21, 5, 0, tzinfo=UTC))
    assert portal.get(DEALS).status_code == 200


def test_an_address_that_is_too_long_is_414(portal):
    names = ",".join(f"property_{i}" for i in range(1500))
    answer = portal.get(DEALS, properties=names)
    assert (answer.status_code, answer.json()["category"]) == (414, "URI_TOO_LONG")
    assert portal.post(f"{DEALS}/search", {"properties": names.split(",")}).status_code == 200


@pytest.mark.parametrize("category", sorted(CATEGORIES))
def test_every_error_of_the_vendor_can_be_planted(portal, category):
    portal.plant("error", category=category)
    answer = portal.get(DEALS)
    assert (answer.status_code, answer.json()["category"]) == (CATEGORIES[category][0], category)
    assert portal.get(DEALS).status_code == 200


@pytest.mark.parametrize("status", [502, 504, 521, 530])
def test_other_statuses_can_be_planted(portal, status):
    portal.plant("error", status=status)
    assert portal.get(DEALS).status_code == status


def test_planted_faults_expire_limit_empty_rename_and_rescale(portal):
    portal.plant("expired_token")
    assert portal.get(DEALS).json()["category"] == "EXPIRED_AUTHENTICATION"
    portal.plant("rate_limit", policy="DAILY")
    assert portal.get(DEALS).json()["policyName"] == "DAILY"
    portal.plant("zero_rows")
    assert portal.get(DEALS, limit=1).json() == {"results": []}
    portal.plant("zero_rows")
    assert portal.search("deals") == {"total": 0, "results": []}
    portal.plant("renamed_field", **{"from": "dealstage", "to": "stage"})
    assert "stage" in portal.results(DEALS)[0]["properties"]
    portal.plant("changed_meaning", field="amount", factor=100)
    assert portal.results(DEALS)[0]["properties"]["amount"] == "150000.00"


def test_one_value_of_the_first_object_can_be_broken(portal):
    portal.plant("broken_value", field="amount", value="much")
    amounts = [one["properties"]["amount"] for one in portal.results(DEALS)]
    assert amounts[:2] == ["much", "1500.00"]


def test_reset_forgets_limits_and_tokens(portal):
    token = portal.http.post("/oauth/v1/token", data=RENEWAL).json()["access_token"]
    portal.stage.knobs["hubspot.ten_seconds_max"] = 1
    portal.get(DEALS)
    portal.vendor.reset()
    assert portal.get(DEALS).status_code == 200
    portal.headers = {"Authorization": f"Bearer {token}"}
    assert portal.get(DEALS).status_code == 401


def test_the_account_says_its_currency_and_zone(portal):
    details = portal.get("/account-info/v3/details").json()
    assert (details["companyCurrency"], details["timeZone"]) == ("USD", "US/Eastern")
