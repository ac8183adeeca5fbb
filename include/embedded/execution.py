"""Runs one request on a connection and yields its answer.

The first yielded value is always a :class:`Head`; errors before it are ClickHouse errors with a
status of their own, errors after it have to travel inside the body.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field

from chdb.state.sqlitelike import Connection

from include.embedded.errors import EngineError, make_error, read_engine_error
from include.embedded.output import can_stream, stream_result
from include.embedded.request import Request
from include.embedded.session import quote_literal, quote_name, run_plain
from include.embedded.statement import names_server_file, read_output_format


@dataclass
class Head:
    """What is known of the answer before its first byte."""

    output_format: str = ""
    summary: dict[str, int] = field(default_factory=dict)

    def summary_json(self) -> str:
        """The X-ClickHouse-Summary header: every figure is a string in it."""
        names = ("read_rows", "read_bytes", "written_rows", "written_bytes", "result_rows")
        return json.dumps({name: str(self.summary.get(name, 0)) for name in names})


def classify(connection: Connection, request: Request) -> str:
    """The engine's class of the statement; refuses batches and statements bound to files."""
    if request.insert is not None:
        return "MUTATING"
    sql = decode_sql(request.text)
    if not sql.strip():
        raise make_error(62, "SYNTAX_ERROR", "Syntax error: the request has no statement")
    found = connection._conn.classify_query(sql)
    if found["statement_count"] > 1:
        raise make_error(
            62, "SYNTAX_ERROR", "Syntax error: Multi-statements are not allowed: send one a request"
        )
    if names_server_file(request.text):
        raise make_error(
            152,
            "INTO_OUTFILE_NOT_ALLOWED",
            "INTO OUTFILE and FROM INFILE name files of the server: they are not allowed over HTTP",
        )
    return str(found["query_class"].name)


def decode_sql(text: bytes) -> str:
    """Statement text for the engine; error 62 when it is not UTF-8."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise make_error(62, "SYNTAX_ERROR", "the statement is not UTF-8") from None


def run_request(
    connection: Connection, request: Request, query_class: str
) -> Iterator[Head | bytes]:
    """Run the statement; see the module's first lines for what is yielded."""
    if request.is_get and query_class not in ("READ_ONLY", "UNKNOWN"):
        raise make_error(
            164,
            "READONLY",
            "Cannot execute query in readonly mode: use POST for statements that change something",
        )
    with provide_external_tables(connection, request):
        if request.insert is not None:
            yield Head(summary=_insert(connection, request))
            return
        sql = decode_sql(request.text)
        output_format = read_output_format(request.text) or request.default_format or "TabSeparated"
        if query_class == "READ_ONLY" and can_stream(output_format):
            yield from _stream(connection, request, sql, output_format)
        else:
            yield from _answer_whole(connection, request, sql, output_format, query_class)


def _insert(connection: Connection, request: Request) -> dict[str, int]:
    head = request.insert
    if head is None:
        raise ValueError("the request is no insert")
    if "{" in head.sql or head.input_format == "Values":
        # A parameter cannot be unset in a kept session: one no text asks for is not set at all.
        for name, value in request.parameters.items():
            run_plain(connection, f"set {quote_name('param_' + name)} = {quote_literal(value)}")
    try:
        inserter = connection.send_insert(head.sql, head.input_format)
    except Exception as error:
        raise read_engine_error(error) from None
    with inserter:
        try:
            for piece in request.rows:
                inserter.append(piece)
            result = inserter.finish()
        except RuntimeError as error:
            raise read_engine_error(error) from None
    return {"written_rows": result.rows_written, "written_bytes": result.bytes_written}


def _answer_whole(
    connection: Connection, request: Request, sql: str, output_format: str, query_class: str
) -> Iterator[Head | bytes]:
    try:
        result = connection.query(sql, output_format, params=request.parameters)
    except Exception as error:
        raise read_engine_error(error) from None
    data = result.bytes()
    yield Head(
        output_format if data or query_class == "READ_ONLY" else "",
        {
            "read_rows": result.storage_rows_read(),
            "read_bytes": result.storage_bytes_read(),
            "written_rows": result.rows_written(),
            "written_bytes": result.bytes_written(),
            "result_rows": result.rows_read(),
        },
    )
    if data:
        yield data


def _stream(
    connection: Connection, request: Request, sql: str, output_format: str
) -> Iterator[Head | bytes]:
    pieces = stream_result(connection, sql, output_format, request.parameters)
    with contextlib.closing(pieces):
        try:
            first = next(pieces, b"")
        except RuntimeError as error:
            failure = read_engine_error(error)
            if failure.code != 36 or "Streaming query is not supported" not in failure.text:
                raise failure from None
            yield from _answer_whole(connection, request, sql, output_format, "READ_ONLY")
            return
        yield Head(output_format)
        if first:
            yield first
        try:
            yield from pieces
        except RuntimeError as error:
            raise read_engine_error(error) from None


@contextlib.contextmanager
def provide_external_tables(connection: Connection, request: Request) -> Iterator[None]:
    """The request's external data as temporary tables, for the length of the request."""
    made: list[str] = []
    try:
        for part in request.files:
            name = quote_name(part.name)
            run_plain(connection, f"create temporary table {name} ({part.structure}) engine=Memory")
            made.append(name)
            with connection.send_insert(f"insert into {name}", part.input_format) as inserter:
                inserter.append(part.data)
                inserter.finish()
        yield
    except EngineError:
        raise
    except RuntimeError as error:
        raise read_engine_error(error) from None
    finally:
        for name in made:
            run_plain(connection, f"drop temporary table if exists {name}")
