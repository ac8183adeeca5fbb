"""The brakes of the Metrica API, all answered with HTTP 429.

Windows of a second measure the stopwatch of the clock. Days end at 00:00 UTC of the calendar, and
also whenever a day has passed on the stopwatch, so that a faster clock makes shorter days.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque

from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.yandex_metrica.errors import ApiError

REQUESTS_A_SECOND = 30
LOG_REQUESTS_A_SECOND = 10
PARALLEL_REQUESTS = 3
REQUESTS_A_DAY = 5_000


class Limits:
    """Brakes per address, login and counter."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Everybody starts afresh."""
        self._recent: dict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._running: dict[str, int] = defaultdict(int)
        self._days: dict[tuple[str, str], tuple[object, int]] = {}

    def count_address(self, address: str, is_logs: bool) -> None:
        """Raise for the 31st request of a second, or the 11th to the Logs API."""
        with self._lock:
            self._count_second("all", address, REQUESTS_A_SECOND)
            if is_logs:
                self._count_second("logs", address, LOG_REQUESTS_A_SECOND)

    def count_day(self, kind: str, owner: str, limit: int) -> None:
        """Count one request of a login (``uid``) or counter (``counter_id``) of today."""
        today = (self._clock.now().date(), int(self._clock.elapsed() // 86_400))
        with self._lock:
            day, count = self._days.get((kind, owner), (today, 0))
            count = count if day == today else 0
            if count >= limit:
                raise ApiError(f"quota_requests_by_{kind}", "Daily quota of requests is exceeded")
            self._days[kind, owner] = (today, count + 1)

    def enter(self, login: str) -> None:
        """Raise when three requests of this login are being answered."""
        with self._lock:
            if self._running[login] >= PARALLEL_REQUESTS:
                raise ApiError("quota_parallel_requests", "Quota of parallel requests is exceeded")
            self._running[login] += 1

    def leave(self, login: str) -> None:
        """The counterpart of :meth:`enter`."""
        with self._lock:
            self._running[login] -= 1

    def _count_second(self, group: str, address: str, limit: int) -> None:
        now, recent = self._clock.elapsed(), self._recent[group, address]
        while recent and now - recent[0] >= 1.0:
            recent.popleft()
        if len(recent) >= limit:
            raise ApiError("quota_requests_by_ip", f"More than {limit} requests a second")
        recent.append(now)
