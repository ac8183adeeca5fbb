"""One day of a busy counter through the Metrica connector: how fast, and in how much memory.

``python -m benchmarks.metrica_day [rows]`` (default 5 million) reads a day of visits and a day of
hits into landing, and on into raw. The process that reads must stay below 500 MB however long the
day is.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.metrica_vendor import write_part
from benchmarks.peak_memory import read_peak_mb
from include.connectors.protocol import Account, Slice
from include.connectors.yandex_metrica import CONNECTOR
from include.contracts.reader import read_catalog
from include.embedded import process
from include.ingestion.account_run import Done, run_account
from include.settings import PROJECT_ROOT
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.landing import Landing
from include.warehouse.schema import apply_schema

DEFAULT_ROWS = 5_000_000
PART_ROWS = 250_000
WANTED_PEAK_MB = 500
ACCOUNT = "44147844"
NOON = datetime(2026, 11, 20, 9, tzinfo=UTC)
OPTIONS = {"history_from": "2026-11-19", "include_hits": True, "compress": False}


class _OneLog(CONNECTOR):
    """The connector, asked for one of its logs only."""

    def plan(self, *arguments: Any) -> list[Slice]:
        wanted = self.wanted
        return [piece for piece in super().plan(*arguments) if piece.resource == wanted]

    wanted = ""


def read_day(url: str, log: str, root: str, target: dict[str, Any] | None) -> dict[str, Any]:
    """One day into landing, and into raw where there is a ``target``."""
    _OneLog.wanted = log
    account = Account("yandex_metrica", ACCOUNT, OPTIONS | {"base_url": url}, {"token": "bench"})
    connector = _OneLog(account, lambda: NOON)
    started = time.perf_counter()
    rows = (
        _land(connector, root)
        if target is None
        else _load(connector, root, ClickHouseTarget(**target), log)
    )
    seconds = time.perf_counter() - started
    peak = read_peak_mb()
    return {"rows": rows, "seconds": seconds, "peak_mb": peak, "cpu_seconds": time.process_time()}


def _land(connector: _OneLog, root: str) -> int:
    (piece,) = connector.plan([], NOON, None)
    rows = 0
    with Landing(root).open_pull(
        "yandex_metrica",
        ACCOUNT,
        connector.resources[piece.resource],
        piece,
        pulled_at=NOON,
        connector_version=connector.version,
        run_id="bench",
    ) as writer:
        for batch in connector.fetch(connector.start(piece).token):
            writer.add(batch)
            rows += batch.rows.num_rows if batch.rows is not None else 0
        writer.finish(rows)
    return rows


def _load(connector: _OneLog, root: str, target: ClickHouseTarget, log: str) -> int:
    client = connect(target)
    outcome = run_account(
        connector, Landing(root), client, None, lambda: NOON, "bench", account=ACCOUNT
    )
    assert isinstance(outcome, Done)
    return int(outcome.report.resources[log].rows_loaded)


@contextmanager
def _serve(path: Path, log: str, parts: int) -> Iterator[str]:
    """The address of a vendor in a process of its own."""
    shop = {"path": str(path), "log": log, "rows": PART_ROWS, "parts": parts}
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.metrica_vendor", json.dumps(shop)],
        cwd=PROJECT_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as vendor:
        assert vendor.stdin is not None
        assert vendor.stdout is not None
        yield vendor.stdout.readline().strip()
        vendor.stdin.close()


def measure(rows: int, folder: Path) -> list[tuple[str, dict[str, Any]]]:
    """Each log into landing and into raw, every time in a new process."""
    results = []
    engine = process.start(folder / "engine", log_path=folder / "engine.log")
    try:
        target = ClickHouseTarget(engine.host, engine.port, engine.user, engine.password)
        with connect(target) as client:
            apply_schema(client, read_catalog(PROJECT_ROOT / "sql"))
        for log in ("visit", "hit"):
            part = folder / f"{log}.tsv"
            write_part(part, log, PART_ROWS)
            with _serve(part, log, -(-rows // PART_ROWS)) as url:
                for name, reach in (("landing", None), ("landing → raw", asdict(target))):
                    root = str(folder / f"{log}-{name[-3:]}")
                    arguments = {"url": url, "log": log, "root": root, "target": reach}
                    results.append((f"{log}s → {name}", _run(arguments)))
            part.unlink()
    finally:
        engine.stop()
    return results


def _run(arguments: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.metrica_day", json.dumps(arguments)]
    done = subprocess.run(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    """Measure and print; fails when the reader needed too much memory."""
    argument = sys.argv[1] if len(sys.argv) > 1 else str(DEFAULT_ROWS)
    if argument.startswith("{"):
        sys.stdout.write(json.dumps(read_day(**json.loads(argument))) + "\n")
        return
    with tempfile.TemporaryDirectory(prefix="throughline-bench-") as folder:
        results = measure(int(argument), Path(folder))
    table = Table(title=f"one day of Metrica, {int(argument):,} rows")
    for heading in ("step", "rows", "seconds", "rows/s", "CPU s", "peak MB", "wanted"):
        table.add_column(heading, justify="left" if heading == "step" else "right")
    for name, found in results:
        table.add_row(
            name,
            f"{found['rows']:,}",
            f"{found['seconds']:.1f}",
            f"{found['rows'] / found['seconds']:,.0f}",
            f"{found['cpu_seconds']:.1f}",
            f"{found['peak_mb']:,.0f}",
            f"< {WANTED_PEAK_MB}",
        )
    Console(width=None if sys.stdout.isatty() else 130).print(table)
    if any(found["peak_mb"] >= WANTED_PEAK_MB for _, found in results):
        sys.exit(f"a day needed {WANTED_PEAK_MB} MB or more")


if __name__ == "__main__":
    main()
