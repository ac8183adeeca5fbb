"""Records nobody bears, for the matcher: made here, matched, measured beside the truth."""

from __future__ import annotations

import csv
from pathlib import Path
from random import Random

from include.identity.match_spec import read_spec
from include.identity.matching import write_clusters
from include.sandbox.scoring.clusters import Measure, measure_pairs

SYLLABLES = ("ka", "ro", "mi", "ta", "vel", "dor", "sen", "lu", "gra", "pol", "ner", "shi", "bor")
Row = dict[str, str]


def make_word(choose: Random, length: int) -> str:
    """A name nobody bears."""
    return "".join(choose.choice(SYLLABLES) for _ in range(length))


def make_digits(choose: Random, start: str, length: int) -> str:
    return start + "".join(choose.choice("0123456789") for _ in range(length))


def match(folder: Path, files: list[list[Row]]) -> dict[str, str]:
    """``file:row`` → cluster; each column is of the kind it is called by."""
    paths = []
    for number, rows in enumerate(files, 1):
        paths.append(folder / f"{number}.csv")
        with paths[-1].open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, ["id", *rows[0]])
            writer.writeheader()
            writer.writerows({"id": place, **row} for place, row in enumerate(rows))
    spec = folder / "spec.yaml"
    spec.write_text("id: id\ncolumns: {" + ", ".join(f"{c}: {c}" for c in files[0][0]) + "}\n")
    out = folder / "out.csv"
    write_clusters(paths, read_spec(spec), out, lambda _: None)
    with out.open(encoding="utf-8", newline="") as lines:
        return {f"{r.get('file', 1)}:{r['id']}": r["cluster_id"] for r in csv.DictReader(lines)}


def measure(folder: Path, rows: list[Row], owners: list[int]) -> Measure:
    found = match(folder, [rows])
    return measure_pairs(found, {f"1:{place}": owner for place, owner in enumerate(owners)})
