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


def make_word(choose: Random, length: int, syllables: tuple[str, ...] = SYLLABLES) -> str:
    """A name nobody bears."""
    return "".join(choose.choice(syllables) for _ in range(length))


def make_digits(choose: Random, start: str, length: int) -> str:
    return start + "".join(choose.choice("0123456789") for _ in range(length))


def make_households(choose: Random, homes: int, most: int) -> tuple[list[Row], list[int]]:
    """People of one surname and address, some of whom give the telephone of the house."""
    rows: list[Row] = []
    owners: list[int] = []
    given = [make_word(choose, 2) for _ in range(100)]
    person = 0
    for _ in range(homes):
        street = f"{make_word(choose, 3)} street {choose.randrange(150)} apt {choose.randrange(90)}"
        home = {
            "surname": make_word(choose, 3),
            "address": street,
            "postcode": str(choose.randrange(100_000, 100_400)),
        }
        house_phone = make_digits(choose, "+7495", 7)
        for _ in range(choose.randint(1, most)):
            person += 1
            born = f"{choose.randrange(1940, 2008)}-{choose.randrange(1, 13):02}-11"
            own = make_digits(choose, "+79", 9)
            name = {"given_name": choose.choice(given)}
            for _ in range(choose.randint(1, 3)):
                told = {
                    "phone": choose.choices((house_phone, own, ""), (4, 4, 2))[0],
                    "birth_date": choose.choice((born, born, "")),
                }
                rows.append(name | home | told)
                owners.append(person)
    return rows, owners


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
