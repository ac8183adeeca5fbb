"""The most memory a process has held, from Linux's ``/proc``.

``getrusage`` is no answer: a child starts with the peak of the parent it was forked from.
"""

from __future__ import annotations

import re
from pathlib import Path


def read_peak_mb(pid: int | str = "self") -> float | None:
    """Peak resident memory in MB; None when the process is gone."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found.group(1)) / 1024 if found else None


def forget_peak(pid: int | str = "self") -> None:
    """Let the peak begin again at what is held now, so that each step has its own."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
