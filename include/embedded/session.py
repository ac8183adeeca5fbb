"""Connections for requests: one as good as new each, or the one kept for a ``session_id``.

A session belongs to one login and serves one request at a time, as in ClickHouse. Settings that
came in a URL are put back when the request ends; what a ``SET`` statement changed stays.

A connection without a session is set up with its request's database and settings, which costs as
much as a small query. One that ran nothing but a plain statement to its end is kept for the next
request that asks for the same database and settings.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from chdb.state.sqlitelike import Connection

from include.embedded.engine import Engine
from include.embedded.errors import EngineError, make_error, read_engine_error

DEFAULT_TIMEOUT_SECONDS = 60
MAX_TIMEOUT_SECONDS = 3600
# A reader of Arrow has its last byte, and a writer that gave up is gone, a moment before the
# server is done with that request; the session's next one must not be refused for it.
PATIENCE_SECONDS = 1.0
DEFAULT_DATABASE = "default"
IDLE_CONNECTIONS = 32
PLAIN = ("READ_ONLY", "MUTATING")
"""Classes of statements that leave nothing behind in their connection; the engine counts temporary
tables, ``SET`` and ``USE`` among others."""


Setup = tuple[str, tuple[tuple[str, str], ...]]
"""Database and settings of a request; equal ones can use the same connection."""


@dataclass(eq=False)
class Session:
    """One connection and what is known of its state.

    ``kept`` sessions outlive a request. ``untouched`` holds until the session runs a ``SET`` or a
    ``USE`` of its own: until then what to restore is known without asking the engine. A ``broken``
    session could not be restored and is thrown away. ``plain`` is said of one that is not kept
    when its request can leave nothing behind.
    """

    connection: Connection
    kept: bool = False
    untouched: bool = True
    broken: bool = False
    plain: bool = False
    busy: threading.Lock = field(default_factory=threading.Lock)
    expires_at: float = 0.0


class Sessions:
    """The sessions of one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sessions: dict[tuple[str, str], Session] = {}
        self._idle: deque[tuple[Setup, Session]] = deque()
        self._guard = threading.Lock()

    @contextmanager
    def lease(
        self, user: str, session_id: str, timeout_seconds: float, must_exist: bool
    ) -> Iterator[Session]:
        """The session of one request; error 373 when the session is serving another."""
        self._drop_expired()
        session = self._take(user, session_id, must_exist)
        try:
            yield session
        finally:
            session.expires_at = time.monotonic() + timeout_seconds
            if session.broken:
                with self._guard:
                    del self._sessions[user, session_id]
                session.connection.close()
            session.busy.release()

    @contextmanager
    def borrow(self, database: str, settings: Mapping[str, str]) -> Iterator[Session]:
        """A connection for one request without a session, with its database and settings."""
        self._drop_expired()
        setup = (database, tuple(sorted(settings.items())))
        session = self._take_idle(setup)
        if session is None:
            session = Session(self._engine.connect())
        else:
            # The database may have been dropped since: only the engine can tell.
            settings, database = {}, "" if database == DEFAULT_DATABASE else database
        try:
            with apply_for_request(session, database, settings):
                yield session
        except BaseException:
            session.connection.close()
            raise
        if session.plain:
            self._keep_idle(setup, session)
        else:
            session.connection.close()

    def _take_idle(self, setup: Setup) -> Session | None:
        with self._guard:
            for entry in reversed(self._idle):
                if entry[0] == setup:
                    self._idle.remove(entry)
                    entry[1].plain = False
                    return entry[1]
        return None

    def _keep_idle(self, setup: Setup, session: Session) -> None:
        with self._guard:
            oldest = self._idle.popleft() if len(self._idle) == IDLE_CONNECTIONS else None
            self._idle.append((setup, session))
        if oldest is not None:
            oldest[1].connection.close()

    def _take(self, user: str, session_id: str, must_exist: bool) -> Session:
        """The session with its lock held."""
        while True:
            with self._guard:
                session = self._sessions.get((user, session_id))
                if session is None:
                    if must_exist:
                        raise make_error(372, "SESSION_NOT_FOUND", "Session not found")
                    session = Session(self._engine.connect(), kept=True)
                    self._sessions[user, session_id] = session
            if not session.busy.acquire(timeout=PATIENCE_SECONDS):
                raise make_error(
                    373, "SESSION_IS_LOCKED", "Session is locked by a concurrent client"
                )
            with self._guard:
                if self._sessions.get((user, session_id)) is session:
                    return session
            # It was thrown away while this request waited for it.
            session.busy.release()

    def _drop_expired(self) -> None:
        now = time.monotonic()
        with self._guard:
            for key, session in list(self._sessions.items()):
                if session.expires_at and session.expires_at < now and session.busy.acquire(False):
                    del self._sessions[key]
                    session.connection.close()
                    session.busy.release()

    def close(self) -> None:
        """Close every session, waiting for none."""
        with self._guard:
            for session in self._sessions.values():
                session.connection.close()
            self._sessions.clear()
            while self._idle:
                self._idle.pop()[1].connection.close()


def quote_literal(value: str) -> str:
    """``value`` as a ClickHouse string literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def quote_name(name: str) -> str:
    """``name`` as a quoted ClickHouse identifier."""
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def run_plain(connection: Connection, sql: str) -> bytes:
    """Run one internal statement; its answer as TSV bytes."""
    try:
        return bytes(connection.query(sql, "TabSeparated").bytes())
    except Exception as error:
        raise read_engine_error(error) from None


@contextmanager
def apply_for_request(
    session: Session, database: str, settings: Mapping[str, str]
) -> Iterator[None]:
    """The request's database and settings, undone afterwards when the session is kept."""
    connection = session.connection
    undo: list[str] = []
    try:
        if database:
            if session.kept:
                undo.append(f"use {quote_name(_current_database(session))}")
            run_plain(connection, f"use {quote_name(database)}")
        if settings:
            if session.kept:
                undo.extend(_statements_restoring(session, settings))
            pairs = ", ".join(f"{name} = {quote_literal(v)}" for name, v in settings.items())
            run_plain(connection, f"set {pairs}")
        yield
    finally:
        try:
            for statement in undo:
                run_plain(connection, statement)
        except EngineError:
            session.broken = True


def _current_database(session: Session) -> str:
    if session.untouched:
        return DEFAULT_DATABASE
    answer = run_plain(session.connection, "select hex(currentDatabase())")
    return bytes.fromhex(answer.decode().strip()).decode()


def _statements_restoring(session: Session, settings: Mapping[str, str]) -> list[str]:
    former: dict[str, str] = {}
    if not session.untouched:
        names = ", ".join(quote_literal(name) for name in settings)
        rows = run_plain(
            session.connection,
            f"select name, hex(value) from system.settings where changed and name in ({names})",
        )
        for row in rows.decode().splitlines():
            name, value = row.split("\t")
            former[name] = quote_literal(bytes.fromhex(value).decode())
    return [f"set {name} = {former.get(name, 'default')}" for name in settings]
