"""The vendor stand-ins as their own process, run by the project's .venv; clients run here.

This folder is run by ``make conformance`` in an environment of its own, so nothing here may import
the project. A client is used as its documentation says; only its base address is another.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

PROJECT = Path(__file__).resolve().parents[2]
PYTHON = PROJECT / ".venv" / "bin" / "python"
NOW = "2026-01-20T09:00:00+00:00"
"""Noon in Moscow, inside the small world (December 2025 and January 2026)."""
START_SECONDS = 120


@dataclass(frozen=True)
class StandIns:
    """The running process."""

    url: str
    vendors: dict[str, str]

    def base(self, vendor: str) -> str:
        """The address of one vendor, without a slash at its end."""
        return self.vendors[vendor]

    def plant(self, **fault: object) -> None:
        """Plant one fault."""
        requests.post(f"{self.url}/_control/faults", json=fault, timeout=10).raise_for_status()

    def advance(self, seconds: float) -> None:
        """Let the vendors' clock jump."""
        body = {"advance_seconds": seconds}
        requests.post(f"{self.url}/_control/clock", json=body, timeout=10).raise_for_status()

    def reset(self) -> None:
        """Faults, knobs, tokens and limits as in the beginning, and the first instant again."""
        requests.post(f"{self.url}/_control/reset", timeout=10).raise_for_status()
        body = {"now": NOW, "factor": 1}
        requests.post(f"{self.url}/_control/clock", json=body, timeout=10).raise_for_status()


@pytest.fixture(scope="session")
def stand_in_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIns]:
    """One process with the small world for the whole session, at the vendors' real pace."""
    ready = tmp_path_factory.mktemp("vendors") / "ready.json"
    command = [str(PYTHON), "-m", "include.sandbox.vendors", "--ready-file", str(ready)]
    process = subprocess.Popen([*command, "--world", "small", "--now", NOW], cwd=PROJECT)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail("the vendor stand-ins did not start")
            time.sleep(0.05)
        told = json.loads(ready.read_text("utf-8"))
        yield StandIns(told["url"], told["vendors"])
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def stand_ins(stand_in_process: StandIns) -> StandIns:
    """The stand-ins as if just started."""
    stand_in_process.reset()
    return stand_in_process
