"""The media-mix model: what enquiries and won deals a market would have with and without a channel.

A day's spend adds to an ad-stock that halves every so many days; the channel's response is
``stock / (stock + half)``. Demand (weekday, season, drift) multiplies what comes anyway and what
channels bring alike, for people in need are those whom advertising moves. Enquiries of a day are
``demand * (1 + sum(effect * response))``; won deals, by the day of their enquiry, the same with a
closing rate of each part. Sources: Jin and others, "Bayesian Methods for Media Mix Modeling with
Carryover and Shape Effects" (Google, 2017); returns as priors: Zhang and others (Google, 2023).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

HALF_LIVES_DAYS = (1.0, 2.0, 4.0, 7.0, 14.0, 28.0)
HALF_SATURATIONS = (0.1, 1 / 3, 1.0, 3.0)
"""Half of people are reached at so many usual stocks: from nearly full to nearly linear."""
SHAPES = tuple((days, half) for days in HALF_LIVES_DAYS for half in HALF_SATURATIONS)
"""What the model chooses from for each channel, all alike likely beforehand."""
DRIFT_DAYS, DRIFT_SPREAD = 91, 0.1
"""Demand may drift from a line and a season by about a tenth from one quarter to the next."""
SEASON_FROM_DAYS = 365
"""A season is told from a drift only in a series of a year and more."""
SEASON_WAVES = 3
YEAR_DAYS = 365.25


@dataclass(frozen=True)
class Experiment:
    """Spend was changed on purpose on the days ``[first, last)``.

    It was ``spend_factor`` times what it would have been; where that is 0 or not known, as many
    days before and after tell what it would have been. ``lift`` are the enquiries by which they
    changed, as somebody measured it; where nobody has, those days are compared too.
    """

    first: int
    last: int
    spend_factor: float | None = None
    lift: float | None = None
    lift_standard_error: float | None = None

    def find_neighbours(self, first_known: int, days: int) -> np.ndarray:
        """The days it is compared with: as many before, and as many after."""
        length = self.last - self.first
        day = np.arange(max(first_known, self.first - length), min(days, self.last + length))
        return day[(day < self.first) | (day >= self.last)]


@dataclass(frozen=True)
class Series:
    """One channel of a market. ``spend`` is money by day; before ``first`` it is not known."""

    channel: str
    spend: np.ndarray
    first: int
    experiments: Sequence[Experiment] = ()

    @property
    def cost(self) -> float:
        """Money of all days."""
        return float(self.spend.sum())


@dataclass(frozen=True)
class Market:
    """Days of one currency: enquiries, and deals won of that day's enquiries.

    ``settled`` days, from the first on, are long enough ago for their deals to have been won.
    """

    currency_code: str
    weekday: np.ndarray  # 0..6 by day
    enquiries: np.ndarray
    wins: np.ndarray
    settled: int
    value: float
    """Mean money of a won deal."""
    value_spread: float
    """Standard deviation of it, over the mean."""
    series: Sequence[Series]

    @property
    def days(self) -> int:
        """Length of the span."""
        return len(self.enquiries)


def respond(series: Series, spend: np.ndarray | None = None) -> np.ndarray:
    """Response by shape and day, 0..1; 0 on days before the channel is known.

    To other ``spend`` than its own where that is given; what is usual stays what it is.
    """
    own = series.spend[series.first :]
    known = own if spend is None else spend[series.first :]
    responses = np.zeros((len(SHAPES), len(series.spend)))
    # a channel on air most days was so before the first day that is known; a fair was not
    was_on_air = (own > 0).mean() > 0.5
    for half_life in HALF_LIVES_DAYS:
        keep = 0.5 ** (1.0 / half_life)
        usual_stock = own.mean() / (1.0 - keep)
        stocks = pile_up(known, keep, usual_stock * was_on_air)
        for row, (days, half) in enumerate(SHAPES):
            if days == half_life:
                responses[row, series.first :] = stocks / (stocks + half * usual_stock)
    return responses


def pile_up(spend: np.ndarray, keep: float, before: float) -> np.ndarray:
    """Ad-stock by day: the share ``keep`` of yesterday's, and today's spend."""
    stocks = np.empty(len(spend))
    stock = before
    for day, money in enumerate(spend.tolist()):
        stock = stock * keep + money
        stocks[day] = stock
    return stocks


def describe_demand(market: Market) -> tuple[np.ndarray, np.ndarray]:
    """Columns whose sum demand is, by day, and how far each may be from 0 over the usual demand.

    Weekdays, a straight line, waves of a year, and slow drifts.
    """
    day = np.arange(market.days)
    columns = [(market.weekday == one).astype(float) for one in range(7)]
    spreads = [2.0] * 7
    columns.append(day / YEAR_DAYS - day.mean() / YEAR_DAYS)
    spreads.append(0.5)
    if market.days >= SEASON_FROM_DAYS:
        for wave in range(1, SEASON_WAVES + 1):
            angle = 2.0 * np.pi * wave * day / YEAR_DAYS
            columns += [np.sin(angle), np.cos(angle)]
            spreads += [0.5, 0.5]
    knots = np.linspace(0, market.days - 1, max(2, round(market.days / DRIFT_DAYS) + 1))
    for knot in knots:
        columns.append(np.maximum(0.0, 1.0 - np.abs(day - knot) / (knots[1] - knots[0])))
        spreads.append(DRIFT_SPREAD)
    return np.stack(columns, axis=1), np.array(spreads)
