"""Weights of channels by solved models, from what SQL has aggregated of all journeys.

A weight says how a journey's value is shared among the channels it holds; what no journey converts
through weighs nothing. Values are for conversions, not money: a refund would turn them round.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from include.attribution.markov import Step, find_removal_effects
from include.attribution.shapley import ChannelSet, find_shapley_values

Part = tuple[str, str, Sequence[str], float, float, datetime]
"""``step`` or ``set``, window, names (previous, channel, next; or the set), journeys, conversions,
as of when; or ``weight``, window, names (model, channel, its known weight), 0, 0, as of when. The
columns of ``sql/core/core_channel_weight.sql``."""
Weight = tuple[str, str, str, Decimal, datetime]
"""Model, window, channel, its weight from 0 to 1, the largest of its model and window, as of when
it was learned."""
_DIGITS = Decimal("1e-12")
"""A weight is rounded to these, so that two builds of the same data hold the same figure."""


def weigh_channels(parts: Sequence[Part]) -> list[Weight]:
    """Weights of every model, window and channel; the order of ``parts`` changes nothing."""
    if any(part[0] == "weight" for part in parts):
        return [
            (names[0], window, names[1], Decimal(names[2]), learned_at)
            for _, window, names, _, _, learned_at in parts
        ]
    steps: defaultdict[str, list[Part]] = defaultdict(list)
    sets: defaultdict[str, list[Part]] = defaultdict(list)
    for part in sorted(parts, key=lambda one: (one[0], one[1], tuple(one[2]))):
        (steps if part[0] == "step" else sets)[part[1]].append(part)
    weights: list[tuple[str, str, str, Decimal]] = []
    for window in sorted(steps):
        for order in (1, 2):
            effects = find_removal_effects(_join_steps(steps[window], order), order)
            weights += _scale(f"markov_{order}", window, effects.conversions)
        weights += _scale("shapley", window, _play(sets[window]))
    return [(*weight, parts[0][5]) for weight in weights]


def _join_steps(parts: Sequence[Part], order: int) -> list[Step]:
    """In a chain of order 1 nothing is remembered of the channel before."""
    sums: defaultdict[tuple[str, str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for _, _, (previous, channel, following), journeys, conversions, _ in parts:
        key = (previous if order == 2 else "", channel, following)
        sums[key][0] += journeys
        sums[key][1] += conversions
    return [Step(*key, *figures, 0.0) for key, figures in sorted(sums.items())]


def _play(parts: Sequence[Part]) -> dict[str, float]:
    channels = sorted({name for part in parts for name in part[2]})
    number = {channel: place for place, channel in enumerate(channels)}
    sets = [
        ChannelSet(tuple(number[name] for name in names), conversions, 0.0, journeys)
        for _, _, names, journeys, conversions, _ in parts
    ]
    values = find_shapley_values(sets, len(channels)).values
    return {channel: float(values[place, 0]) for channel, place in number.items()}


def _scale(
    model: str, window: str, values: Mapping[str, float]
) -> Iterator[tuple[str, str, str, Decimal]]:
    largest = max(values.values(), default=0.0)
    for channel in sorted(values):
        weight = max(values[channel], 0.0) / largest if largest > 0 else 0.0
        yield model, window, channel, Decimal(weight).quantize(_DIGITS)
