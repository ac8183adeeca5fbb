"""Batches and limits of the Bitrix24 stand-in."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from include.sandbox.vendors.faults import Fault
from tests.sandbox.bitrix24_portal import PortalCaller, many_deals


@pytest.fixture
def portal() -> PortalCaller:
    return PortalCaller()


def _batch(portal: PortalCaller, cmd: object, halt: int = 0) -> dict:
    return portal.rows("batch", {"halt": halt, "cmd": cmd})


def test_a_batch_answers_doubly_nested_with_empty_maps_as_lists(portal):
    result = _batch(portal, {"d": "crm.deal.list?select[]=ID", "u": "user.get"})
    assert [row["ID"] for row in result["result"]["d"]] == ["1", "2", "3", "4"]
    assert result["result_total"] == {"d": 4, "u": 3}
    assert (result["result_error"], result["result_next"]) == ([], [])
    assert result["result_time"]["d"]["operating"] > 0


def test_numbered_commands_come_back_as_lists(portal):
    for cmd in (["user.get", "profile"], {"0": "user.get", "1": "profile"}):
        result = _batch(portal, cmd)
        assert [type(part) for part in result["result"]] == [list, dict]


def test_a_batch_may_come_as_a_form(portal):
    form = {"halt": "0", "cmd[d]": "crm.deal.list?filter%5B%3C%3DID%5D=2&select%5B%5D=ID"}
    answer = portal.http.post(f"{portal.hook}/batch.json", data=form)
    assert answer.json()["result"]["result"]["d"] == [{"ID": "1"}, {"ID": "2"}]


def test_a_command_is_built_from_the_answer_of_an_earlier_one(portal):
    cmd = {
        "d": "crm.deal.list?start=-1&order[ID]=DESC&filter[>ID]=0",
        "h": "crm.stagehistory.list?entityTypeId=2&filter[OWNER_ID]=$result[d][0][ID]",
        "w": "crm.deal.list?filter[TITLE]=Deal $result[h][items][0][OWNER_ID]",
        "many": "crm.deal.list?filter[ID]=$result[ids]",
    }
    result = _batch(portal, cmd)["result"]
    assert {item["OWNER_ID"] for item in result["h"]["items"]} == {4}
    assert [row["ID"] for row in result["w"]] == ["4"]


def test_pages_are_chained_by_references_to_the_last_row():
    portal = many_deals(120)
    cmd, previous = {}, "0"
    for place in range(4):
        bound = quote(previous)
        cmd[str(place)] = (
            f"crm.deal.list?start=-1&order%5BID%5D=ASC&filter%5B%3EID%5D={bound}&select%5B%5D=ID"
        )
        previous = f"$result[{place}][49][ID]"
    pages = _batch(portal, cmd)["result"]
    assert [len(page) for page in pages[:3]] == [50, 50, 20]
    assert pages[2][-1]["ID"] == "120"
    assert pages[3][0]["ID"] == "1", "a reference that leads nowhere is an empty bound: 0"


def test_what_a_lost_reference_becomes_can_be_chosen(portal):
    cmd = {"d": "crm.deal.list?start=-1&filter%5B%3EID%5D=$result[x][0][ID]"}
    assert len(_batch(portal, cmd)["result"]["d"]) == 4
    portal.stage.knobs["bitrix24.unresolved_reference"] = "3"
    assert [row["ID"] for row in _batch(portal, cmd)["result"]["d"]] == ["4"]


def test_failed_commands_do_not_fail_the_batch(portal):
    cmd = {"bad": "nothing.get", "good": "profile", "lost": "crm.deal.get?id=99"}
    result = _batch(portal, cmd)
    assert result["result_error"]["bad"]["error"] == "ERROR_METHOD_NOT_FOUND"
    assert result["result_error"]["lost"]["error"] == ""
    assert list(result["result"]) == ["good"]


def test_a_planted_error_can_hit_one_command(portal):
    values = {"code": "INTERNAL_SERVER_ERROR"}
    portal.stage.faults.plant(Fault("error", "bitrix24", "crm.deal.list", values=values))
    result = _batch(portal, {"u": "user.get", "d": "crm.deal.list"})
    assert result["result_error"]["d"]["error"] == "INTERNAL_SERVER_ERROR"
    assert list(result["result"]) == ["u"]


def test_halt_stops_at_the_first_error(portal):
    result = _batch(portal, {"bad": "nothing.get", "good": "profile"}, halt=1)
    assert (result["result"], list(result["result_error"])) == ([], ["bad"])


def test_a_batch_within_a_batch_is_refused(portal):
    result = _batch(portal, {"b": "batch?cmd[a]=profile"})
    assert result["result_error"]["b"]["error"] == "ERROR_BATCH_METHOD_NOT_ALLOWED"


def test_more_than_fifty_commands_are_refused(portal):
    cmd = {f"c{i}": "profile" for i in range(51)}
    answer = portal.post("batch", {"cmd": cmd})
    assert (answer.status_code, answer.json()["error"]) == (400, "ERROR_BATCH_LENGTH_EXCEEDED")
    portal.stage.knobs["bitrix24.batch_refuses_whole"] = False
    result = _batch(portal, cmd)
    assert list(result["result_error"]) == ["c50"]
    assert len(result["result"]) == 50


def test_commands_that_are_no_map_are_refused(portal):
    answer = portal.post("batch", {"cmd": "profile"})
    assert answer.json()["error_description"] == "Parameter 'cmd' must be array."
    assert _batch(portal, {})["result"] == []


def test_the_bucket_overflows_at_fifty_and_drains_by_two_a_second(portal):
    statuses = [portal.post("profile").status_code for _ in range(60)]
    assert set(statuses[:50]) == {200}
    assert 503 in statuses[50:]
    portal.stage.clock.advance(1)
    assert [portal.post("profile").status_code for _ in range(2)] == [200, 200]
    refused = next(
        answer for answer in iter(lambda: portal.post("profile"), None) if answer.is_error
    )
    assert refused.json() == {
        "error": "QUERY_LIMIT_EXCEEDED",
        "error_description": "Too many requests",
    }


def test_the_enterprise_plan_has_a_larger_bucket(portal):
    portal.stage.knobs |= {"bitrix24.bucket_size": 60, "bitrix24.drained_per_second": 5}
    assert {portal.post("profile").status_code for _ in range(60)} == {200}


def test_a_batch_costs_one_request(portal):
    portal.stage.knobs["bitrix24.bucket_size"] = 2
    _batch(portal, {f"c{i}": "profile" for i in range(50)})
    assert portal.post("profile").status_code == 200


def test_a_method_that_worked_too_long_is_blocked_alone_for_ten_minutes(portal):
    portal.stage.knobs |= {"bitrix24.call_seconds": 300, "bitrix24.request_limit_seconds": 900}
    times = [portal.post("crm.deal.list").json()["time"] for _ in range(2)]
    assert [time["operating"] for time in times] == [300, 600]
    assert times[0]["operating_reset_at"] - int(times[0]["start"]) == pytest.approx(600, abs=2)
    answer = portal.post("crm.deal.list")
    assert (answer.status_code, answer.json()["error"]) == (429, "OPERATION_TIME_LIMIT")
    assert portal.post("crm.lead.list").status_code == 200
    blocked = _batch(portal, {"d": "crm.deal.list"})["result_error"]
    assert blocked["d"]["error"] == "OPERATION_TIME_LIMIT"
    other = portal.http.post("/rest/2/demo-webhook/crm.deal.list")
    assert other.status_code == 200
    portal.stage.clock.advance(601)
    assert portal.post("crm.deal.list").status_code == 200


def test_only_the_oldest_minute_falls_out(portal):
    portal.stage.knobs |= {"bitrix24.call_seconds": 200, "bitrix24.request_limit_seconds": 900}
    portal.post("crm.deal.list")
    portal.stage.clock.advance(120)
    portal.post("crm.deal.list")
    portal.stage.clock.advance(490)
    assert portal.post("crm.deal.list").json()["time"]["operating"] == 400
