"""Clusters by splink's own out-of-the-box model; run by include/sandbox/scoring/real_sets.py.

``python splink_clusters.py <json of columns and tables>`` prints ``[[file, id, cluster], …]``. Each
column gets the comparison of splink's library for its kind, with term frequencies where it offers
them; blocking on each column; u by random pairs; m by EM over two columns; threshold 0.5.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
import warnings
from pathlib import Path

import pyarrow as pa
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.internals.exceptions import EMTrainingException

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)


def comparison(column: str, kind: str):
    """What splink's library offers for the kind."""
    if kind in {"given name", "surname"}:
        return cl.NameComparison(column)
    if kind == "email":
        return cl.EmailComparison(column)
    if kind == "birth date":
        return cl.DamerauLevenshteinAtThresholds(column, [1, 2])
    if kind in {"postcode", "phone", "tax id"}:
        return cl.DamerauLevenshteinAtThresholds(column, [1, 2])
    if kind in {"state", "house number"}:
        return cl.ExactMatch(column).configure(term_frequency_adjustments=True)
    if kind == "city":
        return cl.JaroWinklerAtThresholds(column, [0.9]).configure(term_frequency_adjustments=True)
    return cl.JaroWinklerAtThresholds(column, [0.9, 0.7]).configure(term_frequency_adjustments=True)


def read_frame(rows: list[dict[str, str]], columns: dict[str, str], dataset: str) -> pa.Table:
    """Values in lower case and phones by their digits; NULL where there is none."""
    records = []
    for row in rows:
        spelt = {name.replace(" ", "_"): value for name, value in row.items()}
        record: dict[str, str | None] = {"unique_id": row["unique_id"], "source_dataset": dataset}
        for name, kind in columns.items():
            value = (spelt.get(name) or "").strip().lower()
            record[name] = (re.sub(r"\D", "", value) if kind == "phone" else value) or None
        records.append(record)
    names = ["unique_id", "source_dataset", *columns]
    return pa.Table.from_pylist(records, pa.schema([(name, pa.string()) for name in names]))


def main() -> None:
    """Match and print."""
    asked = json.loads(Path(sys.argv[1]).read_text())
    columns: dict[str, str] = {k.replace(" ", "_"): v for k, v in asked["columns"].items()}
    frames = [
        read_frame(rows, columns, f"f{number}") for number, rows in enumerate(asked["tables"], 1)
    ]
    links = len(frames) > 1
    blocking = [
        block_on(name) for name, kind in columns.items() if kind not in {"state", "house number"}
    ]
    settings = SettingsCreator(
        link_type="link_only" if links else "dedupe_only",
        comparisons=[comparison(name, kind) for name, kind in columns.items()],
        blocking_rules_to_generate_predictions=blocking,
    )
    db = DuckDBAPI()
    tables = [db.register(frame) for frame in frames]
    linker = Linker(tables if links else tables[0], settings)
    strong = [n for n, k in columns.items() if k in {"email", "phone", "tax id", "birth date"}]
    # A set without such a column is searched by its first one, as its analyst named it.
    certain = strong or list(columns)[:1]
    linker.training.estimate_probability_two_random_records_match(
        [block_on(name, *[n for n in columns if n != name][:1]) for name in certain], recall=0.7
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for name in (strong + [n for n in columns if n not in strong])[:3]:
        # A column in which no two rows are equal cannot train; the others do.
        with contextlib.suppress(EMTrainingException):
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(name))
    predicted = linker.inference.predict(threshold_match_probability=0.5)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predicted, threshold_match_probability=0.5
    ).as_record_list()
    sys.stdout.write(
        json.dumps(
            [
                [
                    int(row["source_dataset"][1:]) if links else 1,
                    row["unique_id"],
                    row["cluster_id"],
                ]
                for row in clusters
            ]
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
