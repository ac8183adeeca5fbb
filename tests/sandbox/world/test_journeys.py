"""How channels reach people, and what people would have done without them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from include.sandbox.world.business_lines import CHANNELS, LINES, REGIONS
from include.sandbox.world.channels import MODELS, PAID, Spend, make_spend
from include.sandbox.world.choices import Choices, choose
from include.sandbox.world.incidents import make_incidents
from include.sandbox.world.journeys import CODE, Needs, Touches, draw_needs, draw_touches
from include.sandbox.world.population import make_population
from include.sandbox.world.sizes import SIZES, make_rng

SIZE = replace(SIZES["demo"], companies=200, people=1_500)
NEEDS = 6_000


@dataclass(frozen=True)
class Played:
    """People, what reached them, and what they chose."""

    needs: Needs
    spend: Spend
    touches: Touches
    choices: Choices


@pytest.fixture(scope="module")
def played() -> Played:
    needs = draw_needs(make_rng(1, "needs"), SIZE, make_population(1, SIZE), NEEDS)
    spend = make_spend(1, SIZE)
    touches = draw_touches(make_rng(1, "touches"), SIZE, needs, spend)
    return Played(needs, spend, touches, choose(needs, touches))


def without(spend: Spend, channel: str) -> Spend:
    """The same spend, but nobody ever pays for the channel."""
    reach = {key: values * (key[1] != channel) for key, values in spend.reach.items()}
    micros = {key: values * (key[1] != channel) for key, values in spend.micros.items()}
    return Spend(spend.size, micros, reach)


@pytest.mark.parametrize("channel", PAID)
def test_the_world_played_again_without_a_channel_agrees_with_the_truth_told(
    played: Played, channel: str
) -> None:
    again = draw_touches(make_rng(1, "touches"), SIZE, played.needs, without(played.spend, channel))
    assert not (again.channel == CODE[channel]).any()
    told = played.choices.buys_without[:, CODE[channel]]
    assert (choose(played.needs, again).will_buy == told).all()


def test_every_paid_channel_wins_buyers_who_would_not_come_without_it(played: Played) -> None:
    buyers = played.choices.will_buy
    for channel in PAID:
        others = played.choices.buys_without[:, CODE[channel]]
        assert not (others & ~buyers).any()
        assert (buyers & ~others).sum() > 0


def test_most_buyers_of_the_brand_would_come_without_any_single_direct_visit(
    played: Played,
) -> None:
    buyers = played.choices.will_buy.sum()
    lost = {
        channel: buyers - (played.choices.buys_without[:, code] & played.choices.will_buy).sum()
        for code, channel in enumerate(CHANNELS)
    }
    assert lost["direct"] < 0.1 * buyers
    assert lost["direct"] < lost["paid_search"]


def test_a_needed_touch_is_of_a_buyer_and_before_the_decision(played: Played) -> None:
    needed = played.choices.is_needed
    need = played.touches.need[needed]
    assert needed.any()
    assert played.choices.will_buy[need].all()
    assert (played.touches.local[needed] <= played.needs.decided_local[need]).all()


def test_an_enquiry_grows_out_of_a_touch_that_was_seen(played: Played) -> None:
    touch = played.choices.ask_touch[played.choices.asks]
    assert (touch >= 0).all()
    assert played.touches.is_seen[touch].all()
    assert (played.touches.need[touch] == np.flatnonzero(played.choices.asks)).all()


def test_people_of_a_region_where_a_channel_paused_meet_it_less(played: Played) -> None:
    test = next(
        one
        for one in make_incidents(SIZE)
        if one.kind == "regional_test" and one.channel == "paid_social"
    )
    first = (test.date_from - SIZE.starts_on).days
    last = (test.date_to - SIZE.starts_on).days
    for line in LINES:
        regions = REGIONS[line.country]
        if test.region not in regions:
            continue
        at = regions.index(test.region)
        spent = played.spend.micros[line.crm, test.channel]
        reach = played.spend.reach[line.crm, test.channel]
        assert (spent[first:last, at] == 0).all()
        assert (np.delete(spent[first:last], at, axis=1) > 0).all()
        assert reach[last - 1, at] < 0.3 * reach[first - 1, at]


def test_reach_halves_its_stock_over_the_half_life_and_saturates(played: Played) -> None:
    off = next(
        one
        for one in make_incidents(SIZE)
        if one.kind == "switched_off" and one.channel == "display"
    )
    first = (off.date_from - SIZE.starts_on).days
    reach = played.spend.reach["bitrix24", "display"][:, 0]
    days = int(MODELS["display"].half_life_days)
    odds = reach / (1.0 - reach)
    assert odds[first - 1 + days] / odds[first - 1] == pytest.approx(0.5, rel=1e-6)
    assert reach.max() < 1.0


def test_letters_are_read_after_the_tuesday_of_their_mailing(played: Played) -> None:
    letters = played.touches.local[played.touches.channel == CODE["email"]]
    since = (np.floor(letters).astype(int) + SIZE.starts_on.weekday() - 1) % 7
    assert set(since.tolist()) == {0, 1, 2}


def test_exhibitions_are_met_on_their_days_only(played: Played) -> None:
    is_stand = (played.touches.channel == CODE["exhibition"]) & (played.touches.local >= 0)
    days = np.floor(played.touches.local[is_stand]).astype(int)
    is_open = played.spend.micros["bitrix24", "exhibition"].sum(axis=1) > 0
    assert len(days) > 20
    assert is_open[days].all()


@pytest.mark.parametrize("channel", ["paid_search", "display", "paid_social", "outbound_call"])
def test_nobody_meets_a_channel_on_a_day_nothing_is_spent_on_it(
    played: Played, channel: str
) -> None:
    rows = (played.touches.channel == CODE[channel]) & (played.touches.local >= 0)
    need = played.touches.need[rows]
    line, place = played.needs.line[need], played.needs.place[need] % 6
    spent = np.stack([played.spend.micros[one.crm, channel] for one in LINES])
    assert rows.any()
    assert (spent[line, played.touches.local[rows].astype(int), place] > 0).all()
