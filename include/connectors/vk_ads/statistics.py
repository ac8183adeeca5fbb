"""Daily figures of banners, proven against the ungrouped totals of the whole cabinet.

One alien id refuses a whole call, and too many days or ids do too: the call is then halved until
it passes. Only banners with delivery are asked for; should their sums not reach the cabinet's,
every banner the lists know is asked as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from include.connectors._records import RecordReader
from include.connectors.protocol import Batch, IncompleteAnswer, Interval
from include.connectors.vk_ads.answers import ALIEN_OBJECTS, TOO_MUCH, Refusal
from include.connectors.vk_ads.blocks import find_unknown, is_silent, read_totals
from include.connectors.vk_ads.client import Client, Record, read_items, split_ids
from include.connectors.vk_ads.proof import Proof, make_zeros
from include.connectors.vk_ads.schema import (
    BLOCKS,
    METRICS,
    PERFORMANCE,
    PERFORMANCE_COLUMNS,
    PERFORMANCE_SCHEMA,
)

MOST_IDS = 200
MOST_TOTALS = 250
DAY = timedelta(days=1)


class Statistics:
    """Reads figures of one cabinet with one attribution."""

    def __init__(
        self,
        client: Client,
        attribution: str,
        is_vat_included: bool,
        page_size: int,
        accepts_unproven: bool,
    ) -> None:
        self._client = client
        self._attribution = attribution
        self._is_vat_included = is_vat_included
        self._page_size = page_size
        self._accepts_unproven = accepts_unproven
        self._owners: dict[int, tuple[int, int]] = {}
        self._plans: dict[int, int] = {}

    def read_totals(self, span: Interval) -> dict[date, dict[str, Decimal]]:
        """Sums of the whole cabinet by day, named like the control columns; every day is there.

        An empty answer is believed when it comes twice.
        """
        user = [self._client.user_id]
        rows = self._read_rows("users", user, span, "base")
        if not rows:
            rows = self._read_rows("users", user, span, "base")
        found = {day: make_zeros() for day in _days(span)}
        find_unknown(rows)
        found.update(map(read_totals, rows))
        return found

    def read(self, span: Interval, unproven_from: date) -> Iterator[Batch]:
        """Every banner-day with a figure; days from ``unproven_from`` on still move meanwhile."""
        told = self.read_totals(span)
        proof = Proof(told, unproven_from)
        asked = sorted(self._find_delivering(span))
        reader = self._make_reader()
        yield from self._read_banners(asked, span, reader, proof)
        if proof.is_short():
            banners = self._client.list_objects("banners", {"fields": "id"}, self._page_size)
            rest = sorted({int(banner["id"]) for banner in banners} - set(asked))
            yield from self._read_banners(rest, span, reader, proof)
        difference = proof.describe_difference()
        if difference and not self._accepts_unproven:
            raise IncompleteAnswer(
                f"VK Ads figures of {self._client.who}: {difference}; the figures moved or rows "
                "are missing, ask again; should it stay so, option accept_unproven lets them in"
            )
        if difference:
            yield Batch(None, (), (f"not proven: {difference}",))

    def _read_banners(
        self, ids: Sequence[int], span: Interval, reader: RecordReader, proof: Proof
    ) -> Iterator[Batch]:
        position = 1
        told: set[str] = set()
        for some in split_ids(list(ids), MOST_IDS):
            rows = self._read_rows("banners", some, span, METRICS)
            unknown = [text for text in find_unknown(rows) if text not in told]
            told.update(unknown)
            records = [row for row in rows if not is_silent(row)]
            owners = self._find_owners({int(record["banner_id"]) for record in records})
            for record in records:
                record["ad_group_id"], record["ad_plan_id"] = owners[int(record["banner_id"])]
            batch = reader.read(records, position)
            position += len(records)
            proof.add(batch)
            unowned = (
                f"banner {n} has figures but no list has it"
                for n in sorted(owners)
                if not owners[n][0]
            )
            yield Batch(batch.rows, batch.rejected, (*batch.findings, *unknown, *unowned))

    def _find_delivering(self, span: Interval) -> set[int]:
        """Ids of the banners with delivery; the proof sees whatever two pages have lost."""
        try:
            return self._walk_delivering(span)
        except Refusal as refusal:
            if refusal.code != TOO_MUCH or (span.date_to - span.date_from).days == 1:
                raise
        return set().union(*map(self._find_delivering, _halve(span)))

    def _walk_delivering(self, span: Interval) -> set[int]:
        found: set[int] = set()
        offset = 0
        while True:
            page = {"fields": "base", "limit": MOST_TOTALS, "offset": offset}
            told = self._client.get("v3/statistics/banners/day", {**_dates(span), **page})
            items = read_items(told, "v3 statistics")
            found.update(int(item["id"]) for item in items)
            offset += len(items)
            if not items or offset >= int(told.get("count") or 0):
                return found

    def _read_rows(
        self, kind: str, ids: Sequence[int], span: Interval, metrics: str
    ) -> list[dict[str, Any]]:
        """Rows of v2 statistics with their object's id, of as many calls as it takes."""
        code = ""
        try:
            told = self._client.get(
                f"v2/statistics/{kind}/day",
                {
                    "id": ",".join(map(str, ids)),
                    **_dates(span),
                    "metrics": metrics,
                    "attribution": self._attribution,
                },
            )
            items = read_items(told, f"statistics of {kind}")
            found = [(item["id"], row) for item in items for row in item.get("rows", ())]
            for number, row in found:
                row["banner_id"] = number
            return [row for _, row in found]
        except Refusal as refusal:
            code, error = refusal.code, refusal
        if code == TOO_MUCH and (span.date_to - span.date_from).days > 1:
            halves = (self._read_rows(kind, ids, half, metrics) for half in _halve(span))
            return [row for rows in halves for row in rows]
        if code == TOO_MUCH or code in ALIEN_OBJECTS:
            if len(ids) > 1:
                middle = len(ids) // 2
                parts = (ids[:middle], ids[middle:])
                return [r for p in parts for r in self._read_rows(kind, p, span, metrics)]
            if code in ALIEN_OBJECTS and kind == "banners":
                return []  # what it spent, if anything, will be missing from the proof
        raise error.with_traceback(None)

    def _find_owners(self, banners: set[int]) -> Mapping[int, tuple[int, int]]:
        """Group and plan of banners, asked for unless met before; 0 where no list knows them."""
        fresh = sorted(banners - set(self._owners))
        groups: dict[int, int] = {}
        for item in self._list_some("banners", "id,ad_group_id", fresh):
            groups[int(item["id"])] = int(item["ad_group_id"])
        missing = sorted(set(groups.values()) - set(self._plans))
        for item in self._list_some("ad_groups", "id,ad_plan_id", missing):
            self._plans[int(item["id"])] = int(item["ad_plan_id"])
        for number in fresh:
            group = groups.get(number, 0)
            self._owners[number] = group, self._plans.get(group, 0)
        return {number: self._owners[number] for number in banners}

    def _list_some(self, name: str, fields: str, ids: list[int]) -> Iterator[Record]:
        for some in split_ids(ids, MOST_IDS):
            wanted = {"_id__in": ",".join(map(str, some))}
            yield from self._client.list_objects(
                name, {"fields": fields, **wanted}, self._page_size
            )

    def _make_reader(self) -> RecordReader:
        return RecordReader(
            f"vk_ads/{PERFORMANCE}",
            PERFORMANCE_SCHEMA,
            PERFORMANCE_COLUMNS,
            constants={
                "account_id": self._client.who,
                "attribution": self._attribution,
                "currency_code": self._client.currency,
                "is_vat_included": self._is_vat_included,
            },
            ignored=BLOCKS,
        )


def _dates(span: Interval) -> dict[str, str]:
    return {
        "date_from": span.date_from.isoformat(),
        "date_to": (span.date_to - DAY).isoformat(),
    }


def _halve(span: Interval) -> tuple[Interval, Interval]:
    middle = span.date_from + (span.date_to - span.date_from) // 2
    return Interval(span.date_from, middle), Interval(middle, span.date_to)


def _days(span: Interval) -> Iterable[date]:
    return (span.date_from + n * DAY for n in range((span.date_to - span.date_from).days))
