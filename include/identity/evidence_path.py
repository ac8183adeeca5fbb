"""The shortest chain of evidence between two records or identifiers of one person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

Identifier = tuple[str, str, str]
"""Kind, key and part of an identifier of ``core.core_person_link``."""
Node = str | Identifier
"""A record by its key, or an identifier."""


@dataclass(frozen=True)
class Evidence:
    """One row of ``core.core_person_link``: this record carries this identifier."""

    record_key: str
    identifier: Identifier
    rule_id: str
    confidence: Decimal
    seen_at: datetime | None


def find_path(
    evidence: Iterable[Evidence], starts: Iterable[Node], goals: Iterable[Node]
) -> list[Evidence] | None:
    """The fewest rows from a start to a goal, the surest of equals; None when nothing joins them.

    Neighbouring rows share their record or their identifier. A start that is a goal has the empty
    path.
    """
    beside: defaultdict[Node, list[tuple[Evidence, Node]]] = defaultdict(list)
    for row in sorted(evidence, key=lambda row: (-row.confidence, row.identifier, row.record_key)):
        beside[row.record_key].append((row, row.identifier))
        beside[row.identifier].append((row, row.record_key))
    wanted = set(goals)
    came_by: dict[Node, tuple[Evidence, Node] | None] = dict.fromkeys(starts)
    front = {node: Decimal(1) for node in came_by}
    while front:
        found = [node for node in front if node in wanted]
        if found:
            return _walk_back(came_by, max(found, key=lambda node: front[node]))
        # Of paths of one length that of the largest product is the surest, up to any node of it.
        reached: dict[Node, Decimal] = {}
        for node, sureness in front.items():
            for row, other in beside[node]:
                sure = sureness * row.confidence
                if (other not in came_by) or sure > reached.get(other, sure):
                    came_by[other] = (row, node)
                    reached[other] = sure
        front = reached
    return None


def _walk_back(came_by: dict[Node, tuple[Evidence, Node] | None], goal: Node) -> list[Evidence]:
    rows: list[Evidence] = []
    step = came_by[goal]
    while step is not None:
        row, node = step
        rows.append(row)
        step = came_by[node]
    return rows[::-1]
