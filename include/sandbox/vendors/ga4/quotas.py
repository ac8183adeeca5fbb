"""The property's quotas: tokens of the day and the hour, simultaneous requests, server errors.

Hourly windows slide over the clock's stopwatch, so a faster clock makes shorter ones; the day's
tokens return at midnight of the vendor's own zone (knob ``ga4.quota_zone``), not of the property's.
Reports and realtime reports have a set of meters each. A 360 property (knob ``ga4.tier`` =
``360``) has ten times the tokens and fifty simultaneous requests.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.ga4.errors import ApiError

HOUR, UNTIL_MIDNIGHT = 3600.0, math.inf
QUOTA_ZONE = "America/Los_Angeles"
DAY_METER = "tokensPerDay"


@dataclass(frozen=True)
class Quota:
    """One meter: how much fits into ``window`` seconds, and what is said when it is full."""

    standard: int
    premium: int
    window: float
    message: str


QUOTAS: dict[str, Quota] = {
    "tokensPerDay": Quota(
        200_000,
        2_000_000,
        UNTIL_MIDNIGHT,
        "Exhausted property tokens per day. These quota tokens will return in under 24 hours.",
    ),
    "tokensPerHour": Quota(
        40_000,
        400_000,
        HOUR,
        "Exhausted property tokens per hour. These quota tokens will return in under an hour.",
    ),
    "concurrentRequests": Quota(
        10,
        50,
        0.0,
        "Exhausted concurrent requests quota. Please send fewer requests concurrently.",
    ),
    "serverErrorsPerProjectPerHour": Quota(
        10,
        50,
        HOUR,
        "Exhausted server errors quota for the project. Retry in under an hour.",
    ),
    "potentiallyThresholdedRequestsPerHour": Quota(
        120,
        120,
        HOUR,
        "Exhausted potentially thresholded requests quota. Retry in under an hour.",
    ),
    "tokensPerProjectPerHour": Quota(
        14_000,
        140_000,
        HOUR,
        "Exhausted property tokens for a project per hour. "
        "These quota tokens will return in under an hour.",
    ),
}
TOKEN_METERS = ("tokensPerDay", "tokensPerHour", "tokensPerProjectPerHour")


class Quotas:
    """Every meter of one property."""

    def __init__(self, clock: Clock, knobs: Mapping[str, Any]) -> None:
        self._clock = clock
        self._knobs = knobs
        self.reset()

    def reset(self) -> None:
        """Nothing has been consumed."""
        self._spent: dict[str, deque[tuple[float, int]]] = defaultdict(deque)
        self._running = 0
        self._day: date | None = None
        self._day_ends = 0.0

    def _limit(self, meter: str) -> int:
        quota = QUOTAS[meter]
        is_premium = str(self._knobs.get("ga4.tier", "standard")) == "360"
        known = quota.premium if is_premium else quota.standard
        return int(self._knobs.get(f"ga4.{meter}", known))

    def left(self, meter: str) -> int:
        """What the meter still allows now."""
        if meter == "concurrentRequests":
            return self._limit(meter) - self._running
        if meter == DAY_METER:
            self._begin_day()
        now, spent = self._clock.elapsed(), self._spent[meter]
        while spent and now - spent[0][0] >= QUOTAS[meter].window:
            spent.popleft()
        return max(self._limit(meter) - sum(cost for _, cost in spent), 0)

    def _begin_day(self) -> None:
        """Give the day's tokens back once midnight has passed, by calendar or by stopwatch."""
        elapsed, now = self._clock.elapsed(), self._clock.now()
        zone = ZoneInfo(str(self._knobs.get("ga4.quota_zone", QUOTA_ZONE)))
        today = now.astimezone(zone).date()
        if today == self._day and elapsed < self._day_ends:
            return
        midnight = datetime.combine(today + timedelta(days=1), time(), zone)
        self._day, self._day_ends = today, elapsed + (midnight - now).total_seconds()
        self._spent[DAY_METER].clear()

    def enter(self) -> None:
        """Take a place among the simultaneous requests, or raise for the first exhausted meter."""
        for meter in ("concurrentRequests", "serverErrorsPerProjectPerHour", *TOKEN_METERS):
            if self.left(meter) <= 0:
                raise ApiError("RESOURCE_EXHAUSTED", QUOTAS[meter].message)
        self._running += 1

    def leave(self) -> None:
        """The counterpart of :meth:`enter`."""
        self._running -= 1

    def require_thresholded(self) -> None:
        """Count a request whose rows might be hidden, or raise when the hour has had too many."""
        meter = "potentiallyThresholdedRequestsPerHour"
        if self.left(meter) <= 0:
            raise ApiError("RESOURCE_EXHAUSTED", QUOTAS[meter].message)
        self._spend(meter, 1)

    def spend_tokens(self, cost: int) -> None:
        """A report is paid once it is made, so the last one may overdraw."""
        for meter in TOKEN_METERS:
            self._spend(meter, cost)

    def count_server_error(self) -> None:
        """An answer 500 or 503 uses up the quota of such answers."""
        self._spend("serverErrorsPerProjectPerHour", 1)

    def _spend(self, meter: str, cost: int) -> None:
        self._spent[meter].append((self._clock.elapsed(), cost))

    def describe(self, cost: int, is_thresholded: bool) -> dict[str, dict[str, int]]:
        """The ``propertyQuota`` of an answer that consumed ``cost`` tokens."""
        consumed = dict.fromkeys(TOKEN_METERS, cost)
        consumed["potentiallyThresholdedRequestsPerHour"] = int(is_thresholded)
        shown: dict[str, dict[str, int]] = {}
        for meter in QUOTAS:
            status = {"remaining": self.left(meter)}
            if consumed.get(meter):
                status = {"consumed": consumed[meter]} | status
            shown[meter] = status
        return shown
