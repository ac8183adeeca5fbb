"""The queue of offline reports: 201 when accepted, 202 while built, 200 for five hours after.

A report has no id: its identity is the login, its name and its parameters.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.yandex_direct.errors import ApiError

STORED_FOR = timedelta(hours=5)
QUEUE_LENGTH = 5


@dataclass
class Job:
    """One report; ``as_of`` fixes what it will say."""

    fingerprint: str
    as_of: datetime
    ready_at: float
    polls: int = 0
    stored_until: datetime | None = None


@dataclass(frozen=True)
class Answer:
    """HTTP status with the figures of the two queue headers; ``as_of`` of a finished report."""

    status: int
    retry_in: int
    in_queue: int
    as_of: datetime


class ReportJobs:
    """Every offline report of every login."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._jobs: dict[tuple[str, str], Job] = {}

    def reset(self) -> None:
        """Forget all reports."""
        self._jobs.clear()

    def in_queue(self, login: str) -> int:
        """Reports of this login that are not built yet."""
        now = self._clock.elapsed()
        return sum(1 for key, job in self._jobs.items() if key[0] == login and job.ready_at > now)

    def find(self, login: str, name: str, fingerprint: str) -> Job | None:
        """The queued or stored report of that name; 4000 if its parameters were others."""
        job = self._jobs.get((login, name))
        if job is None:
            return None
        if job.stored_until is not None and job.stored_until <= self._clock.now():
            del self._jobs[login, name]
            return None
        if job.fingerprint != fingerprint:
            raise ApiError(4000, "A report of this name exists with other parameters")
        return job

    def request(self, login: str, name: str, fingerprint: str, build_seconds: float) -> Answer:
        """Accept a new report or tell how an earlier one stands."""
        now = self._clock.elapsed()
        job = self.find(login, name, fingerprint)
        if job is None:
            if self.in_queue(login) >= QUEUE_LENGTH:
                raise ApiError(9000, f"No more than {QUEUE_LENGTH} reports may be in the queue")
            job = Job(fingerprint, self._clock.now(), now + build_seconds)
            self._jobs[login, name] = job
            return self._waiting(201, login, job, now)
        job.polls += 1
        if job.stored_until is None and (job.ready_at > now or job.polls == 1):
            return self._waiting(202, login, job, now)
        if job.stored_until is None:
            job.stored_until = self._clock.now() + STORED_FOR
        return Answer(200, 0, self.in_queue(login), job.as_of)

    def _waiting(self, status: int, login: str, job: Job, now: float) -> Answer:
        left = self._clock.real_seconds(max(job.ready_at - now, 0.0))
        return Answer(status, max(1, math.ceil(left / 2)), self.in_queue(login), job.as_of)
