"""The vendor's brakes: requests per window, simultaneous calls, and points per day.

All measure the stopwatch of the clock, so a faster clock makes shorter limits.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager

from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.yandex_direct.errors import ApiError

REPORT_REQUESTS = 20
REPORT_WINDOW_SECONDS = 10.0
SIMULTANEOUS_CALLS = 5
DAILY_UNITS = 160_000
ERROR_UNITS = 20


class Limits:
    """Brakes per advertiser login."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Everybody starts afresh."""
        self._recent: dict[str, deque[float]] = defaultdict(deque)
        self._running: dict[str, int] = defaultdict(int)
        self._units: dict[str, tuple[float, float]] = {}

    def count_report_request(self, login: str) -> None:
        """Raise 56 for the 21st request within ten seconds; a refused one does not count."""
        now, recent = self._clock.elapsed(), self._recent[login]
        while recent and now - recent[0] >= REPORT_WINDOW_SECONDS:
            recent.popleft()
        if len(recent) >= REPORT_REQUESTS:
            raise ApiError(56, "No more than 20 requests in 10 seconds to the Reports service")
        recent.append(now)

    def enter(self, login: str) -> None:
        """Raise 506 when five calls of this advertiser are being answered."""
        if self._running[login] >= SIMULTANEOUS_CALLS:
            raise ApiError(506, "No more than 5 simultaneous calls per advertiser")
        self._running[login] += 1

    def leave(self, login: str) -> None:
        """The counterpart of :meth:`enter`."""
        self._running[login] -= 1

    @contextmanager
    def running(self, login: str) -> Iterator[None]:
        """Hold one of the five places while the block runs."""
        self.enter(login)
        try:
            yield
        finally:
            self.leave(login)

    def units_left(self, login: str, daily: int = DAILY_UNITS) -> int:
        """Points of this login; a 24th of the daily limit comes back each hour."""
        now = self._clock.elapsed()
        left, since = self._units.get(login, (float(daily), now))
        hours = int((now - since) // 3600)
        left = min(float(daily), left + hours * daily / 24)
        self._units[login] = (left, since + hours * 3600)
        return int(left)

    def spend_units(self, login: str, cost: int, daily: int = DAILY_UNITS) -> None:
        """Raise 152 when the login cannot pay ``cost`` points."""
        if self.units_left(login, daily) < cost:
            raise ApiError(152, f"The call costs {cost} units, not enough are left")
        left, since = self._units[login]
        self._units[login] = (left - cost, since)
