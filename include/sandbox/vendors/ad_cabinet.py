"""What every ad platform knows of its accounts beside figures: campaigns, groups, ads, keywords.

The tables of a world say how things ended; here they are as of a day. A campaign exists from its
first day on, and one that will be switched off later still runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

Row = Mapping[str, Any]
_READ: WorldMemo[Any] = WorldMemo()


@dataclass(frozen=True)
class Cabinet:
    """One account; every mapping is by id, in ascending order."""

    account: Row
    campaigns: Mapping[int, Row]
    ad_groups: Mapping[int, Row]
    ads: Mapping[int, Row]
    keywords: Mapping[int, Row]

    def on(self, day: date) -> Cabinet:
        """The same account with only what had begun by ``day``, statuses as of that day."""
        campaigns = {
            number: {**row, "status": _status_on(row, day)}
            for number, row in self.campaigns.items()
            if row["start_date"] is None or row["start_date"] <= day
        }
        groups = {n: r for n, r in self.ad_groups.items() if r["campaign_id"] in campaigns}
        return Cabinet(
            self.account,
            campaigns,
            groups,
            {n: r for n, r in self.ads.items() if r["ad_group_id"] in groups},
            {n: r for n, r in self.keywords.items() if r["ad_group_id"] in groups},
        )


def read_accounts(world: World, vendor: str) -> Mapping[str, Row]:
    """The accounts of a vendor by id, in the order of the world."""
    return _READ.get(world, vendor, lambda: _by(_of(world, "ad_account", vendor), "account_id"))


def read_cabinet(world: World, vendor: str, account_id: str, day: date) -> Cabinet:
    """The account as of ``day``; ``KeyError`` for one that is not there."""
    key = (vendor, account_id)
    whole = _READ.get(world, key, lambda: _gather(world, vendor, account_id))
    return _READ.get(world, (*key, day), lambda: whole.on(day))


def _gather(world: World, vendor: str, account_id: str) -> Cabinet:
    account = read_accounts(world, vendor)[account_id]
    own = [r for r in _of(world, "campaign", vendor) if r["account_id"] == account_id]
    campaigns = _by(own, "campaign_id", is_sorted=True)
    groups = [r for r in _of(world, "ad_group", vendor) if r["campaign_id"] in campaigns]
    ad_groups = _by(groups, "ad_group_id", is_sorted=True)
    ads = [r for r in _of(world, "ad", vendor) if r["ad_group_id"] in ad_groups]
    keywords = [r for r in _of(world, "keyword", vendor) if r["ad_group_id"] in ad_groups]
    return Cabinet(
        account,
        campaigns,
        ad_groups,
        _by(ads, "ad_id", is_sorted=True),
        _by(keywords, "keyword_id", is_sorted=True),
    )


def _of(world: World, table: str, vendor: str) -> list[dict[str, Any]]:
    rows: pa.Table = world.table(table)
    return rows.filter(pc.equal(rows["vendor"], vendor)).to_pylist()


def _by(rows: list[dict[str, Any]], key: str, is_sorted: bool = False) -> dict[Any, dict[str, Any]]:
    ordered = sorted(rows, key=lambda row: row[key]) if is_sorted else rows
    return {row[key]: row for row in ordered}


def _status_on(campaign: Row, day: date) -> str:
    end = campaign["end_date"]
    is_running = end is not None and end >= day
    return "active" if is_running else str(campaign["status"] or "active")
