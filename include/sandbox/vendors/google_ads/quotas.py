"""Operations per day of a Cloud project, and queries per second of a customer.

A query is one operation whatever its pages. Both are measured by the stopwatch. The second limit
is adaptive at the vendor's and unknown; here it is the knob ``queries_per_second``.
"""

from __future__ import annotations

from collections import Counter

from include.sandbox.vendors.google_ads.errors import RETRY_SECONDS, refuse_excess
from include.sandbox.vendors.vendor import Stage

DAILY_OPERATIONS, QUERIES_PER_SECOND, DAY_SECONDS = 15_000, 100, 86_400


class Quotas:
    """Counts operations."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.reset()

    def reset(self) -> None:
        """Nothing is used up."""
        self._daily: Counter[int] = Counter()
        self._recent: Counter[tuple[str, int]] = Counter()

    def count(self, customer_id: str) -> None:
        """Count one operation; 429 when the day's or the second's are used up."""
        elapsed = self._stage.clock.elapsed()
        day, second = int(elapsed // DAY_SECONDS), int(elapsed)
        if self._daily[day] >= self._knob("daily_operations", DAILY_OPERATIONS):
            raise refuse_excess(
                "RESOURCE_EXHAUSTED", "DEVELOPER", "The daily quota is used up.", None
            )
        self._recent = Counter({key: n for key, n in self._recent.items() if key[1] == second})
        if self._recent[customer_id, second] >= self._knob(
            "queries_per_second", QUERIES_PER_SECOND
        ):
            raise refuse_excess(
                "RESOURCE_TEMPORARILY_EXHAUSTED",
                "ACCOUNT",
                f"Too many requests. Retry in {RETRY_SECONDS} seconds.",
                RETRY_SECONDS,
            )
        self._daily[day] += 1
        self._recent[customer_id, second] += 1

    def _knob(self, name: str, default: int) -> int:
        return int(self._stage.knobs.get(f"google_ads.{name}", default))
