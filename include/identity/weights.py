"""The Fellegi–Sunter model: what each level of agreement is worth, estimated from the data at hand.

Pairs are taken as agreeing independently in each column, given that they are one entity or two.
How pairs of one entity agree (m) is found by expectation maximisation from ``EXPECTED`` of the
kind; how pairs of two agree (u) from pairs drawn blindly, less the part that is of one entity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.identity.features import UNSEEN_RECORDS
from include.identity.kinds import EXPECTED, naming_alone

Array = npt.NDArray[np.float64]
_LEVELS = 5
_NEAR = 4
"""From this level on two values pass for spellings of one."""
_BLIND = (0.93, 0.04, 0.015, 0.01, 0.005)
"""How two records of two entities agree in most columns."""
_BLIND_EQUAL = {"state": 0.3, "city": 0.15, "given_name": 0.02, "house_number": 0.02}
_LARGEST_SHARE = 0.02
"""Of all pairs, at most these are of one entity: a handful of records is not to merge at sight."""
_PSEUDO_PAIRS = 20.0
"""How many pairs of one entity the expectation counts as."""
_TRUST = 0.2
"""And at least this share of the pairs found: a column nobody agrees in is not to be believed."""
_ROUNDS = 25
_BY_CHANCE = 0.1
"""Where one naming column stands beside free texts alone, or alone, little tells records equal by
chance from records of one entity: this share of equal pairs is thought to be of two."""


@dataclass(frozen=True)
class Model:
    """``weights[column][level]`` in bits, level 0 (unknown) is 0; ``prior`` log2 odds of a pair."""

    prior: float
    weights: list[list[float]]
    equal: list[float]
    """Chance that two records of two entities are equal in the column."""


def estimate(
    kinds: Sequence[str],
    seen: tuple[npt.NDArray[np.int64], Array],
    blind: tuple[npt.NDArray[np.int64], Array],
    all_pairs: float,
    records: int,
) -> Model:
    """Fit to patterns (rows of levels, with their numbers of pairs) of blocked and blind pairs.

    ``all_pairs`` is how many pairs there are; those not blocked are taken as of two entities.
    """
    levels, counts = seen
    one = [np.array(EXPECTED[kind]) for kind in kinds]
    raw = [_frequencies(blind, column, kind) for column, kind in enumerate(kinds)]
    agreed = _agreed(blind, kinds, raw)
    largest_share = min(0.5, max(_LARGEST_SHARE, 2 * agreed))
    share_of_one = max(agreed, min(_LARGEST_SHARE, records / 2 / all_pairs))
    two = [_of_two(kinds, column, share, share_of_one) for column, share in enumerate(raw)]
    for _ in range(_ROUNDS):
        bits = _weights(one, two)
        odds = np.full(len(counts), np.log2(share_of_one / (1 - share_of_one)))
        for column, values in enumerate(bits):
            odds += values[levels[:, column]]
        # Pairs that are rather of two entities teach nothing: there are so many of them, alike by
        # the very key that found them, that they would pull the estimate over to themselves.
        likely = np.where(odds > 0, counts / (1 + np.exp2(-np.clip(odds, -60, 60))), 0)
        share_of_one = float(np.clip((likely.sum() + 1) / all_pairs, 1e-12, largest_share))
        for column, kind in enumerate(kinds):
            found = np.bincount(levels[:, column], weights=likely, minlength=_LEVELS + 1)[1:]
            known = max(_PSEUDO_PAIRS, found.sum() * _TRUST)
            expected = known * np.array(EXPECTED[kind])
            one[column] = (found + expected) / (found.sum() + known)
            cleaned = (raw[column] - share_of_one * one[column]) / (1 - share_of_one)
            cleaned = np.maximum(cleaned, 0.05 * raw[column])
            two[column] = _of_two(kinds, column, cleaned, share_of_one)
    bits = _weights(one, two)
    prior = float(np.log2(share_of_one / (1 - share_of_one)))
    return Model(prior, [list(map(float, b)) for b in bits], [float(u[-1]) for u in two])


def _frequencies(blind: tuple[npt.NDArray[np.int64], Array], column: int, kind: str) -> Array:
    levels, counts = blind
    found = np.bincount(levels[:, column], weights=counts, minlength=_LEVELS + 1)[1:]
    # As many pairs of two entities are thought of beside the ones drawn: few records draw few.
    equal = _BLIND_EQUAL.get(kind, _BLIND[-1])
    expected = UNSEEN_RECORDS * np.array((*_BLIND[:-1], equal))
    return (found + expected) / (found.sum() + expected.sum())


def _of_two(kinds: Sequence[str], column: int, shares: Array, share_of_one: float) -> Array:
    """How pairs of two entities agree in a column: ``shares`` of its levels, made to sum to 1."""
    if naming_alone(kinds) == column:
        shares = np.append(shares[:-1], min(shares[-1], _BY_CHANCE * share_of_one))
    return shares / shares.sum()


def _agreed(
    blind: tuple[npt.NDArray[np.int64], Array], kinds: Sequence[str], raw: Sequence[Array]
) -> float:
    """Share of pairs that agree in all that both tell, less the share that would do so by chance.

    So many are of one entity, however many records each has. Free texts tell nothing here.
    """
    alone = naming_alone(kinds)
    if alone is not None:
        return float((1 - _BY_CHANCE) * raw[alone][-1])
    told = [column for column, kind in enumerate(kinds) if kind != "text"]
    levels, counts = blind[0][:, told], blind[1]
    is_known = levels > 0
    is_told = is_known.any(axis=1)
    agree = is_told & ((levels >= _NEAR) | ~is_known).all(axis=1)
    near = np.array([raw[column][_NEAR - 1 :].sum() for column in told])
    by_chance = np.where(is_told, np.where(is_known, near, 1.0).prod(axis=1), 0.0)
    return max(0.0, float((counts * (agree - by_chance)).sum() / (counts.sum() + UNSEEN_RECORDS)))


def _weights(one: Sequence[Array], two: Sequence[Array]) -> list[Array]:
    """Bits of each level, 0 for unknown; farther is never worth more than nearer."""
    bits = [np.log2(m / u) for m, u in zip(one, two, strict=True)]
    return [np.concatenate(([0.0], np.minimum.accumulate(b[::-1])[::-1])) for b in bits]
