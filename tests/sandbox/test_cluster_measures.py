"""Measures of a clustering, against cases small enough to count by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from include.sandbox.scoring.clusters import (
    Measure,
    find_largest_false_cluster,
    measure_links,
    measure_pairs,
)
from include.sandbox.scoring.score_page import write_page


def test_pairs_are_counted_within_clusters_and_within_owners() -> None:
    owners = {"a": 1, "b": 1, "c": 1, "d": 2}
    clusters = {"a": "x", "b": "x", "c": "y", "d": "x"}
    # said: ab ad bd; true: ab ac bc; right: ab
    assert measure_pairs(clusters, owners) == Measure(1 / 3, 1 / 3)


def test_somebody_with_nobody_is_a_false_pair_and_two_nobodies_are_none() -> None:
    owners = {"a": 1, "b": 0, "c": 0}
    assert measure_pairs(dict.fromkeys("abc", "x"), owners).precision == 0
    assert measure_pairs({"a": "x", "b": "y", "c": "y"}, owners).precision == 1


def test_where_there_was_nothing_to_find_nothing_was_missed() -> None:
    assert measure_pairs({"a": "x"}, {"a": 1}) == Measure(1.0, 1.0)


def test_the_largest_false_cluster_counts_people_and_not_records() -> None:
    owners = {"a": 1, "b": 1, "c": 2, "d": 0}
    assert find_largest_false_cluster(dict.fromkeys("abcd", "x"), owners) == 2


def test_a_record_is_linked_where_its_owner_is_at_home_and_the_home_is_its_owners() -> None:
    owners = {"a": 1, "b": 1, "c": 2, "d": 1, "e": 0}
    clusters = {"a": "x", "b": "x", "c": "x", "d": "y", "e": "x"}
    # the cluster x is of 1; 2 is at home in somebody else's; d is away from home; e is nobody's
    assert measure_links(clusters, owners, list("abcde")) == Measure(2 / 5, 2 / 4)


def test_f1_is_the_harmonic_mean() -> None:
    assert Measure(1.0, 0.5).f1 == pytest.approx(2 / 3)
    assert Measure(0.0, 0.0).f1 == 0.0


def test_a_page_keeps_the_figures_of_other_sizes(tmp_path: Path) -> None:
    page = tmp_path / "scores.md"
    write_page(page, "small, seed 1", date(2026, 1, 1), {"link_f1": 0.5})
    write_page(page, "demo, seed 1", date(2026, 1, 2), {"link_f1": 0.9})
    write_page(page, "small, seed 1", date(2026, 1, 3), {"link_f1": 0.75})
    text = page.read_text("utf-8")
    assert "0.5000" not in text
    assert text.index("## demo, seed 1") < text.index("0.9000") < text.index("## small, seed 1")
    assert text.index("## small, seed 1") < text.index("| link_f1 | 0.7500 | ≥ 0.97 |")
