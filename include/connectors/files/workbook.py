"""XLSX → text columns, cells by their own type and not by how they look.

Numbers are spelled with at most 15 digits (Excel's own precision), whole ones without ``.0``; days
and times in ISO 8601; formulas give the value Excel last computed. Rows without any value are no
rows. A row's number is the one Excel shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, BinaryIO

import numpy as np
import openpyxl
import pyarrow as pa

from include.connectors.files.blocks import RawBlock
from include.connectors.files.yaml_nodes import suggest
from include.connectors.protocol import BadInput, Rejected

BLOCK_ROWS = 5_000
_Row = tuple[int, list[str | None]]


def read_workbook(
    stream: BinaryIO, sheet: str | None, header_row: int, has_decimal_comma: bool, position: str
) -> Iterator[RawBlock]:
    """Stream one sheet, the first one when none is named; raises ``BadInput``."""
    rows = _numbered_rows(stream, sheet, has_decimal_comma, position)
    header = next((cells for number, cells in rows if number == header_row), None)
    names = [" ".join((cell or "").split()) for cell in header or ()]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise BadInput(
            f"{position} has no column names in row {header_row}. Correct header_row or sheet in "
            "the mapping."
        )
    while block := list(islice(rows, BLOCK_ROWS)):
        yield _assemble(tuple(names), block, position)


def _numbered_rows(
    stream: BinaryIO, sheet: str | None, has_decimal_comma: bool, position: str
) -> Iterator[_Row]:
    """Every row that has a value, with its number."""
    try:
        book = openpyxl.load_workbook(stream, read_only=True, data_only=True, keep_links=False)
        names = list(book.sheetnames)
        if sheet is not None and sheet not in names:
            raise BadInput(
                f"{position}: there is no sheet {sheet!r}; the workbook has "
                f"{', '.join(map(repr, names))}.{suggest(sheet, names)}"
            )
        page = book[sheet] if sheet is not None else book.worksheets[0]
        # Some exporters state wrong dimensions, which would hide rows and columns.
        page.reset_dimensions()
        for number, row in enumerate(page.iter_rows(values_only=True), start=1):
            cells = [_spell(value, has_decimal_comma) for value in row]
            if any(cells):
                yield number, cells
    except BadInput:
        raise
    except Exception as error:  # openpyxl lets through whatever its zip and XML parsers met
        raise BadInput(
            f"{position} cannot be read as a workbook ({type(error).__name__}). Open it in a "
            "spreadsheet program and save it again as .xlsx without a password."
        ) from None


def _spell(value: Any, has_decimal_comma: bool) -> str | None:
    if value is None:
        return None
    if isinstance(value, str):
        # A lone surrogate cannot be stored as UTF-8.
        return value.strip().encode("utf-8", "replace").decode() or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return spell_number(value, has_decimal_comma)
    if isinstance(value, datetime):
        return _spell_instant(value)
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return spell_number(value.total_seconds(), has_decimal_comma)
    return str(value)


def spell_number(value: float, has_decimal_comma: bool) -> str:
    """A number as the mapping's file would write it."""
    if isinstance(value, int):
        return str(value)
    plain = format(Decimal(format(value, ".15g")), "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return plain.replace(".", ",") if has_decimal_comma else plain


def _spell_instant(value: datetime) -> str:
    # Excel keeps a fraction of a day: 10:15:30 comes back as 10:15:29.999997.
    rounded = value + timedelta(microseconds=500)
    return rounded.replace(microsecond=rounded.microsecond // 1000 * 1000).isoformat(" ")


def _assemble(names: tuple[str, ...], block: Sequence[_Row], position: str) -> RawBlock:
    width = len(names)
    good: list[_Row] = []
    rejected: list[Rejected] = []
    for number, cells in block:
        if any(cells[width:]):
            reason = f"values to the right of the {width} named columns"
            raw = _spell_row(cells)
            rejected.append(Rejected(position, number, "wrong_field_count", reason, raw))
        else:
            good.append((number, (cells + [None] * width)[:width]))
    columns = tuple(
        pa.array([cells[place] for _, cells in good], pa.string()) for place in range(width)
    )
    lines = np.array([number for number, _ in good], dtype=np.int64)
    return RawBlock(names, columns, lines, lambda row: _spell_row(good[row][1]), tuple(rejected))


def _spell_row(cells: Sequence[str | None]) -> str:
    return json.dumps(cells, ensure_ascii=False)
