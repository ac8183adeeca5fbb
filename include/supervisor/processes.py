"""Child programs: started with a log file, watched, ended by pid in order, no orphan left.

Each child leads a process group of its own, so Ctrl-C reaches the supervisor only. On Linux the
kernel sends a child SIGTERM when the supervisor dies, even by ``kill -9``; elsewhere the next start
ends what the record in the home names.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class ProgramFailed(Exception):
    """A program ended or did not become ready; the message carries the end of its log."""


@dataclass(frozen=True)
class Program:
    """What to start and how to know it is ready."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    log_file: Path
    folder: Path
    is_ready: Callable[[], bool] = lambda: True
    ready_seconds: float = 120.0
    stop_seconds: float = 20.0
    may_be_killed: bool = False
    """It keeps nothing of its own, so being killed after ``stop_seconds`` is no news."""


class Child:
    """A started program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        program.log_file.parent.mkdir(parents=True, exist_ok=True)
        with program.log_file.open("ab") as log:
            # The death signal must be set between fork and exec, which only preexec_fn allows;
            # the supervisor starts children from its main thread, where that is safe.
            self._process = subprocess.Popen(
                list(program.arguments),
                env=dict(program.environment),
                cwd=program.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent if _LIBC is not None else None,
            )
        self.pid = self._process.pid
        self.created = psutil.Process(self.pid).create_time()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._process.poll()

    def require_alive(self) -> None:
        """Raise :class:`ProgramFailed` when it has ended."""
        if self.exit_code is not None:
            raise ProgramFailed(
                f"{self.program.name} ended with code {self.exit_code};"
                f" its log is {self.program.log_file}:\n{tail(self.program.log_file)}"
            )

    def ask_to_stop(self) -> list[psutil.Process]:
        """Send SIGTERM to the leader and return every process it had, itself included."""
        try:
            leader = psutil.Process(self.pid)
            family = [leader, *leader.children(recursive=True)]
        except psutil.NoSuchProcess:
            family = []
        if self.exit_code is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
        return family

    def wait(self, seconds: float) -> bool:
        """Whether it ended within ``seconds``."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def start_and_wait(
    programs: Sequence[Program], on_start: Callable[[Child], None], others: Sequence[Child] = ()
) -> list[Child]:
    """Start all of ``programs`` at once and return when every one of them is ready.

    ``on_start`` is told of each child at once, so that a failure half-way leaves none unknown.
    ``others`` are watched too: waiting for the scheduler is in vain when the engine has died.
    """
    children: list[Child] = []
    for program in programs:
        child = Child(program)
        on_start(child)
        children.append(child)
    waiting = list(children)
    began = time.monotonic()
    while waiting:
        for child in [*children, *others]:
            child.require_alive()
        waiting = [child for child in waiting if not child.program.is_ready()]
        for child in waiting:
            if time.monotonic() - began > child.program.ready_seconds:
                raise ProgramFailed(
                    f"{child.program.name} was not ready after {child.program.ready_seconds:.0f} s;"
                    f" its log is {child.program.log_file}:\n{tail(child.program.log_file)}"
                )
        if waiting:
            time.sleep(0.1)
    return children


def stop_all(stages: Sequence[Sequence[Child]]) -> list[str]:
    """Stop stage after stage, each at once; return the names that had to be killed."""
    killed: list[str] = []
    for stage in stages:
        families = {child: child.ask_to_stop() for child in stage}
        for child, family in families.items():
            is_stopped = child.wait(child.program.stop_seconds)
            if not is_stopped and not child.program.may_be_killed:
                killed.append(child.program.name)
            # What the leader forked and did not take along (a worker in the middle of a task).
            for process in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            # The leader is ours to reap; psutil would take its exit code away.
            child.wait(5)
            psutil.wait_procs([p for p in family if p.pid != child.pid], timeout=5)
    return killed


def tail(path: Path, lines: int = 15) -> str:
    """The last lines of a log, indented, for an error message."""
    try:
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - 16_384))
            text = log.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return "  (no log)"
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:]) or "  (empty log)"


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)  # type: ignore[union-attr]
