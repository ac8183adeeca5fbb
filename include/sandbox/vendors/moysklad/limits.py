"""The brakes: a bucket of units per three seconds, calls at a time, and switching off for abuse.

Units and weights changed three times in 2026; all of them are knobs. The headers count in
requests of the caller's own weight, as the vendor's text says. Everything is measured by the
stopwatch; weights that changed on a date, by the calendar.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil

from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.moysklad.errors import ApiError

BUCKET_UNITS = 45
BUCKET_SECONDS = 3.0
HEAVY_UNITS = 5
HEAVY_PATHS = ("report/stock/all", "report/stock/bystore")
USER_UNITS_SINCE = ((date(2026, 12, 1), 4), (date(2026, 9, 1), 3), (date(2026, 5, 12), 2))
PARALLEL_OF_CALLER = 5
PARALLEL_OF_ACCOUNT = 20
ABUSE_COUNT = 200
ABUSE_SECONDS = 60.0


@dataclass
class Bucket:
    """Units spent since the bucket was opened."""

    opened_at: float
    spent: int = 0


class Limits:
    """Brakes of one account."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Everybody starts afresh, and may call again."""
        self._buckets: dict[str, Bucket] = {}
        self._running: dict[str, int] = defaultdict(int)
        self._failures: dict[tuple[str, str], deque[float]] = defaultdict(deque)
        self._switched_off: set[str] = set()

    def spend(
        self, caller: str, is_solution: bool, path: str, units: int, own_weight: int | None
    ) -> dict[str, str]:
        """Headers of the bucket; 429/1049 when the request does not fit into it any more."""
        now, weight = self._clock.elapsed(), own_weight or self._weigh(is_solution)
        cost = HEAVY_UNITS if path in HEAVY_PATHS else weight
        bucket = self._buckets.get(caller)
        if bucket is None or now - bucket.opened_at >= BUCKET_SECONDS:
            bucket = self._buckets[caller] = Bucket(now)
        has_room = bucket.spent + cost <= units
        if has_room:
            bucket.spent += cost
        left = bucket.opened_at + BUCKET_SECONDS - now
        headers = {
            "X-RateLimit-Limit": str(units // weight),
            "X-RateLimit-Remaining": str((units - bucket.spent) // weight),
            "X-Lognex-Retry-TimeInterval": str(int(BUCKET_SECONDS * 1000)),
            "X-Lognex-Reset": "0",
        }
        if not has_room:
            wait = str(ceil(left * 1000))
            headers |= {"X-Lognex-Reset": wait, "X-Lognex-Retry-After": wait}
            raise Refused(ApiError(429, 1049), headers)
        return headers

    def enter(self, caller: str) -> None:
        """429/1073 beyond five calls of one caller or twenty of the account at a time."""
        is_full = self._running[caller] >= PARALLEL_OF_CALLER
        if is_full or sum(self._running.values()) >= PARALLEL_OF_ACCOUNT:
            raise ApiError(429, 1073)
        self._running[caller] += 1

    def leave(self, caller: str) -> None:
        """The counterpart of :meth:`enter`."""
        self._running[caller] -= 1

    def note_failure(self, caller: str, status: int, request: str) -> None:
        """More than 200 refusals for speed, or of one request, within a minute: switched off."""
        now = self._clock.elapsed()
        for kind in (request, "429") if status == 429 else (request,):
            recent = self._failures[caller, kind]
            while recent and now - recent[0] >= ABUSE_SECONDS:
                recent.popleft()
            recent.append(now)
            if len(recent) > ABUSE_COUNT:
                self._switched_off.add(caller)

    def require_access(self, caller: str, is_blocked: bool | None) -> None:
        """403 once access is off; ``is_blocked`` is the operator's knob and overrules it."""
        if is_blocked if is_blocked is not None else caller in self._switched_off:
            raise ApiError(403, 1016, "доступ к API отключён")

    def _weigh(self, is_solution: bool) -> int:
        if is_solution:
            return 1
        return weigh_user(self._clock.now())


class Refused(Exception):
    """An :class:`ApiError` with the headers that go with it."""

    def __init__(self, error: ApiError, headers: dict[str, str]) -> None:
        super().__init__(str(error))
        self.error = error
        self.headers = headers


def weigh_user(now: datetime) -> int:
    """Units of a request with a login or a user's token, by the day."""
    for since, weight in USER_UNITS_SINCE:
        if now.date() >= since:
            return weight
    return 1
