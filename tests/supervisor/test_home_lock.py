"""One supervisor per home, and the traces of one that was killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from include.settings import PROJECT_ROOT
from include.supervisor.home_lock import (
    HomeBusy,
    RunningProcess,
    end_leftovers,
    hold_home,
    read_running,
)

_HOLDER = """
import sys, time
from pathlib import Path
from include.supervisor.home_lock import RunningProcess, hold_home
import psutil, subprocess
with hold_home(Path(sys.argv[1]), "demo") as home:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    home.running.processes.append(
        RunningProcess("scheduler", child.pid, psutil.Process(child.pid).create_time())
    )
    home.save()
    print(child.pid, flush=True)
    time.sleep(600)
"""


def _start_holder(home: Path) -> tuple[subprocess.Popen[str], int]:
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(home)],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    return holder, int(holder.stdout.readline())


def test_a_second_supervisor_is_told_who_works_here(tmp_path: Path) -> None:
    holder, child = _start_holder(tmp_path)
    try:
        with pytest.raises(HomeBusy) as caught, hold_home(tmp_path, "demo"):
            pytest.fail("two supervisors in one home")
        message = str(caught.value)
        assert f"`make demo` (process {holder.pid}" in message
        assert "THROUGHLINE_HOME" in message
    finally:
        holder.kill()
        holder.wait()
        os.kill(child, signal.SIGKILL)


def test_processes_a_killed_supervisor_left_are_ended_and_named(tmp_path: Path) -> None:
    holder, child = _start_holder(tmp_path)
    holder.kill()
    holder.wait()
    told: list[str] = []
    with hold_home(tmp_path, "demo", told.append):
        pass
    assert told == [line for line in told if f"scheduler (process {child})" in line]
    assert len(told) == 1
    assert not psutil.pid_exists(child) or psutil.Process(child).status() == "zombie"


def test_a_process_that_merely_inherited_the_pid_is_left_alone(tmp_path: Path) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        with hold_home(tmp_path, "demo") as home:
            home.running.pid, home.running.created = 1, 0.0
            home.running.processes.append(RunningProcess("scheduler", bystander.pid, 1.0))
            home.save()
            assert end_leftovers(tmp_path) == []
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_the_record_is_gone_after_an_orderly_end(tmp_path: Path) -> None:
    with hold_home(tmp_path, "demo"):
        running = read_running(tmp_path)
        assert running is not None
        assert running.pid == os.getpid()
    assert read_running(tmp_path) is None


def test_a_damaged_record_does_not_keep_the_home_locked(tmp_path: Path) -> None:
    (tmp_path / "supervisor.json").write_text(json.dumps({"command": "demo"}), "utf-8")
    with hold_home(tmp_path, "demo") as home:
        assert home.running.command == "demo"


def test_the_home_is_free_again_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), hold_home(tmp_path, "demo"):
        raise RuntimeError("in the middle")
    with hold_home(tmp_path, "demo"):
        pass
