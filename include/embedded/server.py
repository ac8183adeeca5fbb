"""ClickHouse's HTTP protocol over one engine: routes, headers, errors, and the web server itself.

Once bytes have been sent an error can no longer have a status: it is written into the body
between ``__exception__`` marks that carry the tag announced in a header, and the connection is
closed without the last chunk, so that no client takes the part for the whole.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import tempfile
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from cheroot import wsgi

from include.embedded.access import Logins
from include.embedded.bi_guard import check_bi_statement, enter_bi_mode
from include.embedded.body import read_body
from include.embedded.engine import Engine
from include.embedded.errors import EngineError, make_error
from include.embedded.execution import Head, classify, run_request
from include.embedded.output import Encoder
from include.embedded.request import Request, read_credentials, read_request
from include.embedded.session import (
    DEFAULT_TIMEOUT_SECONDS,
    MAX_TIMEOUT_SECONDS,
    PLAIN,
    Sessions,
    apply_for_request,
)
from include.embedded.statement import cut_output_format, read_output_format

logger = logging.getLogger(__name__)

SPOOL_MEMORY = 32 * 1024 * 1024
# The web server never starts more threads than it began with; an idle one costs next to nothing.
REQUESTS_AT_ONCE = 64
SILENCE_SECONDS = 600
FINISH_SECONDS = 30
_TEXT = ("Content-Type", "text/plain; charset=UTF-8")
_CONTENT_TYPES = {
    "json": "application/json; charset=UTF-8",
    "jsoncompact": "application/json; charset=UTF-8",
    "jsoneachrow": "application/x-ndjson; charset=UTF-8",
    "tabseparated": "text/tab-separated-values; charset=UTF-8",
    "csv": "text/csv; charset=UTF-8; header=absent",
    "csvwithnames": "text/csv; charset=UTF-8; header=present",
}

StartResponse = Callable[[str, list[tuple[str, str]]], object]


class ResponseBroken(ConnectionError):
    """A statement failed after part of its answer was sent; the connection has to be closed."""


class Application:
    """The WSGI application."""

    def __init__(self, engine: Engine, logins: Logins) -> None:
        self._engine = engine
        self._logins = logins
        self.sessions = Sessions(engine)

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "/")
        method = environ["REQUEST_METHOD"]
        asks = method == "POST" or "query=" in environ.get("QUERY_STRING", "")
        if path in ("/ping", "/replicas_status") or (path == "/" and not asks):
            start("200 OK", [_TEXT, ("Content-Length", "4")])
            return [b"Ok.\n"]
        if path not in ("/", ""):
            return _refuse(environ, start, "404 Not Found", b"There is no handle " + path.encode())
        answer = self._answer(environ)
        try:
            head = next(answer)
        except EngineError as error:
            return _explain(environ, start, error)
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:
            # The kind of error only: its text may hold what the request contained.
            logger.error("a request failed in the front itself: %s", type(error).__name__)
            return _explain(
                environ,
                start,
                make_error(
                    1002, "UNKNOWN_EXCEPTION", f"{type(error).__name__} while reading the request"
                ),
            )
        start(*head)
        return answer

    def _answer(self, environ: dict[str, Any]) -> Iterator[Any]:
        user, password = read_credentials(environ)
        is_bi = self._logins.check(user, password)
        request = read_request(environ, user, password)
        if is_bi:
            yield from self._answer_bi(request)
            return
        options = request.options
        timeout = _read_session_timeout(options)
        session_id = options.get("session_id", "")
        if not session_id:
            with self.sessions.borrow(request.database, request.settings) as session:
                query_class = classify(session.connection, request)
                yield from _respond(request, run_request(session.connection, request, query_class))
                # Parameters of an insert and external tables would be found by the next request.
                session.plain = query_class in PLAIN and not (
                    request.files or (request.insert is not None and request.parameters)
                )
            return
        with contextlib.ExitStack() as stack:
            session = stack.enter_context(
                self.sessions.lease(user, session_id, timeout, options.get("session_check") == "1")
            )
            query_class = classify(session.connection, request)
            if query_class == "CONTROL":
                # A SET or USE of the session itself must survive the request, so nothing of the
                # request's own is applied that would be undone after it.
                session.untouched = False
            else:
                stack.enter_context(apply_for_request(session, request.database, request.settings))
            yield from _respond(request, run_request(session.connection, request, query_class))

    def _answer_bi(self, request: Request) -> Iterator[Any]:
        """A BI request never has a session: a read-only connection could not be set up again."""
        if request.files or request.insert is not None:
            raise make_error(497, "ACCESS_DENIED", "bi: Not enough privileges: it can only read")
        # What is checked is what is run: the statement without its FORMAT, which travels apart.
        request.default_format = read_output_format(request.text) or request.default_format
        request.text = cut_output_format(request.text)
        with contextlib.closing(self._engine.connect()) as connection:
            hidden = enter_bi_mode(connection, request.database, request.settings)
            query_class = classify(connection, request)
            check_bi_statement(connection, request.text, query_class, request.parameters, hidden)
            yield from _respond(request, run_request(connection, request, query_class))


def _read_session_timeout(options: dict[str, str]) -> float:
    try:
        seconds = float(options.get("session_timeout", DEFAULT_TIMEOUT_SECONDS))
    except ValueError:
        raise make_error(36, "BAD_ARGUMENTS", "session_timeout is not a number") from None
    return min(seconds, MAX_TIMEOUT_SECONDS)


def _respond(request: Request, parts: Iterator[Head | bytes]) -> Iterator[Any]:
    """Status and headers first, then the body's bytes."""
    with contextlib.ExitStack() as stack:
        stack.callback(parts.close)
        if request.options.get("wait_end_of_query") == "1":
            parts = _wait_for_end(parts, stack)
        head = next(parts)
        if not isinstance(head, Head):
            raise TypeError("an answer starts with its head")
        encoder = Encoder(request.accept_encodings if head.output_format else [])
        tag = secrets.token_hex(8)
        headers = [
            ("Content-Type", _content_type(head.output_format)),
            ("X-ClickHouse-Summary", head.summary_json()),
            ("X-ClickHouse-Query-Id", request.query_id),
            ("X-ClickHouse-Server-Display-Name", "throughline-embedded"),
            ("X-ClickHouse-Timezone", "UTC"),
        ]
        if head.output_format:
            headers.append(("X-ClickHouse-Format", head.output_format))
            headers.append(("X-ClickHouse-Exception-Tag", tag))
        if encoder.name:
            headers.append(("Content-Encoding", encoder.name))
        if not head.output_format:
            headers.append(("Content-Length", "0"))
        yield "200 OK", headers
        try:
            for piece in parts:
                if encoded := encoder.encode(piece):
                    yield encoded
        except EngineError as error:
            yield encoder.encode(_exception_marker(tag, error.text)) + encoder.finish()
            raise ResponseBroken(f"the answer broke off with error {error.code}") from None
        if rest := encoder.finish():
            yield rest


def _wait_for_end(
    parts: Iterator[Head | bytes], stack: contextlib.ExitStack
) -> Iterator[Head | bytes]:
    """The same answer, started only when all of it is there; big ones wait in a file."""
    head = next(parts)
    spool = tempfile.SpooledTemporaryFile(max_size=SPOOL_MEMORY)  # noqa: SIM115, the stack closes
    stack.enter_context(spool)
    for piece in parts:
        if isinstance(piece, bytes):
            spool.write(piece)
    spool.seek(0)
    yield head
    while piece := spool.read(1 << 20):
        yield piece


def _exception_marker(tag: str, text: str) -> bytes:
    message = text.encode() + b"\n"
    mark = tag.encode()
    return b"\r\n__exception__\r\n%s\r\n%s%d %s\r\n__exception__\r\n" % (
        mark,
        message,
        len(message),
        mark,
    )


def _content_type(output_format: str) -> str:
    if not output_format:
        return _TEXT[1]
    return _CONTENT_TYPES.get(output_format.lower(), "application/octet-stream")


def _explain(environ: dict[str, Any], start: StartResponse, error: EngineError) -> Iterable[bytes]:
    headers = [("X-ClickHouse-Exception-Code", str(error.code))]
    if error.status == 401:
        headers.append(("WWW-Authenticate", 'Basic realm="ClickHouse server HTTP API"'))
    return _refuse(environ, start, f"{error.status} Error", error.text.encode(), headers)


def _refuse(
    environ: dict[str, Any],
    start: StartResponse,
    status: str,
    message: bytes,
    headers: Iterable[tuple[str, str]] = (),
) -> Iterable[bytes]:
    """An error with all of the body read, so that the client gets to read the answer."""
    with contextlib.suppress(OSError, ValueError):
        for _ in read_body(environ):
            continue
    body = message + b"\n"
    start(status, [_TEXT, ("Content-Length", str(len(body))), *headers])
    return [body]


class _Server(wsgi.Server):
    """The web server, reporting through logging and without what a request contained."""

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        """Log the first line only: a traceback could hold a statement with its values."""
        logger.log(level, "%s", msg.splitlines()[0] if msg else "")


def make_server(application: Application, host: str, port: int) -> wsgi.Server:
    """A prepared web server; ``port`` 0 takes a free one. ``OSError`` when the port is taken."""
    server = _Server(
        (host, port),
        application,
        numthreads=REQUESTS_AT_ONCE,
        request_queue_size=128,
        timeout=SILENCE_SECONDS,
        shutdown_timeout=FINISH_SECONDS,
    )
    server.max_request_body_size = 0
    server.prepare()
    return server
