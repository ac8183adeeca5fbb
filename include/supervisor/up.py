"""``make up`` and ``make down``: everything left running for a browser, on configured ports.

``up`` opens the store of the last run, so what a demo published can be looked at; without one it
makes the demo's store and lets Airflow fill it.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from include.supervisor.airflow_environment import USER, WAREHOUSE_USER, Ports
from include.supervisor.dag_watch import DagWatch
from include.supervisor.demo import (
    FIRST_RUN,
    VENDOR_FACTOR,
    demo_accounts,
    start_parts,
    write_sources_file,
)
from include.supervisor.home_lock import (
    HomeBusy,
    Running,
    find_process,
    hold_home,
    read_running,
)
from include.supervisor.installation import Installation
from include.supervisor.ports import free_port, require_port
from include.supervisor.processes import ProgramFailed, tail
from include.supervisor.stack import Stack
from include.supervisor.store import NoStore, Store, create_store, last_store, read_secrets

START_SECONDS = 240.0
STOP_SECONDS = 90.0
DEMO_STORE = "demo"


def start_in_background(installation: Installation) -> None:
    """Start ``serve`` detached from this terminal and return once it is ready."""
    home, progress = installation.home, installation.progress
    running = read_running(home)
    if running is not None and running.command == "up" and running.is_ready:
        progress.say("already running")
        _tell_where(installation, running)
        return
    if running is not None:
        raise HomeBusy(
            f"`make {running.command}` (process {running.pid}, since {running.since}) works in"
            f" {home}: wait for it, or stop it"
        )
    _require_ports(installation)
    log_file = home / "logs" / "up.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "include.supervisor", "serve"],
            cwd=installation.project,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    until = time.monotonic() + START_SECONDS
    with progress.waiting("starting ClickHouse and Airflow"):
        while True:
            if server.poll() is not None:
                raise ProgramFailed(f"it did not start; {log_file} says:\n{tail(log_file)}")
            running = read_running(home)
            if running is not None and running.is_ready:
                break
            if time.monotonic() > until:
                server.terminate()
                raise ProgramFailed(
                    f"it was not ready after {START_SECONDS:.0f} s; {log_file} says:\n"
                    f"{tail(log_file)}"
                )
            time.sleep(0.3)
    _tell_where(installation, running)


def serve(installation: Installation) -> None:
    """Run everything until SIGTERM, starting again what dies."""
    with hold_home(installation.home, "up", installation.progress.warn) as home:
        _require_ports(installation)
        store, is_new = _open_store(installation)
        ports = Ports(
            clickhouse=installation.clickhouse_port,
            airflow=installation.airflow_port,
            vendors=free_port() if store.name == DEMO_STORE else 0,
            alerts=free_port(),
        )
        stack = Stack(
            home, store, ports, installation.project, installation.inherited, installation.progress
        )
        try:
            sources = start_parts(stack, lambda s: _prepare(s, is_new))
            home.running.is_ready = True
            home.save()
            if is_new:
                _fill(stack, sources)
            while True:
                time.sleep(2.0)
                stack.revive()
        finally:
            stack.stop()


def stop(installation: Installation) -> None:
    """Stop what ``up`` started; says so when nothing runs."""
    progress = installation.progress
    running = read_running(installation.home)
    if running is None:
        with hold_home(installation.home, "down", progress.warn):
            progress.say("nothing is running")
        return
    if running.command != "up":
        raise HomeBusy(
            f"`make {running.command}` (process {running.pid}) is running, not `make up`;"
            " it stops by itself, or with Ctrl-C in its terminal"
        )
    server = find_process(running.pid, running.created)
    with progress.waiting("stopping"):
        if server is not None:
            server.send_signal(signal.SIGTERM)
            server.wait(STOP_SECONDS)
    progress.say("everything is stopped")


def _require_ports(installation: Installation) -> None:
    require_port(
        installation.clickhouse_port, "the embedded ClickHouse", "THROUGHLINE_CLICKHOUSE_PORT"
    )
    require_port(installation.airflow_port, "Airflow's page", "THROUGHLINE_AIRFLOW_PORT")


def _open_store(installation: Installation) -> tuple[Store, bool]:
    try:
        return last_store(installation.home), False
    except NoStore:
        return create_store(installation.home, DEMO_STORE), True


def _prepare(stack: Stack, is_new: bool) -> list[str]:
    if stack.store.name != DEMO_STORE:
        return []
    world = stack.make_demo_company(with_files=is_new)
    vendors = stack.start_vendors(("--world", str(world), "--factor", str(VENDOR_FACTOR)))
    # The stand-in listens on another port each time, so the address is written anew.
    accounts = demo_accounts(stack.store, vendors)
    write_sources_file(stack.store, accounts)
    return sorted(accounts)


def _fill(stack: Stack, sources: Sequence[str]) -> None:
    watch = DagWatch(stack.api, stack.progress, stack.require_alive, stack.store.logs / "tasks")
    dags = [f"ingest_{source}" for source in sources]
    watch.wait_for_dags(dags)
    for dag_id in dags:
        stack.api.start_run(dag_id, FIRST_RUN)


def _tell_where(installation: Installation, running: Running) -> None:
    store = Store(installation.home / "stores" / running.store)
    secrets = read_secrets(store)
    text = installation.progress.text
    text("")
    text(f"  Airflow      http://127.0.0.1:{running.airflow_port}")
    text(f"               user {USER}, password {secrets.airflow_password}")
    text(f"  ClickHouse   http://127.0.0.1:{running.clickhouse_port}")
    text(f"               user {WAREHOUSE_USER}, password {secrets.clickhouse_password}")
    text(f"               for BI, reads marts only: user bi, password {secrets.bi_password}")
    text(f"  store        {store.root}")
    text(f"  logs         {store.logs}")
    text("  stop it with make down")
