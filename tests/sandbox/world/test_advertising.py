"""The catalogue of advertising: what may be clicked, where it lands, when it runs."""

from __future__ import annotations

from datetime import date
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pyarrow.compute as pc
import pytest

from include.sandbox.world.advertising import AdCatalogue, make_ad_catalogue
from include.sandbox.world.business_lines import LINES, REGIONS
from include.sandbox.world.channels import has_channel
from include.sandbox.world.sizes import SIZES, make_rng
from include.sandbox.world.tables import TABLES

BOUGHT = ("paid_search", "display", "paid_social", "classified")


@pytest.fixture(scope="module")
def catalogue() -> AdCatalogue:
    """The catalogue of the demo world."""
    return make_ad_catalogue(1, SIZES["demo"])


def test_the_same_seed_buys_the_same_advertising(catalogue: AdCatalogue) -> None:
    again, other = make_ad_catalogue(1, SIZES["demo"]), make_ad_catalogue(2, SIZES["demo"])
    assert again.placements.equals(catalogue.placements)
    assert not other.placements.equals(catalogue.placements)


def test_the_tables_are_those_a_world_has(catalogue: AdCatalogue) -> None:
    assert set(catalogue.tables) == {"ad_account", "campaign", "ad_group", "ad", "keyword"}
    for name, table in catalogue.tables.items():
        assert table.schema.equals(TABLES[name])


@pytest.mark.parametrize(
    ("table", "key"),
    [("campaign", "campaign_id"), ("ad_group", "ad_group_id"), ("ad", "ad_id")],
)
def test_an_id_names_one_thing_of_a_vendor(catalogue: AdCatalogue, table: str, key: str) -> None:
    rows = catalogue.tables[table]
    assert rows.group_by(["vendor", key]).aggregate([]).num_rows == rows.num_rows


def test_every_channel_of_a_line_can_be_bought_in_every_region_on_every_day(
    catalogue: AdCatalogue,
) -> None:
    days = np.array([SIZES["demo"].starts_on, date(2025, 12, 31), date(2026, 12, 31)], "M8[D]")
    rng = make_rng(1, "clicks")
    for line in LINES:
        for channel in BOUGHT:
            regions = np.repeat(np.arange(len(REGIONS[line.country])), len(days))
            chosen = catalogue.choose(line.crm, channel, regions, np.tile(days, 6), rng)
            assert (chosen >= 0).all() == has_channel(line, channel)


def test_a_click_comes_from_what_runs_on_its_day_in_its_region(catalogue: AdCatalogue) -> None:
    rng = make_rng(1, "clicks")
    days = np.arange("2025-01-01", "2026-12-31", dtype="M8[D]").repeat(4)
    regions = rng.integers(0, 6, len(days))
    rows = catalogue.placements.take(catalogue.choose("bitrix24", "display", regions, days, rng))
    assert (rows["start_date"].to_numpy() <= days).all()
    assert (days < rows["end_date"].to_numpy()).all()
    assert rows["region"].to_pylist() == [REGIONS["Россия"][i] for i in regions]
    assert set(rows["crm"].to_pylist()) == {"bitrix24"}
    assert pc.count_distinct(rows["campaign_id"]).as_py() == 3


def test_heavier_campaigns_get_more_clicks(catalogue: AdCatalogue) -> None:
    days = np.full(20_000, "2026-12-01", dtype="M8[D]")
    chosen = catalogue.choose(
        "amocrm", "paid_search", np.zeros(20_000, int), days, make_rng(1, "c")
    )
    counts = catalogue.placements.take(chosen)["campaign_id"].value_counts().to_pylist()
    shares = sorted(c["counts"] / 20_000 for c in counts)
    assert shares == pytest.approx([0.4, 0.6], abs=0.02)


def test_a_landing_page_bears_the_marks_of_its_placement(catalogue: AdCatalogue) -> None:
    for row in catalogue.placements.to_pylist():
        marks = parse_qs(urlsplit(row["landing_url"]).query)
        for mark in ("utm_source", "utm_medium", "utm_campaign", "utm_content"):
            assert marks[mark] == [row[mark]]
        assert marks.get("utm_term", [""]) == [row["utm_term"]]
        assert row["utm_content"] == str(row["ad_id"])


def test_only_search_has_keywords(catalogue: AdCatalogue) -> None:
    rows = catalogue.placements
    is_search = pc.equal(rows["channel"], "paid_search")
    assert pc.equal(is_search, pc.not_equal(rows["keyword_id"], 0)).to_pylist() == [True] * len(
        rows
    )
    known = set(catalogue.tables["keyword"]["keyword_id"].to_pylist())
    assert set(rows["keyword_id"].to_pylist()) - {0} == known


def test_a_campaign_that_ended_is_archived(catalogue: AdCatalogue) -> None:
    for row in catalogue.tables["campaign"].to_pylist():
        assert (row["status"] == "archived") == (row["end_date"] is not None)
        assert row["daily_budget_micros"] > 0
