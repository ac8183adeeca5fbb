"""Who the Direct stand-in lets in, and what it says to the others."""

from __future__ import annotations

import base64

import pytest
import requests


def _error(answer: requests.Response) -> dict[str, object]:
    return answer.json()["error"]


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer unknown", "Basic demo-token"])
def test_a_missing_or_unknown_token_is_error_53_as_text_in_reports(direct, authorization):
    answer = direct.report(headers={"Authorization": authorization})
    assert answer.status_code == 400
    assert _error(answer)["error_code"] == "53"


def test_the_same_error_is_a_number_inside_http_200_elsewhere(direct):
    answer = direct.call("clients", {"FieldNames": ["Login"]}, headers={"Authorization": "x"})
    assert answer.status_code == 200
    assert _error(answer)["error_code"] == 53
    assert isinstance(_error(answer)["request_id"], str)


@pytest.mark.parametrize(
    ("token", "login", "code"),
    [
        ("demo-token", "stranger", "54"),
        ("client-token", "demo-second", "54"),
        ("demo-token", "not-connected", "513"),
        ("unapproved-token", "demo-client", "58"),
        ("demo-token", "", "8000"),
    ],
)
def test_a_login_out_of_reach_is_refused_with_its_own_code(direct, token, login, code):
    answer = direct.report(headers={"Authorization": f"Bearer {token}", "Client-Login": login})
    assert _error(answer)["error_code"] == code


def test_an_advertiser_needs_no_client_login(direct):
    headers = {"Authorization": "Bearer client-token", "Client-Login": ""}
    assert direct.report(headers=headers).status_code == 200


def test_error_texts_follow_the_language_asked_for(direct):
    headers = {"Authorization": "", "Accept-Language": "ru"}
    assert _error(direct.report(headers=headers))["error_string"] == "Ошибка авторизации"


def test_a_refresh_gives_a_new_pair_and_burns_the_old_refresh_token(direct):
    form = {
        "grant_type": "refresh_token",
        "refresh_token": "demo-refresh",
        "client_id": "demo-app",
        "client_secret": "demo-secret",
    }
    answer = requests.post(f"{direct.url}/token", data=form, timeout=10).json()
    assert answer["token_type"] == "bearer"
    assert answer["expires_in"] == 31_536_000
    fresh = {"Authorization": f"Bearer {answer['access_token']}"}
    assert direct.report(headers=fresh).status_code == 200
    again = requests.post(f"{direct.url}/token", data=form, timeout=10)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    direct.control("clock", {"advance_seconds": 31_536_001})
    assert _error(direct.report(headers=fresh))["error_code"] == "53"


def test_the_token_endpoint_takes_the_application_as_http_basic_too(direct):
    basic = base64.b64encode(b"demo-app:demo-secret").decode()
    form = {"grant_type": "refresh_token", "refresh_token": "client-refresh"}
    answer = requests.post(
        f"{direct.url}/token", data=form, headers={"Authorization": f"Basic {basic}"}, timeout=10
    )
    assert answer.status_code == 200
    wrong = requests.post(f"{direct.url}/token", data=form, timeout=10)
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_client")
