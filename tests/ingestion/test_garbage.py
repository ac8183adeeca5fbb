"""Reading pages changes how often Python looks for cycles, and only while it reads."""

from __future__ import annotations

import gc

import pytest

from include.ingestion.garbage import RARE, rarer_collections


def test_the_thresholds_are_raised_for_a_run_and_put_back_even_after_an_error() -> None:
    before = gc.get_threshold()
    with pytest.raises(ValueError), rarer_collections():
        assert gc.get_threshold() == RARE
        raise ValueError
    assert gc.get_threshold() == before
