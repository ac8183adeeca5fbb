"""Loads one landed slice into raw: rows first, proof second, visibility last.

Every attempt has a load id of its own. A kill at any point leaves rows no view shows and a pending
marker from which the next run starts over; it never leaves half a slice visible.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from include.warehouse.landing import Landing
from include.warehouse.manifest import LandingError, Manifest, PartFile, Receipt, Status
from include.warehouse.slice_writer import REJECTED_SCHEMA
from include.warehouse.slices import SliceLog, mint_load_id

QUARANTINE = "raw.raw_quarantine"
_PARALLEL_PARTS = 3
_INSERT_SETTINGS = {
    "input_format_null_as_default": 0,
    "date_time_overflow_behavior": "throw",
    "async_insert": 0,
}
"""A null or a date the table cannot hold is an error here, never a default or a clamped day."""


class RawLoadFailed(Exception):
    """Rows in ClickHouse are not those of the manifest; nothing became visible."""


@dataclass(frozen=True)
class LoadOutcome:
    """What one landed slice led to. ``is_changed``: a reader of the live view sees other rows."""

    status: Status
    load_id: str
    is_changed: bool
    row_count: int
    rejected_count: int


def load(client: Client, landing: Landing, manifest: Manifest, run_id: str = "") -> LoadOutcome:
    """Publish a landed slice: load it, or confirm that its equal is visible already.

    Safe to repeat, and to run twice at once. Raises :class:`RawLoadFailed` or ``LandingError``
    with nothing visible and the slice still pending.
    """
    log = SliceLog(client)
    entry = log.entry_of(manifest)
    if entry is not None:
        # An earlier run was killed after publishing; whether it told anyone is unknown, so tell.
        landing.clear_pending(manifest)
        return _outcome(manifest, entry.status, entry.load_id, entry.status == "loaded")
    if log.equal_to(manifest) is None:
        load_id = mint_load_id()
        insert_rows(client, landing, manifest, load_id)
        require_equal_counts(client, manifest, load_id)
    else:
        load_id = ""
    return _publish(client, landing, manifest, load_id, run_id)


def insert_rows(client: Client, landing: Landing, manifest: Manifest, load_id: str) -> None:
    """Send the landed files as they are; the rows stay invisible."""
    if manifest.rejected is not None:
        names = REJECTED_SCHEMA.names
        _insert_parts(client, landing, manifest, [manifest.rejected], QUARANTINE, names, load_id)
    _insert_parts(
        client, landing, manifest, manifest.parts, manifest.table, manifest.columns, load_id
    )


def require_equal_counts(client: Client, manifest: Manifest, load_id: str) -> None:
    """Raise :class:`RawLoadFailed` unless ClickHouse holds exactly the manifest's rows."""
    expected = [(manifest.table, manifest.row_count)] if manifest.parts else []
    if manifest.rejected is not None:
        expected.append((QUARANTINE, manifest.rejected_count))
    for table, wanted in expected:
        found = client.query(
            f"select count() from {table} where _load_id = {{load_id:String}}",
            parameters={"load_id": load_id},
        ).result_rows[0][0]
        if found != wanted:
            raise RawLoadFailed(
                f"{table} holds {found} rows of load {load_id}, the manifest {manifest.path} says "
                f"{wanted}; nothing became visible. Run again: it loads the slice anew. If it "
                "repeats, compare the landed files with their manifest."
            )


def _publish(
    client: Client, landing: Landing, manifest: Manifest, load_id: str, run_id: str
) -> LoadOutcome:
    """Write the receipt, then the log; a run beside this one may have been faster."""
    log = SliceLog(client)
    equal = log.equal_to(manifest)
    if equal is None and not load_id:
        return load(client, landing, manifest, run_id)  # its equal was replaced a moment ago
    live = log.live(manifest)
    status: Status = "loaded" if equal is None else "confirmed"
    is_changed = equal is None and (
        manifest.kind == "append" or live is None or live.pulled_at <= manifest.pulled_at
    )
    receipt = Receipt(
        load_id=equal.load_id if equal else load_id,
        status=status,
        published_at=log.next_instant(),
        content_hash=manifest.content_hash,
        run_id=run_id or manifest.run_id,
    )
    landing.write_receipt(manifest, receipt)
    log.publish([(manifest, receipt)])
    landing.clear_pending(manifest)
    return _outcome(manifest, status, receipt.load_id, is_changed)


def _outcome(manifest: Manifest, status: Status, load_id: str, is_changed: bool) -> LoadOutcome:
    return LoadOutcome(
        status=status,
        load_id=load_id,
        is_changed=is_changed,
        row_count=manifest.row_count,
        rejected_count=manifest.rejected_count,
    )


def _insert_parts(
    client: Client,
    landing: Landing,
    manifest: Manifest,
    parts: Iterable[PartFile],
    table: str,
    columns: Iterable[str],
    load_id: str,
) -> None:
    names = list(columns)

    def insert(part: PartFile) -> None:
        data = _read_verified(landing, manifest, part)
        try:
            client.raw_insert(
                table,
                column_names=names,
                insert_block=data,
                fmt="Parquet",
                settings={**_INSERT_SETTINGS, "log_comment": load_id},
            )
        except ClickHouseError as error:
            raise RawLoadFailed(
                f"ClickHouse refused {manifest.folder}/{part.name} for {table}; nothing became "
                f"visible: {_first_line(error)}"
            ) from None

    todo = list(parts)
    if len(todo) <= 1:
        for part in todo:
            insert(part)
        return
    with ThreadPoolExecutor(_PARALLEL_PARTS, thread_name_prefix="raw-load") as pool:
        futures = [pool.submit(insert, part) for part in todo]
        try:
            for future in futures:
                future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _read_verified(landing: Landing, manifest: Manifest, part: PartFile) -> bytes:
    data = landing.read_part(manifest, part.name)
    if len(data) != part.size_bytes or hashlib.sha256(data).hexdigest() != part.sha256:
        raise LandingError(
            f"{manifest.folder}/{part.name} is not the file its manifest describes: restore it "
            "from a copy of the landing zone, or remove the folder and pull again"
        )
    return data


def _first_line(error: Exception) -> str:
    """What ClickHouse said, cut before it can quote a value of a row."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return text.partition(": while ")[0].partition(": (in file")[0][:300]
