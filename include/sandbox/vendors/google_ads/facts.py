"""Figures of an account, grouped as a query asks: by its resource and the segments selected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.ad_cabinet import Cabinet
from include.sandbox.vendors.google_ads.attributes import channel
from include.sandbox.vendors.google_ads.fields import (
    CONVERSION_ACTIONS,
    CONVERSION_SEGMENTS,
    GEO_SEGMENTS,
    GEO_UNTOLD,
    MICROS,
    date_segments,
    geo_segments,
)
from include.sandbox.vendors.google_ads.places import find_place
from include.sandbox.world.ad_figures import ad_figures
from include.sandbox.world.world import World

DEVICES = {"desktop": "DESKTOP", "mobile": "MOBILE", "tablet": "TABLET"}
NETWORKS = {"search": "SEARCH", "network": "CONTENT"}
PLACEMENTS = ("constructiondive.example", "enr.example", "bridgetoday.example")
IDENTITIES: Mapping[str, tuple[str, ...]] = {
    "customer": (),
    "campaign": ("campaign_id",),
    "campaign_budget": ("campaign_id",),
    "ad_group": ("campaign_id", "ad_group_id"),
    "ad_group_ad": ("campaign_id", "ad_group_id", "ad_id"),
    "keyword_view": ("campaign_id", "ad_group_id", "keyword_id"),
    "geographic_view": ("country",),
    "user_location_view": ("country",),
    "detail_placement_view": ("ad_group_id", "campaign_id", "placement"),
    "group_placement_view": ("ad_group_id", "campaign_id", "placement"),
}
"""Resource → the columns one of its rows is of."""
FIRST_HOUR, BUSY_HOURS = 7, 15
GROUPED = ("ad_group", "ad_group_ad", "keyword_view")
SUMS = ("impressions", "clicks", "cost_micros", "conversions", "conversion_value_micros")
DATES = ("date", "week", "month", "quarter", "year", "day_of_week")


@dataclass(frozen=True)
class Fact:
    """The figures of one row: whose they are, in which segments."""

    keys: Mapping[str, Any]
    segments: Mapping[str, Any]
    sums: Mapping[str, float]


def read_facts(
    world: World,
    cabinet: Cabinet,
    days: tuple[date, date],
    as_of: datetime,
    passes_day: Callable[[date], bool],
    resource: str,
    extra_keys: Sequence[str],
    segments: Sequence[str],
) -> Iterator[Fact]:
    """Facts in the order of their keys and segments; ``segments`` without their prefix."""
    account_id = cabinet.account["account_id"]
    end = days[1] + timedelta(days=1)
    rows = ad_figures(world, "google_ads", account_id, days[0], end, as_of)
    rows = _keep(rows, cabinet, resource, passes_day)
    keys = [*IDENTITIES[resource], *(k for k in extra_keys if k not in IDENTITIES[resource])]
    columns = _make_columns(rows, cabinet, [*keys, *segments])
    if "hour" in segments:
        columns["hour"] = _hours(rows, cabinet, as_of)
    sums = {name: rows[name] for name in SUMS}
    # an account's own row has no key, and grouping needs one
    columns["all"] = pa.array(np.zeros(len(rows), dtype=np.int8))
    table = pa.table({**columns, **sums})
    grouped = table.group_by(list(columns), use_threads=False)
    summed = grouped.aggregate([(name, "sum") for name in SUMS])
    summed = summed.sort_by([(name, "ascending") for name in columns])
    is_by_action = any(name in CONVERSION_SEGMENTS for name in segments)
    for row in summed.to_pylist():
        fact = Fact(
            {key: row[key] for key in keys},
            _tell_segments(row, segments),
            {
                "impressions": row["impressions_sum"],
                "clicks": row["clicks_sum"],
                "cost_micros": row["cost_micros_sum"],
                "conversions": float(row["conversions_sum"]),
                "conversion_value": row["conversion_value_micros_sum"] / MICROS,
            },
        )
        if is_by_action:
            yield from _split_by_action(fact, account_id)
        else:
            yield fact


def _keep(
    rows: pa.Table, cabinet: Cabinet, resource: str, passes_day: Callable[[date], bool]
) -> pa.Table:
    known = [
        number
        for number, campaign in cabinet.campaigns.items()
        if resource not in GROUPED or channel(campaign) != "PERFORMANCE_MAX"
    ]
    keep = pc.is_in(rows["campaign_id"], pa.array(known, pa.int64()))
    if resource == "keyword_view":
        keep = pc.and_(keep, pc.not_equal(rows["keyword_id"], 0))
    if resource.endswith("placement_view"):
        keep = pc.and_(keep, pc.equal(rows["network"], "network"))
    distinct = pc.unique(rows["stats_date"]).to_pylist()
    chosen = [day for day in distinct if passes_day(day)]
    if len(chosen) != len(distinct):
        keep = pc.and_(keep, pc.is_in(rows["stats_date"], pa.array(chosen, pa.date32())))
    return rows.filter(keep)


def _make_columns(rows: pa.Table, cabinet: Cabinet, names: Sequence[str]) -> dict[str, pa.Array]:
    """The columns to group by; a day stands for every date segment when it is selected itself."""
    made: dict[str, pa.Array] = {}
    dates = [name for name in names if name in DATES]
    for name in names:
        if name in DATES:
            if "date" in dates:
                made["stats_date"] = rows["stats_date"]
            else:
                made[name] = _map(rows["stats_date"], lambda day, of=name: date_segments(day)[of])
        elif name == "device":
            made[name] = _map(rows["device"], lambda device: DEVICES.get(device, "OTHER"))
        elif name == "ad_network_type":
            made[name] = _network_types(rows, cabinet)
        elif name in GEO_SEGMENTS or name == "geo_target_country":
            made["region"] = rows["region"]
        elif name == "country":
            made[name] = _map(rows["region"], lambda region: find_place(region).country_id)
        elif name == "placement":
            made[name] = _map(rows["ad_group_id"], lambda n: PLACEMENTS[n % len(PLACEMENTS)])
        elif name != "hour" and name not in (*CONVERSION_SEGMENTS, *GEO_UNTOLD):
            made[name] = rows[name]
    return made


def _hours(rows: pa.Table, cabinet: Cabinet, as_of: datetime) -> pa.Array:
    """An hour of the day for every finest cell, as no world has hours: it adds up to the day.

    Cells of the current day are put into hours already over.
    """
    local = as_of.astimezone(ZoneInfo(cabinet.account["time_zone"] or "UTC"))
    days = rows["stats_date"].cast(pa.int32()).to_numpy().astype(np.int64)
    spread = rows["ad_id"].to_numpy() * 31 + rows["keyword_id"].to_numpy() * 17 + days * 13
    is_today = days == local.date().toordinal() - date(1970, 1, 1).toordinal()
    hours = np.where(is_today, spread % max(local.hour, 1), FIRST_HOUR + spread % BUSY_HOURS)
    return pa.array(hours, pa.int32())


def _map(column: pa.ChunkedArray, change: Callable[[Any], Any]) -> pa.Array:
    """Change the distinct values of a column."""
    encoded = column.combine_chunks().dictionary_encode()
    changed = pa.array([change(value) for value in encoded.dictionary.to_pylist()])
    if not len(changed):
        return pa.array([], pa.string())
    return changed.take(encoded.indices)


def _network_types(rows: pa.Table, cabinet: Cabinet) -> pa.Array:
    mixed = [n for n, c in cabinet.campaigns.items() if channel(c) == "PERFORMANCE_MAX"]
    is_mixed = pc.is_in(rows["campaign_id"], pa.array(mixed, pa.int64()))
    plain = _map(rows["network"], lambda network: NETWORKS.get(network, "CONTENT"))
    return pc.if_else(is_mixed.combine_chunks(), "MIXED", plain)


def _tell_segments(row: Mapping[str, Any], segments: Sequence[str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name in segments:
        if name in DATES:
            day = row.get("stats_date")
            told[name] = row[name] if day is None else date_segments(day)[name]
        elif name in GEO_SEGMENTS or name == "geo_target_country":
            place = find_place(row["region"])
            told[name] = geo_segments(place.id, place.country_id)[name]
        elif name not in (*CONVERSION_SEGMENTS, *GEO_UNTOLD):
            told[name] = row[name]
    return told


def _split_by_action(fact: Fact, account_id: str) -> Iterator[Fact]:
    customer = account_id.replace("-", "")
    for number, name, category, part in CONVERSION_ACTIONS:
        action = {
            "conversion_action": f"customers/{customer}/conversionActions/{number}",
            "conversion_action_name": name,
            "conversion_action_category": category,
        }
        sums = {key: fact.sums[key] * part for key in ("conversions", "conversion_value")}
        yield Fact(fact.keys, {**fact.segments, **action}, sums)
