"""Removal effects of channels in a Markov chain of journeys, solved exactly as a linear system.

A state is a channel (order 1) or a channel with the one before it (order 2); every journey starts
in one state and ends converted or not. Removing a channel sends whoever reaches it away for good.
After Anderl et al., "Mapping the customer journey", IJRM 33 (2016).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

MOST_STATES = 6_000
"""A dense matrix of so many states takes 288 MB, and about a minute."""

_START = ("", "")


class TooManyStates(ValueError):
    """The chain does not fit a dense matrix; the message carries the number of states."""


@dataclass(frozen=True)
class Step:
    """All journeys that went from one channel to the next.

    ``channel`` is empty before the first touch, ``next_channel`` after the last; ``previous`` is
    empty in chains of order 1. ``weight`` counts journeys, converted or not; ``conversions`` and
    ``amount`` are meant where the journey ends.
    """

    previous: str
    channel: str
    next_channel: str
    weight: float
    conversions: float
    amount: float


@dataclass(frozen=True)
class RemovalEffects:
    """What is lost without a channel, as a share of all: of conversions, and of their amount."""

    conversions: Mapping[str, float]
    amount: Mapping[str, float]


def find_removal_effects(steps: Sequence[Step], order: int) -> RemovalEffects:
    """Removal effect of every channel; 0 for all where the chain earns nothing.

    The amount's effect weighs a conversion with the mean amount of the conversions after the same
    last state. Raises :class:`TooManyStates`.
    """
    chain = [step for step in steps if step.weight > 0]
    states = sorted({_state(step, order) for step in chain} - {_START})
    if len(states) > MOST_STATES:
        raise TooManyStates(f"{len(states):,} states, at most {MOST_STATES:,} can be solved")
    place = {_START: 0, **{state: number for number, state in enumerate(states, start=1)}}
    flow = np.zeros((len(place), len(place)))
    earned = np.zeros((len(place), 2))
    passed = np.zeros(len(place))
    for step in chain:
        here = place[_state(step, order)]
        passed[here] += step.weight
        if step.next_channel:
            following = (step.channel if order == 2 else "", step.next_channel)
            flow[here, place[following]] += step.weight
        else:
            earned[here] += (step.conversions, step.amount)
    passed[passed == 0] = 1.0
    return _solve(flow / passed[:, None], earned / passed[:, None], states)


def _state(step: Step, order: int) -> tuple[str, str]:
    return (step.previous if order == 2 else "", step.channel)


def _solve(
    flow: np.ndarray, earned: np.ndarray, states: Sequence[tuple[str, str]]
) -> RemovalEffects:
    """``flow`` holds probabilities between states, ``earned`` what a visit earns by ending."""
    visits = np.linalg.inv(np.eye(len(flow)) - flow)
    worth = visits @ earned
    members: dict[str, list[int]] = {}
    for number, (_, channel) in enumerate(states, start=1):
        members.setdefault(channel, []).append(number)
    effects: tuple[dict[str, float], dict[str, float]] = ({}, {})
    for channel, places in members.items():
        # Where a journey first meets the channel times what it is worth from there on.
        first_met = np.linalg.solve(visits[np.ix_(places, places)].T, visits[0, places])
        lost = first_met @ worth[places]
        for kind, effect in enumerate(effects):
            whole = worth[0, kind]
            effect[channel] = float(lost[kind] / whole) if whole else 0.0
    return RemovalEffects(*effects)
