"""Pairs among whom two entities agree in one manner: strangers, colleagues and housemates.

Colleagues share their firm's city, its switchboard and its mail domain, and who lives together
shares surname, address and telephone, so among them these say little of who is who.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from include.identity.features import UNSEEN_RECORDS
from include.identity.kinds import (
    EXPECTED,
    NAMING,
    PERSONAL,
    employer,
    homes,
    names_nobody,
    naming_alone,
)

Array = npt.NDArray[np.float64]
LEVELS = 5
_NEAR = 4
"""From this level on two values pass for spellings of one."""
STRANGERS, COLLEAGUES, HOUSEMATES = 1, 2, 3
"""Numbers of the groups, as ``sql/match/compared.sql`` tells them."""
_BLIND = (0.93, 0.04, 0.015, 0.01, 0.005)
"""How two records of two entities are thought to agree in most columns, beside those drawn."""
_BLIND_EQUAL = {"state": 0.3, "city": 0.15, "given_name": 0.02, "house_number": 0.02}
_COLLEAGUES_EQUAL = {
    "city": 0.8, "state": 0.8, "domain": 0.8, "address": 0.5, "postcode": 0.5, "house_number": 0.5,
    "phone": 0.2, "email": 0.05,
}  # fmt: skip
"""How often two colleagues are thought to be equal, beside those drawn."""
_HOUSEMATES_EQUAL = {
    "city": 0.95, "state": 0.95, "postcode": 0.95, "house_number": 0.9, "address": 0.7,
    "surname": 0.6, "phone": 0.4, "domain": 0.3,
}  # fmt: skip
_NAMESAKES = (0.01, 0.01)
"""How often the full names of two of one household are nearly equal, and equal."""
_EQUAL = np.array((0.0, 0.0, 0.0, 0.0, 1.0))
_LARGEST_SHARE = 0.02
"""Of pairs of strangers, at most these are of one entity unless more agree in all they tell: a
handful of records is not to merge at sight."""
_OWN = frozenset({"email", "tax_id"})
_OWN_BY_CHANCE = 1e-6
"""How often two strangers have one mailbox: what is seen more is of one entity, though hardly any
agree in something else."""
_BY_CHANCE = 0.1
"""Where one naming column stands beside free texts alone, or alone, little tells records equal by
chance from records of one entity: this share of equal pairs is thought to be of two."""


@dataclass(frozen=True)
class Patterns:
    """Combinations of levels, one a row, the group of their pairs and how many pairs there are."""

    levels: npt.NDArray[np.int64]
    groups: npt.NDArray[np.int64]
    counts: Array

    def of_group(self, group: int) -> Patterns:
        """The patterns of one group."""
        chosen = self.groups == group
        return Patterns(self.levels[chosen], self.groups[chosen], self.counts[chosen])

    def by_level(self, column: int, counts: Array | None = None) -> Array:
        """Pairs at each level but "unknown"; ``counts`` of patterns may stand for their own."""
        weights = self.counts if counts is None else counts
        return np.bincount(self.levels[:, column], weights=weights, minlength=LEVELS + 1)[1:]


@dataclass
class Group:
    """``seen`` are the patterns of blocked pairs, ``raw`` how pairs agree, of one entity or of two.
    ``own`` are kinds whose values two entities of the group hardly share.

    ``number`` is how many pairs there are, ``share_of_one`` how many of them are of one entity, and
    ``two`` the shares of levels of the others.
    """

    kinds: Sequence[str]
    own: frozenset[str]
    seen: Patterns
    raw: list[Array]
    number: float
    largest_share: float
    share_of_one: float
    two: list[Array]

    def clean(self, one: Sequence[Array], overall: float) -> None:
        """Find ``two`` anew: of ``raw``, what is not of one entity.

        Names are as equal among colleagues as among all, so ``overall`` is the share of all pairs
        that are of one entity.
        """
        alone = naming_alone(self.kinds)
        for column, (kind, shares) in enumerate(zip(self.kinds, self.raw, strict=True)):
            share = overall if kind in PERSONAL else self.share_of_one
            of_two = shares_of_two(shares, one[column], share)
            if kind in self.own and column != alone:
                of_two = _hardly_equal(of_two)
            if column == alone:
                by_chance = min(of_two[-1], _BY_CHANCE * self.share_of_one)
                of_two = np.append(shares[:-1], by_chance)
            self.two[column] = of_two / of_two.sum()


@dataclass
class Housemates(Group):
    """Most of them may be one: what is not is too little to be found without a thought of it."""

    thought: list[Array]

    def clean(self, one: Sequence[Array], overall: float) -> None:
        """Find ``two`` anew; what is a person's own is as equal as among all."""
        for column, (kind, thought) in enumerate(zip(self.kinds, self.thought, strict=True)):
            if kind in self.own:
                of_two = shares_of_two(self.raw[column], one[column], overall)
                if kind in _OWN:
                    of_two = _hardly_equal(of_two)
            else:
                known = self.seen.by_level(column)
                of_one = self.share_of_one * known.sum() * one[column]
                of_two = np.maximum(known - of_one, 0) + UNSEEN_RECORDS * thought
                if kind == "name":
                    of_two = np.append(of_two[: _NEAR - 1] / of_two[: _NEAR - 1].sum(), _NAMESAKES)
            self.two[column] = of_two / of_two.sum()


def split_pairs(
    kinds: Sequence[str], seen: Patterns, blind: Patterns, all_pairs: float, records: int
) -> tuple[list[Array], dict[int, Group]]:
    """Shares of levels of blind pairs by column, and the groups by their number.

    Colleagues are where the file tells people's employer, housemates where it tells their address.
    """
    raw = [
        _shares(blind, column, np.array((*_BLIND[:-1], _BLIND_EQUAL.get(kind, _BLIND[-1]))))
        for column, kind in enumerate(kinds)
    ]
    groups: dict[int, Group] = {}
    for group in sorted({STRANGERS, *map(int, seen.groups)}):
        some, drawn = seen.of_group(group), blind.of_group(group)
        number = all_pairs * (drawn.counts.sum() + 1) / (blind.counts.sum() + 1)
        if group == HOUSEMATES:
            groups[group] = _housemates(kinds, some, raw)
            continue
        # Among colleagues the name of the firm tells nothing.
        told = ["text" if group == COLLEAGUES and kind == "company" else kind for kind in kinds]
        shares = raw
        if blind.groups.max(initial=STRANGERS) > STRANGERS:
            shares = [
                raw[column]
                if kind in PERSONAL
                else _shares(drawn, column, _thought(kind, raw[column], group))
                for column, kind in enumerate(kinds)
            ]
        largest = (
            max(_LARGEST_SHARE, records / 2 / number) if group == COLLEAGUES else _LARGEST_SHARE
        )
        own = _own(kinds) if group == STRANGERS else frozenset[str]()
        groups[group] = _group(told, own, some, drawn, shares, number, records, largest)
    return raw, groups


def share_untold(kinds: Sequence[str], blind: Patterns) -> float:
    """Share of pairs of whom nobody knows whether they are colleagues or housemates."""
    firm = employer(kinds)
    told = [*homes(kinds), *([[firm]] if firm is not None else [])]
    if not told:
        return 1.0
    is_told = np.any([(blind.levels[:, shared] > 0).all(axis=1) for shared in told], axis=0)
    return float(blind.counts[~is_told].sum() / max(1.0, blind.counts.sum()))


def _housemates(kinds: Sequence[str], seen: Patterns, raw: Sequence[Array]) -> Group:
    """All pairs of one address are blocked, or nearly so."""
    thought = [_thought(kind, raw[column], HOUSEMATES) for column, kind in enumerate(kinds)]
    number = seen.counts.sum() + 1
    own = _OWN | {"given_name", "birth_date"}
    return Housemates(kinds, own, seen, list(raw), number, 0.99, 0.5, list(thought), thought)


def shares_of_two(shares: Array, of_one: Array, share_of_one: float) -> Array:
    """Shares of the levels among pairs of two, from those of all pairs and of pairs of one."""
    of_two = (shares - share_of_one * of_one) / (1 - share_of_one)
    return np.maximum(of_two, 0.05 * shares)


def _hardly_equal(shares: Array) -> Array:
    return np.append(shares[:-1], min(shares[-1], _OWN_BY_CHANCE))


def _thought(kind: str, raw: Array, group: int) -> Array:
    """What is thought of pairs beside those drawn: few of a group are drawn in a large file."""
    shared = {COLLEAGUES: _COLLEAGUES_EQUAL, HOUSEMATES: _HOUSEMATES_EQUAL}.get(group, {})
    equal = shared.get(kind, 0.0)
    return raw * (1 - equal) + equal * _EQUAL


def _own(kinds: Sequence[str]) -> frozenset[str]:
    """Mailboxes and tax numbers; phones, too, where no name says who else answers them."""
    return _OWN | {"phone"} if names_nobody(kinds) else _OWN


def _group(
    kinds: Sequence[str],
    own: frozenset[str],
    seen: Patterns,
    blind: Patterns,
    raw: list[Array],
    number: float,
    records: int,
    largest: float,
) -> Group:
    """The start: as many pairs are of one entity as agree in all, or as there are pairs of two."""
    agreed = _agreed(blind, kinds, raw)
    largest_share = min(0.5, max(largest, 2 * agreed))
    share = max(agreed, min(largest_share, records / 2 / number))
    group = Group(kinds, own, seen, raw, number, largest_share, share, list(raw))
    group.clean([np.array(EXPECTED[kind]) for kind in kinds], share)
    return group


def _shares(blind: Patterns, column: int, thought: Array) -> Array:
    """Shares of the levels among pairs drawn; few records draw few, so some are thought of."""
    shares = blind.by_level(column) + UNSEEN_RECORDS * thought
    return shares / shares.sum()


def _agreed(blind: Patterns, kinds: Sequence[str], raw: Sequence[Array]) -> float:
    """Share of pairs that agree in all they tell, or in two names, less what would do so by chance.

    So many are of one entity, however many records each has. Free texts tell nothing here.
    """
    alone = naming_alone(kinds)
    if alone is not None:
        return float((1 - _BY_CHANCE) * raw[alone][-1])
    told = [column for column, kind in enumerate(kinds) if kind != "text"]
    naming = [column for column in told if kinds[column] in NAMING]
    return max(
        _agreed_in(blind, told, raw, is_partial=True),
        *(_agreed_in(blind, two, raw, is_partial=False) for two in combinations(naming, 2)),
        0.0,
    )


def _agreed_in(
    blind: Patterns, columns: Sequence[int], raw: Sequence[Array], *, is_partial: bool
) -> float:
    levels, counts = blind.levels[:, columns], blind.counts
    is_known = levels > 0
    is_told = is_known.any(axis=1) if is_partial else is_known.all(axis=1)
    agree = is_told & ((levels >= _NEAR) | ~is_known).all(axis=1)
    near = np.array([raw[column][_NEAR - 1 :].sum() for column in columns])
    by_chance = np.where(is_told, np.where(is_known, near, 1.0).prod(axis=1), 0.0)
    return float((counts * (agree - by_chance)).sum() / (counts[is_told].sum() + UNSEEN_RECORDS))
