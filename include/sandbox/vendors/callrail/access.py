"""Who may call CallRail, and how often: API keys and the quotas of an account.

Keys never expire. ``demo-token`` sees the demo account; ``foreign-token`` is a valid key of
somebody else, to whom the demo account is forbidden. Quotas slide over the clock's stopwatch; a
refused request does not count.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers

from include.sandbox.vendors.callrail.errors import ApiError
from include.sandbox.vendors.clock import Clock

KEYS = {"demo-token": True, "foreign-token": False}
HOUR, DAY = 3600.0, 86_400.0
QUOTAS = {"general": (1000, 10_000), "sms": (150, 1000), "outbound_call": (100, 2000)}
"""Kind of request → how many in an hour and in a day."""

TOKEN = re.compile(r'^Token\s+token="?([^",\s]+)"?$', re.IGNORECASE)


def authenticate(headers: Headers) -> bool:
    """Whether the key sees the demo account; 401 for a missing, odd or unknown key."""
    match = TOKEN.match(headers.get("authorization", "").strip())
    if match is None or match.group(1) not in KEYS:
        raise ApiError(401)
    return KEYS[match.group(1)]


class Quotas:
    """Requests of one account in the last hour and day, by kind."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Nobody has asked for anything yet."""
        self._seen: dict[str, list[float]] = defaultdict(list)

    def count(self, kind: str, knobs: Mapping[str, Any]) -> None:
        """Raise 429 beyond the quota of the hour or the day.

        Knobs ``callrail.<kind>_per_hour``, ``callrail.<kind>_per_day`` replace the quota, and
        ``callrail.retry_after`` adds that header, which the vendor does not promise.
        """
        now, seen = self._clock.elapsed(), self._seen[kind]
        del seen[: bisect_right(seen, now - DAY)]
        hourly, daily = QUOTAS[kind]
        per_hour = int(knobs.get(f"callrail.{kind}_per_hour", hourly))
        per_day = int(knobs.get(f"callrail.{kind}_per_day", daily))
        in_hour = len(seen) - bisect_right(seen, now - HOUR)
        if in_hour >= per_hour or len(seen) >= per_day:
            retry_after = knobs.get("callrail.retry_after")
            raise ApiError(429, "", None if retry_after is None else int(retry_after))
        seen.append(now)
