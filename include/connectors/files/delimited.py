"""CSV and TSV → text columns with true physical line numbers.

The fast way parses a block with Arrow and proves its line numbers by arithmetic (line ends in the
block = records + line ends inside cells); a block where that does not hold (blank lines, wrong
field counts, stray quotes, lone CR) is parsed again record by record. Both ways read quotes alike:
a quote opens a cell only as its first character.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from include.connectors.files.blocks import RawBlock
from include.connectors.files.decoding import count_line_feeds
from include.connectors.files.record_splitter import Cut, Record, cut_records, find_record_end
from include.connectors.protocol import BadInput, Rejected


@dataclass(frozen=True)
class Dialect:
    """Signs of one delimited file."""

    delimiter: str
    quote: str | None
    header_row: int


def read_delimited(blocks: Iterable[bytes], dialect: Dialect, position: str) -> Iterator[RawBlock]:
    """Parse UTF-8 blocks; raises ``BadInput`` for a file without a header row."""
    reader = _Reader(dialect, position)
    held: bytes | None = None
    for block in blocks:
        if held is not None:
            yield from reader.feed(held, is_last=False)
        held = block
    yield from reader.feed(held or b"", is_last=True)
    if reader.names is None:
        raise BadInput(
            f"{position} has no header row (row {dialect.header_row}). An empty file is not an "
            "empty delivery: deliver at least the header, or correct header_row in the mapping."
        )


class _Reader:
    def __init__(self, dialect: Dialect, position: str) -> None:
        self.names: tuple[str, ...] | None = None
        self._dialect = dialect
        self._position = position
        self._pending = b""
        self._line = 1

    def feed(self, block: bytes, *, is_last: bool) -> Iterator[RawBlock]:
        data = self._pending + block
        if self.names is None:
            data = self._take_header(data, is_last)
            if self.names is None:
                self._pending = data
                return
        end = find_record_end(data, self._dialect.delimiter, self._dialect.quote, is_last=is_last)
        if end is not None:
            self._pending = data[end:]
            if end:
                yield self._parse(data[:end])
            return
        cut = self._cut(data, is_last)
        self._pending = data[cut.byte_count :]
        yield self._assemble(cut)

    def _take_header(self, data: bytes, is_last: bool) -> bytes:
        """Skip the preamble and read the header record; returns what follows it."""
        while self._line < self._dialect.header_row:
            end = data.find(b"\n") + 1
            if not end:
                return b"" if is_last else data
            data = data[end:]
            self._line += 1
        cut = cut_records(
            data, self._dialect.delimiter, self._dialect.quote, is_last=is_last, limit=1
        )
        if not cut.records:
            return data
        header = cut.records[0]
        if header.fault or not any(cell.strip() for cell in header.cells):
            raise BadInput(
                f"{self._position}, line {self._line}: no column names there. Correct header_row "
                "or the quotes of that line."
            )
        self.names = tuple(header.cells)
        self._line += cut.line_count
        return data[cut.byte_count :]

    def _cut(self, data: bytes, is_last: bool) -> Cut:
        return cut_records(data, self._dialect.delimiter, self._dialect.quote, is_last=is_last)

    def _parse(self, block: bytes) -> RawBlock:
        fast = self._parse_fast(block)
        if fast is not None:
            return fast
        return self._assemble(self._cut(block, is_last=True))

    def _parse_fast(self, block: bytes) -> RawBlock | None:
        assert self.names is not None
        if len(self.names) == 1 or _has_lone_cr(block):
            return None
        has_faults = False

        def note_fault(_: object) -> str:
            nonlocal has_faults
            has_faults = True
            return "skip"

        keys = [str(place) for place in range(len(self.names))]
        quote = self._dialect.quote
        try:
            table = pacsv.read_csv(
                pa.BufferReader(block),
                pacsv.ReadOptions(column_names=keys, block_size=len(block) + 1),
                pacsv.ParseOptions(
                    delimiter=self._dialect.delimiter,
                    quote_char=quote or False,
                    newlines_in_values=bool(quote) and b'"' in block,
                    invalid_row_handler=note_fault,
                ),
                pacsv.ConvertOptions(
                    column_types=dict.fromkeys(keys, pa.string()),
                    strings_can_be_null=False,
                    check_utf8=False,
                ),
            )
        except pa.ArrowInvalid:
            return None
        line_ends = count_line_feeds(block) + (not block.endswith(b"\n"))
        if has_faults or table.num_rows == 0:
            return None
        columns = tuple(column.combine_chunks() for column in table.columns)
        lines = self._number_lines(columns, table.num_rows, line_ends)
        if lines is None:
            return None
        self._line += line_ends
        return self._block(columns, lines)

    def _number_lines(
        self, columns: Sequence[pa.Array], rows: int, line_ends: int
    ) -> np.ndarray | None:
        spans = np.ones(rows, dtype=np.int64)
        if rows != line_ends:
            for column in columns:
                spans += pc.count_substring(column, "\n").to_numpy(zero_copy_only=False)
            if int(spans.sum()) != line_ends:
                return None
        return self._line + np.concatenate(([0], np.cumsum(spans)[:-1]))

    def _assemble(self, cut: Cut) -> RawBlock:
        """Columns of records cut one by one; those of a wrong width are rejected."""
        assert self.names is not None
        width = len(self.names)
        good: list[Record] = []
        rejected: list[Rejected] = []
        for record in cut.records:
            if record.fault:
                rejected.append(self._reject(record, *record.fault))
            elif len(record.cells) == width:
                good.append(record)
            elif any(cell.strip() for cell in record.cells):
                reason = f"{len(record.cells)} cells where the header has {width}"
                rejected.append(self._reject(record, "wrong_field_count", reason))
        cells = zip(*(record.cells for record in good), strict=True) if good else [[]] * width
        columns = tuple(pa.array(column, pa.string()) for column in cells)
        lines = np.array([self._line + record.offset for record in good], dtype=np.int64)
        self._line += cut.line_count
        return self._block(columns, lines, tuple(rejected))

    def _reject(self, record: Record, code: str, reason: str) -> Rejected:
        line = self._line + record.offset
        return Rejected(self._position, line, code, reason, self._spell(record.cells))

    def _block(
        self, columns: tuple[pa.Array, ...], lines: np.ndarray, rejected: tuple[Rejected, ...] = ()
    ) -> RawBlock:
        assert self.names is not None
        return RawBlock(
            self.names,
            columns,
            lines,
            lambda row: self._spell([column[row].as_py() for column in columns]),
            rejected,
        )

    def _spell(self, cells: Sequence[str]) -> str:
        out = io.StringIO()
        csv.writer(out, delimiter=self._dialect.delimiter, lineterminator="").writerow(cells)
        return out.getvalue()


def _has_lone_cr(block: bytes) -> bool:
    if b"\r" not in block:
        return False
    places = np.flatnonzero(np.frombuffer(block, np.uint8) == ord("\r"))
    followers = np.frombuffer(block + b"\0", np.uint8)[places + 1]
    return bool(np.any(followers != ord("\n")))
