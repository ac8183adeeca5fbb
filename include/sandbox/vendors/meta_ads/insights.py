"""Rows of an insights report: the world's cells spread, added up and written as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.meta_ads.book import HIDDEN, VENDOR_NAME, Account, GraphBook
from include.sandbox.vendors.meta_ads.breakdowns import WITHOUT_OFF_META, list_parts, spread
from include.sandbox.vendors.meta_ads.filtering import names_status, passes
from include.sandbox.vendors.meta_ads.insight_fields import (
    FIGURES,
    LEVEL_FIELDS,
    LEVELS,
    LIST_METRICS,
    METRICS,
    make_list_metric,
)
from include.sandbox.vendors.meta_ads.insight_request import AskedInsights
from include.sandbox.world.ad_figures import ad_figures
from include.sandbox.world.business_lines import REGIONS
from include.sandbox.world.world import World

LINK_SHARE = 0.8
"""The part of all clicks that follow the link: the rest are reactions and profile visits."""

CENT = 10_000
ID_OF_LEVEL = {"campaign": "campaign_id", "adset": "ad_group_id", "ad": "ad_id"}
ATTRIBUTION = "7d_click_1d_view"


def make_rows(
    world: World, book: GraphBook, account: Account, asked: AskedInsights, as_of: datetime
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Every row of the report as it stands at ``as_of``, and the summary of them all."""
    last = asked.until + timedelta(days=1)
    cells = ad_figures(world, VENDOR_NAME, account.key, asked.since, last, as_of)
    cells = _keep_asked(cells, asked)
    groups = _add_up(_spread_cells(cells, asked), asked)
    kept = []
    for labels, figures in groups:
        row = _write_row(labels, figures, book, account, asked)
        if row is not None:
            kept.append((row, figures))
    total = {name: sum(figures[name] for _, figures in kept) for name in FIGURES}
    summary = _write_figures(total, asked, asked.summary_fields) if kept else {}
    span = {"date_start": str(asked.since), "date_stop": str(asked.until)}
    rows = [row for row, _ in kept]
    if asked.sort[0]:
        rows.sort(key=_sort_key(asked.sort[0]), reverse=asked.sort[1])
    return rows, summary | span


def _keep_asked(cells: pa.Table, asked: AskedInsights) -> pa.Table:
    if asked.node_id.startswith("act_"):
        return cells
    ours = [pc.equal(cells[name], int(asked.node_id)) for name in ID_OF_LEVEL.values()]
    return cells.filter(pc.or_(pc.or_(ours[0], ours[1]), ours[2]))


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
        for place, part in enumerate(parts):
            taken = cells.take(pa.array(of))
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
    """Figures by period, object of the level and breakdowns."""
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
        if not rows.num_rows:
            continue
        grouped = rows.group_by([kind, *keys]).aggregate([(name, "sum") for name in FIGURES])
        for row in grouped.to_pylist():
            first, last = (
                (epoch + timedelta(days=row["day"]),) * 2 if by_day else asked.periods[row[kind]]
            )
            labels = {"since": first, "until": last, **{key: row[key] for key in keys}}
            found.append((labels, {name: row[f"{name}_sum"] for name in FIGURES}))
    # grouping promises no order, pages need one
    found.sort(key=lambda item: tuple(str(value) for value in item[0].values()))
    return found


def _write_row(
    labels: Mapping[str, Any],
    figures: Mapping[str, int],
    book: GraphBook,
    account: Account,
    asked: AskedInsights,
) -> dict[str, Any] | None:
    """A row, or None for an object without delivery, a hidden one, or one filtered out."""
    if not figures["impressions"] and not figures["cost_micros"] and not figures["leads"]:
        return None
    known = _describe_objects(labels, book, account, asked.level)
    status = known.get(f"{asked.level}.effective_status", "")
    if status in HIDDEN and not names_status(asked.filters):
        return None
    shown = _write_figures(figures, asked, asked.fields)
    for level in LEVELS[: LEVELS.index(asked.level) + 1]:
        for name in LEVEL_FIELDS[level]:
            if name in asked.fields and known.get(name) not in (None, ""):
                shown[name] = known[name]
    if "attribution_setting" in asked.fields:
        shown["attribution_setting"] = ATTRIBUTION
    shown |= {"date_start": str(labels["since"]), "date_stop": str(labels["until"])}
    shown |= {name: labels[name] for name in asked.breakdowns}
    if not passes(asked.filters, _make_reader(known, figures, labels)):
        return None
    return shown


def _make_reader(
    known: Mapping[str, Any], figures: Mapping[str, int], labels: Mapping[str, Any]
) -> Callable[[str], Any]:
    def read(name: str) -> Any:
        if name in METRICS:
            return METRICS[name](figures) or "0"
        if name in labels:
            return labels[name]
        return known.get(name, known.get(name.replace(".", "_")))

    return read


def _describe_objects(
    labels: Mapping[str, Any], book: GraphBook, account: Account, level: str
) -> dict[str, Any]:
    """Ids and names by field, and ``campaign.effective_status`` and the like for filters."""
    known: dict[str, Any] = {
        "account_id": account.number,
        "account_name": account.name,
        "account_currency": account.currency,
    }
    for name in LEVELS[1 : LEVELS.index(level) + 1]:
        node_id = str(labels[ID_OF_LEVEL[name]])
        node = book.nodes.get(node_id)
        row = node.row if node else {}
        known |= {f"{name}_id": node_id, f"{name}_name": row.get("name")}
        known |= {f"{name}.{key}": value for key, value in row.items()}
        for extra in ("objective", "buying_type", "optimization_goal"):
            if extra in row:
                known[extra] = row[extra]
    return known


def _write_figures(
    figures: Mapping[str, int], asked: AskedInsights, fields: tuple[str, ...]
) -> dict[str, Any]:
    shown: dict[str, Any] = {}
    if "wish_bid" in fields:
        # the vendor's known fault: asking for the bid spoils the spend of the same row
        figures = {**figures, "cost_micros": figures["cost_micros"] * 100}
    has_off_meta = not WITHOUT_OFF_META & set(asked.breakdowns)
    for name in fields:
        if name in METRICS:
            text = METRICS[name](figures)
            if text:
                shown[name] = text
        elif name in LIST_METRICS:
            called, value = make_list_metric(name, figures, asked.windows, has_off_meta)
            if value:
                shown[called] = value
    return shown


def _sort_key(name: str) -> Callable[[Mapping[str, Any]], tuple[float, str]]:
    def rank(row: Mapping[str, Any]) -> tuple[float, str]:
        text = str(row.get(name, "0"))
        try:
            return float(text), ""
        except ValueError:
            return 0.0, text

    return rank
