"""What a run says of itself: whether anything changed, why it failed, and what is odd."""

from __future__ import annotations

from datetime import timedelta

import pytest
from clickhouse_connect.driver.client import Client

from include.connectors.protocol import Rejected, RequestRefused, TemporaryFailure
from include.ingestion.account_run import Done, Waiting
from include.warehouse.changed_slices import has_changed_slices
from include.warehouse.landing import Landing
from tests.ingestion.toy_run import Clock, run_toy
from tests.ingestion.toy_source import DAY, ToyConnector, ToyVendor, spend

DAY_2 = DAY + timedelta(days=1)


def test_a_window_in_which_nothing_happened_is_kept_and_changes_nothing(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    vendor.plan_events("w1")
    outcome = run_toy(store, landing, vendor, clock)
    assert isinstance(outcome, Done)
    assert outcome.report.of("event").slices_loaded == 1
    assert not outcome.report.is_changed
    assert not has_changed_slices(store, "toy", "run 1")
    vendor.rejected = (Rejected("page 1", 1, "bad_number", "not a number", "x"),)
    vendor.plan_events("w2")
    assert run_toy(store, landing, vendor, clock, "run 2").report.is_changed  # type: ignore[union-attr]
    assert has_changed_slices(store, "toy", "run 2"), "the quarantine has another row"


def test_a_run_that_waited_ends_as_its_failures_of_before_say(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    """What no retry can mend must not be retried because the task slept in between."""
    vendor.polls_needed = 1
    vendor.plan_days(DAY, 1)
    vendor.plan_days(DAY_2, 1)
    vendor.errors = {"2026-01-01+1": RequestRefused("field X is unknown")}
    outcome = run_toy(store, landing, vendor, clock)
    assert isinstance(outcome, Waiting)
    clock.now += timedelta(seconds=outcome.seconds)
    with pytest.raises(RequestRefused, match="field X is unknown") as caught:
        run_toy(store, landing, vendor, clock)
    assert not isinstance(caught.value, TemporaryFailure)
    assert vendor.asked == ["2026-01-01+1", "2026-01-02+1"]


def test_slices_of_an_older_connector_are_told_until_a_backfill_has_read_them_again(
    store: Client,
    landing: Landing,
    vendor: ToyVendor,
    clock: Clock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vendor.spend = {DAY: spend(DAY, {"a": "1"}), DAY_2: spend(DAY_2, {"a": "1"})}
    vendor.plan_days(DAY, 2)
    vendor.plan_events("w1", "e1")
    run_toy(store, landing, vendor, clock)
    monkeypatch.setattr(ToyConnector, "version", "2")
    vendor.plan.clear()
    for run_id, told in (("run 2", 1), ("run 3", 1), ("run 4", 0)):
        if run_id == "run 3":
            vendor.plan_days(DAY, 2)
        outcome = run_toy(store, landing, vendor, clock, run_id)
        assert isinstance(outcome, Done)
        assert len(outcome.report.of("spend").findings) == told
        assert outcome.report.of("event").findings == [], "a window keeps what it showed then"
        vendor.plan.clear()
    rows = store.query(
        "select findings from ops.ingest_run where run_id = 'run 2' and resource = 'spend'"
    ).result_rows
    assert rows[0][0] == [
        "2 slices made by version 1 of the connector, now 2: a backfill over their days reads them"
        " again"
    ]


def test_what_surprised_the_connector_is_told_once_and_kept_with_the_run(
    store: Client, landing: Landing, vendor: ToyVendor, clock: Clock
) -> None:
    vendor.spend = {DAY: spend(DAY, {"a": "1"}), DAY_2: spend(DAY_2, {"a": "1"})}
    vendor.findings = ("unknown field mood", "unknown field mood")
    vendor.plan_days(DAY, 1)
    vendor.plan_days(DAY_2, 1)
    run_toy(store, landing, vendor, clock)
    found = store.query(
        "select resource, findings from ops.ingest_run where findings != [] order by resource"
    ).result_rows
    assert found == [("spend", ["unknown field mood"])]
