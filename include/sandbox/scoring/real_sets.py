"""The matcher beside splink on real sets of records whose truth is known.

The sets are not part of the project: they lie in a folder beside it, or nothing is scored.
"""

from __future__ import annotations

import csv
import gzip
import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from include.identity.match_spec import read_spec
from include.identity.matching import write_clusters
from include.sandbox.scoring.clusters import Measure
from include.settings import PROJECT_ROOT

REAL_SETS = PROJECT_ROOT.parent / "shared" / "data" / "identity"
PEERS_PYTHON = PROJECT_ROOT / ".venv-peers" / "bin" / "python"
Record = tuple[int, str]
PEER = PROJECT_ROOT / "benchmarks" / "peers" / "splink_clusters.py"
"""Run by the interpreter of an environment that has splink; this one has not."""
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


def measure(found: set[frozenset[Record]], true: set[frozenset[Record]]) -> Measure:
    """Precision and recall over pairs; F1 follows."""
    right = len(found & true)
    return Measure(right / max(1, len(found)), right / max(1, len(true)))


def ours(case: Case, folder: Path, work: Path) -> set[frozenset[Record]]:
    """Pairs of one cluster by ``make match``; across files where two are linked."""
    spec = work / f"{case.name}.yaml"
    written = {"id": case.id_column, "region": case.region, "columns": case.columns}
    spec.write_text(json.dumps(written))
    out = work / f"{case.name}.csv"
    write_clusters([folder / name for name in case.files], read_spec(spec), out, lambda _: None)
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


def score_sets(folder: Path, peers_python: Path, tell: Callable[[str], None]) -> dict[str, float]:
    """``f1_<set>`` of every set that is there, and ``f1_<set>_splink`` where splink can be run."""
    figures: dict[str, float] = {}
    if not folder.is_dir():
        tell(f"no real sets are scored: there is no folder {folder}")
        return figures
    if not peers_python.exists():
        tell(f"splink is not run: there is no {peers_python}; make bench makes it")
    with tempfile.TemporaryDirectory() as work:
        for case in CASES:
            if missing := [name for name in case.files if not (folder / name).exists()]:
                tell(f"{case.name} is not scored: {folder} has no {', '.join(missing)}")
                continue
            tell(f"scoring {case.name}")
            true = true_pairs(case, folder)
            figures[f"f1_{case.name}"] = measure(ours(case, folder, Path(work)), true).f1
            if peers_python.exists():
                try:
                    theirs = splink(case, folder, Path(work), peers_python)
                except subprocess.CalledProcessError as error:
                    said = (error.stderr or "").strip().splitlines()
                    tell(f"splink failed on {case.name}: {said[-1] if said else error}")
                    continue
                figures[f"f1_{case.name}_splink"] = measure(theirs, true).f1
    return figures
