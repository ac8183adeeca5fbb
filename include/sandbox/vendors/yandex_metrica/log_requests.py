"""Requests for logs of every counter: their queue, their states and their files.

Requests of a counter are served one after another. What a request shows is fixed when it is made;
its parts are written when it is first looked at after its turn has come.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.yandex_metrica.errors import NO_SUCH_PART, NOT_PROCESSED, ApiError
from include.sandbox.vendors.yandex_metrica.log_fields import LogQuery

PENDING = ("created", "awaiting_retry")


@dataclass
class LogRequest:
    """One request; ``parts`` are whole files, kept until it is cleaned."""

    request_id: int
    counter_id: int
    query: LogQuery
    attribution: str
    made_at: datetime
    build_seconds: float
    status: str = "created"
    ready_at: float = 0.0
    retry_at: float | None = None
    will_fail: bool = False
    parts: list[bytes] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of all parts."""
        return sum(map(len, self.parts))

    def describe(self) -> dict[str, Any]:
        """The ``log_request`` object; ``size`` and ``parts`` only once they are known."""
        query = self.query
        described: dict[str, Any] = {
            "request_id": self.request_id,
            "counter_id": self.counter_id,
            "source": query.source,
            "date1": query.first.isoformat(),
            "date2": query.last.isoformat(),
            "fields": list(query.fields),
            "status": self.status,
            "attribution": self.attribution,
        }
        if self.status == "processed":
            described["size"] = self.size
            described["parts"] = [
                {"part_number": number, "size": len(part)} for number, part in enumerate(self.parts)
            ]
        return described


class LogRequests:
    """All requests; ``write`` makes the parts of one whose turn has come."""

    def __init__(self, clock: Clock, write: Callable[[LogRequest], list[bytes]]) -> None:
        self._clock = clock
        self._write = write
        self._lock = threading.RLock()
        self.reset()

    def reset(self) -> None:
        """Forget all requests."""
        self._requests: dict[int, LogRequest] = {}
        self._numbers = itertools.count(777)

    def add(
        self,
        counter_id: int,
        query: LogQuery,
        attribution: str,
        build_seconds: float,
        retry_seconds: float | None,
        will_fail: bool,
    ) -> LogRequest:
        """Queue a request; with ``retry_seconds`` it fails once and waits that long first."""
        with self._lock:
            request = LogRequest(
                next(self._numbers),
                counter_id,
                query,
                attribution,
                self._clock.now(),
                build_seconds + (retry_seconds or 0.0),
                will_fail=will_fail,
            )
            self._requests[request.request_id] = request
            self._line_up(counter_id)
            if retry_seconds is not None:
                request.retry_at = request.ready_at - retry_seconds
            return request

    def list_of(self, counter_id: int, retention: timedelta) -> list[LogRequest]:
        """Every request of a counter as it stands now, whoever made it."""
        with self._lock:
            found = [r for r in self._requests.values() if r.counter_id == counter_id]
            for request in found:
                self._move(request, retention)
            return found

    def find(self, counter_id: int, number: str, retention: timedelta) -> LogRequest:
        """One request as it stands now; 404 when the counter has none of that number."""
        with self._lock:
            request = self._requests.get(int(number)) if number.isdigit() else None
            if request is None or request.counter_id != counter_id:
                raise ApiError("not_found", f"Log request {number} is not found", "requestId")
            self._move(request, retention)
            return request

    def read_part(self, request: LogRequest, part: str) -> bytes:
        """The file of a part; the two refusals are texts that clients wait for."""
        if request.status != "processed":
            raise ApiError("invalid_parameter", NOT_PROCESSED)
        if not part.isdigit() or int(part) >= len(request.parts):
            raise ApiError("invalid_parameter", NO_SUCH_PART)
        return request.parts[int(part)]

    def end(self, request: LogRequest, status: str) -> None:
        """Clean a processed request or cancel one that is only created."""
        needed, verb = ("processed", "cleaned")
        if status == "canceled":
            needed, verb = ("created", "canceled")
        with self._lock:
            if request.status != needed:
                raise ApiError(
                    "invalid_parameter", f"Only log of requests in status '{needed}' can be {verb}"
                )
            request.status, request.parts = status, []
            self._line_up(request.counter_id)

    def stored_bytes(self, counter_id: int, retention: timedelta) -> int:
        """Bytes of all requests of a counter that are not cleaned."""
        return sum(request.size for request in self.list_of(counter_id, retention))

    def _line_up(self, counter_id: int) -> None:
        """Give every waiting request its turn; the one being built keeps its own."""
        free_at = self._clock.elapsed()
        for request in self._requests.values():
            if request.counter_id != counter_id or request.status not in PENDING:
                continue
            if not request.ready_at or request.ready_at - request.build_seconds > free_at:
                request.ready_at = free_at + request.build_seconds
            free_at = max(free_at, request.ready_at)

    def _move(self, request: LogRequest, retention: timedelta) -> None:
        now = self._clock.elapsed()
        if request.status in PENDING:
            if request.ready_at <= now:
                request.status = "processing_failed" if request.will_fail else "processed"
                request.parts = [] if request.will_fail else self._write(request)
            elif request.retry_at is not None and request.retry_at <= now:
                request.status = "awaiting_retry"
        if request.status == "processed" and self._clock.now() >= request.made_at + retention:
            request.status, request.parts = "cleaned_automatically_as_too_old", []
