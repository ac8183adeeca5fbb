"""The media mix, scored: returns and their intervals against what channels truly brought.

The world's company keeps no notes of its experiments, so those that truth planted are handed to the
model as rows of ``seeds.spend_experiments`` would be. A test of one region is left out: the
warehouse knows neither spend nor enquiries by region, and nobody has measured its lift.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from include.attribution.media_mix import Part, mix_media
from include.sandbox.scoring.attribution import TRUTH_OF_CHANNEL, correlate_ranks
from include.sandbox.scoring.scene import BUSINESS_ZONE, Scene
from include.sandbox.world.business_lines import LINE_OF_CRM
from include.sandbox.world.channels import RUB_PER_USD
from include.settings import PROJECT_ROOT
from include.warehouse.run_sql import read_statement

STATEMENT = PROJECT_ROOT / "sql" / "core" / "core_media_mix.sql"
EVERYWHERE_KINDS = ("switched_off", "budget_doubled")
RUBLES = {"RUB": 1, "USD": RUB_PER_USD}


class Return(NamedTuple):
    """Money a channel brings by money spent: the middle of nine tenths of the draws, and ends."""

    middle: float
    low: float
    high: float


def score(scene: Scene) -> dict[str, float]:
    """How far the media mix is from the truth, over channels whose spend the warehouse knows.

    ``media_mix_error`` is the mean of |found / true - 1| of a channel's return;
    ``_coverage`` the share of channels whose interval of nine tenths holds the true one;
    ``_interval_width`` the mean of (high - low) / true; ``_rank_correlation`` Spearman's.
    """
    statement = read_statement(STATEMENT).text
    parts: list[Part] = [
        *scene.rows(statement, {"business_zone": BUSINESS_ZONE}),
        *_list_experiments(scene),
    ]
    found = _find_returns(mix_media(parts))
    return compare(found, _find_true_returns(scene))


def compare(found: Mapping[str, Return], true: Mapping[str, float]) -> dict[str, float]:
    """The figures of :func:`score`; only how many channels there are where none was found."""
    channels = sorted(found.keys() & true.keys())
    figures = {"media_mix_channels": float(len(channels))}
    if not channels:
        return figures
    middles = {name: found[name].middle for name in channels}
    count = len(channels)
    return figures | {
        "media_mix_error": sum(abs(middles[name] / true[name] - 1.0) for name in channels) / count,
        "media_mix_coverage": sum(
            found[name].low <= true[name] <= found[name].high for name in channels
        )
        / count,
        "media_mix_interval_width": sum(
            (found[name].high - found[name].low) / true[name] for name in channels
        )
        / count,
        "media_mix_rank_correlation": correlate_ranks(
            middles, {name: true[name] for name in channels}
        ),
    }


def _list_experiments(scene: Scene) -> list[Part]:
    """Truth's changes of a whole channel, in the currency of the brand that made it."""
    parts: list[Part] = []
    for row in scene.truth.table("incident").to_pylist():
        if row["kind"] not in EVERYWHERE_KINDS:
            continue
        place = row["incident_id"].split(":")[1].removeprefix(row["channel"]).lstrip("-")
        code = LINE_OF_CRM[place].currency_code if place in LINE_OF_CRM else ""
        days = (row["date_from"], row["date_to"])
        parts.append(("experiment", code, row["channel"], *days, None, None, None))
    return parts


def _find_returns(rows: Sequence[Sequence]) -> dict[str, Return]:
    """By channel over currencies, in rubles; errors of currencies are taken for independent."""
    sums: defaultdict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0, 0.0])
    for row in rows:
        code, channel, cost = row[0], TRUTH_OF_CHANNEL.get(row[1], row[1]), float(row[4])
        middle, low, high = (float(money) for money in row[12:15])
        figures = (cost, middle, (middle - low) ** 2, (high - middle) ** 2)
        scales = (RUBLES[code], RUBLES[code], RUBLES[code] ** 2, RUBLES[code] ** 2)
        for place, (figure, scale) in enumerate(zip(figures, scales, strict=True)):
            sums[channel][place] += figure * scale
    return {
        channel: Return(middle / cost, (middle - below**0.5) / cost, (middle + above**0.5) / cost)
        for channel, (cost, middle, below, above) in sums.items()
    }


def _find_true_returns(scene: Scene) -> dict[str, float]:
    return {
        row["channel"]: row["incremental_revenue_micros"] / row["cost_micros"]
        for row in scene.truth.table("channel_effect").to_pylist()
        if row["cost_micros"] and row["incremental_revenue_micros"]
    }
