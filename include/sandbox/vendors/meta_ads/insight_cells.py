"""The figures behind an insights report: the world's cells chosen, spread and added up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.meta_ads.book import VENDOR_NAME, Account
from include.sandbox.vendors.meta_ads.breakdowns import list_parts, spread
from include.sandbox.vendors.meta_ads.insight_fields import FIGURES, LEVELS
from include.sandbox.vendors.meta_ads.insight_request import AskedInsights
from include.sandbox.world.ad_figures import ad_figures
from include.sandbox.world.business_lines import REGIONS
from include.sandbox.world.world import World

LINK_SHARE = 0.8
"""The part of all clicks that follow the link: the rest are reactions and profile visits."""

CENT = 10_000
ID_OF_LEVEL = {"campaign": "campaign_id", "adset": "ad_group_id", "ad": "ad_id"}
"""Level → the world's column with its ids."""

Group = tuple[dict[str, Any], dict[str, int]]


def add_up_figures(
    world: World,
    account: Account,
    asked: AskedInsights,
    as_of: datetime,
    is_wanted: Callable[[Mapping[str, int]], bool] | None,
) -> list[Group]:
    """Labels and figures of every row, in the order pages show them.

    Labels are ``since``, ``until``, the ids of the level and those above, and the breakdowns.
    ``is_wanted`` judges the ids of an ad before anything is added up.
    """
    last = asked.until + timedelta(days=1)
    cells = ad_figures(world, VENDOR_NAME, account.key, asked.since, last, as_of)
    if not asked.node_id.startswith("act_"):
        ours = [pc.equal(cells[name], int(asked.node_id)) for name in ID_OF_LEVEL.values()]
        cells = cells.filter(pc.or_(pc.or_(ours[0], ours[1]), ours[2]))
    if is_wanted is not None:
        ads = cells.select(list(ID_OF_LEVEL.values())).group_by(list(ID_OF_LEVEL.values()))
        wanted = [row["ad_id"] for row in ads.aggregate([]).to_pylist() if is_wanted(row)]
        cells = cells.filter(pc.is_in(cells["ad_id"], pa.array(wanted, pa.int64())))
    return _add_up(_spread_cells(cells, asked), asked)


def _spread_cells(cells: pa.Table, asked: AskedInsights) -> pa.Table:
    """One row per cell and finest breakdown value, with the figures of ``FIGURES``."""
    days = cells["stats_date"].cast(pa.int32()).to_numpy().astype(np.int64)
    ads = cells["ad_id"].to_numpy().astype(np.int64)
    phase = ((days * 7919 + ads * 104_729) % 9973) / 9973.0
    clicks = cells["clicks"].to_numpy()
    inline = np.minimum(np.floor(clicks * LINK_SHARE + phase).astype(np.int64), clicks)
    figures = {
        "impressions": cells["impressions"].to_numpy(),
        "clicks": clicks,
        "inline": inline,
        "landings": np.minimum(cells["sessions"].to_numpy(), inline),
        "leads": cells["conversions"].to_numpy(),
        "cost_micros": cells["cost_micros"].to_numpy(),
        "value_micros": cells["conversion_value_micros"].to_numpy(),
    }
    devices = [str(name) for name in cells["device"].to_pylist()]
    regions = [str(name) for name in cells["region"].to_pylist()]
    keys = np.array([f"{d}\x00{r}" for d, r in zip(devices, regions, strict=True)], dtype=object)
    tables = []
    for key in sorted(set(keys)):
        device, _, region = key.partition("\x00")
        of = np.flatnonzero(keys == key)
        country = "RU" if region in REGIONS["Россия"] else "US"
        parts = list_parts(asked.family, device, region, country)
        columns = {name: _spread_one(name, figures[name][of], parts, phase[of]) for name in FIGURES}
        taken = cells.take(pa.array(of))
        for place, part in enumerate(parts):
            table: dict[str, Any] = {"day": pa.array(days[of])}
            table |= {name: taken[name] for name in ID_OF_LEVEL.values()}
            table |= {
                name: pa.array([part.values[name]] * len(of), pa.string())
                for name in asked.breakdowns
            }
            table |= {name: pa.array(columns[name][:, place]) for name in FIGURES}
            tables.append(pa.table(table))
    return pa.concat_tables(tables) if tables else pa.table({})


def _spread_one(name: str, values: Any, parts: Any, phase: Any) -> Any:
    """Money goes in whole hundredths, what is finer than that to the last part."""
    if not name.endswith("_micros"):
        return spread(values, parts, phase)
    shares = spread(values // CENT, parts, phase) * CENT
    shares[:, -1] += values % CENT
    return shares


def _add_up(cells: pa.Table, asked: AskedInsights) -> list[tuple[dict[str, Any], dict[str, int]]]:
    """Figures by period, object of the level and breakdowns; nothing for no delivery."""
    if not cells.num_rows:
        return []
    keys = [ID_OF_LEVEL[level] for level in LEVELS[1 : LEVELS.index(asked.level) + 1]]
    keys += list(asked.breakdowns)
    found = []
    epoch = date(1970, 1, 1)
    by_day = all(first == last for first, last in asked.periods)
    parts = [("day", cells)] if by_day else []
    if not by_day:
        for number, (first, last) in enumerate(asked.periods):
            day = cells["day"]
            is_in = pc.and_(
                pc.greater_equal(day, (first - epoch).days), pc.less_equal(day, (last - epoch).days)
            )
            rows = cells.filter(is_in)
            column = pa.array([number] * len(rows), pa.int64())
            parts.append(("period", rows.set_column(0, "period", column)))
    for kind, rows in parts:
        grouped = rows.group_by([kind, *keys]).aggregate([(name, "sum") for name in FIGURES])
        has_any = pc.or_(
            pc.or_(pc.greater(grouped["impressions_sum"], 0), pc.greater(grouped["leads_sum"], 0)),
            pc.greater(grouped["cost_micros_sum"], 0),
        )
        # grouping promises no order, pages need one
        grouped = grouped.filter(has_any).sort_by([(key, "ascending") for key in (kind, *keys)])
        columns = {key: grouped[key].to_pylist() for key in (kind, *keys)}
        sums = zip(*(grouped[f"{name}_sum"].to_pylist() for name in FIGURES), strict=True)
        for place, figures in enumerate(sums):
            at = columns[kind][place]
            first, last = (epoch + timedelta(days=at),) * 2 if by_day else asked.periods[at]
            labels = {"since": first, "until": last, **{k: columns[k][place] for k in keys}}
            found.append((labels, dict(zip(FIGURES, figures, strict=True))))
    return found
