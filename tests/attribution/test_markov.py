"""Removal effects against chains one can solve on paper, and against plain deletion."""

from __future__ import annotations

import random

import numpy as np
import pytest

from include.attribution import markov
from include.attribution.markov import Step, TooManyStates, find_removal_effects


def chain_of(paths: list[tuple[str, float, float, float]], order: int) -> list[Step]:
    """Steps of paths of one-letter channels: conversions, amount and nulls of each."""
    steps = []
    for path, conversions, amount, nulls in paths:
        names = ["", *path, ""]
        for place in range(len(names) - 1):
            previous = names[place - 1] if order == 2 and place else ""
            weight = conversions + nulls
            steps.append(
                Step(previous, names[place], names[place + 1], weight, conversions, amount)
            )
    return steps


def solve_without(steps: list[Step], order: int, removed: str) -> tuple[float, float]:
    """What a journey earns when ``removed`` leads nowhere, by a system of its own."""
    states = sorted({(s.previous, s.channel) for s in steps})
    place = {state: i for i, state in enumerate(states)}
    left, right, passed = (
        np.zeros((len(states), len(states))),
        np.zeros((len(states), 2)),
        np.zeros(len(states)),
    )
    for s in steps:
        here = place[(s.previous, s.channel)]
        passed[here] += s.weight
        if s.next_channel:
            following = (s.channel if order == 2 else "", s.next_channel)
            left[here, place[following]] += s.weight
        else:
            right[here] += (s.conversions, s.amount)
    left, right = left / passed[:, None], right / passed[:, None]
    gone = [i for (_, channel), i in place.items() if channel == removed]
    left[gone], right[gone] = 0, 0
    answer = np.linalg.solve(np.eye(len(states)) - left, right)[place[("", "")]]
    return float(answer[0]), float(answer[1])


def test_two_channels_in_a_row_lose_everything_together() -> None:
    effects = find_removal_effects(chain_of([("ab", 1, 10, 1)], 1), 1)
    assert effects.conversions == pytest.approx({"a": 1.0, "b": 1.0})
    assert effects.amount == pytest.approx({"a": 1.0, "b": 1.0})


@pytest.mark.parametrize("order", [1, 2])
def test_one_inverse_equals_deleting_each_channel(order: int) -> None:
    draw = random.Random(order)
    paths = [
        ("".join(draw.choices("abcdef", k=draw.randint(1, 8))), draw.randint(0, 9), 0.0, 3.0)
        for _ in range(60)
    ]
    paths = [(path, n, n * draw.random() * 100, z) for path, n, _, z in paths]
    steps = chain_of(paths, order)
    whole = solve_without(steps, order, "nobody")
    effects = find_removal_effects(steps, order)
    for channel in "abcdef":
        lost = solve_without(steps, order, channel)
        assert effects.conversions[channel] == pytest.approx(1 - lost[0] / whole[0], abs=1e-12)
        assert effects.amount[channel] == pytest.approx(1 - lost[1] / whole[1], abs=1e-12)


def test_a_chain_that_earns_nothing_has_no_effects() -> None:
    effects = find_removal_effects(chain_of([("ab", 0, 0, 5)], 2), 2)
    assert effects.conversions == {"a": 0.0, "b": 0.0}
    assert find_removal_effects([], 1).conversions == {}


def test_a_chain_too_large_to_solve_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markov, "MOST_STATES", 2)
    with pytest.raises(TooManyStates, match="3 states, at most 2"):
        find_removal_effects(chain_of([("abc", 1, 1, 0)], 1), 1)
