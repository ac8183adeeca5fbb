"""Reads a file of aggregated paths, or a touch log, into the engine as text, column by column.

Nothing is converted here: ClickHouse reads numbers and instants, and names the row it cannot read.
Rows are counted as a spreadsheet counts them: the header is row 1.
"""

from __future__ import annotations

import contextlib
import csv
import gzip
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv
from pyarrow import parquet

PATH_COLUMNS: Mapping[str, bool] = {
    "path": True,
    "total_conversions": True,
    "total_conversion_value": False,
    "total_null": False,
}
"""Columns of aggregated paths, and whether one must be there."""
LOG_COLUMNS: Mapping[str, bool] = {
    "user_id": True,
    "touched_at": True,
    "channel": True,
    "converted": True,
    "value": False,
}
"""Columns of a touch log, and whether one must be there."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_QUOTED_ROW = re.compile(r"(Expected \d+ columns, got \d+): .*")
_DELIMITERS = (",", ";", "\t")


class CannotAttribute(Exception):
    """The file, or an option, cannot be used; one line says where, why and what to do."""


@dataclass(frozen=True)
class PathFile:
    """The file's text: a column ``row_number`` and the columns of its kind, absent ones empty."""

    table: pa.Table
    is_log: bool


def read_path_file(path: Path) -> PathFile:
    """Read CSV (also gzip, ``;`` or tab) or Parquet; raises :class:`CannotAttribute`."""
    try:
        content = path.read_bytes()
        if content.startswith(_GZIP):
            content = gzip.decompress(content)
        if not content.strip():
            raise CannotAttribute(f"{path}: the file is empty; give a header and rows")
        if content.startswith(_PARQUET):
            table = parquet.read_table(BytesIO(content))
        else:
            table = _read_csv(path, content.removeprefix(_BYTE_ORDER_MARK))
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or _first_line(error)
        raise CannotAttribute(f"{path}: {reason}; give a CSV or Parquet file") from None
    except UnicodeDecodeError:
        raise CannotAttribute(f"{path}: is not UTF-8 text; save it as CSV in UTF-8") from None
    except (pa.ArrowException, csv.Error, zlib.error) as error:
        # Arrow quotes the row it cannot read, whoever it is of.
        words = _QUOTED_ROW.sub(r"\1", _first_line(error))
        raise CannotAttribute(f"{path}: {words}; correct the file there") from None
    return _choose_columns(path, table)


def _read_csv(path: Path, content: bytes) -> pa.Table:
    content.decode("utf-8")
    header = content.lstrip(b"\r\n").splitlines()[0].decode("utf-8")
    if header.lower().startswith("sep="):
        raise CannotAttribute(f"{path}: row 1 is '{header}', a word to Excel; delete that line")
    delimiter = max(_DELIMITERS, key=header.count)
    names = next(csv.reader([header], delimiter=delimiter))
    return arrow_csv.read_csv(
        BytesIO(content + b"\n"),  # a header alone, without an end of line, is no block to Arrow
        # Arrow tells the row of an error on one thread only.
        read_options=arrow_csv.ReadOptions(use_threads=False, block_size=1 << 26),
        parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )


def _choose_columns(path: Path, table: pa.Table) -> PathFile:
    names = [name.strip() for name in table.column_names]
    is_log = _missing(names, LOG_COLUMNS) < _missing(names, PATH_COLUMNS)
    columns = LOG_COLUMNS if is_log else PATH_COLUMNS
    kind = "a touch log" if is_log else "aggregated paths"
    numbers = pa.array(range(2, table.num_rows + 2), pa.uint64())
    texts = {"row_number": numbers}
    for name, is_needed in columns.items():
        places = _find(name, names)
        if is_needed and not places:
            raise CannotAttribute(
                f"{path}: row 1: there is no column '{name}'; {kind} need"
                f" {', '.join(one for one, needed in columns.items() if needed)}, and there are"
                f" {_list(names)}"
            )
        if len(places) > 1:
            raise CannotAttribute(f"{path}: row 1: two columns are named '{name}'; leave one")
        if places:
            texts[name] = _as_text(path, name, table.column(places[0]))
        else:
            texts[name] = pa.repeat("", table.num_rows)
    return PathFile(pa.table(texts), is_log)


def _find(name: str, names: list[str]) -> list[int]:
    """Places of the column; of those that differ by capitals and blanks where none is it."""
    exact = [place for place, one in enumerate(names) if one == name]
    return exact or [place for place, one in enumerate(names) if _fold(one) == name]


def _fold(name: str) -> str:
    return re.sub(r"[\s_-]+", "_", name.lower())


def _list(names: list[str]) -> str:
    shown = [f"'{name}'" if len(name) <= 40 else f"'{name[:39]}…'" for name in names[:10]]
    return ", ".join(shown) + (f" and {len(names) - 10} more" if len(names) > 10 else "")


def _missing(names: list[str], columns: Mapping[str, bool]) -> int:
    return sum(is_needed and not _find(name, names) for name, is_needed in columns.items())


def _as_text(path: Path, name: str, column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_floating(column.type):
        # Whole numbers stay digits: as a double's text, an instant in milliseconds has an exponent.
        with contextlib.suppress(pa.ArrowException):
            column = pc.cast(column, pa.int64())
    try:
        text = pc.cast(column, pa.string())
    except pa.ArrowException:
        raise CannotAttribute(
            f"{path}: row 1: column '{name}' is {column.type}; save it as text, a number or a time"
        ) from None
    # What a page or a spreadsheet puts between words is no part of a name.
    spaced = pc.replace_substring(text, "\u00a0", " ") if name in ("path", "channel") else text
    return pc.fill_null(pc.utf8_trim_whitespace(spaced), "")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
