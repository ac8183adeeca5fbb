"""What the ad vendors finally report of made-up visits and spend."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from include.sandbox.world.ad_restatements import CURVES
from include.sandbox.world.ad_stats import make_ad_stats
from include.sandbox.world.advertising import AdCatalogue, make_ad_catalogue
from include.sandbox.world.business_lines import LINE_OF_CRM, REGIONS
from include.sandbox.world.channels import PAID, Spend, make_spend
from include.sandbox.world.incidents import make_incidents
from include.sandbox.world.sizes import Size, make_rng
from include.sandbox.world.tables import TABLES

SIZE = Size("quarter", date(2026, 1, 1), date(2026, 4, 1), 100, 800, 20_000)
BOUGHT = ("paid_search", "display", "paid_social", "classified")
FIGURES = ("impressions", "clicks", "cost_micros", "sessions", "bounces", "conversions")


@pytest.fixture(scope="module")
def catalogue() -> AdCatalogue:
    """What is advertised."""
    return make_ad_catalogue(3, SIZE)


@pytest.fixture(scope="module")
def spend() -> Spend:
    """What is spent."""
    return make_spend(3, SIZE)


@pytest.fixture(scope="module")
def visits(catalogue: AdCatalogue) -> pa.Table:
    """Three thousand visits from ads, some from bots, some unseen by counters."""
    rng = make_rng(3, "made-up visits")
    rows: list[dict[str, Any]] = []
    placements = catalogue.placements.to_pylist()
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(3000):
        place = placements[int(rng.integers(len(placements)))]
        started_at = start + timedelta(seconds=int(rng.integers(0, SIZE.days * 86_400)))
        marks = {k: place[k] for k in ("campaign_id", "ad_group_id", "ad_id", "utm_term")}
        if rng.random() < 0.2:
            marks["utm_term"] = ""
        rows.append(
            marks
            | {
                "visit_id": number + 1,
                "started_at": started_at,
                "ad_vendor": place["vendor"],
                "metrica_client_id": 0 if rng.random() < 0.2 else 5,
                "ga_client_id": "",
                "is_bounce": bool(rng.random() < 0.3),
                "is_robot": bool(rng.random() < 0.1),
                "device": "mobile" if rng.random() < 0.4 else "desktop",
                "goal_ids": [1, 2] if rng.random() < 0.1 else [],
            }
        )
    rows.append({"visit_id": 9999, "started_at": start, "ad_id": 0, "device": "desktop"})
    return pa.Table.from_pylist(rows, schema=TABLES["visit"])


@pytest.fixture(scope="module")
def tables(catalogue: AdCatalogue, spend: Spend, visits: pa.Table) -> dict[str, pa.Table]:
    """The vendors' tables."""
    return make_ad_stats(3, SIZE, catalogue, spend, visits)


def spent_on(spend: Spend, catalogue: AdCatalogue) -> dict[tuple[str, date, str], int]:
    """Spend in all by currency-blind (crm/channel, day, region)."""
    found = {}
    for (crm, channel), micros in spend.micros.items():
        if channel in BOUGHT:
            for day, region in zip(*np.nonzero(micros), strict=True):
                name = REGIONS[LINE_OF_CRM[crm].country][region]
                when = SIZE.starts_on + timedelta(days=int(day))
                found[f"{crm}/{channel}", when, name] = int(micros[day, region])
    return found


def channel_of(catalogue: AdCatalogue) -> dict[int, str]:
    """Campaign → crm/channel."""
    return {
        row["campaign_id"]: f"{row['crm']}/{row['channel']}"
        for row in catalogue.placements.to_pylist()
    }


def test_cost_is_exactly_what_was_spent_each_day_in_each_region(
    tables: dict[str, pa.Table], spend: Spend, catalogue: AdCatalogue
) -> None:
    channels = channel_of(catalogue)
    sums: Counter[tuple[str, date, str]] = Counter()
    for row in tables["ad_stats"].to_pylist():
        assert row["cost_micros"] >= 0 and row["cost_micros"] % 10_000 == 0
        sums[channels[row["campaign_id"]], row["stats_date"], row["region"]] += row["cost_micros"]
    assert +sums == spent_on(spend, catalogue)
    assert all(channel in PAID for channel in BOUGHT)


def test_every_visit_of_a_paid_day_is_a_click_of_that_day_in_the_account_zone(
    tables: dict[str, pa.Table], spend: Spend, catalogue: AdCatalogue, visits: pa.Table
) -> None:
    placements = {p["ad_id"]: p for p in catalogue.placements.to_pylist()}
    accounts = {a["account_id"]: a for a in catalogue.tables["ad_account"].to_pylist()}
    paid = spent_on(spend, catalogue)
    expected: Counter[tuple[int, date, str]] = Counter()
    for visit in visits.to_pylist():
        place = placements.get(visit["ad_id"])
        if place is None:
            continue
        zone = ZoneInfo(accounts[place["account_id"]]["time_zone"])
        day = visit["started_at"].astimezone(zone).date()
        if (f"{place['crm']}/{place['channel']}", day, place["region"]) in paid:
            expected[visit["ad_id"], day, visit["device"]] += 1
    assert sum(expected.values()) > 2000
    clicks: Counter[tuple[int, date, str]] = Counter()
    for row in tables["ad_stats"].to_pylist():
        clicks[row["ad_id"], row["stats_date"], row["device"]] += row["clicks"]
    assert all(clicks[key] >= count for key, count in expected.items())
    assert sum(clicks.values()) < 2.5 * sum(expected.values())


def test_sessions_are_visits_that_a_counter_saw_a_person_make(
    tables: dict[str, pa.Table], visits: pa.Table
) -> None:
    stats = tables["ad_stats"]
    seen = visits.filter(
        pc.and_(
            pc.not_equal(visits["metrica_client_id"], pa.scalar(0, pa.uint64())),
            pc.invert(pc.fill_null(visits["is_robot"], True)),
        )
    )
    sessions = pc.sum(stats["sessions"]).as_py()
    assert 0.8 * seen.num_rows < sessions <= seen.num_rows
    assert pc.all(pc.less_equal(stats["sessions"], stats["clicks"])).as_py()


def test_no_figure_of_a_row_contradicts_another(tables: dict[str, pa.Table]) -> None:
    stats = tables["ad_stats"]
    for less, more in (
        ("clicks", "impressions"),
        ("bounces", "sessions"),
        ("conversions", "sessions"),
    ):
        assert pc.all(pc.less_equal(stats[less], stats[more])).as_py(), less
    assert all(pc.min(stats[figure]).as_py() >= 0 for figure in FIGURES)
    assert pc.sum(stats["conversions"]).as_py() > 0


def test_money_of_search_never_goes_without_a_click(tables: dict[str, pa.Table]) -> None:
    stats = tables["ad_stats"]
    search = stats.filter(pc.equal(stats["network"], "search"))
    paid = search.filter(pc.greater(search["cost_micros"], 0))
    assert pc.min(paid["clicks"]).as_py() >= 1
    assert pc.min(paid["keyword_id"]).as_py() > 0


def test_a_visit_keeps_the_keyword_it_names(catalogue: AdCatalogue, spend: Spend) -> None:
    rows = [p for p in catalogue.placements.to_pylist() if p["keyword_id"]][:3]
    place = rows[1]
    visit = {k: place[k] for k in ("campaign_id", "ad_group_id", "ad_id", "utm_term")}
    visit |= {"visit_id": 1, "device": "tablet", "metrica_client_id": 5, "is_robot": False}
    visit |= {"ga_client_id": "", "is_bounce": False, "goal_ids": []}
    day = next(i for i in range(SIZE.days) if spend.micros[place["crm"], "paid_search"][i, 0])
    started_at = datetime(2026, 1, 1, 9, tzinfo=UTC) + timedelta(days=day)
    visits = pa.Table.from_pylist([visit | {"started_at": started_at}], schema=TABLES["visit"])
    stats = make_ad_stats(3, SIZE, catalogue, spend, visits)["ad_stats"]
    found = stats.filter(pc.greater(stats["sessions"], 0)).to_pylist()
    assert [(row["keyword_id"], row["device"]) for row in found] == [
        (place["keyword_id"], "tablet")
    ]


def test_a_cell_of_a_day_is_reported_once_and_in_order(tables: dict[str, pa.Table]) -> None:
    stats = tables["ad_stats"]
    keys = ["vendor", "account_id", "stats_date", "ad_group_id", "ad_id", "keyword_id", "device"]
    assert stats.group_by(keys).aggregate([]).num_rows == stats.num_rows
    days = stats.filter(pc.equal(stats["vendor"], "meta_ads"))["stats_date"].to_pylist()
    assert days == sorted(days)
    assert stats.schema.equals(TABLES["ad_stats"])


def test_a_channel_switched_off_reports_nothing(
    tables: dict[str, pa.Table], catalogue: AdCatalogue
) -> None:
    channels = channel_of(catalogue)
    reported = {
        (channels[row["campaign_id"]].split("/")[1], row["stats_date"])
        for row in tables["ad_stats"].select(["campaign_id", "stats_date"]).to_pylist()
    }
    off = [i for i in make_incidents(SIZE) if i.kind == "switched_off" and not i.crm]
    assert off
    for incident in off:
        assert (incident.channel, incident.date_from) not in reported
        assert (incident.channel, incident.date_from - timedelta(days=1)) in reported


def test_the_same_seed_reports_the_same_figures(
    tables: dict[str, pa.Table], catalogue: AdCatalogue, spend: Spend, visits: pa.Table
) -> None:
    again = make_ad_stats(3, SIZE, catalogue, spend, visits)
    assert all(again[name].equals(table) for name, table in tables.items())


def test_every_vendor_restates_and_ends_at_the_final_figure(tables: dict[str, pa.Table]) -> None:
    last: dict[tuple[str, str], tuple[int, float]] = {}
    for row in tables["restatement_curve"].to_pylist():
        key = (row["vendor"], row["metric"])
        last[key] = max(last.get(key, (-1, 0.0)), (row["age_days"], row["share"]))
    assert {vendor for vendor, _ in last} == set(CURVES)
    assert all(share == 1.0 for _, share in last.values())


def test_corrections_are_rare_late_and_of_days_with_clicks(tables: dict[str, pa.Table]) -> None:
    rows = tables["ad_correction"].to_pylist()
    stats = tables["ad_stats"]
    clicked = stats.filter(pc.greater(stats["clicks"], 0)).select(["campaign_id", "stats_date"])
    known = {(r["campaign_id"], r["stats_date"]) for r in clicked.to_pylist()}
    assert 0 < len(rows) < 0.1 * len(known)
    for row in rows:
        assert (row["campaign_id"], row["stats_date"]) in known
        assert 5 <= (row["corrected_at"].date() - row["stats_date"]).days < 60
        assert row["factor"] > 1
