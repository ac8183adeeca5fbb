"""Clicks of one day by their gclid, as ``click_view`` shows them.

Google knows a click when it happens, whether or not the site's counter recorded the visit in time;
the world keeps clicks as visits, so a click whose mark was lost on the way is not here either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.ad_cabinet import Cabinet
from include.sandbox.vendors.google_ads.attributes import channel
from include.sandbox.vendors.google_ads.facts import DEVICES
from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

_CLICKS: WorldMemo[pa.Table] = WorldMemo()
COLUMNS = ("started_at", "click_id", "campaign_id", "ad_group_id", "ad_id", "device", "utm_term")
Click = tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, Any]]


def read_clicks(world: World, cabinet: Cabinet, day: date, as_of: datetime) -> Iterator[Click]:
    """Segments, ids and values of every click of a day of the account, by time."""
    zone = ZoneInfo(cabinet.account["time_zone"] or "UTC")
    customer = str(cabinet.account["account_id"]).replace("-", "")
    words = {(k["ad_group_id"], k["text"]): k["keyword_id"] for k in cabinet.keywords.values()}
    seen: set[str] = set()
    for row in _of_day(world, day, zone).to_pylist():
        ad = cabinet.ads.get(row["ad_id"])
        is_told = row["started_at"] <= as_of and row["click_id"] not in seen
        if ad is None or not is_told:
            continue
        seen.add(row["click_id"])
        group_id, campaign_id = ad["ad_group_id"], ad["campaign_id"]
        keyword_id = words.get((group_id, row["utm_term"]), 0)
        is_search = channel(cabinet.campaigns[campaign_id]) == "SEARCH"
        segments = {
            "date": day.isoformat(),
            "device": DEVICES.get(row["device"], "OTHER"),
            "ad_network_type": "SEARCH" if is_search else "CONTENT",
        }
        keys = {
            "campaign_id": campaign_id,
            "ad_group_id": group_id,
            "ad_id": row["ad_id"],
            "keyword_id": keyword_id,
        }
        of = f"customers/{customer}"
        criterion = f"{of}/adGroupCriteria/{group_id}~{keyword_id}"
        extra = {
            "day": day.isoformat(),
            "gclid": row["click_id"],
            "ad_name": f"{of}/adGroupAds/{group_id}~{row['ad_id']}",
            "keyword_name": criterion if keyword_id else None,
        }
        yield segments, keys, extra


def _of_day(world: World, day: date, zone: ZoneInfo) -> pa.Table:
    clicks = _CLICKS.get(world, "clicks", lambda: _gather(world))
    begin = datetime(day.year, day.month, day.day, tzinfo=zone)
    after = date.fromordinal(day.toordinal() + 1)
    end = datetime(after.year, after.month, after.day, tzinfo=zone)
    started = clicks["started_at"]
    kind = started.type
    since = pc.greater_equal(started, pa.scalar(begin, kind))
    return clicks.filter(pc.and_(since, pc.less(started, pa.scalar(end, kind))))


def _gather(world: World) -> pa.Table:
    visits = world.table("visit")
    is_ours = pc.and_(
        pc.equal(visits["click_id_kind"], "gclid"), pc.equal(visits["ad_vendor"], "google_ads")
    )
    return visits.filter(is_ours).select(COLUMNS).sort_by("started_at")
