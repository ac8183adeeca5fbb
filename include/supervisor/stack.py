"""Everything one run needs, in the order it must start and stop.

The engine first and last; Airflow's workers talk to the API server, so that is stopped after them.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import requests

from include.supervisor.airflow_api import AirflowApi
from include.supervisor.airflow_environment import (
    USER,
    Ports,
    airflow_environment,
    write_passwords_file,
)
from include.supervisor.home_lock import Home, RunningProcess
from include.supervisor.processes import (
    Child,
    Program,
    ProgramFailed,
    start_and_wait,
    stop_all,
    tail,
)
from include.supervisor.progress import Progress
from include.supervisor.store import Store, read_secrets, remember_last

AIRFLOW_COMPONENTS: Mapping[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    # Task logs are files of this machine, which the API server reads itself; the log servers
    # would listen on every interface.
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}


MAX_RESTARTS = 5
"""After so many ends of one program the supervisor gives up rather than hide the trouble."""


class Stack:
    """The running parts of one store.

    ``debounce_seconds`` is how long no slice may change before a build starts: long enough for the
    slower of the demo's two sources, so that one build follows both.
    """

    def __init__(
        self,
        home: Home,
        store: Store,
        ports: Ports,
        project: Path,
        inherited: Mapping[str, str],
        progress: Progress,
        debounce_seconds: float = 20.0,
    ) -> None:
        self.store = store
        self.ports = ports
        self.secrets = read_secrets(store)
        self._home = home
        self._project = project
        self.progress = progress
        self._environment = airflow_environment(
            inherited, project, home.root, store, self.secrets, ports, debounce_seconds
        )
        self._children: list[Child] = []
        self._restarts: dict[str, int] = {}
        self._migration: subprocess.Popen[bytes] | None = None
        self.api = AirflowApi(
            f"http://127.0.0.1:{ports.airflow}", USER, self.secrets.airflow_password
        )
        running = home.running
        running.store = store.name
        running.clickhouse_port = ports.clickhouse
        running.airflow_port = ports.airflow
        home.save()
        remember_last(home.root, store)

    def start_migration(self) -> None:
        """Begin making or updating Airflow's metadata tables; it needs none of the other parts."""
        write_passwords_file(self.store, self.secrets)
        log = self._log("db-migrate")
        with log.open("ab") as out:
            self._migration = subprocess.Popen(
                [*_airflow(), "db", "migrate"],
                env=self._environment,
                cwd=self._project,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )

    def start_engine(self) -> None:
        """Start the embedded ClickHouse and wait until it answers."""
        url = f"http://127.0.0.1:{self.ports.clickhouse}/ping"
        self._start(
            Program(
                name="clickhouse",
                arguments=engine_arguments(self.store, self.ports.clickhouse),
                environment=self._environment,
                log_file=self._log("clickhouse"),
                folder=self._project,
                is_ready=lambda: _answers(url),
                stop_seconds=30.0,
            )
        )

    def make_demo_company(self, with_files: bool) -> Path:
        """The folder of the demo's world; its files go into the drop folder ``with_files``.

        Making the world takes most of a minute, once for this home.
        """
        log = self._log("demo-company")
        arguments = (
            sys.executable, "-m", "include.sandbox.demo_company",
            "--worlds", str(self._home.root / "worlds"),
            *(("--drop", str(self.store.drop_folder)) if with_files else ()),
        )  # fmt: skip
        with log.open("ab") as out, self.progress.waiting("the demo's company is being made"):
            done = subprocess.run(
                arguments,
                env=self._environment,
                cwd=self._project,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=out,
                check=False,
            )
        if done.returncode != 0:
            raise ProgramFailed(
                f"the demo's company could not be made (code {done.returncode}); its log is {log}:"
                f"\n{tail(log)}"
            )
        return Path(done.stdout.decode().strip().splitlines()[-1])

    def start_vendors(self, arguments: tuple[str, ...] = ()) -> Mapping[str, str]:
        """Start the vendor stand-ins; return the address of each by its name."""
        ready_file = self.store.root / "vendors.json"
        ready_file.unlink(missing_ok=True)
        self._start(
            Program(
                name="vendors",
                arguments=(
                    sys.executable, "-m", "include.sandbox.vendors",
                    "--port", str(self.ports.vendors), "--ready-file", str(ready_file), *arguments,
                ),
                environment=self._environment,
                log_file=self._log("vendors"),
                folder=self._project,
                is_ready=ready_file.exists,
                stop_seconds=5.0,
            )
        )  # fmt: skip
        vendors: Mapping[str, str] = json.loads(ready_file.read_text("utf-8"))["vendors"]
        return vendors

    def start_alert_webhook(self) -> None:
        """Start the receiver that writes the alerts of this machine to a file."""
        ready_file = self.store.root / "webhook.json"
        ready_file.unlink(missing_ok=True)
        self._start(
            Program(
                name="alert-webhook",
                arguments=(
                    sys.executable, "-m", "include.sandbox.webhook",
                    "--file", str(self.store.alerts_file), "--port", str(self.ports.alerts),
                    "--ready-file", str(ready_file),
                ),
                environment=self._environment,
                log_file=self._log("alert-webhook"),
                folder=self._project,
                is_ready=ready_file.exists,
                stop_seconds=5.0,
            )
        )  # fmt: skip

    def start_airflow(self) -> None:
        """Wait for the migration, start every component and wait until all are healthy."""
        self._finish_migration()
        programs = [
            Program(
                name=component,
                arguments=(*_airflow(), *arguments),
                environment=self._environment,
                log_file=self._log(component),
                folder=self._project,
                is_ready=(
                    self.api.serves
                    if component == "api-server"
                    else partial(self._is_healthy, component.replace("-", "_"))
                ),
                ready_seconds=180.0,
                # A triggerer waits ten seconds for its event loop; its triggers are in the
                # metadata and go on at the next start.
                stop_seconds=2.0 if component == "triggerer" else 20.0,
                may_be_killed=component == "triggerer",
            )
            for component, arguments in AIRFLOW_COMPONENTS.items()
        ]
        start_and_wait(programs, self._remember, self._children)
        self.api.log_in()

    def require_alive(self) -> None:
        """Raise ``ProgramFailed`` when any part has ended."""
        for child in self._children:
            child.require_alive()

    def revive(self) -> None:
        """Start again what has ended; raises ``ProgramFailed`` when that happens too often."""
        ended = [child for child in self._children if child.exit_code is not None]
        for child in ended:
            name = child.program.name
            self._restarts[name] = self._restarts.get(name, 0) + 1
            if self._restarts[name] > MAX_RESTARTS:
                child.require_alive()
            self.progress.warn(f"{name} ended with code {child.exit_code}; starting it again")
            self._children.remove(child)
        for child in ended:
            self._start(child.program)

    def stop(self) -> list[str]:
        """Stop everything that was started; return the names that had to be killed."""
        # An impatient second Ctrl-C must not leave half of it running.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if self._migration is not None and self._migration.poll() is None:
            self._migration.terminate()
            self._migration.wait()
        by_name = {child.program.name: child for child in self._children}
        order = (
            ("triggerer", "scheduler", "dag-processor"),
            ("api-server",),
            ("vendors", "alert-webhook", "clickhouse"),
        )
        killed = stop_all([[by_name[n] for n in names if n in by_name] for names in order])
        self._children.clear()
        return killed

    @property
    def page(self) -> str:
        """Address of Airflow's page."""
        return f"http://127.0.0.1:{self.ports.airflow}"

    def _finish_migration(self) -> None:
        if self._migration is None:
            self.start_migration()
        if self._migration is not None and self._migration.wait() != 0:
            log = self._log("db-migrate")
            raise ProgramFailed(
                f"`airflow db migrate` ended with code {self._migration.returncode};"
                f" its log is {log}:\n{tail(log)}"
            )
        # Readers and the one writer then no longer wait for each other; it stays set in the file.
        with contextlib.closing(sqlite3.connect(self.store.metadata)) as metadata:
            metadata.execute("pragma journal_mode = wal")

    def _is_healthy(self, component: str) -> bool:
        return component not in self.api.unhealthy_components()

    def _start(self, program: Program) -> None:
        start_and_wait([program], self._remember, list(self._children))

    def _remember(self, child: Child) -> None:
        self._children.append(child)
        self._home.running.processes.append(
            RunningProcess(child.program.name, child.pid, child.created)
        )
        self._home.save()

    def _log(self, name: str) -> Path:
        return self.store.logs / f"{name}.log"


def engine_arguments(store: Store, port: int) -> tuple[str, ...]:
    """Command line of the embedded engine; passwords reach it through the environment."""
    return (
        sys.executable, "-m", "include.embedded",
        "--data", str(store.engine_folder), "--port", str(port),
    )  # fmt: skip


def _airflow() -> tuple[str, ...]:
    return (sys.executable, "-m", "airflow")


def _answers(url: str) -> bool:
    try:
        with requests.Session() as session:
            session.trust_env = False
            return session.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False
