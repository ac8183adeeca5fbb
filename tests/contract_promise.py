"""What a contract's check promises, with rows that keep the promise and rows that break it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Promise:
    """``sound`` rows keep the check quiet, ``broken`` rows of the same table wake it."""

    table: str
    check: str
    sound: Rows
    broken: Rows
    beside: dict[str, Rows] = field(default_factory=dict)
