"""Raw and the slice log made anew from landing, without one call to a vendor.

Load ids and publication times are those of the receipts, so every ``as_of`` view shows what it
showed before. Slices that never got a receipt stay pending for the next ingest run. Do not run it
beside ingest or maintenance: rows of old load ids look like debris until their entry is back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clickhouse_connect.driver.client import Client

from include.warehouse.landing import Landing
from include.warehouse.manifest import Manifest, Receipt
from include.warehouse.raw_load import QUARANTINE, insert_rows, require_equal_counts
from include.warehouse.slices import SliceLog

_BATCH = 500


@dataclass(frozen=True)
class Rebuilt:
    """What was put back; entries that were there already are not counted."""

    entries: int
    rows: int


def rebuild(
    client: Client, landing: Landing, progress: Callable[[str], None] = lambda _: None
) -> Rebuilt:
    """Replay every receipt in the order of publication; a killed rebuild is simply run again.

    Tables must exist. Raises ``LandingError`` or ``RawLoadFailed`` naming the slice whose files
    are not what its manifest says.
    """
    log = SliceLog(client)
    replay = sorted(
        (
            (manifest, receipt)
            for manifest in landing.manifests()
            for receipt in landing.receipts(manifest)
        ),
        key=lambda pair: (pair[1].published_at, pair[1].load_id, pair[0].folder),
    )
    logged = log.published_paths()
    todo = [pair for pair in replay if (pair[0].path, pair[1].load_id) not in logged]
    known_ids = log.load_ids()
    rows = 0
    batch: list[tuple[Manifest, Receipt]] = []
    for number, (manifest, receipt) in enumerate(todo, start=1):
        if receipt.status == "loaded" and receipt.load_id not in known_ids:
            _remove_rows(client, manifest, receipt.load_id)
            insert_rows(client, landing, manifest, receipt.load_id)
            load_ids = {manifest.path: receipt.load_id}
            for failure in require_equal_counts(client, [manifest], load_ids).values():
                raise failure
            rows += manifest.row_count + manifest.rejected_count
        batch.append((manifest, receipt))
        if len(batch) == _BATCH:
            log.publish(batch)
            batch = []
            progress(f"{number:,} of {len(todo):,} publications replayed, {rows:,} rows")
    if batch:
        log.publish(batch)
    return Rebuilt(len(todo), rows)


def _remove_rows(client: Client, manifest: Manifest, load_id: str) -> None:
    """What a killed rebuild may have left of this very load."""
    for table in (manifest.table, QUARANTINE):
        found = client.query(
            f"select count() from {table} where _load_id = {{load_id:String}}",
            parameters={"load_id": load_id},
        ).result_rows[0][0]
        if found:
            client.command(
                f"alter table {table} delete where _load_id = {{load_id:String}}",
                parameters={"load_id": load_id},
                settings={"mutations_sync": 2},
            )
