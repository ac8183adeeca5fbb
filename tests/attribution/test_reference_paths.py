"""Public paths against figures worked out exactly elsewhere."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from include.terminal.attribution import Credit, attribute
from include.terminal.attribution_input import PathFile, read_path_file
from include.terminal.attribution_options import read_options

pytestmark = pytest.mark.engine
OUR_NAME = {"u_40_20_40": "position_based", "geometric_decay_half_per_touch": "time_decay"}
Result = dict[str, Credit]


@pytest.fixture(scope="module")
def reference(real_data: Path) -> dict[str, Any]:
    return json.loads((real_data / "REFERENCE.json").read_text("utf-8"))["attribution_paths_odd"]


@pytest.fixture(scope="module")
def paths(real_data: Path) -> PathFile:
    return read_path_file(real_data / "attribution" / "channelattribution_paths_odd.csv.gz")


@pytest.fixture(scope="module")
def result(engine_client: Client, paths: PathFile, reference: dict[str, Any]) -> Result:
    options = read_options(direct=reference["direct_channel"])
    return attribute(engine_client, paths, options, "paths", lambda _: None)


@pytest.mark.parametrize("kind", ["conversions", "value"])
def test_heuristics_are_the_exact_ones(
    result: Result, reference: dict[str, Any], kind: str
) -> None:
    assert len(reference["own"][kind]) == 7
    for model, expected in reference["own"][kind].items():
        credit = result[OUR_NAME.get(model, model)]
        found = {channel: figures[kind] for channel, figures in credit.items()}
        assert found == pytest.approx(expected, rel=0, abs=1e-9), model


def test_markov_is_the_exact_solution(result: Result, reference: dict[str, Any]) -> None:
    expected = reference["own"]["markov_order1_with_null_exact"]["conversions"]
    found = {name: each["conversions"] for name, each in result["markov_order1"].items()}
    assert found == pytest.approx(expected, rel=0, abs=1e-6)


def test_markov_without_null_paths_is_the_exact_solution(
    engine_client: Client, paths: PathFile, reference: dict[str, Any]
) -> None:
    emptied = paths.table.drop_columns(["total_null"]).append_column(
        "total_null", [[""] * paths.table.num_rows]
    )
    found = attribute(
        engine_client, PathFile(emptied, False), read_options(order="1"), "paths", lambda _: None
    )
    expected = reference["own"]["markov_order1_conversions_only_exact"]["conversions"]
    credit = {name: each["conversions"] for name, each in found["markov_order1"].items()}
    assert credit == pytest.approx(expected, rel=0, abs=1e-6)


def test_markov_of_value_is_what_a_simulation_comes_near(
    result: Result, reference: dict[str, Any]
) -> None:
    peers = reference["peers"]["ChannelAttribution"]
    (simulated,) = (peers[key] for key in peers if key.startswith("markov_null"))
    for channel, figures in simulated.items():
        found = result["markov_order1"][channel]["value"]
        if found / reference["total_conversion_value"] > 0.03:
            assert found == pytest.approx(figures["total_conversion_value"], rel=0.015), channel


def test_shapley_is_the_enumeration(result: Result, reference: dict[str, Any]) -> None:
    journeys = reference["total_conversions"] + reference["total_null"]
    expected = reference["own"]["shapley_conversion_rate_exact"]["phi"]
    found = {name: each["conversions"] / journeys for name, each in result["shapley"].items()}
    assert found == pytest.approx(expected, rel=0, abs=1e-15)
    (unanimity,) = (
        figures for key, figures in reference["own"].items() if key.startswith("shapley_unanimity")
    )
    credit = {name: each["conversions"] for name, each in result["shapley_unanimity"].items()}
    assert credit == pytest.approx(unanimity, rel=0, abs=1e-9)


def test_every_model_sums_to_the_totals_to_the_last_bit(
    result: Result, reference: dict[str, Any]
) -> None:
    assert len(result) == 13
    for model, credit in result.items():
        for kind, total in (
            ("conversions", reference["total_conversions"]),
            ("value", reference["total_conversion_value"]),
        ):
            assert math.fsum(each[kind] for each in credit.values()) == total, model
