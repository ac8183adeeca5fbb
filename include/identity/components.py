"""Connected components by contraction: the loop around the statements of ``sql/components``.

A round labels each node with the smallest of itself and its neighbours and joins nodes of one
label, so at least half of the nodes that still have edges go. From the second round on, when there
are few left, a node goes four labels far. Roots are composed from the last round down.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from include.identity.record_files import RecordFile, Unreadable, open_records
from include.identity.scratch import Scratch, open_scratch

Tell = Callable[[str], None]
FEW_EDGES = 50_000
"""From here on rounds cost more than rows: a node looks two steps far for its label."""
DENSE, FULL = 4, 40
"""Numbers up to so many times the edges are looked up in arrays, of up to so many cells an edge."""
_MIX = 0x9E3779B97F4A7C15
_PADDED = 78
"""Digits a number is padded to in front of its text (``names.sql``)."""


def write_components(edges: Path, out: Path, max_degree: int | None, tell: Tell) -> int:
    """Write node and component of every node named in ``edges``; the number of nodes.

    Raises :class:`Unreadable`. Edges of nodes with more than ``max_degree`` distinct neighbours are
    cut, and told.
    """
    source = open_records(edges)
    source.require(["a", "b"])
    with open_scratch("components") as scratch:
        kind, whole = _read_edges(scratch, source, tell)
        scratch.run("drop table given")
        start = "edges_given" if max_degree is None else _cut_hubs(scratch, max_degree, tell)
        statement, named = solve(scratch, start, kind, whole)
        scratch.write(statement, out, csv_order="node" if kind == "numbers" else "", **named)
        return int(scratch.run("select count() from roots_0"))


def solve(scratch: Scratch, edges: str, kind: str, whole: bool) -> tuple[str, dict[str, str | int]]:
    """Make ``roots_0``; the statement that tells each node's component, and its parameters."""
    size = _find_roots(scratch, edges)
    scratch.make("smallest_0", f"smallest_of_{kind}", roots="roots_0")
    label_type = "String" if kind == "texts" else "Int64"
    scratch.make_lookup("smallest_of", "smallest_0", label_type, size)
    named: dict[str, str | int] = {"roots": "roots_0", "smallest_of": "smallest_of"}
    if kind == "texts":
        named["skip"] = _PADDED if whole else 0
    return f"components_of_{kind}", named


def _read_edges(scratch: Scratch, source: RecordFile, tell: Tell) -> tuple[str, bool]:
    """Make ``edges_given``; whether nodes are ``numbers`` or ``texts``, and whole numbers alone."""
    columns = {"a": "a", "b": "b"}
    if source.holds_integers(["a", "b"]):
        scratch.read("given", source, columns, "Int64")
        tell_blank(scratch.rows("blank_ends")[0]["blank"], tell)
        scratch.make("edges_given", "edges_of_integers")
        return "numbers", True
    scratch.read("given", source, columns)
    seen = scratch.rows("nodes_seen")[0]
    tell_blank(seen["blank"], tell)
    if not seen["beyond_int64"]:
        scratch.make("edges_given", "edges_of_numbers")
        return "numbers", True
    whole = not scratch.rows("texts_seen")[0]["not_whole"]
    name_texts(scratch, whole)
    return "texts", whole


def tell_blank(blank: object, tell: Tell) -> None:
    """Say how many rows were no edge."""
    if blank:
        tell(f"{blank:,} rows have an empty end: no edge; the other end stands alone")


def name_texts(scratch: Scratch, whole: bool) -> None:
    """Make ``edges_given`` of ``given``, whose nodes are texts, and ``names`` by their hashes."""
    for salt in range(8):
        scratch.make("names", "names", salt=salt, whole=whole)
        if not scratch.rows("clashes")[0]["clashes"]:
            scratch.make("edges_given", "edges_of_texts", salt=salt)
            return
        scratch.run("drop table names")
    raise Unreadable("two nodes have one hash in every one of eight tries")


def _cut_hubs(scratch: Scratch, max_degree: int, tell: Tell) -> str:
    scratch.make("hubs", "hubs", max_degree=max_degree)
    cut = scratch.rows("cut")[0]
    if not cut["nodes"]:
        return "edges_given"
    tell(
        f"cut {cut['nodes']:,} nodes of more than {max_degree:,} neighbours: {cut['edges']:,} edges"
    )
    scratch.make("edges_kept", "edges_kept")
    return "edges_kept"


def _find_roots(scratch: Scratch, start: str) -> int:
    """Contract until no edge is left, then make ``roots_0``: node and root of its component.

    Returns the cells of an array by node, 0 where numbers are too far apart for one.
    """
    ends = scratch.rows("largest", edges=start)[0]
    left = int(str(ends["edges"]))
    size = int(str(ends["largest"])) + 1
    size = size if size <= DENSE * left else 0
    edges, turn = start, 0
    sizes: list[int] = []
    while True:
        label_of = f"label_of_{turn}"
        _make_labels(scratch, edges, turn, is_far=left <= FEW_EDGES)
        sizes.append(size if size <= FULL * left else 0)
        scratch.make_lookup(label_of, f"labels_{turn}", "UInt64", sizes[turn])
        how = "contracted" if turn == 0 else "contracted_far"
        scratch.make(f"edges_{turn + 1}", how, edges=edges, label_of=label_of)
        scratch.run(f"drop table {edges}")
        edges = f"edges_{turn + 1}"
        left = int(scratch.run(f"select count() from {edges}"))
        if not left:
            break
        if turn == 0:
            scratch.run(f"drop dictionary {label_of}")  # the largest, and not asked again
        turn += 1
    above = f"label_of_{turn}"
    for level in range(turn, 0, -1):
        known = {"labels": f"labels_{level}", "label_of": f"label_of_{level}", "above": above}
        scratch.make(f"roots_{level}", "roots_far", **known)
        above = f"root_of_{level}"
        scratch.make_lookup(above, f"roots_{level}", "UInt64", sizes[level])
    scratch.make("roots_0", "roots", labels="labels_0", above=above)
    return size


def _make_labels(scratch: Scratch, edges: str, turn: int, is_far: bool) -> None:
    """Make the labels of a round; ``is_far`` ones are the smallest of all within two steps."""
    salt = (turn + 1) * _MIX % 2**64
    if is_far:
        scratch.make("near", "labels", edges=edges, salt=salt)
        scratch.make_lookup("near_of", "near", "UInt64")
        scratch.make("stretched", "stretched", edges=edges, label_of="near_of")
        edges = "stretched"
    scratch.make(f"labels_{turn}", "labels", edges=edges, salt=salt)
    if is_far:
        scratch.run("drop dictionary near_of")
        scratch.run("drop table near")
        scratch.run("drop table stretched")
