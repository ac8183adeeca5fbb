"""Turns one part of a log into record batches without a Python object per row, and proves it whole.

The proof is the vendor's own size of the part: as many bytes must have come. A tab or a line break
in free text breaks its row; broken lines are put together again where their quotes allow it, else
rejected with their text, never shifted into wrong columns.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pa_csv

from include.connectors.protocol import Batch, IncompleteAnswer, Rejected, RequestRefused
from include.connectors.yandex_metrica.cells import Decoder
from include.connectors.yandex_metrica.fields import LogColumn

BLOCK_BYTES = 4 << 20
HEADER_LINES = 1
UNFIT = (pa.ArrowException, ValueError, OverflowError)
Finish = Callable[[pa.RecordBatch], pa.RecordBatch]


class Blocks:
    """The lines of a body in blocks of whole lines; counts the bytes that have come.

    Arrow's own streaming reader keeps some thirty blocks ahead of its caller: too much here, where
    a row has seventy cells.
    """

    def __init__(self, body: BinaryIO) -> None:
        self._body = body
        self._rest = b""
        self.bytes_read = 0

    def read_line(self) -> bytes:
        """The first line without its end; all there is when there is no second one."""
        while b"\n" not in self._rest and self._fill():
            pass
        line, _, self._rest = self._rest.partition(b"\n")
        return line

    def __iter__(self) -> Iterator[bytes]:
        """Blocks, each ending with a line; the last one as the body ends."""
        while self._fill():
            cut = self._rest.rfind(b"\n") + 1
            if cut and len(self._rest) >= BLOCK_BYTES:
                block, self._rest = self._rest[:cut], self._rest[cut:]
                yield block
        if self._rest:
            yield self._rest

    def _fill(self) -> bool:
        data = self._body.read(BLOCK_BYTES)
        self.bytes_read += len(data)
        self._rest += data
        return bool(data)


class LogPart:
    """One part, read once. ``name`` is shown in messages and as the position of rejected rows."""

    def __init__(
        self, name: str, fields: Sequence[str], columns: Sequence[LogColumn], decoder: Decoder
    ) -> None:
        self._name = name
        self._fields = list(fields)
        self._columns = columns
        self._decoder = decoder
        self._records = 0
        self._odd_lines: list[int] = []
        self._fragments: list[tuple[int, pa_csv.InvalidRow]] = []
        self._lines_before = HEADER_LINES
        self._mended: list[list[str]] = []
        self._waiting: list[Rejected] = []

    def read(self, body: BinaryIO, size: int | None, finish: Finish) -> Iterator[Batch]:
        """Batches of typed log columns, each completed by ``finish``.

        Raises :class:`IncompleteAnswer` unless the part has ``size`` bytes (None: the vendor has
        not said), and :class:`RequestRefused` if its header is not what was asked for.
        """
        blocks = Blocks(body)
        self._require_header(blocks, size)
        for block in blocks:
            yield from self._type_batch(self._parse(block), finish)
        self._close_fragments()
        yield from self._type_batch(None, finish)
        self._prove_size(blocks.bytes_read, size)

    def _require_header(self, blocks: Blocks, size: int | None) -> None:
        """Other names than asked for: cut short, a proxy's page, or a changed API."""
        found = blocks.read_line().decode("utf-8", "replace").split("\t")
        if found == self._fields:
            return
        for _ in blocks:
            pass
        self._prove_size(blocks.bytes_read, size)
        missing = sorted(set(self._fields) - set(found))
        added = sorted(set(found) - set(self._fields))
        raise RequestRefused(
            f"{self._name} has other fields than asked for: missing {missing}, unknown {added}; "
            "the API has changed, adapt the columns of yandex_metrica"
        )

    def _prove_size(self, found: int, size: int | None) -> None:
        if size is not None and found != size:
            raise IncompleteAnswer(
                f"{self._name} is {size} bytes long, but {found} came; the body was cut, ask again"
            )

    def _parse(self, block: bytes) -> list[pa.Array]:
        """The cells of a block by column, as bytes; odd lines are set aside."""
        try:
            table = pa_csv.read_csv(
                pa.BufferReader(block),
                read_options=pa_csv.ReadOptions(
                    use_threads=False, column_names=self._fields, block_size=len(block) + 1
                ),
                parse_options=pa_csv.ParseOptions(
                    delimiter="\t",
                    quote_char=False,
                    ignore_empty_lines=False,
                    invalid_row_handler=self._note_odd_line,
                ),
                convert_options=pa_csv.ConvertOptions(
                    column_types={name: pa.binary() for name in self._fields},
                    strings_can_be_null=False,
                ),
            )
        except pa.ArrowInvalid as failure:
            trouble = str(failure).partition(":")[0]
        else:
            self._lines_before += block.count(b"\n")
            return [column.combine_chunks() for column in table.columns]
        raise IncompleteAnswer(f"{self._name} cannot be read as a table ({trouble}); ask again")

    def _note_odd_line(self, row: pa_csv.InvalidRow) -> str:
        """Called by the parser for a line with a wrong number of cells."""
        number = self._lines_before + (row.number or 0)
        self._odd_lines.append(number)
        if self._fragments and self._fragments[-1][0] != number - 1:
            self._close_fragments()
        self._fragments.append((number, row))
        cells = sum(f.actual_columns for _, f in self._fragments) - len(self._fragments) + 1
        if cells >= row.expected_columns:
            self._close_fragments()
        return "skip"

    def _close_fragments(self) -> None:
        """Lines that together make one record become a mended row, or one rejected row."""
        if not self._fragments:
            return
        (number, first), pieces = self._fragments[0], len(self._fragments)
        raw = "\n".join(fragment.text for _, fragment in self._fragments)
        self._fragments.clear()
        records = list(csv.reader(io.StringIO(raw, newline=""), delimiter="\t"))
        if len(records) == 1 and len(records[0]) == len(self._fields) and '"' in raw:
            self._mended.append(records[0])
            return
        if pieces > 1:
            code, reason = "line_break_in_value", f"the record is broken over {pieces} lines"
        else:
            code = "wrong_column_count"
            reason = f"{first.actual_columns} cells instead of {first.expected_columns}"
        self._waiting.append(Rejected(self._name, number, code, reason, raw))

    def _type_batch(self, raw: list[pa.Array] | None, finish: Finish) -> Iterator[Batch]:
        """The rows of a block, and those mended meanwhile."""
        blocks = [raw] if raw and len(raw[0]) else []
        if self._mended:
            mended = zip(*self._mended, strict=True)
            blocks.append([pa.array(map(str.encode, column), pa.binary()) for column in mended])
            self._mended = []
        for cells in blocks:
            typed = self._type_rows(cells, len(cells[0]))
            if typed.num_rows:
                yield Batch(finish(typed), self._take_rejected())
        if self._waiting:
            yield Batch(None, self._take_rejected())

    def _take_rejected(self) -> tuple[Rejected, ...]:
        taken = tuple(self._waiting)
        self._waiting.clear()
        return taken

    def _type_rows(self, cells: list[pa.Array], rows: int) -> pa.RecordBatch:
        """Decode every column; rows that do not decode go to the rejected ones."""
        first_record = self._records
        self._records += rows
        names = [column.column for column in self._columns]
        try:
            return pa.RecordBatch.from_arrays(self._decode(cells), names=names)
        except UNFIT:
            pass
        bad: dict[int, str] = {}
        for place, column in enumerate(self._columns):
            for row in self._bad_rows(cells[place], column):
                bad.setdefault(row, f"{column.field} is no {column.type}")
        for row, reason in sorted(bad.items()):
            text = "\t".join(_show(column[row].as_py()) for column in cells)
            line = self._line_of(first_record + row)
            self._waiting.append(Rejected(self._name, line, "wrong_type", reason, text))
        good = pa.array([row not in bad for row in range(rows)], pa.bool_())
        kept = [column.filter(good) for column in cells]
        return pa.RecordBatch.from_arrays(self._decode(kept), names=names)

    def _decode(self, cells: Sequence[pa.Array]) -> list[pa.Array]:
        return [
            self._decoder.decode(each, column)
            for each, column in zip(cells, self._columns, strict=True)
        ]

    def _bad_rows(self, cells: pa.Array, column: LogColumn) -> list[int]:
        """Rows whose cell does not decode; halved again and again, as only odd blocks come here."""
        try:
            self._decoder.decode(cells, column)
        except UNFIT:
            if len(cells) == 1:
                return [0]
            half = len(cells) // 2
            left, right = cells.slice(0, half), cells.slice(half)
            found = self._bad_rows(left, column)
            return found + [half + row for row in self._bad_rows(right, column)]
        return []

    def _line_of(self, record: int) -> int:
        """Physical line of the record with this 0-based number among well-formed ones."""
        line = HEADER_LINES + 1 + record
        for odd in self._odd_lines:
            if odd > line:
                break
            line += 1
        return line


def _show(cell: bytes | str) -> str:
    return cell if isinstance(cell, str) else cell.decode("utf-8", "replace")
