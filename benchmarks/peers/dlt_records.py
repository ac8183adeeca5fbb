"""What dlt does with the records of a connector: it extracts and normalises them.

``python -m benchmarks.peers.dlt_records <records.jsonl> <rows> <folder>``, run by an environment of
its own, so it imports of the project only what needs no library.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from pathlib import Path

import dlt

from benchmarks.peak_memory import read_peak_mb


def main() -> None:
    """Print one line of JSON: seconds to extract and normalise, and peak memory."""
    path, rows, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    records = [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]
    pipeline = dlt.pipeline(
        "bench", pipelines_dir=folder, destination="dummy", dataset_name="bench"
    )

    @dlt.resource(name="records")
    def give():
        given = itertools.islice(itertools.cycle(records), rows)
        while page := list(itertools.islice(given, 1000)):
            yield page

    started = time.perf_counter()
    pipeline.extract(give())
    pipeline.normalize()
    seconds = time.perf_counter() - started
    peak = read_peak_mb()
    sys.stdout.write(json.dumps({"seconds": seconds, "rows": rows, "peak_mb": peak}) + "\n")


if __name__ == "__main__":
    main()
