"""Connected components by contraction: the loop around the statements of ``sql/components``.

A round gives each node the smallest of itself and its neighbours and joins nodes of one label, so
at least half of the nodes that still have edges go. Labels are composed from the last round down.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from include.identity.record_files import Unreadable, open_records
from include.identity.scratch import Scratch, open_scratch

Tell = Callable[[str], None]
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
        scratch.read("given", source, {"a": "a", "b": "b"})
        seen = scratch.rows("nodes_seen")[0]
        if seen["blank"]:
            tell(f"{seen['blank']:,} rows have an empty end: no edge; the other end stands alone")
        numbers = not seen["beyond_int64"]
        whole = numbers or not scratch.rows("texts_seen")[0]["not_whole"]
        if numbers:
            scratch.make("edges_given", "edges_of_numbers")
        else:
            _name_texts(scratch, whole)
        scratch.run("drop table given")
        start = "edges_given" if max_degree is None else _cut_hubs(scratch, max_degree, tell)
        answers = _contract(scratch, start, numbers)
        if numbers:
            scratch.write("components_of_numbers", out, labels="labels_0", answers=answers)
        else:
            skip = _PADDED if whole else 0
            scratch.write("components_of_texts", out, labels="labels_0", answers=answers, skip=skip)
        return int(scratch.run("select count() from labels_0"))


def _name_texts(scratch: Scratch, whole: bool) -> None:
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


def _contract(scratch: Scratch, start: str, numbers: bool) -> str:
    """Contract until no edge is left; the table that answers for the labels of the first round."""
    edges, turn = start, 0
    while True:
        labels = f"labels_{turn}"
        salt = (turn + 1) * _MIX % 2**64
        scratch.make(labels, "labels", edges=edges, salt=salt)
        scratch.make_lookup("label_of", "label_of", labels=labels)
        scratch.make(f"edges_{turn + 1}", "contracted", edges=edges, label_of="label_of")
        scratch.run("drop table label_of")
        scratch.run(f"drop table {edges}")
        edges, turn = f"edges_{turn + 1}", turn + 1
        if turn == 1 and numbers:
            scratch.make("smallest_1", "smallest_of_numbers", labels=labels)
        else:
            below = "names" if turn == 1 else f"smallest_{turn - 1}"
            scratch.make(f"smallest_{turn}", "smallest", labels=labels, below=below)
        if scratch.run(f"select count() from {edges}").strip() == "0":
            break
    answers = f"smallest_{turn}"
    for level in range(turn - 1, 0, -1):
        scratch.make(
            f"answers_{level}",
            "answers",
            own=f"smallest_{level}",
            labels=f"labels_{level}",
            above=answers,
        )
        answers = f"answers_{level}"
    return answers
