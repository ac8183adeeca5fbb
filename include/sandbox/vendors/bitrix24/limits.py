"""The portal's two limits: how often it is asked, and how long each method has worked.

The rate is a leaky bucket per source address; a refused request does not fill it. Operating time
is kept per method and webhook in one-minute buckets that each fall out ten minutes after their
first call; it is checked before a call, so the call that crosses the line still finishes.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from include.sandbox.vendors.bitrix24.errors import ApiError
from include.sandbox.vendors.clock import Clock

BUCKET_SIZE = 50
DRAINED_PER_SECOND = 2.0
OPERATING_LIMIT_SECONDS = 480.0
CALL_SECONDS = 0.05
WINDOW_SECONDS = 600.0
MINUTE = 60.0
REQUEST_LIMIT_SECONDS = 60.0


@dataclass
class Minute:
    """One bucket of operating time."""

    began: float
    seconds: float


class Limits:
    """Counts of one portal, measured by the vendor's stopwatch."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._levels: dict[str, tuple[float, float]] = {}
        self._minutes: dict[tuple[str, str], deque[Minute]] = {}

    def reset(self) -> None:
        """Empty buckets."""
        with self._lock:
            self._levels.clear()
            self._minutes.clear()

    def count_request(self, address: str, size: float, drained_per_second: float) -> None:
        """One HTTP request; QUERY_LIMIT_EXCEEDED when it finds the bucket too full."""
        now = self._clock.elapsed()
        with self._lock:
            level, at = self._levels.get(address, (0.0, now))
            level = max(0.0, level - (now - at) * drained_per_second)
            if level + 1 > size:
                self._levels[address] = (level, now)
                raise ApiError("QUERY_LIMIT_EXCEEDED")
            self._levels[address] = (level + 1, now)

    def require_operating_time(self, method: str, caller: str, limit: float) -> None:
        """OPERATION_TIME_LIMIT when the method has already worked longer than ``limit`` seconds."""
        with self._lock:
            if sum(minute.seconds for minute in self._kept(method, caller)) > limit:
                raise ApiError("OPERATION_TIME_LIMIT")

    def spend_operating_time(self, method: str, caller: str, seconds: float) -> tuple[float, float]:
        """The method's operating seconds so far, and in how many seconds the oldest fall out."""
        now = self._clock.elapsed()
        with self._lock:
            minutes = self._kept(method, caller)
            if minutes and now - minutes[-1].began < MINUTE:
                minutes[-1].seconds += seconds
            else:
                minutes.append(Minute(now, seconds))
            return sum(m.seconds for m in minutes), minutes[0].began + WINDOW_SECONDS - now

    def _kept(self, method: str, caller: str) -> deque[Minute]:
        minutes = self._minutes.setdefault((method, caller), deque())
        while minutes and self._clock.elapsed() - minutes[0].began >= WINDOW_SECONDS:
            minutes.popleft()
        return minutes
