"""Real sets are scored where they lie beside the project, and their absence is told."""

from __future__ import annotations

import gzip
from pathlib import Path

from include.sandbox.scoring.clusters import Measure
from include.sandbox.scoring.real_sets import measure, score_sets

FEBRL_HEADER = (
    "rec_id, given_name, surname, street_number, address_1, address_2, suburb, postcode, state,"
    " date_of_birth, soc_sec_id"
)
FEBRL_ROWS = (
    "rec-1-org, anna, petrova, 12, long street, , perth, 6000, wa, 19700101, 1234567",
    "rec-1-dup-0, anna, petrova, 12, long street, , perth, 6000, wa, 19700101, 1234567",
    "rec-2-org, oliver, white, 7, high road, , sydney, 2000, nsw, 19811231, 7654321",
)


def pair(first: str, second: str) -> frozenset[tuple[int, str]]:
    """Two records of one file."""
    return frozenset({(1, first), (1, second)})


def test_pairs_found_are_measured_by_pairs_that_are_true() -> None:
    found = {pair("a", "b"), pair("a", "c")}
    assert measure(found, {pair("a", "b")}) == Measure(0.5, 1.0)
    assert measure(set(), {pair("a", "b")}).f1 == 0


def test_without_the_folder_nothing_is_scored_and_stderr_says_so(tmp_path: Path) -> None:
    told: list[str] = []
    assert score_sets(tmp_path / "none", tmp_path / "python", told.append) == {}
    assert len(told) == 1
    assert str(tmp_path / "none") in told[0]


def test_sets_that_are_there_are_scored_without_splink_where_it_is_not(tmp_path: Path) -> None:
    text = "\n".join([FEBRL_HEADER, *FEBRL_ROWS])
    (tmp_path / "febrl_dataset1.csv.gz").write_bytes(gzip.compress(text.encode()))
    told: list[str] = []
    assert score_sets(tmp_path, tmp_path / "python", told.append) == {"f1_febrl1": 1.0}
    assert any("splink is not run" in line for line in told)
    assert any("chicago is not scored" in line for line in told)


def test_a_splink_that_fails_costs_its_own_figure_only(tmp_path: Path) -> None:
    text = "\n".join([FEBRL_HEADER, *FEBRL_ROWS])
    (tmp_path / "febrl_dataset1.csv.gz").write_bytes(gzip.compress(text.encode()))
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    told: list[str] = []
    assert score_sets(tmp_path, broken, told.append) == {"f1_febrl1": 1.0}
    assert any("splink failed on febrl1" in line for line in told)
