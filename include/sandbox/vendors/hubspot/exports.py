"""Exports: a file of records, made aside and fetched by a link that soon ends.

An export is PENDING, then PROCESSING, then COMPLETE with the link of its file. The portal allows
30 in any 24 hours. Views only: this portal keeps no lists. Files are CSV or XLSX.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from openpyxl import Workbook

from include.sandbox.vendors.hubspot.book import Book
from include.sandbox.vendors.hubspot.errors import ApiError, RateLimited
from include.sandbox.vendors.hubspot.object_types import find_type
from include.sandbox.vendors.hubspot.objects import Reply
from include.sandbox.vendors.hubspot.questions import refuse_input
from include.sandbox.vendors.hubspot.record import Record, spell_instant
from include.sandbox.vendors.hubspot.search import make_record_test

SCOPE = "crm.export"
EXPORT_SECONDS = 10
LINK_LIFE = timedelta(minutes=5)
WINDOW = timedelta(hours=24)
MOST_IN_WINDOW = 30
ACCEPTED = 202
MEDIA_TYPES = {
    "CSV": "text/csv",
    "XLSX": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@dataclass(frozen=True)
class Export:
    """One export: what it holds and since when it is asked for."""

    number: int
    asked_at: datetime
    object_type: str
    name: str
    format: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | None]]


class ExportDesk:
    """All exports of the portal since the last reset."""

    def __init__(self) -> None:
        self._exports: dict[int, Export] = {}
        self._links: dict[str, tuple[int, datetime]] = {}

    def reset(self) -> None:
        """Nothing was exported yet."""
        self._exports.clear()
        self._links.clear()

    def start(self, book: Book, document: Mapping[str, Any], now: datetime, address: str) -> Reply:
        """Take an order; what the file will hold is settled now."""
        recent = [one for one in self._exports.values() if one.asked_at > now - WINDOW]
        if len(recent) >= MOST_IN_WINDOW:
            raise RateLimited("DAILY", "You have reached your daily limit.", None)
        if str(document.get("exportType", "")).upper() != "VIEW":
            raise refuse_input("exportType must be VIEW: this portal has no lists")
        form = str(document.get("format", "")).upper()
        if form not in MEDIA_TYPES:
            raise refuse_input(f"format must be one of {', '.join(MEDIA_TYPES)}")
        kind = find_type(str(document.get("objectType", "")))
        names = [str(name) for name in document.get("objectProperties") or []]
        if not names:
            raise refuse_input("objectProperties must name at least one property")
        records = list(book.records(kind.plural).values())
        known = set(records[0].properties) if records else set()
        test = make_record_test(document.get("publicCrmSearchRequest") or {}, known)
        number = 100_001 + len(self._exports)
        self._exports[number] = Export(
            number,
            now,
            kind.plural,
            str(document.get("exportName") or kind.plural),
            form,
            ["Record ID", *names],
            [_row(record, names) for record in records if test(record)],
        )
        status = f"{address}/tasks/{number}/status"
        return ACCEPTED, {"id": str(number), "links": {"status": status}}

    def tell_status(self, word: str, now: datetime, seconds: int, files: str) -> Reply:
        """How far an export is; each answer of a finished one makes a fresh link."""
        export = self._find(word)
        passed = (now - export.asked_at).total_seconds()
        body: dict[str, Any] = {"status": "PENDING", "requestedAt": spell_instant(export.asked_at)}
        if passed >= seconds / 2:
            started = export.asked_at + timedelta(seconds=seconds / 2)
            body |= {"status": "PROCESSING", "startedAt": spell_instant(started)}
        if passed >= seconds:
            key = hashlib.sha256(f"{export.number}/{len(self._links)}".encode()).hexdigest()[:32]
            self._links[key] = (export.number, now + LINK_LIFE)
            done = export.asked_at + timedelta(seconds=seconds)
            body |= {"status": "COMPLETE", "completedAt": spell_instant(done)}
            body["result"] = f"{files}/{key}"
        return 200, body

    def describe(self, word: str, now: datetime, seconds: int) -> Reply:
        """What was ordered."""
        export = self._find(word)
        is_done = (now - export.asked_at).total_seconds() >= seconds
        return 200, {
            "id": str(export.number),
            "exportName": export.name,
            "exportType": "VIEW",
            "exportState": "DONE" if is_done else "PROCESSING",
            "objectType": export.object_type,
            "objectProperties": list(export.columns[1:]),
            "recordCount": len(export.rows),
            "createdAt": spell_instant(export.asked_at),
            "updatedAt": spell_instant(export.asked_at),
        }

    def read_file(self, key: str, now: datetime) -> tuple[bytes, str]:
        """A file's bytes and media type; OBJECT_NOT_FOUND when its link has ended."""
        number, ends_at = self._links.get(key, (0, now))
        if ends_at <= now:
            raise ApiError("OBJECT_NOT_FOUND", "The link of this file has expired")
        export = self._exports[number]
        write = _write_csv if export.format == "CSV" else _write_xlsx
        return write(export), MEDIA_TYPES[export.format]

    def _find(self, word: str) -> Export:
        export = self._exports.get(int(word)) if word.isdigit() else None
        if export is None:
            raise ApiError("OBJECT_NOT_FOUND", f"No export with id {word}")
        return export


def _row(record: Record, names: Sequence[str]) -> list[str | None]:
    return [str(record.id), *(record.properties.get(name) for name in names)]


def _write_csv(export: Export) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(export.columns)
    writer.writerows([value or "" for value in row] for row in export.rows)
    return text.getvalue().encode()


def _write_xlsx(export: Export) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(export.name[:31])
    sheet.append(list(export.columns))
    for row in export.rows:
        sheet.append(list(row))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
