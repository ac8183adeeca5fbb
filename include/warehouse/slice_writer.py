"""Buffers, files, hash and sums of one slice while it is being landed.

``digest`` and ``write`` may run in two threads at once; each is called by one thread at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from include.connectors.protocol import Rejected, Resource
from include.warehouse.content_hash import ContentHasher
from include.warehouse.manifest import REJECTED_FILE, Kind, Manifest, PartFile, schema_fingerprint
from include.warehouse.parquet_parts import ParquetParts

if TYPE_CHECKING:
    from include.warehouse.landing import Landing

_REJECTED_BUFFER = 20_000

REJECTED_SCHEMA = pa.schema(
    [
        pa.field(name, pa.uint64() if name == "line_number" else pa.string(), nullable=False)
        for name in (
            "source",
            "account_id",
            "resource",
            "slice_key",
            "position",
            "line_number",
            "reason_code",
            "reason",
            "raw_row",
        )
    ]
)
_REJECTED_TRANSPORT = ("position", "line_number")


@dataclass(frozen=True)
class SliceHeader:
    """What all slices of one answer have in common."""

    source: str
    account: str
    resource: str
    kind: Kind
    pulled_at: datetime
    connector_version: str
    watermark: str
    run_id: str


class SliceWriter:
    """Buffers, files, hash and sums of one slice."""

    def __init__(
        self,
        landing: Landing,
        header: SliceHeader,
        resource: Resource,
        key: str,
        span: tuple[date | None, date | None],
    ) -> None:
        self._landing = landing
        self._header = header
        self._resource = resource
        self._key = key
        self._span = span
        self.folder = landing.new_folder(header, key)
        self._parts = ParquetParts(landing.files, f"{self.folder}/part-{{:05d}}.parquet")
        self._rejected_parts = ParquetParts(
            landing.files, f"{self.folder}/{REJECTED_FILE}", is_rolled=False
        )
        self._hasher = ContentHasher(resource.schema, transport_columns(resource.schema))
        self._rejected_hasher = ContentHasher(REJECTED_SCHEMA, _REJECTED_TRANSPORT)
        self._totals = {name: Decimal(0) for name in resource.control_columns}
        self._batches: list[pa.RecordBatch] = []
        self._rejected: list[Rejected] = []
        self.buffered_rows = 0
        self.buffered_bytes = 0

    def buffer(self, rows: pa.RecordBatch) -> None:
        """Keep rows until there are enough for a row group."""
        self._batches.append(rows)
        self.buffered_rows += rows.num_rows
        self.buffered_bytes += rows.nbytes

    def take_buffer(self) -> list[pa.RecordBatch]:
        """What was buffered, for :func:`join` to put together."""
        batches, self._batches = self._batches, []
        self.buffered_rows = self.buffered_bytes = 0
        return batches

    def digest(self, rows: pa.RecordBatch) -> None:
        """Add rows to the content hash and the control totals."""
        self._hasher.update(rows)
        for name in self._totals:
            total = pc.sum(rows.column(name)).as_py()
            self._totals[name] += Decimal(0) if total is None else Decimal(total)

    def write(self, rows: pa.RecordBatch, size_bytes: int, keep_open: bool) -> None:
        """Append one row group, which took ``size_bytes`` as it came, to the slice's files."""
        self._parts.write(rows, size_bytes, keep_open)

    def reject(self, rejected: tuple[Rejected, ...]) -> None:
        """Take rows for quarantine; they count and hash, but not their positions."""
        self._rejected.extend(rejected)
        if len(self._rejected) >= _REJECTED_BUFFER:
            self._write_rejected()

    def finish(self) -> Manifest:
        """Complete the files; the manifest is the caller's to write."""
        self._write_rejected()
        parts = self._parts.finish()
        rejected = self._rejected_parts.finish()
        content_hash = self._hasher.hexdigest()
        if rejected:
            content_hash = f"{content_hash}+{self._rejected_hasher.hexdigest()}"
        return Manifest(
            folder=self.folder,
            source=self._header.source,
            account=self._header.account,
            resource=self._resource.name,
            slice_key=self._key,
            kind=self._header.kind,
            row_count=self._hasher.row_count,
            rejected_count=self._rejected_hasher.row_count,
            control_totals={name: f"{total:f}" for name, total in self._totals.items()},
            pulled_at=self._header.pulled_at.astimezone(UTC),
            connector_version=self._header.connector_version,
            content_hash=content_hash,
            schema_fingerprint=schema_fingerprint(self._resource.schema),
            columns=tuple(self._resource.schema.names),
            parts=parts,
            rejected=_only(rejected),
            date_from=self._span[0],
            date_to=self._span[1],
            watermark=self._header.watermark,
            run_id=self._header.run_id,
        )

    def discard(self) -> None:
        """Remove every file of the slice."""
        self._parts.discard()
        self._rejected_parts.discard()
        self._landing.files.remove_folder(self.folder)

    def _write_rejected(self) -> None:
        if not self._rejected:
            return
        taken, self._rejected = self._rejected, []
        count = len(taken)
        rows = pa.RecordBatch.from_pydict(
            {
                "source": [self._header.source] * count,
                "account_id": [self._header.account] * count,
                "resource": [self._header.resource] * count,
                "slice_key": [self._key] * count,
                "position": [row.position for row in taken],
                "line_number": [row.line_number for row in taken],
                "reason_code": [row.reason_code for row in taken],
                "reason": [row.reason for row in taken],
                "raw_row": [row.raw for row in taken],
            },
            schema=REJECTED_SCHEMA,
        )
        self._rejected_hasher.update(rows)
        self._rejected_parts.write(rows, rows.nbytes, keep_open=True)


def transport_columns(schema: pa.Schema) -> frozenset[str]:
    """Columns that say how a row came (a request's name, a line number), not what it says."""
    return frozenset(field.name for field in schema if b"transport" in (field.metadata or {}))


def join(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """One batch of many; a text column that has a dictionary in any of them has one in all."""
    if len(batches) == 1:
        return batches[0]
    if all(batch.schema == batches[0].schema for batch in batches):
        return pa.concat_batches(batches)
    columns = []
    for pieces in zip(*(batch.columns for batch in batches), strict=True):
        is_coded = any(pa.types.is_dictionary(piece.type) for piece in pieces)
        columns.append(pa.concat_arrays([_coded(p) if is_coded else p for p in pieces]))
    return pa.RecordBatch.from_arrays(columns, names=batches[0].schema.names)


def _coded(values: pa.Array) -> pa.Array:
    return values if pa.types.is_dictionary(values.type) else values.dictionary_encode()


def _only(parts: tuple[PartFile, ...]) -> PartFile | None:
    return parts[0] if parts else None
