"""How log requests of the Metrica stand-in are estimated, queued, kept and dropped."""

from __future__ import annotations

import pytest
import requests

from tests.sandbox.metrica_company import (
    COUNTER,
    SECOND_COUNTER,
    MetricaCaller,
    make_company,
    make_visit,
    morning,
)

FIELDS = ["ym:s:visitID", "ym:s:date"]
DAYS = {"date1": "2026-11-17", "date2": "2026-11-19", "source": "visits"}


@pytest.fixture
def metrica(vendor_server, monkeypatch):
    caller = MetricaCaller(vendor_server)
    world = make_company(make_visit(1, morning(18)))
    monkeypatch.setattr(caller.stage, "world", world)
    return caller


def _number(answer) -> int:
    return answer.json()["log_request"]["request_id"]


def test_a_request_walks_from_created_to_processed_to_cleaned(metrica):
    made = metrica.create(FIELDS).json()["log_request"]
    assert made["status"] == "created"
    assert "size" not in made and "parts" not in made
    assert (made["source"], made["fields"], made["attribution"]) == ("visits", FIELDS, "LASTSIGN")
    number = made["request_id"]
    assert metrica.info(number)["status"] == "created"
    metrica.wait(30)
    ready = metrica.info(number)
    assert (ready["status"], ready["parts"][0]["part_number"]) == ("processed", 0)
    assert ready["size"] == len(metrica.read_part(number).content)
    cleaned = metrica.post(metrica.logs(f"logrequest/{number}/clean")).json()["log_request"]
    assert cleaned["status"] == "cleaned_by_user"
    assert "parts" not in metrica.info(number)
    assert metrica.kind_of_error(metrica.read_part(number)) == (400, "invalid_parameter")


def test_a_file_not_ready_and_a_part_too_far_are_refused_with_texts_clients_wait_for(metrica):
    number = _number(metrica.create(FIELDS))
    early = metrica.read_part(number)
    assert (early.status_code, early.json()["message"]) == (
        400,
        "Only log of requests in status 'processed' can be downloaded",
    )
    metrica.wait()
    late = metrica.read_part(number, 1)
    assert (late.status_code, late.json()["message"]) == (400, "Incorrect part number")


def test_requests_of_a_counter_wait_for_each_other_and_other_counters_do_not(metrica):
    first, second = (_number(metrica.create(FIELDS)) for _ in range(2))
    other = _number(metrica.create(FIELDS, counter=SECOND_COUNTER))
    metrica.wait(31)
    states = [metrica.info(number)["status"] for number in (first, second)]
    assert states == ["processed", "created"]
    assert metrica.info(other, SECOND_COUNTER)["status"] == "processed"
    metrica.wait(30)
    assert metrica.info(second)["status"] == "processed"


def test_a_canceled_request_gives_its_turn_away_and_cannot_be_canceled_twice(metrica):
    first, second = (_number(metrica.create(FIELDS)) for _ in range(2))
    path = metrica.logs(f"logrequest/{first}/cancel")
    assert metrica.post(path).json()["log_request"]["status"] == "canceled"
    assert metrica.kind_of_error(metrica.post(path)) == (400, "invalid_parameter")
    metrica.wait(31)
    assert metrica.info(second)["status"] == "processed"


def test_a_request_past_created_can_no_longer_be_canceled(metrica):
    metrica.control("faults", {"kind": "awaiting_retry", "seconds": 60})
    retried, processed = (_number(metrica.create(FIELDS)) for _ in range(2))
    metrica.wait(31)
    assert metrica.info(retried)["status"] == "awaiting_retry"
    for number in (retried, processed):
        answer = metrica.post(metrica.logs(f"logrequest/{number}/cancel"))
        assert metrica.kind_of_error(answer) == (400, "invalid_parameter")
        metrica.wait(100)


def test_a_part_is_packed_for_those_who_take_gzip(metrica, monkeypatch):
    many = [make_visit(number, morning(18)) for number in range(1, 40)]
    monkeypatch.setattr(metrica.stage, "world", make_company(*many))
    number = _number(metrica.create(FIELDS))
    metrica.wait()
    path = metrica.url + metrica.logs(f"logrequest/{number}/part/0/download")
    bodies = []
    for coding in ("gzip", "identity"):
        headers = metrica.headers | {"Accept-Encoding": coding}
        answer = requests.get(path, headers=headers, timeout=10)
        assert answer.headers.get("Content-Encoding", "identity") == coding
        assert answer.headers["Content-Type"] == "application/json"
        bodies.append(answer.content)
    assert bodies[0] == bodies[1]


def test_only_processed_requests_can_be_cleaned(metrica):
    number = _number(metrica.create(FIELDS))
    answer = metrica.post(metrica.logs(f"logrequest/{number}/clean"))
    assert metrica.kind_of_error(answer) == (400, "invalid_parameter")


def test_the_list_has_every_request_of_the_counter_whoever_made_it(metrica):
    mine = _number(metrica.create(FIELDS))
    theirs = _number(metrica.create(FIELDS, token="read-token"))
    metrica.create(FIELDS, counter=SECOND_COUNTER)
    listed = metrica.get(metrica.logs("logrequests")).json()["requests"]
    assert [each["request_id"] for each in listed] == [mine, theirs]


def test_what_a_request_shows_is_fixed_when_it_is_made(metrica, monkeypatch):
    late = make_visit(2, morning(18), known_at=morning(20, 10))
    monkeypatch.setattr(metrica.stage, "world", make_company(make_visit(1, morning(18)), late))
    number = _number(metrica.create(FIELDS))
    metrica.wait(7_200)
    assert len(metrica.read_part(number).text.splitlines()) == 2
    assert len(metrica.read(FIELDS)) == 2


def test_a_failed_attempt_waits_for_its_retry_and_is_then_processed(metrica):
    metrica.control("faults", {"kind": "awaiting_retry", "seconds": 60})
    number = _number(metrica.create(FIELDS))
    metrica.wait(31)
    assert metrica.info(number)["status"] == "awaiting_retry"
    metrica.wait(60)
    assert metrica.info(number)["status"] == "processed"


def test_a_request_can_fail_for_good(metrica):
    metrica.control("faults", {"kind": "processing_failed"})
    number = _number(metrica.create(FIELDS))
    metrica.wait()
    assert metrica.info(number)["status"] == "processing_failed"
    assert metrica.read_part(number).status_code == 400


def test_an_old_request_is_cleaned_by_itself(metrica):
    number = _number(metrica.create(FIELDS))
    metrica.wait()
    assert metrica.info(number)["status"] == "processed"
    metrica.wait(60 * 86_400)
    assert metrica.info(number)["status"] == "cleaned_automatically_as_too_old"


def _evaluate(metrica, **changes) -> dict[str, object]:
    params = DAYS | {"fields": ",".join(FIELDS)} | changes
    return metrica.get(metrica.logs("logrequests/evaluate"), **params).json()[
        "log_request_evaluation"
    ]


def test_an_estimate_tells_how_many_days_fit(metrica):
    assert _evaluate(metrica) == {"possible": True, "max_possible_day_quantity": 366}
    metrica.control("knobs", {"yandex_metrica.storage_bytes": 2_000})
    assert _evaluate(metrica) == {"possible": False, "max_possible_day_quantity": 2}
    assert _evaluate(metrica, date1="2026-11-18")["possible"] is True
    refused = metrica.create(FIELDS)
    assert metrica.kind_of_error(refused) == (400, "too_much_rows")


def test_stored_logs_eat_the_quota_until_they_are_cleaned(metrica):
    number = _number(metrica.create(FIELDS))
    metrica.wait()
    assert metrica.info(number)["size"] > 0
    metrica.control("knobs", {"yandex_metrica.storage_bytes": -5_500})
    found = _evaluate(metrica)
    assert found["possible"] is False and found["max_possible_day_quantity"] < -5
    assert metrica.kind_of_error(metrica.create(FIELDS)) == (400, "limit_exceeded")
    metrica.control("knobs", {"yandex_metrica.storage_bytes": 1_030})
    assert _evaluate(metrica, date1="2026-11-19")["possible"] is False
    metrica.post(metrica.logs(f"logrequest/{number}/clean"))
    assert _evaluate(metrica, date1="2026-11-19")["possible"] is True


@pytest.mark.parametrize(
    ("changes", "location"),
    [
        ({"date2": "2026-11-20"}, "date2"),
        ({"date1": "2026-11-20"}, "date1"),
        ({"date1": "2025-11-01"}, "date1"),
        ({"date1": "17.11.2026"}, "date1"),
        ({"source": "events"}, "source"),
        ({"fields": "ym:s:nothing"}, "fields"),
        ({"fields": "ym:pv:URL"}, "fields"),
        ({"fields": ",".join(["ym:s:visitID"] * 240)}, "fields"),
        ({"attribution": "BEST"}, "attribution"),
    ],
)
def test_a_wrong_parameter_is_named(metrica, changes, location):
    params = DAYS | {"fields": ",".join(FIELDS)} | changes
    answer = metrica.post(metrica.logs("logrequests"), **params)
    assert metrica.kind_of_error(answer) == (400, "invalid_parameter")
    assert answer.json()["errors"][0]["location"] == location


@pytest.mark.parametrize("name", ["date1", "date2", "source", "fields"])
def test_a_missing_parameter_is_named(metrica, name):
    params = DAYS | {"fields": ",".join(FIELDS)}
    params.pop(name)
    answer = metrica.post(metrica.logs("logrequests"), **params)
    assert metrica.kind_of_error(answer) == (400, "missing_parameter")
    assert answer.json()["errors"][0]["location"] == name


def test_yesterday_is_that_of_the_counters_zone(metrica):
    # 21:30 UTC of the 19th is the 20th in Moscow already
    metrica.control("clock", {"now": "2026-11-19T21:30:00+00:00"})
    assert metrica.create(FIELDS).status_code == 200
    metrica.control("clock", {"now": "2026-11-19T20:30:00+00:00"})
    assert metrica.create(FIELDS).status_code == 400


def test_fields_may_come_as_repeated_keys(metrica):
    made = metrica.post(metrica.logs("logrequests"), **DAYS, fields=FIELDS)
    assert made.json()["log_request"]["fields"] == FIELDS


@pytest.mark.parametrize("number", ["1", "x"])
def test_an_unknown_request_is_not_found(metrica, number):
    answer = metrica.get(metrica.logs(f"logrequest/{number}"))
    assert metrica.kind_of_error(answer) == (404, "not_found")


def test_a_request_of_another_counter_is_not_found(metrica):
    number = _number(metrica.create(FIELDS, counter=COUNTER))
    answer = metrica.get(metrica.logs(f"logrequest/{number}", SECOND_COUNTER))
    assert answer.status_code == 404
