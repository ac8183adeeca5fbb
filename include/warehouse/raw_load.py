"""Loads landed slices into raw: rows first, proof second, visibility last.

Every attempt has a load id of its own. A kill at any point leaves rows no view shows and a pending
marker from which the next run starts over; it never leaves half a slice visible.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from include.warehouse.landing import Landing
from include.warehouse.manifest import LandingError, Manifest, PartFile, Receipt, Status
from include.warehouse.slice_writer import REJECTED_SCHEMA
from include.warehouse.slices import SliceLog, mint_load_id

QUARANTINE = "raw.raw_quarantine"
_PARALLEL_PARTS = 3
_SMALL_BYTES = 1 << 20
_TOGETHER_BYTES = 16 << 20
"""Landed bytes of a slice that counts as small, and of all that travel in one insert."""
_LOAD_ID_FIELD = pa.field("_load_id", pa.string(), nullable=False)
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
    outcome = load_all(client, landing, [manifest], run_id)[0]
    if isinstance(outcome, Exception):
        raise outcome
    return outcome


def load_all(
    client: Client, landing: Landing, manifests: Sequence[Manifest], run_id: str = ""
) -> list[LoadOutcome | RawLoadFailed | LandingError]:
    """Publish the landed slices of one answer, as :func:`load` does, with shared statements.

    They belong to one resource of one account. Two pulls of one key are published one after the
    other, in the given order. A slice that cannot be
    loaded has its error as its result and stops no other.
    """
    if len({manifest.slice_key for manifest in manifests}) < len(manifests):
        return [load_all(client, landing, [manifest], run_id)[0] for manifest in manifests]
    standing = SliceLog(client).standing_of(manifests)
    load_ids: dict[str, str] = {}
    results: dict[str, LoadOutcome | RawLoadFailed | LandingError] = {}
    to_insert: list[Manifest] = []
    for manifest in manifests:
        entry = standing[manifest.path].entry
        if entry is not None:
            # An earlier run was killed after publishing; whether it told anyone is unknown: tell.
            landing.clear_pending(manifest)
            is_shown = manifest.kind != "append" or _has_rows(manifest)
            is_changed = entry.status == "loaded" and is_shown
            results[manifest.path] = _outcome(manifest, entry.status, entry.load_id, is_changed)
        elif standing[manifest.path].equal is None:
            load_ids[manifest.path] = mint_load_id()
            to_insert.append(manifest)
        else:
            load_ids[manifest.path] = ""
    results |= _insert_all(client, landing, to_insert, load_ids)
    proven = [manifest for manifest in manifests if manifest.path not in results]
    results |= _publish(client, landing, proven, load_ids, run_id)
    return [results[manifest.path] for manifest in manifests]


def _insert_all(
    client: Client, landing: Landing, manifests: Sequence[Manifest], load_ids: dict[str, str]
) -> dict[str, RawLoadFailed | LandingError]:
    """Insert and count; small slices travel together. Returns those that failed."""
    failed: dict[str, RawLoadFailed | LandingError] = {}
    together, alone = choose_companions(manifests)
    if together:
        try:
            insert_together(client, landing, together, load_ids)
        except (RawLoadFailed, LandingError):
            # One of them is at fault; alone it tells which. Rows sent before have other ids.
            alone = [*together, *alone]
            load_ids.update((manifest.path, mint_load_id()) for manifest in together)
    for manifest in alone:
        try:
            insert_rows(client, landing, manifest, load_ids[manifest.path])
        except (RawLoadFailed, LandingError) as error:
            failed[manifest.path] = error
    sent = [manifest for manifest in manifests if manifest.path not in failed]
    if sent:
        failed |= require_equal_counts(client, sent, load_ids)
    return failed


def insert_rows(client: Client, landing: Landing, manifest: Manifest, load_id: str) -> None:
    """Send the landed files as they are; the rows stay invisible."""
    if manifest.rejected is not None:
        names = REJECTED_SCHEMA.names
        _insert_parts(client, landing, manifest, [manifest.rejected], QUARANTINE, names, load_id)
    _insert_parts(
        client, landing, manifest, manifest.parts, manifest.table, manifest.columns, load_id
    )


def require_equal_counts(
    client: Client, manifests: Sequence[Manifest], load_ids: Mapping[str, str]
) -> dict[str, RawLoadFailed]:
    """Errors of those slices of which ClickHouse does not hold exactly the manifest's rows."""
    expected = {
        (manifest.table, load_ids[manifest.path]): (manifest, manifest.row_count)
        for manifest in manifests
        if manifest.parts or manifest.row_count
    }
    for manifest in manifests:
        # A count without a file is a quarantine that has expired, not one that was lost.
        if manifest.rejected is not None:
            name = (QUARANTINE, load_ids[manifest.path])
            expected[name] = (manifest, manifest.rejected_count)
    failed: dict[str, RawLoadFailed] = {}
    for table in sorted({table for table, _ in expected}):
        ids = [load_id for name, load_id in expected if name == table]
        found = dict(
            client.query(
                f"select _load_id, count() from {table} where _load_id in {{ids:Array(String)}}"
                " group by _load_id",
                parameters={"ids": ids},
            ).result_rows
        )
        for load_id in ids:
            manifest, wanted = expected[table, load_id]
            if found.get(load_id, 0) != wanted:
                failed[manifest.path] = RawLoadFailed(
                    f"{table} holds {found.get(load_id, 0)} rows of load {load_id}, the manifest "
                    f"{manifest.path} says {wanted}; nothing became visible. Run again: it loads "
                    "the slice anew. If it repeats, compare the landed files with their manifest."
                )
    return failed


def _publish(
    client: Client,
    landing: Landing,
    manifests: Sequence[Manifest],
    load_ids: Mapping[str, str],
    run_id: str,
) -> dict[str, LoadOutcome | RawLoadFailed | LandingError]:
    """Write the receipts, then the log; a run beside this one may have been faster."""
    if not manifests:
        return {}
    log = SliceLog(client)
    standing = log.standing_of(manifests)
    results: dict[str, LoadOutcome | RawLoadFailed | LandingError] = {}
    entries: list[tuple[Manifest, Receipt]] = []
    published_at = log.next_instant()
    for manifest in manifests:
        equal, live = standing[manifest.path].equal, standing[manifest.path].live
        load_id = load_ids[manifest.path]
        if equal is None and not load_id:
            # Its equal was replaced a moment ago.
            results[manifest.path] = load_all(client, landing, [manifest], run_id)[0]
            continue
        status: Status = "loaded" if equal is None else "confirmed"
        is_newest = live is None or live.pulled_at <= manifest.pulled_at
        is_shown = _has_rows(manifest) if manifest.kind == "append" else is_newest
        is_changed = equal is None and is_shown
        receipt = Receipt(
            load_id=equal.load_id if equal else load_id,
            status=status,
            published_at=published_at,
            content_hash=manifest.content_hash,
            run_id=run_id or manifest.run_id,
        )
        landing.write_receipt(manifest, receipt)
        entries.append((manifest, receipt))
        results[manifest.path] = _outcome(manifest, status, receipt.load_id, is_changed)
    if entries:
        log.publish(entries)
    for manifest, _ in entries:
        landing.clear_pending(manifest)
    return results


def _has_rows(manifest: Manifest) -> bool:
    """An ``append`` window without any changes no table, quarantine included."""
    return bool(manifest.row_count or manifest.rejected_count)


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
        send_parquet(client, table, names, data, load_id, f"{manifest.folder}/{part.name}")

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


def insert_together(
    client: Client, landing: Landing, manifests: Sequence[Manifest], load_ids: Mapping[str, str]
) -> None:
    """Send small slices as one block whose rows name their loads; the rows stay invisible."""
    first = manifests[0]
    tables = []
    for manifest in manifests:
        for part in manifest.parts:
            data = _read_verified(landing, manifest, part)
            rows = pq.read_table(io.BytesIO(data)).select(list(first.columns))
            load_id = pa.repeat(pa.scalar(load_ids[manifest.path]), rows.num_rows)
            tables.append(rows.append_column(_LOAD_ID_FIELD, load_id))
    block = io.BytesIO()
    pq.write_table(pa.concat_tables(tables), block, compression="lz4")
    names = [*first.columns, _LOAD_ID_FIELD.name]
    what = f"{len(manifests)} slices of {first.source}/{first.account}/{first.resource}"
    send_parquet(client, first.table, names, block.getvalue(), "", what)


def choose_companions(manifests: Sequence[Manifest]) -> tuple[list[Manifest], list[Manifest]]:
    """Slices small enough to travel in one insert, and the others."""
    together: list[Manifest] = []
    alone: list[Manifest] = []
    budget = _TOGETHER_BYTES
    fingerprints: set[str] = set()
    for manifest in manifests:
        size = sum(part.size_bytes for part in manifest.parts)
        fits = size <= _SMALL_BYTES and size <= budget and manifest.rejected is None
        if fits and manifest.parts and fingerprints <= {manifest.schema_fingerprint}:
            fingerprints.add(manifest.schema_fingerprint)
            together.append(manifest)
            budget -= size
        else:
            alone.append(manifest)
    return (together, alone) if len(together) > 1 else ([], [*together, *alone])


def send_parquet(
    client: Client, table: str, names: list[str], data: bytes, load_id: str, what: str
) -> None:
    """One insert; ``RawLoadFailed`` names ``what`` and never a value of a row."""
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
            f"ClickHouse refused {what} for {table}; nothing became visible: {_first_line(error)}"
        ) from None


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
