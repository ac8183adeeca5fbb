"""How fast rows get from a source into raw and on into marts, and how much memory that takes.

``python -m benchmarks [rows …]`` (default 1 and 10 million), then every connector beside dlt,
components beside splink, and attribution beside DuckDB; ``connectors [source …]``, ``graph
[edges …]`` and ``attribution [touches …]`` do one of these alone. The yardstick is the engine's
own insert of the same files inside its process; both run by turns, three times, because figures of
another minute or machine mean nothing, and what is printed of each is the turn in the middle.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from benchmarks import attribution, connectors, graph
from benchmarks.landing_steps import REPORT_ROWS
from benchmarks.peak_memory import read_peak_mb
from benchmarks.rows import write_report
from include.contracts.reader import read_catalog
from include.embedded import process
from include.settings import PROJECT_ROOT
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.schema import apply_schema

DEFAULT_ROWS = (1_000_000, 10_000_000)
TURNS = 3
Pair = tuple[dict[str, Any], dict[str, Any]]
"""Figures of the yardstick and of the load that followed it."""
TARGETS = {
    "landing Parquet → raw over HTTP": "≥ 70 % of in-process",
    "Direct TSV → landing → raw": "≥ 500,000 rows/s",
    "Python records → landing → raw": "≥ 100,000 rows/s",
}


def run_step(
    step: str, engine_cpu: Callable[[], float] = lambda: 0.0, **arguments: Any
) -> dict[str, Any]:
    """Run one step in a process of its own; ``cpu_seconds`` include the engine's."""
    engine_before = engine_cpu()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.landing_steps", step, json.dumps(arguments)],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    result = dict(json.loads(done.stdout.splitlines()[-1]))
    result["cpu_seconds"] += engine_cpu() - engine_before
    return result


def _take_turn(folder: Path, prepared: Path, landed: str, turn: int) -> Pair:
    """The yardstick, then the load into an engine of its own, from a copy that is unpublished."""
    own = _insert_in_process(folder, landed)
    root, store = folder / f"landing-{turn}", folder / f"engine-{turn}"
    shutil.copytree(folder / "landing", root)
    shutil.copytree(prepared, store, symlinks=True)
    engine = _start(store)
    try:
        loaded = run_step(
            "load_landed",
            partial(_engine_cpu, engine),
            root=str(root),
            folder=landed,
            target=asdict(_target(engine)),
        )
    finally:
        engine.stop()
    shutil.rmtree(root)
    shutil.rmtree(store)
    return own, loaded


def _insert_in_process(folder: Path, landed: str) -> dict[str, Any]:
    store = folder / "own"
    own = run_step(
        "insert_in_process", root=str(folder / "landing"), folder=landed, store=str(store)
    )
    shutil.rmtree(store)
    return own


def _middle(pairs: Sequence[Pair]) -> Pair:
    """The pair whose ratio is the median."""
    return sorted(pairs, key=lambda pair: pair[0]["seconds"] / pair[1]["seconds"])[len(pairs) // 2]


def _prepare_store(folder: Path) -> Path:
    """Data folder of a stopped engine that has every table."""
    prepared = folder / "engine"
    engine = _start(prepared)
    try:
        with connect(_target(engine)) as client:
            apply_schema(client, read_catalog(PROJECT_ROOT / "sql"))
    finally:
        engine.stop()
    return prepared


def _start(store: Path) -> process.RunningEngine:
    return process.start(store, log_path=store.with_suffix(".log"))


def _target(engine: process.RunningEngine) -> ClickHouseTarget:
    return ClickHouseTarget(engine.host, engine.port, engine.user, engine.password)


def _engine_cpu(engine: process.RunningEngine) -> float:
    times = psutil.Process(engine.pid).cpu_times()
    return float(times.user + times.system)


def measure(rows: int, folder: Path) -> list[tuple[str, int, dict[str, Any], str]]:
    """Every step at one size: name, rows, figures, remark."""
    root = str(folder / "landing")
    landed = run_step("land_arrow", root=root, rows=rows)
    report = folder / "report.tsv"
    report_rows = min(rows, REPORT_ROWS)
    write_report(report, report_rows)
    prepared = _prepare_store(folder)
    turns = [_take_turn(folder, prepared, landed["folder"], turn) for turn in range(TURNS - 1)]
    own = _insert_in_process(folder, landed["folder"])
    engine = _start(prepared)
    try:
        reach = asdict(_target(engine))

        engine_cpu = partial(_engine_cpu, engine)
        loaded = run_step(
            "load_landed", engine_cpu, root=root, folder=landed["folder"], target=reach
        )
        own, loaded = _middle([*turns, (own, loaded)])
        results = [
            ("Arrow → landing", rows, landed, ""),
            ("the engine's own in-process Parquet insert", rows, own, "yardstick"),
            (
                "landing Parquet → raw over HTTP",
                rows,
                loaded,
                f"{own['seconds'] / loaded['seconds']:.0%}",
            ),
        ]
        built = run_step("build_everything", engine_cpu, target=reach)
        results.append(("build: raw → audited, published marts", rows, built, built["remark"]))
        tsv = run_step(
            "ingest_reports", engine_cpu, root=root, rows=rows, report=str(report), target=reach
        )
        tsv_rows = -(-rows // REPORT_ROWS) * report_rows
        results.append(("Direct TSV → landing → raw", tsv_rows, tsv, ""))
        from_records = run_step("ingest_records", engine_cpu, root=root, rows=rows, target=reach)
        results.append(("Python records → landing → raw", rows, from_records, ""))
        results.append(
            (
                "the engine's process, in all of this",
                rows,
                {"peak_mb": read_peak_mb(engine.pid)},
                "",
            )
        )
    finally:
        engine.stop()
    return results


def main() -> None:
    """Measure and print; sizes may be given as arguments."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=130)  # in a log file rich assumes 80 columns and folds
    if sys.argv[1:2] == ["connectors"]:
        connectors.compare(console, sys.argv[2:])
        return
    if sys.argv[1:2] == ["graph"]:
        graph.main(sys.argv[2:])
        return
    if sys.argv[1:2] == ["attribution"]:
        attribution.main(sys.argv[2:])
        return
    sizes = [int(text) for text in sys.argv[1:]] or list(DEFAULT_ROWS)
    for rows in sizes:
        with (
            tempfile.TemporaryDirectory(prefix="throughline-bench-") as folder,
            console.status(f"measuring {rows:,} rows of 20 columns"),
        ):
            results = measure(rows, Path(folder))
        table = Table(title=f"{rows:,} rows of 20 columns")
        for heading in ("step", "seconds", "rows/s", "CPU s", "peak MB", "measured", "wanted"):
            table.add_column(heading, justify="left" if heading == "step" else "right")
        for name, count, figures, remark in results:
            seconds = figures.get("seconds")
            table.add_row(
                name,
                f"{seconds:.2f}" if seconds else "",
                f"{count / seconds:,.0f}" if seconds else "",
                f"{figures['cpu_seconds']:.2f}" if "cpu_seconds" in figures else "",
                f"{figures['peak_mb']:,.0f}" if "peak_mb" in figures else "",
                remark,
                TARGETS.get(name, ""),
            )
        console.print(table)
    connectors.compare(console)
    graph.main()
    attribution.main([])


if __name__ == "__main__":
    main()
