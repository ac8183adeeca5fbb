"""Raw text blocks → record batches of the entity's schema, bad rows set aside.

Conserves rows: every record of a block is yielded or rejected, except records whose cells are all
empty, which are no rows. A reason names columns and formats, never the value: values may be
personal and belong to ``raw`` alone.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.connectors.files.blocks import RawBlock
from include.connectors.files.cells import Spelling, Typed, clean_text, convert, replace_words
from include.connectors.files.entities import STATUSES, VAT_BASES
from include.connectors.files.extra_map import build_extra
from include.connectors.files.header import Header
from include.connectors.files.mapping import ColumnRule, FileMapping
from include.connectors.protocol import BadInput, Batch, Rejected


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
        faults: list[tuple[Typed, str, str | None]] = []
        for name in self._mapping.entity.schema.names:
            rule = self._mapping.columns.get(name)
            place = header.place_of.get(name)
            if rule is None or name in self._fixed or (rule.const is None and place is None):
                continue
            typed = self._type_column(rule, cells, place, len(block.lines))
            columns[name] = typed.values
            missing = self._find_missing(name, typed)
            faults += [
                (item, name, rule.source)
                for item in (typed, missing)
                if item is not None and item.bad is not None and item.bad.any()
            ]
        is_bad = np.zeros(len(block.lines), dtype=bool)
        for typed, _, _ in faults:
            is_bad |= typed.bad
        rejected = self._reject(block, cells, faults, is_bad) if faults else ()
        columns["extra"] = build_extra(
            header.extra_names, [cells.clean(place) for place in header.extra_places], len(is_bad)
        )
        columns["line_number"] = pa.array(block.lines.astype(np.uint64))
        rows = self._finish(columns, len(is_bad), is_bad if faults else None)
        return Batch(rows if rows.num_rows else None, block.rejected + rejected)

    def _type_column(self, rule: ColumnRule, cells: _Cells, place: int | None, rows: int) -> Typed:
        field = self._mapping.entity.schema.field(rule.name)
        if rule.const is not None:
            # One cell is typed and repeated: a constant may be any column's.
            one = convert(pa.array([rule.const], pa.string()), field.type, self._spelling)
            if one.bad is not None:
                raise BadInput(
                    f"{self._mapping.path}:{rule.line}: the constant of {rule.name} is "
                    f"{one.reason}. Correct it."
                )
            return Typed(pc.take(one.values, pa.array(np.zeros(rows, dtype=np.int64))))
        assert place is not None
        column = cells.clean(place)
        if rule.name == "status":
            words = rule.values or {word: word for word in STATUSES}
            return replace_words(column, words, strict=True)._replace(code="unknown_status")
        if rule.values:
            column = replace_words(column, rule.values, strict=False).values
        if rule.name == "vat_basis":
            words = {word: word for word in VAT_BASES}
            return replace_words(column, words, strict=True)._replace(code="unknown_vat_basis")
        if rule.name == "currency_code":
            column = pc.utf8_upper(column)
            is_code = pc.match_substring_regex(column, "^[A-Z]{3}$")
            bad = pc.invert(is_code).fill_null(False).to_numpy(zero_copy_only=False)
            return Typed(column, bad, "bad_currency", "not a currency code of three letters")
        return convert(column, field.type, self._spelling)

    def _find_missing(self, name: str, typed: Typed) -> Typed | None:
        if self._mapping.entity.schema.field(name).nullable or not typed.values.null_count:
            return None
        empty = typed.values.is_null().to_numpy(zero_copy_only=False)
        if typed.bad is not None:
            empty &= ~typed.bad
        return Typed(typed.values, empty, "missing_required", "empty, and every row needs it")

    def _reject(
        self,
        block: RawBlock,
        cells: _Cells,
        faults: list[tuple[Typed, str, str | None]],
        is_bad: np.ndarray,
    ) -> tuple[Rejected, ...]:
        rejected = []
        for row in np.flatnonzero(is_bad).tolist():
            if cells.is_blank(row):
                continue
            mine = [item for item in faults if item[0].bad[row]]
            reason = "; ".join(
                f"column {source!r} ({name}): {typed.reason}" for typed, name, source in mine
            )
            line = int(block.lines[row])
            code = mine[0][0].code
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
