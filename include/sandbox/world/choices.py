"""What people decide, and what they would have decided without a channel or a touch.

Utility is the need's strength plus, for each channel, ``effect * (1 - exp(-sum of weights))`` of
its touches up to the decision. Nobody here solves an equation of a media-mix model: totals come
from people who cross a threshold or do not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from include.sandbox.world.business_lines import CHANNELS
from include.sandbox.world.channels import MODELS
from include.sandbox.world.journeys import Needs, Touches

ASK_AT = 1.8
"""Utility at which people enquire."""
BUY_AT = 2.75
"""Utility, less their doubt, at which those who enquired buy."""
DOUBT = 0.6
EFFECTS = np.array([MODELS[channel].effect for channel in CHANNELS])
CANNOT_ASK = -np.inf


@dataclass(frozen=True)
class Choices:
    """Decisions by need, and which touches counted for them."""

    utility: np.ndarray  # CANNOT_ASK where no touch could carry an enquiry
    asks: np.ndarray
    will_buy: np.ndarray
    quality: np.ndarray  # 0..1, chance to buy as a good seller would guess it
    ask_touch: np.ndarray  # row of Touches at which the need enquires; -1 if never
    is_counted: np.ndarray  # by touch: it happened no later than the decision
    buys_without: np.ndarray  # (need, channel): would still buy had the channel never been there
    is_needed: np.ndarray  # by touch: without this one the need would not buy


def choose(needs: Needs, touches: Touches) -> Choices:
    """Let everybody decide, in the world as it is and without each channel and touch."""
    ask_touch = find_ask_touch(needs, touches)
    is_counted = touches.local <= needs.decided_local[touches.need]
    weights = sum_weights(needs, touches, is_counted)
    carriers = count_carriers(needs, touches, is_counted)
    utility = find_utility(needs, weights, carriers.sum(axis=1))
    asks = utility >= ASK_AT
    margin = utility - BUY_AT - DOUBT * needs.doubt
    will_buy = asks & (margin >= 0)
    return Choices(
        utility,
        asks,
        will_buy,
        1.0 / (1.0 + np.exp(-3.0 * np.maximum(margin, -50.0))),
        np.where(asks, ask_touch, -1),
        is_counted,
        find_buys_without(needs, touches, is_counted, weights, carriers, will_buy),
        find_needed(needs, touches, is_counted, weights, carriers, will_buy),
    )


def find_ask_touch(needs: Needs, touches: Touches) -> np.ndarray:
    """The last touch of the span seen before the decision, by need; -1 where there is none."""
    is_within = (touches.local >= 0) & (touches.local <= needs.decided_local[touches.need])
    rows = np.flatnonzero(touches.is_seen & is_within)
    found = np.full(len(needs), -1)
    np.maximum.at(found, touches.need[rows], rows)
    return found


def sum_weights(needs: Needs, touches: Touches, rows: np.ndarray) -> np.ndarray:
    """Weights of the touches of a mask by (need, channel)."""
    cell = touches.need[rows] * len(CHANNELS) + touches.channel[rows]
    sums = np.bincount(cell, touches.weight[rows], len(needs) * len(CHANNELS))
    return sums.reshape(len(needs), len(CHANNELS))


def count_carriers(needs: Needs, touches: Touches, rows: np.ndarray) -> np.ndarray:
    """Touches of a mask and of the span through which one can enquire, by (need, channel)."""
    rows = rows & touches.is_seen & (touches.local >= 0)
    cell = touches.need[rows] * len(CHANNELS) + touches.channel[rows]
    counts = np.bincount(cell, minlength=len(needs) * len(CHANNELS))
    return counts.reshape(len(needs), len(CHANNELS))


def find_utility(needs: Needs, weights: np.ndarray, carriers: np.ndarray) -> np.ndarray:
    """Utility by need; nobody can enquire without any touch that can carry it."""
    utility = needs.strength + (EFFECTS * (1.0 - np.exp(-weights))).sum(axis=1)
    return np.where(carriers > 0, utility, CANNOT_ASK)


def decide(needs: Needs, utility: np.ndarray) -> np.ndarray:
    """Whether needs of this utility enquire and buy."""
    return (utility >= ASK_AT) & (utility - BUY_AT - DOUBT * needs.doubt >= 0)


def find_buys_without(
    needs: Needs,
    touches: Touches,
    is_counted: np.ndarray,
    weights: np.ndarray,
    carriers: np.ndarray,
    will_buy: np.ndarray,
) -> np.ndarray:
    """Who would buy without a channel, its halo of direct and organic visits included.

    Touches only ever speak for buying, so only those who buy are asked again.
    """
    answers = np.zeros((len(needs), len(CHANNELS)), bool)
    buyers = np.flatnonzero(will_buy)
    asked = needs.take(buyers)
    for code in range(len(CHANNELS)):
        owed = is_counted & (touches.owed_to == code)
        left, left_carriers = weights[buyers], carriers[buyers]
        if owed.any():
            left = np.maximum(left - sum_weights(needs, touches, owed)[buyers], 0.0)
            left_carriers = left_carriers - count_carriers(needs, touches, owed)[buyers]
        left[:, code] = 0.0
        left_carriers[:, code] = 0
        utility = find_utility(asked, left, left_carriers.sum(axis=1))
        answers[buyers, code] = decide(asked, utility)
    return answers


def find_needed(
    needs: Needs,
    touches: Touches,
    is_counted: np.ndarray,
    weights: np.ndarray,
    carriers: np.ndarray,
    will_buy: np.ndarray,
) -> np.ndarray:
    """Touches of buyers without which, alone, they would not have bought."""
    needed = np.zeros(len(touches), bool)
    rows = np.flatnonzero(is_counted & will_buy[touches.need])
    need, channel = touches.need[rows], touches.channel[rows]
    whole = weights[need, channel]
    rest = np.maximum(whole - touches.weight[rows], 0.0)
    lost = EFFECTS[channel] * (np.exp(-rest) - np.exp(-whole))
    base = needs.strength + (EFFECTS * (1.0 - np.exp(-weights))).sum(axis=1)
    utility = base[need] - lost
    is_carrier = touches.is_seen[rows] & (touches.local[rows] >= 0)
    is_only_carrier = is_carrier & (carriers.sum(axis=1)[need] == 1)
    buys = (utility >= ASK_AT) & (utility - BUY_AT - DOUBT * needs.doubt[need] >= 0)
    needed[rows] = ~buys | is_only_carrier
    return needed
