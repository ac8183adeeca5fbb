"""Writes one answer of a vendor into the landing zone, split into its slices.

Hashing and Parquet writing run in threads beside the one that reads the vendor, and are waited for
when they fall behind: memory holds a few row groups whatever the size of the answer. Files of an
answer that ended in an error are removed; manifests are written only once all of it is on disk.
"""

from __future__ import annotations

import itertools
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import date, timedelta
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from include.connectors.protocol import Batch, ConnectorError, Resource, Slice
from include.warehouse.manifest import (
    Manifest,
    RowsNotConserved,
)
from include.warehouse.slice_writer import SliceHeader, SliceWriter, join

if TYPE_CHECKING:
    from include.warehouse.landing import Landing

ROW_GROUP_ROWS = 131_072
_ROW_GROUP_BYTES = 48 << 20
_BUFFERED_BYTES = 96 << 20
_OPEN_SLICES = 64


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
        self._filled = [n for n, field in enumerate(resource.schema) if not field.nullable]
        self._slices: dict[date | None, SliceWriter] = {}
        self._encoded: dict[str, bool] = {}
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="landing-hash")
        self._file_worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="landing-file")
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
        rows = batch.rows
        if rows.schema != self._resource.schema or any(
            rows.column(place).null_count for place in self._filled
        ):
            rows = _conform(rows, self._resource, self._header)
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
        self._stop_threads()
        return manifests

    def abort(self) -> None:
        """Remove every file of this answer."""
        self._stop_threads()
        for piece in self._slices.values():
            piece.discard()

    def _stop_threads(self) -> None:
        self._worker.shutdown(cancel_futures=True)
        self._file_worker.shutdown(cancel_futures=True)

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

    def _new_slice(self, day: date | None) -> SliceWriter:
        key = self._piece.key if day is None else day.isoformat()
        if day is not None:
            span: tuple[date | None, date | None] = (day, day + timedelta(days=1))
        elif self._piece.interval is not None:
            span = (self._piece.interval.date_from, self._piece.interval.date_to)
        else:
            span = (None, None)
        return SliceWriter(self._landing, self._header, self._resource, key, span)

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

    def _submit(self, piece: SliceWriter) -> None:
        size_bytes = piece.buffered_bytes
        batches = piece.take_buffer()
        if not batches:
            return
        while len(self._running) >= 2:
            self._running.pop(0).result()
        self._running.append(self._worker.submit(self._write_group, piece, batches, size_bytes))

    def _write_group(
        self, piece: SliceWriter, batches: list[pa.RecordBatch], size_bytes: int
    ) -> None:
        encoded = self._encode(join(batches))
        keep_open = len(self._slices) <= _OPEN_SLICES
        written = self._file_worker.submit(piece.write, encoded, size_bytes, keep_open)
        piece.digest(encoded)
        written.result()

    def _drain(self) -> None:
        while self._running:
            self._running.pop(0).result()

    def _encode(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Dictionary-encode repetitive text: it makes hashing and Parquet much cheaper.

        Which columns is decided once per answer, by its first row group, so that all files of a
        slice are alike.
        """
        columns = []
        for field, column in zip(self._resource.schema, rows.columns, strict=True):
            is_encoded = pa.types.is_dictionary(column.type)
            if not pa.types.is_string(field.type):
                columns.append(column.cast(field.type) if is_encoded else column)
                continue
            if is_encoded and len(column.dictionary) > len(column):
                # Cut from a larger batch: most words of its dictionary are other rows'.
                column, is_encoded = column.cast(field.type), False
            if field.name not in self._encoded:
                column = column if is_encoded else column.dictionary_encode()
                self._encoded[field.name] = len(column.dictionary) <= 0.4 * len(column) + 16
            columns.append(_encode_text(column, self._encoded[field.name]))
        # A column declared without nulls is written without a null map: cheaper here and to load.
        fields = [
            field.with_type(column.type)
            for field, column in zip(self._resource.schema, columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, schema=pa.schema(fields))


def _encode_text(column: pa.Array, is_wanted: bool) -> pa.Array:
    """The column with or without a dictionary, whichever way it came."""
    if pa.types.is_dictionary(column.type) == is_wanted:
        return column
    return column.dictionary_encode() if is_wanted else column.cast(column.type.value_type)


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
        kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if kind != field.type:
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
    return pa.RecordBatch.from_arrays(columns, names=schema.names)
