"""Starts the embedded engine as a process of its own and waits until it answers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from include.embedded.access import BI_USER
from include.settings import PROJECT_ROOT, inherited_environment

START_SECONDS = 60.0


class EngineDidNotStart(RuntimeError):
    """The engine's process ended, or did not answer in time; the message carries its words."""


@dataclass
class RunningEngine:
    """A running engine and how to reach it."""

    host: str
    port: int
    pid: int
    user: str
    password: str
    bi_user: str
    bi_password: str
    process: subprocess.Popen[bytes]

    def stop(self, timeout_seconds: float = 60.0) -> int:
        """End it in order and return its exit code; killed when it does not end in time."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return self.kill()

    def kill(self) -> int:
        """End it at once, as a power cut would."""
        self.process.kill()
        return self.process.wait()


def start(
    data_path: Path | str,
    port: int = 0,
    password: str = "",
    bi_password: str = "",
    log_path: Path | str | None = None,
    user: str = "throughline",
    own_session: bool = False,
) -> RunningEngine:
    """Start the engine on ``data_path`` and wait until it serves.

    ``port`` 0 takes a free one. Without ``log_path`` the log is discarded unless starting fails.
    ``own_session`` keeps it out of reach of the terminal's Ctrl-C. Raises
    :class:`EngineDidNotStart` with what the process wrote.
    """
    environment = {
        **inherited_environment(),
        "THROUGHLINE_CLICKHOUSE_USER": user,
        "THROUGHLINE_CLICKHOUSE_PASSWORD": password,
        "THROUGHLINE_BI_PASSWORD": bi_password,
    }
    with tempfile.TemporaryDirectory(prefix="throughline-engine-") as folder:
        ready_file = Path(folder) / "ready.json"
        log = Path(log_path) if log_path else Path(folder) / "engine.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as log_stream:
            log_start = log_stream.tell()
            process = subprocess.Popen(
                [
                    sys.executable,
                    *("-m", "include.embedded", "--data", str(data_path)),
                    *("--port", str(port), "--ready-file", str(ready_file)),
                ],
                cwd=PROJECT_ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log_stream,
                stderr=log_stream,
                start_new_session=own_session,
            )
        ready = _wait_until_ready(process, ready_file, log, log_start)
    return RunningEngine(
        host=ready["host"],
        port=ready["port"],
        pid=ready["pid"],
        user=user,
        password=password,
        bi_user=BI_USER,
        bi_password=bi_password,
        process=process,
    )


def _wait_until_ready(
    process: subprocess.Popen[bytes], ready_file: Path, log: Path, log_start: int
) -> dict[str, object]:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if ready_file.exists():
            return dict(json.loads(ready_file.read_text(encoding="utf-8")))
        if process.poll() is not None:
            words = log.read_bytes()[log_start:].decode(errors="replace").strip()
            raise EngineDidNotStart(
                f"the engine ended with exit code {process.returncode}: {words or 'no message'}"
            )
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise EngineDidNotStart(f"the engine did not answer within {START_SECONDS:.0f} s; see {log}")
