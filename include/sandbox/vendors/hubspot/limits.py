"""HubSpot's limits: a rolling ten seconds per app, five searches a second, and a day.

Private apps and OAuth apps have different ten-second limits. Answers carry what is left, except
those of searches; the daily headers belong to private apps only. The day is the portal's.
"""

from __future__ import annotations

import math
import threading
from collections import defaultdict, deque
from zoneinfo import ZoneInfo

from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.hubspot.access import Caller
from include.sandbox.vendors.hubspot.errors import RateLimited

PORTAL_ZONE = ZoneInfo("US/Eastern")
TEN_SECONDS = 10.0
PRIVATE_APP_MAX = 190
OAUTH_APP_MAX = 110
SEARCHES_PER_SECOND = 5
DAILY_MAX = 650_000


class Limits:
    """Counts of one portal, measured by the vendor's stopwatch."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._recent: defaultdict[str, deque[float]] = defaultdict(deque)
        self._searches: deque[float] = deque()
        self._days: defaultdict[str, int] = defaultdict(int)

    def reset(self) -> None:
        """Nothing was called yet."""
        with self._lock:
            self._recent.clear()
            self._searches.clear()
            self._days.clear()

    def count_call(self, caller: Caller, most: int, daily: int) -> dict[str, str]:
        """One call that is no search: its headers, or the refusal."""
        with self._lock:
            used = self._spend_day(caller, daily)
            recent, now = self._recent[caller.token], self._clock.elapsed()
            _drop_old(recent, now - TEN_SECONDS)
            if len(recent) >= most:
                wait = math.ceil(recent[0] + TEN_SECONDS - now)
                text = "You have reached your ten_secondly_rolling limit."
                raise RateLimited("TEN_SECONDLY_ROLLING", text, wait)
            recent.append(now)
            headers = {
                "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
                "X-HubSpot-RateLimit-Max": str(most),
                "X-HubSpot-RateLimit-Remaining": str(most - len(recent)),
            }
            if not caller.is_oauth:
                headers["X-HubSpot-RateLimit-Daily"] = str(daily)
                headers["X-HubSpot-RateLimit-Daily-Remaining"] = str(daily - used)
            return headers

    def count_search(self, caller: Caller, most: int, daily: int) -> None:
        """One search of the portal; has no headers."""
        with self._lock:
            self._spend_day(caller, daily)
            now = self._clock.elapsed()
            _drop_old(self._searches, now - 1.0)
            if len(self._searches) >= most:
                raise RateLimited("SECONDLY", "You have reached your secondly limit.", 1)
            self._searches.append(now)

    def _spend_day(self, caller: Caller, daily: int) -> int:
        day = self._clock.now().astimezone(PORTAL_ZONE).date().isoformat()
        if self._days[day] >= daily:
            raise RateLimited("DAILY", "You have reached your daily limit.", None)
        self._days[day] += 1
        return self._days[day]


def _drop_old(times: deque[float], before: float) -> None:
    while times and times[0] <= before:
        times.popleft()
