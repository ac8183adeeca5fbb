"""What one step in the engine costs: time until it answers, and all processor time it causes.

Rows a step wrote are merged after it has answered. A step begins when the merges of those before it
are over, and bears the processor time of its own, so that no step pays for another's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psutil
from clickhouse_connect.driver.client import Client

from benchmarks.peak_memory import forget_peak, read_peak_mb


@dataclass(frozen=True)
class EngineStep:
    """``cpu_seconds`` are the engine's and this process's together."""

    seconds: float
    cpu_seconds: float
    peak_mb: float
    answer: Any


def measure_step(client: Client, pid: int, run: Callable[[], Any]) -> EngineStep:
    """Run one step in the engine of process ``pid``."""
    _await_merges(client)
    engine = psutil.Process(pid)
    forget_peak(pid)
    spent, own = engine.cpu_times(), time.process_time()
    begun = time.monotonic()
    answer = run()
    seconds = time.monotonic() - begun
    _await_merges(client)
    now = engine.cpu_times()
    cpu = now.user + now.system - spent.user - spent.system + time.process_time() - own
    return EngineStep(seconds, cpu, read_peak_mb(pid) or 0.0, answer)


def _await_merges(client: Client) -> None:
    quiet = 0
    while quiet < 3:
        running = client.query("select count() from system.merges").result_rows[0][0]
        quiet = 0 if running else quiet + 1
        time.sleep(0.1)
