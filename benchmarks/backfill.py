"""Two years of one account by one run of its ingest DAG, undisturbed and killed in the middle.

``python -m benchmarks.backfill [small|demo|<folder>] [source …]`` (demo; yandex_direct and amocrm)
runs the DAG with ``date_from`` and ``date_to`` over the world's whole span, through Airflow's own
task runner, triggers and events. Then once more on an empty store, with SIGKILL to the process
when half of the slices are published, and the same run again: what it holds must be the same, and
no slice may have been read twice.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from rich.console import Console
from rich.table import Table

from benchmarks.whole_world import ACCOUNTS
from include.contracts.reader import read_catalog
from include.embedded import process
from include.sandbox.demo_accounts import DemoAccount
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.generator import make_world
from include.sandbox.world.sizes import SIZES
from include.sandbox.world.store import read_world
from include.sandbox.world.world import World
from include.settings import PROJECT_ROOT
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.schema import apply_schema
from include.warehouse.table_hash import table_hash

SOURCES = ("yandex_direct", "amocrm")
SETTLED = timedelta(days=100)
TRANSPORT = frozenset({"report_name", "report_run_id", "log_request_id"})
LOOK_SECONDS = 0.05
LONGEST_SECONDS = 3_600.0


@dataclass(frozen=True)
class Held:
    """What a store holds of one source after a run."""

    rows: int
    slices: int
    entries: int
    """Published answers; more than slices means that something was read twice."""
    hashes: dict[str, Any]


@dataclass(frozen=True)
class Measured:
    """One source: the undisturbed run, and the killed one with its second life."""

    source: str
    seconds: float
    seconds_after_kill: float
    entries_at_kill: int
    whole: Held
    resumed: Held
    events: tuple[int, int]
    """Sent by the undisturbed run, and by both lives of the killed one."""

    @property
    def is_sound(self) -> bool:
        """Equal tables, nothing read twice, one event each."""
        is_once = self.resumed.entries == self.resumed.slices == self.whole.slices
        is_equal = self.whole.hashes == self.resumed.hashes
        return is_once and is_equal and self.whole.rows > 0 and self.events == (1, 1)


class Installation:
    """An Airflow home with one account, and stores; the vendors live in this process."""

    def __init__(self, folder: Path, server: VendorServer, account: DemoAccount) -> None:
        self._folder = folder
        self._account = account
        self._world = server.stage.world
        self._now = server.stage.clock.now()
        self.log, self.result = folder / "runs.log", folder / "result.json"
        options = {"base_url": server.vendor_urls[account.source], **account.options}
        entry = {
            "account": account.name,
            "connection": account.connection_id,
            "options": options,
        }
        (folder / "sources.yaml").write_text(
            json.dumps({"sources": {account.source: [entry]}}), encoding="utf-8"
        )
        connection = {"conn_type": "generic", **account.connection}
        self._environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith("AIRFLOW")},
            "PYTHONPATH": os.pathsep.join((str(PROJECT_ROOT), str(PROJECT_ROOT / "plugins"))),
            "AIRFLOW_HOME": str(folder / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT_ROOT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT_ROOT / "plugins"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder / 'airflow.db'}",
            "AIRFLOW__API_AUTH__JWT_SECRET": "s" * 64,
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            f"AIRFLOW_CONN_{account.connection_id.upper()}": json.dumps(connection),
            "THROUGHLINE_HOME": str(folder),
            "THROUGHLINE_SOURCES_FILE": str(folder / "sources.yaml"),
        }
        self._run_program("-m", "airflow", "db", "migrate").wait()

    @contextmanager
    def open_store(self, name: str) -> Iterator[Client]:
        """An empty store with a landing zone of its own."""
        root = self._folder / name
        root.mkdir()
        engine = process.start(root / "engine", log_path=root / "engine.log")
        connection = {
            "conn_type": "clickhouse",
            "host": engine.host,
            "port": engine.port,
            "login": engine.user,
            "password": engine.password,
        }
        self._environment["AIRFLOW_CONN_CLICKHOUSE_DEFAULT"] = json.dumps(connection)
        self._environment["THROUGHLINE_LANDING_ROOT"] = str(root / "landing")
        target = ClickHouseTarget(engine.host, engine.port, engine.user, engine.password)
        try:
            with connect(target) as client:
                apply_schema(client, read_catalog(PROJECT_ROOT / "sql"))
                yield client
        finally:
            engine.stop()

    def start_run(self, number: int) -> subprocess.Popen[bytes]:
        """The backfill as run ``number``: the same number is the same run again."""
        order = {
            "dag_id": f"ingest_{self._account.source}",
            "conf": {
                "date_from": self._world.starts_on.isoformat(),
                "date_to": self._world.ends_on.isoformat(),
                "accounts": [self._account.name],
            },
            "at": (self._now - timedelta(minutes=number)).isoformat(),
            "now": self._now.isoformat(),
            "result": str(self.result),
        }
        return self._run_program("-m", "benchmarks.backfill_run", json.dumps(order))

    def _run_program(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=PROJECT_ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
            )


def measure(world: World, account: DemoAccount, folder: Path) -> Measured:
    """Both backfills of one account; ``RuntimeError`` for a run that fails."""
    stage = Stage(1)
    stage.world = world
    settled = datetime.combine(world.ends_on, clock_time(9), UTC) + SETTLED
    stage.clock.set(now=settled, factor=1_000.0, frozen=True)
    with VendorServer(stage) as server:
        house = Installation(folder, server, account)
        with house.open_store("whole") as client:
            began = time.monotonic()
            first = _finish(house.start_run(1), house)
            seconds = time.monotonic() - began
            whole = read_store(client, account.source)
        with house.open_store("killed") as client:
            killed_at = _kill_half_way(house.start_run(2), client, whole.entries // 2, house.log)
            began = time.monotonic()
            second = _finish(house.start_run(2), house)
            after = time.monotonic() - began
            resumed = read_store(client, account.source)
    events = (first, second - first)
    return Measured(account.source, seconds, after, killed_at, whole, resumed, events)


def _finish(program: subprocess.Popen[bytes], house: Installation) -> int:
    """Events sent so far, once the run has succeeded."""
    if program.wait(timeout=LONGEST_SECONDS) != 0:
        raise RuntimeError(f"the run failed: {house.log.read_text('utf-8', 'replace')[-2000:]}")
    return int(json.loads(house.result.read_text("utf-8"))["events"])


def _kill_half_way(
    program: subprocess.Popen[bytes], client: Client, entries: int, log: Path
) -> int:
    """SIGKILL once so many answers are published; returns how many really were."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while _count_entries(client) < entries:
        if program.poll() is not None or time.monotonic() > deadline:
            shown = log.read_text("utf-8", "replace")[-2000:]
            raise RuntimeError(f"the run ended before it could be killed: {shown}")
        time.sleep(LOOK_SECONDS)
    os.kill(program.pid, signal.SIGKILL)
    program.wait()
    return _count_entries(client)


def _count_entries(client: Client) -> int:
    return int(client.query("select count() from ops.slice_log").result_rows[0][0])


def read_store(client: Client, source: str) -> Held:
    """Rows and slices the store shows, and hashes of the source's tables."""
    slices, entries, rows = client.query(
        "select uniqExact(resource, slice_key), count(), sum(row_count) from ops.slice_log"
    ).result_rows[0]
    tables = [
        table
        for table in read_catalog(PROJECT_ROOT / "sql").layer("raw")
        if table.full_name.startswith(f"raw.raw_{source}__")
    ]
    hashes = {
        table.full_name: table_hash(
            client,
            f"{table.full_name}_live",
            columns=[name for name in table.column_names if name not in TRANSPORT],
        )
        for table in tables
    }
    return Held(int(rows), int(slices), int(entries), hashes)


def main(arguments: Sequence[str]) -> int:
    """Print the table; 1 when something was lost, doubled or read twice."""
    wanted = arguments[0] if arguments else "demo"
    sources = arguments[1:] or SOURCES
    world = make_world(1, wanted)[0] if wanted in SIZES else read_world(Path(wanted))
    table = Table(title=f"Backfill of {world.starts_on} to {world.ends_on} by one run")
    for heading in (
        *("source", "rows", "slices", "undisturbed, s", "killed after", "second life, s"),
        *("read twice", "equal", "events"),
    ):
        table.add_column(heading, justify="left" if heading == "source" else "right")
    is_sound = True
    for source in sources:
        account = next(one for one in ACCOUNTS if one.source == source)
        with tempfile.TemporaryDirectory(prefix="throughline-backfill-") as folder:
            found = measure(world, account, Path(folder))
        is_sound &= found.is_sound
        table.add_row(
            source,
            f"{found.whole.rows:,}",
            f"{found.whole.slices:,}",
            f"{found.seconds:.0f}",
            f"{found.entries_at_kill:,}",
            f"{found.seconds_after_kill:.0f}",
            str(found.resumed.entries - found.resumed.slices),
            "yes" if found.whole.hashes == found.resumed.hashes else "NO",
            "one each" if found.events == (1, 1) else str(found.events),
        )
    Console().print(table)
    return 0 if is_sound else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
