"""Some visits of a counter as log fields read them: plain rows, and the rows of their sources."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.yandex_metrica.cells import write_times
from include.sandbox.vendors.yandex_metrica.purchases import Purchase
from include.sandbox.vendors.yandex_metrica.visits import CounterVisits, to_micros
from include.sandbox.world.world import World

MOSCOW = "Europe/Moscow"
"""Fields called UTC are in UTC+3."""
PATHS = ("catalog", "catalog/item", "prices", "delivery", "about", "contacts")
"""The pages people walk through after the one they entered by."""

Row = dict[str, Any]


PRICE_FACTOR = 1_000
"""By how much ``goalsPrice`` is multiplied."""


@dataclass(frozen=True)
class ReachedGoal:
    """One reached goal: when (microseconds), and its price times :data:`PRICE_FACTOR`."""

    goal_id: int
    at: int
    price: int = 0
    currency: str = "RUB"


@dataclass(frozen=True)
class Uploaded:
    """What has been uploaded for visits and processed: by visit, goals and rows of calls."""

    goals: Mapping[int, Sequence[ReachedGoal]] = field(default_factory=dict)
    calls: Mapping[int, Sequence[Row]] = field(default_factory=dict)


class VisitRows:
    """The visits at ``positions``; lists are parallel to them."""

    def __init__(
        self,
        visits: CounterVisits,
        positions: Sequence[int],
        world: World,
        as_of: datetime,
        uploaded: Uploaded,
        zone_name: str = "",
    ) -> None:
        self.visits = visits
        self.counter = visits.counter
        self.zone_name = zone_name or visits.counter.zone_name
        self.world = world
        self.as_of = as_of
        self._uploaded = uploaded
        self.positions = [int(position) for position in positions]
        self._sources: dict[str, list[Row]] = {}
        self._cache: dict[int, Row] = {}

    @cached_property
    def rows(self) -> list[Row]:
        """The world's columns of each visit."""
        return self._read(self.positions)

    @cached_property
    def started(self) -> list[int]:
        """Microseconds at which each visit began."""
        return self.visits.started[self.positions].tolist() if self.positions else []

    @cached_property
    def local_times(self) -> list[str]:
        """When each visit began, in the counter's zone or the one asked for."""
        return write_times(self.started, self.zone_name)

    @cached_property
    def zone_minutes(self) -> str:
        """The counter's distance from UTC in minutes."""
        offset = self.as_of.astimezone(self.counter.zone).utcoffset() or timedelta()
        return str(int(offset.total_seconds() // 60))

    @cached_property
    def pages(self) -> list[list[str]]:
        """The addresses of each visit's page views, the entry page first."""
        return [walk_pages(row) for row in self.rows]

    def sources(self, prefix: str) -> list[Row]:
        """The visits that give each visit's source under an attribution."""
        if prefix == "last":
            return self.rows
        if prefix not in self._sources:
            found = self.visits.source_positions(self.positions, prefix, self.as_of)
            self._sources[prefix] = self._read(found)
        return self._sources[prefix]

    @cached_property
    def goals(self) -> list[list[ReachedGoal]]:
        """Each visit's goals: those reached at its end, then those uploaded for it later."""
        found = []
        for row, start in zip(self.rows, self.started, strict=True):
            end = start + (row["duration_seconds"] or 0) * 1_000_000
            own = [ReachedGoal(goal, end) for goal in row["goal_ids"] or ()]
            found.append([*own, *self._uploaded.goals.get(row["visit_id"], ())])
        return found

    @cached_property
    def calls(self) -> list[list[Row]]:
        """Each visit's calls that a tracker, or somebody else, has uploaded by now."""
        found: dict[int, list[Row]] = defaultdict(list)
        wanted = {row["visit_id"] for row in self.rows} - {0, None}
        table = self.world.table("call")
        table = table.filter(pc.is_in(table["visit_id"], pa.array(list(wanted), pa.int64())))
        for call in table.to_pylist():
            if call["known_at"] is None or call["known_at"] <= self.as_of:
                found[call["visit_id"]].append(call)
        uploaded = self._uploaded.calls
        return [
            [*found.get(row["visit_id"], ()), *uploaded.get(row["visit_id"], ())]
            for row in self.rows
        ]

    @cached_property
    def purchases(self) -> list[list[Purchase]]:
        """Each visit's purchases that have happened by now."""
        found = self.visits.purchases_of(self.world)
        limit = to_micros(self.as_of)
        return [[p for p in found.get(row["visit_id"], ()) if p.at <= limit] for row in self.rows]

    @cached_property
    def campaign_names(self) -> dict[int, str]:
        """Names of the Direct campaigns."""
        table = self.world.table("campaign")
        vendors = table["vendor"].to_pylist()
        pairs = zip(table["campaign_id"].to_pylist(), table["name"].to_pylist(), strict=True)
        return {
            key: name
            for vendor, (key, name) in zip(vendors, pairs, strict=True)
            if vendor == "yandex_direct"
        }

    def each(self, read: Callable[[Row], str]) -> list[str]:
        """One cell per visit."""
        return [read(row) for row in self.rows]

    def _read(self, positions: Sequence[int]) -> list[Row]:
        # most visits give their own source, so a row is made once however often it is asked for
        missing = [position for position in set(positions) if position not in self._cache]
        found = self.visits.table.take(pa.array(missing, pa.int64())).to_pylist()
        self._cache.update(zip(missing, found, strict=True))
        return [self._cache[position] for position in positions]


def entry_url(row: Row) -> str:
    """The first address of a visit; a click id known of the visit is in it."""
    url = row["entry_url"] or ""
    kind, click = row["click_id_kind"], row["click_id"]
    if kind and click and f"{kind}=" not in url:
        url += ("&" if "?" in url else "?") + f"{kind}={click}"
    return url


def walk_pages(row: Row) -> list[str]:
    """The addresses of a visit's page views; all but the first follow from its id."""
    first = entry_url(row)
    parts = urlsplit(first)
    root = f"{parts.scheme}://{parts.netloc}/"
    count = max(row["page_views"] or 1, 1)
    start = (row["visit_id"] or 0) % len(PATHS)
    return [first] + [root + PATHS[(start + page) % len(PATHS)] for page in range(1, count)]


def query_value(url: str, name: str) -> str:
    """The value of a parameter of an address, empty when it has none."""
    if f"{name}=" not in url:  # parsing is slow, and most addresses have no query
        return ""
    return parse_qs(urlsplit(url).query).get(name, [""])[0]
