"""Asynchronous report runs of the Meta stand-in."""

from __future__ import annotations

import json
from typing import Any

import pytest

from include.sandbox.vendors.faults import Fault
from tests.sandbox.meta_ads_world import ACT, make_api, make_stage

URL = f"/v26.0/{ACT}/insights"
WEEK = {"time_range": '{"since":"2026-03-08","until":"2026-03-11"}', "time_increment": "1"}
FIELDS = "ad_id,impressions,clicks,inline_link_clicks,spend"


@pytest.fixture
def stage() -> Any:
    return make_stage()


@pytest.fixture
def api(stage: Any) -> Any:
    return make_api(stage)


def _rows(api: Any, **params: str) -> list[dict[str, Any]]:
    answer = api.get(
        URL, params={"level": "ad", "fields": FIELDS, "limit": "500", **WEEK, **params}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def _error(answer: Any) -> tuple[int, int]:
    error = answer.json()["error"]
    return error["code"], error.get("error_subcode", 0)


def _submit(api: Any, **params: str) -> str:
    form = {"level": "ad", "fields": json.dumps(FIELDS.split(",")), **WEEK, **params}
    answer = api.post(URL, params={"access_token": "demo-token"}, data=form)
    assert list(answer.json()) == ["report_run_id"]
    return answer.json()["report_run_id"]


def test_a_run_walks_to_completion_and_tells_what_the_synchronous_report_does(api, stage):
    run = _submit(api)
    seen = []
    for _ in range(6):
        told = api.get(f"/v26.0/{run}/").json()
        seen.append((told["async_status"], told["async_percent_completion"]))
        stage.clock.advance(5)
    assert seen == [
        ("Job Not Started", 0),
        ("Job Running", 20),
        ("Job Running", 50),
        ("Job Running", 70),
        ("Job Running", 100),
        ("Job Completed", 100),
    ]
    told = api.get(f"/v26.0/{run}").json()
    assert (told["account_id"], told["date_start"], told["is_running"]) == (
        "77",
        "2026-03-08",
        False,
    )
    rows = api.get(f"/v26.0/{run}/insights", params={"limit": "500"}).json()["data"]
    assert rows == _rows(api)


def test_a_run_says_it_has_started_before_it_says_how_far_it_is(api, stage):
    run = _submit(api)
    stage.clock.advance(3)
    told = api.get(f"/v26.0/{run}").json()
    assert (told["async_status"], told["async_percent_completion"]) == ("Job Started", 0)


def test_rows_read_too_early_are_refused_for_the_moment(api, stage):
    run = _submit(api)
    early = api.get(f"/v26.0/{run}/insights")
    assert (_error(early), early.status_code) == ((2601, 1815107), 400)
    assert early.json()["error"]["is_transient"] is True
    stage.clock.advance(30)
    first = api.get(f"/v26.0/{run}", params={"fields": "is_running"}).json()
    assert first == {"id": run, "is_running": True}
    page = api.get(f"/v26.0/{run}/insights", params={"limit": "3"}).json()
    assert len(page["data"]) == 3
    rest = api.get(page["paging"]["next"]).json()
    assert len(rest["data"]) == 3


def test_a_run_tells_the_figures_of_the_moment_it_was_submitted(api, stage):
    before = _rows(api, fields="actions")
    run = _submit(api, fields="actions")
    stage.clock.advance(28 * 86_400)
    assert api.get(f"/v26.0/{run}/insights", params={"limit": "99"}).json()["data"] == before
    assert _rows(api, fields="actions") != before


@pytest.mark.parametrize(
    ("fate", "status"), [("failed", "Job Failed"), ("skipped", "Job Skipped"), ("stuck", "")]
)
def test_runs_can_fail_be_dropped_or_stand_still_at_the_end(api, stage, fate, status):
    stage.faults.plant(Fault("run", "meta_ads", values={"fate": fate}))
    run = _submit(api)
    stage.clock.advance(3600)
    told = api.get(f"/v26.0/{run}").json()
    if fate == "stuck":
        assert (told["async_status"], told["async_percent_completion"]) == ("Job Running", 100)
    else:
        assert told["async_status"] == status
    if fate == "failed":
        assert (told["error_code"], told["error_subcode"]) == (-2, 2490547)
        assert {"error_message", "error_user_title", "error_user_msg"} <= set(told)
        assert "error_code" not in api.get(f"/v24.0/{run}").json()
    assert _error(api.get(f"/v26.0/{run}/insights")) == (2601, 1815107)


def test_a_run_that_is_too_large_fails_by_itself(api, stage):
    stage.knobs["meta_ads.async_row_limit"] = 5
    run = _submit(api)
    stage.clock.advance(60)
    assert api.get(f"/v26.0/{run}").json()["async_status"] == "Job Failed"


def test_objects_below_the_account_have_runs_of_their_own(api, stage):
    form = {"level": "ad", "fields": "ad_id", **WEEK}
    run = api.post("/v26.0/11/insights", data=form).json()["report_run_id"]
    stage.clock.advance(60)
    rows = api.get(f"/v26.0/{run}/insights").json()["data"]
    assert {row["ad_id"] for row in rows} == {"1111", "1112"}


def test_runs_are_forgotten_after_thirty_days_and_belong_to_their_user(api, stage):
    run = _submit(api)
    stranger = {"Authorization": "Bearer other-token"}
    assert _error(api.get(f"/v26.0/{run}", headers=stranger)) == (100, 33)
    stage.clock.advance(30 * 86_400)
    assert api.get(f"/v26.0/{run}").json()["async_status"] == "Job Skipped"
