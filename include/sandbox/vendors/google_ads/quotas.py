"""Operations per day of a Cloud project, and queries per second of a customer and of a project.

A query is one operation whatever its pages. All are measured by the stopwatch. How many a day
allows depends on the project's access level (knob ``access_level``) unless the knob
``daily_operations`` says it. The limits of a second are adaptive at the vendor's and unknown; here
they are the knobs ``queries_per_second`` and ``project_queries_per_second``.
"""

from __future__ import annotations

import math
from collections import Counter

from include.sandbox.vendors.google_ads.errors import RETRY_SECONDS, refuse_excess
from include.sandbox.vendors.vendor import Stage

DAILY_OPERATIONS = {"test": 15_000, "explorer": 2_880, "basic": 15_000, "standard": math.inf}
ACCESS_LEVEL = "basic"
QUERIES_PER_SECOND, PROJECT_QUERIES_PER_SECOND, DAY_SECONDS = 100, 1_000, 86_400
PROJECT = ""


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
        level = str(self._stage.knobs.get("google_ads.access_level", ACCESS_LEVEL))
        if self._daily[day] >= self._knob("daily_operations", DAILY_OPERATIONS[level]):
            raise refuse_excess(
                "RESOURCE_EXHAUSTED", "DEVELOPER", "The daily quota is used up.", None
            )
        self._recent = Counter({key: n for key, n in self._recent.items() if key[1] == second})
        for whose, scope, most in (
            (customer_id, "ACCOUNT", self._knob("queries_per_second", QUERIES_PER_SECOND)),
            (
                PROJECT,
                "DEVELOPER",
                self._knob("project_queries_per_second", PROJECT_QUERIES_PER_SECOND),
            ),
        ):
            if self._recent[whose, second] >= most:
                raise refuse_excess(
                    "RESOURCE_TEMPORARILY_EXHAUSTED",
                    scope,
                    f"Too many requests. Retry in {RETRY_SECONDS} seconds.",
                    RETRY_SECONDS,
                )
        self._daily[day] += 1
        self._recent[customer_id, second] += 1
        self._recent[PROJECT, second] += 1

    def _knob(self, name: str, default: float) -> float:
        return float(self._stage.knobs.get(f"google_ads.{name}", default))
