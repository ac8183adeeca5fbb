"""Points a method costs, per minute and per day, told in every answer's metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.uis.errors import RpcError

WINDOWS = {"day": 86_400, "minute": 60}
FREE_METHODS = frozenset({"login.user", "logout.user", "get.account"})


class Limits:
    """One account's points; windows are measured by the stopwatch of the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """All points are there again."""
        self._spent: dict[str, tuple[int, int]] = {}

    def spend(self, method: str, limits: Mapping[str, int], prices: Mapping[str, int]) -> None:
        """Take the method's price; ``limits`` are points by window, ``prices`` by method."""
        price = int(prices.get(method, 0 if method in FREE_METHODS else 1))
        for window, limit in limits.items():
            if self._used(window) + price > limit:
                raise RpcError(
                    "limit_exceeded",
                    f"Limit per {window} has been exceeded. "
                    f"Value of current limit per {window} is {limit}",
                )
        for window in limits:
            number, _ = self._window(window)
            self._spent[window] = (number, self._used(window) + price)

    def describe(self, limits: Mapping[str, int], since: int = 0) -> dict[str, Any]:
        """The ``limits`` object; resets are seconds from now, added to ``since``."""
        told = {}
        for window, limit in limits.items():
            told[f"{window}_limit"] = limit
            told[f"{window}_remaining"] = max(limit - self._used(window), 0)
            told[f"{window}_reset"] = since + self._window(window)[1]
        return told

    def _window(self, name: str) -> tuple[int, int]:
        length, elapsed = WINDOWS[name], self._clock.elapsed()
        return int(elapsed // length), int(length - elapsed % length) or 1

    def _used(self, name: str) -> int:
        number, spent = self._spent.get(name, (-1, 0))
        return spent if number == self._window(name)[0] else 0
