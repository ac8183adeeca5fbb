"""Audience exports: a snapshot of an audience's users, made ready some minutes after it is asked.

An export is ``CREATING`` for a quarter of an hour of the vendor's time (knob
``ga4.audience_seconds``), then ``ACTIVE``; the fault ``failed_audience`` makes the next one end
as ``FAILED``. What a query of an unfinished export answers is not documented; here it is
``FAILED_PRECONDITION``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.ga4.errors import ApiError, refuse_argument
from include.sandbox.vendors.ga4.sessions import NOT_SET
from include.sandbox.vendors.ga4.wire import read_count, read_items
from include.sandbox.vendors.vendor import Stage

CREATING_SECONDS = 900
DEFAULT_ROWS, MOST_ROWS = 10_000, 250_000
DEFAULT_PAGE, MOST_PAGE = 200, 1_000
ROWS_PER_TOKEN = 1_000
TYPE = "type.googleapis.com/google.analytics.data.v1beta.AudienceExport"
DIMENSIONS = ("deviceId", "userId", "isAdsPersonalizationAllowed", "isLimitedAdTracking")
"""Only the first two are told by this property; the others are ``(not set)``."""
AUDIENCES: Mapping[str, tuple[str, Callable[[pa.Table], Any]]] = {
    "7001": ("All Users", lambda rows: pc.is_valid(rows["client"])),
    "7002": ("Leads", lambda rows: pc.greater(rows["goals"], 0)),
    "7003": ("Purchasers", lambda rows: pc.greater(rows["purchases"], 0)),
}
"""Id → the name people see, and which rows put their user into it."""


@dataclass(frozen=True)
class Export:
    """One export; ``ready_at`` is in seconds of the stopwatch."""

    name: str
    audience: str
    dimensions: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    begun_at: str
    begun: float
    ready_at: float
    fails: bool

    @property
    def tokens(self) -> int:
        """What its creation costs."""
        return 1 + len(self.rows) // ROWS_PER_TOKEN


class AudienceExports:
    """All exports anybody has asked for."""

    def __init__(self, stage: Stage, property_id: str) -> None:
        self._stage = stage
        self._property = f"properties/{property_id}"
        self.reset()

    def reset(self) -> None:
        """None has been asked for."""
        self._exports: dict[str, Export] = {}

    def create(self, body: Mapping[str, Any], rows: pa.Table) -> tuple[dict[str, Any], int]:
        """Begin an export over what the vendor knows now; its operation, and its tokens."""
        audience = str(body.get("audience", ""))
        parent, _, number = audience.partition("/audiences/")
        if parent != self._property or number not in AUDIENCES:
            raise refuse_argument(f"Invalid audience: {audience}.")
        names = tuple(str(d.get("dimensionName", "")) for d in read_items(body, "dimensions"))
        unknown = [name for name in names if name not in DIMENSIONS]
        if not names or unknown:
            raise refuse_argument(f"Invalid dimensions of an audience export: {unknown}.")
        stage, place = self._stage, str(len(self._exports) + 1)
        begun = stage.clock.elapsed()
        wait = float(stage.knobs.get("ga4.audience_seconds", CREATING_SECONDS))
        self._exports[place] = Export(
            f"{self._property}/audienceExports/{place}",
            audience,
            names,
            _list_users(rows.filter(AUDIENCES[number][1](rows)), names),
            stage.clock.now().isoformat().replace("+00:00", "Z"),
            begun,
            begun + wait,
            stage.faults.take("failed_audience", "ga4") is not None,
        )
        made = self._exports[place]
        return {"response": {"@type": TYPE, **self._describe(made)}}, made.tokens

    def get(self, place: str) -> dict[str, Any]:
        """One export as it stands."""
        return self._describe(self._find(place))

    def list(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """All exports, in pages."""
        size = min(read_count(body, "pageSize", DEFAULT_PAGE), MOST_PAGE)
        token = str(body.get("pageToken") or "0")
        if not token.isdigit():
            raise refuse_argument("The page token is invalid.")
        end = int(token) + size
        exports = list(self._exports.values())
        told: dict[str, Any] = {}
        if shown := exports[int(token) : end]:
            told["audienceExports"] = [self._describe(export) for export in shown]
        if end < len(exports):
            told["nextPageToken"] = str(end)
        return told

    def query(self, place: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Users of a finished export."""
        export = self._find(place)
        if self._state(export) != "ACTIVE":
            raise ApiError("FAILED_PRECONDITION", f"{export.name} is not ACTIVE.")
        offset = read_count(body, "offset", 0)
        limit = min(read_count(body, "limit", DEFAULT_ROWS), MOST_ROWS)
        told: dict[str, Any] = {"audienceExport": self._describe(export)}
        if shown := export.rows[offset : offset + limit]:
            told["audienceRows"] = [
                {"dimensionValues": [{"value": value} for value in row]} for row in shown
            ]
        return told | {"rowCount": len(export.rows)}

    def _find(self, place: str) -> Export:
        if place not in self._exports:
            raise ApiError("NOT_FOUND")
        return self._exports[place]

    def _state(self, export: Export) -> str:
        if self._stage.clock.elapsed() < export.ready_at:
            return "CREATING"
        return "FAILED" if export.fails else "ACTIVE"

    def _describe(self, export: Export) -> dict[str, Any]:
        state = self._state(export)
        told: dict[str, Any] = {
            "name": export.name,
            "audience": export.audience,
            "audienceDisplayName": AUDIENCES[export.audience.rpartition("/")[2]][0],
            "dimensions": [{"dimensionName": name} for name in export.dimensions],
            "state": state,
            "beginCreatingTime": export.begun_at,
        }
        if state == "CREATING":
            passed = self._stage.clock.elapsed() - export.begun
            share = passed / (export.ready_at - export.begun)
            return told | {"percentageCompleted": round(100 * share, 1)}
        told |= {"creationQuotaTokensCharged": export.tokens, "percentageCompleted": 100}
        if state == "FAILED":
            return told | {"errorMessage": "The audience export could not be created."}
        return told | {"rowCount": len(export.rows)}


def _list_users(rows: pa.Table, names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Every user once, by client id, as the last of the rows shows it."""
    users = dict(zip(rows["client"].to_pylist(), rows["user_id"].to_pylist(), strict=True))
    return tuple(
        tuple({"deviceId": client, "userId": user}.get(name, NOT_SET) for name in names)
        for client, user in sorted(users.items())
    )
