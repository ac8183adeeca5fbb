"""Removes what killed runs have left: rows no view shows, and files no manifest names.

Only things older than a grace period go, so that a load in flight is never touched. Published
rows and landed slices are never removed here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from clickhouse_connect.driver.client import Client

from include.contracts.model import LOAD_ID, Catalog
from include.warehouse.landing import Landing
from include.warehouse.slices import SliceLog, minted_at

GRACE = timedelta(hours=24)
"""Longer than any load or wait may take."""


@dataclass(frozen=True)
class Swept:
    """How many of each were removed."""

    orphan_loads: int
    orphan_rows: int
    unfinished_slices: int
    stale_markers: int


def sweep(
    client: Client,
    landing: Landing,
    catalog: Catalog,
    now: datetime | None = None,
    grace: timedelta = GRACE,
) -> Swept:
    """Remove debris older than ``grace``; safe beside running ingests and builds."""
    before = (now or datetime.now(UTC)) - grace
    loads = rows = 0
    for table in catalog.layer("raw"):
        removed = _remove_orphan_rows(client, table.full_name, before)
        loads += len(removed)
        rows += sum(removed.values())
    return Swept(
        orphan_loads=loads,
        orphan_rows=rows,
        unfinished_slices=_remove_unfinished_slices(landing, before),
        stale_markers=_remove_stale_markers(landing, before),
    )


def _remove_orphan_rows(client: Client, table: str, before: datetime) -> dict[str, int]:
    """Load id → rows removed. Rows are looked at before the log, so a load published meanwhile
    is found in it."""
    stored = dict(
        client.query(f"select {LOAD_ID}, count() from {table} group by {LOAD_ID}").result_rows
    )
    visible = SliceLog(client).load_ids()
    orphans = {
        load_id: count
        for load_id, count in stored.items()
        if load_id not in visible and _is_older(load_id, before)
    }
    if orphans:
        client.command(
            f"alter table {table} delete where {LOAD_ID} in {{orphans:Array(String)}}",
            parameters={"orphans": sorted(orphans)},
            settings={"mutations_sync": 2},
        )
    return orphans


def _is_older(load_id: str, before: datetime) -> bool:
    try:
        return minted_at(load_id) < before
    except ValueError:
        return False  # not of our minting: someone put it there on purpose


def _remove_unfinished_slices(landing: Landing, before: datetime) -> int:
    count = 0
    for folder, names in landing.unfinished_folders():
        if _newest(landing, folder, names) < before.timestamp():
            landing.files.remove_folder(folder)
            count += 1
    return count


def _newest(landing: Landing, folder: str, names: Iterable[str]) -> float:
    return max((landing.files.modified_at(f"{folder}/{name}") for name in names), default=0.0)


def _remove_stale_markers(landing: Landing, before: datetime) -> int:
    """Pending markers without a slice, and waits and plans nobody came back for."""
    count = 0
    for kind in ("_pending", "_waiting", "_plans"):
        for folder, names in landing.files.walk(kind):
            for name in names:
                path = f"{folder}/{name}"
                if landing.files.modified_at(path) >= before.timestamp():
                    continue
                if kind == "_pending" and _has_slice(landing, path):
                    continue  # it exists and waits for its next run, however late
                landing.files.remove(path)
                count += 1
    return count


def _has_slice(landing: Landing, marker: str) -> bool:
    try:
        folder = json.loads(landing.files.read(marker))["folder"]
    except (FileNotFoundError, ValueError, KeyError):
        return False
    return landing.files.exists(f"{folder}/manifest.json")
