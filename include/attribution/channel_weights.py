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
as of when; or ``weight``, window, names (model, channel, its known weight and its error), 0, 0, as
of when. The columns of ``sql/core/core_channel_weight.sql``."""
Weight = tuple[str, str, str, Decimal, Decimal | None, datetime]
"""Model, window, channel, its weight from 0 to 1, the largest of its model and window, its standard
error where it was sampled, as of when it was learned."""
Values = Mapping[str, tuple[float, float | None]]
"""Channel → its value and, where that was sampled, the standard error."""
_DIGITS = Decimal("1e-12")
"""A weight is rounded to these, so that two builds of the same data hold the same figure."""


def weigh_channels(parts: Sequence[Part]) -> list[Weight]:
    """Weights of every model, window and channel; the order of ``parts`` changes nothing."""
    if any(part[0] == "weight" for part in parts):
        return [
            (names[0], window, names[1], Decimal(names[2]), _read(names[3]), learned_at)
            for _, window, names, _, _, learned_at in parts
        ]
    steps: defaultdict[str, list[Part]] = defaultdict(list)
    sets: defaultdict[str, list[Part]] = defaultdict(list)
    for part in sorted(parts, key=lambda one: (one[0], one[1], tuple(one[2]))):
        (steps if part[0] == "step" else sets)[part[1]].append(part)
    weights: list[tuple[str, str, str, Decimal, Decimal | None]] = []
    for window in sorted(steps):
        for order in (1, 2):
            effects = find_removal_effects(_join_steps(steps[window], order), order)
            exact = {channel: (value, None) for channel, value in effects.conversions.items()}
            weights += _scale(f"markov_{order}", window, exact)
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


def _play(parts: Sequence[Part]) -> Values:
    channels = sorted({name for part in parts for name in part[2]})
    number = {channel: place for place, channel in enumerate(channels)}
    sets = [
        ChannelSet(tuple(number[name] for name in names), conversions, 0.0, journeys)
        for _, _, names, journeys, conversions, _ in parts
    ]
    played = find_shapley_values(sets, len(channels))
    errors = played.standard_errors
    return {
        channel: (
            float(played.values[place, 0]),
            None if errors is None else float(errors[place, 0]),
        )
        for channel, place in number.items()
    }


def _scale(
    model: str, window: str, values: Values
) -> Iterator[tuple[str, str, str, Decimal, Decimal | None]]:
    largest = max((value for value, _ in values.values()), default=0.0)
    for channel, (value, error) in sorted(values.items()):
        weight = max(value, 0.0) / largest if largest > 0 else 0.0
        wrong = None if error is None or largest <= 0 else min(error / largest, 1.0)
        yield model, window, channel, _round(weight), None if wrong is None else _round(wrong)


def _round(share: float) -> Decimal:
    return Decimal(share).quantize(_DIGITS)


def _read(text: str) -> Decimal | None:
    return Decimal(text) if text else None
