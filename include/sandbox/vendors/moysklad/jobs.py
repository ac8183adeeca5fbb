"""Asynchronous tasks: a report asked for with ``async=true`` and fetched later.

Four at most are under way. The result is whole, without pages, and is gone after an hour; its
address redirects to a link of its own, which needs no token and is good for five minutes. A task
whose question the API refuses ends as ``API_ERROR`` with that refusal.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.moysklad.cards import EMPLOYEE
from include.sandbox.vendors.moysklad.errors import ApiError
from include.sandbox.vendors.moysklad.wording import (
    ACCOUNT_ID,
    Links,
    Row,
    make_id,
    spell_instant,
)

MOST_TASKS = 4
RESULT_SECONDS = 3600.0
LINK_SECONDS = 300.0


@dataclass(frozen=True)
class Task:
    """One task and the answer it will give, which may be a refusal."""

    id: str
    request: str
    ready_at: float
    answer: Any


class Jobs:
    """The tasks of the account."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """No tasks."""
        self._tasks: dict[str, Task] = {}
        self._links: dict[str, tuple[str, float]] = {}

    def queue(self, request: str, answer: Any, seconds: float) -> str:
        """The id of a new task; 429/61002 when four are under way."""
        now = self._clock.elapsed()
        if sum(task.ready_at > now for task in self._tasks.values()) >= MOST_TASKS:
            raise ApiError(429, 61002)
        number = make_id("async", f"{request}/{len(self._tasks)}")
        self._tasks[number] = Task(number, request, now + seconds, answer)
        return number

    def describe(self, number: str, links: Links) -> Row:
        """The task's state; 404/1021 for one there is not."""
        task, now = self._find(number), self._clock.elapsed()
        refusal = task.answer if isinstance(task.answer, ApiError) else None
        row: Row = {
            **links.meta(f"async/{number}", "async"),
            "id": number,
            "accountId": ACCOUNT_ID,
            "owner": links.entity("employee", EMPLOYEE),
            "state": "API_ERROR" if refusal else "DONE",
            "request": task.request,
        }
        if now < task.ready_at:
            row["state"] = "PROCESSING"
        elif refusal is not None:
            row["errors"] = refusal.describe()["errors"]
        else:
            left = timedelta(seconds=task.ready_at + RESULT_SECONDS - now)
            row["resultUrl"] = f"{links.api}/async/{number}/result"
            row["deletionDate"] = spell_instant(self._clock.now() + left)
        return row

    def list(self, links: Links) -> list[Row]:
        """All tasks."""
        return [self.describe(number, links) for number in self._tasks]

    def link(self, number: str) -> str:
        """The name of a fresh link to the result; 412/61006 too early, 410/61003 too late."""
        task, now = self._find(number), self._clock.elapsed()
        if now < task.ready_at:
            raise ApiError(412, 61006)
        if now >= task.ready_at + RESULT_SECONDS:
            raise ApiError(410, 61003)
        if isinstance(task.answer, ApiError):
            raise task.answer
        name = make_id("download", f"{number}/{len(self._links)}")
        self._links[name] = (number, now + LINK_SECONDS)
        return name

    def fetch(self, name: str) -> Any:
        """The result behind a link; a bare 403 for one that is too old or unknown."""
        number, until = self._links.get(name, ("", 0.0))
        if not number or self._clock.elapsed() >= until:
            raise ApiError(403)
        return self._tasks[number].answer

    def _find(self, number: str) -> Task:
        if number not in self._tasks:
            raise ApiError(404, 1021, f"async {number}")
        return self._tasks[number]
