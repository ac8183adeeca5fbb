"""CSV and Parquet files people hand in: what columns they have, or one line on what is wrong."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

_HEAD_BYTES = 1 << 16


class Unreadable(Exception):
    """A file that cannot be taken, with the reason in one line."""


@dataclass(frozen=True)
class RecordFile:
    """A readable file; ``columns`` in its own order, ``shape`` as ClickHouse calls the format."""

    path: Path
    shape: str
    columns: tuple[str, ...]
    delimiter: str = ","

    def link_into(self, folder: Path) -> Path:
        """The file under a plain name: ClickHouse reads ``*`` and ``{}`` of a path as patterns."""
        packed = ".gz" if self.path.suffix.lower() == ".gz" else ""
        number = sum(1 for _ in folder.glob("input-*"))
        kind = "parquet" if self.shape == "Parquet" else "csv"
        linked = folder / f"input-{number}.{kind}{packed}"
        linked.symlink_to(self.path.resolve())
        return linked

    def has_cr_lines(self) -> bool:
        """Whether its lines end as old Macs and some spreadsheets end them: by CR alone."""
        if self.shape == "Parquet":
            return False
        with open_packed(self.path, "rb") as content:
            head = content.read(_HEAD_BYTES)
        return b"\r" in head and b"\n" not in head

    def find(self, columns: Sequence[str]) -> list[str]:
        """The file's own names for ``columns``, blanks around a name aside.

        Raises :class:`Unreadable` naming the columns the file lacks.
        """
        own = {name.strip(): name for name in reversed(self.columns)}
        missing = [name for name in columns if name.strip() not in own]
        if missing:
            self.require(missing)
        found = [own[name.strip()] for name in columns]
        self.require(found)
        return found

    def holds_integers(self, columns: Sequence[str]) -> bool:
        """Whether it is Parquet whose ``columns`` are integers of at most 64 bits with a sign."""
        if self.shape != "Parquet":
            return False
        schema = pq.read_schema(self.path)
        types = [schema.field(name).type for name in columns]
        return all(pa.types.is_integer(each) and each != pa.uint64() for each in types)

    def requires_values(self, columns: Sequence[str]) -> bool:
        """Whether it is Parquet whose schema lets no cell of ``columns`` be empty."""
        if self.shape != "Parquet":
            return False
        schema = pq.read_schema(self.path)
        return not any(schema.field(name).nullable for name in columns)

    def find_fractions(self) -> set[str]:
        """Columns of a Parquet file that hold floating-point numbers."""
        if self.shape != "Parquet":
            return set()
        schema = pq.read_schema(self.path)
        return {field.name for field in schema if pa.types.is_floating(field.type)}

    def require(self, columns: Sequence[str]) -> None:
        """Raises :class:`Unreadable` naming the columns the file lacks, or has more than once."""
        doubled = [name for name in columns if self.columns.count(name) > 1]
        if doubled:
            raise Unreadable(f"{self.path} has more than one column {', '.join(doubled)}")
        missing = [name for name in columns if name not in self.columns]
        if missing:
            raise Unreadable(
                f"{self.path} has no column {', '.join(missing)}; it has: {', '.join(self.columns)}"
            )


def open_records(path: Path) -> RecordFile:
    """Look at the file's header; raises :class:`Unreadable`."""
    try:
        is_file = path.is_file()
    except OSError as error:  # a name longer than any file's
        raise Unreadable(f"{path}: {error.strerror}") from None
    if not is_file:
        raise Unreadable(f"{path} is no file")
    if path.stat().st_size == 0:
        raise Unreadable(f"{path} is empty: not even a header")
    is_parquet = path.suffix.lower() == ".parquet"
    columns, delimiter = (_parquet_columns(path), ",") if is_parquet else _csv_columns(path)
    return RecordFile(path, "Parquet" if is_parquet else "CSVWithNames", columns, delimiter)


def refuse_overwriting(out: Path, inputs: Sequence[Path]) -> None:
    """An answer in place of a file it was made of; raises :class:`Unreadable`."""
    for path in inputs:
        if out.resolve() == path.resolve():
            raise Unreadable(f"OUT is {path} itself, which would be lost; name another file")


def _parquet_columns(path: Path) -> tuple[str, ...]:
    try:
        return tuple(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise Unreadable(f"{path} is no Parquet file: {' '.join(str(error).split())}") from None


def open_packed(path: Path, mode: str, **options: str) -> IO[Any]:
    """Open a file, through gzip where its name ends so."""
    return (gzip.open if path.suffix.lower() == ".gz" else open)(path, mode, **options)


def _csv_columns(path: Path) -> tuple[tuple[str, ...], str]:
    """Names, and what stands between them: spreadsheets of some countries write semicolons."""
    try:
        with open_packed(path, "rt", encoding="utf-8-sig", newline="") as lines:
            text = lines.readline()
            # A comma inside quotes stands between nothing.
            outside = re.sub(r'"[^"]*"', "", text)
            delimiter = max(",;\t", key=outside.count)
            header = next(csv.reader(chain([text], lines), delimiter=delimiter), [])
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"{path} is no CSV file in UTF-8 (byte {error.start}): save it as UTF-8"
        ) from None
    except (csv.Error, OSError, EOFError) as error:
        raise Unreadable(f"{path} is no CSV file in UTF-8: {error}") from None
    if not any(header):
        raise Unreadable(f"{path} has no header line")
    return tuple(header), delimiter
