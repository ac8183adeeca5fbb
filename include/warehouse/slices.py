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


@dataclass(frozen=True)
class SliceStanding:
    """How a landed slice stands in the log."""

    entry: LoggedSlice | None
    """The entry this very landed slice has already got."""
    live: LoggedSlice | None
    """What is live under its key."""
    equal: LoggedSlice | None
    """A visible entry with the same content: the live one, or any one of an ``append`` key."""


class SliceLog:
    """Reads and extends ``ops.slice_log``."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def known(self, source: str, account: str) -> list[KnownSlice]:
        """The live entry of every slice key of an account, for the connector's plan."""
        rows = self._client.query(
            "select resource, slice_key, argMax(tuple(content_hash, pulled_at, row_count,"
            " watermark, control_totals, rejected_count, connector_version),"
            " (pulled_at, load_id)) as live from ops.slice_log"
            " where source = {source:String} and account_id = {account:String}"
            " group by resource, slice_key order by resource, slice_key",
            parameters={"source": source, "account": account},
        ).result_rows
        return [
            KnownSlice(resource, key, content_hash, pulled_at.replace(tzinfo=UTC), *rest)
            for resource, key, (content_hash, pulled_at, *rest) in rows
        ]

    def live(self, manifest: Manifest) -> LoggedSlice | None:
        """What is live under the manifest's slice key now."""
        return self.standing_of([manifest])[manifest.path].live

    def standing_of(self, manifests: Sequence[Manifest]) -> dict[str, SliceStanding]:
        """What the log says of landed slices of one resource of one account, by manifest path."""
        first = manifests[0]
        rows = self._client.query(
            "select slice_key, load_id, status, kind, content_hash, pulled_at, manifest_path,"
            " published_at from ops.slice_log"
            " where source = {source:String} and account_id = {account:String}"
            " and resource = {resource:String} and slice_key in {keys:Array(String)}",
            parameters={
                "source": first.source,
                "account": first.account,
                "resource": first.resource,
                "keys": sorted({manifest.slice_key for manifest in manifests}),
            },
        ).result_rows
        entries: dict[str, list[_Entry]] = {}
        for key, load_id, status, kind, content, pulled_at, path, published_at in rows:
            logged = LoggedSlice(load_id, status, kind, content, pulled_at.replace(tzinfo=UTC))
            entries.setdefault(key, []).append(_Entry(logged, path, published_at))
        return {
            manifest.path: _standing(manifest, entries.get(manifest.slice_key, []))
            for manifest in manifests
        }

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


@dataclass(frozen=True)
class _Entry:
    logged: LoggedSlice
    path: str
    published_at: datetime


def _standing(manifest: Manifest, entries: Sequence[_Entry]) -> SliceStanding:
    def newest(found: Sequence[_Entry]) -> LoggedSlice | None:
        rank = [(e.logged.pulled_at, e.logged.load_id, e.published_at) for e in found]
        return found[rank.index(max(rank))].logged if found else None

    own = [entry for entry in entries if entry.path == manifest.path]
    live = newest(entries)
    is_equal = live is not None and (live.content_hash, live.kind) == (
        manifest.content_hash,
        manifest.kind,
    )
    equal = live if is_equal else None
    if manifest.kind == "append":
        wanted = ("append", manifest.content_hash)
        equal = newest([e for e in entries if (e.logged.kind, e.logged.content_hash) == wanted])
    return SliceStanding(
        entry=max(own, key=lambda entry: entry.published_at).logged if own else None,
        live=live,
        equal=equal,
    )


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
