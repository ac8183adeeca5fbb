"""CSV and Parquet files people hand in: what columns they have, or one line on what is wrong."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


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

    def find(self, columns: Sequence[str]) -> list[str]:
        """The file's own names for ``columns``, blanks around a name aside.

        Raises :class:`Unreadable` naming the columns the file lacks.
        """
        own = {name.strip(): name for name in reversed(self.columns)}
        missing = [name for name in columns if name.strip() not in own]
        if missing:
            self.require(missing)
        return [own[name.strip()] for name in columns]

    def holds_integers(self, columns: Sequence[str]) -> bool:
        """Whether it is Parquet whose ``columns`` are integers of at most 64 bits with a sign."""
        if self.shape != "Parquet":
            return False
        schema = pq.read_schema(self.path)
        types = [schema.field(name).type for name in columns]
        return all(pa.types.is_integer(each) and each != pa.uint64() for each in types)

    def require(self, columns: Sequence[str]) -> None:
        """Raises :class:`Unreadable` naming the columns the file lacks."""
        missing = [name for name in columns if name not in self.columns]
        if missing:
            raise Unreadable(
                f"{self.path} has no column {', '.join(missing)}; it has: {', '.join(self.columns)}"
            )


def open_records(path: Path) -> RecordFile:
    """Look at the file's header; raises :class:`Unreadable`."""
    if not path.is_file():
        raise Unreadable(f"{path} is no file")
    if path.stat().st_size == 0:
        raise Unreadable(f"{path} is empty: not even a header")
    is_parquet = path.suffix.lower() == ".parquet"
    columns, delimiter = (_parquet_columns(path), ",") if is_parquet else _csv_columns(path)
    doubled = sorted({name for name in columns if columns.count(name) > 1})
    if doubled:
        raise Unreadable(f"{path} has more than one column {', '.join(doubled)}")
    return RecordFile(path, "Parquet" if is_parquet else "CSVWithNames", columns, delimiter)


def _parquet_columns(path: Path) -> tuple[str, ...]:
    try:
        return tuple(pq.read_schema(path).names)
    except (pa.ArrowException, OSError) as error:
        raise Unreadable(f"{path} is no Parquet file: {' '.join(str(error).split())}") from None


def _csv_columns(path: Path) -> tuple[tuple[str, ...], str]:
    """Names, and what stands between them: spreadsheets of some countries write semicolons."""
    opener = gzip.open if path.suffix.lower() == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as lines:
            text = lines.readline()
            delimiter = "," if "," in text else next((d for d in ";\t" if d in text), ",")
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
