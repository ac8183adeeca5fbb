"""Cuts people and companies whose records a decision keeps apart, half-way, and the too large.

A component is small (the records of one person or company), so it is cut here and not in SQL:
every cut changes what the next decision finds connected.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

Edge = tuple[str, str, str, str, Decimal]
"""Record, identifier as kind, key and part, and the confidence of its rule."""
Decision = tuple[datetime, str, Sequence[str], Sequence[str]]
"""When, which, and the records of either side."""
Row = tuple[str, str, str, str, str, str]
"""Columns of ``core.core_person_cut`` and ``core.core_company_cut``."""
_Identifier = tuple[str, str, str]
_Carried = Mapping[str, Sequence[_Identifier]]


def cut_components(
    components: Sequence[tuple[str, Sequence[Decision] | None, Sequence[Edge], int, str]],
) -> list[Row]:
    """Rows of every component given, whatever the order of its edges.

    Decisions are applied one after another in the order given: each record goes with the side it
    is fewer steps from, with the first side when it is as far from both. What is left with more
    records than the number given loses its weakest evidence, rule by rule, until it falls into
    pieces that are small enough; what is certain (1) stays. The last element is the reason told
    of that.
    """
    return [
        row
        for _, decisions, edges, max_records, reason in components
        for row in _cut(decisions or (), sorted(map(tuple, edges)), max_records, reason)
    ]


def _cut(
    decisions: Sequence[Decision], edges: Sequence[Edge], max_records: int, too_large_reason: str
) -> list[Row]:
    carried: defaultdict[str, list[_Identifier]] = defaultdict(list)
    confidence: dict[_Identifier, Decimal] = {}
    for record, kind, key, part, sure in edges:
        carried[record].append((kind, key, part))
        confidence[kind, key, part] = sure
    pieces = [frozenset(carried)]
    decided: dict[_Identifier, str] = {}
    for _, decision, first, second in decisions:
        done: list[frozenset[str]] = []
        for piece in pieces:
            firsts, seconds = piece.intersection(first), piece.intersection(second)
            if not firsts or not seconds:
                done.append(piece)
                continue
            side = _nearest(piece, carried, firsts, seconds)
            for identifier in _shared(side, carried):
                decided.setdefault(identifier, decision)
            for number in (0, 1):
                done += _connected({r for r in piece if side[r] == number}, carried)
        pieces = done
    pieces = [
        small for piece in pieces for small in _shrink(piece, carried, confidence, max_records)
    ]
    piece_of = {record: min(piece) for piece in pieces for record in piece}
    outgrown = set(_shared(piece_of, carried)) - decided.keys()
    rows: list[Row] = []
    for record, *identifier, _ in edges:
        named = tuple(identifier)
        reason = "decided_different" if named in decided else ""
        reason = too_large_reason if named in outgrown else reason
        rows.append((record, *named[:2], piece_of[record], reason, decided.get(named, "")))
    return rows


def _shrink(
    piece: frozenset[str],
    carried: _Carried,
    confidence: Mapping[_Identifier, Decimal],
    max_records: int,
) -> list[frozenset[str]]:
    """The piece, or what it falls into without the weakest evidence in it."""
    if len(piece) <= max(max_records, 1):
        return [piece]
    weakest = min(confidence[identifier] for record in piece for identifier in carried[record])
    if weakest >= 1:
        return [piece]
    kept = {
        record: [one for one in carried[record] if confidence[one] > weakest] for record in piece
    }
    return [
        small
        for part in _connected(set(piece), kept)
        for small in _shrink(part, kept, confidence, max_records)
    ]


def _nearest(
    piece: frozenset[str], carried: _Carried, firsts: Iterable[str], seconds: Iterable[str]
) -> dict[str, int]:
    """Record → the side, 0 or 1, it is fewer steps from; both sides start at once."""
    bearers = _bearers(piece, carried)
    side = {**dict.fromkeys(seconds, 1), **dict.fromkeys(firsts, 0)}
    front = sorted(side, key=lambda record: (side[record], record))
    while front:
        reached: dict[str, int] = {}
        for record in front:
            for identifier in carried[record]:
                for other in bearers.pop(identifier, ()):
                    if other not in side:
                        reached.setdefault(other, side[record])
        side |= reached
        front = sorted(reached, key=lambda record: (reached[record], record))
    return side


def _shared(side: Mapping[str, int | str], carried: _Carried) -> list[_Identifier]:
    """Identifiers of records of more than one side."""
    sides: defaultdict[_Identifier, set[int | str]] = defaultdict(set)
    for record, number in side.items():
        for identifier in carried[record]:
            sides[identifier].add(number)
    return [identifier for identifier, found in sides.items() if len(found) > 1]


def _connected(records: set[str], carried: _Carried) -> list[frozenset[str]]:
    """The pieces a side consists of: what held it together may have been on the other side."""
    bearers = _bearers(records, carried)
    pieces: list[frozenset[str]] = []
    left = set(records)
    while left:
        todo = [min(left)]
        piece = set(todo)
        while todo:
            for identifier in carried[todo.pop()]:
                new = bearers.pop(identifier, set()) - piece
                piece |= new
                todo += new
        left -= piece
        pieces.append(frozenset(piece))
    return pieces


def _bearers(records: Iterable[str], carried: _Carried) -> dict[_Identifier, set[str]]:
    """Identifier → those of the records that carry it."""
    bearers: defaultdict[_Identifier, set[str]] = defaultdict(set)
    for record in records:
        for identifier in carried[record]:
            bearers[identifier].add(record)
    return dict(bearers)
