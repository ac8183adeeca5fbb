"""Credit of models against what channels truly brought, on figures anyone can check by hand."""

from __future__ import annotations

import pytest

from include.sandbox.scoring.attribution import correlate_ranks, measure_error

TRUTH = {"email": 60.0, "social": 30.0, "display": 10.0}


def test_credit_in_proportion_to_the_effect_has_no_error_and_the_ranks_of_truth() -> None:
    credited = {name: effect / 2 for name, effect in TRUTH.items()}
    assert measure_error(credited, TRUTH) == pytest.approx(0.0)
    assert correlate_ranks(credited, TRUTH) == pytest.approx(1.0)


def test_credit_turned_round_has_the_ranks_turned_round() -> None:
    credited = {"email": 10.0, "social": 30.0, "display": 60.0}
    assert correlate_ranks(credited, TRUTH) == pytest.approx(-1.0)
    assert measure_error(credited, TRUTH) == pytest.approx(0.5)


def test_what_nobody_was_credited_with_and_what_no_channel_of_truth_got_is_wrong() -> None:
    assert measure_error({"unattributed": 5.0}, TRUTH) == pytest.approx(1.0)
    assert measure_error({}, TRUTH) == 1.0
    assert measure_error({**TRUTH, "unattributed": 100.0}, TRUTH) == pytest.approx(0.5)


def test_equal_credit_says_nothing_of_ranks_and_ties_share_theirs() -> None:
    assert correlate_ranks(dict.fromkeys(TRUTH, 1.0), TRUTH) == 0.0
    assert correlate_ranks({"email": 9.0, "social": 1.0, "display": 1.0}, TRUTH) == pytest.approx(
        0.866, abs=0.001
    )
