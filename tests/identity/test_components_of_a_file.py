"""``make components``: the smallest node of each component, from any file of edges."""

from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from include.identity.record_files import Unreadable
from include.terminal.components import find_components

Edge = tuple[str, str]


class Files:
    """Edges in, nodes with their components out."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.out = folder / "out.csv"
        self.told: list[str] = []

    def write(self, edges: list[Edge], name: str = "edges.csv") -> Path:
        path = self.folder / name
        with path.open("w", encoding="utf-8", newline="") as lines:
            csv.writer(lines).writerows([("a", "b"), *edges])
        return path

    def find(self, edges: list[Edge] | Path, max_degree: str = "") -> dict[str, str]:
        path = edges if isinstance(edges, Path) else self.write(edges)
        find_components(str(path), str(self.out), max_degree, self.told.append)
        with self.out.open(encoding="utf-8", newline="") as lines:
            rows = list(csv.DictReader(lines))
        assert rows == [] or list(rows[0]) == ["node", "component"]
        found = {row["node"]: row["component"] for row in rows}
        assert len(found) == len(rows)
        return found


@pytest.fixture
def files(tmp_path: Path) -> Iterator[Files]:
    """Files in a folder of their own."""
    return Files(tmp_path)


def union_find(edges: list[Edge], number: bool) -> dict[str, str]:
    """The same by the textbook."""
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        parent.setdefault(node, node)
        while parent[node] != node:
            node = parent[node]
        return node

    for a, b in edges:
        first, last = sorted((root(a), root(b)), key=int if number else str)
        parent[last] = first
    return {node: root(node) for node in parent}


def test_numbers_are_ordered_as_numbers(files: Files) -> None:
    draw = random.Random(1)
    edges = [(str(draw.randint(-40, 400)), str(draw.randint(-40, 400))) for _ in range(180)]
    edges += [(str(n), str(n + 1)) for n in range(1000, 1300)]
    assert files.find(edges) == union_find(edges, number=True)


def test_texts_are_ordered_as_texts(files: Files) -> None:
    draw = random.Random(2)
    names = [
        "Ёлка",
        'a "quoted" one',
        "two\nlines",
        "a,b",
        "\\N",
        "NULL",
        "'",
        " x",
        "x",
        "007",
        "7",
    ]
    names += [f"node {n}" for n in range(40)]
    edges = [(draw.choice(names), draw.choice(names)) for _ in range(30)]
    assert files.find(edges) == union_find(edges, number=False)


def test_numbers_no_integer_type_holds_are_still_ordered_as_numbers(files: Files) -> None:
    huge = str(2**70)
    edges = [("9", huge), ("10", "-3"), ("007", "7"), ("-10", "-3")]
    assert files.find(edges) == {
        "9": "9", huge: "9", "10": "-10", "-3": "-10", "-10": "-10", "007": "007", "7": "007",
    }  # fmt: skip


def test_a_node_with_an_edge_to_itself_or_to_nothing_is_its_own(files: Files) -> None:
    edges = [("x", "x"), ("y", ""), ("", ""), ("p", "q"), ("q", "p"), ("p", "q")]
    assert files.find(edges) == {"x": "x", "y": "y", "p": "p", "q": "p"}
    assert files.told[0].startswith("1 rows have an empty end")


def test_edges_of_a_too_connected_node_are_cut_and_counted(files: Files) -> None:
    edges = [("hub", f"n{i}") for i in range(5)] + [("n0", "n1"), ("n0", "n1"), ("n2", "hub")]
    assert set(files.find(edges, "5").values()) == {"hub"}
    found = files.find(edges, "4")
    assert (found["hub"], found["n1"], found["n4"]) == ("hub", "n0", "n4")
    assert "cut 1 nodes of more than 4 neighbours: 5 edges" in files.told


def test_parquet_with_other_columns_is_taken(files: Files) -> None:
    path = files.folder / "edges {1,2}*.parquet"
    pq.write_table(pa.table({"w": [0.5, 1], "b": [2, 30], "a": [10, None]}), path)
    assert files.find(path) == {"2": "2", "10": "2", "30": "30"}


def test_integers_of_a_parquet_file_give_what_their_texts_give(files: Files) -> None:
    draw = random.Random(3)
    pairs = [
        (draw.randint(-(2**31), 2**31 - 1) % 500 - 250, draw.randint(-250, 250)) for _ in range(260)
    ]
    chain = [(n, n + 1) for n in range(-(2**20), -(2**20) + 400)]
    edges = [*pairs, *chain, (-(2**31), 2**31 - 1)]
    types = (pa.int32(), pa.int64())
    table = pa.table(
        {n: pa.array(v, t) for n, v, t in zip("ab", zip(*edges, strict=True), types, strict=True)}
    )
    path = files.folder / "edges.parquet"
    pq.write_table(table, path)
    found = files.find(path)
    assert found == union_find([(str(a), str(b)) for a, b in edges], number=True)
    assert found == files.find([(str(a), str(b)) for a, b in edges])


def test_integers_beyond_the_sign_and_missing_ends_of_a_parquet_file_are_kept(files: Files) -> None:
    path = files.folder / "edges.parquet"
    largest = 2**64 - 1
    pq.write_table(
        pa.table({"a": pa.array([largest, 3, None], pa.uint64()), "b": pa.array([5, None, None])}),
        path,
    )
    assert files.find(path) == {str(largest): "5", "5": "5", "3": "3"}
    pq.write_table(pa.table({"a": pa.array([7, None]), "b": pa.array([None, 8], pa.int8())}), path)
    assert files.find(path) == {"7": "7", "8": "8"}
    assert files.told[-2].startswith("2 rows have an empty end")


def test_a_file_without_edges_gives_no_nodes(files: Files) -> None:
    assert files.find([]) == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "is empty"),
        (b"x,b\n1,2\n", "has no column a; it has: x, b"),
        (b"a,b\n1,2\n3\n", r"row 3 \(the header is row 1\)"),
        (b"a,a,b\n", "more than one column a"),
        (b"\xff\xfe\n", "no CSV file in UTF-8"),
        (b"a,b\n" + b"1,x\n" * 4000 + b"2,\xc8\n", "no text in UTF-8 in 1 of its rows"),
    ],
)
def test_bad_input_is_refused_in_one_line(files: Files, text: bytes, words: str) -> None:
    path = files.folder / "bad.csv"
    path.write_bytes(text)
    with pytest.raises(Unreadable, match=words) as refused:
        files.find(path)
    assert "\n" not in str(refused.value)
    assert not files.out.exists()


def test_bad_options_are_refused(files: Files) -> None:
    path = files.write([("1", "2")])
    given = str(path)
    limits = [(given, "x", limit) for limit in ("many", "0", "²", str(2**64))]
    for edges, out, limit in [("", "x", ""), (given, "", ""), *limits]:
        with pytest.raises(Unreadable):
            find_components(edges, out, limit, files.told.append)
    with pytest.raises(Unreadable, match="is no file"):
        files.find(files.folder / "absent.csv")
    with pytest.raises(Unreadable, match="File name too long"):
        files.find(files.folder / ("x" * 300))


def test_no_answer_takes_the_place_of_what_it_is_made_of(files: Files) -> None:
    edges, former = files.write([("1", "2")]), files.write([("0", "1")], "former.csv")
    for out, since in ((edges, ""), (former, str(former))):
        with pytest.raises(Unreadable, match="would be lost"):
            find_components(str(edges), str(out), "", files.told.append, since=since)
    assert edges.read_text(encoding="utf-8").split() == ["a,b", "1,2"]


@pytest.mark.parametrize(
    "text",
    [
        b"a,b\r1,2\r2,3\r",
        b"a,b\r\n1,2\r\n2,3\r\n\r\n",
        b'a;b;"c,d,e"\n1;2;x\n2;3;y\n',
        b"a,b,,\n1,2,,\n2,3,,\n",
    ],
    ids=["CR alone", "blank last line", "commas inside quotes", "columns without a name"],
)
def test_what_spreadsheets_write_is_read(files: Files, text: bytes) -> None:
    path = files.folder / "edges.csv"
    path.write_bytes(text)
    assert files.find(path) == {"1": "1", "2": "1", "3": "1"}


def test_a_number_that_is_none_in_a_parquet_file_is_no_node(files: Files) -> None:
    path = files.folder / "edges.parquet"
    pq.write_table(pa.table({"a": [1.0, 2.0, float("nan")], "b": [2.0, float("nan"), 5.0]}), path)
    assert files.find(path) == {"1": "1", "2": "1", "5": "5"}


def test_an_answer_named_so_is_packed_and_can_be_read_again(files: Files) -> None:
    out = files.folder / "out.csv.gz"
    find_components(str(files.write([("1", "2")])), str(out), "", files.told.append)
    with gzip.open(out, "rt", encoding="utf-8") as lines:
        assert [row["component"] for row in csv.DictReader(lines)] == ["1", "1"]
    more = files.write([("2", "0")], "more.csv")
    find_components(str(more), str(files.out), "", files.told.append, since=str(out))
    with files.out.open(encoding="utf-8", newline="") as lines:
        assert {row["node"]: row["component"] for row in csv.DictReader(lines)} == {
            "0": "0", "1": "0", "2": "0",
        }  # fmt: skip


def test_an_answer_that_cannot_be_written_leaves_nothing_beside_it(files: Files) -> None:
    (files.folder / "taken.csv").mkdir()
    with pytest.raises(Unreadable, match="cannot write"):
        find_components(
            str(files.write([("1", "2")])), str(files.folder / "taken.csv"), "", files.told.append
        )
    assert sorted(path.name for path in files.folder.iterdir()) == ["edges.csv", "taken.csv"]
