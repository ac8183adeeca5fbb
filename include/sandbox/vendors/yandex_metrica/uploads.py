"""Offline conversions and calls sent to Metrica: the file's columns, and its walk to a visit.

An upload is matched with the visits of the world: a row is linked when its client has a visit in
the 21 days before it. It is ``PROCESSED`` two hours after it came, and its conversions are goals of
their visits from then on; ``LINKAGE_FAILURE`` when no row could be linked.
"""

from __future__ import annotations

import csv
import io
import itertools
import zlib
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from include.sandbox.vendors.vendor import Stage
from include.sandbox.vendors.yandex_metrica.counters import Counter, Grant, find_counter
from include.sandbox.vendors.yandex_metrica.errors import ApiError
from include.sandbox.vendors.yandex_metrica.logs import read_visits
from include.sandbox.vendors.yandex_metrica.visit_rows import PRICE_FACTOR, ReachedGoal
from include.sandbox.vendors.yandex_metrica.visits import CounterVisits

ID_TYPES = {
    "UserId": "USER_ID",
    "ClientId": "CLIENT_ID",
    "Yclid": "YCLID",
    "PurchaseId": "PURCHASE_ID",
}
CONVERSION_COLUMNS = frozenset({*ID_TYPES, "Target", "DateTime", "Price", "Currency"})
CALL_COLUMNS = frozenset(
    {
        *("UserId", "ClientId", "Yclid", "DateTime", "StaticCall", "Price", "Currency"),
        *("PhoneNumber", "TalkDuration", "HoldDuration", "CallMissed", "Tag", "FirstTimeCaller"),
        *("URL", "CallTrackerURL"),
    }
)
FIRST_TARGET = 320_000_000
MATCHING_WINDOW = timedelta(days=21)
STEPS = (
    (timedelta(hours=2), "PROCESSED"),
    (timedelta(hours=1), "MATCHED"),
    (timedelta(minutes=10), "EXPORTED"),
)
MOST_BYTES = 2**30


@dataclass(frozen=True)
class Link:
    """One row that found its visit; ``key`` tells re-sent rows apart from new ones."""

    visit_id: int
    key: tuple[str, str, str]
    goal: ReachedGoal


@dataclass(frozen=True)
class Upload:
    """One file, read and matched."""

    number: int
    counter_id: int
    kind: str
    created_at: datetime
    source_rows: int
    valid_rows: int
    links: tuple[Link, ...]
    id_type: str
    comment: str

    @property
    def processed_at(self) -> datetime:
        """When its goals begin to show in visits."""
        return self.created_at + STEPS[0][0]

    def describe(self, now: datetime) -> dict[str, Any]:
        """The ``uploading`` object with the status of now."""
        age = now - self.created_at
        status = next((name for after, name in STEPS if age >= after), "UPLOADED")
        if status in ("MATCHED", "PROCESSED") and not self.links:
            status = "LINKAGE_FAILURE"
        return {
            "id": self.number,
            "create_time": self.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "source_quantity": self.source_rows,
            "line_quantity": self.valid_rows,
            "comment": self.comment,
            "client_id_type": self.id_type,
            "status": status,
        }


class Uploads:
    """Every upload; ``kind`` is ``conversions`` or ``calls``."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.reset()

    def reset(self) -> None:
        """Forget every upload."""
        self._uploads: dict[int, Upload] = {}
        self._numbers = itertools.count(12)

    def receive(self, request: Request, grant: Grant, file: bytes | None, kind: str) -> Response:
        """Take a file of rows."""
        counter = find_counter(request.path_params["counter"], grant)
        if not grant.may_write:
            raise ApiError("access_denied")
        if file is None:
            raise ApiError("missing_parameter", "Part file is missing", "file")
        if len(file) > MOST_BYTES:
            raise ApiError("invalid_uploading", "The file is larger than 1 GB", "file")
        upload = self._read(counter, file, kind, request.query_params.get("comment", ""))
        self._uploads[upload.number] = upload
        return JSONResponse({"uploading": upload.describe(self._stage.clock.now())})

    def look(self, request: Request, grant: Grant, kind: str) -> Response:
        """One upload as it stands now."""
        counter = find_counter(request.path_params["counter"], grant)
        text = request.path_params["upload"]
        upload = self._uploads.get(int(text)) if text.isdigit() else None
        if upload is None or (upload.counter_id, upload.kind) != (counter.counter_id, kind):
            raise ApiError("not_found", f"Uploading {text} is not found", "id")
        return JSONResponse({"uploading": upload.describe(self._stage.clock.now())})

    def list_uploads(self, request: Request, grant: Grant, kind: str) -> Response:
        """All uploads of a counter."""
        counter = find_counter(request.path_params["counter"], grant)
        now = self._stage.clock.now()
        found = [
            upload.describe(now)
            for upload in self._uploads.values()
            if (upload.counter_id, upload.kind) == (counter.counter_id, kind)
        ]
        return JSONResponse({"uploadings": found})

    def goals_of(self, counter_id: int, as_of: datetime) -> dict[int, list[ReachedGoal]]:
        """Goals of uploaded conversions by visit, once processed; a row sent again replaces."""
        links: dict[tuple[str, str, str], Link] = {}
        for upload in self._uploads.values():
            is_ours = (upload.counter_id, upload.kind) == (counter_id, "conversions")
            if is_ours and upload.processed_at <= as_of:
                links |= {link.key: link for link in upload.links}
        found: dict[int, list[ReachedGoal]] = defaultdict(list)
        for link in links.values():
            found[link.visit_id].append(link.goal)
        return found

    def targets_of(self, counter_id: int) -> dict[int, str]:
        """Names of the goals that uploaded conversions of a counter reach, by number."""
        return {
            link.goal.goal_id: link.key[1]
            for upload in self._uploads.values()
            if (upload.counter_id, upload.kind) == (counter_id, "conversions")
            for link in upload.links
        }

    def _read(self, counter: Counter, file: bytes, kind: str, comment: str) -> Upload:
        try:
            rows = list(csv.DictReader(io.StringIO(file.decode("utf-8-sig")), strict=True))
        except (UnicodeDecodeError, csv.Error):
            raise ApiError("invalid_uploading", "The file is not CSV in UTF-8", "file") from None
        columns = set(rows[0]) if rows else set()
        known = CONVERSION_COLUMNS if kind == "conversions" else CALL_COLUMNS
        ids = [name for name in ID_TYPES if name in columns and name in known]
        needed = {"DateTime"} | ({"Target"} if kind == "conversions" else set())
        if len(ids) != 1 or not needed <= columns or not columns <= known:
            raise ApiError("invalid_uploading", "Wrong columns of the file", "file")
        now = int(self._stage.clock.now().timestamp())
        valid = [
            row
            for row in rows
            if row[ids[0]] and str(row["DateTime"]).isdigit() and int(row["DateTime"]) <= now
        ]
        if not valid:
            raise ApiError("invalid_uploading", "No valid lines in the file", "file")
        visits = read_visits(self._stage, counter)
        links = [_link(row, ids[0], visits) for row in valid]
        return Upload(
            next(self._numbers),
            counter.counter_id,
            kind,
            self._stage.clock.now(),
            len(rows),
            len(valid),
            tuple(link for link in links if link is not None),
            ID_TYPES[ids[0]],
            comment,
        )


def to_goal_id(target: str) -> int:
    """The number of the goal that a ``Target`` reaches."""
    return FIRST_TARGET + zlib.crc32(target.encode()) % 1_000_000


def _link(row: dict[str, str], id_column: str, visits: CounterVisits) -> Link | None:
    """The latest visit of the row's client in the 21 days before; static calls have none."""
    if row.get("StaticCall") == "1":
        return None
    at, value = int(row["DateTime"]) * 1_000_000, row[id_column]
    if id_column == "ClientId":
        positions = visits.by_client.get(int(value), []) if value.isdigit() else []
    elif id_column == "UserId":
        positions = visits.by_user.get(value, [])
    else:
        positions = visits.by_click.get(value, []) if id_column == "Yclid" else []
    window = MATCHING_WINDOW // timedelta(microseconds=1)
    found = [p for p in positions if 0 <= at - visits.started[p] <= window]
    if not found:
        return None
    target = row.get("Target", "")
    price = float(row.get("Price") or 0)
    goal = ReachedGoal(
        to_goal_id(target), at, round(price * PRICE_FACTOR), row.get("Currency") or "RUB"
    )
    visit_id = visits.table["visit_id"][found[-1]].as_py()
    return Link(visit_id, (value, target, row["DateTime"]), goal)
