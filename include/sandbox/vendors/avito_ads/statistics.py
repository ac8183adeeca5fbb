"""Daily statistics of one campaign, its groups and its creatives.

Money is whole roubles, so a campaign may differ from the sum of its creatives by the rounding.
Days without views are left out; what has none at all has an empty ``data`` and no counters in
``totalData``, or is not there at all (knob ``lists_idle``; which is so is not confirmed). Here,
and only here, the id of a creative's group is spelt ``groupId``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow.compute as pc

from include.sandbox.vendors.ad_cabinet import Cabinet, Row
from include.sandbox.vendors.avito_ads.errors import ApiError
from include.sandbox.vendors.avito_ads.objects import CAMPAIGN_TYPE, PAYMENT_MODEL, read_day
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.ad_figures import ad_figures

MOST_DAYS = 100
SUMS = ("impressions", "clicks", "cost_micros")
VIDEO = ("videoViews25", "videoViews50", "videoViews75", "videoViews100", "q25", "q50", "q75")


def answer_statistics(
    stage: Stage,
    cabinet: Cabinet,
    campaign_id: int,
    body: Mapping[str, Any],
    level: str,
    is_empty: bool = False,
) -> dict[str, Any]:
    """``level``: empty for the campaign with all below it, else groups or creatives alone.

    ``is_empty`` leaves out every figure.
    """
    campaign = cabinet.campaigns.get(campaign_id)
    if campaign is None:
        raise ApiError(404, "campaign is not found")
    first, last = read_day(body, "dateFrom"), read_day(body, "dateTo")
    if first > last:
        raise ApiError(400, "dateFrom must not be after dateTo")
    if (last - first).days + 1 > MOST_DAYS:
        raise ApiError(400, f"the period must not exceed {MOST_DAYS} days")
    groups = [g for g in cabinet.ad_groups.values() if g["campaign_id"] == campaign_id]
    creatives = [a for a in cabinet.ads.values() if a["campaign_id"] == campaign_id]
    if level == "groups":
        wanted = _read_ids(body, "groupIDs")
        groups, creatives = [g for g in groups if g["ad_group_id"] in wanted], []
    elif level == "creatives":
        wanted = _read_ids(body, "creativeIDs")
        groups, creatives = [], [a for a in creatives if a["ad_id"] in wanted]
    teller = _Teller(stage, cabinet, campaign_id, first, last, is_empty)
    told = {
        "groups": [teller.tell("ad_group_id", g["ad_group_id"], _name(g, "name")) for g in groups],
        "creatives": [
            teller.tell("ad_id", a["ad_id"], {"groupId": a["ad_group_id"], **_name(a, "title")})
            for a in creatives
        ],
    }
    if not stage.knobs.get("avito_ads.lists_idle", True):
        told = {kind: [one for one in listed if one["data"]] for kind, listed in told.items()}
    if level:
        return {level: told[level]}
    head = {**_name(campaign, "name"), "paymentModel": PAYMENT_MODEL, "campaignType": CAMPAIGN_TYPE}
    return {"campaign": teller.tell("campaign_id", campaign_id, head), **told}


class _Teller:
    """The figures of one campaign over a period, read once."""

    def __init__(
        self,
        stage: Stage,
        cabinet: Cabinet,
        campaign_id: int,
        first: date,
        last: date,
        is_empty: bool,
    ) -> None:
        account_id = cabinet.account["account_id"]
        end = last + timedelta(days=1)
        now = stage.clock.now()
        rows = ad_figures(stage.world, "avito_ads", account_id, first, end, now)
        self._cells: list[dict[str, Any]] = []
        if not is_empty:
            own = rows.filter(pc.equal(rows["campaign_id"], campaign_id))
            keys = ["campaign_id", "ad_group_id", "ad_id", "stats_date"]
            grouped = own.group_by(keys, use_threads=False)
            self._cells = grouped.aggregate([(name, "sum") for name in SUMS]).to_pylist()
        self._omits_zeros = stage.knobs.get("avito_ads.omits_zeros", False)
        self._with_time = stage.knobs.get("avito_ads.timestamp_has_time", False)

    def tell(self, column: str, number: int, head: Mapping[str, Any]) -> dict[str, Any]:
        """One entity with its days and their total."""
        by_day: dict[date, dict[str, int]] = {}
        for cell in self._cells:
            if cell[column] == number:
                sums = by_day.setdefault(cell["stats_date"], dict.fromkeys(SUMS, 0))
                for name in SUMS:
                    sums[name] += cell[f"{name}_sum"]
        data = [
            {"timestamp": self._stamp(day), **_counters(by_day[day])}
            for day in sorted(by_day)
            if any(by_day[day].values())
        ]
        total = {name: sum(row[name] for row in data) for name in _TOTALS} if data else {}
        told = {"data": data, "totalData": total | _ratios(total)}
        return {"id": number, **head, **(_leave_out_zeros(told) if self._omits_zeros else told)}

    def _stamp(self, day: date) -> str:
        return f"{day.isoformat()}T00:00:00+03:00" if self._with_time else day.isoformat()


_TOTALS = ("views", "clicks", "spend", "spendBonus", *VIDEO[:4])


def _counters(sums: Mapping[str, int]) -> dict[str, Any]:
    counted = {
        "views": sums["impressions"],
        "clicks": sums["clicks"],
        "spend": round(sums["cost_micros"] / 1e6),
    }
    return {**counted, **_ratios(counted), "spendBonus": 0, **dict.fromkeys(VIDEO, 0), "vtr": 0}


def _leave_out_zeros(told: Mapping[str, Any]) -> dict[str, Any]:
    data = [{name: value for name, value in row.items() if value != 0} for row in told["data"]]
    total = {name: value for name, value in told["totalData"].items() if value != 0}
    return {"data": data, "totalData": total}


def _ratios(counted: Mapping[str, int]) -> dict[str, float]:
    if not counted:
        return {}
    views, clicks, spend = counted["views"], counted["clicks"], counted["spend"]
    return {
        "ctr": round(clicks * 100 / views, 2) if views else 0,
        "cpm": round(spend * 1000 / views, 1) if views else 0,
        "cpc": round(spend / clicks, 1) if clicks else 0,
    }


def _name(row: Row, key: str) -> dict[str, Any]:
    return {"name": row[key]}


def _read_ids(body: Mapping[str, Any], name: str) -> Sequence[int]:
    ids: Any = body.get(name)
    if not isinstance(ids, list) or not ids or not _are_numbers(ids):
        raise ApiError(400, f"{name} must be a list of ids")
    return ids


def _are_numbers(values: Iterable[Any]) -> bool:
    return all(isinstance(value, int) for value in values)
