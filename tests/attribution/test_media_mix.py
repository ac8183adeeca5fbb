"""The media mix on made-up companies whose channels' effects are known."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import date, timedelta
from functools import cache

import numpy as np
import pytest

from include.attribution.media_mix import Part, mix_media

FIRST_DAY = date(2025, 1, 1)
DAYS = 420
ENQUIRIES_A_DAY = 40.0
SHARES = {"display": 0.35, "paid_social": 0.0}
"""What each channel brings of all enquiries at its usual spend."""
TRUE_OF_DISPLAY = 5_170.0
"""Enquiries it brings in all, its flights as they are drawn."""
CLOSING = 0.3
MEAN_MONEY = 1000.0
Rows = dict[str, list]


def make_parts(days: int = DAYS, shares: tuple[tuple[str, float], ...] = tuple(SHARES.items())):
    """A company with weekly flights; stock halves in four days, half a ceiling at usual spend."""
    rng = np.random.default_rng(7)
    day = np.arange(days)
    demand = 1.0 + 0.2 * np.sin(2 * np.pi * day / 365.25) - 0.2 * (day % 7 > 4)
    mix = np.full(days, 1.0 - sum(share for _, share in shares))
    parts: list[Part] = []
    for channel, share in shares:
        spend = 100.0 * rng.choice([0.0, 1.0, 2.0], days // 7 + 1)[day // 7]
        stock, keep, usual = 0.0, 0.5**0.25, spend.mean() / (1 - 0.5**0.25)
        for one, money in enumerate(spend):
            stock = stock * keep + money
            mix[one] += share * 2.0 * stock / (stock + usual)
            parts.append(_part("cost", channel, one, money))
    enquiries = rng.poisson(ENQUIRIES_A_DAY * demand * mix)
    wins = rng.binomial(enquiries, CLOSING)
    parts += [_part("enquiries", "", one, float(count)) for one, count in enumerate(enquiries)]
    parts += [_part("wins", "", one, float(count)) for one, count in enumerate(wins)]
    money = ("money", "RUB", "gross", FIRST_DAY, None, MEAN_MONEY, 500.0, 20.0)
    return [*parts, money]


def _part(kind: str, name: str, day: int, figure: float | None) -> Part:
    return (kind, "RUB", name, FIRST_DAY + timedelta(days=day), None, figure, None, None)


@cache
def _solve(experiments: tuple[Part, ...] = ()) -> Rows:
    return {row[1]: row for row in mix_media([*make_parts(), *experiments])}


def find_enquiries(rows: Rows, channel: str) -> tuple[float, float, float]:
    """Middle, low and high of what a channel brought."""
    middle, low, high = (float(figure) for figure in rows[channel][6:9])
    return middle, low, high


def test_a_planted_effect_lies_in_its_interval_and_the_interval_is_far_from_nothing() -> None:
    middle, low, high = find_enquiries(_solve(), "display")
    assert low < TRUE_OF_DISPLAY < high
    assert low > 0.3 * TRUE_OF_DISPLAY
    assert middle == pytest.approx(TRUE_OF_DISPLAY, rel=0.35)


def test_the_interval_of_a_channel_without_effect_reaches_almost_to_nothing() -> None:
    middle, low, _ = find_enquiries(_solve(), "paid_social")
    assert low < 0.02 * ENQUIRIES_A_DAY * DAYS
    assert middle < find_enquiries(_solve(), "display")[1]


def test_deals_money_and_return_follow_from_enquiries() -> None:
    row = _solve()["display"]
    enquiries, deals, money, roas = (float(row[place]) for place in (6, 9, 12, 15))
    assert deals == pytest.approx(CLOSING * enquiries, rel=0.15)
    assert money == pytest.approx(MEAN_MONEY * deals, rel=0.1)
    assert roas == pytest.approx(money / float(row[4]), rel=0.01)
    assert row[2:4] == [FIRST_DAY, FIRST_DAY + timedelta(days=DAYS)]


def test_the_same_rows_in_any_order_make_the_same_figures() -> None:
    shuffled = make_parts()
    random.Random(3).shuffle(shuffled)
    assert {row[1]: row for row in mix_media(shuffled)} == _solve()


def test_a_measured_lift_narrows_the_interval_and_draws_the_figure_to_it() -> None:
    days = (FIRST_DAY + timedelta(days=200), FIRST_DAY + timedelta(days=228))
    lift = ("experiment", "", "paid_social", *days, 1e6, 0.5, 5.0)
    before, after = (
        find_enquiries(_solve(), "paid_social"),
        find_enquiries(_solve((lift,)), "paid_social"),
    )
    assert after[2] - after[1] < 0.8 * (before[2] - before[1])
    assert after[0] < before[0]
    assert _solve((lift,))["paid_social"][-1] == 1
    assert _solve((lift,))["display"][-1] == 0


def test_days_of_a_test_nobody_measured_are_compared_with_those_before_and_after() -> None:
    days = (FIRST_DAY + timedelta(days=140), FIRST_DAY + timedelta(days=154))
    rows = _solve((("experiment", "RUB", "display", *days, None, None, None),))
    _, low, high = find_enquiries(rows, "display")
    assert rows["display"][-1] == 1
    assert low < TRUE_OF_DISPLAY < high


def test_experiments_that_tell_nothing_change_nothing() -> None:
    day = [date(2025, 6, 1), date(2025, 6, 8)]
    of_another_currency = ("experiment", "USD", "display", *day, None, None, None)
    before_the_data = ("experiment", "", "display", date(2024, 6, 1), day[0], 0.0, 9.0, 1.0)
    nothing_before_it = ("experiment", "", "display", date(2025, 1, 2), day[0], None, None, None)
    ends_first = ("experiment", "", "display", day[1], day[0], None, None, None)
    without_error = ("experiment", "", "display", *day, None, 9.0, None)
    unusable = (of_another_currency, before_the_data, nothing_before_it, ends_first, without_error)
    assert _solve(unusable) == _solve()


@pytest.mark.parametrize(
    "parts",
    [
        [],
        make_parts(days=25 * 7),
        [part for part in make_parts() if part[0] != "enquiries"],
        [part for part in make_parts() if part[0] != "money"],
        [(*part[:5], 0.0 if part[0] == "wins" else part[5], *part[6:]) for part in make_parts()],
        [(*part[:5], None if part[0] == "cost" else part[5], *part[6:]) for part in make_parts()],
    ],
    ids=["nothing", "half-a-year-less-a-week", "no-enquiries", "no-money", "no-wins", "no-cost"],
)
def test_too_little_to_learn_from_makes_no_row(parts: list[Part]) -> None:
    assert mix_media(parts) == []


def test_a_channel_of_a_few_weeks_is_left_out_and_the_others_stay() -> None:
    late = [
        part
        for part in make_parts()
        if part[2] != "paid_social" or part[3] > FIRST_DAY + timedelta(days=DAYS - 60)
    ]
    assert [row[1] for row in mix_media(late)] == ["display"]


def test_who_has_nothing_to_solve_does_not_load_the_sampler() -> None:
    code = (
        "import sys; from include.warehouse.solved_tables import SOLVERS;"
        "assert SOLVERS['core.core_media_mix']([]) == [];"
        "sys.exit('include.attribution.media_mix_sampler' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
