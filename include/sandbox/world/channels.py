"""How channels reach and move people: what is spent, who hears of it, how much it matters.

A day's spend adds to an ad-stock that halves every ``half_life_days``; the part of people reached
is ``stock / (stock + half)`` (saturation). Nothing here is estimated: scoring compares with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from include.sandbox.world.business_lines import CHANNELS, LINES, REGIONS, BusinessLine
from include.sandbox.world.incidents import make_incidents
from include.sandbox.world.sizes import SIZES, Size, make_rng
from include.sandbox.world.tables import DAY, MICROS, TEXT, make_schema


@dataclass(frozen=True)
class ChannelModel:
    """One channel's power over people."""

    touches: float
    """Mean touches per need when everybody is reached."""
    effect: float
    """Utility of the first touches, in standard deviations of people's need."""
    lead_time: float
    """0: people meet it when they decide; 1: at the very start of their need."""
    reach: float
    """Part of people reached at the usual spend; 1 for channels nobody pays for."""
    daily_rub: float = 0.0
    """Usual spend of the main line in a demo world."""
    half_life_days: float = 0.0
    halo: float = 0.0
    """How many direct and organic visits its reach makes, per usual one."""
    unseen_share: float = 0.0
    """Touches that leave no visit: an ad seen, a stand passed by."""


MODELS: dict[str, ChannelModel] = {
    "paid_search": ChannelModel(2.7, 0.45, 0.3, 0.62, 25_000, 1.0),
    "display": ChannelModel(2.0, 0.22, 0.8, 0.50, 6_000, 10.0, halo=0.14, unseen_share=0.6),
    "paid_social": ChannelModel(1.6, 0.30, 0.7, 0.50, 8_000, 7.0, halo=0.10, unseen_share=0.3),
    "classified": ChannelModel(0.8, 0.35, 0.3, 0.55, 4_000, 2.0),
    "organic": ChannelModel(2.4, 0.30, 0.4, 1.0),
    "social": ChannelModel(0.35, 0.15, 0.7, 1.0),
    "email": ChannelModel(0.9, 0.25, 0.4, 0.60, 700, 5.0),
    "referral": ChannelModel(0.35, 0.50, 0.5, 1.0),
    "direct": ChannelModel(2.0, 0.05, 0.1, 1.0),
    "exhibition": ChannelModel(9.0, 0.80, 0.3, 0.10, 9_000, 21.0, halo=0.10, unseen_share=0.5),
    "outbound_call": ChannelModel(0.25, 0.60, 0.3, 0.60, 5_000, 7.0),
}
PAID = tuple(name for name in CHANNELS if MODELS[name].daily_rub)
RUB_PER_USD = 90
LINE_SPEND = {"bitrix24": 1.0, "amocrm": 0.4, "hubspot": 0.25}
MONTH_SEASON = (0.75, 0.9, 1.05, 1.15, 1.1, 1.05, 1.0, 1.05, 1.15, 1.1, 1.0, 0.7)
"""Need for the company's goods by month, around 1."""
EXHIBITION_EVERY_DAYS, EXHIBITION_DAYS, FIRST_EXHIBITION = 91, 4, 17

SPEND = make_schema(
    ("spend_date", DAY),
    ("crm", TEXT),
    ("channel", TEXT),
    ("region", TEXT),
    ("spend_micros", MICROS),
)


def has_channel(line: BusinessLine, channel: str) -> bool:
    """Whether the line uses the channel at all."""
    return channel != "classified" or "avito_ads" in line.ad_vendors


def usual_spend(size: Size, line: BusinessLine, channel: str) -> float:
    """Micros a day in the line's currency, all regions together; grows with the world's visits."""
    demo = SIZES["demo"]
    scale = (size.visits / size.days) / (demo.visits / demo.days)
    rubles = MODELS[channel].daily_rub * LINE_SPEND[line.crm] * scale
    rate = RUB_PER_USD if line.currency_code == "USD" else 1
    return rubles / rate * 1e6 * has_channel(line, channel)


@dataclass(frozen=True)
class Spend:
    """Spend and reach by ``(crm, channel)``, as arrays of ``(day, region)``."""

    size: Size
    micros: Mapping[tuple[str, str], np.ndarray]
    reach: Mapping[tuple[str, str], np.ndarray]

    def to_table(self) -> pa.Table:
        """Rows of ``SPEND`` where something was spent, in a fixed order."""
        first = np.datetime64(self.size.starts_on, "D")
        parts = []
        for (crm, channel), micros in self.micros.items():
            line = next(line for line in LINES if line.crm == crm)
            day, region = np.nonzero(micros)
            names = np.array(REGIONS[line.country])[region]
            parts.append(
                pa.table(
                    [
                        pa.array(first + day),
                        pa.array([crm] * len(day)),
                        pa.array([channel] * len(day)),
                        pa.array(names),
                        pa.array(micros[day, region]),
                    ],
                    schema=SPEND,
                )
            )
        return pa.concat_tables(parts).combine_chunks()


def make_spend(seed: int, size: Size) -> Spend:
    """What each line spends a day and region, experiments included, and whom that reaches."""
    rng = make_rng(seed, "spend")
    days = np.datetime64(size.starts_on, "D") + np.arange(size.days)
    micros: dict[tuple[str, str], np.ndarray] = {}
    reach: dict[tuple[str, str], np.ndarray] = {}
    for line in LINES:
        weights = region_weights(line)
        for channel in PAID:
            plan = usual_spend(size, line, channel) * make_rhythm(channel, days, rng)
            noise = rng.lognormal(-0.02, 0.2, (size.days, len(weights)))
            spent = plan[:, None] * weights[None, :] * noise
            apply_experiments(spent, line, channel, size)
            rounded = np.rint(spent / 1e4).astype(np.int64) * 10_000
            micros[line.crm, channel] = rounded
            reach[line.crm, channel] = measure_reach(rounded, size, line, channel)
    return Spend(size, micros, reach)


def region_weights(line: BusinessLine) -> np.ndarray:
    """Part of a line's people and money in each of its regions, the first the biggest."""
    weights = 1.0 / np.arange(1, len(REGIONS[line.country]) + 1) ** 0.8
    return weights / weights.sum()


def make_rhythm(channel: str, days: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Spend of each day relative to the usual one; its mean is about 1."""
    weekday = (days.astype(np.int64) + 3) % 7
    month = days.astype("datetime64[M]").astype(np.int64) % 12
    if channel == "exhibition":
        return is_exhibition_day(np.arange(len(days))) * (EXHIBITION_EVERY_DAYS / EXHIBITION_DAYS)
    if channel == "email":
        return np.where(weekday == 1, 7.0, 0.0)
    if channel == "outbound_call":
        return np.where(weekday < 5, 1.4, 0.0)
    weeks = np.arange(len(days)) // 7
    flight = rng.choice([0.6, 0.9, 1.0, 1.3, 1.6], weeks.max() + 1)[weeks]
    return np.array(MONTH_SEASON)[month] * np.where(weekday < 5, 1.12, 0.7) * flight


def is_exhibition_day(day: np.ndarray) -> np.ndarray:
    """Whether days since the world's first are of an exhibition."""
    since = day.astype(np.int64) - FIRST_EXHIBITION
    return (since >= 0) & (since % EXHIBITION_EVERY_DAYS < EXHIBITION_DAYS)


def apply_experiments(spent: np.ndarray, line: BusinessLine, channel: str, size: Size) -> None:
    """Change the days and regions of planted spend experiments, in place."""
    factors = {"switched_off": 0.0, "regional_test": 0.0, "budget_doubled": 2.0}
    regions = REGIONS[line.country]
    for incident in make_incidents(size):
        is_ours = incident.channel == channel and incident.crm in ("", line.crm)
        if incident.kind not in factors or not is_ours:
            continue
        if incident.region and incident.region not in regions:
            continue
        columns = slice(None) if not incident.region else regions.index(incident.region)
        first = (incident.date_from - size.starts_on).days
        last = (incident.date_to - size.starts_on).days
        spent[first:last, columns] *= factors[incident.kind]


def half_stock(size: Size, line: BusinessLine, channel: str) -> float:
    """Ad-stock of all regions, in micros, that reaches half of the people."""
    model = MODELS[channel]
    stock = usual_spend(size, line, channel) / (1.0 - 0.5 ** (1.0 / model.half_life_days))
    return max(stock * (1.0 - model.reach) / model.reach, 1.0)


def measure_reach(micros: np.ndarray, size: Size, line: BusinessLine, channel: str) -> np.ndarray:
    """Part of people reached per day and region; as if the usual spend had gone on before."""
    keep = 0.5 ** (1.0 / MODELS[channel].half_life_days)
    weights = region_weights(line)
    half = half_stock(size, line, channel) * weights
    is_steady = channel != "exhibition"
    stock = usual_spend(size, line, channel) / (1.0 - keep) * weights * is_steady
    reach = np.empty(micros.shape)
    for day in range(len(micros)):
        stock = stock * keep + micros[day]
        reach[day] = stock / (stock + half)
    return reach
