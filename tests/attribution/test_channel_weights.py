"""A weight says how sure it is where it was sampled, and stays what it was where it is known."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from include.attribution.channel_weights import Part, weigh_channels
from include.attribution.shapley import MOST_EXACT

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _journeys(channel_count: int) -> list[Part]:
    names = [f"channel_{number:02}" for number in range(channel_count)]
    return [
        part
        for place, name in enumerate(names)
        for part in (
            ("step", "d90", ("", name, ""), 100.0, float(place), NOW),
            ("set", "d90", (name,), 60.0, float(place), NOW),
            ("set", "d90", (name, names[place - 1]), 40.0, float(place), NOW),
        )
    ]


def test_a_value_of_few_channels_is_exact_and_one_of_many_states_its_error() -> None:
    for channel_count in (MOST_EXACT, MOST_EXACT + 1):
        errors = {
            channel: error
            for model, _, channel, _, error, _ in weigh_channels(_journeys(channel_count))
            if model == "shapley"
        }
        assert len(errors) == channel_count
        if channel_count > MOST_EXACT:
            told = [error for error in errors.values() if error is not None]
            assert len(told) == channel_count
            assert all(0 <= error < Decimal("0.1") for error in told)
            assert any(told)
        else:
            assert set(errors.values()) == {None}


def test_a_chain_is_solved_and_has_no_error_whatever_its_channels() -> None:
    weights = weigh_channels(_journeys(MOST_EXACT + 1))
    assert {error for model, _, _, _, error, _ in weights if model != "shapley"} == {None}


def test_a_known_weight_comes_back_with_its_error() -> None:
    parts = [
        ("weight", "d90", ("shapley", "email", "0.5", "0.001"), 0.0, 0.0, NOW),
        ("weight", "d90", ("markov_1", "email", "1", ""), 0.0, 0.0, NOW),
    ]
    assert weigh_channels(parts) == [
        ("shapley", "d90", "email", Decimal("0.5"), Decimal("0.001"), NOW),
        ("markov_1", "d90", "email", Decimal(1), None, NOW),
    ]
