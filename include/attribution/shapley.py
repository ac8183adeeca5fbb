"""Shapley values of channels where a coalition is worth the rate of the journeys it made alone.

``v(S)`` is conversions (or money) per journey among the journeys that touched channels of ``S``
only, 0 where there are none. ``v`` of all channels is the rate of the whole.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

MOST_EXACT = 16
"""Channels whose 65,536 coalitions are all looked at; beyond that orders are drawn."""

_SEED = 20_160_901
_MOST_PAIRS = 1_000
_FEWEST_PAIRS = 50
_WORK = 100_000_000


@dataclass(frozen=True)
class ChannelSet:
    """Journeys through exactly these channels, given by their numbers, each once."""

    channels: tuple[int, ...]
    conversions: float
    amount: float
    journeys: float


@dataclass(frozen=True)
class ShapleyValues:
    """Per channel the value for conversions and amount per journey: shape (channels, 2).

    ``standard_errors`` has the same shape, and is None where the values are exact.
    """

    values: np.ndarray
    standard_errors: np.ndarray | None


def find_shapley_values(sets: Sequence[ChannelSet], channel_count: int) -> ShapleyValues:
    """Exact up to 16 channels; beyond, the mean over drawn orders and its standard error.

    The orders are the same whenever the same sets are given in the same order.
    """
    if channel_count <= MOST_EXACT:
        return ShapleyValues(_enumerate_all(sets, channel_count), None)
    return _draw_orders(sets, channel_count)


def _enumerate_all(sets: Sequence[ChannelSet], channel_count: int) -> np.ndarray:
    coalitions = 1 << channel_count
    sums = np.zeros((coalitions, 3))
    for one in sets:
        sums[sum(1 << channel for channel in one.channels)] += (
            one.conversions,
            one.amount,
            one.journeys,
        )
    for channel in range(channel_count):
        halves = sums.reshape(-1, 2, 1 << channel, 3)
        halves[:, 1] += halves[:, 0]
    worth = _rates(sums)
    numbers = np.arange(coalitions)
    sizes = np.bitwise_count(numbers)
    weights = np.array(
        [1 / (channel_count * math.comb(channel_count - 1, size)) for size in range(channel_count)]
    )
    values = np.zeros((channel_count, 2))
    for channel in range(channel_count):
        without = numbers[(numbers >> channel) & 1 == 0]
        gains = worth[without | (1 << channel)] - worth[without]
        values[channel] = (weights[sizes[without]][:, None] * gains).sum(axis=0)
    return values


def _draw_orders(sets: Sequence[ChannelSet], channel_count: int) -> ShapleyValues:
    """Every order is followed by its reverse: the pair varies less than two orders would."""
    sets = [one for one in sets if one.channels]
    if not sets:
        return ShapleyValues(np.zeros((channel_count, 2)), None)
    members = np.concatenate([np.array(one.channels) for one in sets])
    begins = np.cumsum([0, *(len(one.channels) for one in sets[:-1])])
    figures = np.array([(one.conversions, one.amount, one.journeys) for one in sets])
    pairs = max(_FEWEST_PAIRS, min(_MOST_PAIRS, _WORK // (2 * len(members))))
    draw = np.random.default_rng(_SEED)
    total = np.zeros((channel_count, 2))
    squares = np.zeros((channel_count, 2))
    for _ in range(pairs):
        order = draw.permutation(channel_count)
        both = _gains(order, members, begins, figures) + _gains(
            order[::-1], members, begins, figures
        )
        total += both / 2
        squares += (both / 2) ** 2
    mean = total / pairs
    variance = np.maximum(squares / pairs - mean**2, 0) * pairs / (pairs - 1)
    return ShapleyValues(mean, np.sqrt(variance / pairs))


def _gains(
    order: np.ndarray, members: np.ndarray, begins: np.ndarray, figures: np.ndarray
) -> np.ndarray:
    """What each channel adds when the channels join in this order."""
    count = len(order)
    turn = np.empty(count, dtype=np.int64)
    turn[order] = np.arange(count)
    complete_at = np.maximum.reduceat(turn[members], begins)
    sums = np.stack(
        [np.bincount(complete_at, weights=column, minlength=count) for column in figures.T], axis=1
    )
    worth = _rates(np.cumsum(sums, axis=0))
    return np.diff(worth, axis=0, prepend=np.zeros((1, 2)))[turn]


def _rates(sums: np.ndarray) -> np.ndarray:
    """Conversions and amount per journey, 0 where there was no journey."""
    journeys = sums[:, 2:]
    return np.divide(sums[:, :2], journeys, out=np.zeros((len(sums), 2)), where=journeys > 0)
