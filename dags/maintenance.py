"""
# maintenance: what killed runs left, and what the law wants gone

Once a week. Removes rows no view shows and files no manifest names, both older than a day, and
personal data older than its table's contract allows (`personal_data.expires_days`), from landing,
raw and quarantine; staging and marts follow with the next build.

## What the messages mean

* `orphan_loads`: load attempts that were killed before they became visible. A few are normal after
  a crash; many every week mean that something is killed regularly: look at the ingest runs.
* `unfinished_slices`: pulls cut off before their manifest. As above.
* `landed_slices`, `rows` of `expire`: personal data whose time is over. It cannot be brought back.

## Running it again

At any time, beside anything but `python -m include.cli rebuild-raw`: what is gone is gone, and what
is young is left alone.

## Backfill

There is none.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, CronTriggerTimetable, task

from throughline import maintenance
from throughline.notifier import AlertNotifier

with DAG(
    dag_id="maintenance",
    description="Remove orphans and expired personal data",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("0 1 * * 0", timezone="UTC", run_immediately=timedelta(0)),
    catchup=False,
    max_active_runs=1,
    tags=["maintenance"],
    default_args={
        "owner": "marketing-data",
        "pool": "default_pool",
        "retries": 3,
        "retry_delay": timedelta(minutes=5),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(hours=1),
        "on_failure_callback": AlertNotifier(),
    },
) as dag:

    @task
    def sweep() -> dict[str, int]:
        """Remove what killed runs have left."""
        return maintenance.sweep()

    @task
    def expire() -> dict[str, int]:
        """Remove personal data whose time is over."""
        return maintenance.expire()

    sweep() >> expire()
