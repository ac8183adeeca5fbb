"""Children: ready or explained, ended in order, none left when the supervisor is killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from include.settings import PROJECT_ROOT, inherited_environment
from include.supervisor.processes import (
    Child,
    Program,
    ProgramFailed,
    start_and_wait,
    stop_all,
    tail,
)

_STUBBORN = (
    "import signal, time, pathlib, sys;"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "pathlib.Path(sys.argv[1]).touch(); time.sleep(600)"
)
_FORKING = (
    "import os, signal, sys, time, pathlib\n"
    "pid = os.fork()\n"
    "if pid == 0:\n"
    "    signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)\n"
    "pathlib.Path(sys.argv[1]).write_text(str(pid)); time.sleep(600)\n"
)


def _program(tmp_path: Path, code: str, *arguments: str, **fields: object) -> Program:
    return Program(
        name="thing",
        arguments=(sys.executable, "-c", code, *arguments),
        environment=inherited_environment(),
        log_file=tmp_path / "thing.log",
        folder=PROJECT_ROOT,
        **fields,  # type: ignore[arg-type]
    )


def test_a_program_that_ends_early_is_explained_by_the_end_of_its_log(tmp_path: Path) -> None:
    started: list[Child] = []
    program = _program(tmp_path, "import sys; sys.exit('no such database')", is_ready=lambda: False)
    with pytest.raises(ProgramFailed, match=r"(?s)thing ended with code 1.*no such database"):
        start_and_wait([program], started.append)
    assert len(started) == 1


def test_a_program_that_never_gets_ready_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    started: list[Child] = []
    program = _program(
        tmp_path, "import time; time.sleep(600)", is_ready=lambda: False, ready_seconds=0.3
    )
    try:
        with pytest.raises(ProgramFailed, match="was not ready after"):
            start_and_wait([program], started.append)
    finally:
        stop_all([started])


def test_a_program_that_ignores_the_request_is_killed_and_named(tmp_path: Path) -> None:
    mark = tmp_path / "up"
    program = _program(tmp_path, _STUBBORN, str(mark), is_ready=mark.exists, stop_seconds=0.3)
    children = start_and_wait([program], lambda child: None)
    assert stop_all([children]) == ["thing"]
    assert children[0].exit_code == -9


def test_what_a_child_forked_is_ended_with_it(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    program = _program(
        tmp_path, _FORKING, str(mark), is_ready=lambda: mark.exists() and mark.read_text() != ""
    )
    children = start_and_wait([program], lambda child: None)
    grandchild = int(mark.read_text())
    assert psutil.pid_exists(grandchild)
    stop_all([children])
    assert not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == "zombie"


@pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")
def test_no_child_survives_a_killed_supervisor(tmp_path: Path) -> None:
    code = f"""
import sys, time
from pathlib import Path
from include.settings import PROJECT_ROOT, inherited_environment
from include.supervisor.processes import Child, Program
child = Child(Program("thing", (sys.executable, "-c", "import time; time.sleep(600)"),
    inherited_environment(), Path({str(tmp_path / "x.log")!r}), PROJECT_ROOT))
print(child.pid, flush=True)
time.sleep(600)
"""
    supervisor = subprocess.Popen(
        [sys.executable, "-c", code], cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout is not None
    child = int(supervisor.stdout.readline())
    supervisor.kill()
    supervisor.wait()
    for _ in range(100):
        if not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie":
            return
        time.sleep(0.05)
    pytest.fail("the child outlived its supervisor")


def test_the_tail_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("\n".join(f"line {n}" for n in range(100)), "utf-8")
    assert tail(log, 2) == "  line 98\n  line 99"
    assert tail(tmp_path / "none.log") == "  (no log)"
