"""Advertising figures as a vendor shows them at any instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from include.sandbox.world.ad_figures import FIGURES, UNIT_MICROS, ad_changes, ad_figures
from include.sandbox.world.tables import TABLES
from include.sandbox.world.world import World

DAY = date(2026, 3, 10)
ACCOUNT = {"vendor": "vk_ads", "account_id": "7", "time_zone": "Europe/Moscow"}
LONG_AGO = datetime(2026, 12, 31, tzinfo=UTC)
CURVE = {"clicks": {0: 1.1, 2: 1.0}, "cost": {0: 1.08, 3: 1.0}, "conversions": {0: 0.5, 5: 1.0}}


def stats(day: date = DAY, campaign_id: int = 1, **figures: int) -> dict[str, Any]:
    """One row of ``ad_stats`` with a hundred clicks unless told otherwise."""
    usual = {
        "impressions": 2000,
        "clicks": 100,
        "cost_micros": 5_000_000,
        "sessions": 80,
        "bounces": 20,
        "conversions": 4,
        "conversion_value_micros": 40_000_000,
    }
    keys = {"vendor": "vk_ads", "account_id": "7", "stats_date": day, "campaign_id": campaign_id}
    return keys | {"ad_group_id": 1, "ad_id": 1, "keyword_id": 0} | usual | figures


def curve(shares: dict[str, dict[int, float]]) -> list[dict[str, Any]]:
    """Rows of ``restatement_curve``."""
    return [
        {"vendor": "vk_ads", "metric": metric, "age_days": age, "share": share}
        for metric, ages in shares.items()
        for age, share in ages.items()
    ]


def shown(world: World, as_of: datetime, day: date = DAY) -> dict[str, int]:
    """Sums of one day's figures."""
    rows = ad_figures(world, "vk_ads", "7", day, day + timedelta(days=1), as_of)
    return {figure: pc.sum(rows[figure]).as_py() or 0 for figure in FIGURES}


def noon(age: int) -> datetime:
    """Noon in Moscow, so many days after ``DAY``."""
    return datetime(2026, 3, 10, 9, tzinfo=UTC) + timedelta(days=age)


@pytest.fixture
def world() -> World:
    """One account with one campaign-day and a curve for every metric."""
    return World.of(ad_account=[ACCOUNT], ad_stats=[stats()], restatement_curve=curve(CURVE))


def test_a_day_is_final_once_the_curve_has_ended_and_ever_after(world: World) -> None:
    for age in (5, 6, 40, 290):
        assert shown(world, noon(age)) == {f: stats()[f] for f in FIGURES}


def test_each_metric_follows_its_own_curve(world: World) -> None:
    young = shown(world, noon(1))
    assert young["impressions"] == 2000
    assert young["clicks"] in {110, 111}
    assert young["cost_micros"] == pytest.approx(5_400_000, abs=UNIT_MICROS)
    assert young["conversions"] == 2
    assert shown(world, noon(2))["clicks"] == 100


def test_an_age_between_two_named_ones_keeps_the_share_of_the_younger(world: World) -> None:
    assert shown(world, noon(4))["conversions"] == shown(world, noon(1))["conversions"] == 2


def test_an_age_is_counted_in_the_time_zone_of_the_account(world: World) -> None:
    before_midnight = datetime(2026, 3, 14, 20, 59, tzinfo=UTC)
    assert shown(world, before_midnight)["conversions"] == 2
    assert shown(world, before_midnight + timedelta(minutes=1))["conversions"] == 4


def test_a_day_that_has_not_begun_for_the_account_is_not_shown(world: World) -> None:
    last_instant = datetime(2026, 3, 9, 20, 59, 59, tzinfo=UTC)
    assert ad_figures(world, "vk_ads", "7", DAY, date(2026, 3, 11), last_instant).num_rows == 0


def test_the_day_itself_grows_with_each_whole_hour(world: World) -> None:
    morning = datetime(2026, 3, 10, 3, 59, tzinfo=UTC)
    six, seven = shown(world, morning), shown(world, morning + timedelta(minutes=1))
    assert six["impressions"] == pytest.approx(2000 * 6 / 24, abs=1)
    assert seven["impressions"] == pytest.approx(2000 * 7 / 24, abs=1)
    assert shown(world, morning - timedelta(minutes=59)) == six


def test_a_metric_without_a_curve_is_final_from_the_next_day_on() -> None:
    world = World.of(ad_account=[ACCOUNT], ad_stats=[stats()])
    assert shown(world, noon(1)) == {f: stats()[f] for f in FIGURES}


def test_a_correction_still_to_come_multiplies_what_is_shown() -> None:
    corrected_at = datetime(2026, 4, 20, 6, tzinfo=UTC)
    row = {"vendor": "vk_ads", "campaign_id": 1, "stats_date": DAY, "corrected_at": corrected_at}
    world = World.of(
        ad_account=[ACCOUNT],
        ad_stats=[stats(), stats(campaign_id=2)],
        ad_correction=[row | {"metric": "cost", "factor": 1.5}],
    )
    before = shown(world, corrected_at - timedelta(microseconds=1))
    assert before["cost_micros"] == pytest.approx(12_500_000, abs=UNIT_MICROS)
    assert before["clicks"] == 200
    assert shown(world, corrected_at)["cost_micros"] == 10_000_000


def test_other_vendors_accounts_and_days_are_not_shown(world: World) -> None:
    after = DAY + timedelta(days=1)
    assert ad_figures(world, "vk_ads", "8", DAY, after, LONG_AGO).num_rows == 0
    assert ad_figures(world, "meta_ads", "7", DAY, after, LONG_AGO).num_rows == 0
    assert ad_figures(world, "vk_ads", "7", after, date(2026, 4, 1), LONG_AGO).num_rows == 0
    assert ad_figures(world, "vk_ads", "7", DAY, DAY, LONG_AGO).num_rows == 0


def test_the_columns_are_those_of_ad_stats(world: World) -> None:
    rows = ad_figures(world, "vk_ads", "7", DAY, date(2026, 3, 11), noon(1))
    assert rows.schema.equals(TABLES["ad_stats"])


@cache
def many_rows() -> World:
    """Forty days of five campaigns with thirty small cells each."""
    rng = np.random.default_rng(5)
    rows = [
        stats(
            DAY + timedelta(days=day),
            campaign,
            impressions=int(rng.integers(0, 90)),
            clicks=int(rng.integers(0, 3)),
            cost_micros=int(rng.integers(0, 400)) * UNIT_MICROS,
            sessions=int(rng.integers(1, 3)),
            bounces=int(rng.integers(0, 2)),
            conversions=int(rng.integers(0, 2)),
            conversion_value_micros=7_000_000,
        )
        for day in range(40)
        for campaign in range(5)
        for _ in range(30)
    ]
    shares = {"clicks": {0: 1.07, 3: 1.0}, "cost": {0: 0.93, 9: 1.0}, "conversions": {0: 0.3, 8: 1}}
    corrected_at = datetime(2026, 4, 30, 5, 30, tzinfo=UTC)
    row = {"vendor": "vk_ads", "corrected_at": corrected_at, "metric": "clicks", "factor": 1.4}
    corrections = [row | {"campaign_id": 3, "stats_date": DAY}]
    return World.of(
        ad_account=[ACCOUNT],
        ad_stats=rows,
        restatement_curve=curve(shares),
        ad_correction=corrections,
    )


def test_the_sum_of_a_campaign_day_is_within_one_unit_of_the_exact_share() -> None:
    world = many_rows()
    end = DAY + timedelta(days=40)
    final = ad_figures(world, "vk_ads", "7", DAY, end, LONG_AGO)
    early = ad_figures(world, "vk_ads", "7", DAY, end, datetime(2026, 4, 19, 21, tzinfo=UTC))
    keys = ["stats_date", "campaign_id"]
    sums = [(f, "sum") for f in ("clicks", "cost_micros")]
    final_sums = final.group_by(keys).aggregate(sums).sort_by([(k, "ascending") for k in keys])
    early_sums = early.group_by(keys).aggregate(sums).sort_by([(k, "ascending") for k in keys])
    last_day = pc.equal(final_sums["stats_date"], pa.scalar(DAY + timedelta(days=39), pa.date32()))
    final_sums, early_sums = final_sums.filter(last_day), early_sums.filter(last_day)
    for metric, share, unit in (("clicks", 1.07, 1), ("cost_micros", 0.93, UNIT_MICROS)):
        exact = final_sums[f"{metric}_sum"].to_numpy() * share
        assert (abs(early_sums[f"{metric}_sum"].to_numpy() - exact) <= unit).all()


def test_what_is_not_final_is_right_on_average() -> None:
    world = many_rows()
    first, last = DAY + timedelta(days=34), DAY + timedelta(days=40)
    as_of = datetime(2026, 4, 19, 21, tzinfo=UTC)
    young = ad_figures(world, "vk_ads", "7", first, last, as_of)
    final = ad_figures(world, "vk_ads", "7", first, last, LONG_AGO)
    share = pc.sum(young["conversions"]).as_py() / pc.sum(final["conversions"]).as_py()
    assert share == pytest.approx(0.3, abs=0.03)


def test_a_row_shows_no_bounce_without_a_session_and_no_value_without_a_conversion() -> None:
    as_of = datetime(2026, 4, 16, 9, tzinfo=UTC)
    rows = ad_figures(many_rows(), "vk_ads", "7", date(2026, 4, 10), date(2026, 4, 16), as_of)
    assert pc.all(pc.less_equal(rows["bounces"], rows["sessions"])).as_py()
    world = World.of(
        ad_account=[ACCOUNT],
        ad_stats=[stats(conversions=1, ad_id=i) for i in range(40)],
        restatement_curve=curve(CURVE),
    )
    young = ad_figures(world, "vk_ads", "7", DAY, date(2026, 3, 11), noon(1))
    values = set(zip(*(young[c].to_pylist() for c in FIGURES[-2:]), strict=True))
    assert values == {(0, 0), (1, 40_000_000)}


def test_the_same_question_has_the_same_answer_however_the_days_are_asked_for() -> None:
    world, as_of = many_rows(), datetime(2026, 4, 16, 9, tzinfo=UTC)
    end = date(2026, 4, 20)
    whole = ad_figures(world, "vk_ads", "7", DAY, end, as_of)
    parts = [
        ad_figures(world, "vk_ads", "7", date(2026, 3, 10), date(2026, 4, 15), as_of),
        ad_figures(world, "vk_ads", "7", date(2026, 4, 15), end, as_of),
    ]
    assert pa.concat_tables(parts).combine_chunks().equals(whole.combine_chunks())
    assert ad_figures(many_rows.__wrapped__(), "vk_ads", "7", DAY, end, as_of).equals(whole)


@pytest.mark.parametrize(
    ("since", "until"),
    [
        (datetime(2026, 4, 10, 9, tzinfo=UTC), datetime(2026, 4, 11, 9, tzinfo=UTC)),
        (datetime(2026, 4, 29, 9, tzinfo=UTC), datetime(2026, 4, 30, 9, tzinfo=UTC)),
        (datetime(2026, 4, 15, 9, 10, tzinfo=UTC), datetime(2026, 4, 15, 9, 50, tzinfo=UTC)),
        (datetime(2026, 3, 1, 9, tzinfo=UTC), datetime(2026, 5, 15, 9, tzinfo=UTC)),
    ],
)
def test_the_earliest_change_is_that_of_comparing_every_day(
    since: datetime, until: datetime
) -> None:
    world = many_rows()
    expected: dict[int, date] = {}
    for number in reversed(range(40)):
        day = DAY + timedelta(days=number)
        before = ad_figures(world, "vk_ads", "7", day, day + timedelta(days=1), since)
        after = ad_figures(world, "vk_ads", "7", day, day + timedelta(days=1), until)
        for campaign in range(5):
            of = pc.equal(before["campaign_id"], campaign)
            if not before.filter(of).equals(after.filter(pc.equal(after["campaign_id"], campaign))):
                expected[campaign] = day
    assert ad_changes(world, "vk_ads", "7", since, until) == expected


def test_nothing_changes_between_an_instant_and_itself() -> None:
    assert ad_changes(many_rows(), "vk_ads", "7", noon(20), noon(20)) == {}


def test_a_late_correction_is_a_change_of_its_old_day() -> None:
    since = datetime(2026, 4, 30, 5, tzinfo=UTC)
    assert ad_changes(many_rows(), "vk_ads", "7", since, since + timedelta(hours=1)) == {3: DAY}
