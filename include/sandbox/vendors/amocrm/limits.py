"""The brakes: 7 requests a second per integration, 50 per account, and the ban for abuse.

All are measured by the stopwatch of the clock. A refused request does not count towards the
rate, but towards the ban; only support (``reset``, or the knob) lifts a ban. How much abuse is
too much is not published: ``ABUSE_REFUSALS`` within ``ABUSE_WINDOW_SECONDS`` is a guess. Nor is
how a second is counted: a tenth of it is forgiven, or a client at just the rate trips on jitter.
"""

from __future__ import annotations

from collections import defaultdict, deque

from include.sandbox.vendors.amocrm.errors import ApiError, Banned
from include.sandbox.vendors.clock import Clock

INTEGRATION_REQUESTS = 7
ACCOUNT_REQUESTS = 50
WINDOW_SECONDS = 0.9
ABUSE_REFUSALS = 100
ABUSE_WINDOW_SECONDS = 60.0


class Limits:
    """Brakes of the account."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Everybody starts afresh, bans are lifted."""
        self._by_integration: dict[str, deque[float]] = defaultdict(deque)
        self._of_account: deque[float] = deque()
        self._refusals: deque[float] = deque()
        self._is_banned = False

    def require_no_ban(self, is_banned: bool | None) -> None:
        """Raise :class:`Banned`; ``is_banned`` is the operator's knob and overrules the count."""
        if is_banned if is_banned is not None else self._is_banned:
            raise Banned

    def count(self, integration: str, per_second: int, abuse_refusals: int) -> None:
        """Raise 429 for one request too many within a second."""
        now = self._clock.elapsed()
        own, account = self._by_integration[integration], self._of_account
        for recent in (own, account):
            while recent and now - recent[0] >= WINDOW_SECONDS:
                recent.popleft()
        if len(own) < per_second and len(account) < ACCOUNT_REQUESTS:
            own.append(now)
            account.append(now)
            return
        while self._refusals and now - self._refusals[0] >= ABUSE_WINDOW_SECONDS:
            self._refusals.popleft()
        self._refusals.append(now)
        if len(self._refusals) >= abuse_refusals:
            self._is_banned = True
        raise ApiError(429, "Request limit exceeded")
