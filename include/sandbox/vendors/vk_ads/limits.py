"""Requests per calendar second, hour and day, for each user and method.

The vendor documents the windows and the headers, not the numbers: those are knobs
``rps_limit``, ``hourly_limit`` and ``daily_limit``. Windows are counted by the stopwatch.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from include.sandbox.vendors.vendor import Stage

WINDOWS = (("RPS", 1, 20), ("Hourly", 3_600, 4_000), ("Daily", 86_400, 40_000))
"""Header word, length in seconds, limit unless a knob says otherwise."""


class Limits:
    """Counts requests; a refused one counts too."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.reset()

    def reset(self) -> None:
        """Everybody starts afresh."""
        self._counts: Counter[tuple[str, str, int, int]] = Counter()

    def count(self, user: str, method: str) -> bool:
        """Count one request; whether it is within every limit."""
        elapsed = self._stage.clock.elapsed()
        for _, seconds, _ in WINDOWS:
            self._counts[user, method, seconds, int(elapsed // seconds)] += 1
        return all(
            self._used(user, method, seconds) <= self._limit(word, given)
            for word, seconds, given in WINDOWS
        )

    def headers(self, user: str, method: str) -> dict[str, str]:
        """``X-RateLimit-…`` of this user and method."""
        told: dict[str, str] = {}
        for word, seconds, given in WINDOWS:
            limit = self._limit(word, given)
            left = max(limit - self._used(user, method, seconds), 0)
            told[f"X-RateLimit-{word}-Limit"] = str(limit)
            told[f"X-RateLimit-{word}-Remaining"] = str(left)
        return told

    def describe(self, user: str, method: str) -> Mapping[str, Mapping[str, int]]:
        """The same as ``throttling.json`` says it, by the window's length."""
        limits = {str(seconds): self._limit(word, given) for word, seconds, given in WINDOWS}
        remaining = {
            str(seconds): max(limits[str(seconds)] - self._used(user, method, seconds), 0)
            for _, seconds, _ in WINDOWS
        }
        return {"remaining": remaining, "limits": limits}

    def _used(self, user: str, method: str, seconds: int) -> int:
        window = int(self._stage.clock.elapsed() // seconds)
        return self._counts[user, method, seconds, window]

    def _limit(self, word: str, given: int) -> int:
        return int(self._stage.knobs.get(f"vk_ads.{word.lower()}_limit", given))
