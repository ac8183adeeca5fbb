"""How values are written into the cells of a log file.

Arrays look like ``[1,2]``, text inside them is quoted by ``\\'``. A cell with a double quote is
quoted as a whole, with its quotes doubled. Tabs and line breaks of free text are NOT escaped: they
break the row, as the vendor's own script expects.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

QUOTE = "\\'"


def quote_cell(text: str) -> str:
    """One cell, quoted when a double quote is in it."""
    return '"' + text.replace('"', '""') + '"' if '"' in text else text


def write_numbers(values: Iterable[int | float] | None) -> str:
    """An array of numbers."""
    if not values:
        return "[]"
    return "[" + ",".join(map(str, values)) + "]"


def write_texts(values: Iterable[str] | None) -> str:
    """An array of text; a quote inside an element is escaped once more."""
    escaped = (value.replace("\\", "\\\\").replace("'", "\\" + QUOTE) for value in values or ())
    return "[" + ",".join(QUOTE + value + QUOTE for value in escaped) + "]"


def write_times(micros: Sequence[int], zone_name: str) -> list[str]:
    """``YYYY-MM-DD hh:mm:ss`` in a zone, without its name."""
    seconds = pa.array([value // 1_000_000 for value in micros], pa.int64())
    instants = seconds.cast(pa.timestamp("s", tz=zone_name))
    return pc.strftime(instants, format="%Y-%m-%d %H:%M:%S").to_pylist()


def write_file(names: Sequence[str], columns: Sequence[Sequence[str]]) -> bytes:
    """A part of a log: a header and one line per row."""
    lines = ["\t".join(names)]
    quoted = [
        list(map(quote_cell, column)) if '"' in "".join(column) else column for column in columns
    ]
    lines.extend(map("\t".join, zip(*quoted, strict=True)))
    return ("\n".join(lines) + "\n").encode()
