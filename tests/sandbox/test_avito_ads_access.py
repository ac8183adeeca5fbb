"""Tokens, accounts, points and errors of the Avito Ads stand-in."""

from __future__ import annotations

from typing import Any

import pytest

from include.sandbox.vendors.avito_ads import AvitoAds
from tests.sandbox.ad_world import AdBench, make_ad_world

FORM = {
    "grant_type": "client_credentials",
    "client_id": "demo-client",
    "client_secret": "demo-secret",
}
GIVEN = "demo-token"


@pytest.fixture
def avito() -> AdBench:
    return AdBench(AvitoAds, make_ad_world("avito_ads"))


def _get(avito: AdBench, path: str = "/balance", account: str = "5001", token: str = GIVEN) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}
    return avito.web.get(f"/ads/v1/account/{account}{path}", headers=headers)


def _told(answer: Any) -> tuple[int, Any]:
    return answer.status_code, answer.json()["code"]


def test_a_token_lives_a_day_and_is_asked_for_again(avito: AdBench) -> None:
    told = avito.web.post("/token", data=FORM).json()
    assert (told["expires_in"], told["token_type"], "refresh_token" in told) == (
        86_400,
        "Bearer",
        False,
    )
    assert _get(avito, token=told["access_token"]).status_code == 200
    avito.stage.clock.advance(86_400)
    assert _told(_get(avito, token=told["access_token"])) == (401, 401)
    again = avito.web.post("/token/", data=FORM).json()
    assert _get(avito, token=again["access_token"]).status_code == 200


@pytest.mark.parametrize(
    ("change", "status"), [({"client_secret": "x"}, 401), ({"grant_type": "password"}, 400)]
)
def test_a_wrong_secret_or_grant_gives_no_token(avito: AdBench, change: Any, status: int) -> None:
    assert _told(avito.web.post("/token", data=FORM | change)) == (status, status)


def test_an_unknown_token_or_none_is_refused(avito: AdBench) -> None:
    assert _told(_get(avito, token="other")) == (401, 401)
    assert avito.web.get("/ads/v1/account/5001/balance").status_code == 401


def test_a_client_reads_only_the_accounts_it_may(avito: AdBench) -> None:
    limited = avito.web.post("/token", data=FORM | {"client_id": "limited-client"}).json()
    token = limited["access_token"]
    assert _get(avito, token=token).status_code == 200
    assert _told(_get(avito, account="5002", token=token)) == (403, 403)
    assert _told(_get(avito, account="404")) == (403, 403)


def test_an_account_says_its_name_and_whole_roubles(avito: AdBench) -> None:
    assert _get(avito, "").json()["account"]["shortName"] == "Account 5001"
    balance = _get(avito).json()
    assert all(isinstance(balance[key], int) for key in ("balance", "bonusBalance"))


def test_an_agency_lists_its_children_with_balances_if_asked(avito: AdBench) -> None:
    children = _get(avito, "/children", account="3000").json()["children"]
    assert [child["account"]["id"] for child in children] == [5001, 5002]
    assert set(children[0]) == {"account", "contract"}
    richer = _get(avito, "/children-with-balances", account="3000").json()["children"]
    assert set(richer[0]) == {"account", "contract", "balance"}
    assert _get(avito, "/children").json() == {"children": []}
    avito.stage.knobs["avito_ads.lists_body"] = True
    assert len(_get(avito, "/children", account="3000").json()) == 2


def test_points_are_counted_and_their_end_names_the_wait(avito: AdBench) -> None:
    avito.stage.knobs["avito_ads.points_a_minute"] = 2
    avito.stage.clock.advance(60 - avito.stage.clock.elapsed() % 60 + 10)
    answers = [_get(avito) for _ in range(3)]
    assert [a.headers["api-point-balance"] for a in answers] == ["1", "0", "0"]
    assert _told(answers[2]) == (429, 429)
    assert 1 <= int(answers[2].headers["retry-after"]) <= 50
    avito.stage.clock.advance(50)
    assert _get(avito).status_code == 200


def test_five_hundred_points_are_given_a_minute(avito: AdBench) -> None:
    assert _get(avito).headers["api-point-balance"] == "499"


def test_every_refusal_can_be_planted(avito: AdBench) -> None:
    avito.plant("expired_token")
    assert _told(_get(avito)) == (401, 401)
    avito.plant("too_many")
    assert "retry-after" in _get(avito).headers
    for status in (500, 503):
        avito.plant("error", status=status)
        assert _told(_get(avito)) == (status, status)
    assert _get(avito).status_code == 200


def test_an_account_says_its_number_and_an_agency_has_one_too(avito: AdBench) -> None:
    assert _get(avito, "").json()["account"]["id"] == 5001
    assert _get(avito, "", account="3000").json()["account"]["id"] == 3000


def test_points_are_told_beside_refusals_too(avito: AdBench) -> None:
    assert _get(avito, account="404").headers["api-point-balance"] == "499"
    assert _get(avito, "/nothing").headers["api-point-balance"] == "498"


def test_one_client_does_not_spend_the_points_of_another(avito: AdBench) -> None:
    limited = avito.web.post("/token", data=FORM | {"client_id": "limited-client"}).json()
    avito.stage.knobs["avito_ads.points_a_minute"] = 1
    assert [_get(avito).status_code for _ in range(2)] == [200, 429]
    assert _get(avito, token=limited["access_token"]).status_code == 200


def test_an_unknown_path_or_method_is_told_in_json(avito: AdBench) -> None:
    assert _told(avito.web.get("/token")) == (405, 405)
    assert _told(avito.web.get("/ads/v2/account/5001")) == (404, 404)
    assert _told(_get(avito, "/nothing")) == (404, 404)
    assert _told(_get(avito, "/campaigns")) == (405, 405)


def test_a_reset_forgets_tokens(avito: AdBench) -> None:
    token = avito.web.post("/token", data=FORM).json()["access_token"]
    avito.vendor.reset()
    assert _get(avito, token=token).status_code == 401
