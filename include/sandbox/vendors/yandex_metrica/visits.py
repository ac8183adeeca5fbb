"""The visits of one counter, in order of time, and the visit a visit's source is taken from.

Visits without a Metrica client id are those the counter never saw. A visit is shown from its
``known_at`` on, and chains of attribution run over what was known at the same instant.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.yandex_metrica.counters import Counter
from include.sandbox.vendors.yandex_metrica.purchases import Purchase, read_purchases
from include.sandbox.world.world import World

ATTRIBUTIONS = {
    "FIRST": "first",
    "LAST": "last",
    "LASTSIGN": "lastsign",
    "LAST_YANDEX_DIRECT_CLICK": "last_yandex_direct_click",
    "CROSS_DEVICE_LAST_SIGNIFICANT": "cross_device_last_significant",
    "CROSS_DEVICE_FIRST": "cross_device_first",
    "CROSS_DEVICE_LAST_YANDEX_DIRECT_CLICK": "cross_device_last_yandex_direct_click",
    "CROSS_DEVICE_LAST": "cross_device_last",
    "AUTOMATIC": "automatic",
}
"""The attribution parameter → the prefix of a field."""

INSIGNIFICANT = ("direct", "internal", "saved", "", None)
LOOKBACK = timedelta(days=180)


def to_micros(instant: datetime) -> int:
    """Microseconds since 1970 of an aware instant."""
    return int(instant.timestamp()) * 1_000_000 + instant.microsecond


def start_of_day(day: date, zone: tzinfo) -> int:
    """Microseconds of the midnight a day of this zone begins with."""
    return to_micros(datetime.combine(day, time(), zone))


class CounterVisits:
    """All visits of one counter in one world."""

    def __init__(self, world: World, counter: Counter) -> None:
        visits = world.table("visit")
        seen = pc.and_(
            pc.equal(visits["site"], counter.site),
            pc.not_equal(visits["metrica_client_id"], pa.scalar(0, pa.uint64())),
        )
        self.counter = counter
        self.table = visits.filter(pc.fill_null(seen, False)).sort_by("started_at").combine_chunks()
        self.started = self.table["started_at"].cast(pa.int64()).to_numpy()
        known = pc.coalesce(self.table["known_at"], self.table["started_at"])
        self.known = known.cast(pa.int64()).to_numpy()
        self.robots = pc.fill_null(self.table["is_robot"], False).to_numpy(zero_copy_only=False)
        self.clients = self.table["metrica_client_id"].to_pylist()
        self.sources = self.table["traffic_source"].to_pylist()
        self.click_kinds = self.table["click_id_kind"].to_pylist()
        self.users = self.table["user_id"].to_pylist()
        self._purchases: dict[int, list[Purchase]] | None = None

    @cached_property
    def by_client(self) -> dict[int, list[int]]:
        """Positions of a browser's visits, earliest first."""
        found: dict[int, list[int]] = defaultdict(list)
        for position, client in enumerate(self.clients):
            found[client].append(position)
        return found

    @cached_property
    def by_user(self) -> dict[str, list[int]]:
        """Positions of the visits of all browsers a logged-in person used."""
        browsers: dict[str, set[int]] = defaultdict(set)
        for client, user in zip(self.clients, self.users, strict=True):
            if user:
                browsers[user].add(client)
        return {
            user: sorted(p for client in clients for p in self.by_client[client])
            for user, clients in browsers.items()
        }

    @cached_property
    def by_click(self) -> dict[str, list[int]]:
        """Positions of the visits of each click on a Direct ad."""
        found: dict[str, list[int]] = defaultdict(list)
        clicks = self.table["click_id"].to_pylist()
        for position, (kind, click) in enumerate(zip(self.click_kinds, clicks, strict=True)):
            if kind == "yclid" and click:
                found[click].append(position)
        return found

    @cached_property
    def users_of_client(self) -> dict[int, str]:
        """The person who logged in with a browser, if anybody did."""
        return {c: u for c, u in zip(self.clients, self.users, strict=True) if u}

    @cached_property
    def goal_ids(self) -> set[int]:
        """Every goal any visit ever reached."""
        flat = pc.list_flatten(self.table["goal_ids"])
        return {goal for goal in pc.unique(flat).to_pylist() if goal is not None}

    def purchases_of(self, world: World) -> dict[int, list[Purchase]]:
        """Purchases by visit; ``world`` is the one these visits are of."""
        if self._purchases is None:
            clients = dict(zip(self.table["visit_id"].to_pylist(), self.clients, strict=True))
            self._purchases = read_purchases(world, clients)
        return self._purchases

    def select(
        self,
        first: date,
        last: date,
        as_of: datetime,
        without_robots: bool = False,
        zone: tzinfo | None = None,
    ) -> np.ndarray[Any, Any]:
        """Positions of the visits of the days ``first`` to ``last``, both included.

        Days are those of ``zone``, else of the counter.
        """
        zone = zone or self.counter.zone
        begin = np.searchsorted(self.started, start_of_day(first, zone))
        end = np.searchsorted(self.started, start_of_day(last + timedelta(days=1), zone))
        positions = np.arange(begin, end)
        limit = to_micros(as_of)
        shown = (self.known[positions] <= limit) & (self.started[positions] <= limit)
        if without_robots:
            shown &= ~self.robots[positions]
        return positions[shown]

    def is_first_visit(self, position: int) -> bool:
        """Whether the browser was never seen before."""
        return self.by_client[self.clients[position]][0] == position

    def source_positions(self, positions: Sequence[int], prefix: str, as_of: datetime) -> list[int]:
        """For each visit the one that gives its source under the attribution ``prefix``."""
        if prefix in ("last", "cross_device_last"):
            return list(positions)
        limit = to_micros(as_of)
        return [self._find_source(position, prefix, limit) for position in positions]

    def _find_source(self, position: int, prefix: str, limit: int) -> int:
        client = self.clients[position]
        chain = self.by_client[client]
        if prefix.startswith("cross_device_") and client in self.users_of_client:
            chain = self.by_user[self.users_of_client[client]]
        oldest = int(self.started[position]) - LOOKBACK // timedelta(microseconds=1)
        begin = bisect_left(chain, int(np.searchsorted(self.started, oldest)))
        end = bisect_right(chain, position)
        if prefix.endswith("first"):
            known = (chain[n] for n in range(begin, end) if self.known[chain[n]] <= limit)
            return next(known, position)
        significant = None
        for number in range(end - 1, begin - 1, -1):
            candidate = chain[number]
            if self.known[candidate] > limit:
                continue
            if significant is None and self.sources[candidate] not in INSIGNIFICANT:
                significant = candidate
                if not prefix.endswith("last_yandex_direct_click"):
                    break
            if prefix.endswith("last_yandex_direct_click") and self._is_direct_click(candidate):
                return candidate
        return position if significant is None else significant

    def _is_direct_click(self, position: int) -> bool:
        return self.click_kinds[position] == "yclid"
