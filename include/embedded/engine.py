"""One data folder opened by the engine, and connections to it.

A folder belongs to one process: a second opener is refused with the pid of the first. Each
connection is a session of its own (settings, temporary tables, current database) and serves one
statement at a time; connections of one process work concurrently.
"""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path
from typing import IO

import chdb
from chdb.state.sqlitelike import Connection

_IDLE_SLEEP = "background_processing_pool_thread_sleep_seconds_if_nothing_to_do"
"""Every table looks for merges of its own accord, ten times a second after it was opened or written
to: 12 % of a core for 290 tables at rest, 7 % at two seconds. A new part wakes its table anyway."""
_CONFIG = f"""<clickhouse>
    <timezone>UTC</timezone>
    <{_IDLE_SLEEP}>2</{_IDLE_SLEEP}>
    <query_log>
        <database>system</database>
        <table>query_log</table>
        <flush_interval_milliseconds>2000</flush_interval_milliseconds>
        <ttl>event_date + interval 14 day</ttl>
    </query_log>
</clickhouse>
"""


class FolderInUse(RuntimeError):
    """Another process has the data folder open."""


class Engine:
    """The engine over one folder; close it to release the folder."""

    def __init__(self, data_path: Path) -> None:
        data_path.mkdir(parents=True, exist_ok=True)
        self.data_path = data_path.resolve()
        self._lock_file = _lock_folder(self.data_path)
        config = self.data_path / "engine-config.xml"
        config.write_text(_CONFIG, encoding="utf-8")
        self._address = f"{self.data_path}?config-file={config}"
        self._opening = threading.Lock()
        # Held for the life of the engine: the last handle to close would shut the engine down.
        self._keeper = chdb.connect(self._address)

    def connect(self) -> Connection:
        """A fresh session on the folder; the caller closes it."""
        with self._opening:
            return chdb.connect(self._address)

    def close(self) -> None:
        """Shut the engine down and release the folder."""
        self._keeper.close()
        self._lock_file.close()


def _lock_folder(data_path: Path) -> IO[str]:
    lock_path = data_path / "engine.lock"
    lock_file = lock_path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock_file.seek(0)
        holder = lock_file.read().strip() or "unknown"
        lock_file.close()
        raise FolderInUse(
            f"the data folder {data_path} is open in process {holder}: "
            "stop that process, or start this engine on another folder"
        ) from None
    lock_file.truncate(0)
    lock_file.write(str(os.getpid()))
    lock_file.flush()
    return lock_file
