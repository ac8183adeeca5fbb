"""Errors of the media mix against true returns, on figures anyone can check by hand."""

from __future__ import annotations

import pytest

from include.sandbox.scoring.media_mix import Return, compare

TRUE = {"display": 2.0, "paid_search": 4.0, "exhibition": 5.0}


def test_error_coverage_and_width_are_over_channels_that_both_know() -> None:
    found = {"display": Return(3.0, 1.0, 5.0), "paid_search": Return(4.0, 4.5, 5.5)}
    figures = compare(found, TRUE)
    assert figures["media_mix_channels"] == 2
    assert figures["media_mix_error"] == pytest.approx(0.25)
    assert figures["media_mix_coverage"] == pytest.approx(0.5)
    assert figures["media_mix_interval_width"] == pytest.approx((2.0 + 0.25) / 2)
    assert figures["media_mix_rank_correlation"] == pytest.approx(1.0)


def test_without_a_media_mix_nothing_is_scored_but_that() -> None:
    assert compare({}, TRUE) == {"media_mix_channels": 0.0}
