"""The MoySklad stand-in at its door: gzip, tokens, the bucket of units, refusals."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest

from include.sandbox.vendors.moysklad.limits import Limits, Refused
from tests.sandbox.moysklad_warehouse import SkladCaller

ADMIN = ("admin@demo", "demo-password")
TOKEN_URL = "/api/remap/1.2/security/token"


@pytest.fixture
def sklad() -> SkladCaller:
    return SkladCaller()


@pytest.mark.parametrize("coding", ["identity", "br, deflate", ""])
def test_without_gzip_there_is_a_bare_415_unless_switched_off(sklad, coding):
    answer = sklad.get("entity/product", **{"Accept-Encoding": coding})
    assert (answer.status_code, answer.content) == (415, b"")
    sklad.stage.knobs["moysklad.require_gzip"] = False
    assert sklad.get("entity/product", **{"Accept-Encoding": coding}).status_code == 200


def test_a_login_and_its_tokens_open_the_same_door(sklad):
    basic = sklad.http.get("/api/remap/1.2/entity/store", auth=ADMIN)
    assert basic.status_code == 200
    fresh = sklad.http.post(TOKEN_URL, auth=ADMIN)
    sklad.authorization = f"Bearer {fresh.json()['access_token']}"
    assert sklad.get("entity/store").status_code == 200


def test_a_new_token_revokes_the_users_earlier_ones(sklad):
    first = sklad.http.post(TOKEN_URL, auth=ADMIN).json()["access_token"]
    assert sklad.code("entity/store") == (401, 1056)
    sklad.authorization = f"Bearer {first}"
    assert sklad.get("entity/store").status_code == 200
    sklad.http.post(TOKEN_URL, auth=ADMIN)
    assert sklad.code("entity/store") == (401, 1056)
    sklad.authorization = "Bearer solution-token"
    assert sklad.get("entity/store").status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer x", "Basic eDp5", "Basic ???"])
def test_a_wrong_credential_is_refused_with_1056(sklad, header):
    sklad.authorization = header
    assert sklad.code("entity/store") == (401, 1056)


def test_too_many_wrong_passwords_are_refused_for_a_while(sklad):
    wrong = ("admin@demo", "guess")
    statuses = [sklad.http.post(TOKEN_URL, auth=wrong).status_code for _ in range(10)]
    assert statuses == [401] * 10
    refused = sklad.http.post(TOKEN_URL, auth=ADMIN)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (429, 1048)
    sklad.wait(60)
    assert sklad.http.post(TOKEN_URL, auth=ADMIN).status_code == 200


def _burst(sklad: SkladCaller, path: str = "entity/store") -> int:
    """How many calls the bucket of three seconds takes."""
    sklad.wait(3)
    for count in range(100):
        if sklad.get(path, pause=0).status_code == 429:
            return count
    return 100


@pytest.mark.parametrize(
    ("today", "calls"),
    [((2026, 5, 11), 45), ((2026, 5, 12), 22), ((2026, 9, 1), 15), ((2026, 12, 1), 11)],
)
def test_a_users_requests_weigh_more_from_date_to_date(sklad, today, calls):
    sklad.stage.clock.set(now=datetime(*today, tzinfo=UTC))
    assert _burst(sklad) == calls
    sklad.authorization = "Bearer solution-token"
    assert _burst(sklad) == 45


def test_stock_reports_weigh_five_for_everybody(sklad):
    sklad.stage.clock.set(now=datetime(2026, 12, 1, tzinfo=UTC))
    assert _burst(sklad, "report/stock/all") == 9
    sklad.authorization = "Bearer solution-token"
    assert _burst(sklad, "report/stock/bystore") == 9
    assert _burst(sklad, "report/stock/all/current") == 45


def test_units_and_weights_are_knobs(sklad):
    sklad.stage.knobs |= {"moysklad.units": 10, "moysklad.weight": 5}
    assert _burst(sklad) == 2


def test_headers_count_down_and_a_refusal_says_how_many_milliseconds_to_wait(sklad):
    first = sklad.get("entity/store").headers
    second = sklad.get("entity/store", pause=1).headers
    names = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-Lognex-Retry-TimeInterval")
    assert [first[name] for name in names] == ["45", "44", "3000"]
    assert (second["X-RateLimit-Remaining"], second["X-Lognex-Reset"]) == ("43", "0")
    assert "X-Lognex-Retry-After" not in second
    while (refused := sklad.get("entity/store", pause=0)).status_code == 200:
        pass
    assert refused.json()["errors"][0]["code"] == 1049
    assert refused.headers["X-Lognex-Retry-After"] == refused.headers["X-Lognex-Reset"] == "2000"
    assert sklad.get("entity/store", pause=1.999).status_code == 429
    assert sklad.get("entity/store", pause=0.002).status_code == 200


def test_the_sixth_parallel_call_of_one_user_is_1073(sklad):
    sklad.stage.clock.set(factor=1.0)
    sklad.plant("slow", seconds=0.3)
    for fault in sklad.stage.faults.list():
        fault.count = 5
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(sklad.get("entity/store", pause=0)))
        for _ in range(6)
    ]
    with sklad.http:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    refused = [a.json()["errors"][0]["code"] for a in answers if a.status_code == 429]
    assert (len(answers), refused) == (6, [1073])


def test_an_account_takes_twenty_calls_at_a_time_from_all_its_users(sklad):
    limits = Limits(sklad.stage.clock)
    for place in range(20):
        limits.enter(f"user-{place % 5}")
    with pytest.raises(Exception, match="1073"):
        limits.enter("somebody-else")
    limits.leave("user-0")
    limits.enter("somebody-else")


def test_abuse_switches_the_access_off(sklad):
    limits = Limits(sklad.stage.clock)
    for _ in range(200):
        limits.note_failure("user", 404, "GET /x")
    limits.require_access("user", None)
    limits.note_failure("user", 404, "GET /x")
    with pytest.raises(Exception, match="403/1016"):
        limits.require_access("user", None)
    limits.require_access("user", False)
    limits.require_access("other", None)


def test_access_switched_off_comes_back_with_the_knob(sklad):
    sklad.stage.knobs["moysklad.blocked"] = True
    assert sklad.code("entity/store") == (403, 1016)
    sklad.stage.knobs["moysklad.blocked"] = False
    assert sklad.get("entity/store").status_code == 200


def test_a_spent_bucket_opens_anew_three_seconds_after_its_first_request(sklad):
    limits = Limits(sklad.stage.clock)
    limits.spend("user", True, "x", 2, None)
    limits.spend("user", True, "x", 2, None)
    with pytest.raises(Refused):
        limits.spend("user", True, "x", 2, None)
    sklad.wait(3)
    assert limits.spend("user", True, "x", 2, None)["X-RateLimit-Remaining"] == "1"


def test_a_user_without_rights_sees_neither_reports_nor_costs(sklad):
    assert "buyPrice" in sklad.rows("entity/product")[0]
    sklad.authorization = "Bearer seller-token"
    assert sklad.code("report/stock/all") == (403, 1016)
    assert "buyPrice" not in sklad.rows("entity/product")[0]


@pytest.mark.parametrize(
    ("path", "refusal"),
    [
        ("entity/unicorn", (404, 1005)),
        ("entity/product/00000000-0000-0000-0000-000000000000", (404, 1021)),
        ("entity/product/31", (400, 1000)),
        ("report/unicorn", (404, 1002)),
        ("nothing", (404, 1002)),
        ("entity/product?limit=1001", (400, 1040)),
        ("entity/product?limit=0", (400, 1040)),
        ("entity/product?offset=x", (400, 1040)),
        ("entity/customerorder?filter=updated>=yesterday", (412, 1035)),
        ("entity/customerorder?filter=unicorn=1", (412, 1034)),
        ("entity/customerorder?filter=gibberish", (412, 1034)),
        ("entity/customerorder?filter=isDeleted=maybe", (412, 1014)),
        ("entity/customerorder?filter=sum=much", (412, 1014)),
        ("entity/customerorder?filter=sum=1;sum>1", (412, 1034)),
        ("entity/customerorder?filter=archived=true", (412, 1034)),
        ("entity/product?filter=isDeleted=true", (412, 1034)),
        ("entity/customerorder?order=unicorn,asc", (412, 1034)),
        ("report/stock/all?filter=quantityMode=some", (412, 1014)),
        ("report/stock/all?filter=unicorn=1", (412, 1034)),
        ("report/stock/all/current?stockType=some", (400, 1040)),
        ("report/profit/byproduct?momentFrom=then", (412, 1035)),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_its_code(sklad, path, refusal):
    assert sklad.code(path) == refusal


def test_gone_versions_long_addresses_and_large_bodies_are_refused(sklad):
    headers = {"Authorization": "Bearer demo-token"}
    assert sklad.http.get("/api/remap/1.1/entity/product", headers=headers).status_code == 410
    assert sklad.http.get("/api/remap/1.3/entity/product", headers=headers).status_code == 404
    assert sklad.get("entity/product?search=" + "x" * 9000).status_code == 414
    url = "/api/remap/1.2/entity/product"
    assert sklad.http.post(url, json=[{}] * 1001, headers=headers).status_code == 413
    refused = sklad.http.post(url, json=[{}], headers=headers)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, 1017)


def test_planted_refusals_and_redirects_last_as_long_as_their_count(sklad):
    sklad.plant("expired_token")
    assert sklad.code("entity/store") == (401, 1056)
    for status in (500, 502, 503, 504):
        sklad.plant("error", status=status)
        assert sklad.get("entity/store").status_code == status
        sklad.plant("status", status=status)
        assert sklad.get("entity/store").status_code == status
    for status in (301, 302, 303, 308):
        sklad.plant("redirect", status=status)
        moved = sklad.get("entity/store")
        assert (moved.status_code, moved.headers["location"][-12:]) == (status, "entity/store")
    assert sklad.get("entity/store").status_code == 200


def test_planted_lies_change_rows_under_the_same_name(sklad):
    sklad.plant("zero_rows")
    assert sklad.rows("entity/customerorder") == []
    sklad.plant("changed_meaning", field="sum", factor=0.01)
    assert [row["sum"] for row in sklad.rows("entity/customerorder")] == [5490.0]
    sklad.plant("renamed_field", **{"from": "payedSum", "to": "paidSum"})
    assert "payedSum" not in sklad.rows("entity/customerorder")[0]
    assert "payedSum" in sklad.rows("entity/customerorder")[0]
