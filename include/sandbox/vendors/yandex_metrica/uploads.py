"""Offline conversions and calls sent to Metrica: the file's columns, and its walk to a visit.

An upload is matched with the visits of the world: a row is linked when its client has a visit in
the 21 days before it. It is ``PROCESSED`` two hours after it came; from then on its conversions are
goals of their visits, its calls are calls of theirs and reach the goal named with them.
``LINKAGE_FAILURE`` when no row could be linked.
"""

from __future__ import annotations

import csv
import io
import itertools
import zlib
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from include.sandbox.vendors.vendor import Stage
from include.sandbox.vendors.yandex_metrica.counters import Counter, Grant, find_counter
from include.sandbox.vendors.yandex_metrica.errors import ApiError
from include.sandbox.vendors.yandex_metrica.logs import read_visits
from include.sandbox.vendors.yandex_metrica.visit_rows import (
    PRICE_FACTOR,
    ReachedGoal,
    Row,
    Uploaded,
)
from include.sandbox.vendors.yandex_metrica.visits import CounterVisits
from include.sandbox.world.world import World

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
GOAL_OF_CALLS = "Звонки"
"""The goal that uploaded calls reach unless ``new_goal_name`` says another."""
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
    row: dict[str, str] = field(default_factory=dict)


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
        upload = self._read(counter, file, kind, request.query_params)
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

    def read(self, counter_id: int, as_of: datetime) -> Uploaded:
        """Everything processed by then; a row sent again replaces."""
        links: dict[tuple[str, tuple[str, str, str]], Link] = {}
        for upload in self._uploads.values():
            if upload.counter_id == counter_id and upload.processed_at <= as_of:
                links |= {(upload.kind, link.key): link for link in upload.links}
        goals: dict[int, list[ReachedGoal]] = defaultdict(list)
        calls: dict[int, list[Row]] = defaultdict(list)
        for (kind, _), link in links.items():
            goals[link.visit_id].append(link.goal)
            if kind == "calls":
                calls[link.visit_id].append(_describe_call(link.row))
        return Uploaded(goals, calls)

    def targets_of(self, counter_id: int) -> dict[int, str]:
        """Names of the goals that the uploads of a counter reach, by number."""
        return {
            link.goal.goal_id: link.key[1]
            for upload in self._uploads.values()
            if upload.counter_id == counter_id
            for link in upload.links
        }

    def _read(self, counter: Counter, file: bytes, kind: str, params: QueryParams) -> Upload:
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
        goal_of_calls = params.get("new_goal_name") or GOAL_OF_CALLS
        links = [_link(row, ids[0], visits, self._stage.world, goal_of_calls) for row in valid]
        return Upload(
            next(self._numbers),
            counter.counter_id,
            kind,
            self._stage.clock.now(),
            len(rows),
            len(valid),
            tuple(link for link in links if link is not None),
            ID_TYPES[ids[0]],
            params.get("comment", ""),
        )


def to_goal_id(target: str) -> int:
    """The number of the goal that a ``Target`` reaches."""
    return FIRST_TARGET + zlib.crc32(target.encode()) % 1_000_000


def _describe_call(row: dict[str, str]) -> Row:
    """A row of an uploaded file as the fields of calls read it."""
    return {
        "talk_seconds": int(row.get("TalkDuration") or 0),
        "wait_seconds": int(row.get("HoldDuration") or 0),
        "status": "missed" if row.get("CallMissed") == "1" else "answered",
        "is_first": row.get("FirstTimeCaller") == "1",
        "tags": [row["Tag"]] if row.get("Tag") else [],
        "url": row.get("URL"),
    }


def _link(
    row: dict[str, str],
    id_column: str,
    visits: CounterVisits,
    world: World,
    goal_of_calls: str,
) -> Link | None:
    """The latest visit of the row's client in the 21 days before; static calls have none."""
    if row.get("StaticCall") == "1":
        return None
    at, value = int(row["DateTime"]) * 1_000_000, row[id_column]
    if id_column == "ClientId":
        positions = visits.by_client.get(int(value), []) if value.isdigit() else []
    elif id_column == "UserId":
        positions = visits.by_user.get(value, [])
    elif id_column == "Yclid":
        positions = visits.by_click.get(value, [])
    else:
        positions = _find_purchase(value, visits, world)
    window = MATCHING_WINDOW // timedelta(microseconds=1)
    found = [p for p in positions if 0 <= at - visits.started[p] <= window]
    if not found:
        return None
    target = row.get("Target") or goal_of_calls
    price = float(row.get("Price") or 0)
    goal = ReachedGoal(
        to_goal_id(target), at, round(price * PRICE_FACTOR), row.get("Currency") or "RUB"
    )
    visit_id = visits.table["visit_id"][found[-1]].as_py()
    return Link(visit_id, (value, target, row["DateTime"]), goal, row)


def _find_purchase(number: str, visits: CounterVisits, world: World) -> list[int]:
    owners = {
        visit_id
        for visit_id, bought in visits.purchases_of(world).items()
        if any(purchase.purchase_id == number for purchase in bought)
    }
    numbers = visits.table["visit_id"].to_pylist() if owners else []
    return [position for position, visit_id in enumerate(numbers) if visit_id in owners]
