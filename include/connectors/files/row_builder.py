"""Raw text blocks → record batches of the entity's schema, bad rows set aside.

Conserves rows: every record of a block is yielded or rejected, except records whose cells are all
empty, which are no rows. A reason names columns and formats, never the value: values may be
personal and belong to ``raw`` alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.connectors.files.blocks import RawBlock
from include.connectors.files.cells import (
    Spelling,
    Typed,
    choose_filled,
    clean_text,
    convert,
    replace_words,
)
from include.connectors.files.column_rule import ColumnRule
from include.connectors.files.entities.columns import CURRENCY
from include.connectors.files.extra_map import build_extra
from include.connectors.files.header import Header
from include.connectors.files.mapping import FileMapping
from include.connectors.protocol import BadInput, Batch, Rejected


class _Fault(NamedTuple):
    """Rows of one column that do not fit; ``where`` names it for a reason."""

    typed: Typed
    where: str


class RowBuilder:
    """Types the blocks of one file."""

    def __init__(
        self, mapping: FileMapping, account_id: str, file_name: str, position: str
    ) -> None:
        self._mapping = mapping
        self._fixed = {"account_id": account_id, "file_name": file_name}
        self._position = position
        self._spelling = Spelling(
            has_decimal_comma=mapping.decimal == "comma",
            thousands=mapping.thousands,
            date_formats=mapping.date_formats,
            datetime_formats=mapping.datetime_formats,
            time_zone=mapping.time_zone,
        )

    def build(self, block: RawBlock, header: Header) -> Batch:
        """Type one block."""
        if not len(block.lines):
            return Batch(None, block.rejected)
        cells = _Cells(block, self._mapping.null_values)
        columns: dict[str, pa.Array] = {}
        faults: list[_Fault] = []
        for name in self._mapping.entity.schema.names:
            rule = self._mapping.columns.get(name)
            places = header.places_of.get(name, ())
            if rule is None or name in self._fixed or (rule.const is None and not places):
                continue
            text = self._choose_text(rule, cells, places)
            typed = self._type_column(rule, text.values, len(block.lines))
            columns[name] = typed.values
            where = f"column {rule.source_label} ({name})"
            for item in (text, typed, self._find_missing(name, text, typed)):
                if item is not None and item.bad is not None and item.bad.any():
                    faults.append(_Fault(item, where))
        faults += self._find_all_missing(columns, faults)
        is_bad = np.zeros(len(block.lines), dtype=bool)
        for fault in faults:
            is_bad |= fault.typed.bad
        rejected = self._reject(block, cells, faults, is_bad) if faults else ()
        columns["extra"] = build_extra(
            header.extra_names, [cells.clean(place) for place in header.extra_places], len(is_bad)
        )
        columns["line_number"] = pa.array(block.lines.astype(np.uint64))
        rows = self._finish(columns, len(is_bad), is_bad if faults else None)
        return Batch(rows if rows.num_rows else None, block.rejected + rejected)

    @staticmethod
    def _choose_text(rule: ColumnRule, cells: _Cells, places: tuple[int, ...]) -> Typed:
        """The column's text as the file has it; of a constant, nothing."""
        if not places:
            return Typed(pa.nulls(0, pa.string()))
        texts = [cells.clean(place) for place in places]
        return choose_filled(texts, tuple(rule.either.values())) if rule.either else Typed(texts[0])

    def _type_column(self, rule: ColumnRule, text: pa.Array, rows: int) -> Typed:
        column = self._mapping.entity.columns[rule.name]
        if rule.const is not None:
            # One cell is typed and repeated: a constant may be any column's.
            one = convert(pa.array([rule.const], pa.string()), column.kind, self._spelling)
            if one.bad is not None:
                raise BadInput(
                    f"{self._mapping.path}:{rule.line}: the constant of {rule.name} is "
                    f"{one.reason}. Correct it."
                )
            return Typed(pc.take(one.values, pa.array(np.zeros(rows, dtype=np.int64))))
        if column.words:
            words = rule.values or {word: word for word in column.words}
            return replace_words(text, words, strict=True)._replace(code=f"unknown_{rule.name}")
        if rule.values:
            text = replace_words(text, rule.values, strict=False).values
        if rule.name == CURRENCY.name:
            text = pc.utf8_upper(text)
            is_code = pc.match_substring_regex(text, "^[A-Z]{3}$")
            bad = pc.invert(is_code).fill_null(False).to_numpy(zero_copy_only=False)
            return Typed(text, bad, "bad_currency", "not a currency code of three letters")
        return convert(text, column.kind, self._spelling)

    def _find_missing(self, name: str, text: Typed, typed: Typed) -> Typed | None:
        if self._mapping.entity.schema.field(name).nullable or not typed.values.null_count:
            return None
        empty = typed.values.is_null().to_numpy(zero_copy_only=False)
        for known in (text, typed):
            if known.bad is not None:
                empty &= ~known.bad
        return Typed(typed.values, empty, "missing_required", "empty, and every row needs it")

    def _find_all_missing(
        self, columns: dict[str, pa.Array], faults: list[_Fault]
    ) -> Iterator[_Fault]:
        """Rows that leave all columns of a group empty, unless they are bad already."""
        for group in self._mapping.entity.one_of:
            values = [columns[name] for name in group if name in columns]
            # A file may lack every column of the group when all of them are optional.
            if not values:
                values = [pa.nulls(len(next(iter(columns.values()))), pa.string())]
            empty = np.logical_and.reduce(
                [value.is_null().to_numpy(zero_copy_only=False) for value in values]
            )
            for fault in faults:
                empty &= ~fault.typed.bad
            if empty.any():
                reason = "all empty, and every row needs one of them"
                typed = Typed(values[0], empty, "missing_required", reason)
                yield _Fault(typed, f"columns {', '.join(group)}")

    def _reject(
        self,
        block: RawBlock,
        cells: _Cells,
        faults: list[_Fault],
        is_bad: np.ndarray,
    ) -> tuple[Rejected, ...]:
        rejected = []
        for row in np.flatnonzero(is_bad).tolist():
            if cells.is_blank(row):
                continue
            mine = [fault for fault in faults if fault.typed.bad[row]]
            reason = "; ".join(f"{fault.where}: {fault.typed.reason}" for fault in mine)
            line = int(block.lines[row])
            code = mine[0].typed.code
            rejected.append(Rejected(self._position, line, code, reason, block.raw_row(row)))
        return tuple(rejected)

    def _finish(
        self, columns: dict[str, pa.Array], rows: int, is_bad: np.ndarray | None
    ) -> pa.RecordBatch:
        schema = self._mapping.entity.schema
        arrays = []
        for field in schema:
            if field.name in self._fixed:
                text = pa.scalar(self._fixed[field.name], pa.string())
                arrays.append(pa.repeat(text, rows))
            elif field.name in columns:
                arrays.append(columns[field.name])
            else:
                arrays.append(pa.nulls(rows, field.type))
        if is_bad is not None:
            keep = pa.array(~is_bad)
            arrays = [array.filter(keep) for array in arrays]
        return pa.RecordBatch.from_arrays(arrays, schema=schema)


class _Cells:
    """Cleaned columns of one block, each cleaned once."""

    def __init__(self, block: RawBlock, null_values: tuple[str, ...]) -> None:
        self._block = block
        self._null_values = null_values
        self._done: dict[int, pa.Array] = {}

    def clean(self, place: int) -> pa.Array:
        if place not in self._done:
            self._done[place] = clean_text(self._block.columns[place], self._null_values)
        return self._done[place]

    def is_blank(self, row: int) -> bool:
        return not any((column[row].as_py() or "").strip() for column in self._block.columns)
