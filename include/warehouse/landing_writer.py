"""Writes one answer of a vendor into the landing zone, split into its slices.

Hashing and Parquet encoding run in one thread beside the one that reads the vendor, so memory
holds a few row groups whatever the size of the answer. Files of an answer that ended in an error
are removed; manifests are written only once the whole answer is on disk.
"""

from __future__ import annotations

import itertools
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.connectors.protocol import Batch, ConnectorError, Rejected, Resource, Slice
from include.warehouse.content_hash import ContentHasher
from include.warehouse.manifest import (
    Kind,
    Manifest,
    PartFile,
    RowsNotConserved,
    schema_fingerprint,
)
from include.warehouse.parquet_parts import ParquetParts

if TYPE_CHECKING:
    from include.warehouse.landing import Landing

ROW_GROUP_ROWS = 131_072
_ROW_GROUP_BYTES = 48 << 20
_BUFFERED_BYTES = 96 << 20
_OPEN_SLICES = 64
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


class PullWriter:
    """Lands batches; a context manager that leaves nothing behind when an error passes through."""

    def __init__(
        self,
        landing: Landing,
        header: SliceHeader,
        resource: Resource,
        piece: Slice,
    ) -> None:
        self._landing = landing
        self._header = header
        self._resource = resource
        self._piece = piece
        self._transport = transport_columns(resource.schema)
        self._slices: dict[date | None, _SliceWriter] = {}
        self._encoded: dict[str, bool] = {}
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="landing")
        self._running: list[Future[None]] = []
        self._days = _days_of(resource, piece)
        for day in self._days or [None]:
            self._slices[day] = self._new_slice(day)

    def add(self, batch: Batch) -> None:
        """Take one batch; a row or type the resource does not declare raises ``ConnectorError``."""
        if batch.rejected:
            next(iter(self._slices.values())).reject(batch.rejected)
        if batch.rows is None or batch.rows.num_rows == 0:
            return
        rows = _conform(batch.rows, self._resource, self._header)
        if self._resource.day_column is None:
            self._buffer(None, rows)
        else:
            for day, part in self._split_days(rows):
                self._buffer(day, part)

    def finish(self, rows_in: int) -> list[Manifest]:
        """Write what is left, then the manifests: from here on the slices exist.

        ``rows_in`` is what the source gave, rejected rows included; ``RowsNotConserved`` when the
        files hold another number.
        """
        for piece in self._slices.values():
            self._submit(piece)
        self._drain()
        manifests = [piece.finish() for piece in self._slices.values()]
        landed = sum(manifest.row_count + manifest.rejected_count for manifest in manifests)
        if landed != rows_in:
            raise RowsNotConserved(
                f"{self._header.source}/{self._header.account}/{self._resource.name}: the source "
                f"gave {rows_in} rows to slice {self._piece.key}, but {landed} were written"
            )
        for manifest in manifests:
            self._landing.write_manifest(manifest)
        self._worker.shutdown()
        return manifests

    def abort(self) -> None:
        """Remove every file of this answer."""
        self._worker.shutdown(cancel_futures=True)
        for piece in self._slices.values():
            piece.discard()

    def __enter__(self) -> PullWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self.abort()

    def _new_slice(self, day: date | None) -> _SliceWriter:
        key = self._piece.key if day is None else day.isoformat()
        if day is not None:
            span: tuple[date | None, date | None] = (day, day + timedelta(days=1))
        elif self._piece.interval is not None:
            span = (self._piece.interval.date_from, self._piece.interval.date_to)
        else:
            span = (None, None)
        return _SliceWriter(self._landing, self._header, self._resource, key, span, self._transport)

    def _split_days(self, rows: pa.RecordBatch) -> list[tuple[date, pa.RecordBatch]]:
        column = rows.column(self._resource.day_column)
        days = column.view(pa.int32()).to_numpy(zero_copy_only=False)
        if days.min() == days.max():
            return [(self._known_day(int(days[0])), rows)]
        order = np.argsort(days, kind="stable")
        if not np.array_equal(order, np.arange(len(order))):
            rows, days = rows.take(pa.array(order)), days[order]
        starts = [0, *(np.flatnonzero(np.diff(days)) + 1).tolist(), len(days)]
        return [
            (self._known_day(int(days[start])), rows.slice(start, end - start))
            for start, end in itertools.pairwise(starts)
        ]

    def _known_day(self, number: int) -> date:
        day = date(1970, 1, 1) + timedelta(days=number)
        if day not in self._slices:
            raise ConnectorError(
                f"{self._header.source}/{self._header.account}/{self._resource.name}: the answer "
                f"to slice {self._piece.key} holds a row of {day}, which was not asked for; "
                "nothing of it was kept. The connector's request and its day column disagree."
            )
        return day

    def _buffer(self, day: date | None, rows: pa.RecordBatch) -> None:
        piece = self._slices[day]
        for start in range(0, rows.num_rows, ROW_GROUP_ROWS):
            piece.buffer(rows.slice(start, ROW_GROUP_ROWS))
            if piece.buffered_rows >= ROW_GROUP_ROWS or piece.buffered_bytes >= _ROW_GROUP_BYTES:
                self._submit(piece)
        if sum(other.buffered_bytes for other in self._slices.values()) > _BUFFERED_BYTES:
            self._submit(max(self._slices.values(), key=lambda other: other.buffered_bytes))

    def _submit(self, piece: _SliceWriter) -> None:
        rows = piece.take_buffer()
        if rows is None:
            return
        encoded = self._encode(rows)
        while len(self._running) >= 2:
            self._running.pop(0).result()
        keep_open = len(self._slices) <= _OPEN_SLICES
        self._running.append(self._worker.submit(piece.write, encoded, keep_open))

    def _drain(self) -> None:
        while self._running:
            self._running.pop(0).result()

    def _encode(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Dictionary-encode repetitive text: it makes hashing and Parquet much cheaper.

        Which columns is decided once per answer, by its first row group, so that all files of a
        slice are alike.
        """
        columns = []
        for field, column in zip(rows.schema, rows.columns, strict=True):
            if not pa.types.is_string(field.type) or not self._encoded.get(field.name, True):
                columns.append(column)
                continue
            encoded = column.dictionary_encode()
            if field.name not in self._encoded:
                self._encoded[field.name] = len(encoded.dictionary) <= 0.4 * len(column) + 16
            columns.append(encoded if self._encoded[field.name] else column)
        return pa.RecordBatch.from_arrays(columns, names=rows.schema.names)


class _SliceWriter:
    """Buffers, files, hash and sums of one slice."""

    def __init__(
        self,
        landing: Landing,
        header: SliceHeader,
        resource: Resource,
        key: str,
        span: tuple[date | None, date | None],
        transport: frozenset[str],
    ) -> None:
        self._landing = landing
        self._header = header
        self._resource = resource
        self._key = key
        self._span = span
        self.folder = landing.new_folder(header, key)
        self._parts = ParquetParts(landing.files, f"{self.folder}/part-{{:05d}}.parquet")
        self._rejected_parts = ParquetParts(
            landing.files, f"{self.folder}/rejected.parquet", is_rolled=False
        )
        self._hasher = ContentHasher(resource.schema, transport)
        self._rejected_hasher = ContentHasher(REJECTED_SCHEMA, _REJECTED_TRANSPORT)
        self._totals = {name: Decimal(0) for name in resource.control_columns}
        self._batches: list[pa.RecordBatch] = []
        self._rejected: list[Rejected] = []
        self.buffered_rows = 0
        self.buffered_bytes = 0

    def buffer(self, rows: pa.RecordBatch) -> None:
        self._batches.append(rows)
        self.buffered_rows += rows.num_rows
        self.buffered_bytes += rows.nbytes

    def take_buffer(self) -> pa.RecordBatch | None:
        if not self._batches:
            return None
        batches, self._batches = self._batches, []
        self.buffered_rows = self.buffered_bytes = 0
        return batches[0] if len(batches) == 1 else pa.concat_batches(batches)

    def write(self, rows: pa.RecordBatch, keep_open: bool) -> None:
        self._hasher.update(rows)
        for name in self._totals:
            total = pc.sum(rows.column(name)).as_py()
            self._totals[name] += Decimal(0) if total is None else Decimal(total)
        self._parts.write(rows, keep_open)

    def reject(self, rejected: tuple[Rejected, ...]) -> None:
        self._rejected.extend(rejected)
        if len(self._rejected) >= _REJECTED_BUFFER:
            self._write_rejected()

    def finish(self) -> Manifest:
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
        self._rejected_parts.write(rows, keep_open=True)


def transport_columns(schema: pa.Schema) -> frozenset[str]:
    """Columns that say how a row came (a request's name, a line number), not what it says."""
    return frozenset(field.name for field in schema if b"transport" in (field.metadata or {}))


def _only(parts: tuple[PartFile, ...]) -> PartFile | None:
    return parts[0] if parts else None


def _days_of(resource: Resource, piece: Slice) -> list[date]:
    if resource.day_column is None:
        return []
    if piece.interval is None:
        raise ConnectorError(
            f"slice {piece.key} of {resource.name} has no interval, but the resource is landed by "
            f"the days of its column {resource.day_column}; plan it with an interval"
        )
    count = (piece.interval.date_to - piece.interval.date_from).days
    return [piece.interval.date_from + timedelta(days=offset) for offset in range(count)]


def _conform(rows: pa.RecordBatch, resource: Resource, header: SliceHeader) -> pa.RecordBatch:
    """The batch under the resource's own schema; text may come dictionary-encoded."""
    place = f"{header.source}/{header.account}/{resource.name}"
    schema = resource.schema
    if rows.schema.names != schema.names:
        raise ConnectorError(
            f"{place}: a batch has columns {rows.schema.names}, the resource declares "
            f"{schema.names}; yield exactly these, in this order"
        )
    columns = []
    for field, column in zip(schema, rows.columns, strict=True):
        if pa.types.is_dictionary(column.type) and column.type.value_type == field.type:
            column = column.cast(field.type)
        if column.type != field.type:
            raise ConnectorError(
                f"{place}: column {field.name} came as {column.type}, the resource declares "
                f"{field.type}; cast it in the connector"
            )
        if column.null_count and not field.nullable:
            raise ConnectorError(
                f"{place}: column {field.name} is declared not nullable but holds "
                f"{column.null_count} nulls; reject such rows or declare it nullable"
            )
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=schema)
