"""``make demo`` and ``make real``: everything once, from a fresh store to published tables.

Both run the very DAGs an installation runs; they only differ in which accounts the store reads.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import yaml

from include.sandbox.demo_accounts import DEMO_ACCOUNTS
from include.supervisor.airflow_api import FINISHED_RUN
from include.supervisor.airflow_environment import Ports
from include.supervisor.dag_watch import DagWatch, WaitedTooLong
from include.supervisor.home_lock import hold_home
from include.supervisor.installation import Installation
from include.supervisor.ports import free_port
from include.supervisor.published import (
    count_loaded_slices,
    show_published,
    waits_for_build,
)
from include.supervisor.stack import Stack
from include.supervisor.store import Store, create_fresh_store, dated_name
from include.supervisor.warehouse_access import open_warehouse, prepare_warehouse

INGEST_SECONDS = 600.0
BUILD_SECONDS = 900.0
BUILD_DAG = "build"
HISTORY_DAYS = 60
"""As many days of advertising as the drop folder has of leads."""
RECENT_DAYS = 14
"""Of the sources no mart reads yet."""
VENDOR_FACTOR = 20.0
"""How much faster the stand-ins' waits and limits run: nobody watches a queue for minutes."""
FIRST_RUN = "first"
"""Run id of the ingest run that fills a fresh store."""

Accounts = Mapping[str, Sequence[Mapping[str, Any]]]


class NothingToRead(Exception):
    """The folder of ``make real`` is missing, empty or no folder."""


class NothingArrived(Exception):
    """Every run was green and yet nothing was loaded, so there is nothing to publish."""


def run_demo(installation: Installation) -> None:
    """The demo's company, by its files and every vendor it uses, into the store ``demo``."""

    def prepare(stack: Stack) -> list[str]:
        world = stack.make_demo_company(with_files=True)
        vendors = stack.start_vendors(("--world", str(world), "--factor", str(VENDOR_FACTOR)))
        accounts = demo_accounts(stack.store, vendors)
        write_sources_file(stack.store, accounts)
        return sorted(accounts)

    _run_once(installation, "demo", "demo", prepare, debounce_seconds=20.0)


def run_real(installation: Installation, data: Path) -> None:
    """The files of ``data``, into a store of their own; raises :class:`NothingToRead`."""
    require_files(data)

    def prepare(stack: Stack) -> list[str]:
        accounts = real_accounts(data)
        write_sources_file(stack.store, accounts)
        return sorted(accounts)

    # One source, one account: there is nothing to wait for.
    _run_once(installation, "real", dated_name("real"), prepare, debounce_seconds=1.0)


def require_files(data: Path) -> None:
    """Raise :class:`NothingToRead` unless ``data`` is a folder with at least one file in it."""
    if not data.exists():
        raise NothingToRead(f"there is no folder {data}; say an existing one: make real DATA=…")
    if not data.is_dir():
        raise NothingToRead(f"{data} is a file; DATA must be the folder it lies in")
    if not any(path.is_file() for path in data.rglob("*")):
        raise NothingToRead(f"{data} holds no files; DATA must be a folder with files to read")


def demo_accounts(store: Store, vendors: Mapping[str, str], today: date | None = None) -> Accounts:
    """Accounts of the demo at every stand-in that has a connector; ``vendors`` are addresses.

    Advertising that the marts show goes back as far as the files, the rest a fortnight.
    """
    today = today or datetime.now(UTC).date()
    accounts: dict[str, list[dict[str, Any]]] = {
        "files": [{"account": "sample", "options": {"folder": str(store.drop_folder)}}]
    }
    for each in DEMO_ACCOUNTS:
        days = HISTORY_DAYS if each.source == "yandex_direct" else RECENT_DAYS
        options = {
            "base_url": vendors[each.source],
            "history_from": (today - timedelta(days=days)).isoformat(),
            **each.options,
        }
        accounts.setdefault(each.source, []).append(
            {"account": each.name, "connection": each.connection_id, "options": options}
        )
    return accounts


def real_accounts(data: Path) -> Accounts:
    """The one account of ``make real``, named after its folder."""
    return {"files": [{"account": data.name, "options": {"folder": str(data)}}]}


def write_sources_file(store: Store, accounts: Accounts) -> None:
    """Write the accounts this store reads."""
    content = {"sources": {source: list(entries) for source, entries in accounts.items()}}
    store.sources_file.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")


def _run_once(
    installation: Installation,
    command: str,
    store_name: str,
    prepare: Callable[[Stack], list[str]],
    debounce_seconds: float,
) -> None:
    progress = installation.progress
    with hold_home(installation.home, command, progress.warn) as home:
        store = create_fresh_store(installation.home, store_name)
        progress.say(f"store {store.root}")
        ports = Ports(free_port(), free_port(), free_port(), free_port())
        stack = Stack(
            home,
            store,
            ports,
            installation.project,
            installation.inherited,
            progress,
            debounce_seconds,
        )
        try:
            sources = start_parts(stack, prepare)
            with progress.waiting("ingest"):
                _ingest_and_build(stack, sources)
            with open_warehouse(stack) as client:
                show_published(client, progress)
        finally:
            _stop(stack)
    progress.heading("Where to look next")
    progress.text('  make query SQL="select * from mart.mart_funnel_cohort_daily limit 5"')
    progress.text("  make up          open this very store in a browser (make down stops it)")
    progress.text(f"  logs             {store.logs}")


def start_parts(stack: Stack, prepare: Callable[[Stack], list[str]]) -> list[str]:
    """Start everything; ``prepare`` runs once the engine answers and returns the sources."""
    progress = stack.progress
    with progress.waiting("starting ClickHouse"):
        stack.start_migration()
        stack.start_engine()
        progress.say(f"ClickHouse (embedded) answers on port {stack.ports.clickhouse}")
        stack.start_alert_webhook()
        sources = prepare(stack)
        prepare_warehouse(stack)
        progress.say("warehouse tables are there")
    with progress.waiting("starting Airflow"):
        stack.start_airflow()
    progress.say(f"Airflow is healthy: {stack.page}")
    return sources


def _ingest_and_build(stack: Stack, sources: Sequence[str]) -> None:
    watch = DagWatch(stack.api, stack.progress, stack.require_alive, stack.store.logs / "tasks")
    dags = [f"ingest_{source}" for source in sources]
    watch.wait_for_dags([*dags, BUILD_DAG])
    runs = [stack.api.start_run(dag_id, FIRST_RUN) for dag_id in dags]
    stack.progress.say(f"started {', '.join(dags)}")
    watch.wait_for_runs(runs, INGEST_SECONDS)
    with open_warehouse(stack) as client:
        if not count_loaded_slices(client):
            raise NothingArrived(
                "every ingest run was green but no slice was loaded; see the task logs in"
                f" {stack.store.logs / 'tasks'} for what the sources were asked and answered"
            )
        until = time.monotonic() + BUILD_SECONDS
        while True:
            builds = stack.api.runs(BUILD_DAG)
            for run in builds:
                watch.tell(run)
                watch.require_success(run)
            is_idle = all(run.state in FINISHED_RUN for run in builds)
            if builds and is_idle and not waits_for_build(client):
                return
            if time.monotonic() > until:
                raise WaitedTooLong(_explain_late_build(builds != []))
            stack.require_alive()
            time.sleep(1.0)


def _explain_late_build(has_runs: bool) -> str:
    if has_runs:
        return f"the build did not publish everything within {BUILD_SECONDS:.0f} s"
    return "no build was started although slices changed: see scheduler.log and dags/build.py"


def _stop(stack: Stack) -> None:
    for name in stack.stop():
        stack.progress.warn(f"{name} did not stop when asked and was killed")
    stack.progress.say("everything is stopped")
