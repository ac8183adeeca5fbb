"""The time a stand-in believes in, in the hands of whoever plays with it.

Two readings, easily confused: :meth:`Clock.now` is the calendar (days, token lives, restatements)
and runs at the real pace; :meth:`Clock.elapsed` measures vendor waits and limits and runs
``factor`` times faster. Advancing the clock moves both.
"""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """A calendar and a stopwatch; safe to use from several threads."""

    def __init__(self, now: datetime | None = None, factor: float = 1.0) -> None:
        self._lock = threading.Lock()
        self._base_now = (now or datetime.now(UTC)).astimezone(UTC)
        self._base_elapsed = 0.0
        self._real = time.monotonic()
        self._frozen = False
        self.factor = factor

    def now(self) -> datetime:
        """The calendar: an aware UTC instant."""
        with self._lock:
            return self._base_now if self._frozen else self._base_now + self._since_base()

    def elapsed(self) -> float:
        """Vendor seconds since the clock was made; ``factor`` of them pass in a real second."""
        with self._lock:
            return self._base_elapsed + self._since_base().total_seconds() * self.factor

    def real_seconds(self, vendor_seconds: float) -> float:
        """How long a vendor wait takes on the wall."""
        return vendor_seconds / self.factor

    def advance(self, seconds: float) -> None:
        """Let both the calendar and the stopwatch jump ahead."""
        with self._lock:
            self._rebase()
            self._base_now += timedelta(seconds=seconds)
            self._base_elapsed += seconds

    def set(
        self,
        now: datetime | None = None,
        factor: float | None = None,
        frozen: bool | None = None,
    ) -> None:
        """Change any of the three; ``frozen`` stops the calendar only."""
        if factor is not None and factor <= 0:
            raise ValueError(f"the factor of the clock must be positive, got {factor}")
        if now is not None and now.tzinfo is None:
            raise ValueError(f"the clock needs an instant with a time zone, got {now.isoformat()}")
        with self._lock:
            self._rebase()
            self._base_now = self._base_now if now is None else now.astimezone(UTC)
            self.factor = self.factor if factor is None else factor
            self._frozen = self._frozen if frozen is None else frozen

    def _since_base(self) -> timedelta:
        return timedelta(seconds=time.monotonic() - self._real)

    def _rebase(self) -> None:
        passed = self._since_base()
        if not self._frozen:
            self._base_now += passed
        self._base_elapsed += passed.total_seconds() * self.factor
        self._real = time.monotonic()
