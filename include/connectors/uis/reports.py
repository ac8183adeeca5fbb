"""Reports over a period and dictionaries, read page by page and proven by the vendor's count.

A page is an offset, so rows that come or go while one reads shift the rest: the rows read must be
as many as the last page counts. Offsets end at a hundred thousand; a period with more is halved.
Whether the end of a period belongs to it is not documented: a row beyond it is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.compute as pc

from include.connectors._records import Record, RecordReader
from include.connectors.protocol import Batch, IncompleteAnswer, Interval, RequestRefused
from include.connectors.uis.data_api import DataApi, SortProhibited, metadata_of
from include.connectors.uis.schema import KNOWN_VALUES, Report

MOST_OFFSET = 100_000
MOST_ROWS = 10_000
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
SHORTEST_SPAN = timedelta(minutes=1)


@dataclass
class _Walk:
    """What one reading of one period has met so far."""

    reader: RecordReader
    seen: set[Any] = field(default_factory=set)
    nameless: int = 0
    """Rows without an id: the reader refuses them, but they count."""
    told: set[str] = field(default_factory=set)


class Reports:
    """Reads one account; ``fixed`` are parameters every call has (an agent's ``user_id``)."""

    def __init__(
        self,
        api: DataApi,
        account: str,
        page_rows: int,
        without: Iterable[str],
        fixed: Mapping[str, Any],
    ) -> None:
        self._api = api
        self._account = account
        self._page_rows = page_rows
        self._without = tuple(without)
        self._fixed = fixed
        self._sort_keys: dict[str, list[str]] = {}

    def read_zone(self) -> str:
        """The account's time zone as the vendor names it."""
        data = self._api.call("get.account", self._fixed)["data"]
        row = data[0] if isinstance(data, list) and data else data
        zone = row.get("timezone") if isinstance(row, Mapping) else None
        if not isinstance(zone, str):
            raise RequestRefused(
                f"UIS get.account of {self._account} names no timezone: set the option time_zone"
            )
        return zone

    def count(self, report: Report, span: Interval) -> dict[str, int]:
        """How many rows the vendor counts in the days."""
        begin, end = _bounds(span)
        return {"rows": self._page(report, begin, end, 0, 1)[1]}

    def probe(self, report: Report, span: Interval) -> None:
        """Ask for one row; raises what the vendor refuses."""
        begin, end = _bounds(span) if report.time_field else (None, None)
        self._page(report, begin, end, 0, 1)

    def read_days(self, report: Report, span: Interval, zone: ZoneInfo) -> Iterator[Batch]:
        """Every row of the days; none in all of them is believed when told twice."""
        begin, end = _bounds(span)
        yield from self._read_span(report, begin, end, zone)

    def read_dictionary(self, report: Report, zone: ZoneInfo) -> Iterator[Batch]:
        """Every row of a dictionary."""
        yield from self._read_span(report, None, None, zone)

    def _read_span(
        self, report: Report, begin: datetime | None, end: datetime | None, zone: ZoneInfo
    ) -> Iterator[Batch]:
        reader = RecordReader(
            report.resource,
            report.schema,
            report.columns(zone),
            {"account_id": self._account},
            "payload",
            [*report.extra, "tags"],
        )
        walk = _Walk(reader)
        offset = 0
        while True:
            data, total = self._page(report, begin, end, offset, self._page_rows)
            if not total and not offset:
                # No row at all is a fact only when it is told twice.
                data, total = self._page(report, begin, end, offset, self._page_rows)
            if total > MOST_OFFSET + self._page_rows:
                yield from self._read_halves(report, begin, end, zone)
                return
            yield self._take(report, walk, data, offset, end)
            offset += len(data)
            if offset >= total or not data:
                break
        if len(walk.seen) + walk.nameless != total:
            raise IncompleteAnswer(
                f"UIS {report.method} of {self._account} counts {total} rows and gave "
                f"{len(walk.seen) + walk.nameless}: they moved while they were read; nothing of "
                "it is kept, ask again"
            )

    def _read_halves(
        self, report: Report, begin: datetime | None, end: datetime | None, zone: ZoneInfo
    ) -> Iterator[Batch]:
        if begin is None or end is None or end - begin <= SHORTEST_SPAN:
            raise IncompleteAnswer(
                f"UIS {report.method} of {self._account} holds more rows than the vendor's pages "
                "reach and cannot be split any further; ask the vendor"
            )
        middle = (begin + (end - begin) / 2).replace(microsecond=0)
        yield from self._read_span(report, begin, middle, zone)
        yield from self._read_span(report, middle, end, zone)

    def _take(
        self, report: Report, walk: _Walk, data: list[Record], offset: int, end: datetime | None
    ) -> Batch:
        limit = end.strftime(TIME_FORMAT) if end else ""
        fresh = []
        for record in data:
            number = record.get("id")
            if number is not None and number in walk.seen:
                continue
            if number is None:
                walk.nameless += 1
            else:
                walk.seen.add(number)
            moment = record.get(report.time_field) if limit else None
            if not isinstance(moment, str) or moment < limit:
                fresh.append(record)
        return _tell_unknown(walk.reader.read(fresh, offset + 1), walk.told)

    def _page(
        self, report: Report, begin: datetime | None, end: datetime | None, offset: int, rows: int
    ) -> tuple[list[Record], int]:
        params: dict[str, Any] = {**self._fixed, "offset": offset, "limit": rows}
        params["fields"] = report.asked(self._without)
        if begin is not None and end is not None:
            params["date_from"] = begin.strftime(TIME_FORMAT)
            params["date_till"] = end.strftime(TIME_FORMAT)
        result = self._call_sorted(report, params)
        data, total = result["data"], metadata_of(result).get("total_items")
        if not isinstance(data, list) or not isinstance(total, int):
            raise RequestRefused(
                f"UIS {report.method} of {self._account} came without rows or total_items: the "
                "API has changed, compare the connector with the vendor's documentation"
            )
        return data, total

    def _call_sorted(self, report: Report, params: dict[str, Any]) -> dict[str, Any]:
        """Call in the steadiest order the vendor allows: by time and id, by time, in its own."""
        keys = self._sort_keys.setdefault(
            report.resource, [report.time_field, "id"] if report.time_field else []
        )
        while True:
            order = [{"field": key, "order": "asc"} for key in keys]
            try:
                return self._api.call(report.method, params | ({"sort": order} if order else {}))
            except SortProhibited:
                if not keys:
                    raise
                keys.pop()


def _bounds(span: Interval) -> tuple[datetime, datetime]:
    """Midnights of the account's clock."""
    return datetime.combine(span.date_from, time()), datetime.combine(span.date_to, time())


def _tell_unknown(batch: Batch, told: set[str]) -> Batch:
    """The batch with a finding for every value the vendor does not document."""
    if batch.rows is None:
        return batch
    findings = []
    for name, known in KNOWN_VALUES.items():
        if name not in batch.rows.schema.names:
            continue
        values = pc.unique(batch.rows.column(name)).to_pylist()
        for value in sorted({v for v in values if v is not None} - known):
            text = f"unknown value {value} of {name}"
            if text not in told:
                told.add(text)
                findings.append(text)
    return Batch(batch.rows, batch.rejected, (*batch.findings, *findings))
