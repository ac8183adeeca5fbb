"""Clusters by splink's own out-of-the-box model; run by benchmarks/identity_sets.py.

``python splink_clusters.py <json of columns and tables>`` prints ``[[file, id, cluster], …]``. Each
column gets the comparison of splink's library for its kind, with term frequencies where it offers
them; blocking on each column; u by random pairs; m by EM over two columns; threshold 0.5.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import warnings
from pathlib import Path

import pandas as pd
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


def main() -> None:
    """Match and print."""
    asked = json.loads(Path(sys.argv[1]).read_text())
    columns: dict[str, str] = {k.replace(" ", "_"): v for k, v in asked["columns"].items()}
    frames = []
    for number, rows in enumerate(asked["tables"], 1):
        frame = pd.DataFrame(rows)
        frame.columns = [name.replace(" ", "_") for name in frame.columns]
        frame = frame[["unique_id", *columns]].map(
            lambda cell: str(cell).strip().lower() or None, na_action="ignore"
        )
        for name in (n for n, kind in columns.items() if kind == "phone"):
            frame[name] = frame[name].str.replace(r"\D", "", regex=True)
        frame["unique_id"] = [row["unique_id"] for row in rows]
        frame["source_dataset"] = f"f{number}"
        frames.append(frame.astype(object).where(frame.notna(), None))
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
    linker.training.estimate_probability_two_random_records_match(
        [block_on(name, next(iter(n for n in columns if n != name))) for name in strong], recall=0.7
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
    for name in (strong + [n for n in columns if n not in strong])[:3]:
        # A column in which no two rows are equal cannot train; the others do.
        with contextlib.suppress(EMTrainingException):
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(name))
    predicted = linker.inference.predict(threshold_match_probability=0.5)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predicted, threshold_match_probability=0.5
    ).as_pandas_dataframe()
    source = clusters["source_dataset"] if links else ["f1"] * len(clusters)
    sys.stdout.write(
        json.dumps(
            [
                [int(s[1:]), str(i), str(c)]
                for s, i, c in zip(
                    source, clusters["unique_id"], clusters["cluster_id"], strict=True
                )
            ]
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
