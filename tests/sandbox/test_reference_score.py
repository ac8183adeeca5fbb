"""How far the command is from references, on figures anyone can check by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from include.sandbox.scoring import reference_paths
from include.sandbox.scoring.reference_paths import find_largest_difference, score_references
from include.sandbox.scoring.score_page import spell


def test_a_channel_that_one_of_the_two_does_not_have_stands_at_nothing_there() -> None:
    assert find_largest_difference({"a": 1.0, "b": 2.0}, {"a": 1.5}) == 2.0
    assert find_largest_difference({"a": 1.0}, {"a": 1.0}) == 0.0


def test_without_references_that_is_said_and_nothing_is_scored(tmp_path: Path) -> None:
    told: list[str] = []
    assert score_references(tmp_path, told.append) == {}
    assert told == [f"no attribution is compared with references: there are none in {tmp_path}"]


def test_each_family_shows_the_worst_of_all_its_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = {
        "conversions": {"first": {"a": 3.0}, "u_40_20_40": {"a": 2.0}},
        "value": {"first": {"a": 10.0}},
        "markov_order1_with_null_exact": {"conversions": {"a": 3.0, "b": 0.5}},
        "shapley_conversion_rate_exact": {"phi": {"a": 0.25}},
    }
    reference = {"direct_channel": "a", "total_conversions": 3, "total_null": 9, "own": own}
    (tmp_path / "REFERENCE.json").write_text(json.dumps({"attribution_paths_x": reference}))
    (tmp_path / "attribution").mkdir()
    for name in ("somebodys_paths_x.csv.gz", "somebodys_paths_y.csv.gz"):
        (tmp_path / "attribution" / name).touch()
    each = {"a": {"conversions": 3.0, "value": 10.25}}
    models = ("first", "position_based", "markov_order1", "shapley")
    monkeypatch.setattr(reference_paths, "run", lambda *_: dict.fromkeys(models, each))
    told: list[str] = []
    assert score_references(tmp_path, told.append) == {
        "attribution_reference_error_heuristic": 1.0,
        "attribution_reference_error_markov": 0.5,
        "attribution_reference_error_shapley": 0.0,
    }
    assert "somebodys_paths_y.csv.gz is not compared" in told[-1]


def test_what_is_not_quite_nothing_is_not_written_as_nothing() -> None:
    assert spell(0.0) == "0.0000"
    assert spell(6.7e-11) == "6.7e-11"
    assert spell(0.9) == "0.9000"
