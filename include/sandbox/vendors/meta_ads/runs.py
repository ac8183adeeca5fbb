"""Asynchronous report runs: submitted, walked through their states, read, forgotten.

A run tells the figures of the moment it was submitted. It belongs to the user who submitted it.
The walk measures the clock's stopwatch; ``linger_seconds`` of it a run stands at 100 per cent and
still says "Job Running", and ``is_running`` stays true at the first look at a completed run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.meta_ads.book import Account
from include.sandbox.vendors.meta_ads.errors import ApiError, refuse_object
from include.sandbox.vendors.meta_ads.insight_request import AskedInsights
from include.sandbox.vendors.meta_ads.insights import Insights

FIRST_ID = 6001
KEPT_FOR = timedelta(days=30)
BUILD_SECONDS, LINGER_SECONDS = 20.0, 5.0
NOT_STARTED, STARTED, RUNNING = "Job Not Started", "Job Started", "Job Running"
COMPLETED, FAILED, SKIPPED = "Job Completed", "Job Failed", "Job Skipped"


@dataclass
class Run:
    """One run; ``fate`` is empty, or ``failed``, ``skipped``, ``stuck`` where that was decided.

    ``completed_at`` is in seconds since 1970, 0 until somebody has seen the run completed.
    """

    id: str
    user_id: str
    account: Account
    asked: AskedInsights
    submitted_at: datetime
    started: float
    fate: str = ""
    completed_at: int = 0
    made: Insights | None = None


class Runs:
    """Every run of every user."""

    def __init__(self, clock: Clock, knobs: Mapping[str, Any]) -> None:
        self._clock = clock
        self._knobs = knobs
        self.reset()

    def reset(self) -> None:
        """Forget all runs; ids begin anew."""
        self._runs: dict[str, Run] = {}

    def submit(self, user_id: str, account: Account, asked: AskedInsights, fate: str) -> Run:
        """Take a run; its fate is seen only by looking at it."""
        run_id = str(FIRST_ID + len(self._runs))
        now, elapsed = self._clock.now(), self._clock.elapsed()
        self._runs[run_id] = Run(run_id, user_id, account, asked, now, elapsed, fate)
        return self._runs[run_id]

    def find(self, run_id: str, user_id: str) -> Run | None:
        """The user's run; 100/33 for somebody else's, None for what is no run at all."""
        run = self._runs.get(run_id)
        if run is not None and run.user_id != user_id:
            raise refuse_object(run_id)
        return run

    def _judge(self, run: Run) -> tuple[str, int]:
        """State and per cent."""
        build = float(self._knobs.get("meta_ads.build_seconds", BUILD_SECONDS))
        linger = float(self._knobs.get("meta_ads.linger_seconds", LINGER_SECONDS))
        passed = self._clock.elapsed() - run.started
        share = passed / build if build > 0 else 1.0
        if run.fate == "skipped" or self._clock.now() - run.submitted_at >= KEPT_FOR:
            return SKIPPED, 0
        if share < 0.1:
            return NOT_STARTED, 0
        if share < 0.2:
            return STARTED, 0
        if share < 1.0:
            return RUNNING, int(share * 10) * 10
        if run.fate == "failed":
            return FAILED, 90
        is_lingering = passed < build + linger or run.fate == "stuck"
        return (RUNNING if is_lingering else COMPLETED), 100

    def describe(self, run: Run, tells_errors: bool = True) -> dict[str, Any]:
        """What a poll is told; why a run failed only where ``tells_errors``."""
        status, percent = self._judge(run)
        is_running = status in (NOT_STARTED, STARTED, RUNNING)
        if status == COMPLETED:
            is_running = not run.completed_at
            run.completed_at = run.completed_at or int(self._clock.now().timestamp())
        shown: dict[str, Any] = {
            "id": run.id,
            "account_id": run.account.number,
            "time_ref": int(run.submitted_at.timestamp()),
            "time_completed": run.completed_at,
            "async_status": status,
            "async_percent_completion": percent,
            "is_running": is_running,
            "date_start": str(run.asked.since),
            "date_stop": str(run.asked.until),
        }
        if status == FAILED and tells_errors:
            error = ApiError(-2, 2490547)
            shown |= {
                "error_code": error.code,
                "error_subcode": error.subcode,
                "error_message": error.message,
                "error_user_title": "Report failed",
                "error_user_msg": "Ask for fewer days or fewer fields.",
            }
        return shown

    def require_completed(self, run: Run) -> None:
        """2601/1815107 for rows read too early, or of a run that failed."""
        if self._judge(run)[0] != COMPLETED:
            raise ApiError(2601, 1815107)
