"""A media-mix model's rows of what SQL has aggregated by day: the causal cross-check.

It asks what would have come had a channel spent nothing, from how enquiries follow spend and from
experiments. It credits no touch, and its figures need not add up to all deals. Where there is too
little to learn from, a market or channel has no row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from include.attribution.media_mix_model import SHAPES, Experiment, Market, Series

Part = tuple[str, str, str, date, date | None, float | None, float | None, float | None]
"""Kind of part, currency, channel or VAT basis, first day, day after the last, three figures; the
columns of ``sql/core/core_media_mix.sql``, which says what they are for each kind."""

SEED = 20250101
LEAST_WEEKS = 26
"""A market, and a channel in it, has to be known for so long."""
LEAST_WEEKS_OF_SPEND = 8
LEAST_ENQUIRIES, LEAST_WINS = 300, 30
MOST_DAYS = 3 * 365
"""What lies farther back says little of today and costs time."""
INTERVAL = (0.05, 0.5, 0.95)
"""The middle of the draws, and the ends of what nine tenths of them lie between."""


def mix_media(parts: Sequence[Part]) -> list[list[Any]]:
    """Rows of ``core.core_media_mix``; the order of ``parts`` changes nothing."""
    ordered = sorted(parts, key=repr)
    found = [
        _read_market(ordered, code) for code in sorted({part[1] for part in ordered if part[1]})
    ]
    known = [one for one in found if one is not None]
    if not known:
        return []
    # scipy, which most builds need not load
    from include.attribution.media_mix_sampler import sample

    drawn = sample([market for market, _, _ in known], SEED)
    return [
        _describe(market, series, first_date, vat_basis, draws)
        for (market, first_date, vat_basis), of_market in zip(known, drawn, strict=True)
        for series, draws in zip(market.series, of_market, strict=True)
    ]


def _read_market(parts: Sequence[Part], code: str) -> tuple[Market, date, str] | None:
    """The currency's market, its first day and the VAT basis of its money; None with too little."""
    own = [part for part in parts if part[1] == code]
    cost_days = [part[3] for part in own if part[0] == "cost"]
    enquiry_days = [part[3] for part in own if part[0] == "enquiries"]
    money = [part for part in own if part[0] == "money"]
    if not cost_days or not enquiry_days or not money:
        return None
    until = min(max(cost_days), max(enquiry_days)) + timedelta(days=1)
    first = max(min(cost_days), min(enquiry_days), until - timedelta(days=MOST_DAYS))
    days = (until - first).days
    if days < LEAST_WEEKS * 7:
        return None
    enquiries = _spread([part for part in own if part[0] == "enquiries"], first, days)
    wins = _spread([part for part in own if part[0] == "wins"], first, days)
    _, _, vat_basis, _, _, value, deviation, days_to_win = money[0]
    settled = max(days - math.ceil(days_to_win or 0.0), 0)
    if enquiries.sum() < LEAST_ENQUIRIES or wins[:settled].sum() < LEAST_WINS or not value:
        return None
    channels = sorted({part[2] for part in own if part[0] == "cost"})
    series = [_read_series(parts, code, channel, first, days) for channel in channels]
    known = [one for one in series if one is not None]
    if not known:
        return None
    weekday = (np.arange(days) + first.weekday()) % 7
    spread = (deviation or 0.0) / value
    market = Market(code, weekday, enquiries, wins, settled, value, spread, known)
    return market, first, vat_basis


def _read_series(
    parts: Sequence[Part], code: str, channel: str, first: date, days: int
) -> Series | None:
    costs = [part for part in parts if part[:3] == ("cost", code, channel)]
    inside = [part for part in costs if 0 <= (part[3] - first).days < days]
    if not inside or any(part[5] is None for part in inside):
        return None
    spend = np.maximum(_spread(inside, first, days), 0.0)
    start = max((min(part[3] for part in costs) - first).days, 0)
    weeks_of_spend = len(np.unique(np.flatnonzero(spend) // 7))
    if days - start < LEAST_WEEKS * 7 or weeks_of_spend < LEAST_WEEKS_OF_SPEND:
        return None
    planned = [
        part
        for part in parts
        if part[0] == "experiment" and part[1] in ("", code) and part[2] == channel
    ]
    read = [_read_experiment(part, first, start, days) for part in planned]
    return Series(channel, spend, start, [one for one in read if one is not None])


def _read_experiment(part: Part, origin: date, start: int, days: int) -> Experiment | None:
    """None where its days, or those it is compared with, are not all known."""
    _, _, _, date_from, date_to, spend_factor, lift, standard_error = part
    if date_to is None:
        return None
    found = Experiment(
        (date_from - origin).days, (date_to - origin).days, spend_factor, lift, standard_error
    )
    is_known = start <= found.first < found.last <= days
    has_both_sides = start <= 2 * found.first - found.last and 2 * found.last - found.first <= days
    is_measured = lift is not None and (standard_error or 0.0) > 0
    is_usable = is_known and (is_measured if lift is not None else has_both_sides)
    return found if is_usable else None


def _spread(parts: Sequence[Part], first: date, days: int) -> np.ndarray:
    """First figures by day of the span, 0 where there are none."""
    sums = np.zeros(days)
    for part in parts:
        day = (part[3] - first).days
        if 0 <= day < days:
            sums[day] += part[5] or 0.0
    return sums


def _describe(
    market: Market, series: Series, first_date: date, vat_basis: str, draws: Any
) -> list[Any]:
    """One row, in the order of the contract."""
    shapes = np.array(SHAPES)[draws.shape]
    day = timedelta(days=1)
    usual_reach = 1.0 / (1.0 + shapes[:, 1])
    return [
        market.currency_code,
        series.channel,
        first_date + series.first * day,
        first_date + market.days * day,
        _round(series.cost, 2),
        vat_basis,
        *_find_interval(draws.enquiries, 2),
        *_find_interval(draws.wins, 2),
        *_find_interval(draws.money, 2),
        *_find_interval(draws.money / series.cost, 4),
        _round(float(np.exp(np.log(shapes[:, 0]).mean())), 2),
        _round(float(usual_reach.mean()), 4),
        len(series.experiments),
    ]


def _find_interval(draws: np.ndarray, digits: int) -> list[Decimal]:
    """Middle, low and high."""
    low, middle, high = np.quantile(draws, INTERVAL).tolist()
    return [_round(middle, digits), _round(low, digits), _round(high, digits)]


def _round(value: float, digits: int) -> Decimal:
    return Decimal(f"{value:.{digits}f}")
