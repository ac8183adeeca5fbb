"""The Fellegi–Sunter model: what each level of agreement is worth, estimated from the data at hand.

Pairs are taken as agreeing independently in each column, given that they are one entity or two.
How pairs of one entity agree (m) is found by expectation maximisation from ``EXPECTED`` of the
kind; how pairs of two agree (u) from pairs drawn blindly, less the part that is of one entity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from include.identity.kinds import EXPECTED, employer
from include.identity.pair_groups import (
    COLLEAGUES,
    HOUSEMATES,
    LEVELS,
    STRANGERS,
    Array,
    Group,
    Patterns,
    share_untold,
    shares_of_two,
    split_pairs,
)

_PSEUDO_PAIRS = 20.0
"""How many pairs of one entity the expectation counts as."""
_TRUST = 0.2
"""And at least this share of the pairs found: a column nobody agrees in is not to be believed."""
_ROUNDS = 25
_FOUND_AT_LEAST = 50.0
_DRAWN_AT_LEAST = 2_000.0
"""Of fewer pairs that tell so many columns no share is taken."""


@dataclass(frozen=True)
class Model:
    """What to add up for a pair of each group: strangers, colleagues, housemates."""

    priors: list[float]
    """log2 odds that a pair is of one entity."""
    weights: list[list[list[float]]]
    """Bits by column and level; level 0 (unknown) is 0."""
    equal: list[float]
    """Chance that two records of two entities are equal in the column."""


def estimate(
    kinds: Sequence[str], seen: Patterns, blind: Patterns, all_pairs: float, records: int
) -> Model:
    """Fit to the patterns of blocked and of blind pairs.

    ``all_pairs`` is how many pairs there are; those not blocked are taken as of two entities.
    """
    firm = employer(kinds)
    one = [np.array(EXPECTED[kind]) for kind in kinds]
    raw, groups = split_pairs(kinds, seen, blind, all_pairs, records)
    overall, untold = 0.0, share_untold(kinds, blind)
    for _ in range(_ROUNDS):
        likely = {n: _likely(group, _bits(group, one, firm)) for n, group in groups.items()}
        # Who is a colleague or a housemate is not told of some: as many of them are of one entity.
        least = untold * _count_of_one(kinds, groups, likely, blind)
        found = [np.zeros(LEVELS) for _ in kinds]
        for number, group in groups.items():
            likeliest = max(least if number == STRANGERS else 0.0, float(likely[number].sum()))
            share = (likeliest + 1) / group.number
            group.share_of_one = float(np.clip(share, 1e-12, group.largest_share))
            for column in range(len(kinds)):
                found[column] += group.seen.by_level(column, likely[number])
        for column, kind in enumerate(kinds):
            known = max(_PSEUDO_PAIRS, found[column].sum() * _TRUST)
            expected = known * np.array(EXPECTED[kind])
            one[column] = (found[column] + expected) / (found[column].sum() + known)
        overall = sum(group.share_of_one * group.number for group in groups.values()) / all_pairs
        for group in groups.values():
            group.clean(one, overall)
    listed = [groups.get(number, groups[STRANGERS])
              for number in (STRANGERS, COLLEAGUES, HOUSEMATES)]  # fmt: skip
    return Model(
        [_odds(group) for group in listed],
        [[list(map(float, b)) for b in _bits(group, one, firm)] for group in listed],
        [float(shares_of_two(*both, overall)[-1]) for both in zip(raw, one, strict=True)],
    )


def _count_of_one(
    kinds: Sequence[str], groups: Mapping[int, Group], likely: Mapping[int, Array], blind: Patterns
) -> float:
    """How many pairs are of one entity, also of those who tell too little to be known for it.

    Found are those that tell much: among pairs that tell less as large a share is of one entity.
    """
    told = [column for column, kind in enumerate(kinds) if kind != "text"]
    drawn = (blind.levels[:, told] > 0).sum(axis=1)
    seen = {n: (group.seen.levels[:, told] > 0).sum(axis=1) for n, group in groups.items()}
    for columns in range(len(told), 1, -1):
        pairs = float(blind.counts[drawn >= columns].sum())
        found = sum(float(some[seen[n] >= columns].sum()) for n, some in likely.items())
        if found >= _FOUND_AT_LEAST and pairs >= _DRAWN_AT_LEAST:
            return found * float(blind.counts.sum()) / pairs
    return sum(float(some.sum()) for some in likely.values())


def _odds(group: Group) -> float:
    return float(np.log2(group.share_of_one / (1 - group.share_of_one)))


def _likely(group: Group, bits: Sequence[Array]) -> Array:
    """How many pairs of each pattern are of one entity.

    Pairs that are rather of two entities teach nothing: there are so many of them, alike by the
    very key that found them, that they would pull the estimate over to themselves.
    """
    odds = np.full(len(group.seen.counts), _odds(group))
    for column, values in enumerate(bits):
        odds += values[group.seen.levels[:, column]]
    return np.where(odds > 0, group.seen.counts / (1 + np.exp2(-np.clip(odds, -60, 60))), 0)


def _bits(group: Group, one: Sequence[Array], firm: int | None) -> list[Array]:
    """Bits of each level, 0 for unknown; farther is never worth more than nearer.

    Whether two are colleagues is in the odds of their group.
    """
    bits = [np.log2(m / u) for m, u in zip(one, group.two, strict=True)]
    if firm is not None:
        bits[firm] = np.zeros(LEVELS)
    return [np.concatenate(([0.0], np.minimum.accumulate(b[::-1])[::-1])) for b in bits]
