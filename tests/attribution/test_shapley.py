"""Shapley values against their definition, and drawn orders against the exact values."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

from include.attribution import shapley
from include.attribution.shapley import ChannelSet, find_shapley_values


def sets_of(channel_count: int, seed: int, how_many: int = 40) -> list[ChannelSet]:
    """Random sets of channels with conversions, money and failed journeys."""
    draw = random.Random(seed)
    return [
        ChannelSet(
            tuple(
                sorted(draw.sample(range(channel_count), draw.randint(1, min(5, channel_count))))
            ),
            n := draw.randint(0, 9),
            n * draw.randint(1, 100),
            n + draw.randint(0, 30),
        )
        for _ in range(how_many)
    ]


def by_definition(sets: list[ChannelSet], channel_count: int) -> list[Fraction]:
    """Mean gain over every order of channels, in fractions."""

    def rate(coalition: set[int]) -> Fraction:
        inside = [one for one in sets if set(one.channels) <= coalition]
        journeys = sum(one.journeys for one in inside)
        return Fraction(int(sum(one.conversions for one in inside)), int(journeys or 1))

    values = [Fraction(0)] * channel_count
    for order in permutations(range(channel_count)):
        for place, channel in enumerate(order):
            values[channel] += rate({*order[: place + 1]}) - rate({*order[:place]})
    return [value / math.factorial(channel_count) for value in values]


@pytest.mark.parametrize("channel_count", [1, 2, 5])
def test_every_coalition_gives_the_mean_over_every_order(channel_count: int) -> None:
    sets = sets_of(channel_count, channel_count)
    found = find_shapley_values(sets, channel_count)
    assert found.standard_errors is None
    expected = [float(value) for value in by_definition(sets, channel_count)]
    assert found.values[:, 0].tolist() == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("channel_count", [16, 17, 40])
def test_values_add_up_to_the_rate_of_all(channel_count: int) -> None:
    sets = sets_of(channel_count, 3)
    journeys = sum(one.journeys for one in sets)
    found = find_shapley_values(sets, channel_count).values.sum(axis=0)
    assert found[0] == pytest.approx(sum(one.conversions for one in sets) / journeys)
    assert found[1] == pytest.approx(sum(one.amount for one in sets) / journeys)


def test_drawn_orders_lie_within_their_stated_error(monkeypatch: pytest.MonkeyPatch) -> None:
    sets = sets_of(10, 7)
    exact = find_shapley_values(sets, 10).values
    monkeypatch.setattr(shapley, "MOST_EXACT", 9)
    drawn = find_shapley_values(sets, 10)
    assert drawn.standard_errors is not None
    assert (drawn.standard_errors > 0).any()
    distance = np.abs(drawn.values - exact) / np.maximum(drawn.standard_errors, 1e-12)
    assert distance.max() < 4
    assert np.median(distance) < 1.5
    again = find_shapley_values(sets, 10)
    assert (again.values == drawn.values).all()


def test_a_channel_in_no_journey_is_worth_nothing_and_changes_nothing() -> None:
    sets = sets_of(6, 11)
    alone, beside = find_shapley_values(sets, 6).values, find_shapley_values(sets, 7).values
    assert beside[6].tolist() == [0, 0]
    assert np.allclose(beside[:6], alone, rtol=0, atol=1e-13)
