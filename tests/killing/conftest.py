"""A small company, its vendors, and a store that can be killed and set back to a known state."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import requests

from include.contracts.graph import build_order
from include.contracts.model import Catalog
from include.contracts.reader import read_catalog
from include.embedded import process
from include.sandbox.sample_files import write_sample_files
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.table_hash import TableHash, table_hash

TODAY = date(2026, 11, 20)
INGEST = ["ingest_files", "ingest_yandex_direct"]
TRANSPORT = {"report_name"}
"""Columns that say how a row came; they differ from pull to pull."""


@dataclass
class House:
    """One store with its engine, and the runner that works on it."""

    root: Path
    sql_root: Path
    catalog: Catalog
    environment: dict[str, str]
    runner: subprocess.Popen[str]
    engine: process.RunningEngine | None = None
    saved: dict[str, Path] = field(default_factory=dict)

    def start_engine(self) -> None:
        """Start the engine on the store's folder."""
        self.engine = process.start(
            self.root / "data",
            password="pipeline-secret",
            log_path=self.root / "engine.log",
        )

    def stop_engine(self) -> None:
        """Stop it, dead or alive."""
        if self.engine is not None:
            self.engine.kill()
        self.engine = None

    def set_back(self, name: str) -> None:
        """Go back to a saved state, with a running engine."""
        self.stop_engine()
        for part in ("data", "landing"):
            shutil.rmtree(self.root / part, ignore_errors=True)
            if (self.saved[name] / part).exists():
                shutil.copytree(self.saved[name] / part, self.root / part, symlinks=True)
        self.start_engine()

    def save(self, name: str) -> None:
        """Keep a copy of the present state."""
        assert self.engine is not None
        self.engine.stop()
        self.engine = None
        folder = self.root / f"saved_{name}"
        for part in ("data", "landing"):
            if (self.root / part).exists():
                shutil.copytree(self.root / part, folder / part, symlinks=True)
        self.saved[name] = folder
        self.start_engine()

    def run(self, dags: list[str], die_at: dict[str, Any] | None = None) -> int:
        """Run DAGs in a fork: 0 for success, 1 for failure, negative for a signal."""
        assert self.engine is not None and self.runner.stdin and self.runner.stdout
        connection = {
            "conn_type": "clickhouse", "host": self.engine.host, "port": self.engine.port,
            "login": self.engine.user, "password": self.engine.password,
        }  # fmt: skip
        environment = {
            **self.environment,
            "AIRFLOW_CONN_CLICKHOUSE_DEFAULT": json.dumps(connection),
        }
        order = {"dags": dags, "environment": environment, "die_at": die_at}
        self.runner.stdin.write(json.dumps(order) + "\n")
        self.runner.stdin.flush()
        return int(self.runner.stdout.readline())

    def die(self, dags: list[str], deaths: Sequence[Point]) -> None:
        """Run and be killed, again and again; a dead engine is started again after each."""
        for point in deaths:
            died = self.run(dags, die_at=point.orders(self))
            if point.victim == "worker":
                assert died == -signal.SIGKILL, self.log()
            else:
                assert died == 1, self.log()
                self.stop_engine()
                self.start_engine()

    def log(self) -> str:
        """The end of what the runner wrote."""
        return (self.root / "runner.log").read_text("utf-8", "replace")[-4000:]

    def client(self) -> Any:
        """A client of the pipeline's login."""
        assert self.engine is not None
        return connect(
            ClickHouseTarget(
                host=self.engine.host, port=self.engine.port,
                user=self.engine.user, password=self.engine.password,
            )
        )  # fmt: skip

    def hash_raw(self) -> dict[str, TableHash]:
        """Hashes of what raw shows of the sources that are read."""
        client = self.client()
        sources = {name.removeprefix("ingest_") for name in INGEST} | {""}
        return {
            table.full_name: table_hash(
                client,
                f"{table.full_name}_live",
                columns=[name for name in table.column_names if name not in TRANSPORT],
            )
            for table in self.catalog.layer("raw")
            if table.source in sources
        }

    def hash_built(self) -> dict[str, TableHash]:
        """Hashes of every built table."""
        client = self.client()
        return {t: table_hash(client, t) for t in build_order(self.sql_root, self.catalog)}


class Point(NamedTuple):
    """Where death strikes: at the n-th call of a function, before or after it."""

    victim: str
    function: str
    call: int
    when: str

    def orders(self, house: House) -> dict[str, Any]:
        """As the runner takes them."""
        orders = {"function": self.function, "call": self.call, "when": self.when}
        if self.victim == "engine":
            assert house.engine is not None
            orders["engine_pid"] = house.engine.pid
        return orders


@pytest.fixture(scope="module")
def vendors(tmp_path_factory: pytest.TempPathFactory, project_root: Path) -> Iterator[str]:
    """Address of a Yandex Direct stand-in whose calendar stands still."""
    folder = tmp_path_factory.mktemp("vendors")
    ready = folder / "ready.json"
    with (folder / "log").open("wb") as log:
        program = subprocess.Popen(
            [
                sys.executable, "-m", "include.sandbox.vendors", "--ready-file", str(ready),
                "--now", f"{TODAY}T09:00:00+00:00", "--factor", "1000",
            ],
            cwd=project_root, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        while not ready.exists():
            assert program.poll() is None, (folder / "log").read_text()
        answer = json.loads(ready.read_text())
        requests.post(
            f"{answer['url']}/_control/clock", json={"frozen": True}, timeout=10
        ).raise_for_status()
        yield answer["vendors"]["yandex_direct"]
    finally:
        program.kill()
        program.wait()


@pytest.fixture(scope="module")
def house(
    vendors: str,
    tmp_path_factory: pytest.TempPathFactory,
    project_root: Path,
    prepared_store: Path,
) -> Iterator[House]:
    """The house over an empty store; its states ``empty`` and ``ingested`` are saved."""
    root = tmp_path_factory.mktemp("house")
    write_sample_files(root / "drop", today=TODAY, days=20)
    sources = {
        "files": [{"account": "drop", "options": {"folder": str(root / "drop")}}],
        "yandex_direct": [
            {
                "account": "demo-client",
                "connection": "yandex_direct_demo",
                "options": {"base_url": vendors, "history_from": "2026-11-10"},
            }
        ],
    }
    (root / "sources.yaml").write_text(json.dumps({"sources": sources}))
    direct = {"conn_type": "generic", "password": "client-token"}
    environment = {
        "THROUGHLINE_HOME": str(root),
        "THROUGHLINE_LANDING_ROOT": str(root / "landing"),
        "THROUGHLINE_SOURCES_FILE": str(root / "sources.yaml"),
        "THROUGHLINE_IDENTITY_KEY": "key-of-the-test",
        "THROUGHLINE_BUILD_DEBOUNCE_SECONDS": "0",
        "AIRFLOW_CONN_YANDEX_DIRECT_DEMO": json.dumps(direct),
    }
    log = (root / "runner.log").open("wb")
    runner = subprocess.Popen(
        [sys.executable, "-m", "tests.killing.dag_runner"],
        cwd=project_root,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
    )  # fmt: skip
    assert runner.stdout is not None
    assert runner.stdout.readline() == "ready\n", (root / "runner.log").read_text()[-3000:]
    sql_root = project_root / "sql"
    made = House(root, sql_root, read_catalog(sql_root), environment, runner)
    try:
        shutil.copytree(prepared_store, root / "data", symlinks=True)
        made.start_engine()
        made.save("empty")
        yield made
    finally:
        made.stop_engine()
        runner.kill()
        runner.wait()
        log.close()
