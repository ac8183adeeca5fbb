"""Rate limits and the four usage headers every answer about an account carries.

Windows slide over the clock's stopwatch. The vendor publishes shares, not counts, so the counts
are knobs (``meta_ads.<name>``): ``app_calls_per_hour``, ``insights_calls_per_hour``,
``management_calls_per_hour``, ``score_limit`` and ``lockout_seconds``; ``access_tier`` is what the
headers call the app's level.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any

from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.meta_ads.errors import ApiError

HOUR = 3600.0
SCORE_WINDOW = 300.0
READ_POINTS, WRITE_POINTS = 1, 3
DEFAULTS = {
    "app_calls_per_hour": 40_000,
    "insights_calls_per_hour": 20_000,
    "management_calls_per_hour": 20_000,
    "score_limit": 9_000,
    "lockout_seconds": 300,
}
TIER = "standard_access"


class Meters:
    """Calls of the app and of each ad account."""

    def __init__(self, clock: Clock, knobs: Mapping[str, Any]) -> None:
        self._clock = clock
        self._knobs = knobs
        self.reset()

    def reset(self) -> None:
        """Nobody has called."""
        self._spent: dict[tuple[str, str], deque[tuple[float, int]]] = defaultdict(deque)
        self._locked_until: dict[str, float] = {}

    def _limit(self, name: str) -> int:
        return int(self._knobs.get(f"meta_ads.{name}", DEFAULTS[name]))

    def _used(self, name: str, whose: str, window: float) -> int:
        now, spent = self._clock.elapsed(), self._spent[name, whose]
        while spent and now - spent[0][0] >= window:
            spent.popleft()
        return sum(cost for _, cost in spent)

    def _share(self, name: str, whose: str, window: float = HOUR) -> float:
        return 100.0 * self._used(name, whose, window) / max(self._limit(name), 1)

    def count(self, account: str, is_insights: bool, is_write: bool) -> None:
        """Count one call, or refuse it: 4 for the app, 80000 or 80004 and 17 for the account.

        An account above its score is locked out for a while, whatever it asks.
        """
        now = self._clock.elapsed()
        if self._locked_until.get(account, 0.0) > now:
            raise ApiError(17, 2446079)
        if self._share("app_calls_per_hour", "app") >= 100:
            raise ApiError(4, 1504022 if is_insights else 0)
        kind = "insights_calls_per_hour" if is_insights else "management_calls_per_hour"
        if account and self._share(kind, account) >= 100:
            raise ApiError(80000 if is_insights else 80004, 2446079)
        points = WRITE_POINTS if is_write else READ_POINTS
        used = self._used("score_limit", account, SCORE_WINDOW)
        if account and used + points > self._limit("score_limit"):
            self._locked_until[account] = now + self._limit("lockout_seconds")
            raise ApiError(17, 2446079)
        self._spent["app_calls_per_hour", "app"].append((now, 1))
        if account:
            self._spent[kind, account].append((now, 1))
            self._spent["score_limit", account].append((now, points))

    def _regain_minutes(self, kind: str, account: str) -> int:
        if self._share(kind, account) < 100:
            return 0
        oldest = self._spent[kind, account][0][0]
        return max(math.ceil((oldest + HOUR - self._clock.elapsed()) / 60), 1)

    def write_headers(self, account: str, is_insights: bool) -> dict[str, str]:
        """The headers, each a JSON text; the account's own only for calls about an account."""
        app = self._share("app_calls_per_hour", "app")
        tier = str(self._knobs.get("meta_ads.access_tier", TIER))
        shares = {
            "call_count": round(app),
            "total_time": round(app / 2),
            "total_cputime": round(app / 2),
        }
        headers = {"x-app-usage": json.dumps(shares)}
        if not account:
            return headers
        kind = "insights_calls_per_hour" if is_insights else "management_calls_per_hour"
        used = self._share(kind, account)
        headers["x-business-use-case-usage"] = json.dumps(
            {
                account: [
                    {
                        "type": "ads_insights" if is_insights else "ads_management",
                        "call_count": round(used),
                        "total_cputime": round(used / 2),
                        "total_time": round(used / 2),
                        "estimated_time_to_regain_access": self._regain_minutes(kind, account),
                        "ads_api_access_tier": tier,
                    }
                ]
            }
        )
        left = self._locked_until.get(account, 0.0) - self._clock.elapsed()
        headers["x-ad-account-usage"] = json.dumps(
            {
                "acc_id_util_pct": 100.0
                if left > 0
                else round(self._share("score_limit", account, SCORE_WINDOW), 2),
                "reset_time_duration": math.ceil(left) if left > 0 else 0,
                "ads_api_access_tier": tier,
            }
        )
        if is_insights:
            headers["x-fb-ads-insights-throttle"] = json.dumps(
                {
                    "app_id_util_pct": round(app, 2),
                    "acc_id_util_pct": round(used, 2),
                    "ads_api_access_tier": tier,
                }
            )
        return headers
