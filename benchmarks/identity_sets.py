"""``python -m benchmarks.identity_sets <folder>``: F1 of the matcher on real sets with known truth.

Prints ``set precision recall f1`` of ours over pairs of one cluster. With ``--splink PYTHON``, the
interpreter of an environment that has splink, its out-of-the-box model runs on the same rows.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from include.terminal.match import match_records

Record = tuple[int, str]
PEER = Path(__file__).parent / "peers" / "splink_clusters.py"
FEBRL = {
    "given_name": "given name", "surname": "surname", "street_number": "house number",
    "address_1": "address", "address_2": "address", "suburb": "city", "postcode": "postcode",
    "state": "state", "date_of_birth": "birth date", "soc_sec_id": "tax id",
}  # fmt: skip
RESTAURANT = {"name": "company", "addr": "address", "city": "city", "phone": "phone"}


@dataclass(frozen=True)
class Case:
    """Files of a set and what their columns are; ``region`` is where its phones are."""

    name: str
    files: tuple[str, ...]
    id_column: str
    columns: dict[str, str]
    region: str = "US"


CASES = (
    Case(
        "chicago", ("chicago_ece_sites.csv.gz",), "Id",
        {"Site name": "company", "Address": "address", "Zip": "postcode", "Phone": "phone"},
    ),
    Case(
        "fodors_zagat", ("restaurants_fodors.csv.gz", "restaurants_zagats.csv.gz"), "id",
        RESTAURANT,
    ),
    Case("febrl1", ("febrl_dataset1.csv.gz",), "rec_id", FEBRL, "AU"),
    Case("febrl3", ("febrl_dataset3.csv.gz",), "rec_id", FEBRL, "AU"),
    Case(
        "fake_1000", ("splink_fake_1000.csv.gz",), "unique_id",
        {"first_name": "given name", "surname": "surname", "dob": "birth date", "city": "city",
         "email": "email"}, "GB",
    ),
)  # fmt: skip


def rows_of(path: Path) -> list[dict[str, str]]:
    """Rows by stripped column names."""
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as lines:
        reader = csv.DictReader(lines)
        return [{k.strip(): (v or "").strip() for k, v in row.items()} for row in reader]


def true_pairs(case: Case, folder: Path) -> set[frozenset[Record]]:
    """Pairs of records of one entity, as the set says."""
    if case.name == "fodors_zagat":
        rows = rows_of(folder / "restaurants_match_fodors_zagats_more_attrs.csv.gz")
        return {frozenset({(1, r["fodors_id"]), (2, r["zagats_id"])}) for r in rows}
    truth = {}
    for row in rows_of(folder / case.files[0]):
        record = row[case.id_column]
        if case.name.startswith("febrl"):
            truth[1, record] = record.split("-")[1]
        else:
            truth[1, record] = row["True Id" if case.name == "chicago" else "cluster"]
    return pairs_of(truth)


def pairs_of(cluster: dict[Record, str]) -> set[frozenset[Record]]:
    """Every two records of one cluster."""
    groups: dict[str, list[Record]] = {}
    for record, name in cluster.items():
        groups.setdefault(name, []).append(record)
    return {frozenset(two) for group in groups.values() for two in combinations(group, 2)}


def score(found: set[frozenset[Record]], true: set[frozenset[Record]]) -> str:
    """Precision, recall and F1 as one cell each."""
    right = len(found & true)
    precision, recall = right / max(1, len(found)), right / max(1, len(true))
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    return f"{precision:.4f} {recall:.4f} {f1:.4f}"


def ours(case: Case, folder: Path, work: Path) -> set[frozenset[Record]]:
    """Pairs of one cluster by ``make match``; across files where two are linked."""
    spec = work / f"{case.name}.yaml"
    written = {"id": case.id_column, "region": case.region, "columns": case.columns}
    spec.write_text(json.dumps(written))
    out = work / f"{case.name}.csv"
    files = ",".join(str(folder / name) for name in case.files)
    match_records(files, str(spec), str(out), lambda _: None)
    with out.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return across({(int(r.get("file", 1)), r[case.id_column]): r["cluster_id"] for r in rows}, case)


def across(cluster: dict[Record, str], case: Case) -> set[frozenset[Record]]:
    """Pairs of one cluster, only across files where two are linked."""
    pairs = pairs_of(cluster)
    if len(case.files) == 1:
        return pairs
    return {pair for pair in pairs if len(Counter(source for source, _ in pair)) == 2}


def splink(case: Case, folder: Path, work: Path, python: Path) -> set[frozenset[Record]]:
    """The same by splink, in its own environment."""
    tables = [
        [{**r, "unique_id": r[case.id_column]} for r in rows_of(folder / f)] for f in case.files
    ]
    asked = work / f"{case.name}.json"
    asked.write_text(json.dumps({"columns": case.columns, "tables": tables}))
    answer = subprocess.run([python, PEER, asked], capture_output=True, text=True, check=True)
    found = json.loads(answer.stdout.splitlines()[-1])
    return across({(source, record): name for source, record, name in found}, case)


def main() -> None:
    """Print one line a set and matcher."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder of the sets")
    parser.add_argument("--splink", type=Path, help="python of an environment with splink")
    parser.add_argument("--only", default="", help="the name of one set")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        for case in CASES:
            if options.only and options.only != case.name:
                continue
            true = true_pairs(case, options.folder)
            start = time.process_time()
            found = ours(case, options.folder, Path(name))
            spent = time.process_time() - start
            sys.stdout.write(f"{case.name} ours {score(found, true)} cpu_seconds={spent:.1f}\n")
            if options.splink:
                found = splink(case, options.folder, Path(name), options.splink)
                sys.stdout.write(f"{case.name} splink {score(found, true)}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
