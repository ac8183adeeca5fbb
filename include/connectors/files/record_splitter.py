"""Where records of delimited text end, although cells may hold line ends and stray quotes.

The quick answer counts quotes with numpy and is given only when every quote that opens stands at
the start of a cell; then parity is the truth. Otherwise records are cut by the csv module. A quote
that never closes would swallow the rest of the file: after 1 MiB, or at the end, its first line
alone is given up and reading goes on with the next.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

MAX_RECORD_BYTES = 1 << 20
# The module's default refuses cells over 128 KiB, which Arrow reads without a word.
csv.field_size_limit(16 << 20)
_QUOTE, _LF, _CR = ord('"'), ord("\n"), ord("\r")


@dataclass(frozen=True)
class Record:
    """One record: its cells, how many lines after the first one it starts, how many it spans."""

    cells: list[str]
    offset: int
    line_count: int
    fault: tuple[str, str] | None = None
    """Reason code and reason when the record could not be read."""


@dataclass(frozen=True)
class Cut:
    """Records cut from the front of some bytes, and how far they reached (blank lines too)."""

    records: list[Record]
    byte_count: int
    line_count: int


def find_record_end(data: bytes, delimiter: str, quote: str | None, *, is_last: bool) -> int | None:
    """Byte after the last complete record; ``None`` when only :func:`cut_records` can tell."""
    if quote is None or b'"' not in data:
        end = data.rfind(b"\n") + 1
        return len(data) if is_last else end if _is_small(data, end) else None
    buffer = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(buffer == _QUOTE)
    openers = quotes[::2]
    before = buffer[openers - 1]
    is_first_of_cell = (
        (before == ord(delimiter)) | (before == _LF) | (before == _CR) | (openers == 0)
    )
    # A quote right after the one that closed is an escaped quote: still inside the cell.
    is_escaped = np.zeros(len(openers), dtype=bool)
    is_escaped[1:] = openers[1:] - 1 == quotes[1::2][: len(openers) - 1]
    if not bool(np.all(is_first_of_cell | is_escaped)):
        return None
    if is_last:
        return len(data) if len(quotes) % 2 == 0 else None
    line_ends = np.flatnonzero(buffer == _LF)
    outside = line_ends[np.searchsorted(quotes, line_ends) % 2 == 0]
    end = int(outside[-1]) + 1 if len(outside) else 0
    return end if _is_small(data, end) else None


def _is_small(data: bytes, end: int) -> bool:
    return len(data) - end <= MAX_RECORD_BYTES


class _Lines:
    """Lines for the csv module, which remembers whether it was asked for one too many."""

    def __init__(self, lines: list[str], start: int) -> None:
        self._lines = lines
        self.taken = start
        self.is_dry = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if self.taken >= len(self._lines):
            self.is_dry = True
            raise StopIteration
        self.taken += 1
        return self._lines[self.taken - 1]


def cut_records(
    data: bytes, delimiter: str, quote: str | None, *, is_last: bool, limit: int | None = None
) -> Cut:
    """Cut ``data`` (UTF-8) into records.

    Blank lines are no records. Without ``is_last`` an unfinished record stays uncut.
    """
    lines = list(io.StringIO(data.decode(), newline=""))
    if not is_last and lines and not lines[-1].endswith("\n"):
        lines.pop()
    records: list[Record] = []
    start = 0
    while start < len(lines) and (limit is None or len(records) < limit):
        fed = _Lines(lines, start)
        reader = _csv_reader(fed, delimiter, quote)
        for found in _read_until_stuck(reader, fed):
            if found.cells:
                records.append(found)
            start = found.offset + found.line_count
            if limit is not None and len(records) >= limit:
                break
        else:
            if start < len(lines):
                rest = sum(len(line.encode()) for line in lines[start:])
                if not is_last and rest <= MAX_RECORD_BYTES:
                    break
                records.append(_unclosed(lines[start], start))
                start += 1
    taken = sum(len(line.encode()) for line in lines[:start])
    return Cut(records, taken, start)


def _csv_reader(fed: _Lines, delimiter: str, quote: str | None) -> Iterator[list[str]]:
    if quote is None:
        return csv.reader(fed, delimiter=delimiter, quoting=csv.QUOTE_NONE)
    return csv.reader(fed, delimiter=delimiter, quotechar=quote)


def _read_until_stuck(reader: Iterator[list[str]], fed: _Lines) -> Iterator[Record]:
    """Records up to the end of the lines or to one that does not end."""
    while True:
        before = fed.taken
        try:
            cells = next(reader)
        except (StopIteration, csv.Error):
            return
        if fed.is_dry:
            return
        yield Record(cells, before, fed.taken - before)


def _unclosed(line: str, offset: int) -> Record:
    reason = "a quote opens a cell and never closes, or closes over 1 MiB later"
    return Record([line.rstrip("\r\n")], offset, 1, ("unclosed_quote", reason))
