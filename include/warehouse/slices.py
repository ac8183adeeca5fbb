"""The slice log: which load of every slice is visible, and since when.

Nothing in raw is visible before its row here, and a row here is written once and never changed.
``published_at`` lies after every build pinned so far, so a slice cannot slip under a pinned build.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from clickhouse_connect.driver.client import Client

from include.connectors.protocol import KnownSlice
from include.warehouse.manifest import Kind, Manifest, Receipt, Status

_COLUMNS = {
    "source": "LowCardinality(String)",
    "account_id": "LowCardinality(String)",
    "resource": "LowCardinality(String)",
    "slice_key": "String",
    "kind": "LowCardinality(String)",
    "status": "LowCardinality(String)",
    "load_id": "String",
    "content_hash": "String",
    "row_count": "UInt64",
    "rejected_count": "UInt64",
    "control_totals": "Map(String, String)",
    "date_from": "Nullable(Date)",
    "date_to": "Nullable(Date)",
    "pulled_at": "DateTime64(6, 'UTC')",
    "published_at": "DateTime64(6, 'UTC')",
    "connector_version": "LowCardinality(String)",
    "manifest_path": "String",
    "watermark": "String",
    "run_id": "String",
}


@dataclass(frozen=True)
class LoggedSlice:
    """One entry of the log, as far as a loader needs it."""

    load_id: str
    status: Status
    kind: Kind
    content_hash: str
    pulled_at: datetime


class SliceLog:
    """Reads and extends ``ops.slice_log``."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def known(self, source: str, account: str) -> list[KnownSlice]:
        """The live entry of every slice key of an account, for the connector's plan."""
        rows = self._client.query(
            "select resource, slice_key, argMax(tuple(content_hash, pulled_at, row_count,"
            " watermark, control_totals), (pulled_at, load_id)) as live from ops.slice_log"
            " where source = {source:String} and account_id = {account:String}"
            " group by resource, slice_key order by resource, slice_key",
            parameters={"source": source, "account": account},
        ).result_rows
        return [
            KnownSlice(
                resource=resource,
                key=key,
                content_hash=content_hash,
                pulled_at=pulled_at.replace(tzinfo=UTC),
                row_count=row_count,
                watermark=watermark,
                totals=totals,
            )
            for resource, key, (content_hash, pulled_at, row_count, watermark, totals) in rows
        ]

    def live(self, manifest: Manifest) -> LoggedSlice | None:
        """What is live under the manifest's slice key now."""
        return self._one(manifest, "slice_key = {key:String}", "(pulled_at, load_id)")

    def equal_to(self, manifest: Manifest) -> LoggedSlice | None:
        """A visible entry with the same content: the live one, or any one of an ``append`` key."""
        if manifest.kind == "append":
            return self._one(
                manifest,
                "slice_key = {key:String} and content_hash = {hash:String} and kind = 'append'",
                "(pulled_at, load_id)",
            )
        live = self.live(manifest)
        is_equal = live is not None and (live.content_hash, live.kind) == (
            manifest.content_hash,
            manifest.kind,
        )
        return live if is_equal else None

    def entry_of(self, manifest: Manifest) -> LoggedSlice | None:
        """The entry this very landed slice has already got, if any."""
        condition = "slice_key = {key:String} and manifest_path = {path:String}"
        return self._one(manifest, condition, "published_at")

    def next_instant(self) -> datetime:
        """A ``published_at`` by the clock of the warehouse, after every pinned build."""
        rows = self._client.query(
            "select greatest(now64(6, 'UTC'), toDateTime64(max(as_of), 6, 'UTC')"
            " + toIntervalMicrosecond(1)) from ops.build_log"
        ).result_rows
        instant: datetime = rows[0][0]
        return instant.replace(tzinfo=UTC)

    def publish(self, entries: Sequence[tuple[Manifest, Receipt]]) -> None:
        """Make loads visible; one insert, so all of them or none."""
        self._client.insert(
            "ops.slice_log",
            [_row(manifest, receipt) for manifest, receipt in entries],
            column_names=list(_COLUMNS),
            column_type_names=list(_COLUMNS.values()),
        )

    def load_ids(self) -> set[str]:
        """Every load the log names."""
        rows = self._client.query("select distinct load_id from ops.slice_log").result_rows
        return {row[0] for row in rows}

    def published_paths(self) -> set[tuple[str, str]]:
        """Manifest path and load id of every entry."""
        rows = self._client.query("select manifest_path, load_id from ops.slice_log").result_rows
        return {(path, load_id) for path, load_id in rows}

    def _one(self, manifest: Manifest, condition: str, newest: str) -> LoggedSlice | None:
        rows = self._client.query(
            "select load_id, status, kind, content_hash, pulled_at from ops.slice_log"
            " where source = {source:String} and account_id = {account:String}"
            f" and resource = {{resource:String}} and {condition} order by {newest} desc limit 1",
            parameters={
                "source": manifest.source,
                "account": manifest.account,
                "resource": manifest.resource,
                "key": manifest.slice_key,
                "hash": manifest.content_hash,
                "path": manifest.path,
            },
        ).result_rows
        if not rows:
            return None
        load_id, status, kind, content_hash, pulled_at = rows[0]
        return LoggedSlice(load_id, status, kind, content_hash, pulled_at.replace(tzinfo=UTC))


def mint_load_id() -> str:
    """A new load id; ids sort by the time they were minted (UTC)."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"


def minted_at(load_id: str) -> datetime:
    """When a load id was minted; ``ValueError`` for anything else."""
    return datetime.strptime(load_id.partition("-")[0], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)


def _row(manifest: Manifest, receipt: Receipt) -> tuple[object, ...]:
    return (
        manifest.source,
        manifest.account,
        manifest.resource,
        manifest.slice_key,
        manifest.kind,
        receipt.status,
        receipt.load_id,
        manifest.content_hash,
        manifest.row_count,
        manifest.rejected_count,
        dict(manifest.control_totals),
        manifest.date_from,
        manifest.date_to,
        manifest.pulled_at,
        receipt.published_at,
        manifest.connector_version,
        manifest.path,
        manifest.watermark,
        receipt.run_id,
    )
