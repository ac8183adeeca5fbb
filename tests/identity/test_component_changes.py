"""``make components … SINCE=``: new edges on top of a former answer."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.identity.record_files import Unreadable
from include.terminal.components import find_components

Edge = tuple[str, str]
KINDS = {
    "numbers": lambda n: str(n - 30),
    "long numbers": lambda n: str(10**25 * (n - 30)),
    "texts": lambda n: f"client {n * 7 % 100}",
    "texts and numbers": lambda n: str(n) if n % 2 else f"№ {n}",
}


class Desk:
    """Edges in, answers out, in CSV or Parquet."""

    def __init__(self, folder: Path, suffix: str) -> None:
        self.folder = folder
        self.suffix = suffix
        self.told: list[str] = []

    def write(self, name: str, header: Edge, rows: list[Edge]) -> Path:
        path = self.folder / f"{name}{self.suffix}"
        if self.suffix == ".parquet":
            columns = [pa.array([int(row[n]) for row in rows], pa.int64()) for n in (0, 1)]
            pq.write_table(pa.table(dict(zip(header, columns, strict=True))), path)
        else:
            with path.open("w", encoding="utf-8", newline="") as lines:
                csv.writer(lines).writerows([header, *rows])
        return path

    def read(self, path: Path) -> dict[str, str]:
        if self.suffix == ".parquet":
            rows = [(str(r["node"]), str(r["component"])) for r in pq.read_table(path).to_pylist()]
        else:
            with path.open(encoding="utf-8", newline="") as lines:
                rows = [(r["node"], r["component"]) for r in csv.DictReader(lines)]
        assert len(dict(rows)) == len(rows), "a node twice"
        return dict(rows)

    def find(self, name: str, edges: list[Edge], since: Path | None = None) -> Path:
        path, out = self.write(name, ("a", "b"), edges), self.folder / f"{name}-of{self.suffix}"
        find_components(str(path), str(out), "", self.told.append, str(since or ""))
        return out


@pytest.mark.parametrize(
    ("kind", "suffix"), [("numbers", ".parquet"), *((kind, ".csv") for kind in KINDS)]
)
def test_changes_put_on_a_former_answer_are_the_answer_of_all_edges(
    tmp_path: Path, kind: str, suffix: str
) -> None:
    draw, desk, name = random.Random(kind), Desk(tmp_path, suffix), KINDS[kind]
    for turn in range(6):
        span = draw.choice((20, 90))
        edges = [(name(draw.randrange(span)), name(draw.randrange(span))) for _ in range(60)]
        cut = draw.randrange(61)
        former = desk.find(f"before-{turn}", edges[:cut])
        found = desk.read(desk.find(f"changed-{turn}", edges[cut:], former))
        before = desk.read(former)
        whole = desk.read(desk.find(f"whole-{turn}", edges))
        assert before | found == whole
        assert all(before.get(node) != component for node, component in found.items())


def test_new_and_moved_nodes_are_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, ".csv")
    former = desk.find("before", [("2", "3"), ("5", "6"), ("8", "9")])
    found = desk.read(desk.find("changed", [("6", "3"), ("9", "10"), ("11", "")], former))
    assert found == {"5": "2", "6": "2", "10": "8", "11": "11"}
    assert "2 nodes are new, 2 moved to another component" in desk.told
    assert "1 rows have an empty end: no edge; the other end stands alone" in desk.told


def test_an_answer_in_parquet_and_new_edges_in_csv_go_together(tmp_path: Path) -> None:
    former = Desk(tmp_path, ".parquet").find("before", [("2", "30"), ("5", "6")])
    desk = Desk(tmp_path, ".csv")
    assert desk.read(desk.find("changed", [("30", "1")], former)) == {
        "1": "1",
        "2": "1",
        "30": "1",
    }


@pytest.mark.parametrize(
    ("header", "rows", "words"),
    [
        (("node", "cluster"), [("1", "1")], "has no column component"),
        (("node", "component"), [("1", "1"), ("1", "1")], "names a node twice"),
        (("node", "component"), [("1", "")], "has an empty cell"),
        (("node", "component"), [("1", "1")], "would be ordered as texts"),
    ],
)
def test_what_is_no_former_answer_is_refused(
    tmp_path: Path, header: Edge, rows: list[Edge], words: str
) -> None:
    desk = Desk(tmp_path, ".csv")
    former = desk.write("former", header, rows)
    new = ("1", "x") if "ordered" in words else ("1", "2")
    with pytest.raises(Unreadable, match=words):
        desk.find("changed", [new], former)


def test_a_limit_of_neighbours_needs_all_edges(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="MAX_DEGREE counts the neighbours among all edges"):
        find_components("edges.csv", "out.csv", "5", print, "former.csv")
