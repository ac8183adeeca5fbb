"""What every DAG of this house promises; each failure says how to mend it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from include.ingestion.sources import discover_connectors

pytestmark = pytest.mark.airflow

HEADINGS = ("## What the messages mean", "## Running it again", "## Backfill")


def _tasks(dag_bag: Any) -> list[Any]:
    return [task for dag in dag_bag.dags.values() for task in dag.tasks]


def test_every_dag_file_is_read_without_error(dag_bag: Any) -> None:
    assert dag_bag.import_errors == {}


def test_there_is_one_ingest_dag_for_each_connector(dag_bag: Any) -> None:
    ingest = {dag_id for dag_id in dag_bag.dags if dag_id.startswith("ingest_")}
    assert ingest == {f"ingest_{source}" for source in discover_connectors()}
    assert set(dag_bag.dags) == ingest | {"build", "maintenance"}


def test_every_docstring_is_a_runbook(dag_bag: Any) -> None:
    for dag in dag_bag.dags.values():
        missing = [heading for heading in HEADINGS if heading not in (dag.doc_md or "")]
        assert not missing, f"{dag.dag_id}: write {missing} into the file's docstring"


def test_no_dag_catches_up_or_runs_twice_at_once(dag_bag: Any) -> None:
    for dag in dag_bag.dags.values():
        assert dag.catchup is False, f"{dag.dag_id}: set catchup=False, a backfill is one run"
        assert dag.max_active_runs == 1, f"{dag.dag_id}: set max_active_runs=1"


def test_no_dag_makes_up_for_hours_gone_by_at_its_first_start(dag_bag: Any) -> None:
    for dag in dag_bag.dags.values():
        assert dag.start_date is None, f"{dag.dag_id}: a start date starts a run at once"


def test_every_task_that_reaches_out_is_tried_again_with_growing_pauses(dag_bag: Any) -> None:
    for task in _tasks(dag_bag):
        if task.task_id == "verdict":
            continue
        name = f"{task.dag_id}.{task.task_id}"
        assert task.retries == 3, f"{name}: set retries in default_args"
        assert task.retry_exponential_backoff, f"{name}: set retry_exponential_backoff"
        assert task.retry_delay > timedelta(0), f"{name}: set retry_delay"


def test_every_ingest_task_runs_in_the_pool_of_its_source(dag_bag: Any) -> None:
    for source in discover_connectors():
        for task in dag_bag.dags[f"ingest_{source}"].tasks:
            assert task.pool == f"source_{source}"


def test_every_task_that_can_be_a_root_cause_tells_its_failure(dag_bag: Any) -> None:
    for task in _tasks(dag_bag):
        callbacks = task.on_failure_callback or []
        is_told = bool(callbacks)
        # The verdict repeats what a pull has already told.
        assert is_told == (task.task_id != "verdict"), f"{task.dag_id}.{task.task_id}"


def test_the_run_is_judged_after_everything_else_whatever_happened(dag_bag: Any) -> None:
    for source in discover_connectors():
        dag = dag_bag.dags[f"ingest_{source}"]
        assert [task.task_id for task in dag.leaves] == ["verdict"]
        assert dag.get_task("verdict").trigger_rule == "all_done"
        assert dag.get_task("announce").trigger_rule == "all_done"


def test_a_build_makes_tables_whole_only_when_asked_to(dag_bag: Any) -> None:
    params = dag_bag.dags["build"].params
    assert params["full"] is False
    assert params.get_param("full").schema["type"] == "boolean"


def test_a_build_waits_for_any_source_never_for_all(dag_bag: Any) -> None:
    condition = dag_bag.dags["build"].timetable.asset_condition
    names = {asset.name for asset in condition.objects}
    assert names == {f"raw_{source}" for source in discover_connectors()}
    assert type(condition).__name__ == "AssetAny"


def test_nothing_is_published_before_both_audits(dag_bag: Any) -> None:
    dag = dag_bag.dags["build"]
    before = dag.get_task("publish").get_flat_relative_ids(upstream=True)
    assert before == {
        "wait_for_quiet", "pin", "stg", "core", "audit_core", "mart", "audit_mart",
    }  # fmt: skip
    assert dag.get_task("audit_core").get_flat_relative_ids(upstream=False) >= {"mart", "publish"}
