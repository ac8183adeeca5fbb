"""Whom the Metrica stand-in lets in, how often, and its counters, goals and uploads."""

from __future__ import annotations

import threading

import pytest
import requests

from include.sandbox.vendors.yandex_metrica.errors import STATUSES
from tests.sandbox.metrica_company import (
    COUNTER,
    SECOND_COUNTER,
    TOKEN,
    MetricaCaller,
    make_company,
    make_visit,
    morning,
)

COUNTERS = "/management/v1/counters"


@pytest.fixture
def metrica(vendor_server, monkeypatch):
    caller = MetricaCaller(vendor_server)
    visit = make_visit(1, morning(18), goal_ids=[900])
    visit |= {"click_id_kind": "yclid", "click_id": "555", "user_id": "u1"}
    monkeypatch.setattr(caller.stage, "world", make_company(visit))
    return caller


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        ("", (401, "unauthorized")),
        ("Basic demo-token", (401, "unauthorized")),
        ("OAuth stranger", (403, "invalid_token")),
    ],
)
def test_a_caller_without_a_good_token_is_refused(metrica, authorization, expected):
    headers = {"Authorization": authorization}
    answer = requests.get(metrica.url + COUNTERS, headers=headers, timeout=10)
    assert metrica.kind_of_error(answer) == expected


@pytest.mark.parametrize("scheme", ["OAuth", "Bearer"])
def test_both_spellings_of_the_scheme_are_taken(metrica, scheme):
    headers = {"Authorization": f"{scheme} demo-token"}
    assert requests.get(metrica.url + COUNTERS, headers=headers, timeout=10).status_code == 200


def test_a_token_can_be_made_to_expire(metrica):
    metrica.control("faults", {"kind": "expired_token"})
    assert metrica.kind_of_error(metrica.get(COUNTERS)) == (403, "invalid_token")
    assert metrica.get(COUNTERS).status_code == 200


def test_a_counter_out_of_reach_is_denied_and_an_unknown_one_not_found(metrica):
    denied = metrica.get(metrica.logs("goals", SECOND_COUNTER), token="guest-token")
    assert metrica.kind_of_error(denied) == (403, "access_denied")
    unknown = metrica.get(metrica.logs("goals", 5))
    assert metrica.kind_of_error(unknown) == (404, "not_found")
    assert metrica.kind_of_error(metrica.get("/management/v2/x")) == (404, "not_found")


def test_a_known_path_with_a_verb_it_does_not_take_is_not_found(metrica):
    assert metrica.kind_of_error(metrica.post(metrica.logs("goals"))) == (404, "not_found")


def test_every_error_of_the_vendor_can_be_planted(metrica):
    for kind, status in STATUSES.items():
        metrica.control("faults", {"kind": "error", "error_type": kind})
        assert metrica.kind_of_error(metrica.get(COUNTERS)) == (status, kind)
    assert {400, 401, 403, 404, 406, 409, 429, 503, 504} == set(STATUSES.values())


def test_the_eleventh_request_of_a_second_to_the_logs_is_refused_and_the_31st_to_all(metrica):
    metrica.control("clock", {"factor": 0.0001})
    for _ in range(10):
        assert metrica.get(metrica.logs("logrequests")).status_code == 200
    refused = metrica.get(metrica.logs("logrequests"))
    assert metrica.kind_of_error(refused) == (429, "quota_requests_by_ip")
    assert "Retry-After" not in refused.headers
    for _ in range(19):
        assert metrica.get(COUNTERS).status_code == 200
    assert metrica.kind_of_error(metrica.get(COUNTERS)) == (429, "quota_requests_by_ip")
    metrica.wait(1)
    assert metrica.get(metrica.logs("logrequests")).status_code == 200


@pytest.mark.parametrize(
    ("kind", "paths"),
    [
        ("quota_requests_by_uid", [COUNTERS] * 3),
        ("quota_requests_by_counter_id", [f"/management/v1/counter/{COUNTER}/goals"] * 3),
    ],
)
def test_daily_quotas_end_at_midnight_utc(metrica, kind, paths):
    metrica.control("knobs", {"yandex_metrica.daily_requests": 2})
    # two logins share the counter's quota, one login has its own
    tokens = ["demo-token", "read-token", "demo-token"]
    if kind == "quota_requests_by_uid":
        tokens = ["demo-token"] * 3
    answers = [metrica.get(path, token=token) for path, token in zip(paths, tokens, strict=True)]
    assert [answer.status_code for answer in answers[:2]] == [200, 200]
    assert metrica.kind_of_error(answers[2]) == (429, kind)
    metrica.control("clock", {"now": "2026-11-21T00:00:00+00:00"})
    assert metrica.get(paths[0]).status_code == 200


def test_the_fourth_parallel_request_of_a_login_is_refused(metrica):
    metrica.control("faults", {"kind": "slow", "seconds": 0.3, "count": 3})
    answers = []
    threads = [
        threading.Thread(target=lambda: answers.append(metrica.get(COUNTERS))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 429]
    (refused,) = [answer for answer in answers if answer.status_code == 429]
    assert metrica.kind_of_error(refused) == (429, "quota_parallel_requests")
    assert metrica.get(COUNTERS).status_code == 200


def test_counters_tell_their_zone_and_a_guest_sees_only_its_own(metrica):
    listed = metrica.get(COUNTERS).json()
    assert (listed["rows"], len(listed["counters"])) == (3, 3)
    one = metrica.get(f"/management/v1/counter/{SECOND_COUNTER}").json()["counter"]
    assert (one["time_zone_name"], one["time_zone_offset"]) == ("Asia/Yekaterinburg", 300)
    guest = metrica.get(COUNTERS, token="guest-token").json()
    assert [counter["id"] for counter in guest["counters"]] == [COUNTER]
    assert guest["counters"][0]["permission"] == "view"
    page = metrica.get(COUNTERS, per_page=1, offset=2).json()
    assert (page["rows"], len(page["counters"])) == (3, 1)


def test_goals_of_visits_are_listed_with_their_kinds(metrica):
    goals = metrica.get(metrica.logs("goals"), useDeleted="true").json()["goals"]
    kinds = {goal["id"]: goal["type"] for goal in goals}
    assert kinds[900] == "action"
    assert {"phone", "form", "file", "url"} <= set(kinds.values())
    one = metrica.get(metrica.logs("goal/900")).json()["goal"]
    assert one["conditions"] == [{"type": "exact", "url": "goal_900"}]
    assert metrica.get(metrica.logs("goal/901")).status_code == 404


def _upload(metrica, text: str, what: str = "upload", token: str = TOKEN) -> requests.Response:
    headers = {"Authorization": f"OAuth {token}"}
    path = metrica.url + metrica.logs(f"offline_conversions/{what}")
    files = {"file": ("rows.csv", text.encode(), "text/csv")}
    return requests.post(path, files=files, headers=headers, timeout=10)


AT = int(morning(19).timestamp())


@pytest.mark.parametrize(
    ("text", "kind", "status"),
    [
        (f"ClientId,Target,DateTime\n1700000000000000001,won,{AT}\n", "CLIENT_ID", "PROCESSED"),
        (f"ClientId,Target,DateTime\n5,won,{AT}\n", "CLIENT_ID", "LINKAGE_FAILURE"),
        (f"Yclid,Target,DateTime,Price\n555,won,{AT},10\n", "YCLID", "PROCESSED"),
        (f"UserId,Target,DateTime\nu1,won,{AT}\n", "USER_ID", "PROCESSED"),
        (f"PurchaseId,Target,DateTime\n1,won,{AT}\n", "PURCHASE_ID", "LINKAGE_FAILURE"),
    ],
)
def test_offline_conversions_are_matched_within_two_hours(metrica, text, kind, status):
    uploading = _upload(metrica, text).json()["uploading"]
    assert (uploading["status"], uploading["client_id_type"]) == ("UPLOADED", kind)
    assert (uploading["source_quantity"], uploading["line_quantity"]) == (1, 1)
    path = metrica.logs(f"offline_conversions/uploading/{uploading['id']}")
    metrica.wait(600)
    assert metrica.get(path).json()["uploading"]["status"] == "EXPORTED"
    metrica.wait(7_200)
    assert metrica.get(path).json()["uploading"]["status"] == status
    listed = metrica.get(metrica.logs("offline_conversions/uploadings")).json()["uploadings"]
    assert [each["id"] for each in listed] == [uploading["id"]]


def test_an_uploaded_conversion_restates_its_visit_and_sending_it_again_its_price(metrica):
    names = ["ym:s:goalsID", "ym:s:goalsPrice", "ym:s:goalsDateTime"]
    assert metrica.read(names)[0]["ym:s:goalsID"] == "[900]"
    text = "ClientId,Target,DateTime,Price\n1700000000000000001,won,{at},{price}\n"
    for price in (10, 12.5):
        assert _upload(metrica, text.format(at=AT, price=price)).status_code == 200
    assert metrica.read(names)[0]["ym:s:goalsID"] == "[900]"
    metrica.wait(7_200)
    row = metrica.read(names)[0]
    goal = row["ym:s:goalsID"].strip("[]").split(",")[1]
    assert (row["ym:s:goalsPrice"], row["ym:s:goalsDateTime"].count(",")) == ("[0,12500]", 1)
    assert "2026-11-19 09:00:00" in row["ym:s:goalsDateTime"]
    shown = metrica.get(metrica.logs(f"goal/{goal}")).json()["goal"]
    assert (shown["name"], shown["conditions"][0]["url"]) == ("won", "won")
    figures = {"ids": COUNTER, "metrics": f"ym:s:goal{goal}reaches", "date1": "2026-11-17"}
    assert metrica.get("/stat/v1/data", **figures).json()["totals"] == [1.0]


def test_static_calls_are_never_linked(metrica):
    text = f"ClientId,DateTime,StaticCall\n1700000000000000001,{AT},1\n"
    uploading = _upload(metrica, text, "upload_calls").json()["uploading"]
    metrica.wait(7_200)
    path = metrica.logs(f"offline_conversions/calls_uploading/{uploading['id']}")
    assert metrica.get(path).json()["uploading"]["status"] == "LINKAGE_FAILURE"
    elsewhere = metrica.logs(f"offline_conversions/uploading/{uploading['id']}")
    assert metrica.get(elsewhere).status_code == 404


@pytest.mark.parametrize(
    "text",
    [
        "Target,DateTime\nwon,1\n",
        "ClientId,Target\n1,won\n",
        "ClientId,Target,DateTime\n1,won,9999999999\n",
        "",
    ],
)
def test_a_file_without_usable_rows_is_refused(metrica, text):
    answer = _upload(metrica, text)
    assert metrica.kind_of_error(answer) == (400, "invalid_uploading")


def test_uploads_need_the_right_to_write_and_a_file(metrica):
    denied = _upload(metrica, "ClientId,Target,DateTime\n1,won,1\n", token="read-token")
    assert metrica.kind_of_error(denied) == (403, "access_denied")
    empty = metrica.post(metrica.logs("offline_conversions/upload"))
    assert metrica.kind_of_error(empty) == (400, "missing_parameter")
