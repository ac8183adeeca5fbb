"""The figures behind an insights report: the world's cells chosen, spread and added up.

A report stays a table until its pages are read: of two years by ad, day and placement there are
hundreds of thousands of rows, and somebody waits for the first five hundred of them.
"""

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
"""Labels (``since``, ``until``, ids, breakdowns) and figures of one row."""

_EPOCH = date(1970, 1, 1)


def add_up_figures(
    world: World,
    account: Account,
    asked: AskedInsights,
    as_of: datetime,
    is_wanted: Callable[[Mapping[str, int]], bool] | None,
) -> pa.Table:
    """Every row in the order pages show them.

    Columns are ``first_day`` and ``last_day`` (days since 1970), the ids of the level and those
    above, the breakdowns and ``FIGURES``. ``is_wanted`` judges the ids of an ad before anything
    is added up.
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


def read_groups(rows: pa.Table) -> list[Group]:
    """Rows of :func:`add_up_figures` one by one."""
    columns = {name: rows[name].to_pylist() for name in rows.column_names}
    firsts, lasts = columns.pop("first_day", []), columns.pop("last_day", [])
    figures = zip(*(columns.pop(name) for name in FIGURES), strict=True)
    names = list(columns)
    values = zip(*columns.values(), strict=True) if names else ((),) * len(rows)
    return [
        (
            {
                "since": _EPOCH + timedelta(days=first),
                "until": _EPOCH + timedelta(days=last),
                **dict(zip(names, of, strict=True)),
            },
            dict(zip(FIGURES, counts, strict=True)),
        )
        for first, last, of, counts in zip(firsts, lasts, values, figures, strict=True)
    ]


def _add_up(cells: pa.Table, asked: AskedInsights) -> pa.Table:
    """Figures by period, object of the level and breakdowns; nothing for no delivery."""
    levels = [ID_OF_LEVEL[level] for level in LEVELS[1 : LEVELS.index(asked.level) + 1]]
    keys = ["first_day", "last_day", *levels, *asked.breakdowns]
    if not cells.num_rows:
        return pa.table({name: [] for name in (*keys, *FIGURES)})
    days = cells["day"].to_numpy()
    if all(first == last for first, last in asked.periods):
        parts = [cells.append_column("first_day", cells["day"])]
        parts[0] = parts[0].append_column("last_day", cells["day"])
    else:
        parts = [_cut_period(cells, days, *period) for period in asked.periods]
    shown = []
    for rows in parts:
        grouped = rows.group_by(keys).aggregate([(name, "sum") for name in FIGURES])
        grouped = grouped.rename_columns(
            [name.removesuffix("_sum") for name in grouped.schema.names]
        )
        has_any = pc.or_(
            pc.or_(pc.greater(grouped["impressions"], 0), pc.greater(grouped["leads"], 0)),
            pc.greater(grouped["cost_micros"], 0),
        )
        # grouping promises no order, pages need one
        shown.append(grouped.filter(has_any).sort_by([(key, "ascending") for key in keys]))
    return pa.concat_tables(shown)


def _cut_period(cells: pa.Table, days: Any, first: date, last: date) -> pa.Table:
    bounds = [(day - _EPOCH).days for day in (first, last)]
    rows = cells.filter(pa.array((days >= bounds[0]) & (days <= bounds[1])))
    for name, day in zip(("first_day", "last_day"), bounds, strict=True):
        rows = rows.append_column(name, pa.array([day] * len(rows), pa.int64()))
    return rows
