"""Draws from the media-mix model's posterior: a Gibbs sampler.

Given all else, an effect is normal, cut off at 0 and where channels would bring more than all there
is, for each of the few shapes a channel may have; so a shape is drawn from exact odds and then the
effect of it. Demand, closing rates and noise are drawn exactly too, and nothing has to be tuned.
What is learned from what is cut in two places: effects from enquiries alone, closing rates from the
deals won of them; and an experiment speaks of its channel's effect, not of demand.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import log_ndtr, ndtri_exp

from include.attribution.media_mix_model import (
    SHAPES,
    Experiment,
    Market,
    Series,
    describe_demand,
    respond,
)

BURNT_DRAWS, KEPT_DRAWS = 300, 1500
"""Draws while the chain finds its place, and those that are told of."""
PAID_SHARE, PAID_SPREAD = 0.5, 0.5
"""Beforehand paid channels together bring half of all enquiries, give or take half of that."""
RETURN_SPREAD = 0.7
"""Returns of paid channels lie about their mean by so much of it, never below 0."""
CLOSING_SPREAD = 0.2
"""Enquiries a channel brings close at the market's rate, give or take a fifth."""
STEP_SPREAD = 0.5
"""What a channel brought before its first known day, over what comes anyway."""
LATE_AFTER_DAYS = 14
"""A channel whose first known day is so long after the market's began somewhere unseen."""
MEAN_RETURNS = np.exp(np.linspace(-3.0, 3.0, 121))
"""Candidates for the mean return, over the one expected beforehand."""


@dataclass(frozen=True)
class Draws:
    """Draws of one channel: what it brought over its known days, and the shape it has."""

    enquiries: np.ndarray
    wins: np.ndarray
    money: np.ndarray
    shape: np.ndarray  # index into SHAPES


class _Channel:
    """One channel's place in the chain."""

    def __init__(self, state: _State, series: Series) -> None:
        market = state.market
        self.series = series
        self.responses = respond(series)
        self.usual = self.responses[:, series.first :].mean(axis=1)
        known = np.arange(market.days) >= series.first
        self.moves = self.responses - np.outer(self.usual, known)
        self.squares = self.moves**2
        value = market.value * market.wins.sum() / market.enquiries.sum()
        self.return_of_effect = self.responses @ state.demand * value / series.cost
        self.shape = len(SHAPES) // 2
        self.effect = 0.0
        self.is_late = series.first >= LATE_AFTER_DAYS
        self.before = (np.arange(market.days) < series.first).astype(float)
        self.step = 0.0
        self.trials = [_Trial(state, series, self, one) for one in series.experiments]

    @property
    def share(self) -> float:
        """Part of all enquiries that the channel brings while it is as usual."""
        return self.effect * float(self.usual[self.shape])

    @property
    def brought(self) -> np.ndarray:
        """What the channel brings by day, over demand."""
        return self.effect * self.responses[self.shape]

    @property
    def moved(self) -> np.ndarray:
        """By how much that is more than usual: demand is what comes with all channels as usual."""
        return self.effect * self.moves[self.shape]


class _Trial:
    """One experiment as a measured difference of enquiries."""

    def __init__(
        self, state: _State, series: Series, channel: _Channel, experiment: Experiment
    ) -> None:
        market = state.market
        tested = np.zeros(market.days)
        tested[experiment.first : experiment.last] = 1.0
        beside = experiment.find_neighbours(series.first, market.days)
        self.lift = experiment.lift
        if experiment.lift is not None:
            spend = series.spend.copy()
            days = slice(experiment.first, experiment.last)
            if experiment.spend_factor:
                spend[days] /= experiment.spend_factor
            else:
                spend[days] = spend[beside].mean()
            self.contrast = tested
            self.responses = (channel.responses - respond(series, spend)) * tested
            self.variance = float(experiment.lift_standard_error or 0.0) ** 2
            return
        part = float(state.demand @ tested / state.demand[beside].sum())
        self.contrast = tested.copy()
        self.contrast[beside] = -part
        self.responses = channel.moves * self.contrast
        self.variance = float(state.noise_of_enquiries @ self.contrast**2)
        state.leave_out(experiment.first, experiment.last)

    def compare(self, rest: np.ndarray) -> float:
        """What the channel has to explain; ``rest`` is what others leave of enquiries, by day."""
        return float(self.contrast @ rest) if self.lift is None else self.lift


class _State:
    """One market in the chain."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.basis, spreads = describe_demand(market)
        usual = market.enquiries.mean()
        self.closing = (
            market.wins[: market.settled].sum() / market.enquiries[: market.settled].sum()
        )
        self.ridge = np.diag(1.0 / (spreads * usual) ** 2)
        inner = self.basis.T @ self.basis / usual
        self.demand = self.basis @ np.linalg.solve(
            inner + self.ridge, self.basis.T @ market.enquiries / usual
        )
        expected = np.maximum(self.demand, 0.2 * usual)
        self.noise_of_enquiries = expected.copy()
        self.weights = 1.0 / expected
        self.win_weights = 1.0 / (self.closing * expected)
        self.win_weights[market.settled :] = 0.0
        self.closings = [self.closing] * (1 + len(market.series))
        self.is_left_out = np.zeros(market.days, bool)
        self.channels = [_Channel(self, series) for series in market.series]
        self.weights[self.is_left_out] = 0.0
        self.win_weights[self.is_left_out] = 0.0
        self.noise = 1.0
        self.win_noise = 1.0 - self.closing  # of events that happen to a part of enquiries

    def leave_out(self, first: int, last: int) -> None:
        """Days whose experiment speaks for them: none counts twice."""
        self.is_left_out[first:last] = True

    def sum_steps(self) -> np.ndarray:
        """What channels brought before they are known, over what comes anyway."""
        return sum((one.step * one.before for one in self.channels), np.zeros(self.market.days))

    def mix(self) -> np.ndarray:
        """Enquiries by day, over demand."""
        return 1.0 + self.sum_steps() + sum(one.moved for one in self.channels)


def sample(markets: Sequence[Market], seed: int) -> list[list[Draws]]:
    """Draws by market and channel, in the order given; the same for the same seed.

    ``ValueError`` if a channel has no cost or a market no enquiries.
    """
    rng = np.random.default_rng(seed)
    states = [_State(market) for market in markets]
    channels = [one for state in states for one in state.channels]
    expected = _expect_return(markets)
    mean_return, shape_odds = expected, np.zeros(len(SHAPES))
    kept: list[list[list[tuple[float, float, float, int]]]] = [
        [[] for _ in state.channels] for state in states
    ]
    for turn in range(BURNT_DRAWS + KEPT_DRAWS):
        for place, state in enumerate(states):
            _draw_effects(rng, state, mean_return, shape_odds)
            _draw_steps(rng, state)
            _draw_closing(rng, state)
            _draw_demand(rng, state)
            _draw_noise(rng, state)
            if turn >= BURNT_DRAWS:
                for draws, one, closing in zip(
                    kept[place], state.channels, state.closings[1:], strict=True
                ):
                    draws.append(_measure(rng, state, one, closing))
        mean_return = _draw_mean_return(rng, channels, expected)
        shape_odds = _draw_shape_odds(rng, channels)
    return [[_gather(draws) for draws in market] for market in kept]


def _gather(draws: list[tuple[float, float, float, int]]) -> Draws:
    enquiries, wins, money, shape = (np.array(column) for column in zip(*draws, strict=True))
    return Draws(enquiries, wins, money, shape)


def _expect_return(markets: Sequence[Market]) -> float:
    """The return at which paid channels bring the share expected beforehand."""
    shares = []
    for market in markets:
        cost = sum(one.spend[one.first :].mean() for one in market.series)
        shares.append(PAID_SHARE * market.value * market.wins.mean() / cost)
    return float(np.mean(shares))


def _draw_effects(
    rng: np.random.Generator, state: _State, mean_return: float, shape_odds: np.ndarray
) -> None:
    market = state.market
    mix = state.mix()
    for one in state.channels:
        others = mix - one.moved
        rest = market.enquiries - state.demand * others
        weighted = state.demand * state.weights / state.noise
        pull = one.moves @ (weighted * rest)
        hold = one.squares @ (weighted * state.demand)
        for trial in one.trials:
            moved = trial.responses @ state.demand
            noise = trial.variance * (state.noise if trial.lift is None else 1.0)
            pull = pull + moved * trial.compare(rest) / noise
            hold = hold + moved**2 / noise
        spread = RETURN_SPREAD * mean_return / one.return_of_effect
        precision = hold + 1.0 / spread**2
        middle = (pull + 1.0 / (RETURN_SPREAD * spread)) / precision
        scaled = middle * np.sqrt(precision)
        left = 1.0 - sum(other.share for other in state.channels if other is not one)
        most = (left / one.usual - middle) * np.sqrt(precision)
        odds = 0.5 * scaled**2 + _log_chance(-scaled, most)
        odds += shape_odds - 0.5 * np.log(precision) - np.log(spread)
        one.shape = _choose(rng, odds)
        drawn = _draw_between(rng, -scaled[one.shape], most[one.shape])
        one.effect = max(float(middle[one.shape] + drawn * precision[one.shape] ** -0.5), 0.0)
        mix = others + one.moved


def _draw_steps(rng: np.random.Generator, state: _State) -> None:
    market = state.market
    for one in state.channels:
        if not one.is_late:
            continue
        column = state.demand * one.before
        rest = market.enquiries - state.demand * state.mix() + one.step * column
        weights = column * state.weights / state.noise
        precision = 1.0 / STEP_SPREAD**2 + weights @ column
        middle = weights @ rest / precision
        one.step = float(rng.normal(middle, precision**-0.5))


def _draw_closing(rng: np.random.Generator, state: _State) -> None:
    """The closing rate of what comes anyway, and of each channel's enquiries."""
    spread = CLOSING_SPREAD * state.closing
    mix = state.mix()
    of_mix = state.market.enquiries / mix
    brought = [one.brought for one in state.channels]
    parts = [mix - sum(brought), *brought]
    for place, part in enumerate(parts):
        column = of_mix * part
        rest = state.market.wins - sum(
            rate * of_mix * other
            for other, rate, number in zip(parts, state.closings, range(len(parts)), strict=True)
            if number != place
        )
        weights = column * state.win_weights / state.win_noise
        precision = 1.0 / spread**2 + weights @ column
        middle = (state.closing / spread**2 + weights @ rest) / precision
        drawn = _draw_between(rng, -middle * precision**0.5, np.inf)
        state.closings[place] = float(middle + drawn * precision**-0.5)


def _draw_demand(rng: np.random.Generator, state: _State) -> None:
    mix = state.mix()
    weights = state.weights / state.noise
    precision = state.ridge + state.basis.T @ (state.basis * (weights * mix**2)[:, None])
    pull = state.basis.T @ (weights * mix * state.market.enquiries)
    lower = np.linalg.cholesky(precision)
    middle = np.linalg.solve(precision, pull)
    drawn = middle + np.linalg.solve(lower.T, rng.standard_normal(len(middle)))
    state.demand = np.maximum(state.basis @ drawn, 0.0)


def _draw_noise(rng: np.random.Generator, state: _State) -> None:
    """How many times the variance of days is that of independent events."""
    squares = state.weights * (state.market.enquiries - state.demand * state.mix()) ** 2
    state.noise = squares.sum() / rng.chisquare(np.count_nonzero(state.weights))


def _draw_shape_odds(rng: np.random.Generator, channels: Sequence[_Channel]) -> np.ndarray:
    """How often channels have each half-life and saturation: those of one company are alike."""
    odds = np.zeros(len(SHAPES))
    for values in np.array(SHAPES).T:
        known, kinds = np.unique(values, return_inverse=True)
        counts = np.bincount(kinds[[one.shape for one in channels]], minlength=len(known))
        odds += np.log(rng.dirichlet(counts + 1.0 / len(known)) + 1e-12)[kinds]
    return odds


def _draw_mean_return(
    rng: np.random.Generator, channels: Sequence[_Channel], expected: float
) -> float:
    candidates = expected * MEAN_RETURNS
    odds = -0.5 * (np.log(MEAN_RETURNS) / PAID_SPREAD) ** 2
    for one in channels:
        found = one.effect * one.return_of_effect[one.shape]
        spread = RETURN_SPREAD * candidates
        odds = odds - 0.5 * ((found - candidates) / spread) ** 2 - np.log(spread)
    return float(candidates[_choose(rng, odds)])


def _measure(
    rng: np.random.Generator, state: _State, one: _Channel, closing: float
) -> tuple[float, float, float, int]:
    """What the channel brought; so few deals, and of such unlike amounts, vary by themselves."""
    enquiries = float(state.demand @ one.brought)
    wins = enquiries * closing
    wins = max(wins + np.sqrt(wins) * rng.standard_normal(), 0.0)
    spread = state.market.value_spread / np.sqrt(max(wins, 1.0))
    money = wins * state.market.value * max(1.0 + spread * rng.standard_normal(), 0.0)
    return enquiries, wins, money, one.shape


def _choose(rng: np.random.Generator, odds: np.ndarray) -> int:
    chances = np.cumsum(np.exp(odds - odds.max()))
    return int(np.searchsorted(chances, rng.random() * chances[-1]))


def _log_chance(lowest: np.ndarray, highest: np.ndarray) -> np.ndarray:
    """Logarithm of the chance that a standard normal falls between the two."""
    is_right = lowest > 0  # there the other tail is the exact one
    low, high = np.where(is_right, -highest, lowest), np.where(is_right, -lowest, highest)
    upper = log_ndtr(high)
    return upper + np.log1p(-np.exp(np.minimum(log_ndtr(low) - upper, -1e-15)))


def _draw_between(rng: np.random.Generator, lowest: float, highest: float) -> float:
    """A standard normal draw given that it falls between the two."""
    if lowest > 0:
        return -_draw_between(rng, -highest, -lowest)
    chance = float(_log_chance(np.float64(lowest), np.float64(highest)))
    return float(ndtri_exp(np.logaddexp(log_ndtr(lowest), np.log(rng.random()) + chance)))
