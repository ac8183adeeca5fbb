"""Tokens, quotas and refusals of the GA4 stand-in."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.ga4 import PROPERTY_ID
from include.sandbox.vendors.ga4.access import JWT_GRANT, SERVICE_ACCOUNT
from include.sandbox.vendors.ga4.errors import HTTP_CODES, ApiError
from include.sandbox.vendors.ga4.quotas import QUOTAS, Quotas
from tests.sandbox.ga4_world import (
    MARCH,
    REPORT,
    ask,
    expect_refusal,
    make_api,
    make_stage,
    rows_of,
)


@pytest.fixture
def stage() -> Any:
    return make_stage()


@pytest.fixture
def api(stage: Any) -> Any:
    return make_api(stage)


def test_bad_tokens_foreign_properties_and_unknown_paths(api):
    bad = api.post(REPORT, json={}, headers={"Authorization": "Bearer nobody"})
    assert (bad.status_code, bad.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    stranger = api.post(REPORT, json={}, headers={"Authorization": "Bearer stranger-token"})
    assert (stranger.status_code, stranger.json()["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert api.post("/v1beta/properties/1:runReport", json={}).status_code == 403
    assert api.post("/v1beta/properties/abc:runReport", json={}).status_code == 400
    assert api.post(f"/v1beta/properties/{PROPERTY_ID}:dance", json={}).status_code == 404
    assert api.get(f"/v1beta/properties/{PROPERTY_ID}/recurringExports").status_code == 404


def _sign(issuer: str, life: int = 3600) -> str:
    claims = {
        "iss": issuer,
        "iat": 1000,
        "exp": 1000 + life,
        "scope": "https://www.googleapis.com/auth/analytics.readonly",
    }
    return f"e30.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode()}.x"


def test_a_minted_token_lives_for_an_hour_of_the_calendar(api, stage):
    grant = {"grant_type": JWT_GRANT, "assertion": _sign(SERVICE_ACCOUNT)}
    token = api.post("/token", data=grant).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert api.post(REPORT, json={"metrics": []}, headers=headers).status_code == 400
    stage.clock.advance(3600)
    assert api.post(REPORT, json={}, headers=headers).status_code == 401


def test_the_token_endpoint_refuses_what_it_cannot_trust(api):
    refresh = {
        "grant_type": "refresh_token",
        "client_id": "demo-client",
        "client_secret": "demo-secret",
        "refresh_token": "demo-refresh",
    }
    for path in ("/token", "/oauth2/v3/token", "/oauth2/v4/token"):
        assert api.post(path, data=refresh).json()["token_type"] == "Bearer"
    for change, error in (
        ({"refresh_token": "old"}, "invalid_grant"),
        ({"client_secret": "x"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": JWT_GRANT, "assertion": "odd"}, "invalid_grant"),
        ({"grant_type": JWT_GRANT, "assertion": _sign(SERVICE_ACCOUNT, 9999)}, "invalid_grant"),
    ):
        assert api.post("/token", data=refresh | change).json()["error"] == error
    other = {"grant_type": JWT_GRANT, "assertion": _sign("other@x.iam.gserviceaccount.com")}
    headers = {"Authorization": f"Bearer {api.post('/token', data=other).json()['access_token']}"}
    assert api.post(REPORT, json={}, headers=headers).status_code == 403


def test_the_quota_is_told_where_asked_and_really_spent(api):
    first = ask(api, returnPropertyQuota=True)["propertyQuota"]
    assert set(first) == set(QUOTAS)
    assert first["tokensPerDay"] == {"consumed": 1, "remaining": 199_999}
    assert first["concurrentRequests"] == {"remaining": 9}
    ask(api)
    again = ask(api, returnPropertyQuota=True)["propertyQuota"]
    assert again["tokensPerHour"]["remaining"] == 39_997
    assert "propertyQuota" not in ask(api)


@pytest.mark.parametrize(
    ("meter", "seconds"),
    [("tokensPerProjectPerHour", 3600), ("tokensPerHour", 3600), ("tokensPerDay", 16 * 3600)],
)
def test_exhausted_tokens_are_429_until_their_window_has_passed(api, stage, meter, seconds):
    stage.knobs.update({f"ga4.{meter}": 20, "ga4.tokens_per_report": 10})
    body = {"metrics": [{"name": "sessions"}], "dateRanges": MARCH}
    assert [api.post(REPORT, json=body).status_code for _ in range(3)] == [200, 200, 429]
    error = expect_refusal(api, body)
    assert (error["status"], error["message"]) == ("RESOURCE_EXHAUSTED", QUOTAS[meter].message)
    stage.clock.advance(seconds)
    assert api.post(REPORT, json=body).status_code == 200


def test_the_tokens_of_a_day_return_at_midnight_of_the_vendors_zone(api, stage):
    stage.knobs.update({"ga4.tokensPerDay": 1})
    assert rows_of(ask(api))
    # eight in the morning at the vendor's: the property's own midnight changes nothing
    stage.clock.advance(13.5 * 3600)
    assert "per day" in expect_refusal(api, {})["message"]
    stage.clock.advance(2.5 * 3600)
    assert rows_of(ask(api))
    stage.clock.advance(23.9 * 3600)
    assert "per day" in expect_refusal(api, {})["message"]


def test_realtime_reports_have_quotas_of_their_own(api, stage):
    stage.knobs["ga4.tokensPerHour"] = 1
    ask(api)
    assert "per hour" in expect_refusal(api, {})["message"]
    realtime = f"/v1beta/properties/{PROPERTY_ID}:runRealtimeReport"
    body = {"metrics": [{"name": "activeUsers"}], "returnPropertyQuota": True}
    quota = api.post(realtime, json=body).json()["propertyQuota"]
    assert quota["tokensPerHour"] == {"consumed": 1, "remaining": 0}


def test_ten_server_errors_an_hour_close_the_property(api, stage):
    stage.faults.plant(Fault("error", "ga4", count=10, values={"status": "UNAVAILABLE"}))
    assert [api.post(REPORT, json={}).status_code for _ in range(10)] == [503] * 10
    assert "server errors" in expect_refusal(api, {})["message"]


def test_thresholded_reports_hide_small_rows_and_are_rationed(api, stage):
    answer = ask(api, "userGender")
    assert answer["metadata"]["subjectToThresholding"] is True
    assert "rows" not in answer
    stage.knobs["ga4.potentiallyThresholdedRequestsPerHour"] = 1
    body = {"dimensions": [{"name": "userGender"}], "metrics": [{"name": "sessions"}]}
    error = expect_refusal(api, body | {"dateRanges": MARCH})
    assert error["status"] == "RESOURCE_EXHAUSTED"


def test_the_eleventh_request_at_once_is_refused(stage):
    quotas = Quotas(stage.clock, {})
    for _ in range(10):
        quotas.enter()
    with pytest.raises(ApiError) as refused:
        quotas.enter()
    assert refused.value.message == QUOTAS["concurrentRequests"].message
    quotas.leave()
    quotas.enter()
    assert quotas.left("concurrentRequests") == 0


def test_simultaneous_requests_are_limited(api, stage):
    stage.knobs["ga4.concurrentRequests"] = 0
    assert "concurrent" in expect_refusal(api, {})["message"]
    stage.knobs.update({"ga4.tier": "360", "ga4.concurrentRequests": 50})
    quota = ask(api, returnPropertyQuota=True)["propertyQuota"]
    assert quota["concurrentRequests"] == {"remaining": 49}
    assert quota["tokensPerDay"]["remaining"] == 1_999_999


@pytest.mark.parametrize("status", sorted(HTTP_CODES))
def test_each_refusal_can_be_planted(api, stage, status):
    stage.faults.plant(Fault("error", "ga4", values={"status": status}))
    error = expect_refusal(api, {})
    assert (error["status"], error["code"]) == (status, HTTP_CODES[status])
