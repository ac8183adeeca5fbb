"""The CallRail stand-in: what the fields of calls, forms and lists hold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.sandbox.callrail_company import CALLS, NOW, make_api, make_call, make_stage, under

EVERY_FIELD = (
    "call_type,company_id,company_name,company_time_zone,created_at,device_type,first_call,"
    "prior_calls,total_calls,lead_status,good_lead_call_id,good_lead_call_time,value,note,source,"
    "source_name,medium,campaign,keywords,referring_url,referrer_domain,landing_page_url,"
    "last_requested_url,utm_source,utm_medium,utm_campaign,utm_term,utm_content,utma,utmb,utmc,"
    "utmv,utmx,utmz,ga,gclid,fbclid,msclkid,milestones,timeline_url,tags,tracker_id,session_uuid,"
    "person_id,agent_email,keypad_entries,keywords_spotted,call_highlights,speaker_percent,"
    "waveforms,formatted_customer_phone_number,formatted_duration"
)


@pytest.fixture
def stage() -> Stage:
    return make_stage()


@pytest.fixture
def api(stage: Stage) -> TestClient:
    return make_api(stage)


def _read_calls(api: TestClient, **params: str) -> list[dict[str, Any]]:
    answer = api.get(CALLS, params={"sort": "start_time", "order": "asc", **params})
    assert answer.status_code == 200, answer.text
    return answer.json()["calls"]


def test_every_field_may_be_asked_for_by_name(api):
    for call in _read_calls(api, fields=EVERY_FIELD):
        assert set(EVERY_FIELD.split(",")) <= set(call)
        assert set(call["milestones"] or {}) in (
            set(),
            {"first_touch", "lead_created", "qualified", "last_touch"},
        )


def test_an_empty_page_refuses_an_unknown_field_too(api):
    past = {"start_date": "2020-01-01", "end_date": "2020-01-02"}
    assert api.get(CALLS, params=past).json()["total_records"] == 0
    assert api.get(CALLS, params=past | {"fields": "nonsense"}).status_code == 400


def test_ids_tell_by_their_first_letters_what_they_name(api):
    call = _read_calls(api, fields="company_id,tracker_id,person_id")[0]
    assert [call[name][:3] for name in ("id", "company_id", "tracker_id", "person_id")] == [
        "CAL", "COM", "TRK", "PER",
    ]  # fmt: skip
    assert api.get("/v3/a.json").json()["accounts"][0]["id"].startswith("ACC")
    for path, prefix in (("users", "USR"), ("trackers", "TRK"), ("companies", "COM")):
        assert api.get(under(path)).json()[path][0]["id"].startswith(prefix)


def test_who_was_a_good_lead_once_is_remembered_at_later_calls():
    phone = {"caller_phone": "+13035550123"}
    world = World.of(
        call=[
            make_call(1, NOW - timedelta(hours=9), **phone),
            make_call(2, NOW - timedelta(hours=8), is_target=True, **phone),
            make_call(3, NOW - timedelta(hours=7), **phone),
            make_call(4, NOW - timedelta(hours=6)),
        ]
    )
    fields = "lead_status,good_lead_call_id,good_lead_call_time,prior_calls"
    calls = _read_calls(make_api(make_stage(world)), fields=fields)
    assert [call["lead_status"] for call in calls] == [
        "not_a_lead",
        "good_lead",
        "previously_marked_good_lead",
        "not_a_lead",
    ]
    assert calls[2]["good_lead_call_id"] == calls[1]["id"]
    assert calls[2]["good_lead_call_time"] == calls[1]["start_time"]
    assert [call["prior_calls"] for call in calls] == [0, 1, 2, 0]


def test_a_good_lead_is_worth_what_an_operator_says_as_text_with_its_currency(api, stage):
    stage.clock.advance(86_400)
    assert {call["value"] for call in _read_calls(api, fields="value")} == {None}
    stage.knobs["callrail.lead_value"] = "$150.00"
    worth = [call["value"] for call in _read_calls(api, fields="value") if call["value"]]
    assert worth == ["$150.00"]


def test_a_missed_call_has_no_recording(api):
    call = _read_calls(api, answered="false")[0]
    assert (call["recording"], call["recording_duration"]) == (None, None)
    assert api.get(under(f"calls/{call['id']}/recording")).status_code == 404


def test_spam_stays_in_the_list_unless_an_operator_wants_it_gone():
    spam = make_call(1, NOW - timedelta(hours=2), tags=["spam"], changed_at=NOW)
    listed = _read_calls(make_api(make_stage(World.of(call=[spam]))), fields="tags")
    assert [tag["name"] for tag in listed[0]["tags"]] == ["spam"]


def test_numbers_of_forms_and_messages_are_international_and_what_was_typed_is_kept(stage):
    tables = {name: stage.world.table(name).to_pylist() for name in ("form_request", "chat")}
    tables["form_request"][0]["phone"] = "(303) 555-0199"
    tables["chat"][0]["phone"] = "1 303 555 0199"
    api = make_api(make_stage(World.of(**tables)))
    form = api.get(under("form_submissions")).json()["form_submissions"][0]
    assert form["customer_phone_number"] == "+13035550199"
    assert form["form_data"]["phone"] == "(303) 555-0199"
    talk = api.get(under("text-messages")).json()["conversations"][0]
    assert talk["customer_phone_number"] == "+13035550199"


def test_people_read_the_number_without_its_country(api):
    fields = "formatted_customer_phone_number,formatted_duration"
    call = _read_calls(api, fields=fields, search="5550006")[0]
    assert call["formatted_customer_phone_number"] == "303-555-0006"
    assert call["formatted_duration"] == "1m 1s"


def test_a_page_has_a_hundred_rows_where_nothing_is_said_and_250_at_most():
    calls = [make_call(n, NOW - timedelta(minutes=n)) for n in range(1, 301)]
    api = make_api(make_stage(World.of(call=calls)))
    plain = api.get(CALLS).json()
    assert (plain["per_page"], len(plain["calls"]), plain["total_pages"]) == (100, 100, 3)
    assert len(api.get(CALLS, params={"per_page": "250"}).json()["calls"]) == 250


def test_an_operator_may_have_page_sizes_cut_instead_of_refused(api, stage):
    stage.knobs["callrail.clamp_per_page"] = True
    assert api.get(CALLS, params={"per_page": "999"}).json()["per_page"] == 250


def test_only_calls_are_walked_by_a_cursor(api):
    params = {"relative_pagination": "true"}
    assert "has_next_page" in api.get(CALLS, params=params).json()
    assert "total_records" in api.get(under("users"), params=params).json()
