"""Who may call Calltouch, how often, and what a refusal looks like.

The shape of an error body is not documented for reading methods; every client goes by the HTTP
status alone.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from datetime import date

from starlette.responses import JSONResponse

from include.sandbox.vendors.clock import Clock
from include.sandbox.world.business_lines import LINES

LINE = next(line for line in LINES if line.tracker == "calltouch")
SITE_ID = 40001
TOKENS = {"demo-token": frozenset({SITE_ID}), "foreign-token": frozenset[int]()}
REQUESTS_A_SECOND = 5
DAILY_POINTS = 100_000


class ApiError(Exception):
    """The vendor refuses a call with this HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def to_response(self, shape: str = "errorCode") -> JSONResponse:
        """The body clients do not look at, in either shape seen: one error, or ``errors``."""
        error = {"errorCode": self.status, "message": self.message}
        return JSONResponse({"errors": [error]} if shape == "errors" else error, self.status)


def find_site(text: str) -> int:
    """The site of a path or parameter; 404 when there is none."""
    if text != str(SITE_ID):
        raise ApiError(404, f"Site {text} not found")
    return SITE_ID


def require_token(token: str, site: int) -> None:
    """401 for a token nobody issued, 403 for one of another site."""
    if token not in TOKENS:
        raise ApiError(401, "Token is wrong or missing")
    if site not in TOKENS[token]:
        raise ApiError(403, "The token has no access to the site")


class Limits:
    """Requests a second of an address, and points a day of the project."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        """Everybody starts afresh."""
        self._recent: dict[str, deque[float]] = defaultdict(deque)
        self._spent: tuple[tuple[date, int], int] | None = None

    def count_address(self, address: str) -> None:
        """429 for the sixth request within a second."""
        now = self._clock.elapsed()
        with self._lock:
            recent = self._recent[address]
            while recent and now - recent[0] >= 1.0:
                recent.popleft()
            if len(recent) >= REQUESTS_A_SECOND:
                raise ApiError(429, f"More than {REQUESTS_A_SECOND} requests a second")
            recent.append(now)

    def require_points(self, limit: int) -> None:
        """429 when the day's points are spent; how the vendor tells it is not documented."""
        if self._spent_today() >= limit:
            raise ApiError(429, "Daily points are exhausted")

    def charge(self) -> None:
        """Take a point for a request that succeeded."""
        with self._lock:
            self._spent = (self._today(), self._spent_today() + 1)

    def _today(self) -> tuple[date, int]:
        return self._clock.now().date(), int(self._clock.elapsed() // 86_400)

    def _spent_today(self) -> int:
        return self._spent[1] if self._spent is not None and self._spent[0] == self._today() else 0
