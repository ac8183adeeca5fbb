"""Records that say the very same thing: a few of them are matched, the others follow.

A hundred equal records would fill every block they stand in, and blocks of many are not compared.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from include.identity.kinds import naming_alone, tells_companies

MOST_COPIES = 20
"""Equal records of one file that are matched. Two would tell whether they are one, but how often a
value stands in the file says what it is worth: fewer than these cost accuracy."""


@dataclass(frozen=True)
class Copies:
    """Which records are matched, and whom each of the others follows."""

    kept: Sequence[int]
    leaders: dict[int, tuple[int, int]]
    """Record → the first and the second of those equal to it."""

    def spread(self, answer: Sequence[int]) -> list[int]:
        """First record of each record's cluster, from those of ``kept``.

        A copy is where its leaders are together, and alone where they are not.
        """
        known = {record: self.kept[first] for record, first in zip(self.kept, answer, strict=True)}
        for record, (first, second) in self.leaders.items():
            known[record] = known[first] if known[first] == known[second] else record
        return [known[record] for record in range(len(known))]


def set_copies_aside(
    normal: Sequence[Sequence[str]], sources: Sequence[int], kinds: Sequence[str]
) -> Copies:
    """Keep :data:`MOST_COPIES` of equal records of one file; ``normal`` are values by column.

    Beside a company's name, where there is nothing else, free texts say what it does and not which
    one it is: records of one name are equal.
    """
    equal: defaultdict[tuple[object, ...], list[int]] = defaultdict(list)
    named = naming_alone(kinds) if tells_companies(kinds) else None
    for record, said in enumerate(zip(sources, *normal, strict=True)):
        name = said[1 + named] if named is not None else ""
        equal[(said[0], name) if name else said].append(record)
    leaders = {
        record: (alike[0], alike[1]) for alike in equal.values() for record in alike[MOST_COPIES:]
    }
    return Copies([one for one in range(len(sources)) if one not in leaders], leaders)
