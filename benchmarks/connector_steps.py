"""``python -m benchmarks.connector_steps <source> <json>``: one connector's records into raw.

The same records, as Python dicts in memory, that the peer gets. The clock runs from the first dict
to the moment the rows are visible.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.captured_records import capture
from benchmarks.peak_memory import read_peak_mb
from include.connectors.protocol import Batch, Slice
from include.ingestion.garbage import rarer_collections
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.landing import Landing
from include.warehouse.raw_load import load


def measure(source: str, root: str, rows: int, records: str, target: dict[str, Any]) -> Any:
    """Seconds, rows and peak memory; writes the records themselves to the file ``records``."""
    captured = capture(source)
    distinct = captured.write(Path(records))
    # A bench slice is no business day, and its records come round again and again.
    shape = replace(captured.resource, day_column=None, kind="append")
    client = connect(ClickHouseTarget(**target))
    before = time.process_time()
    started = time.perf_counter()
    landed = 0
    # As a run does it: see the module.
    with (
        rarer_collections(),
        Landing(root).open_pull(
            source,
            "bench",
            shape,
            Slice(shape.name, "bench"),
            pulled_at=datetime.now(UTC),
            connector_version="bench",
            run_id="bench",
        ) as writer,
    ):
        for page in captured.cycle(rows):
            batch = captured.reader.read(page)
            writer.add(Batch(batch.rows))
            landed += batch.rows.num_rows if batch.rows is not None else 0
        (manifest,) = writer.finish(landed)
    load(client, Landing(root), manifest)
    return {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - before,
        "rows": landed,
        "distinct": distinct,
        "resource": shape.name,
        "peak_mb": read_peak_mb(),
    }


def main() -> None:
    """Print one line of JSON."""
    sys.stdout.write(json.dumps(measure(sys.argv[1], **json.loads(sys.argv[2]))) + "\n")


if __name__ == "__main__":
    main()
