"""One HTTP request in ClickHouse's protocol, read into names: who, which text, which settings.

The statement is the ``query`` parameter followed by the body; an INSERT's rows follow its text
without any separator of their own, so the body is opened only as far as the statement needs.
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from include.embedded.body import decode_body, merge_pieces, read_body
from include.embedded.errors import make_error
from include.embedded.multipart import FilePart, read_multipart
from include.embedded.statement import InsertHead, read_insert_head

MAX_INSERT_HEAD = 256 * 1024
MAX_STATEMENT = 16 * 1024 * 1024

# Parameters of the protocol, and settings that only a server's own HTTP part acts on.
_TRANSPORT = frozenset(
    (
        "query",
        "database",
        "default_format",
        "session_id",
        "session_timeout",
        "session_check",
        "close_session",
        "user",
        "password",
        "query_id",
        "compress",
        "decompress",
        "quota_key",
        "buffer_size",
        "wait_end_of_query",
        "role",
        "stacktrace",
        "client_protocol_version",
        "enable_http_compression",
        "send_progress_in_http_headers",
        "http_headers_progress_interval_ms",
        "cancel_http_readonly_queries_on_client_close",
        "http_zlib_compression_level",
        "http_wait_end_of_query",
        "http_response_buffer_size",
        "add_http_cors_header",
    )
)
_SETTING_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass
class Request:
    """A request as the protocol means it; ``rows`` is set only when ``insert`` is."""

    user: str
    password: str
    text: bytes
    insert: InsertHead | None
    rows: Iterator[bytes]
    is_get: bool
    options: dict[str, str]
    settings: dict[str, str]
    parameters: dict[str, str]
    database: str
    default_format: str
    accept_encodings: list[str]
    query_id: str
    files: list[FilePart] = field(default_factory=list)


def read_credentials(environ: dict[str, Any]) -> tuple[str, str]:
    """User and password from the X-ClickHouse headers, Basic authorization or the URL."""
    options = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    user = environ.get("HTTP_X_CLICKHOUSE_USER")
    if user is not None:
        return user, environ.get("HTTP_X_CLICKHOUSE_KEY", "")
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            user, _, password = base64.b64decode(token, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return "", ""
        return user, password
    return options.get("user", "default"), options.get("password", "")


def read_request(environ: dict[str, Any], user: str, password: str) -> Request:
    """Read the request up to the end of its statement; errors are ClickHouse errors."""
    options = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    pieces = decode_body(read_body(environ), environ.get("HTTP_CONTENT_ENCODING", "").lower())
    if options.get("decompress") == "1" or options.get("compress") == "1":
        raise make_error(
            48,
            "NOT_IMPLEMENTED",
            "compress=1 and decompress=1 are not supported here: use Content-Encoding and "
            "enable_http_compression=1",
        )
    files: list[FilePart] = []
    if environ.get("CONTENT_TYPE", "").lower().startswith("multipart/form-data"):
        fields, files = read_multipart(environ["CONTENT_TYPE"], b"".join(pieces))
        options.update(fields)
        pieces = iter(())
    text, insert, rows = _read_statement(options.get("query", "").encode(), pieces)
    settings = {
        name: value
        for name, value in options.items()
        if name not in _TRANSPORT
        and not name.startswith("param_")
        and not any(name.startswith(part.name + "_") for part in files)
    }
    for name in settings:
        if not _SETTING_NAME.match(name):
            raise make_error(115, "UNKNOWN_SETTING", "a URL parameter is no setting's name")
    parameters = {
        name.removeprefix("param_"): value
        for name, value in options.items()
        if name.startswith("param_")
    }
    for part in files:
        part.read_description(options)
    accepted = environ.get("HTTP_ACCEPT_ENCODING", "")
    return Request(
        user=user,
        password=password,
        text=text,
        insert=insert,
        rows=rows,
        is_get=environ["REQUEST_METHOD"] != "POST",
        options=options,
        settings=settings,
        parameters=parameters,
        database=options.get("database") or environ.get("HTTP_X_CLICKHOUSE_DATABASE", ""),
        default_format=options.get("default_format") or environ.get("HTTP_X_CLICKHOUSE_FORMAT", ""),
        accept_encodings=[
            item.split(";")[0].strip().lower() for item in accepted.split(",") if item.strip()
        ]
        if options.get("enable_http_compression") == "1"
        else [],
        query_id=_read_query_id(options),
        files=files,
    )


def _read_query_id(options: dict[str, str]) -> str:
    """The client's own id where it can stand in a header, else a new one."""
    wanted = options.get("query_id", "")
    return wanted if re.fullmatch(r"[!-~]{1,200}", wanted) else str(uuid.uuid4())


def _read_statement(
    head: bytes, pieces: Iterator[bytes]
) -> tuple[bytes, InsertHead | None, Iterator[bytes]]:
    """The statement, its insert head if it brings rows, and the rows' bytes."""
    text = head + b"\n" if head else b""
    ended = False
    while len(text) < MAX_INSERT_HEAD:
        piece = next(pieces, None)
        if piece is None:
            ended = True
            break
        text += piece
    insert = read_insert_head(text)
    if insert is not None and insert.input_format == "Values" and ended:
        # Small enough for the engine's own parser, which knows expressions and a last semicolon.
        return text, None, iter(())
    if insert is not None:
        first = text[insert.data_offset :]
        return text[: insert.data_offset], insert, merge_pieces(_chain(first, pieces))
    while not ended:
        piece = next(pieces, None)
        if piece is None:
            break
        text += piece
        if len(text) > MAX_STATEMENT:
            raise make_error(62, "SYNTAX_ERROR", "the statement is longer than 16 MiB")
    return text, None, iter(())


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest
