"""Faults an operator of the stand-ins has planted, taken one by one by the requests they match.

A fault with ``count`` 3 spoils the next three matching requests and is gone. Faults of transport
(``status cut truncate slow``) work for every vendor in the middleware of the server; all other
kinds have the meaning their vendor gives them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Fault:
    """One planted fault: what happens, to which requests, how many times."""

    kind: str
    vendor: str = ""
    path_contains: str = ""
    count: int = 1
    skip: int = 0
    """How many matching requests pass unharmed first."""
    values: Mapping[str, Any] = field(default_factory=dict)

    def matches(self, vendor: str, path: str) -> bool:
        """Empty conditions match everything."""
        return self.vendor in ("", vendor) and self.path_contains in path


class FaultBook:
    """All planted faults; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def plant(self, fault: Fault) -> None:
        """Add one fault behind those already planted."""
        with self._lock:
            self._faults.append(fault)

    def take(self, kind: str, vendor: str, path: str = "") -> Mapping[str, Any] | None:
        """The values of the first matching fault, counted as used; None when there is none."""
        with self._lock:
            return next(self._take(kind, vendor, path), None)

    def take_each(self, kind: str, vendor: str, path: str = "") -> list[Mapping[str, Any]]:
        """The values of every matching fault, each counted as used once."""
        with self._lock:
            return list(self._take(kind, vendor, path))

    def _take(self, kind: str, vendor: str, path: str) -> Iterator[Mapping[str, Any]]:
        for fault in list(self._faults):
            if fault.kind != kind or not fault.matches(vendor, path):
                continue
            if fault.skip > 0:
                fault.skip -= 1
                continue
            fault.count -= 1
            if fault.count <= 0:
                self._faults.remove(fault)
            yield fault.values

    def clear(self) -> None:
        """Remove every planted fault."""
        with self._lock:
            self._faults.clear()

    def list(self) -> list[Fault]:
        """What is still planted."""
        with self._lock:
            return list(self._faults)
