"""New edges on top of a former answer: what they bring and what they move, at their own cost.

Each new edge is one between the components its ends were in, so only those few are contracted. A
component bears its smallest node, hence the smallest of several components is that of their union.
"""

from __future__ import annotations

from pathlib import Path

from include.identity.components import Tell, name_texts, solve, tell_blank
from include.identity.record_files import RecordFile, Unreadable, open_records
from include.identity.scratch import Scratch, open_scratch


def write_changes(edges: Path, since: Path, out: Path, tell: Tell) -> int:
    """Write node and component of every node that is new or has moved; how many.

    ``since`` is the answer over all edges before. Raises :class:`Unreadable`, also where the new
    nodes would put all former ones into another order.
    """
    new, former = open_records(edges), open_records(since)
    new.require(["a", "b"])
    former.require(["node", "component"])
    integers = new.holds_integers(["a", "b"]) and former.holds_integers(["node", "component"])
    with open_scratch("components") as scratch:
        whole = _read(scratch, new, former, integers)
        scratch.make("known", "known")
        scratch.make("lifted", "lifted")
        if scratch.rows("repeated")[0]["repeated"]:
            raise Unreadable(f"{since} names a node twice: it is no answer of make components")
        scratch.run("drop table given")
        scratch.run("rename table lifted to given")
        if integers:
            tell_blank(scratch.rows("blank_ends")[0]["blank"], tell)
            scratch.make("edges_given", "edges_of_integers")
        else:
            tell_blank(scratch.rows("nodes_seen")[0]["blank"], tell)
            name_texts(scratch, whole)
        statement, named = solve(scratch, "edges_given", "numbers" if integers else "texts", whole)
        scratch.make("answer", statement, **named)
        scratch.make("changes", "changes")
        told = scratch.rows("changes_told")[0]
        tell(f"{told['arrived']:,} nodes are new, {told['moved']:,} moved to another component")
        order = "toInt256OrZero(node)" if whole and not integers else "node"
        scratch.write("changes_written", out, csv_order=order)
        return int(str(told["arrived"])) + int(str(told["moved"]))


def _read(scratch: Scratch, new: RecordFile, former: RecordFile, integers: bool) -> bool:
    """Make ``given`` and ``former``; whether all nodes of both are whole numbers."""
    number = "Int64" if integers else ""
    scratch.read("given", new, {"a": "a", "b": "b"}, number)
    scratch.read("former", former, {"node": "node", "component": "component"}, number)
    before = scratch.rows("former_blank" if integers else "former_seen")[0]
    if before["blank"]:
        raise Unreadable(f"{former.path} has an empty cell: it is no answer of make components")
    if integers:
        return True
    is_new_whole = not scratch.rows("texts_seen")[0]["not_whole"]
    if before["nodes"] and not before["not_whole"] and not is_new_whole:
        raise Unreadable(
            f"{new.path} has nodes that are no whole numbers, {former.path} has none: all of them"
            " would be ordered as texts; find the components of all edges once, without SINCE"
        )
    return is_new_whole and not before["not_whole"]
