"""The measured steps of ingestion, each run in a process of its own so that its memory shows.

``python -m benchmarks.landing_steps <step> <json arguments>`` prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa

from benchmarks.peak_memory import read_peak_mb
from benchmarks.rows import BATCH_ROWS, arrow_batches, records
from include.compiled import loader
from include.connectors.protocol import Account, Batch, Now, Ready, Resource, Slice, Token
from include.connectors.yandex_direct.report_stream import ReportStream
from include.connectors.yandex_direct.reports import complete_rows
from include.connectors.yandex_direct.schema import PERFORMANCE, PERFORMANCE_SCHEMA
from include.contracts import ddl
from include.contracts.reader import read_table
from include.ingestion.account_run import Done, run_account, utc_now
from include.settings import PROJECT_ROOT
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.landing import Landing
from include.warehouse.manifest import Manifest
from include.warehouse.raw_load import load

SOURCE, ACCOUNT = "yandex_direct", "bench"
TABLE = f"raw.raw_{SOURCE}__{PERFORMANCE}"
RESOURCE = Resource(PERFORMANCE, "replace", PERFORMANCE_SCHEMA, control_columns=("cost_micros",))
REPORT_ROWS = 900_000
"""Rows of one report: the vendor stops at a million."""


def land_arrow(root: str, rows: int) -> dict[str, Any]:
    """Arrow batches → landing."""
    next(arrow_batches(1))  # makes the pool before the clock starts
    started = time.perf_counter()
    manifest = _land(root, "arrow", map(Batch, arrow_batches(rows)))
    return {"seconds": time.perf_counter() - started, "folder": manifest.folder}


def insert_in_process(root: str, folder: str, store: str) -> dict[str, Any]:
    """The engine's own best: the same files inserted inside its process."""
    import chdb

    connection = chdb.connect(store)
    contract = read_table(PROJECT_ROOT / "sql" / "raw" / f"{TABLE.partition('.')[2]}.yaml")
    connection.query("create database if not exists raw")
    connection.query(ddl.create_table(contract))
    columns = ", ".join(contract.column_names)
    started = time.perf_counter()
    connection.query(
        f"insert into {TABLE} ({columns}) select {columns} "
        f"from file('{root}/{folder}/part-*.parquet', Parquet) settings log_comment = 'bench'"
    )
    seconds = time.perf_counter() - started
    count = int(str(connection.query(f"select count() from {TABLE}")).strip())
    connection.close()
    return {"seconds": seconds, "rows": count}


def load_landed(root: str, folder: str, target: dict[str, Any]) -> dict[str, Any]:
    """Landing Parquet → raw over HTTP, counted and published."""
    client = connect(ClickHouseTarget(**target))
    landing = Landing(root)
    import pandas  # noqa: F401 - a third of a second, once a process: its first insert does it

    started = time.perf_counter()
    outcome = load(client, landing, landing.read_manifest(folder))
    return {"seconds": time.perf_counter() - started, "status": outcome.status}


def build_everything(target: dict[str, Any]) -> dict[str, Any]:
    """Raw → published marts."""
    from benchmarks import build_step  # costs ten seconds of import that no other step needs

    return build_step.build_everything(target)


def ingest_records(root: str, rows: int, target: dict[str, Any]) -> dict[str, Any]:
    """Python dicts → landing → raw."""
    next(records(1))  # makes the pool before the clock starts
    return _ingest(root, "records", _batches_of(records(rows)), target)


def ingest_reports(root: str, rows: int, report: str, target: dict[str, Any]) -> dict[str, Any]:
    """Reports in the vendor's TSV → landing → raw, a slice per report, as a DAG's task does it."""
    options = {"report": report, "slices": -(-rows // REPORT_ROWS)}
    connector = _ReportFolder(Account(SOURCE, ACCOUNT, options), utc_now)
    client = connect(ClickHouseTarget(**target))
    loader.load("read_cells", is_worth_waiting=True)  # a new machine compiles once, for ten seconds
    started = time.perf_counter()
    outcome = run_account(connector, Landing(root), client, None, utc_now, "bench", account=ACCOUNT)
    seconds = time.perf_counter() - started
    assert isinstance(outcome, Done)
    return {"seconds": seconds, "rows": outcome.report.resources[PERFORMANCE].rows_loaded}


class _ReportFolder:
    """A source whose every slice is the same report under another name."""

    source: ClassVar = SOURCE
    version: ClassVar = "bench"
    resources: ClassVar = {PERFORMANCE: RESOURCE}
    max_waits: ClassVar = 1

    def __init__(self, account: Account, now: Now) -> None:
        self._report = Path(account.options["report"])
        self._slices = account.options["slices"]

    def plan(self, *_: Any) -> list[Slice]:
        return [Slice(PERFORMANCE, f"report {number}") for number in range(self._slices)]

    def start(self, piece: Slice) -> Ready:
        return Ready({"name": piece.key})

    def poll(self, token: Token) -> Ready:
        return Ready(token)

    def fetch(self, _: Token) -> Iterator[Batch]:
        return read_report(self._report)


def read_report(path: Path) -> Iterator[Batch]:
    """Batches of one report file, through the connector's own reader."""

    constants = {
        "account_id": ACCOUNT,
        "currency_code": "RUB",
        "is_vat_included": False,
        "report_name": path.name,
    }

    def finish(typed: pa.RecordBatch) -> pa.RecordBatch:
        return complete_rows(typed, constants)

    with path.open("rb") as body:
        yield from ReportStream(path.name).read(body, finish)


def _batches_of(rows: Iterator[dict[str, Any]]) -> Iterator[Batch]:
    while chunk := list(islice(rows, BATCH_ROWS)):
        yield Batch(pa.RecordBatch.from_pylist(chunk, schema=PERFORMANCE_SCHEMA))


def _ingest(
    root: str, key: str, batches: Iterable[Batch], target: dict[str, Any]
) -> dict[str, Any]:
    client = connect(ClickHouseTarget(**target))
    started = time.perf_counter()
    manifest = _land(root, key, batches)
    landed = time.perf_counter()
    load(client, Landing(root), manifest)
    ended = time.perf_counter()
    return {"seconds": ended - started, "landing_seconds": landed - started}


def _land(root: str, key: str, batches: Iterable[Batch]) -> Manifest:
    rows = 0
    with Landing(root).open_pull(
        SOURCE,
        ACCOUNT,
        RESOURCE,
        Slice(PERFORMANCE, key),
        pulled_at=datetime.now(UTC),
        connector_version="bench",
        run_id="bench",
    ) as writer:
        for batch in batches:
            writer.add(batch)
            rows += batch.rows.num_rows if batch.rows is not None else 0
        return writer.finish(rows)[0]


STEPS = {
    step.__name__: step
    for step in (
        land_arrow,
        insert_in_process,
        load_landed,
        build_everything,
        ingest_records,
        ingest_reports,
    )
}


def main() -> None:
    """Run one step and print its result with the peak memory of this process."""
    before = time.process_time()
    result = STEPS[sys.argv[1]](**json.loads(sys.argv[2]))
    result["cpu_seconds"] = time.process_time() - before
    result["peak_mb"] = read_peak_mb()
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
