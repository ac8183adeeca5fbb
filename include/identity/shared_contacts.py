"""Phones and mailboxes of several people, in files that name nobody: they join none of them.

Where somebody is named, contradicting names tell people apart; here nothing else would.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from include.identity.kinds import names_nobody

MOST_PARTNERS = 3
"""Mailboxes beside one phone, or phones beside one mailbox, that one person is thought to have."""


def find_shared(normal: Sequence[Sequence[str]], kinds: Sequence[str]) -> dict[int, set[str]]:
    """Values that stand beside more than :data:`MOST_PARTNERS` of the other column, by column.

    Empty unless the file tells one phone and one mailbox and no names; ``normal`` are values by
    column.
    """
    columns = [place for place, kind in enumerate(kinds) if kind in {"phone", "email"}]
    if not names_nobody(kinds) or sorted(kinds[place] for place in columns) != ["email", "phone"]:
        return {}
    shared = {}
    for place, other in (columns, columns[::-1]):
        partners: defaultdict[str, set[str]] = defaultdict(set)
        for value, partner in zip(normal[place], normal[other], strict=True):
            if value and partner:
                partners[value].add(partner)
        shared[place] = {value for value, some in partners.items() if len(some) > MOST_PARTNERS}
    return shared
