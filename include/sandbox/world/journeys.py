"""Needs of people, and the touches that reach them while they have one.

A need (later a journey) is of one person for one company. Touches are drawn as if everybody were
reached and then thinned by the reach of the day and region, so that the same random numbers tell
what would have happened without a channel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from include.sandbox.world.business_lines import CHANNELS, LINES
from include.sandbox.world.calendar import (
    PLACES,
    WEEKEND_KEEP,
    draw_time_of_day,
    find_place_offsets,
    is_weekend,
    to_instants,
)
from include.sandbox.world.channels import (
    MODELS,
    MONTH_SEASON,
    PAID,
    Spend,
    is_exhibition_day,
)
from include.sandbox.world.population import Population
from include.sandbox.world.sizes import Size

TOUCHES_PER_NEED = 7.4
"""Visits a need makes on average; only scales how many needs a size has."""
CODE = {channel: code for code, channel in enumerate(CHANNELS)}
NOBODY = -1
HALO = tuple((channel, model.halo) for channel, model in MODELS.items() if model.halo)
HALO_TOTAL = sum(halo for _, halo in HALO)
HALO_CHANNELS = ("direct", "organic")
REGION_COUNT = len(PLACES) // 2
MEAN_DURATION_DAYS = 18.0
DAYS_BEFORE, DAYS_AFTER = 10, 20
"""Needs are decided from so long before the span until so long after it: it begins and ends in the
middle of journeys."""
AFTER_SHARE = 0.18
STAND_VISITORS = 2.5
"""On the days of an exhibition its stand is met so many times as often as its reach says."""


@dataclass(frozen=True)
class Columns:
    """Arrays of one length."""

    def take(self, rows: np.ndarray) -> Self:
        """The rows of an index array or mask, in its order."""
        return type(self)(*(getattr(self, field.name)[rows] for field in fields(self)))

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))


@dataclass(frozen=True)
class Needs(Columns):
    """One row a need."""

    person: np.ndarray  # row of Population.people
    company_id: np.ndarray
    line: np.ndarray  # index into LINES
    place: np.ndarray  # index into PLACES
    decided_local: np.ndarray
    duration_days: np.ndarray
    strength: np.ndarray  # standard normal
    doubt: np.ndarray  # what keeps people from buying though they asked; standard normal
    value_micros: np.ndarray  # in the line's currency, without VAT


@dataclass(frozen=True)
class Touches(Columns):
    """One row a touch, ordered by instant."""

    need: np.ndarray  # row of Needs
    channel: np.ndarray  # index into CHANNELS
    owed_to: np.ndarray  # the channel whose reach made this direct or organic visit, NOBODY
    local: np.ndarray
    instant: np.ndarray  # int64 microseconds, UTC
    weight: np.ndarray  # how strong a touch, around 1
    is_seen: np.ndarray  # leaves a visit, or a call, or a line in the exhibition's notes


def draw_needs(rng: np.random.Generator, size: Size, population: Population, count: int) -> Needs:
    """``count`` needs, spread over the span by season."""
    people = population.people
    interest = people["interest"].to_numpy()
    person = rng.choice(len(interest), count, p=interest / interest.sum())
    crm = people["crm"].to_numpy(zero_copy_only=False)[person]
    line = np.zeros(count, np.int8)
    for index, one in enumerate(LINES):
        line[crm == one.crm] = index
    place_of = {place: code for code, place in enumerate(PLACES)}
    place = np.array([place_of[city] for city in people["city"].to_pylist()])[person]
    company = choose_company(rng, population, person, crm)
    wealth = np.concatenate([[0.25], population.companies["wealth"].to_numpy()])[company]
    rate = np.where(line == 2, 90.0, 1.0)
    value = rng.lognormal(np.log(180_000), 0.9, count) * wealth / rate
    return Needs(
        person,
        company,
        line,
        place,
        draw_days(rng, size, count) + draw_time_of_day(rng, count),
        1.0 + rng.exponential(MEAN_DURATION_DAYS, count),
        rng.standard_normal(count),
        rng.standard_normal(count),
        np.rint(value).astype(np.int64) * 1_000_000,
    )


def choose_company(
    rng: np.random.Generator, population: Population, person: np.ndarray, crm: np.ndarray
) -> np.ndarray:
    """For whom each need is: mostly the employer, sometimes the other one; brokers: anybody."""
    people = population.people
    company = people["company_id"].to_numpy()[person]
    other = people["other_company_id"].to_numpy()[person]
    company = np.where((other > 0) & (rng.random(len(person)) < 0.35), other, company)
    is_broker = (people["kind"].to_numpy(zero_copy_only=False) == "broker")[person]
    crm_of_company = population.companies["crm"].to_numpy(zero_copy_only=False)
    for line in LINES:
        clients = np.flatnonzero(crm_of_company == line.crm) + 1
        rows = np.flatnonzero(is_broker & (crm == line.crm))
        company[rows] = rng.choice(clients, len(rows)) if len(clients) else company[rows]
    return company


def draw_days(rng: np.random.Generator, size: Size, count: int) -> np.ndarray:
    """Days on which needs come to a decision."""
    day, weight = weigh_days(size)
    return rng.choice(day, count, p=weight / weight.sum()).astype(float)


def weigh_days(size: Size) -> tuple[np.ndarray, np.ndarray]:
    """The days needs are decided on, and how many on each, by season and weekday."""
    day = np.arange(-DAYS_BEFORE, size.days + DAYS_AFTER)
    month = (np.datetime64(size.starts_on, "D") + day).astype("datetime64[M]").astype(np.int64)
    weight = np.array(MONTH_SEASON)[month % 12]
    return day, weight * np.where(is_weekend(size, day), WEEKEND_KEEP, 1.0)


def count_needs(size: Size) -> int:
    """How many needs make about as many visits as the size wants."""
    of_people = size.visits * (1.0 - size.robot_share)
    return int(of_people / TOUCHES_PER_NEED * (1.0 + (DAYS_BEFORE + DAYS_AFTER) / size.days))


def draw_touches(rng: np.random.Generator, size: Size, needs: Needs, spend: Spend) -> Touches:
    """Every touch of the needs before the span's end, ordered by instant.

    Those before its first day moved people too, but no table shows them: their ``local`` is
    negative.
    """
    parts = [draw_channel(rng, size, needs, spend, channel) for channel in CHANNELS]
    need, channel, owed_to, local, weight, is_seen = (
        np.concatenate(column) for column in zip(*parts, strict=True)
    )
    instant = to_instants(size, local, needs.place[need], find_place_offsets(size))
    order = find_time_order(instant)
    return Touches(need, channel, owed_to, local, instant, weight, is_seen).take(order)


def find_time_order(instant: np.ndarray) -> np.ndarray:
    """Rows by whole second, equal ones as they stand; sorting one number is faster than argsort."""
    if not len(instant):
        return np.zeros(0, np.int64)
    bits = len(instant).bit_length()
    second = (instant - instant.min()) // 1_000_000
    packed = np.sort((second << bits) | np.arange(len(instant)))
    return packed & ((1 << bits) - 1)


def draw_channel(
    rng: np.random.Generator, size: Size, needs: Needs, spend: Spend, channel: str
) -> tuple[np.ndarray, ...]:
    """One channel's touches: need, channel, owed_to, local time, weight, is_seen."""
    model = MODELS[channel]
    most = model.touches * (1.0 + HALO_TOTAL * (channel in HALO_CHANNELS))
    need = np.repeat(np.arange(len(needs)), rng.poisson(most, len(needs)))
    chance = rng.random(len(need))
    is_after = rng.random(len(need)) < AFTER_SHARE
    back = rng.random(len(need)) ** (1.0 / (2.0 * model.lead_time + 0.3))
    shift = np.where(is_after, 0.4 * (1.0 - back), -back) * needs.duration_days[need]
    day = np.floor(needs.decided_local[need] + shift)
    if channel == "email":
        day = find_mailing_day(size, day, chance)
    is_possible = day < size.days
    if channel == "exhibition":
        is_possible &= is_exhibition_day(day)
    rows = np.flatnonzero(is_possible)
    need, chance, day = need[rows], chance[rows], day[rows]
    local = day + draw_time_of_day(rng, len(need))
    weight = rng.lognormal(-0.1, 0.5, len(need))
    is_seen = rng.random(len(need)) >= model.unseen_share
    keep = ~is_weekend(size, local) | (rng.random(len(need)) < WEEKEND_KEEP)
    day_index = np.clip(day, 0, size.days - 1).astype(np.int64)
    reached, owed_to = thin(chance, day_index, needs, need, spend, channel)
    rows = np.flatnonzero(keep & reached)
    code = np.full(len(rows), CODE[channel], np.int8)
    return need[rows], code, owed_to[rows], local[rows], weight[rows], is_seen[rows]


def find_mailing_day(size: Size, day: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """The day a letter of the last mailing is read: most on the Tuesday it was sent."""
    since_tuesday = (day.astype(np.int64) + size.starts_on.weekday() - 1) % 7
    return day - since_tuesday + np.floor(3.0 * (chance * 7919.0 % 1.0) ** 2)


def thin(
    chance: np.ndarray,
    day: np.ndarray,
    needs: Needs,
    need: np.ndarray,
    spend: Spend,
    channel: str,
) -> tuple[np.ndarray, np.ndarray]:
    """Which candidates happen, and to which channel's reach each of them is owed.

    Nobody clicks on an ad of a day without spend, however well it is remembered; letters are read
    after the day they are paid for.
    """
    owed_to = np.full(len(need), NOBODY, np.int8)
    if channel in PAID:
        reach = look_up(spend.reach, channel, needs, need, day)
        if channel == "email":
            return chance < reach, owed_to
        is_open = look_up(spend.micros, channel, needs, need, day) > 0
        busy = STAND_VISITORS if channel == "exhibition" else 1.0
        return is_open & (chance < busy * reach), owed_to
    if channel not in HALO_CHANNELS:
        return np.ones(len(need), bool), owed_to
    chance = chance * (1.0 + HALO_TOTAL)
    reached = chance < 1.0
    edge = 1.0
    for source, halo in HALO:
        upper = edge + halo * look_up(spend.reach, source, needs, need, day)
        is_owed = (chance >= edge) & (chance < upper)
        owed_to[is_owed] = CODE[source]
        reached |= is_owed
        edge += halo
    return reached, owed_to


def look_up(
    by_channel: Mapping[tuple[str, str], np.ndarray],
    channel: str,
    needs: Needs,
    need: np.ndarray,
    day: np.ndarray,
) -> np.ndarray:
    """The figure of the channel where and when each candidate touch is."""
    table = np.stack([by_channel[line.crm, channel] for line in LINES])
    return table[needs.line[need], day, needs.place[need] % REGION_COUNT]
