"""Runs that fail, stand still or are forgotten, limits, and what the connector does about them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.connectors.meta_ads.graph import prove
from include.connectors.protocol import (
    AccessDenied,
    BadInput,
    IncompleteAnswer,
    Interval,
    Ready,
    RequestRefused,
    Slice,
    TemporaryFailure,
    Wait,
)
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.meta_ads.access import APP_SECRET
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.warehouse.landing import Landing
from tests.connectors.contract.reading import Reader, sort_rows
from tests.connectors.contract.source_case import Play
from tests.connectors.meta_ads.contract_case import CASE, QUICK, expected_of
from tests.connectors.meta_ads.meta_world import (
    DAYS,
    NOW,
    SOURCE,
    cell,
    make_world,
    plain_stats,
)

WEEK = Interval(DAYS[0], DAYS[-1] + timedelta(days=1))
WEEK_OF_ADS = Slice("ad_performance_daily", "week", interval=WEEK)


@pytest.fixture(scope="module")
def server() -> Iterator[VendorServer]:
    with VendorServer(Stage(seed=1)) as running:
        yield running


@pytest.fixture
def reader(server: VendorServer, tmp_path: Path) -> Reader:
    stats = plain_stats()
    server.stage.faults.clear()
    server.stage.knobs.clear()
    server.vendors[SOURCE].reset()
    play = Play(make_world(stats), expected_of(stats), knobs=QUICK)
    made = Reader(CASE, play, server, Landing(str(tmp_path)))
    made.set_stage()
    return made


def _plant(reader: Reader, kind: str, count: int = 1, path: str = "", **values: Any) -> None:
    reader.server.stage.faults.plant(Fault(kind, SOURCE, path, count, 0, values))


def _runs(state: Wait | Ready) -> list[tuple[str, str]]:
    return [(run["since"], run["until"]) for run in state.token["runs"]]


def _poll(reader: Reader, state: Wait | Ready, seconds: float) -> Wait | Ready:
    reader.server.stage.clock.advance(seconds)
    return reader.connect().poll(state.token)


@pytest.mark.parametrize("fate", ["failed", "skipped"])
def test_a_run_that_came_to_nothing_is_asked_for_again(reader, fate):
    _plant(reader, "run", fate=fate)
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)


def test_a_run_that_failed_is_asked_for_in_halves(reader):
    _plant(reader, "run", fate="failed")
    state = reader.connect().start(WEEK_OF_ADS)
    assert _runs(state) == [("2026-03-04", "2026-03-11")]
    state = _poll(reader, state, 60)
    assert _runs(state) == [("2026-03-04", "2026-03-07"), ("2026-03-08", "2026-03-11")]
    assert isinstance(_poll(reader, state, 60), Ready)


def test_a_run_that_fails_again_and_again_is_given_up(reader):
    _plant(reader, "run", 20, fate="skipped")
    state: Any = reader.connect().start(WEEK_OF_ADS)
    with pytest.raises(RequestRefused, match="4 times"):
        for _ in range(5):
            state = _poll(reader, state, 60)


def test_a_run_that_stands_still_at_the_end_is_asked_for_again_after_an_hour(reader):
    _plant(reader, "run", fate="stuck")
    first = reader.connect().start(WEEK_OF_ADS)
    state = _poll(reader, first, 1800)
    assert state.token["runs"][0]["id"] == first.token["runs"][0]["id"]
    assert 5 < state.seconds <= 60
    state = _poll(reader, state, 1801)
    assert state.token["runs"][0]["id"] != first.token["runs"][0]["id"]
    assert isinstance(_poll(reader, state, 60), Ready)


def test_a_run_the_vendor_has_forgotten_is_asked_for_again(reader):
    state = reader.connect().start(WEEK_OF_ADS)
    reader.server.vendors[SOURCE].reset()
    state = _poll(reader, state, 60)
    assert isinstance(_poll(reader, state, 60), Ready)


def test_rows_read_too_early_are_a_passing_trouble(reader):
    state = reader.connect().start(WEEK_OF_ADS)
    with pytest.raises(TemporaryFailure, match="poll the report again"):
        list(reader.connect().fetch(state.token))


def test_pages_too_large_for_the_vendor_are_halved(reader):
    reader.server.stage.knobs["meta_ads.page_limit"] = 60
    reader.options["page_rows"] = 500
    _plant(reader, "error", 3, "insights", code=1, message="Please reduce the amount of data")
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)


def test_a_report_too_large_to_be_asked_for_is_asked_for_in_halves(reader):
    def submit() -> Wait:
        # the totals come first, with a page that is halved; then the report itself
        return reader.connect().start(WEEK_OF_ADS)

    reader.server.stage.faults.plant(
        Fault("error", SOURCE, "insights", 1, 1, {"code": 100, "subcode": 1504018})
    )
    assert _runs(submit()) == [("2026-03-04", "2026-03-07"), ("2026-03-08", "2026-03-11")]


def test_an_empty_page_before_the_last_is_not_the_end(reader):
    reader.options["page_rows"] = 20
    reader.server.stage.faults.plant(Fault("empty_page", SOURCE, "6001/insights", 1, 1, {}))
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)


def test_a_last_page_that_is_lost_is_noticed(reader, monkeypatch):
    reader.options["page_rows"] = 20
    monkeypatch.setattr("include.connectors.meta_ads.graph._read_next", lambda page: "")
    with pytest.raises(IncompleteAnswer, match="rows are missing"):
        reader.read()


def test_figures_that_move_while_they_are_read_are_those_of_the_moment_of_asking(reader):
    state = reader.connect().start(WEEK_OF_ADS)
    state = _poll(reader, state, 60)
    before = sum(row["cost_micros"] for row in plain_stats())
    reader.server.stage.world = make_world([cell(day, 1, 10_000) for day in DAYS])
    rows = [batch.rows for batch in reader.connect().fetch(state.token)]
    assert sum(sum(batch["cost_micros"].to_pylist()) for batch in rows if batch) in (before, 80_000)


def test_a_short_lockout_is_waited_for_as_long_as_the_vendor_says(reader):
    reader.server.stage.knobs |= {"meta_ads.score_limit": 12, "meta_ads.lockout_seconds": 200}
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)
    assert max(reader.sleeps) >= 200


def test_a_long_lockout_holds_no_worker(reader):
    reader.server.stage.knobs |= {"meta_ads.score_limit": 1, "meta_ads.lockout_seconds": 3600}
    with pytest.raises(TemporaryFailure, match="60 minutes later"):
        reader.read()
    assert max(reader.sleeps, default=0) < 300


@pytest.mark.parametrize(("calls_an_hour", "rests"), [(5, 5.0), (4, 300.0)])
def test_full_meters_slow_the_account_down_before_the_vendor_does(reader, calls_an_hour, rests):
    reader.server.stage.knobs["meta_ads.app_calls_per_hour"] = calls_an_hour
    checks = reader.connect().check()
    for _ in range(4):
        next(checks)
    assert reader.sleeps[-1:] == ([5.0] if calls_an_hour == 4 else [])
    reader.server.stage.knobs["meta_ads.app_calls_per_hour"] = 100
    next(checks)
    assert reader.sleeps[-1] == rests


def test_a_page_that_never_comes_is_no_end(reader):
    _plant(reader, "empty_page", 500, "6001/insights")
    with pytest.raises(IncompleteAnswer, match="same next page"):
        reader.read()


@pytest.mark.parametrize(
    ("code", "subcode", "says"),
    [
        (190, 463, "it has expired"),
        (190, 460, "changed the password"),
        (10, 0, "permission ads_read"),
        (200, 0, "permission ads_read"),
        (100, 33, "check the number of the ad account"),
    ],
)
def test_refused_access_says_what_a_person_must_do(reader, code, subcode, says):
    _plant(reader, "error", code=code, subcode=subcode)
    with pytest.raises(AccessDenied, match=says):
        reader.read()


@pytest.mark.parametrize(
    ("code", "subcode"), [(1, 99), (2, 0), (2, 1504043), (104, 0), (960, 0), (80003, 2446079)]
)
def test_passing_errors_are_waited_out(reader, code, subcode):
    _plant(reader, "error", 2, "insights", code=code, subcode=subcode)
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)


def test_an_error_nobody_knows_passes_where_the_status_says_so(reader):
    _plant(reader, "error", 1, "insights", code=987_654, status=500)
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)
    _plant(reader, "error", 1, "insights", code=987_654, status=400)
    with pytest.raises(RequestRefused, match="987654"):
        reader.read()


@pytest.mark.parametrize(
    ("code", "subcode", "says"),
    [(2, 1504041, "API has changed"), (100, 0, "API has changed"), (2635, 0, "api_version")],
)
def test_our_own_mistakes_are_not_repeated(reader, code, subcode, says):
    _plant(reader, "error", 2, "insights", code=code, subcode=subcode)
    with pytest.raises(RequestRefused, match=says):
        reader.read()
    assert reader.server.stage.faults.list()[0].count == 1


def test_the_proof_of_the_secret_is_sent_where_the_app_wants_it_and_shown_nowhere(reader):
    reader.server.stage.knobs["meta_ads.require_appsecret_proof"] = 1
    with pytest.raises(RequestRefused):
        reader.read()
    reader.credentials = {"token": "demo-token", "app_secret": APP_SECRET}
    reader.read()
    assert reader.landed() == sort_rows(reader.play.expected)
    shown = json.dumps([reader.tokens, [str(piece) for piece in reader.slices]])
    assert prove("demo-token", APP_SECRET) not in shown


def test_a_window_beyond_what_meta_keeps_is_refused_and_old_days_have_no_reach(reader):
    connector = reader.connect()
    with pytest.raises(BadInput, match="keeps figures from"):
        connector.plan([], NOW, Interval(date(2023, 1, 1), date(2023, 1, 3)))
    old, young = date(2024, 5, 1), date(2026, 3, 1)
    of = {"impressions": 5_000}
    reader.server.stage.world = make_world([cell(d, 100, 5_000_000, **of) for d in (old, young)])
    for day in (old, young):
        reader.read(Interval(day, day + timedelta(days=1)))
    rows = reader.live_rows("ad_performance_daily").to_pylist()
    assert {row["reach"] is None for row in rows if row["stats_date"] == old} == {True}
    assert {row["reach"] is None for row in rows if row["stats_date"] == young} == {False}


def test_actions_keep_their_windows_and_their_worth(reader):
    reader.read()
    rows = reader.live_rows("ad_action_daily").to_pylist()
    lead = next(row for row in rows if row["action_type"] == "lead")
    assert (lead["action_count"], lead["action_count_7d_click"]) == (2, 2)
    assert lead["action_value_micros"] == 180_000_000
    assert lead["attribution_setting"] == "7d_click_1d_view"
    click = next(row for row in rows if row["action_type"] == "link_click")
    assert click["action_count"] == click["action_count_7d_click"] > 0
    assert click["action_value_micros"] == 0


def test_an_account_without_its_number_is_refused_at_once(reader):
    reader.options["account_id"] = "northbolt"
    with pytest.raises(BadInput, match="act_ and digits"):
        reader.connect()
    reader.options["account_id"] = "77"
    assert reader.connect().plan([], NOW, None)
