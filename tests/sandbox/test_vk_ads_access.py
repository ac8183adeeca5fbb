"""Tokens and brakes of the VK Ads stand-in."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from include.sandbox.vendors.vk_ads import VkAds
from tests.sandbox.ad_world import AdBench, make_ad_world

OWN = {"client_id": "demo-client", "client_secret": "demo-secret"}
AGENCY = {"client_id": "demo-agency", "client_secret": "demo-secret"}
PLANS = "/api/v2/ad_plans.json"
GIVEN = "demo-token"


@pytest.fixture
def vk() -> AdBench:
    return AdBench(VkAds, make_ad_world("vk_ads"))


def _token(vk: AdBench, grant_type: str, **form: Any) -> httpx.Response:
    return vk.web.post("/api/v2/oauth2/token.json", data={"grant_type": grant_type, **form})


def _get(vk: AdBench, path: str = PLANS, token: str = GIVEN, **params: Any) -> Any:
    return vk.web.get(path, params=params, headers={"Authorization": f"Bearer {token}"})


def _error(answer: httpx.Response) -> str:
    return answer.json()["error"]["code"]


def test_a_token_of_an_own_cabinet_opens_it(vk: AdBench) -> None:
    told = _token(vk, "client_credentials", **OWN).json()
    assert set(told) == {"access_token", "token_type", "scope", "expires_in", "refresh_token"}
    assert "read_ads" in told["scope"]
    assert _get(vk, token=told["access_token"]).json()["count"] == 1


def test_the_sixth_token_of_a_pair_is_refused_until_all_are_deleted(vk: AdBench) -> None:
    tokens = [_token(vk, "client_credentials", **OWN) for _ in range(6)]
    assert [answer.status_code for answer in tokens] == [200] * 5 + [403]
    deleted = vk.web.post("/api/v2/oauth2/token/delete.json", data={**OWN, "user_id": "5001"})
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert _get(vk, token=tokens[0].json()["access_token"]).status_code == 401
    assert _token(vk, "client_credentials", **OWN).status_code == 200


@pytest.mark.parametrize(
    "whose", [{"user_id": "5001"}, {"username": "5001@agency_client"}, {"username": "5001"}]
)
def test_a_user_whose_tokens_shall_go_is_named_by_number_or_login(vk: AdBench, whose: Any) -> None:
    token = _token(vk, "client_credentials", **OWN).json()["access_token"]
    other = {"user_id": "5002"}
    assert vk.web.post("/api/v2/oauth2/token/delete.json", data=OWN | other).status_code == 204
    assert _get(vk, token=token).status_code == 200
    assert vk.web.post("/api/v2/oauth2/token/delete.json", data=OWN | whose).status_code == 204
    assert _get(vk, token=token).status_code == 401


def test_expired_tokens_count_towards_the_five(vk: AdBench) -> None:
    for _ in range(5):
        assert _token(vk, "client_credentials", **OWN).status_code == 200
        vk.stage.clock.advance(2 * 86_400)
    assert _token(vk, "client_credentials", **OWN).status_code == 403


def test_an_agency_has_five_tokens_a_client_and_can_delete_its_own(vk: AdBench) -> None:
    for client in ("5001", "5002"):
        form = AGENCY | {"agency_client_id": client}
        given = [_token(vk, "agency_client_credentials", **form).status_code for _ in range(6)]
        assert given == [200] * 5 + [403]
    own = [_token(vk, "client_credentials", **AGENCY).status_code for _ in range(6)]
    assert own == [200] * 5 + [403]
    number = _get(vk, "/api/v2/user.json", token="agency-token").json()["id"]
    vk.web.post("/api/v2/oauth2/token/delete.json", data=AGENCY | {"user_id": number})
    assert _token(vk, "client_credentials", **AGENCY).status_code == 200


def test_the_same_answer_has_two_spellings(vk: AdBench) -> None:
    first = _token(vk, "client_credentials", **OWN).json()
    renewed = _token(vk, "refresh_token", **OWN, refresh_token=first["refresh_token"]).json()
    assert (first["expires_in"], renewed["expires_in"]) == ("86400", 86_400)
    assert (first["token_type"], renewed["token_type"]) == ("bearer", "Bearer")
    assert first["scope"] == renewed["scope"].split(" ")


def test_a_refresh_kills_the_old_token_at_once_and_keeps_the_refresh_token(vk: AdBench) -> None:
    first = _token(vk, "client_credentials", **OWN).json()
    renewed = _token(vk, "refresh_token", **OWN, refresh_token=first["refresh_token"]).json()
    assert renewed["refresh_token"] == first["refresh_token"]
    assert _get(vk, token=first["access_token"]).json()["code"] == "invalid_token"
    assert _get(vk, token=renewed["access_token"]).status_code == 200


def test_support_can_let_refresh_tokens_rotate(vk: AdBench) -> None:
    vk.stage.knobs["vk_ads.rotates_refresh_token"] = True
    form = OWN | {"refresh_token": "demo-refresh"}
    assert _token(vk, "refresh_token", **form).json()["refresh_token"] != "demo-refresh"
    assert _token(vk, "refresh_token", **form).json()["code"] == "invalid_token"


def test_the_given_token_is_replaced_by_a_refresh_too(vk: AdBench) -> None:
    renewed = _token(vk, "refresh_token", **OWN, refresh_token="demo-refresh").json()
    assert _get(vk).status_code == 401
    assert _get(vk, token=renewed["access_token"]).status_code == 200


def test_a_token_expires_after_a_day_and_is_deleted_after_a_month_unused(vk: AdBench) -> None:
    token = _token(vk, "client_credentials", **OWN).json()["access_token"]
    vk.stage.clock.advance(86_401)
    expired = _get(vk, token=token)
    assert expired.json() == {"code": "expired_token", "message": "Access token is expired"}
    assert 'error="expired_token"' in expired.headers["www-authenticate"]
    vk.stage.clock.advance(31 * 86_400)
    assert _get(vk, token=token).json()["code"] == "invalid_token"


def test_an_agency_opens_one_client_at_a_time(vk: AdBench) -> None:
    for chosen in ({"agency_client_id": "5002"}, {"agency_client_name": "Account 5002"}):
        told = _token(vk, "agency_client_credentials", **AGENCY, **chosen).json()
        assert _get(vk, "/api/v2/user.json", token=told["access_token"]).json()["id"] == 5002
    unknown = _token(vk, "agency_client_credentials", **AGENCY, agency_client_id="9")
    assert (unknown.status_code, unknown.json()["code"]) == (401, "invalid_user")
    by_own = _token(vk, "agency_client_credentials", **OWN, agency_client_id="5002")
    assert by_own.json()["code"] == "invalid_client"


def test_an_agency_token_lists_clients_but_reads_no_data(vk: AdBench) -> None:
    listed = _get(vk, "/api/v2/agency/clients.json", token="agency-token", limit=50).json()
    assert [item["user"]["id"] for item in listed["items"]] == [5001, 5002]
    too_many = _get(vk, "/api/v2/agency/clients.json", token="agency-token", limit=51)
    assert _error(too_many) == "validation_failed"
    refused = _get(vk, token="agency-token")
    assert (refused.status_code, _error(refused)) == (403, "ERR_ACCESS_DENIED")
    assert _error(_get(vk, "/api/v2/agency/clients.json")) == "ERR_ACCESS_DENIED"


def test_an_authorization_code_works_once(vk: AdBench) -> None:
    form = {"code": "demo-code", "client_id": "demo-client"}
    assert _token(vk, "authorization_code", **form).status_code == 200
    again = _token(vk, "authorization_code", **form)
    assert (again.status_code, _error(again)) == (400, "validation_failed")


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"grant_type": "client_credentials", "client_id": "demo-client"}, "invalid_client"),
        ({"grant_type": "refresh_token", **OWN, "refresh_token": "x"}, "invalid_token"),
    ],
)
def test_a_wrong_secret_or_refresh_token_is_401(vk: AdBench, form: Any, code: str) -> None:
    answer = vk.web.post("/api/v2/oauth2/token.json", data=form)
    assert (answer.status_code, answer.json()["code"]) == (401, code)


def test_an_unknown_grant_names_the_field(vk: AdBench) -> None:
    error = _token(vk, "password").json()["error"]
    assert list(error["fields"]) == ["grant_type"]


@pytest.mark.parametrize(
    "kind", ["expired_token", "revoked_token", "invalid_token", "invalid_user"]
)
def test_every_refusal_of_a_token_can_be_planted_in_both_shapes(vk: AdBench, kind: str) -> None:
    vk.plant(kind)
    assert _get(vk).json()["code"] == kind
    vk.stage.knobs["vk_ads.nested_401"] = True
    vk.plant(kind)
    assert _error(_get(vk)) == kind
    assert _get(vk).status_code == 200


def test_an_unknown_token_or_none_is_invalid(vk: AdBench) -> None:
    assert vk.web.get(PLANS).json()["code"] == "invalid_token"
    assert _get(vk, token="other").json()["code"] == "invalid_token"


def test_headers_count_down_each_window_and_the_excess_is_429(vk: AdBench) -> None:
    vk.stage.knobs["vk_ads.hourly_limit"] = 2
    first, second, third = (_get(vk) for _ in range(3))
    assert first.headers["x-ratelimit-hourly-limit"] == "2"
    left = [a.headers["x-ratelimit-hourly-remaining"] for a in (first, second, third)]
    assert left == ["1", "0", "0"]
    assert (third.status_code, third.text) == (429, "Too Many Requests")
    assert "retry-after" not in third.headers
    assert _get(vk, "/api/v2/banners.json").status_code == 200
    vk.stage.clock.advance(3600)
    assert _get(vk).status_code == 200


@pytest.mark.parametrize(("window", "seconds"), [("rps", 1), ("daily", 86_400)])
def test_seconds_and_days_are_limited_too(vk: AdBench, window: str, seconds: int) -> None:
    vk.stage.knobs[f"vk_ads.{window}_limit"] = 1
    vk.stage.clock.advance(seconds - vk.stage.clock.elapsed() % seconds + 0.05)
    assert [_get(vk).status_code for _ in range(2)] == [200, 429]
    vk.stage.clock.advance(seconds)
    assert _get(vk).status_code == 200


def test_windows_end_with_those_of_the_calendar(vk: AdBench) -> None:
    vk.stage.clock.set(now=vk.stage.clock.now().replace(minute=59, second=50))
    vk.vendor.reset()
    vk.stage.knobs |= {"vk_ads.hourly_limit": 1, "vk_ads.daily_limit": 2}
    assert [_get(vk).status_code for _ in range(2)] == [200, 429]
    vk.stage.clock.advance(10)
    assert _get(vk).status_code == 429
    vk.stage.clock.advance(11 * 3600)
    assert _get(vk).status_code == 200


def test_a_limit_a_minute_is_there_only_when_wanted(vk: AdBench) -> None:
    assert "x-ratelimit-minutely-limit" not in _get(vk).headers
    vk.stage.knobs["vk_ads.minutely_limit"] = 2
    answers = [_get(vk) for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert answers[2].headers["x-ratelimit-minutely-remaining"] == "0"
    told = _get(vk, "/api/v2/throttling.json").json()["AdPlans"]["v2"]["READ"]
    assert told["limits"]["60"] == 2


def test_users_and_methods_are_counted_apart(vk: AdBench) -> None:
    vk.stage.knobs["vk_ads.hourly_limit"] = 1
    other = _token(vk, "agency_client_credentials", **AGENCY, agency_client_id="5002").json()
    assert [_get(vk).status_code for _ in range(2)] == [200, 429]
    assert _get(vk, token=other["access_token"]).status_code == 200


def test_throttling_tells_limits_by_the_length_of_the_window(vk: AdBench) -> None:
    _get(vk)
    told = _get(vk, "/api/v2/throttling.json").json()["AdPlans"]["v2"]["READ"]
    assert told["limits"]["3600"] - told["remaining"]["3600"] == 1
    assert set(told["limits"]) == {"1", "3600", "86400"}


def test_a_429_can_be_json_and_name_a_delay(vk: AdBench) -> None:
    vk.stage.knobs |= {"vk_ads.json_429": True, "vk_ads.retry_after": 7}
    vk.plant("too_many")
    answer = _get(vk)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert "code" in answer.json()["error"]


def test_wrong_method_body_and_path_have_their_own_status(vk: AdBench) -> None:
    headers = {"Authorization": "Bearer demo-token"}
    assert vk.web.post(PLANS, headers=headers).status_code == 405
    assert vk.web.get("/api/v2/oauth2/token.json").status_code == 405
    assert vk.web.post(PLANS, headers=headers, content=b"x" * 1_000_001).status_code == 413
    missing = _get(vk, "/api/v2/campaigns.json")
    assert (missing.status_code, _error(missing)) == (404, "ERR_WRONG_RESOURCE")


@pytest.mark.parametrize("status", [500, 503])
def test_trouble_of_the_server_can_be_planted(vk: AdBench, status: int) -> None:
    vk.plant("error", code="ERR_INTERNAL", status=status)
    answer = _get(vk)
    assert (answer.status_code, _error(answer)) == (status, "ERR_INTERNAL")


def test_a_reset_forgets_tokens_and_counters(vk: AdBench) -> None:
    token = _token(vk, "client_credentials", **OWN).json()["access_token"]
    vk.vendor.reset()
    assert _get(vk, token=token).status_code == 401
