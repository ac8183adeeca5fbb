"""The Reports service: who asks, in which mode, and the TSV body with its optional lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

import pyarrow.compute as pc
from starlette.datastructures import Headers

from include.sandbox.vendors.vendor import Stage
from include.sandbox.vendors.yandex_direct.ad_book import AdBook
from include.sandbox.vendors.yandex_direct.bulk_rows import stream_bulk_day
from include.sandbox.vendors.yandex_direct.errors import ApiError
from include.sandbox.vendors.yandex_direct.fields import FIELDS, PERIOD_FIELDS
from include.sandbox.vendors.yandex_direct.generated_book import MOSCOW
from include.sandbox.vendors.yandex_direct.periods import resolve_period
from include.sandbox.vendors.yandex_direct.report_jobs import ReportJobs
from include.sandbox.vendors.yandex_direct.report_request import (
    LAST_ROW,
    ReportRequest,
    read_report_request,
)
from include.sandbox.vendors.yandex_direct.report_rows import (
    column_names,
    make_rows,
    render_lines,
)

ROWS_PER_DAY_GUESS = 400
UNGROUPED = ("ACCOUNT_PERFORMANCE_REPORT", "CUSTOM_REPORT")
"""Report types with no group of their own."""
LINES_PER_CHUNK = 5_000


@dataclass(frozen=True)
class ReportAnswer:
    """HTTP status, the queue headers, and the body of a finished report."""

    status: int
    headers: Mapping[str, str]
    body: Iterable[bytes] = ()


class Reports:
    """Answers Reports requests of callers already let in."""

    def __init__(self, stage: Stage, book: AdBook) -> None:
        self._stage = stage
        self._book = book
        self._jobs = ReportJobs(stage.clock)
        self._last_auto: dict[str, datetime] = {}

    def reset(self) -> None:
        """Forget queued and stored reports."""
        self._jobs.reset()
        self._last_auto.clear()

    def answer(self, login: str, headers: Headers, body: bytes) -> ReportAnswer:
        """200 with a body, 201 or 202 without; errors are raised."""
        now = self._stage.clock.now()
        request = read_report_request(body, now.astimezone(MOSCOW).date())
        mode = headers.get("processingmode", "auto").lower()
        if mode not in ("auto", "online", "offline"):
            raise ApiError(8000, "The header processingMode must be auto, online or offline")
        days = self._days(login, request, now)
        is_small = self._guess_rows(request, days) <= self._knob("online_row_limit", 2000)
        is_offline_only = request.report_type.startswith("SEARCH_QUERY")
        if mode == "online" and (is_offline_only or not is_small):
            raise ApiError(8000, "The report cannot be built in online mode, use offline")
        stored = self._jobs.find(login, request.name, request.fingerprint)
        if mode == "online" or (mode == "auto" and is_small and not is_offline_only and not stored):
            queue_headers = {"reportsInQueue": str(self._jobs.in_queue(login))}
            return ReportAnswer(
                200, queue_headers, self._render(login, request, days, now, headers)
            )
        told = self._jobs.request(
            login, request.name, request.fingerprint, self._knob("build_seconds", 8.0)
        )
        queue_headers = {"retryIn": str(told.retry_in), "reportsInQueue": str(told.in_queue)}
        if told.status != 200:
            return ReportAnswer(told.status, queue_headers)
        days = self._days(login, request, told.as_of)
        rendered = self._render(login, request, days, told.as_of, headers)
        return ReportAnswer(200, queue_headers, rendered)

    def _knob(self, name: str, default: Any) -> Any:
        return self._stage.knobs.get(f"yandex_direct.{name}", default)

    def _guess_rows(self, request: ReportRequest, days: tuple[date, date] | None) -> int:
        if days is None:
            return 0
        segments = [field for field in request.fields if not FIELDS[field].is_metric]
        if request.report_type in UNGROUPED and set(segments) <= set(PERIOD_FIELDS):
            return (days[1] - days[0]).days + 1
        per_day = self._knob("rows_per_day", 0) or ROWS_PER_DAY_GUESS
        return int(((days[1] - days[0]).days + 1) * per_day)

    def _days(self, login: str, request: ReportRequest, now: datetime) -> tuple[date, date] | None:
        """First and last Moscow day, both included; None when AUTO finds nothing changed."""
        today = now.astimezone(MOSCOW).date()
        if request.custom_days is not None:
            return request.custom_days
        if request.range_type != "AUTO":
            return resolve_period(request.range_type, today)
        since = self._last_auto.get(login, now - timedelta(days=1))
        self._last_auto[login] = now
        changed = self._book.changed_since(login, since, now)
        return (min(changed.values()), today) if changed else None

    def _render(
        self,
        login: str,
        request: ReportRequest,
        days: tuple[date, date] | None,
        as_of: datetime,
        headers: Headers,
    ) -> Iterator[bytes]:
        names = column_names(request)
        renamed = self._stage.faults.take("renamed_field", "yandex_direct", request.name)
        if renamed is not None:
            names = [renamed["to"] if name == renamed["from"] else name for name in names]
        if not _is_true(headers, "skipreportheader"):
            span = f"{days[0]} - {days[1]}" if days else "-"
            yield f'"{request.name} ({span})"\n'.encode()
        if not _is_true(headers, "skipcolumnheader"):
            yield ("\t".join(names) + "\n").encode()
        total = 0
        limit, offset = request.page or (int(self._knob("row_limit", LAST_ROW)), 0)
        is_empty = days is None or self._stage.faults.take("zero_rows", "yandex_direct") is not None
        chunks = iter(()) if is_empty else self._chunks(login, request, days, as_of, headers)
        for chunk, count in _cut(chunks, offset, limit):
            total += count
            yield chunk
        if not _is_true(headers, "skipreportsummary") and (
            total > 0 or self._knob("summary_on_empty", False)
        ):
            yield f"Total rows: {total}\n".encode()

    def _chunks(
        self,
        login: str,
        request: ReportRequest,
        days: tuple[date, date] | None,
        as_of: datetime,
        headers: Headers,
    ) -> Iterator[tuple[bytes, int]]:
        """Whole lines and how many, in order."""
        if days is None or request.report_type.startswith("REACH"):
            return
        bulk = int(self._knob("rows_per_day", 0))
        if bulk:
            for offset in range((days[1] - days[0]).days + 1):
                day = days[0] + timedelta(days=offset)
                yield from stream_bulk_day(request.fields, day, bulk, self._stage.seed)
            return
        rows = make_rows(self._book, login, request, days, as_of)
        changed = self._stage.faults.take("changed_meaning", "yandex_direct", request.name)
        if changed is not None:
            place = rows.column_names.index(changed["field"])
            told = pc.multiply(rows.column(place), changed["factor"])
            rows = rows.set_column(
                place, changed["field"], told.cast(rows.column(place).type, safe=False)
            )
        in_micros = headers.get("returnmoneyinmicros", "true").lower() != "false"
        lines = render_lines(rows, in_micros).to_pylist()
        columns = ",".join(rows.column_names)
        for spoilt in self._stage.faults.take_each("bad_value", "yandex_direct", columns):
            cells = lines[int(spoilt.get("row", 0))].split("\t")
            cells[rows.column_names.index(spoilt["field"])] = str(spoilt["value"])
            lines[int(spoilt.get("row", 0))] = "\t".join(cells)
        remaining = iter(lines)
        while batch := list(islice(remaining, LINES_PER_CHUNK)):
            yield ("\n".join(batch) + "\n").encode(), len(batch)


def _is_true(headers: Headers, name: str) -> bool:
    return headers.get(name, "").strip().lower() == "true"


def _cut(
    chunks: Iterator[tuple[bytes, int]], offset: int, limit: int
) -> Iterator[tuple[bytes, int]]:
    """Drop the first ``offset`` lines and stop after ``limit``."""
    seen = 0
    for chunk, count in chunks:
        first, last = max(offset - seen, 0), min(offset + limit - seen, count)
        seen += count
        if first >= count:
            continue
        if first == 0 and last == count:
            yield chunk, count
        elif last > first:
            lines = chunk.splitlines(keepends=True)[first:last]
            yield b"".join(lines), len(lines)
        if seen >= offset + limit:
            return
