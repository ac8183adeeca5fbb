"""The CallRail stand-in: keys, lists, paging, dates, quotas and refusals."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from include.sandbox.vendors.callrail.ids import ACCOUNT_ID, LOCKED_ACCOUNT_ID
from include.sandbox.vendors.callrail.lists import CALL_DEFAULTS
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World
from tests.sandbox.callrail_company import CALLS, NOW, make_api, make_call, make_stage, under


@pytest.fixture
def stage() -> Stage:
    return make_stage()


@pytest.fixture
def api(stage: Stage) -> TestClient:
    return make_api(stage)


def test_accounts_are_listed_and_one_is_shown_alone(api):
    listed = api.get("/v3/a.json").json()
    assert (listed["total_records"], listed["accounts"][0]["id"]) == (1, ACCOUNT_ID)
    assert api.get(f"/v3/a/{ACCOUNT_ID}.json").json()["id"] == ACCOUNT_ID


def test_both_spellings_of_the_key_are_taken_and_others_refused(api):
    quoted = {"Authorization": 'Token token="demo-token"'}
    assert api.get("/v3/a.json", headers=quoted).status_code == 200
    for odd in ("Bearer demo-token", "Token token=nobody", ""):
        answer = api.get("/v3/a.json", headers={"Authorization": odd})
        assert (answer.status_code, answer.json()) == (
            401,
            {"error": "HTTP Token: Access denied."},
        )


def test_a_key_of_somebody_else_and_a_locked_account_are_403(api):
    foreign = {"Authorization": "Token token=foreign-token"}
    assert api.get(CALLS, headers=foreign).status_code == 403
    assert api.get("/v3/a.json", headers=foreign).json()["accounts"] == []
    assert api.get(f"/v3/a/{LOCKED_ACCOUNT_ID}/calls.json").status_code == 403


def test_unknown_things_are_404_and_other_formats_406(api):
    assert api.get("/v3/a/ACC0/calls.json").status_code == 404
    assert api.get(under("calls/CAL0")).status_code == 404
    assert api.get(under("calls/CAL0/recording")).status_code == 404
    assert api.get(under("calls/CAL0/page_views")).status_code == 404
    assert api.get(under("nonsense")).status_code == 404
    assert api.get(CALLS.removesuffix(".json")).status_code == 406
    assert api.get(CALLS, headers={"Accept": "text/xml"}).status_code == 406


def test_without_dates_only_the_recent_seven_days_are_listed(api):
    listed = api.get(CALLS).json()
    assert listed["total_records"] == 7
    everything = api.get(CALLS, params={"start_date": "2026-01-01", "end_date": "2026-03-12"})
    assert everything.json()["total_records"] == 8


def test_a_call_known_late_appears_when_the_vendor_knows_it(api, stage):
    before = api.get(CALLS).json()["total_records"]
    stage.clock.advance(6 * 3600)
    assert api.get(CALLS).json()["total_records"] == before + 1


def test_dates_are_days_of_the_account_zone_and_their_end_is_included(api):
    night = make_call(1, datetime(2026, 3, 2, 3, 30, tzinfo=UTC))
    client = make_api(make_stage(World.of(call=[night])))
    for day, found in (("2026-03-01", 1), ("2026-03-02", 0)):
        params = {"start_date": day, "end_date": day}
        assert client.get(CALLS, params=params).json()["total_records"] == found


def test_start_times_carry_the_offset_of_their_own_day(api):
    worlds = [datetime(2026, 3, 7, 17, tzinfo=UTC), datetime(2026, 3, 9, 17, tzinfo=UTC)]
    client = make_api(
        make_stage(World.of(call=[make_call(n, at) for n, at in enumerate(worlds, 1)]))
    )
    calls = client.get(CALLS, params={"sort": "start_time", "order": "asc"}).json()["calls"]
    assert [call["start_time"] for call in calls] == [
        "2026-03-07T12:00:00.000-05:00",
        "2026-03-09T13:00:00.000-04:00",
    ]


def test_only_default_fields_are_shown_until_others_are_asked_for(api):
    first = api.get(CALLS).json()["calls"][0]
    assert set(first) == set(CALL_DEFAULTS)
    more = api.get(CALLS, params={"fields": "gclid,ga,tags,lead_status,milestones"}).json()
    assert set(more["calls"][0]) == set(CALL_DEFAULTS) | {
        "gclid", "ga", "tags", "lead_status", "milestones",
    }  # fmt: skip
    assert api.get(CALLS, params={"fields": "nonsense"}).status_code == 400


def test_a_call_tells_the_visit_behind_it(api):
    params = {"fields": "gclid,ga,utm_source,medium,source,landing_page_url", "search": "5550006"}
    call = api.get(CALLS, params=params).json()["calls"][0]
    assert call["gclid"] == "abc"
    assert call["ga"] == "111.222"
    assert (call["source"], call["medium"]) == ("Google Ads", "PPC")
    assert call["landing_page_url"].startswith("https://northbolt.example/bolts")


def test_tags_and_lead_status_change_later(api, stage):
    params = {"fields": "tags,lead_status", "search": "5550006"}
    before = api.get(CALLS, params=params).json()["calls"][0]
    assert (before["tags"], before["lead_status"]) == ([], None)
    stage.clock.advance(86_400)
    after = api.get(CALLS, params=params).json()["calls"][0]
    assert after["lead_status"] == "good_lead"
    assert [tag["name"] for tag in after["tags"]] == ["Quote", "Hot"]


def test_spam_vanishes_once_it_is_marked_where_an_operator_wants_it(stage):
    spam = make_call(
        1, NOW - timedelta(hours=1), tags=["spam"], changed_at=NOW + timedelta(hours=1)
    )
    stage.world = World.of(call=[spam])
    stage.knobs["callrail.spam_vanishes"] = True
    client = make_api(stage)
    assert client.get(CALLS).json()["total_records"] == 1
    stage.clock.advance(3600)
    assert client.get(CALLS).json()["total_records"] == 0


def test_pages_are_numbered_and_linked_and_the_one_beyond_the_last_is_empty(api):
    url, seen = f"{CALLS}?per_page=3", []
    while url:
        answer = api.get(url)
        seen += [call["id"] for call in answer.json()["calls"]]
        url = answer.links.get("next", {}).get("url")
    assert (len(seen), len(set(seen))) == (7, 7)
    beyond = api.get(CALLS, params={"per_page": 3, "page": 4}).json()
    assert (beyond["calls"], beyond["total_pages"], beyond["total_records"]) == ([], 3, 7)


def test_relative_pages_follow_a_cursor(api):
    answer = api.get(CALLS, params={"per_page": 3, "relative_pagination": "true"}).json()
    seen = [call["id"] for call in answer["calls"]]
    while answer["has_next_page"]:
        answer = api.get(answer["next_page"]).json()
        seen += [call["id"] for call in answer["calls"]]
    assert (len(seen), len(set(seen))) == (7, 7)
    assert answer["next_page"] is None
    bad = {"relative_pagination": "true", "offset": "%%"}
    assert api.get(CALLS, params=bad).status_code == 400


@pytest.mark.parametrize(
    "params",
    [
        {"per_page": "251"},
        {"per_page": "none"},
        {"page": "0"},
        {"sort": "moon"},
        {"order": "up"},
        {"date_range": "someday"},
        {"start_date": "01.02.2026"},
        {"answered": "maybe"},
    ],
)
def test_bad_parameters_are_400(api, params):
    answer = api.get(CALLS, params=params)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


def test_an_unacceptable_value_is_422_with_a_list_of_errors(api):
    answer = api.get(CALLS, params={"start_date": "2026-02-01", "end_date": "2026-01-01"})
    assert (answer.status_code, list(answer.json())) == (422, ["errors"])


def test_filters_narrow_the_list(api):
    missed = api.get(CALLS, params={"answered": "false"}).json()["calls"]
    assert [(c["answered"], c["voicemail"], c["recording"]) for c in missed] == [
        (False, False, None)
    ]
    assert api.get(CALLS, params={"direction": "outbound"}).json()["total_records"] == 0


def test_other_lists_are_whole_whatever_dates_are_asked(api):
    dates = {"start_date": "2026-03-12", "end_date": "2026-03-12"}
    forms = api.get(under("form_submissions"), params=dates).json()["form_submissions"]
    assert [form["form_data"]["email"] for form in forms] == ["ann@x.example"]
    assert api.get(under("companies")).json()["companies"][0]["time_zone"] == "America/New_York"
    assert api.get(under("users")).json()["users"][0]["email"] == "dana@northbolt.example"
    assert len(api.get(under("trackers")).json()["trackers"][0]["tracking_numbers"]) == 3
    assert {tag["name"] for tag in api.get(under("tags")).json()["tags"]} == {"Quote", "Hot"}


def test_conversations_obey_dates(api):
    assert api.get(under("text-messages")).json()["total_records"] == 1
    old = {"start_date": "2026-01-01", "end_date": "2026-01-02"}
    assert api.get(under("text-messages"), params=old).json()["conversations"] == []


def test_recording_and_pages_of_a_call_are_answered(api):
    call = api.get(CALLS, params={"search": "5550006"}).json()["calls"][0]
    assert api.get(under(f"calls/{call['id']}")).json()["id"] == call["id"]
    assert api.get(under(f"calls/{call['id']}/recording")).json()["url"].endswith(".mp3")
    views = api.get(under(f"calls/{call['id']}/page_views")).json()["page_views"]
    assert len(views) == 3
    assert "id" not in views[0]


def test_a_summary_adds_up_to_the_list(api):
    params = {"group_by": "source", "fields": "missed_calls,leads,average_duration"}
    summary = api.get(under("calls/summary"), params=params).json()
    assert summary["total_results"]["total_calls"] == 7
    assert summary["total_results"]["missed_calls"] == 1
    assert sum(group["total_calls"] for group in summary["grouped_results"]) == 7
    assert api.get(under("calls/summary"), params={"group_by": "moon"}).status_code == 400


def test_a_time_series_has_at_most_two_hundred_points(api):
    daily = {"start_date": "2026-03-01", "end_date": "2026-03-12"}
    points = api.get(under("calls/timeseries"), params=daily).json()["data"]
    assert (len(points), sum(point["total_calls"] for point in points)) == (12, 7)
    hourly = daily | {"interval": "hour"}
    assert api.get(under("calls/timeseries"), params=hourly).status_code == 400


@pytest.mark.parametrize("status", [400, 401, 403, 404, 406, 422, 429, 500, 503])
def test_every_refusal_can_be_planted(api, stage, status):
    stage.faults.plant(Fault("error", "callrail", values={"status": status}))
    assert api.get(CALLS).status_code == status
    assert api.get(CALLS).status_code == 200


def test_planted_faults_spoil_a_list_quietly(api, stage):
    stage.faults.plant(Fault("zero_rows", "callrail"))
    empty = api.get(CALLS)
    assert (empty.status_code, empty.json()["calls"], empty.json()["total_records"]) == (200, [], 0)
    stage.faults.plant(Fault("renamed_field", values={"from": "duration", "to": "length"}))
    call = api.get(CALLS).json()["calls"][0]
    assert call["length"] == 61
    assert "duration" not in call
    stage.faults.plant(Fault("changed_meaning", values={"field": "duration", "factor": 1000}))
    assert api.get(CALLS).json()["calls"][0]["duration"] == 61_000
    stage.faults.plant(Fault("odd_value", values={"field": "duration", "value": "long"}))
    told = [call["duration"] for call in api.get(CALLS).json()["calls"]]
    assert (told[0], "long" in told[1:]) == ("long", False)
    stage.faults.plant(Fault("expired_token", "callrail"))
    assert api.get(CALLS).status_code == 401
