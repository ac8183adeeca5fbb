"""Rolled Parquet files of one slice, encoded so that ClickHouse inserts them fast.

Dictionaries only where text repeats, no statistics (nothing filters these files), LZ4: this
writes about twice as fast as the library's defaults at nearly the same size. Each ``write`` is one
row group; a file is sent to ClickHouse whole, so its size bounds the loader's memory.
"""

from __future__ import annotations

import contextlib

import pyarrow as pa
import pyarrow.parquet as pq

from include.warehouse.landing_files import LandingFiles, NewFile
from include.warehouse.manifest import PartFile

FIRST_PART_ROWS = 131_072
PART_ROWS = 1_000_000
FIRST_PART_ROW_BYTES = 96 << 20
PART_ROW_BYTES = 768 << 20
"""Parts double from the first size to the last: a small slice is loaded by several inserts at
once, a large one leaves few parts to merge. Bytes are those of the rows before they were encoded,
for that is what an insert has to sort and write."""
PART_BYTES = 64 << 20
_GATHERED_BYTES = 4 << 20
"""Handed to the file at a time: its writes are Python's, and wait for the thread that reads."""


class ParquetParts:
    """Writes row groups into ``part-00000.parquet``, ``part-00001.parquet`` …"""

    def __init__(self, files: LandingFiles, pattern: str, is_rolled: bool = True) -> None:
        self._files = files
        self._pattern = pattern
        self._is_rolled = is_rolled
        self._stream: NewFile | None = None
        self._sink: pa.BufferedOutputStream | None = None
        self._writer: pq.ParquetWriter | None = None
        self._rows = 0
        self._row_bytes = self._done_row_bytes = 0
        self._done: list[PartFile] = []

    def write(self, rows: pa.RecordBatch, size_bytes: int, keep_open: bool) -> None:
        """Append one row group; without ``keep_open`` the file is finished at once."""
        if self._writer is None:
            self._open(rows.schema)
        assert self._writer is not None
        assert self._sink is not None
        self._writer.write_batch(rows, row_group_size=max(rows.num_rows, 1))
        self._rows += rows.num_rows
        self._row_bytes += size_bytes
        landed = sum(part.rows for part in self._done)
        most_rows = min(PART_ROWS, max(FIRST_PART_ROWS, landed))
        most_row_bytes = min(PART_ROW_BYTES, max(FIRST_PART_ROW_BYTES, self._done_row_bytes))
        is_full = (
            self._rows >= most_rows
            or self._row_bytes >= most_row_bytes
            or self._sink.tell() >= PART_BYTES
        )
        if self._is_rolled and (is_full or not keep_open):
            self._close()

    def finish(self) -> tuple[PartFile, ...]:
        """Complete the last file and name them all."""
        self._close()
        return tuple(self._done)

    def discard(self) -> None:
        """Drop the open file; the caller removes the folder with the finished ones."""
        if self._writer is not None:
            # Left open, the library would write its footer at some later moment.
            with contextlib.suppress(OSError, pa.ArrowException):
                self._writer.close()
                self._sink.flush()
        if self._stream is not None:
            self._stream.discard()
        self._stream = self._sink = self._writer = None

    def _open(self, schema: pa.Schema) -> None:
        self._stream = self._files.open_new(self._pattern.format(len(self._done)))
        repetitive = [field.name for field in schema if pa.types.is_dictionary(field.type)]
        self._sink = pa.BufferedOutputStream(pa.PythonFile(self._stream, "w"), _GATHERED_BYTES)
        self._writer = pq.ParquetWriter(
            self._sink,
            schema,
            compression="lz4",
            use_dictionary=repetitive or False,
            write_statistics=False,
            store_schema=False,
        )

    def _close(self) -> None:
        if self._writer is None or self._sink is None or self._stream is None:
            return
        self._writer.close()
        self._sink.flush()
        stream, self._stream, self._sink, self._writer = self._stream, None, None, None
        name = self._pattern.format(len(self._done)).rsplit("/", 1)[-1]
        stream.close()
        self._done.append(PartFile(name, self._rows, stream.size_bytes, stream.sha256))
        self._done_row_bytes += self._row_bytes
        self._rows = self._row_bytes = 0
