"""Requests per calendar second, hour and day, for each user and method.

The vendor documents the windows and the headers, not the numbers: those are knobs
``rps_limit``, ``hourly_limit`` and ``daily_limit``; ``minutely_limit`` adds the window of a minute
that its elder myTarget has. Windows begin with the calendar's of Moscow as it was at the last
reset, and pass by the stopwatch, so that they run faster with everything else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from include.sandbox.vendors.vendor import Stage

WINDOWS = (("RPS", 1, 20), ("Minutely", 60, 0), ("Hourly", 3_600, 4_000), ("Daily", 86_400, 40_000))
"""Header word, length in seconds, limit unless a knob says otherwise; a limit of 0 is none."""
MOSCOW_AHEAD = timedelta(hours=3)


class Limits:
    """Counts requests; a refused one counts too."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.reset()

    def reset(self) -> None:
        """Everybody starts afresh."""
        self._counts: Counter[tuple[str, str, int, int]] = Counter()
        clock = self._stage.clock
        self._begun = (clock.now() + MOSCOW_AHEAD).timestamp() - clock.elapsed()

    def count(self, user: str, method: str) -> bool:
        """Count one request; whether it is within every limit."""
        for _, seconds, _ in self._windows():
            self._counts[user, method, seconds, self._number(seconds)] += 1
        return all(
            self._used(user, method, seconds) <= limit for _, seconds, limit in self._windows()
        )

    def headers(self, user: str, method: str) -> dict[str, str]:
        """``X-RateLimit-…`` of this user and method."""
        told: dict[str, str] = {}
        for word, seconds, limit in self._windows():
            left = max(limit - self._used(user, method, seconds), 0)
            told[f"X-RateLimit-{word}-Limit"] = str(limit)
            told[f"X-RateLimit-{word}-Remaining"] = str(left)
        return told

    def describe(self, user: str, method: str) -> Mapping[str, Mapping[str, int]]:
        """The same as ``throttling.json`` says it, by the window's length."""
        limits = {str(seconds): limit for _, seconds, limit in self._windows()}
        remaining = {
            str(seconds): max(limit - self._used(user, method, seconds), 0)
            for _, seconds, limit in self._windows()
        }
        return {"remaining": remaining, "limits": limits}

    def _used(self, user: str, method: str, seconds: int) -> int:
        return self._counts[user, method, seconds, self._number(seconds)]

    def _number(self, seconds: int) -> int:
        return int((self._begun + self._stage.clock.elapsed()) // seconds)

    def _windows(self) -> Sequence[tuple[str, int, int]]:
        knobs = self._stage.knobs
        told = [(w, s, int(knobs.get(f"vk_ads.{w.lower()}_limit", n))) for w, s, n in WINDOWS]
        return [window for window in told if window[2]]
