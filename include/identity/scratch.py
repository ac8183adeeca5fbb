"""A throw-away ClickHouse in this process, for commands that work on files and publish nothing.

One process holds one folder open at a time, so a command opens it once and closes it at the end.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import orjson
from chdb.state.sqlitelike import Connection

from include.embedded.engine import Engine
from include.identity.record_files import RecordFile, Unreadable

DATABASE = "scratch"
_TAB = "\t"
SQL_ROOT = Path(__file__).resolve().parents[2] / "sql"
Value = str | int | float | bool | Sequence[float] | Sequence[str]
_SETTINGS = (
    "join_use_nulls = 1",
    "join_algorithm = 'parallel_hash,hash'",
    # A statement runs a few times in a process: compiling it costs more than it saves.
    "compile_expressions = 0",
    "compile_aggregate_expressions = 0",
    "input_format_csv_trim_whitespaces = 0",
    "format_csv_allow_single_quotes = 0",
    "input_format_csv_use_best_effort_in_schema_inference = 0",
    "input_format_csv_skip_trailing_empty_lines = 1",
    # Nothing but an empty cell is empty: a node may be called \\N.
    "format_csv_null_representation = '\x01'",
    "input_format_null_as_default = 1",
    "output_format_json_quote_64bit_integers = 0",
    # Two columns of numbers are read in half the time in blocks of 2 MB.
    "input_format_parquet_max_block_size = 262144",
    # Ids hardly repeat: dictionaries and bloom filters cost more than the rest of the file, and to
    # unpack it takes as long as to read it.
    "output_format_parquet_write_bloom_filter = 0",
    "output_format_parquet_max_dictionary_size = 0",
    "output_format_parquet_compression_method = 'none'",
)
_ROW = re.compile(r"\(at row (\d+)\)")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": "\\0"})


class Scratch:
    """An empty database; tables are made from the statements of one folder below ``sql``."""

    def __init__(self, connection: Connection, folder: Path, statements: str) -> None:
        self._connection = connection
        self.folder = folder
        self._statements = SQL_ROOT / statements

    def make(self, table: str, stem: str, **parameters: Value) -> None:
        """Create ``table`` from the rows of a statement."""
        sql = _read(self._statements / f"{stem}.sql")
        self.run(f"create table {table} engine = Memory as\n{sql}", parameters)

    def make_lookup(self, name: str, table: str, label_type: str, size: int = 0) -> None:
        """Keep ``label`` by ``node`` for ``dictGet``: built once on two cores, asked often.

        Where all nodes are below ``size``, it is an array.
        """
        array = f"flat(initial_array_size {size} max_array_size {size})"
        self.run(
            f"create dictionary {name} (node UInt64, label {label_type}) primary key node"
            f" source(clickhouse(table '{table}' db '{DATABASE}')) lifetime(0)"
            f" layout({array if size else 'hashed(shards 2)'})"
        )

    def rows(self, stem: str, **parameters: Value) -> list[dict[str, object]]:
        """The few rows a statement answers."""
        sql = _read(self._statements / f"{stem}.sql")
        answer = self.run(f"{sql}\nformat JSONEachRow", parameters)
        # Texts may hold what splitlines() takes for the end of a line.
        return [orjson.loads(line) for line in answer.split("\n") if line]

    def write(self, stem: str, target: Path, csv_order: str = "", **parameters: Value) -> None:
        """Write a statement's rows to ``target`` at once: CSV, or Parquet by its suffix.

        ``csv_order`` names the column people find rows by; programs that read Parquet need none.
        """
        is_parquet = target.suffix.lower() == ".parquet"
        chosen = "Parquet" if is_parquet else "CSVWithNames"
        # The engine packs what is named so.
        packed = ".gz" if target.suffix.lower() == ".gz" else ""
        written = self.folder / ("answer.parquet" if is_parquet else f"answer.csv{packed}")
        sql = _read(self._statements / f"{stem}.sql")
        if csv_order and not is_parquet:
            sql = f"{sql}\norder by {csv_order}"
        self.run(f"{sql}\ninto outfile '{written}' truncate format {chosen}", parameters)
        partial = target.with_name(f".{target.name}.partial")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(written, partial)
            partial.replace(target)
        except OSError as error:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise Unreadable(f"cannot write {target}: {error.strerror}") from None

    def read(
        self, table: str, source: RecordFile, columns: Mapping[str, str], number: str = ""
    ) -> None:
        """Load columns of a file: table column → the file's own name for it.

        They become texts, empty where nothing is, or numbers of the named type, nullable unless the
        file rules that out.
        """
        linked = source.link_into(self.folder)
        kind = "Nullable(String)" if source.shape == "Parquet" else "String"
        if number:
            is_full = source.requires_values(list(columns.values()))
            kind = number if is_full else f"Nullable({number})"
        fractions = source.find_fractions()
        fields = ", ".join(
            f"{_quoted(name)} as {column}"
            if number
            else f"{_text_of(_quoted(name), name in fractions)} as {column}"
            for column, name in columns.items()
        )
        structure = ", ".join(f"{_quoted(name)} {kind}" for name in dict.fromkeys(columns.values()))
        line_end = int(source.has_cr_lines())
        sql = (
            f"create table {table} engine = Memory as select {fields}"
            " from file({path:String}, {shape:String}, {structure:String})"
            f" settings format_csv_delimiter = '{source.delimiter}',"
            " input_format_csv_allow_whitespace_or_tab_as_delimiter = "
            f"{int(source.delimiter == _TAB)},"
            f" input_format_csv_allow_cr_end_of_line = {line_end}"
        )
        named = {"path": str(linked), "shape": source.shape, "structure": structure}
        try:
            try:
                self.run(sql, named)
            except RuntimeError as error:
                if not _ROW.search(str(error)):
                    raise
                # Readers side by side count rows of their own: one alone names the right one.
                self.run(f"drop table if exists {table}")
                self.run(f"{sql}, input_format_parallel_parsing = 0", named)
        except RuntimeError as error:
            raise Unreadable(f"cannot read {source.path}: {_first_words(error)}") from None
        if not number:
            self._require_text(table, source, columns)

    def _require_text(self, table: str, source: RecordFile, columns: Mapping[str, str]) -> None:
        broken = " or ".join(f"not isValidUTF8({column})" for column in columns)
        rows = int(self.run(f"select count() from {table} where {broken}"))
        if rows:
            raise Unreadable(
                f"{source.path} is no text in UTF-8 in {rows:,} of its rows: save it as UTF-8"
            )

    def run(self, sql: str, parameters: Mapping[str, Value] | None = None) -> str:
        """One statement with native parameters; the answer as text."""
        sent = {name: _typed(value) for name, value in (parameters or {}).items()}
        return str(self._connection.query(sql, "TSV", params=sent))


@contextlib.contextmanager
def open_scratch(statements: str) -> Iterator[Scratch]:
    """A fresh engine in a temporary folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="throughline-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        engine = Engine(folder / "engine")
        connection = engine.connect()
        try:
            connection.query(f"create database {DATABASE}")
            connection.query(f"use {DATABASE}")
            connection.query(f"set {', '.join(_SETTINGS)}")
            yield Scratch(connection, folder, statements)
        finally:
            connection.close()
            engine.close()


@cache
def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()


def _typed(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.translate(_ESCAPES)
    if isinstance(value, int | float):
        return repr(value)
    return "[" + ",".join(f"'{i}'" if isinstance(i, str) else repr(i) for i in value) + "]"


def _text_of(column: str, is_fraction: bool) -> str:
    """Empty where nothing is; a table of fractions says so by the number that is none."""
    known = f"nullIf({column}, 'nan')" if is_fraction else column
    return f"ifNull({known}, '')"


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _first_words(error: RuntimeError) -> str:
    words = " ".join(str(error).split())
    if row := _ROW.search(words):
        # The engine's own words would show the cells, whoever they are of.
        return (
            f"row {int(row[1]) + 1} (the header is row 1) has more or fewer cells than the header,"
            " or a quote nobody closes; mend it or leave it out"
        )
    return words.removeprefix("Code: ").partition("DB::Exception: ")[2][:200] or words[:200]
