"""Aggregated paths of any file: conventions one can check by hand, and what holds for all."""

from __future__ import annotations

import random
import tempfile
from fractions import Fraction
from pathlib import Path

import pytest
from clickhouse_connect.driver.client import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.attribution.foreign_file import (
    PATHS,
    conversions_of,
    credit_rows,
    exact_sum,
    is_conserved,
)

pytestmark = pytest.mark.engine
CHANNELS = ("direct", "cpc", 'E-mail «акция», "50%"', "it's > odd", "почта")


def test_one_touch_earns_all_in_every_model(engine_client: Client, tmp_path: Path) -> None:
    result = credit_rows(
        engine_client, tmp_path, PATHS, [("cpc", 3, "10.5", 4)], paid="cpc", direct="none"
    )
    assert len(result) == 13
    for model, credit in result.items():
        assert credit == {"cpc": {"conversions": 3.0, "value": 10.5}}, model


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a > b", {"a": 0.5, "b": 0.5}),
        ("a > b > c", {"a": 0.4, "b": 0.2, "c": 0.4}),
        ("a > b > c > d", {"a": 0.4, "b": 0.1, "c": 0.1, "d": 0.4}),
        ("a > a > b > a", {"a": 0.9, "b": 0.1}),
    ],
)
def test_a_u_shares_between_its_ends_and_the_middle(
    engine_client: Client, tmp_path: Path, path: str, expected: dict[str, float]
) -> None:
    result = credit_rows(engine_client, tmp_path, PATHS[:2], [(path, 1)])
    assert conversions_of(result["position_based"]) == pytest.approx(expected, abs=1e-15)


def test_repeats_count_by_touch_or_once_by_channel(engine_client: Client, tmp_path: Path) -> None:
    result = credit_rows(engine_client, tmp_path, PATHS[:2], [("a > a > b > a", 1)])
    assert conversions_of(result["linear"]) == {"a": 0.75, "b": 0.25}
    assert conversions_of(result["linear_unique"]) == {"a": 0.5, "b": 0.5}
    # 1/8, 1/4 and 1 of a against 1/2 of b
    assert conversions_of(result["time_decay"]) == pytest.approx({"a": 11 / 15, "b": 4 / 15})


def test_a_longer_half_life_leaves_more_to_early_touches(
    engine_client: Client, tmp_path: Path
) -> None:
    result = credit_rows(engine_client, tmp_path, PATHS[:2], [("a > b > c", 7)], half_life="2")
    early = 2**-0.5
    assert conversions_of(result["time_decay"]) == pytest.approx(
        {"a": 7 * 0.5 / (1.5 + early), "b": 7 * early / (1.5 + early), "c": 7 / (1.5 + early)}
    )


def test_direct_is_passed_over_unless_it_is_all(engine_client: Client, tmp_path: Path) -> None:
    rows = [("a > b > home > home", 1), ("home > home", 10)]
    result = credit_rows(engine_client, tmp_path, PATHS[:2], rows, direct="home")
    assert conversions_of(result["last_non_direct"]) == {"b": 1.0, "home": 10.0}


def test_paid_models_leave_a_path_without_paid_touch_unattributed(
    engine_client: Client, tmp_path: Path
) -> None:
    rows = [("mail > cpc > a, b > mail", 1, 5, 0), ("mail > seo", 2, "7.25", 0)]
    result = credit_rows(engine_client, tmp_path, PATHS, rows, paid='cpc,"a, b"')
    assert conversions_of(result["first_paid"]) == {"cpc": 1.0, "unattributed": 2.0}
    assert conversions_of(result["last_paid"]) == {"a, b": 1.0, "unattributed": 2.0}
    assert result["last_paid"]["unattributed"]["value"] == 7.25


def test_an_empty_path_is_nobodys(engine_client: Client, tmp_path: Path) -> None:
    rows = [("", 2, "30.3", 9), ("a > b", 1, "0.1", 1), ("a", 0, 0, 3)]
    for model, credit in credit_rows(engine_client, tmp_path, PATHS, rows, paid="a").items():
        assert credit["unattributed"] == {"conversions": 2.0, "value": 30.3}, model
        assert is_conserved(credit, Fraction(3), Fraction("30.4")), model


def test_no_conversions_credit_nobody(engine_client: Client, tmp_path: Path) -> None:
    result = credit_rows(engine_client, tmp_path, PATHS, [("a > b", 0, 0, 5), ("b", 0, "", "")])
    for model, credit in result.items():
        assert {"a", "b"} == credit.keys(), model
        assert is_conserved(credit, Fraction(0), Fraction(0)), model
    assert credit_rows(engine_client, tmp_path, PATHS, [])["shapley"] == {}


def test_a_step_to_itself_changes_no_removal_effect(engine_client: Client, tmp_path: Path) -> None:
    once = [("a > b", 4, 40, 4), ("b", 1, 3, 9)]
    thrice = [("a > a > a > b", 4, 40, 4), ("b > b", 1, 3, 9)]
    plain = credit_rows(engine_client, tmp_path, PATHS, once)["markov_order1"]
    looped = credit_rows(engine_client, tmp_path, PATHS, thrice)["markov_order1"]
    for channel in plain:
        assert looped[channel] == pytest.approx(plain[channel], rel=1e-12)


def test_order_two_remembers_what_came_before(engine_client: Client, tmp_path: Path) -> None:
    """After a, b converts always, after c never; order 1 cannot tell the two apart."""
    rows = [("a > b", 1, 1, 0), ("c > b", 0, 0, 1)]
    result = credit_rows(engine_client, tmp_path, PATHS, rows)
    assert conversions_of(result["markov_order2"]) == {"a": 0.5, "b": 0.5}
    assert conversions_of(result["markov_order1"]) == pytest.approx(
        {"a": 0.25, "b": 0.5, "c": 0.25}
    )


def test_value_follows_the_money_not_the_count(engine_client: Client, tmp_path: Path) -> None:
    rows = [("a", 1, 99, 0), ("b", 1, 1, 0)]
    result = credit_rows(engine_client, tmp_path, PATHS, rows)
    assert result["markov_order1"]["a"] == pytest.approx({"conversions": 1.0, "value": 99.0})


def test_a_refund_keeps_markov_in_bounds(engine_client: Client, tmp_path: Path) -> None:
    rows = [("a > b", 1, 100, 0), ("b", 1, -100, 0), ("a", 1, "0.3", 0)]
    for model, credit in credit_rows(engine_client, tmp_path, PATHS, rows).items():
        assert sum(each["value"] for each in credit.values()) == pytest.approx(0.3), model
        if model.startswith("markov"):
            assert all(0 <= each["value"] <= 0.3 for each in credit.values()), model


_paths = st.lists(st.sampled_from(CHANNELS), max_size=9).map(
    # A name that holds the sign itself is two channels to every reader of such files.
    lambda names: " > ".join(names)
)
_amounts = st.decimals(min_value=0, max_value=10**7, places=3).map(str)
_rows = st.lists(
    st.tuples(_paths, st.integers(0, 50), _amounts, st.integers(0, 50)), min_size=1, max_size=40
)


@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=_rows, seed=st.integers(0, 99))
def test_money_is_conserved_whatever_the_order_of_rows(
    engine_client: Client, rows: list[tuple[str, int, str, int]], seed: int
) -> None:
    shuffled = random.Random(seed).sample(rows, len(rows))
    # A row split in two is the same paths again.
    split = [row for path, n, v, z in shuffled for row in ((path, n, v, 0), (path, 0, 0, z))]
    with tempfile.TemporaryDirectory() as folder:
        result = credit_rows(engine_client, Path(folder), PATHS, rows, paid="cpc,почта")
        again = credit_rows(engine_client, Path(folder), PATHS, split, paid="cpc,почта")
    assert again == result
    conversions, value = exact_sum(row[1] for row in rows), exact_sum(row[2] for row in rows)
    for model, credit in result.items():
        assert is_conserved(credit, conversions, value), model


def test_a_channel_without_effect_changes_no_shapley_value(
    engine_client: Client, tmp_path: Path
) -> None:
    rows = [
        ("a", 1, 10, 9),
        ("b > a", 3, 60, 3),
        ("b", 2, 5, 5),
        ("c > a", 1, 7, 1),
    ]
    joined = [(f"idle > {path}", n, v, z) for path, n, v, z in rows]
    alone = credit_rows(engine_client, tmp_path, PATHS, rows)["shapley"]
    beside = credit_rows(engine_client, tmp_path, PATHS, rows + joined)["shapley"]
    # twice the journeys at the same rates
    assert beside["idle"] == pytest.approx({"conversions": 0, "value": 0}, abs=1e-12)
    for channel, figures in alone.items():
        for kind, figure in figures.items():
            assert beside[channel][kind] == pytest.approx(2 * figure, abs=1e-12)
