"""Advertising figures as their vendor shows them at an instant, and what changed between two.

A figure shown is the final one times the share its age has reached, times every correction that
is still to come. The age is counted in days of the account's time zone; on the day itself only
the whole hours that have passed are counted. Rounding is spread along the rows of a campaign-day,
so their sum is less than one unit (a click, a hundredth of the currency) away from the exact
product, no row is ever above its own exact product by a unit, and nothing depends on which days
were asked for together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.world.tables import TABLES
from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

FIGURES_OF_METRIC: Mapping[str, tuple[str, ...]] = {
    "impressions": ("impressions",),
    "clicks": ("clicks", "sessions", "bounces"),
    "cost": ("cost_micros",),
    "conversions": ("conversions", "conversion_value_micros"),
}
"""Which columns a metric of ``restatement_curve`` and ``ad_correction`` moves."""
FIGURES = tuple(figure for figures in FIGURES_OF_METRIC.values() for figure in figures)
UNIT_MICROS = 10_000
"""Money not yet final is shown in whole hundredths of the currency."""
HOURS_OF_A_DAY = 24
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class _Account:
    """The rows of one account by day and campaign, and how its vendor restates them."""

    zone: ZoneInfo
    rows: pa.Table
    days: np.ndarray  # days since 1970 of every row, ascending
    campaigns: np.ndarray
    final: Mapping[str, np.ndarray]
    curves: Mapping[str, np.ndarray]  # metric → share by age
    corrections: tuple[tuple[int, int, datetime, str, float], ...]


_ACCOUNTS: WorldMemo[_Account] = WorldMemo()


def ad_figures(
    world: World,
    vendor: str,
    account_id: str,
    date_from: date,
    date_to_exclusive: date,
    as_of: datetime,
) -> pa.Table:
    """Rows of ``ad_stats`` as shown at ``as_of``, by day and campaign; rows of zeros are left out.

    An unknown account has no rows; an account without a time zone lives in UTC.
    """
    account = _read_account(world, vendor, account_id)
    first, last = np.searchsorted(account.days, [_number(date_from), _number(date_to_exclusive)])
    shown = _show(account, slice(int(first), int(last)), as_of)
    rows = account.rows.slice(int(first), max(int(last - first), 0))
    for figure in FIGURES:
        place = rows.schema.get_field_index(figure)
        rows = rows.set_column(place, rows.schema.field(figure), pa.array(shown[figure]))
    is_any = np.logical_or.reduce([shown[figure] != 0 for figure in FIGURES])
    return rows.filter(pa.array(is_any))


def ad_changes(
    world: World, vendor: str, account_id: str, since: datetime, until: datetime
) -> dict[int, date]:
    """Campaign → the earliest day with a figure shown otherwise at ``until`` than at ``since``."""
    account = _read_account(world, vendor, account_id)
    candidates = _rows_that_may_change(account, since, until)
    before, after = _show(account, candidates, since), _show(account, candidates, until)
    is_changed = np.logical_or.reduce([before[f] != after[f] for f in FIGURES])
    campaigns, days = account.campaigns[candidates], account.days[candidates]
    # rows are in order of their day, so the first row of a campaign is its earliest day
    found, places = np.unique(campaigns[is_changed], return_index=True)
    earliest = days[is_changed][places]
    return {int(c): _day(int(d)) for c, d in zip(found, earliest, strict=True)}


def _rows_that_may_change(account: _Account, since: datetime, until: datetime) -> np.ndarray:
    """Places of the rows young enough at ``since`` to move, and of those corrected in between."""
    longest = max((len(curve) for curve in account.curves.values()), default=1)
    first_day = _number(since.astimezone(account.zone).date()) - longest
    last_day = _number(until.astimezone(account.zone).date())
    is_candidate = (account.days >= first_day) & (account.days <= last_day)
    for campaign_id, day, corrected_at, _, _ in account.corrections:
        if since < corrected_at <= until:
            is_candidate |= (account.days == day) & (account.campaigns == campaign_id)
    return np.flatnonzero(is_candidate)


def _show(account: _Account, which: slice | np.ndarray, as_of: datetime) -> dict[str, np.ndarray]:
    """Every figure of whole campaign-days; zeros where the day has not begun."""
    days, campaigns = account.days[which], account.campaigns[which]
    starts = _find_starts(days, campaigns)
    phase = _spread_phase(days, campaigns)
    shown: dict[str, np.ndarray] = {}
    for metric, figures in FIGURES_OF_METRIC.items():
        share = _find_share(account, metric, days, campaigns, as_of)
        for figure in figures:
            unit = UNIT_MICROS if figure.endswith("_micros") else 1
            shown[figure] = _scale(account.final[figure][which], share, starts, phase, unit)
        if metric == "conversions":
            _tie_value_to_conversions(account, which, share, shown)
    # bounces are sessions: their own rounding must not show more of them in a row
    is_sound = account.final["bounces"][which] <= account.final["sessions"][which]
    capped = np.minimum(shown["bounces"], shown["sessions"])
    shown["bounces"] = np.where(is_sound, capped, shown["bounces"])
    return shown


def _find_share(
    account: _Account, metric: str, days: np.ndarray, campaigns: np.ndarray, as_of: datetime
) -> np.ndarray:
    local = as_of.astimezone(account.zone)
    ages = _number(local.date()) - days
    curve = account.curves.get(metric, np.ones(1))
    share = curve[np.clip(ages, 0, len(curve) - 1)]
    share = np.where(ages == 0, share * local.hour / HOURS_OF_A_DAY, share)
    for campaign_id, day, corrected_at, corrected, factor in account.corrections:
        if corrected == metric and as_of < corrected_at:
            share = np.where((days == day) & (campaigns == campaign_id), share * factor, share)
    return np.where(ages < 0, 0.0, share)


def _scale(
    final: np.ndarray, share: np.ndarray, starts: np.ndarray, phase: np.ndarray, unit: int
) -> np.ndarray:
    """``final × share`` in whole units, the remainders carried along each campaign-day."""
    if not len(final):
        return final
    total = np.cumsum(final)
    before = (total - final)[starts]
    exact = (total - before) * share / unit + phase
    whole = np.floor(exact).astype(np.int64)
    carried = np.concatenate(([0], whole[:-1]))
    carried[starts == np.arange(len(final))] = 0
    return np.where(share == 1.0, final, (whole - carried) * unit)


def _tie_value_to_conversions(
    account: _Account, which: slice | np.ndarray, share: np.ndarray, shown: dict[str, np.ndarray]
) -> None:
    """Money of conversions comes with them: none is shown for a conversion not yet shown."""
    conversions = account.final["conversions"][which]
    value = account.final["conversion_value_micros"][which]
    part = shown["conversions"] / np.maximum(conversions, 1)
    tied = np.floor(value * part / UNIT_MICROS).astype(np.int64) * UNIT_MICROS
    is_tied = (conversions > 0) & (share != 1.0)
    tied = np.where(shown["conversions"] == conversions, value, tied)
    shown["conversion_value_micros"] = np.where(is_tied, tied, shown["conversion_value_micros"])


def _find_starts(days: np.ndarray, campaigns: np.ndarray) -> np.ndarray:
    """For every row, the place of the first row of its campaign-day."""
    is_first = np.ones(len(days), dtype=bool)
    is_first[1:] = (days[1:] != days[:-1]) | (campaigns[1:] != campaigns[:-1])
    return np.maximum.accumulate(np.where(is_first, np.arange(len(days)), 0))


def _spread_phase(days: np.ndarray, campaigns: np.ndarray) -> np.ndarray:
    """A number in [0, 1) of each campaign-day, so that small counts are right on average."""
    mixed = days.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= campaigns.astype(np.uint64) * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed ^= mixed >> np.uint64(29)
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    # 20 bits: added to a large figure, a finer number would be rounded up to a whole one
    return (mixed >> np.uint64(44)).astype(np.float64) / 2.0**20


def _read_account(world: World, vendor: str, account_id: str) -> _Account:
    key = (vendor, account_id)
    return _ACCOUNTS.get(world, key, lambda: _gather_account(world, vendor, account_id))


def _gather_account(world: World, vendor: str, account_id: str) -> _Account:
    rows = _of(world.table("ad_stats"), vendor=vendor, account_id=account_id)
    days = rows["stats_date"].cast(pa.int32()).to_numpy().astype(np.int64)
    campaigns = rows["campaign_id"].to_numpy()
    order = np.lexsort((campaigns, days))
    rows = rows.take(pa.array(order)).combine_chunks()
    accounts = _of(world.table("ad_account"), vendor=vendor, account_id=account_id).to_pylist()
    zone = accounts[0]["time_zone"] if accounts else None
    final = {f: pc.fill_null(rows[f], 0).to_numpy().astype(np.int64) for f in FIGURES}
    return _Account(
        zone=ZoneInfo(zone or "UTC"),
        rows=rows.select(TABLES["ad_stats"].names),
        days=days[order],
        campaigns=campaigns[order],
        final=final,
        curves=_read_curves(world, vendor),
        corrections=tuple(
            (
                row["campaign_id"],
                _number(row["stats_date"]),
                row["corrected_at"].astimezone(UTC),
                row["metric"],
                row["factor"],
            )
            for row in _of(world.table("ad_correction"), vendor=vendor).to_pylist()
        ),
    )


def _read_curves(world: World, vendor: str) -> Mapping[str, np.ndarray]:
    """Metric → share by age; an age not named keeps the share of the last one before it."""
    points: dict[str, dict[int, float]] = {}
    for row in _of(world.table("restatement_curve"), vendor=vendor).to_pylist():
        points.setdefault(row["metric"], {})[row["age_days"]] = row["share"]
    curves = {}
    for metric, shares in points.items():
        named = np.array(sorted(shares))
        ages = np.arange(named[-1] + 1)
        places = np.maximum(np.searchsorted(named, ages, side="right") - 1, 0)
        curves[metric] = np.array([shares[age] for age in named])[places]
    return curves


def _of(table: pa.Table, **values: str) -> pa.Table:
    for column, value in values.items():
        table = table.filter(pc.equal(table[column], value))
    return table


def _number(day: date) -> int:
    return (day - _EPOCH).days


def _day(number: int) -> date:
    return date.fromordinal(_EPOCH.toordinal() + number)
