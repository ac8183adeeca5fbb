"""One supervisor per home: who holds it, and what a supervisor that was killed left behind.

The lock itself is the operating system's (it vanishes with its holder); the record beside it only
tells the next comer whom to ask and which processes to end.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock, Timeout


class HomeBusy(Exception):
    """Another supervisor works in this home; the message says which and what to do."""


@dataclass(frozen=True)
class RunningProcess:
    """A child process; pid and start time together name it, since pids are reused."""

    name: str
    pid: int
    created: float


@dataclass
class Running:
    """What the supervisor that holds the home runs."""

    command: str
    pid: int
    created: float
    since: str
    store: str = ""
    clickhouse_port: int = 0
    airflow_port: int = 0
    is_ready: bool = False
    processes: list[RunningProcess] = field(default_factory=list)


class Home:
    """The held home. :meth:`save` after each change, so that a crash leaves a true record."""

    def __init__(self, root: Path, running: Running) -> None:
        self.root = root
        self.running = running

    def save(self) -> None:
        """Write the record, whole or not at all."""
        path = _record_path(self.root)
        draft = path.with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(self.running), indent=1), "utf-8")
        draft.replace(path)


@contextlib.contextmanager
def hold_home(root: Path, command: str, tell: Any = None) -> Iterator[Home]:
    """Hold ``root`` for ``command``; raises :class:`HomeBusy` when another supervisor does.

    Processes left behind by a supervisor that was killed are ended first; ``tell`` is called with
    one line about each.
    """
    root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / "supervisor.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise HomeBusy(_explain_holder(root)) from None
    try:
        for line in end_leftovers(root):
            if tell is not None:
                tell(line)
        me = psutil.Process()
        home = Home(
            root,
            Running(
                command=command,
                pid=me.pid,
                created=me.create_time(),
                since=f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC",
            ),
        )
        home.save()
        yield home
        _record_path(root).unlink(missing_ok=True)
    finally:
        lock.release()


def read_running(root: Path) -> Running | None:
    """The live supervisor of this home, or None; a record whose process is gone counts as none."""
    running = _read_record(root)
    if running is None or find_process(running.pid, running.created) is None:
        return None
    return running


def find_process(pid: int, created: float) -> psutil.Process | None:
    """The process with this pid if it is still the same one and no zombie."""
    try:
        process = psutil.Process(pid)
        # The clock behind create_time is read in ticks of 10 ms.
        if abs(process.create_time() - created) > 0.05:
            return None
        return None if process.status() == psutil.STATUS_ZOMBIE else process
    except psutil.NoSuchProcess:
        return None


def end_leftovers(root: Path, grace_seconds: float = 5.0) -> list[str]:
    """End processes recorded by a supervisor that is gone; return one line about each."""
    running = _read_record(root)
    if running is None or find_process(running.pid, running.created) is not None:
        return []
    lines: list[str] = []
    victims: list[psutil.Process] = []
    for entry in running.processes:
        process = find_process(entry.pid, entry.created)
        if process is None:
            continue
        lines.append(
            f"ending {entry.name} (process {entry.pid}), left behind by `make {running.command}`"
            f" of {running.since}"
        )
        with contextlib.suppress(psutil.NoSuchProcess):
            victims += [*process.children(recursive=True), process]
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.terminate()
    _, alive = psutil.wait_procs(victims, timeout=grace_seconds)
    for victim in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.kill()
    psutil.wait_procs(alive, timeout=grace_seconds)
    _record_path(root).unlink(missing_ok=True)
    return lines


def _explain_holder(root: Path) -> str:
    running = _read_record(root)
    if running is None:
        return f"another command is starting in {root}; wait for it and try again"
    cure = "stop it with `make down`" if running.command == "up" else "wait for it, or press Ctrl-C"
    return (
        f"`make {running.command}` (process {running.pid}, since {running.since}) already works in"
        f" {root}: {cure}, or run beside it with THROUGHLINE_HOME=<another folder>"
    )


def _record_path(root: Path) -> Path:
    return root / "supervisor.json"


def _read_record(root: Path) -> Running | None:
    try:
        content = json.loads(_record_path(root).read_text("utf-8"))
        content["processes"] = [RunningProcess(**entry) for entry in content["processes"]]
        return Running(**content)
    except (FileNotFoundError, json.JSONDecodeError, KeyError, TypeError):
        return None
