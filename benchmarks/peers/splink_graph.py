"""Connected components by splink's clustering on DuckDB; run by benchmarks/graph.py.

``python -m benchmarks.peers.splink_graph <edges.parquet> <out.parquet>`` writes node and component,
and prints one line of JSON.
"""

from __future__ import annotations

import json
import logging
import sys
import time

import duckdb
from splink import DuckDBAPI
from splink.clustering import cluster_pairwise_predictions_at_threshold

from benchmarks.peak_memory import read_peak_mb

logging.disable(logging.CRITICAL)


def main() -> None:
    """Cluster and print seconds, processor time and peak memory."""
    source, target = sys.argv[1:3]
    started, before = time.perf_counter(), time.process_time()
    connection = duckdb.connect()
    connection.execute(
        f"create table edges as select a as node_l, b as node_r from '{source}';"
        "create table nodes as select distinct unnest([node_l, node_r]) as node from edges"
    )
    api = DuckDBAPI(connection)
    clusters = cluster_pairwise_predictions_at_threshold(
        api.register("nodes"), api.register("edges"), api, node_id_column_name="node"
    )
    connection.execute(
        f"copy (select node, cluster_id as component from {clusters.physical_name})"
        f" to '{target}' (format parquet)"
    )
    figures = {
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - before,
        "peak_mb": read_peak_mb(),
    }
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
