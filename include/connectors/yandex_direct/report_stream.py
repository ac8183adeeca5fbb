"""Turns a Reports body into record batches without a Python object per row, and proves it whole.

The proof is the vendor's own last line, ``Total rows: N``: N must equal rows kept plus rows
rejected. A tab in a name makes a row too long, a line break cuts it in two; such rows are rejected
with their line, never shifted into wrong columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pa_csv

from include.connectors.protocol import Batch, IncompleteAnswer, Rejected, RequestRefused
from include.connectors.yandex_direct.compiled_rows import CompiledRows
from include.connectors.yandex_direct.line_blocks import line_blocks
from include.connectors.yandex_direct.schema import REPORT_COLUMNS, ReportColumn

PARSED_BYTES = 1 << 19
COMPILED_FROM_BYTES = 16 << 20
"""Shorter reports are read before the compiled pass would be at hand."""
LAST_ROW = 1_000_000
HEADER_LINES = 1
NO_VALUE = "--"
SUMMARY = re.compile(r"^Total rows:\s*(\d+)\s*$")


class ReportStream:
    """One report body of the given columns, read once."""

    def __init__(self, name: str, columns: Sequence[ReportColumn] = REPORT_COLUMNS) -> None:
        self._name = name
        self._columns = columns
        self.rows_kept = 0
        self.rows_rejected = 0
        self.total_said: int | None = None
        self._bytes = 0
        self._lines = 0
        self._records = 0
        self._odd_lines: list[int] = []
        self._fragments: list[pa_csv.InvalidRow] = []
        self._waiting: list[Rejected] = []

    @property
    def is_silent(self) -> bool:
        """No row and no summary line: an empty report, or one cut after its column line."""
        return self.rows_kept + self.rows_rejected == 0 and self.total_said is None

    @property
    def is_cut(self) -> bool:
        """Exactly as many rows as the vendor gives at most: more may have followed."""
        return self.rows_kept + self.rows_rejected == LAST_ROW

    def read(
        self, body: BinaryIO, finish: Callable[[pa.RecordBatch], pa.RecordBatch]
    ) -> Iterator[Batch]:
        """Batches of typed report columns, each completed by ``finish``.

        Raises :class:`IncompleteAnswer` if the rows do not add up to what the vendor says, and
        :class:`RequestRefused` if the column line is not the one asked for.
        """
        for block in line_blocks(body):
            for typed in self._type_block(block):
                self.rows_kept += typed.num_rows
                yield Batch(finish(typed), self._take_rejected())
        if not self._lines:
            raise IncompleteAnswer(
                f"report {self._name} came without even its column line; ask again"
            )
        self._close_fragments()
        rest = self._take_rejected()
        if rest:
            yield Batch(None, rest)
        self._prove_complete()

    def _type_block(self, block: bytearray) -> Iterator[pa.RecordBatch]:
        """Rows of one block, by the compiled pass where that will do."""
        self._bytes += len(block)
        is_long = self._bytes >= COMPILED_FROM_BYTES
        compiled = CompiledRows.make(self._columns, is_long) if self._lines else None
        typed = compiled.read(block) if compiled is not None else None
        if typed is not None:
            self._lines += typed.num_rows
            yield typed
            return
        self._records = 0
        self._odd_lines.clear()
        is_first = not self._lines
        if is_first and b"\n" not in block:
            return
        for raw in self._raw_batches(block, is_first):
            yield self._type_rows(raw)
        self._lines += is_first + self._records + len(self._odd_lines)

    def _open(self, block: bytearray, is_first: bool) -> pa_csv.CSVStreamingReader:
        columns = {c.field: pa.binary() for c in self._columns}
        reader = pa_csv.open_csv(
            pa.BufferReader(pa.py_buffer(block)),
            read_options=pa_csv.ReadOptions(
                use_threads=False,
                block_size=PARSED_BYTES,
                column_names=None if is_first else list(columns),
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter="\t",
                quote_char=False,
                ignore_empty_lines=False,
                invalid_row_handler=self._note_odd_line,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=columns, null_values=[NO_VALUE], strings_can_be_null=True
            ),
        )
        if reader.schema.names != list(columns):
            missing = sorted(set(columns) - set(reader.schema.names))
            added = sorted(set(reader.schema.names) - set(columns))
            raise RequestRefused(
                f"report {self._name} has other columns than asked for: missing {missing}, "
                f"unknown {added}; the API has changed, adapt the columns of its schema"
            )
        return reader

    def _raw_batches(self, block: bytearray, is_first: bool) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._open(block, is_first)
        except pa.ArrowInvalid as failure:
            trouble = str(failure).partition(":")[0]
        else:
            return
        raise IncompleteAnswer(
            f"report {self._name} cannot be read as a table ({trouble}); ask again"
        )

    def _note_odd_line(self, row: pa_csv.InvalidRow) -> str:
        """Called by the parser for a line with a wrong number of cells."""
        said = SUMMARY.match(row.text) if row.actual_columns == 1 else None
        if said is not None:
            self.total_said = int(said.group(1))
            return "skip"
        number = self._lines + (row.number or 0)
        row = row._replace(number=number)
        self._odd_lines.append(number)
        if self._fragments and self._fragments[-1].number != number - 1:
            self._close_fragments()
        self._fragments.append(row)
        cells = sum(f.actual_columns for f in self._fragments) - len(self._fragments) + 1
        if cells >= row.expected_columns:
            self._close_fragments()
        return "skip"

    def _close_fragments(self) -> None:
        """Lines that together make one record become one rejected row."""
        if not self._fragments:
            return
        first, pieces = self._fragments[0], len(self._fragments)
        if pieces > 1:
            code, reason = "line_break_in_value", f"the record is broken over {pieces} lines"
        else:
            code = "wrong_column_count"
            reason = f"{first.actual_columns} cells instead of {first.expected_columns}"
        raw = "\n".join(f.text for f in self._fragments)
        self._waiting.append(Rejected(self._name, first.number or 0, code, reason, raw))
        self._fragments.clear()

    def _take_rejected(self) -> tuple[Rejected, ...]:
        taken = tuple(self._waiting)
        self._waiting.clear()
        self.rows_rejected += len(taken)
        return taken

    def _line_of(self, record: int) -> int:
        """Physical line of a record by its 0-based number among the block's well-formed ones."""
        line = max(self._lines, HEADER_LINES) + 1 + record
        for odd in self._odd_lines:
            if odd > line:
                break
            line += 1
        return line

    def _type_rows(self, raw: pa.RecordBatch) -> pa.RecordBatch:
        """Cast every column; rows that do not cast go to the rejected ones."""
        first_record = self._records
        self._records += raw.num_rows
        try:
            arrays = [_cast(raw.column(i), c) for i, c in enumerate(self._columns)]
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            return self._type_good_rows(raw, first_record)
        return pa.RecordBatch.from_arrays(arrays, names=[c.column for c in self._columns])

    def _type_good_rows(self, raw: pa.RecordBatch, first_record: int) -> pa.RecordBatch:
        """The slow path of a batch that holds at least one bad value."""
        bad: dict[int, tuple[str, str]] = {}
        for place, column in enumerate(self._columns):
            for row in _bad_rows(raw.column(place), column):
                missing = not raw.column(place)[row].is_valid
                code = "missing_value" if missing else "wrong_type"
                reason = f"{column.field} {'is missing' if missing else f'is no {column.type}'}"
                bad.setdefault(row, (code, reason))
        for row, (code, reason) in sorted(bad.items()):
            cells = [raw.column(i)[row].as_py() for i in range(raw.num_columns)]
            text = "\t".join(
                NO_VALUE if cell is None else cell.decode("utf-8", "replace") for cell in cells
            )
            line = self._line_of(first_record + row)
            self._waiting.append(Rejected(self._name, line, code, reason, text))
        good = pa.array([row not in bad for row in range(raw.num_rows)], pa.bool_())
        kept = raw.filter(good)
        arrays = [_cast(kept.column(i), c) for i, c in enumerate(self._columns)]
        return pa.RecordBatch.from_arrays(arrays, names=[c.column for c in self._columns])

    def _prove_complete(self) -> None:
        seen = self.rows_kept + self.rows_rejected
        if self.total_said is None and seen > 0:
            raise IncompleteAnswer(
                f"report {self._name} ended after {seen} rows without its 'Total rows' line; "
                "the body was cut, ask again"
            )
        if self.total_said is not None and self.total_said != seen:
            raise IncompleteAnswer(
                f"report {self._name} says {self.total_said} rows but holds {seen}; ask again"
            )


def _cast(values: pa.Array, column: ReportColumn) -> pa.Array:
    """Text → the column's type; raises ArrowInvalid if any value is not one."""
    # A cast proves UTF-8; digits prove themselves when they become numbers.
    is_text = column.type == pa.string()
    text = values.cast(pa.string()) if is_text else values.view(pa.string())
    if values.null_count:
        if column.when_missing == "reject":
            raise pa.ArrowInvalid(f"{column.field} is missing")
        if column.when_missing == "empty":
            text = text.fill_null("")
        elif column.when_missing == "zero":
            text = text.fill_null("0")
    return text if is_text else text.cast(column.type)


def _bad_rows(values: pa.Array, column: ReportColumn) -> list[int]:
    """Indices of values that do not cast; tried one by one, as only odd batches come here."""
    try:
        _cast(values, column)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        if len(values) == 1:
            return [0]
        half = len(values) // 2
        left, right = values.slice(0, half), values.slice(half)
        return _bad_rows(left, column) + [half + i for i in _bad_rows(right, column)]
    return []
