"""What the ad vendors will finally report: clicks behind the visits, their cost, the views.

Every visit that came from an ad is a click of its day in the account's time zone; some clicks
never became a visit. A channel's spend of a day and region is spread over the rows of that cell to
the hundredth, so the vendors' figures add up to what was spent. Where nothing was spent nothing
was shown: visits of such days come from links people kept, and no vendor reports them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.world.ad_plans import ACCOUNTS, AccountPlan
from include.sandbox.world.ad_restatements import make_corrections, make_curves
from include.sandbox.world.advertising import AdCatalogue
from include.sandbox.world.business_lines import LINE_OF_CRM, REGIONS
from include.sandbox.world.channels import Spend
from include.sandbox.world.sizes import Size, make_rng
from include.sandbox.world.tables import DAY, TABLES

DEVICES, DEVICE_SHARES = ("desktop", "mobile", "tablet"), (0.6, 0.35, 0.05)
UNIT_MICROS = 10_000
LOST_CLICKS = 0.12
"""Clicks without a visit, per visit."""
IDLE_ROWS = 1.5
"""Rows per spending day and region that were shown and not clicked."""
VALUE_MICROS = {"RUB": 3_000_000_000, "USD": 40_000_000}
"""What the marketer has told the vendors a conversion is worth."""


@dataclass(frozen=True)
class Habit:
    """Click rate of a channel, and whether money goes with clicks (else with views)."""

    click_rate: float
    is_paid_by_click: bool
    network: str


HABITS = {
    "paid_search": Habit(0.065, True, "search"),
    "display": Habit(0.006, True, "network"),
    "paid_social": Habit(0.010, False, "network"),
    "classified": Habit(0.014, False, "network"),
}


@dataclass(frozen=True)
class _Cells:
    """Visits from ads by day, placement and device, coded as one number."""

    size: Size
    places: int

    def encode(self, day: np.ndarray, place: np.ndarray, device: np.ndarray) -> np.ndarray:
        return (day * self.places + place) * len(DEVICES) + device

    def decode(self, code: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        rest, device = np.divmod(code, len(DEVICES))
        day, place = np.divmod(rest, self.places)
        return day, place, device


def make_ad_stats(
    seed: int, size: Size, catalogue: AdCatalogue, spend: Spend, visits: pa.Table
) -> dict[str, pa.Table]:
    """``ad_stats``, ``restatement_curve`` and ``ad_correction``; stats by vendor, account, day."""
    clicks = _read_clicks(make_rng(seed, "ad_clicks"), size, catalogue, visits)
    parts = [
        _make_channel(make_rng(seed, f"ad_stats/{name}"), size, catalogue, spend, clicks, name)
        for name in _channels()
    ]
    keys = ("vendor", "account_id", "stats_date", "campaign_id", "ad_group_id", "ad_id")
    order = [(key, "ascending") for key in (*keys, "keyword_id", "device")]
    stats = pa.concat_tables(parts).sort_by(order).combine_chunks()
    return {
        "ad_stats": stats,
        "restatement_curve": make_curves(),
        "ad_correction": make_corrections(seed, size, stats, catalogue),
    }


def _channels() -> Iterator[tuple[AccountPlan, str]]:
    for account in ACCOUNTS:
        for channel in account.channels:
            yield account, channel


def _read_clicks(
    rng: np.random.Generator, size: Size, catalogue: AdCatalogue, visits: pa.Table
) -> dict[str, np.ndarray]:
    """Codes of the cells with visits, and counts of visits, sessions, bounces, conversions."""
    visits = visits.filter(pc.greater(visits["ad_id"], 0))
    place = _find_placements(rng, catalogue.placements, visits)
    day = _find_account_days(size, catalogue.placements, place, visits["started_at"])
    devices = {name: code for code, name in enumerate(DEVICES)}
    device = np.array([devices[name] for name in visits["device"].to_pylist()], dtype=np.int64)
    cells = _Cells(size, catalogue.placements.num_rows)
    is_inside = (day >= 0) & (day < size.days)
    code, inverse = np.unique(cells.encode(day, place, device)[is_inside], return_inverse=True)
    has_cookie = pc.or_(
        pc.not_equal(visits["metrica_client_id"], pa.scalar(0, pa.uint64())),
        pc.not_equal(visits["ga_client_id"], ""),
    )
    is_session = pc.and_(has_cookie, pc.invert(visits["is_robot"]))
    is_bounce = pc.and_(is_session, visits["is_bounce"])
    is_converted = pc.and_(is_session, pc.greater(pc.list_value_length(visits["goal_ids"]), 0))
    figures = {"sessions": is_session, "bounces": is_bounce, "conversions": is_converted}
    counts = {"code": code, "visits": np.bincount(inverse, minlength=len(code))}
    for name, flags in figures.items():
        weight = flags.to_numpy().astype(np.float64)[is_inside]
        counts[name] = np.bincount(inverse, weight, len(code)).astype(np.int64)
    return counts


def _find_placements(
    rng: np.random.Generator, placements: pa.Table, visits: pa.Table
) -> np.ndarray:
    """The placement of each visit; where the keyword's mark is lost, any keyword of the ad."""
    ads = placements["ad_id"].to_numpy()
    order = np.argsort(ads, kind="stable")
    wanted = visits["ad_id"].to_numpy()
    first = np.searchsorted(ads[order], wanted, side="left")
    count = np.searchsorted(ads[order], wanted, side="right") - first
    some = order[first + (rng.random(len(wanted)) * count).astype(np.int64)]

    def key(table: pa.Table) -> pa.ChunkedArray:
        return pc.binary_join_element_wise(table["ad_id"].cast(pa.string()), table["utm_term"], "/")

    said = pc.index_in(key(visits), value_set=pa.array(key(placements).to_pylist()))
    return np.where(said.is_valid().to_numpy(), pc.fill_null(said, 0).to_numpy(), some)


def _find_account_days(
    size: Size, placements: pa.Table, place: np.ndarray, started_at: pa.ChunkedArray
) -> np.ndarray:
    """Days since the world's first one, in the time zone of each placement's account."""
    zones = {plan.account_id: plan.time_zone for plan in ACCOUNTS}
    zone_of_place = np.array([zones[a] for a in placements["account_id"].to_pylist()], object)
    zone = zone_of_place[place]
    first = np.datetime64(size.starts_on, "D").astype(np.int64)
    days = np.zeros(len(place), np.int64)
    for name in sorted(set(zones.values())):
        local = pc.local_timestamp(started_at.cast(pa.timestamp("us", name)))
        number = local.cast(DAY).cast(pa.int32()).to_numpy().astype(np.int64) - first
        days = np.where(zone == name, number, days)
    return days


def _make_channel(
    rng: np.random.Generator,
    size: Size,
    catalogue: AdCatalogue,
    spend: Spend,
    clicks: dict[str, np.ndarray],
    bought: tuple[AccountPlan, str],
) -> pa.Table:
    """The rows of one account and channel, in the order of their cells of day and region."""
    account, channel = bought
    habit, line = HABITS[channel], LINE_OF_CRM[account.crm]
    cells = _Cells(size, catalogue.placements.num_rows)
    region_of = _find_regions(catalogue, account, channel)
    micros = spend.micros[account.crm, channel]
    own = np.flatnonzero(region_of[cells.decode(clicks["code"])[1]] >= 0)
    own = own[_cell_spend(cells, micros, region_of, clicks["code"][own]) > 0]
    seen = np.zeros(micros.shape, np.int64)
    day, place, _ = cells.decode(clicks["code"][own])
    np.add.at(seen, (day, region_of[place]), clicks["visits"][own])
    lost = _draw_lost_clicks(rng, micros, seen, habit)
    lost_codes = _draw_cells(rng, cells, catalogue, account, channel, lost)
    # at least one, so that all the money of the cell has a row to be on
    idle = np.maximum(rng.poisson(IDLE_ROWS, micros.shape), 1) * (micros > 0)
    idle_codes = _draw_cells(rng, cells, catalogue, account, channel, idle)
    code, inverse = np.unique(
        np.concatenate([clicks["code"][own], lost_codes, idle_codes]), return_inverse=True
    )
    known = inverse[: len(own)]
    figures = {
        name: np.bincount(known, clicks[name][own], len(code)).astype(np.int64)
        for name in ("visits", "sessions", "bounces", "conversions")
    }
    lost_at = inverse[len(own) : len(own) + len(lost_codes)]
    figures["clicks"] = figures.pop("visits") + np.bincount(lost_at, minlength=len(code))
    noise = rng.lognormal(-0.08, 0.4, len(code))
    views = rng.poisson((figures["clicks"] + 0.4) * noise / habit.click_rate) + 1
    figures["impressions"] = figures["clicks"] + views
    paid_by = figures["clicks"] if habit.is_paid_by_click else figures["impressions"]
    price = rng.lognormal(0, 0.3, len(code))
    figures["cost_micros"] = _spread_cost(cells, micros, region_of, code, paid_by * price)
    value = VALUE_MICROS[line.currency_code]
    figures["conversion_value_micros"] = figures["conversions"] * value
    return _to_rows(size, catalogue, cells, code, figures, habit)


def _find_regions(catalogue: AdCatalogue, account: AccountPlan, channel: str) -> np.ndarray:
    """Region of each placement of this account and channel, -1 for the others."""
    names = REGIONS[LINE_OF_CRM[account.crm].country]
    rows = catalogue.placements.select(["account_id", "vendor", "channel", "region"]).to_pylist()
    wanted = (account.account_id, account.vendor, channel)
    return np.array(
        [
            names.index(row["region"])
            if (row["account_id"], row["vendor"], row["channel"]) == wanted
            else -1
            for row in rows
        ]
    )


def _cell_spend(
    cells: _Cells, micros: np.ndarray, region_of: np.ndarray, code: np.ndarray
) -> np.ndarray:
    day, place, _ = cells.decode(code)
    return micros[day, region_of[place]]


def _draw_lost_clicks(
    rng: np.random.Generator, micros: np.ndarray, seen: np.ndarray, habit: Habit
) -> np.ndarray:
    """Clicks without a visit by day and region; money paid by click needs at least one click."""
    usual = micros.sum() / max(int(seen.sum()), 1)
    expected = LOST_CLICKS * np.minimum(seen + 1, np.maximum(micros / max(usual, 1), 0.1))
    lost = rng.poisson(np.where(micros > 0, expected, 0.0))
    if habit.is_paid_by_click:
        lost = np.where((micros > 0) & (seen + lost == 0), 1, lost)
    return lost


def _draw_cells(
    rng: np.random.Generator,
    cells: _Cells,
    catalogue: AdCatalogue,
    account: AccountPlan,
    channel: str,
    counts: np.ndarray,
) -> np.ndarray:
    """As many codes as ``counts`` of (day, region) say, by the weight of what ran there."""
    day, region = np.nonzero(counts)
    repeats = counts[day, region]
    day, region = np.repeat(day, repeats), np.repeat(region, repeats)
    dates = np.datetime64(cells.size.starts_on, "D") + day
    place = catalogue.choose(account.crm, channel, region, dates, rng)
    device = rng.choice(len(DEVICES), len(day), p=DEVICE_SHARES)
    return cells.encode(day, place, device)


def _spread_cost(
    cells: _Cells,
    micros: np.ndarray,
    region_of: np.ndarray,
    code: np.ndarray,
    weight: np.ndarray,
) -> np.ndarray:
    """Cost of each row: the spend of its day and region by weight, in whole hundredths."""
    day, place, _ = cells.decode(code)
    cell = day * micros.shape[1] + region_of[place]
    order = np.argsort(cell, kind="stable")
    cell, weight = cell[order], weight[order]
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    sizes = np.diff(np.append(starts, len(cell)))
    units = (micros // UNIT_MICROS).ravel()[cell]
    sums = np.cumsum(weight)
    before = np.repeat(sums[starts] - weight[starts], sizes)
    total = np.repeat(np.add.reduceat(weight, starts), sizes) if len(starts) else weight
    reached = np.rint(np.minimum((sums - before) / total, 1.0) * units).astype(np.int64)
    last = starts + sizes - 1
    reached[last] = units[last]
    carried = np.concatenate(([0], reached[:-1]))
    carried[starts] = 0
    cost = np.empty(len(code), np.int64)
    cost[order] = (reached - carried) * UNIT_MICROS
    return cost


def _to_rows(
    size: Size,
    catalogue: AdCatalogue,
    cells: _Cells,
    code: np.ndarray,
    figures: dict[str, np.ndarray],
    habit: Habit,
) -> pa.Table:
    day, place, device = cells.decode(code)
    rows = catalogue.placements.take(pa.array(place))
    dates = np.datetime64(size.starts_on, "D") + day
    columns = {
        "stats_date": pa.array(dates, DAY),
        "network": pa.array([habit.network]).take(pa.array(np.zeros(len(code), np.int64))),
        "device": pa.array(DEVICES).take(pa.array(device)),
    }
    columns |= {name: pa.array(values) for name, values in figures.items()}
    schema = TABLES["ad_stats"]
    return pa.table(
        [
            columns.get(name, rows[name] if name in rows.schema.names else None)
            for name in schema.names
        ],
        schema=schema,
    )
