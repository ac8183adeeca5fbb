"""The queue of offline reports and the brakes of the Direct stand-in."""

from __future__ import annotations

import threading

import pytest

OFFLINE = {"processingMode": "offline"}


def _code(answer) -> str:
    return answer.json()["error"]["error_code"]


def test_a_queued_report_walks_from_201_over_202_to_200(direct):
    first = direct.report(headers=OFFLINE)
    assert (first.status_code, first.content) == (201, b"")
    assert 1 <= int(first.headers["retryIn"]) <= 10
    assert first.headers["reportsInQueue"] == "1"
    second = direct.report(headers=OFFLINE)
    assert (second.status_code, second.content) == (202, b"")
    direct.control("clock", {"advance_seconds": 10})
    third = direct.report(headers=OFFLINE)
    assert third.status_code == 200
    assert third.headers["reportsInQueue"] == "0"
    assert third.text.startswith('"small')


def test_auto_queues_large_reports_and_answers_small_ones(direct):
    assert direct.report().status_code == 200
    large = {"DateFrom": "2026-09-01", "DateTo": "2026-11-19"}
    assert direct.report(SelectionCriteria=large, ReportName="large").status_code == 201
    online = direct.report(
        SelectionCriteria=large, ReportName="o", headers={"processingMode": "online"}
    )
    assert (online.status_code, _code(online)) == (400, "8000")


def test_search_queries_are_offline_only(direct):
    change = {"ReportType": "SEARCH_QUERY_PERFORMANCE_REPORT", "FieldNames": ["Query", "Clicks"]}
    online = direct.report(**change, headers={"processingMode": "online"})
    assert _code(online) == "8000"
    assert direct.report(**change).status_code == 201


def test_one_name_cannot_stand_for_two_reports(direct):
    direct.report(headers=OFFLINE)
    other = direct.report(headers=OFFLINE, IncludeVAT="YES")
    assert (other.status_code, _code(other)) == (400, "4000")


def test_the_sixth_queued_report_is_refused(direct):
    for number in range(5):
        assert direct.report(headers=OFFLINE, ReportName=f"r{number}").status_code == 201
    sixth = direct.report(headers=OFFLINE, ReportName="r5")
    assert (sixth.status_code, _code(sixth)) == (400, "9000")
    other_login = {**OFFLINE, "Client-Login": "demo-second"}
    assert direct.report(headers=other_login, ReportName="r5").status_code == 201


def test_a_stored_report_stays_as_it_was_for_five_hours_and_is_then_built_anew(direct):
    direct.report(headers=OFFLINE)
    direct.report(headers=OFFLINE)
    direct.control("clock", {"advance_seconds": 10})
    first = direct.report(headers=OFFLINE)
    direct.control("clock", {"now": "2026-11-20T21:30:00+00:00"})
    direct.control("clock", {"now": "2026-11-20T12:00:00+00:00"})
    assert direct.report(headers=OFFLINE).text == first.text
    direct.control("clock", {"advance_seconds": 5 * 3600})
    assert direct.report(headers=OFFLINE).status_code == 201


def test_the_21st_request_within_ten_seconds_is_error_56(direct):
    for _ in range(20):
        assert direct.report(FieldNames=["Clicks"]).status_code == 200
    refused = direct.report(FieldNames=["Clicks"])
    assert (refused.status_code, _code(refused)) == (400, "56")
    direct.control("clock", {"advance_seconds": 10})
    assert direct.report(FieldNames=["Clicks"]).status_code == 200


def test_a_faster_clock_makes_shorter_limits(direct):
    direct.control("clock", {"factor": 1_000_000})
    codes = {direct.report(FieldNames=["Clicks"]).status_code for _ in range(25)}
    assert codes == {200}


def test_the_sixth_simultaneous_call_is_error_506(direct):
    direct.control("faults", {"kind": "slow", "seconds": 0.25, "count": 5})
    answers = []

    def ask() -> None:
        answers.append(direct.report(FieldNames=["Clicks"]))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(a.status_code for a in answers) == [200] * 5 + [400]
    assert [_code(a) for a in answers if a.status_code == 400] == ["506"]
    assert direct.report(FieldNames=["Clicks"]).status_code == 200


@pytest.mark.parametrize("code", [52, 1000, 1001, 1002])
def test_server_trouble_can_be_planted(direct, code):
    direct.control("faults", {"kind": "error", "code": code})
    answer = direct.report()
    assert (answer.status_code, _code(answer)) == (500, str(code))
    assert direct.report().status_code == 200
