"""An account run publishes exactly what the source has, however often it is called or killed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from include.connectors.protocol import (
    AccessDenied,
    BadInput,
    IncompleteAnswer,
    Rejected,
    RequestRefused,
    Slice,
    TemporaryFailure,
)
from include.ingestion.account_run import Done, Outcome, Waiting, _AccountRun, run_account
from include.ingestion.failures import SlicesFailed
from include.warehouse.landing import Landing
from include.warehouse.slices import SliceLog
from tests.ingestion.toy_run import Clock, run_toy
from tests.ingestion.toy_source import (
    ACCOUNT,
    DAY,
    ToyVendor,
    connector_for,
    events,
    spend,
)

DAY_2 = DAY + timedelta(days=1)
DAY_3 = DAY + timedelta(days=2)


def _costs(store: Client) -> list[tuple[Any, ...]]:
    return store.query(
        "select toString(stats_date), campaign, toString(cost_amount)"
        " from raw.raw_toy__spend_live order by all"
    ).result_rows


def test_one_answer_over_several_days_becomes_one_slice_per_day_empty_days_included(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    vendor.spend = {DAY: spend(DAY, {"a": "1.10", "b": "2.20"}), DAY_3: spend(DAY_3, {"a": "3"})}
    vendor.plan_days(DAY, 3)
    outcome = run_toy(store, landing, vendor, clock)
    assert isinstance(outcome, Done)
    counts = outcome.report.resources["spend"]
    assert (counts.slices_loaded, counts.rows_in, counts.rows_loaded) == (3, 3, 3)
    assert outcome.report.is_changed
    logged = store.query(
        "select slice_key, row_count, control_totals['cost_amount'], toString(date_to)"
        " from ops.slice_log order by slice_key"
    ).result_rows
    assert logged == [
        ("2026-01-01", 2, "3.30", "2026-01-02"),
        ("2026-01-02", 0, "0", "2026-01-03"),
        ("2026-01-03", 1, "3.00", "2026-01-04"),
    ]
    assert _costs(store) == [
        ("2026-01-01", "a", "1.1"),
        ("2026-01-01", "b", "2.2"),
        ("2026-01-03", "a", "3"),
    ]


def test_an_unchanged_slice_writes_nothing_and_triggers_nothing(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    vendor.spend = {DAY: spend(DAY, {"a": "1", "b": "2"}, report_name="first")}
    vendor.plan_days(DAY, 2)
    run_toy(store, landing, vendor, clock)
    before = store.query("select count() from raw.raw_toy__spend").result_rows
    vendor.spend = {DAY: spend(DAY, {"b": "2", "a": "1"}, report_name="second")}
    outcome = run_toy(store, landing, vendor, clock, "run 2")
    assert isinstance(outcome, Done)
    counts = outcome.report.resources["spend"]
    assert (counts.slices_confirmed, counts.slices_loaded, counts.rows_confirmed) == (2, 0, 2)
    assert not outcome.report.is_changed
    assert store.query("select count() from raw.raw_toy__spend").result_rows == before


def test_a_restated_slice_replaces_exactly_itself(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    vendor.spend = {DAY: spend(DAY, {"a": "1"}), DAY_2: spend(DAY_2, {"a": "2"})}
    vendor.plan_days(DAY, 2)
    run_toy(store, landing, vendor, clock)
    vendor.spend[DAY] = spend(DAY, {"a": "1.01"})
    outcome = run_toy(store, landing, vendor, clock, "run 2")
    assert isinstance(outcome, Done)
    counts = outcome.report.resources["spend"]
    assert (counts.slices_loaded, counts.slices_confirmed) == (1, 1)
    assert _costs(store) == [("2026-01-01", "a", "1.01"), ("2026-01-02", "a", "2")]


def test_an_empty_answer_replaces_what_was_there(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    vendor.spend = {DAY: spend(DAY, {"a": "1"})}
    vendor.plan_days(DAY, 1)
    run_toy(store, landing, vendor, clock)
    vendor.spend = {}
    outcome = run_toy(store, landing, vendor, clock, "run 2")
    assert isinstance(outcome, Done)
    assert outcome.report.is_changed
    assert _costs(store) == []


def test_append_windows_all_stay_visible_and_a_repeated_one_is_confirmed(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    vendor.plan_events("w1", "e1", "e2")
    run_toy(store, landing, vendor, clock)
    vendor.plan.clear()
    vendor.plan_events("w1", "e2", "e1")
    vendor.plan_events("w2", "e3")
    outcome = run_toy(store, landing, vendor, clock, "run 2")
    assert isinstance(outcome, Done)
    counts = outcome.report.resources["event"]
    assert (counts.slices_confirmed, counts.slices_loaded) == (1, 1)
    found = store.query("select event_id from raw.raw_toy__event_live order by 1").result_rows
    assert found == [("e1",), ("e2",), ("e3",)]


def test_a_waiting_run_called_again_goes_on_and_asks_once(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    vendor.spend = {DAY: spend(DAY, {"a": "1"}), DAY_2: spend(DAY_2, {"a": "2"})}
    vendor.polls_needed = 2
    for day in (DAY, DAY_2, DAY_3):
        vendor.plan_days(day, 1)
    first = run_toy(store, landing, vendor, clock)
    assert isinstance(first, Waiting)
    assert len(first.tokens) == 2  # the third must not be asked while two wait
    assert 0 < first.seconds <= 5
    calls = 0
    outcome: Outcome = first
    while isinstance(outcome, Waiting) and calls < 10:
        clock.now += timedelta(seconds=outcome.seconds)
        outcome = run_toy(store, landing, vendor, clock)
        calls += 1
    assert isinstance(outcome, Done)
    assert vendor.asked == ["2026-01-01+1", "2026-01-02+1", "2026-01-03+1"]
    assert outcome.report.resources["spend"].slices_planned == 3
    assert outcome.report.resources["spend"].slices_loaded == 3
    assert landing.waits("toy", ACCOUNT) == []


@pytest.mark.parametrize("dies_in", ["_record", "_load"])
def test_a_run_killed_around_a_publication_asks_no_vendor_twice(
    store: Client,
    landing: Landing,
    vendor: ToyVendor,
    clock: Clock,
    dies_in: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Just after it the plan on disk is behind the slice log, just before it the log is behind."""
    vendor.spend = {DAY: spend(DAY, {"a": "1"})}
    vendor.plan_days(DAY, 2)
    vendor.plan_events("w1", "e1")
    original = getattr(_AccountRun, dies_in)

    def die(run: _AccountRun, given: Any) -> Any:
        if given:
            raise Killed
        return original(run, given)

    with monkeypatch.context() as patch:
        patch.setattr(_AccountRun, dies_in, die)
        with pytest.raises(Killed):
            run_toy(store, landing, vendor, clock)
    assert isinstance(run_toy(store, landing, vendor, clock), Done)
    assert vendor.asked == ["2026-01-01+2", "w1"]
    assert _costs(store) == [("2026-01-01", "a", "1")]
    entries = store.query("select count() from ops.slice_log").result_rows
    assert entries == [(3,)]


class Killed(BaseException):
    """The process is gone: nothing of the run is written any more."""


def test_a_wait_left_by_a_killed_run_is_polled_by_the_next_and_not_asked_again(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    vendor.spend = {DAY: spend(DAY, {"a": "1"})}
    vendor.polls_needed = 1
    vendor.plan_days(DAY, 1)
    assert isinstance(run_toy(store, landing, vendor, clock), Waiting)
    outcome = run_toy(store, landing, vendor, clock, "another run")
    assert isinstance(outcome, Done)
    assert vendor.asked == ["2026-01-01+1"]
    assert _costs(store) == [("2026-01-01", "a", "1")]


def test_a_wait_too_old_is_dropped_and_asked_anew(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    vendor.polls_needed = 1
    vendor.plan_days(DAY, 1)
    assert isinstance(run_toy(store, landing, vendor, clock), Waiting)
    clock.now += timedelta(hours=13)
    assert isinstance(run_toy(store, landing, vendor, clock, "another run"), Waiting)
    assert vendor.asked == ["2026-01-01+1", "2026-01-01+1"]
    assert vendor.polled == []


def test_one_failed_slice_does_not_stop_the_others_and_is_named(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    vendor.spend = {DAY_2: spend(DAY_2, {"a": "2"})}
    vendor.plan_days(DAY, 1)
    vendor.plan_days(DAY_2, 1)
    vendor.plan_events("w1", "e1")
    vendor.errors = {
        "2026-01-01+1": RequestRefused("field X is unknown\nsecond line"),
        "fetch w1": IncompleteAnswer("the answer ended early"),
    }
    with pytest.raises(TemporaryFailure, match="2026-01-01") as caught:
        run_toy(store, landing, vendor, clock)
    assert "event w1: IncompleteAnswer: the answer ended early" in str(caught.value)
    assert "second line" not in str(caught.value)
    assert isinstance(caught.value, SlicesFailed)
    assert caught.value.report.is_changed
    assert _costs(store) == [("2026-01-02", "a", "2")]
    assert store.query("select count() from raw.raw_toy__event").result_rows == [(0,)]
    rows = store.query(
        "select resource, slices_failed, slices_loaded, is_changed, error_class, error"
        " from ops.ingest_run order by resource"
    ).result_rows
    assert rows == [
        ("event", 1, 0, False, "IncompleteAnswer", "w1: the answer ended early"),
        ("spend", 1, 1, True, "RequestRefused", "2026-01-01+1: field X is unknown"),
    ]


def test_a_retry_of_a_failed_run_asks_only_for_what_failed(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    vendor.spend = {DAY_2: spend(DAY_2, {"a": "2"})}
    vendor.plan_days(DAY, 1)
    vendor.plan_days(DAY_2, 1)
    vendor.errors = {"2026-01-01+1": TemporaryFailure("busy")}
    with pytest.raises(TemporaryFailure):
        run_toy(store, landing, vendor, clock)
    vendor.errors.clear()
    vendor.asked.clear()
    outcome = run_toy(store, landing, vendor, clock)
    assert isinstance(outcome, Done)
    assert vendor.asked == ["2026-01-01+1"]
    counts = outcome.report.resources["spend"]
    assert (counts.slices_planned, counts.slices_loaded, counts.slices_failed) == (2, 2, 0)
    assert outcome.report.is_changed


def test_refused_credentials_stop_the_run_at_once(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    vendor.plan_days(DAY, 1)
    vendor.plan_days(DAY_2, 1)
    vendor.errors = {"2026-01-01+1": AccessDenied("the token has expired: renew it")}
    with pytest.raises(AccessDenied, match="renew it"):
        run_toy(store, landing, vendor, clock)
    assert vendor.asked == ["2026-01-01+1"]


def test_a_checkpoint_comes_last_and_only_when_all_others_have_arrived(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    vendor.events["border"] = events()
    vendor.plan.append(Slice("event", "border", watermark="T1", is_checkpoint=True))
    vendor.plan_days(DAY, 1)
    vendor.errors = {"2026-01-01+1": TemporaryFailure("busy")}
    with pytest.raises(TemporaryFailure):
        run_toy(store, landing, vendor, clock)
    assert vendor.asked == ["2026-01-01+1"]
    vendor.errors.clear()
    assert isinstance(run_toy(store, landing, vendor, clock), Done)
    assert vendor.asked == ["2026-01-01+1", "2026-01-01+1", "border"]
    connector = connector_for(vendor)
    run_account(connector, landing, store, None, clock, "run 2", account=ACCOUNT, clock=clock)
    assert {known.key: known.watermark for known in connector.known}["border"] == "T1"


def test_rows_in_equal_rows_loaded_confirmed_and_quarantined(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    vendor.spend = {DAY: spend(DAY, {"a": "1", "b": "2"})}
    vendor.rejected = (Rejected("f.csv", 7, "bad_number", "cost: not a number", "a;x;+7999"),)
    vendor.plan_days(DAY, 1)
    outcome = run_toy(store, landing, vendor, clock)
    assert isinstance(outcome, Done)
    counts = outcome.report.resources["spend"]
    assert (counts.rows_in, counts.rows_loaded, counts.rows_quarantined) == (3, 2, 1)
    (known,) = SliceLog(store).known("toy", ACCOUNT)
    assert (known.row_count, known.rejected_count, known.told_count) == (2, 1, 3)
    found = store.query(
        "select resource, slice_key, line_number, raw_row from raw.raw_quarantine_live"
    ).result_rows
    assert found == [("spend", "2026-01-01", 7, "a;x;+7999")]
    again = run_toy(store, landing, vendor, clock, "run 2")
    assert isinstance(again, Done)
    counts = again.report.resources["spend"]
    assert (counts.rows_in, counts.rows_confirmed, counts.rows_quarantined) == (3, 2, 1)
    vendor.rejected = ()
    run_toy(store, landing, vendor, clock, "run 3")
    assert store.query("select count() from raw.raw_quarantine_live").result_rows == [(0,)]


def test_a_plan_that_fails_is_raised_as_it_is_and_reported(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    vendor.errors = {"plan": BadInput("the mapping is wrong: correct it")}
    with pytest.raises(BadInput, match="correct it"):
        run_toy(store, landing, vendor, clock)
    rows = store.query("select resource, error_class, error from ops.ingest_run").result_rows
    assert rows == [("", "BadInput", "plan: the mapping is wrong: correct it")]


def test_a_run_without_plan_is_still_reported(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    outcome = run_toy(store, landing, vendor, clock)
    assert isinstance(outcome, Done)
    assert not outcome.report.is_changed
    rows = store.query("select resource, rows_in from ops.ingest_run order by 1").result_rows
    assert rows == [("event", 0), ("spend", 0)]


def test_a_day_that_was_not_asked_for_is_refused_and_leaves_nothing(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    vendor.spend = {DAY: spend(DAY_2, {"a": "1"})}
    vendor.plan_days(DAY, 1)
    with pytest.raises(SlicesFailed, match="2026-01-02, which was not asked for"):
        run_toy(store, landing, vendor, clock)
    assert list(landing.manifests()) == []
    assert store.query("select count() from raw.raw_toy__spend").result_rows == [(0,)]
