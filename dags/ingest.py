"""
# ingest_<source>: vendor → landing → raw

One DAG per connector found under `include/connectors`. Each run pulls what is missing or may have
been restated, account by account, and tells the `build` DAG only when a slice really changed.

## What the messages mean

* `confirmed`: the vendor gave the same rows again. Nothing to do.
* `waiting … in the triggerer`: the vendor prepares the answer and the task is *deferred*. Nothing
  to do.
* `AccessDenied`: the vendor refuses the credentials. Renew the token in the account's connection,
  then clear the task.
* `RequestRefused`: the vendor calls our request wrong: its API changed or we have a bug. No retry
  helps; see docs/sources.md for the version we speak.
* `BadInput`: a file, mapping, option or parameter is wrong. Correct it as the message says, then
  clear the task.
* `IncompleteAnswer`, `TemporaryFailure`: cut off or overloaded. Nothing to do: it is tried again
  with growing pauses.
* `announce` *skipped*: no slice changed, so no build is needed.
* `verdict` failed: at least one account failed. Look at the failed `pull` task; the other accounts
  have arrived and are built.

## Running it again

Any run may be repeated, killed or cleared at any time: an unchanged slice is confirmed, a changed
one replaces exactly itself, and what was asked of the vendor is taken up where it was left.

## Backfill

One run for the whole span, with one event at its end. `date_to` is the first day not wanted:

    airflow dags trigger ingest_yandex_direct \\
        --conf '{"date_from": "2024-01-01", "date_to": "2026-01-01", "accounts": ["my-login"]}'

See docs/runbook.md for the rest.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import (
    DAG,
    Asset,
    CronTriggerTimetable,
    Param,
    TriggerRule,
    get_current_context,
    task,
)
from airflow.sdk.exceptions import AirflowSkipException

from throughline.accounts import chosen_accounts, pool_name, source_names
from throughline.ingest import IngestAccount, require_all_pulled
from throughline.notifier import AlertNotifier
from throughline.warehouse import has_changed

# Nothing is made up for at the first start: no start date, and no run for the hour gone by.
DAILY = CronTriggerTimetable("30 2 * * *", timezone="UTC", run_immediately=timedelta(0))
DAY = {"type": ["null", "string"], "format": "date"}


def make_ingest_dag(source: str) -> DAG:
    """The DAG of one source."""
    changed = Asset(name=f"raw_{source}", uri=f"throughline://raw/{source}")
    with DAG(
        dag_id=f"ingest_{source}",
        description=f"Pull every account of {source} into raw",
        doc_md=__doc__,
        schedule=DAILY,
        catchup=False,
        max_active_runs=1,
        tags=["ingest", source],
        params={
            "date_from": Param(None, **DAY, description="First day of a backfill."),
            "date_to": Param(None, **DAY, description="First day after it."),
            "accounts": Param(
                [],
                type="array",
                items={"type": "string"},
                uniqueItems=True,
                description="Only these accounts; empty means all configured ones.",
            ),
        },
        default_args={
            "owner": "marketing-data",
            "pool": pool_name(source),
            "retries": 3,
            "retry_delay": timedelta(minutes=1),
            "retry_exponential_backoff": True,
            "max_retry_delay": timedelta(hours=1),
            "on_failure_callback": AlertNotifier(source),
        },
    ) as dag:

        @task
        def choose_accounts(params: dict | None = None) -> list[str]:
            """Names of the accounts this run pulls."""
            return chosen_accounts(source, params or {})

        pull = IngestAccount.partial(
            task_id="pull", source=source, map_index_template="{{ task.account }}"
        ).expand(account=choose_accounts())

        @task(trigger_rule=TriggerRule.ALL_DONE, outlets=[changed])
        def announce(run_id: str | None = None) -> None:
            """Send the asset event, even when another account failed: what arrived is built."""
            if not has_changed(source, str(run_id)):
                raise AirflowSkipException("no slice changed")

        @task(trigger_rule=TriggerRule.ALL_DONE, on_failure_callback=None, retries=0)
        def verdict() -> None:
            """Fail the run when an account failed, whatever the others did."""
            require_all_pulled(get_current_context()["ti"])

        pull >> announce() >> verdict()
    return dag


for name in source_names():
    globals()[f"ingest_{name}"] = make_ingest_dag(name)
