"""Tokens, customers, versions and quotas of the Google Ads stand-in."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from include.sandbox.vendors.google_ads import GoogleAds
from tests.sandbox.ad_world import AdBench, make_ad_world

FIRST, SECOND, MANAGER = "1234567890", "2234567890", "1112223333"
FORM = {
    "grant_type": "refresh_token",
    "client_id": "demo-app",
    "client_secret": "demo-secret",
    "refresh_token": "demo-refresh",
}
QUERY = "SELECT campaign.id FROM campaign"
GIVEN = "demo-token"


@pytest.fixture
def google() -> AdBench:
    return AdBench(GoogleAds, make_ad_world("google_ads", (FIRST, SECOND), currency="USD"))


def _ask(
    google: AdBench,
    customer: str = FIRST,
    token: str = GIVEN,
    login: str | None = MANAGER,
    version: str = "v26",
    method: str = "search",
    **body: Any,
) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    if login is not None:
        headers["login-customer-id"] = login
    url = f"/{version}/customers/{customer}/googleAds:{method}"
    return google.web.post(url, json={"query": QUERY} | body, headers=headers)


def _code(answer: Any) -> tuple[int, str, str]:
    body = answer.json()
    error = (body[0] if isinstance(body, list) else body)["error"]
    assert error["code"] == answer.status_code
    code = error["details"][0]["errors"][0]["errorCode"]
    return answer.status_code, *next(iter(code.items()))


@pytest.mark.parametrize("path", ["/token", "/oauth2/v3/token", "/oauth2/v4/token"])
def test_a_refresh_gives_an_hour_and_keeps_the_refresh_token(google: AdBench, path: str) -> None:
    told = google.web.post(path, data=FORM).json()
    assert set(told) == {"access_token", "expires_in", "scope", "token_type"}
    assert (told["expires_in"], told["token_type"]) == (3599, "Bearer")
    assert _ask(google, token=told["access_token"]).status_code == 200
    google.stage.clock.advance(3600)
    expired = _ask(google, token=told["access_token"])
    assert _code(expired) == (401, "authenticationError", "OAUTH_TOKEN_EXPIRED")
    assert google.web.post(path, data=FORM).status_code == 200


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"refresh_token": "other"}, 400, "invalid_grant"),
        ({"client_secret": "x"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_the_token_endpoint_refuses_in_its_own_shape(
    google: AdBench, change: Any, status: int, error: str
) -> None:
    answer = google.web.post("/token", data=FORM | change)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert "error_description" in answer.json()


def test_a_revoked_consent_can_be_planted(google: AdBench) -> None:
    google.plant("invalid_grant")
    assert google.web.post("/token", data=FORM).json() == {
        "error": "invalid_grant",
        "error_description": "Token has been expired or revoked.",
    }


def test_a_service_account_signs_for_itself(google: AdBench) -> None:
    payload = json.dumps({"scope": "https://www.googleapis.com/auth/adwords"}).encode()
    claims = base64.urlsafe_b64encode(payload).decode()
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}
    told = google.web.post("/token", data=form | {"assertion": f"a.{claims}.b"}).json()
    assert _ask(google, token=told["access_token"]).status_code == 200
    broken = google.web.post("/token", data=form | {"assertion": "nonsense"})
    assert broken.json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("application", "code"),
    [
        (
            "unapproved-app",
            (403, "authorizationError", "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION"),
        ),
        ("disabled-app", (403, "authorizationError", "PROJECT_DISABLED")),
        ("lost-app", (400, "requestError", "CLOUD_PROJECT_NOT_FOUND")),
    ],
)
def test_the_cloud_project_belongs_to_the_application(
    google: AdBench, application: str, code: Any
) -> None:
    told = google.web.post("/token", data=FORM | {"client_id": application}).json()
    assert _code(_ask(google, token=told["access_token"])) == code


def test_customers_are_listed_as_the_user_reaches_them(google: AdBench) -> None:
    def listed(token: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        return google.web.get("/v26/customers:listAccessibleCustomers", headers=headers).json()

    assert listed("demo-token") == {"resourceNames": [f"customers/{MANAGER}"]}
    assert listed("direct-token")["resourceNames"] == [f"customers/{c}" for c in (FIRST, SECOND)]


@pytest.mark.parametrize(
    ("customer", "token", "login", "code"),
    [
        (FIRST, "demo-token", None, (403, "authorizationError", "USER_PERMISSION_DENIED")),
        (FIRST, "direct-token", MANAGER, (403, "authorizationError", "USER_PERMISSION_DENIED")),
        (
            FIRST,
            "direct-token",
            SECOND,
            (
                403,
                "authorizationError",
                "INVALID_LOGIN_CUSTOMER_ID_SERVING_CUSTOMER_ID_COMBINATION",
            ),
        ),
        ("9999999999", GIVEN, MANAGER, (401, "authenticationError", "CUSTOMER_NOT_FOUND")),
        ("123-456-7890", GIVEN, MANAGER, (400, "requestError", "INVALID_CUSTOMER_ID")),
        (FIRST, GIVEN, "111-222-3333", (400, "headerError", "INVALID_LOGIN_CUSTOMER_ID")),
        (FIRST, "other", MANAGER, (401, "authenticationError", "OAUTH_TOKEN_INVALID")),
        (FIRST, "", MANAGER, (401, "authenticationError", "AUTHENTICATION_ERROR")),
    ],
)
def test_a_customer_out_of_reach_is_refused_with_its_own_code(
    google: AdBench, customer: str, token: str, login: str | None, code: Any
) -> None:
    assert _code(_ask(google, customer, token, login)) == code


def test_direct_access_needs_no_login_customer_and_no_developer_token(google: AdBench) -> None:
    assert _ask(google, token="direct-token", login=None).status_code == 200
    headers = {
        "Authorization": "Bearer direct-token",
        "developer-token": "any",
        "login-customer-id": FIRST,
    }
    url = f"/v26/customers/{FIRST}/googleAds:search"
    assert google.web.post(url, json={"query": QUERY}, headers=headers).status_code == 200


def test_an_account_switched_off_is_told_apart_from_its_neighbours(google: AdBench) -> None:
    google.stage.knobs["google_ads.disabled_customers"] = [FIRST]
    assert _code(_ask(google)) == (403, "authorizationError", "CUSTOMER_NOT_ENABLED")
    assert _ask(google, SECOND).status_code == 200
    google.stage.knobs["google_ads.suspended_customers"] = [SECOND]
    assert _code(_ask(google, SECOND))[2] == "ACTION_NOT_PERMITTED_FOR_SUSPENDED_ACCOUNT"


@pytest.mark.parametrize("version", ["v23", "v24", "v25", "v26"])
def test_live_versions_answer(google: AdBench, version: str) -> None:
    assert _ask(google, version=version).status_code == 200


def test_a_version_past_its_sunset_is_400_and_one_unborn_is_html(google: AdBench) -> None:
    assert _code(_ask(google, version="v22")) == (400, "requestError", "UNSUPPORTED_VERSION")
    unborn = _ask(google, version="v27")
    assert (unborn.status_code, unborn.headers["content-type"][:9]) == (404, "text/html")
    wrong = google.web.get(f"/v26/customers/{FIRST}/googleAds:search")
    assert wrong.status_code == 404


def test_a_stream_wraps_its_error_in_an_array(google: AdBench) -> None:
    answer = _ask(google, token="other", method="searchStream")
    assert (answer.status_code, isinstance(answer.json(), list)) == (401, True)
    details = answer.json()[0]["error"]["details"][0]
    assert details["@type"].endswith("v26.errors.GoogleAdsFailure")
    assert details["requestId"] == answer.headers["request-id"]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("expired_token", "OAUTH_TOKEN_EXPIRED"),
        ("revoked_token", "OAUTH_TOKEN_REVOKED"),
        ("disabled_token", "OAUTH_TOKEN_DISABLED"),
    ],
)
def test_a_token_can_be_spoilt(google: AdBench, kind: str, name: str) -> None:
    google.plant(kind)
    assert _code(_ask(google)) == (401, "authenticationError", name)
    assert _ask(google).status_code == 200


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("authenticationError.NOT_ADS_USER", 401),
        ("authenticationError.TWO_STEP_VERIFICATION_NOT_ENROLLED", 401),
        ("authorizationError.METRIC_ACCESS_DENIED", 403),
        ("internalError.INTERNAL_ERROR", 500),
        ("internalError.TRANSIENT_ERROR", 503),
        ("internalError.DEADLINE_EXCEEDED", 504),
    ],
)
def test_any_error_can_be_planted_by_its_name(google: AdBench, code: str, status: int) -> None:
    google.plant("error", code=code)
    assert ".".join(_code(_ask(google))[1:]) == code
    google.plant("error", code=code)
    assert _ask(google).status_code == status


def test_the_daily_quota_counts_queries_and_not_pages(google: AdBench) -> None:
    google.stage.knobs |= {"google_ads.daily_operations": 2, "google_ads.page_rows": 1}
    google.stage.clock.advance(86_400 - google.stage.clock.elapsed() % 86_400)
    first = _ask(google).json()
    assert _ask(google, pageToken=first["nextPageToken"]).status_code == 200
    assert _ask(google, method="searchStream").status_code == 200
    assert _code(_ask(google)) == (429, "quotaError", "RESOURCE_EXHAUSTED")
    google.stage.clock.advance(86_400)
    assert _ask(google).status_code == 200


def test_the_access_level_of_the_project_decides_about_the_day(google: AdBench) -> None:
    level = "google_ads.access_level"
    google.stage.knobs["google_ads.queries_per_second"] = 1_000_000
    google.stage.knobs["google_ads.project_queries_per_second"] = 1_000_000
    google.stage.knobs[level] = "explorer"
    for _ in range(2_880):
        google.vendor.quotas.count(FIRST)
    assert _code(_ask(google)) == (429, "quotaError", "RESOURCE_EXHAUSTED")
    for open_level in ("basic", "standard"):
        google.stage.knobs[level] = open_level
        assert _ask(google).status_code == 200
    google.stage.knobs[level] = "test"
    refused = (403, "authorizationError", "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION")
    assert _code(_ask(google)) == refused


def test_all_customers_of_a_project_share_a_second(google: AdBench) -> None:
    google.stage.knobs["google_ads.project_queries_per_second"] = 2
    google.stage.clock.advance(1 - google.stage.clock.elapsed() % 1)
    answers = [_ask(google), _ask(google, SECOND), _ask(google)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    error = answers[2].json()["error"]["details"][0]["errors"][0]
    assert error["details"]["quotaErrorDetails"]["rateScope"] == "DEVELOPER"


def test_too_many_a_second_names_the_delay(google: AdBench) -> None:
    google.stage.knobs["google_ads.queries_per_second"] = 1
    google.stage.clock.advance(1 - google.stage.clock.elapsed() % 1)
    answers = [_ask(google), _ask(google), _ask(google, SECOND)]
    assert [answer.status_code for answer in answers] == [200, 429, 200]
    error = answers[1].json()["error"]["details"][0]["errors"][0]
    assert error["errorCode"] == {"quotaError": "RESOURCE_TEMPORARILY_EXHAUSTED"}
    assert error["details"]["quotaErrorDetails"]["retryDelay"] == "30s"


@pytest.mark.parametrize(
    "name",
    [
        "EXCESSIVE_SHORT_TERM_QUERY_RESOURCE_CONSUMPTION",
        "EXCESSIVE_LONG_TERM_QUERY_RESOURCE_CONSUMPTION",
    ],
)
def test_any_quota_can_be_planted(google: AdBench, name: str) -> None:
    google.plant("too_many", name=name, retry_seconds=7)
    answer = _ask(google)
    assert _code(answer) == (429, "quotaError", name)
    assert '"retryDelay":"7s"' in answer.text


def test_a_reset_forgets_tokens_and_pages(google: AdBench) -> None:
    google.stage.knobs["google_ads.page_rows"] = 1
    page = _ask(google).json()["nextPageToken"]
    token = google.web.post("/token", data=FORM).json()["access_token"]
    google.vendor.reset()
    assert _ask(google, token=token).status_code == 401
    assert _code(_ask(google, pageToken=page))[2] == "INVALID_PAGE_TOKEN"
