"""``python dlt_records.py <records.jsonl> <rows> <folder>``: dlt extracts and normalises the same.

Run by an environment of its own, so it imports nothing of the project.
"""

from __future__ import annotations

import itertools
import json
import resource
import sys
import time
from pathlib import Path

import dlt


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
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(json.dumps({"seconds": seconds, "rows": rows, "peak_mb": peak}) + "\n")


if __name__ == "__main__":
    main()
