"""The advertisers of the world behind the stand-ins, as an :class:`.ad_book.AdBook`.

Logins are the account ids of the world. Only campaigns that have started are known; figures are
those shown at the asked instant. A campaign without ad groups is one of Campaign Wizard's.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.ad_cabinet import Cabinet, Row, read_accounts, read_cabinet
from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.yandex_direct.ad_book import (
    DEVICES,
    ELSEWHERE,
    LOCATIONS,
    NETWORKS,
    Ad,
    AdGroup,
    Advertiser,
    Campaign,
    Facts,
    Keyword,
)
from include.sandbox.world.ad_figures import ad_changes, ad_figures
from include.sandbox.world.world import World

VENDOR_NAME = "yandex_direct"
MOSCOW = ZoneInfo("Europe/Moscow")
FIRST_CLIENT_ID = 40_200_001
REGION_IDS: Mapping[str, int] = {
    "Москва": 213,
    "Санкт-Петербург": 2,
    "Екатеринбург": 54,
    "Новосибирск": 65,
    "Казань": 43,
    "Краснодар": 35,
}
"""Region of the world → GeoRegionId; any other place is the whole country."""
STATES = {"active": "ON", "paused": "SUSPENDED", "archived": "ARCHIVED"}
TYPES = {"display": "UNIFIED_CAMPAIGN"}
FIGURES = ("impressions", "clicks", "cost_micros", "sessions", "bounces", "conversions")


class WorldBook:
    """The book of one world; the clock says which campaigns have started."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock

    def advertisers(self) -> Mapping[str, Advertiser]:
        """Every account of the world."""
        accounts = read_accounts(self._world, VENDOR_NAME)
        return {
            login: Advertiser(
                login,
                FIRST_CLIENT_ID + number,
                row["name"] or login,
                row["currency_code"] or "RUB",
            )
            for number, (login, row) in enumerate(sorted(accounts.items()))
        }

    def campaigns(self, login: str) -> Sequence[Campaign]:
        """Campaigns that have started, in that order."""
        cabinet = self._cabinet(login)
        managed = {row["campaign_id"] for row in cabinet.ad_groups.values()}
        today = self._today()
        return [
            _describe(cabinet.campaigns[number], today, number in managed)
            for number in _in_order(cabinet)
        ]

    def ad_groups(self, login: str) -> Sequence[AdGroup]:
        """Ad groups of campaigns that have started."""
        return [
            AdGroup(
                number,
                row["campaign_id"],
                row["name"] or "",
                (REGION_IDS.get(row["region"], ELSEWHERE),),
            )
            for number, row in self._cabinet(login).ad_groups.items()
        ]

    def ads(self, login: str) -> Sequence[Ad]:
        """Ads of campaigns that have started."""
        return [
            Ad(
                number,
                row["ad_group_id"],
                row["campaign_id"],
                row["title"] or "",
                row["landing_url"] or "",
            )
            for number, row in self._cabinet(login).ads.items()
        ]

    def keywords(self, login: str) -> Sequence[Keyword]:
        """Keywords of campaigns that have started."""
        cabinet = self._cabinet(login)
        return [
            Keyword(
                number,
                row["ad_group_id"],
                cabinet.ad_groups[row["ad_group_id"]]["campaign_id"],
                row["text"] or "",
            )
            for number, row in cabinet.keywords.items()
        ]

    def facts(self, login: str, day: date, as_of: datetime) -> Facts:
        """Statistics of a day as shown at ``as_of``, one row per finest cell of the world."""
        rows = ad_figures(self._world, VENDOR_NAME, login, day, day + timedelta(days=1), as_of)
        places = {number: place for place, number in enumerate(_in_order(self._cabinet(login)))}
        rows = rows.filter(pc.is_in(rows["campaign_id"], pa.array(list(places), pa.int64())))
        numbers = {name: _numbers(rows[name]) for name in FIGURES}
        regions = {place: n for n, (place, _) in enumerate(LOCATIONS)}
        return Facts(
            day=day,
            campaign=_places(rows["campaign_id"], places, 0),
            ad_group_id=_numbers(rows["ad_group_id"]),
            ad_id=_numbers(rows["ad_id"]),
            keyword_id=_numbers(rows["keyword_id"]),
            network=_places(rows["network"], {"search": 0, "network": 1}, len(NETWORKS) - 1),
            device=_places(rows["device"], {d.lower(): n for n, d in enumerate(DEVICES)}, 0),
            location=_places(
                rows["region"],
                {name: regions[number] for name, number in REGION_IDS.items()},
                regions[ELSEWHERE],
            ),
            spread=_spread(rows, day),
            revenue_micros=_numbers(rows["conversion_value_micros"]),
            **numbers,
        )

    def changed_since(self, login: str, since: datetime, until: datetime) -> Mapping[int, date]:
        """Campaign id → earliest day whose figures differ between the two instants."""
        return ad_changes(self._world, VENDOR_NAME, login, since, until)

    def _cabinet(self, login: str) -> Cabinet:
        return read_cabinet(self._world, VENDOR_NAME, login, self._today())

    def _today(self) -> date:
        return self._clock.now().astimezone(MOSCOW).date()


def _in_order(cabinet: Cabinet) -> list[int]:
    """Campaign ids by their start, so that a campaign keeps its place when later ones begin."""
    rows = cabinet.campaigns
    return sorted(rows, key=lambda number: (rows[number]["start_date"] or date.min, number))


def _describe(row: Row, today: date, is_managed: bool) -> Campaign:
    """A campaign as of ``today``: the day it will end on is not known before."""
    end = row["end_date"]
    is_over = end is not None and end < today
    state = STATES.get(row["status"], "ON")
    return Campaign(
        id=row["campaign_id"],
        name=row["name"] or "",
        type=TYPES.get(row["channel"], "TEXT_CAMPAIGN") if is_managed else "UNKNOWN",
        state="ENDED" if is_over and state == "ON" else state,
        start_date=row["start_date"] or today,
        end_date=end if is_over else None,
        is_wizard=not is_managed,
    )


def _numbers(column: pa.ChunkedArray) -> np.ndarray:
    return pc.fill_null(column, 0).to_numpy().astype(np.int64)


def _places(column: pa.ChunkedArray, places: Mapping[Any, int], otherwise: int) -> np.ndarray:
    """The place of each value, ``otherwise`` for values that have none."""
    kinds = column.combine_chunks().dictionary_encode()
    known = np.array([places.get(v, otherwise) for v in kinds.dictionary.to_pylist()], np.int64)
    found = pc.fill_null(kinds.indices, -1).to_numpy(zero_copy_only=False)
    return np.append(known, otherwise)[found]


def _spread(rows: pa.Table, day: date) -> np.ndarray:
    """A random number per cell that does not depend on which other cells are shown."""
    mixed = np.full(len(rows), day.toordinal(), dtype=np.uint64)
    for name in ("ad_id", "keyword_id", "network", "device", "region"):
        column = rows[name]
        if pa.types.is_string(column.type):
            kinds = column.combine_chunks().dictionary_encode()
            codes = [zlib.crc32((text or "").encode()) for text in kinds.dictionary.to_pylist()]
            found = pc.fill_null(kinds.indices, -1).to_numpy(zero_copy_only=False)
            values = np.array([*codes, 0], dtype=np.uint64)[found]
        else:
            values = _numbers(column).astype(np.uint64)
        mixed = (mixed ^ values) * np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(31)
    return mixed >> np.uint64(1)
