"""Parquet → text columns, so that one set of typing rules serves every format.

Instants with a zone are spelled in UTC with an offset; without one they are in the mapping's zone.
Nested values become JSON text. A row's number is its place in the file, from 1.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.connectors.files.blocks import RawBlock
from include.connectors.files.workbook import spell_number
from include.connectors.protocol import BadInput

BLOCK_ROWS = 65_536


def read_parquet(stream: BinaryIO, has_decimal_comma: bool, position: str) -> Iterator[RawBlock]:
    """Stream a Parquet file; raises ``BadInput`` when it is not one or is cut short."""
    line = 1
    try:
        file = pq.ParquetFile(stream)
        if not file.schema_arrow.names:
            raise BadInput(f"{position} has no columns.")
        names = tuple(file.schema_arrow.names)
        batches = file.iter_batches(batch_size=BLOCK_ROWS)
        # An empty file still has its header checked.
        for batch in batches if file.metadata.num_rows else [file.schema_arrow.empty_table()]:
            columns = tuple(_to_text(column, has_decimal_comma) for column in batch.columns)
            lines = np.arange(line, line + batch.num_rows, dtype=np.int64)
            line += batch.num_rows
            yield RawBlock(names, columns, lines, _RowSpeller(names, columns))
    except (pa.ArrowException, OSError) as error:
        raise BadInput(
            f"{position} cannot be read as Parquet ({type(error).__name__}). Deliver it again, "
            "whole and without encryption."
        ) from None


class _RowSpeller:
    def __init__(self, names: tuple[str, ...], columns: tuple[pa.Array, ...]) -> None:
        self._names = names
        self._columns = columns

    def __call__(self, row: int) -> str:
        cells = [column[row].as_py() for column in self._columns]
        return json.dumps(dict(zip(self._names, cells, strict=True)), ensure_ascii=False)


def _to_text(column: pa.Array | pa.ChunkedArray, has_decimal_comma: bool) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _to_text(column.dictionary_decode(), has_decimal_comma)
    if pa.types.is_floating(kind):
        return _spell_floats(column, has_decimal_comma)
    if pa.types.is_decimal(kind):
        text = pc.cast(column, pa.string())
        return pc.replace_substring(text, ".", ",") if has_decimal_comma else text
    if pa.types.is_timestamp(kind):
        return _spell_instants(column, has_zone=kind.tz is not None)
    if pa.types.is_nested(kind) or pa.types.is_duration(kind):
        return pa.array(
            [
                None if cell is None else json.dumps(cell, ensure_ascii=False, default=str)
                for cell in column.to_pylist()
            ],
            pa.string(),
        )
    return pc.cast(column, pa.string())


def _spell_floats(column: pa.Array, has_decimal_comma: bool) -> pa.Array:
    values = pc.unique(column)
    finite = [
        None if value is None or value != value else spell_float(value, has_decimal_comma)
        for value in values.to_pylist()
    ]
    return pc.take(pa.array(finite, pa.string()), pc.index_in(column, values))


def spell_float(value: float, has_decimal_comma: bool) -> str:
    """A float's text; infinities stay words that no rule accepts."""
    if value in (float("inf"), float("-inf")):
        return str(value)
    return spell_number(value, has_decimal_comma)


def _spell_instants(column: pa.Array, *, has_zone: bool) -> pa.Array:
    # A cast to microseconds may drop nanoseconds; nothing here keeps them.
    plain = pc.cast(column, pa.timestamp("us", column.type.tz), safe=False)
    if not has_zone:
        return pc.cast(plain, pa.string())
    naive = pc.cast(pc.cast(plain, pa.timestamp("us", "UTC")), pa.timestamp("us"))
    return pc.binary_join_element_wise(pc.cast(naive, pa.string()), "Z", "")
