"""
# build: raw → staging → core → marts, audited, then published

Starts when a source has changed, and once a day in any case. Everything is made as a candidate
(`…__next`) from one pinned instant; only candidates that passed their audit are swapped in, so
readers see the old tables until the new ones are proven. A dead or late source holds nothing back:
`ops.mart_publication` says for each mart through which day every source is in it.

## What the messages mean

* `wait_for_quiet` *deferred*: a source has just published and others may follow. Nothing to do.
* `pin` *skipped*: inputs, SQL and key are those of the published build. Nothing to do.
* `BuildRunning`: another build, perhaps from the command line, is active. It is tried again.
* `QualityFailed: …`: the named expectations failed on the candidates and nothing was published.
  See `ops.validation_result`, correct the source, the mapping or the SQL, start a new run.
* `InputsMoved`: a slice slipped under the pinned instant, or the SQL changed. Start a new run.
* `Unaudited`: a candidate was made again after its audit. Start a new run.
* `IdentityKeyMissing`: set `THROUGHLINE_IDENTITY_KEY`, restart the workers, start a new run.
* `BuildNotActive`: the build was closed and its candidates may be another's. Start a new run.
* `PublicationConflict`: a published table was replaced by hand. See docs/runbook.md.

## Running it again

A task that was killed may be cleared by itself: it takes its build up again. A build that *failed*
is closed: start a new run (button *Trigger*, or `airflow dags trigger build`). A publication that
was interrupted is finished by the next run, before anything else.

## Backfill

There is none: every build tells all days from what raw holds. Large tables whose contract says so
are made of the published ones and what changed since; the parameter `full` makes every table whole
and gives the same rows. To see a past state, use `python -m include.cli build --as-of …`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import (
    DAG,
    Asset,
    AssetAny,
    AssetOrTimeSchedule,
    CronTriggerTimetable,
    Param,
    task,
)

from throughline.accounts import source_names
from throughline.build import audit, build_layer, pin_or_skip, publish
from throughline.notifier import AlertNotifier
from throughline.quiet import WaitForQuiet

CHANGED = [Asset(name=f"raw_{s}", uri=f"throughline://raw/{s}") for s in source_names()]
# Nothing is made up for at the first start: no start date, and no run for the hour gone by.
DAILY = CronTriggerTimetable("0 5 * * *", timezone="UTC", run_immediately=timedelta(0))

with DAG(
    dag_id="build",
    description="Build, audit and publish core and marts",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(timetable=DAILY, assets=AssetAny(*CHANGED)),
    catchup=False,
    max_active_runs=1,
    tags=["build"],
    params={
        "full": Param(
            False,
            type="boolean",
            title="Full",
            description="Make every table whole, upon no published one, whether changed or not.",
        )
    },
    default_args={
        "owner": "marketing-data",
        "pool": "default_pool",
        "retries": 3,
        "retry_delay": timedelta(seconds=30),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=10),
        "on_failure_callback": AlertNotifier(),
    },
) as dag:

    @task
    def pin(run_id: str | None = None, params: dict[str, Any] | None = None) -> str:
        """Fix the instant this build reads at; skip the rest when nothing has changed."""
        return pin_or_skip(f"airflow:{run_id}", is_full=bool((params or {}).get("full")))

    @task
    def stg(build_id: str) -> list[str]:
        """Build staging."""
        return build_layer(build_id, "stg")

    @task
    def core(build_id: str) -> list[str]:
        """Build core."""
        return build_layer(build_id, "core")

    @task
    def audit_core(build_id: str) -> int:
        """Audit what the marts stand on before building them."""
        return audit(build_id, ("stg", "core"))

    @task
    def mart(build_id: str) -> list[str]:
        """Build findings and marts."""
        return [*build_layer(build_id, "ops"), *build_layer(build_id, "mart")]

    @task
    def audit_mart(build_id: str) -> int:
        """Audit findings and marts."""
        return audit(build_id, ("ops", "mart"))

    @task(task_id="publish")
    def publish_all(build_id: str) -> list[str]:
        """Swap every audited candidate in."""
        return publish(build_id)

    pinned = pin()
    (
        WaitForQuiet(task_id="wait_for_quiet")
        >> pinned
        >> stg(pinned)
        >> core(pinned)
        >> audit_core(pinned)
        >> mart(pinned)
        >> audit_mart(pinned)
        >> publish_all(pinned)
    )
