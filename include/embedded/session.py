"""Connections for requests: a fresh one each, or the one kept for a ``session_id``.

A session belongs to one login and serves one request at a time, as in ClickHouse. Settings that
came in a URL are put back when the request ends; what a ``SET`` statement changed stays.
"""

from __future__ import annotations

import threading
import time
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


@dataclass
class Session:
    """One connection and what is known of its state.

    ``kept`` sessions outlive a request. ``untouched`` holds until the session runs a ``SET`` or a
    ``USE`` of its own: until then what to restore is known without asking the engine. A ``broken``
    session could not be restored and is thrown away.
    """

    connection: Connection
    kept: bool = False
    untouched: bool = True
    broken: bool = False
    busy: threading.Lock = field(default_factory=threading.Lock)
    expires_at: float = 0.0


class Sessions:
    """The sessions of one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sessions: dict[tuple[str, str], Session] = {}
        self._guard = threading.Lock()

    @contextmanager
    def lease(
        self, user: str, session_id: str, timeout_seconds: float, must_exist: bool
    ) -> Iterator[Session]:
        """The session of one request; error 373 when the session is serving another."""
        self._drop_expired()
        if not session_id:
            passing = Session(self._engine.connect())
            try:
                yield passing
            finally:
                passing.connection.close()
            return
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
        return "default"
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
