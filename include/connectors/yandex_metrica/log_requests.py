"""The Logs API's requests of one counter: asked for, found again, waited for, cleaned.

A request has no date of its own, so the plan notes the highest number it saw: what was made later
for the same days and fields is ours and fresh, whatever became of the process that made it; what
was there before is old, and is ended before it is asked for anew.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import requests

from include.connectors._http import HttpSession
from include.connectors.protocol import (
    ConnectorError,
    IncompleteAnswer,
    Interval,
    TemporaryFailure,
)
from include.connectors.yandex_metrica.answers import AnswerReader, NotThere, parse

logger = logging.getLogger(__name__)

WORKING = ("created", "awaiting_retry")
READY = "processed"
CREATE_ATTEMPTS = 3
CREATE_PAUSE_SECONDS = 5.0


@dataclass(frozen=True)
class LogQuestion:
    """What one log request asks for; equal questions have equal answers at the same moment."""

    source: str
    span: Interval
    fields: tuple[str, ...]

    def as_params(self) -> dict[str, str]:
        """The query string of ``evaluate`` and ``create``."""
        return {
            "date1": self.span.date_from.isoformat(),
            "date2": (self.span.date_to - timedelta(days=1)).isoformat(),
            "source": self.source,
            "fields": ",".join(self.fields),
        }


@dataclass(frozen=True)
class LogRequest:
    """One request as the vendor describes it; ``parts`` are (number, bytes or None)."""

    request_id: int
    status: str
    source: str
    date1: str
    date2: str
    fields: tuple[str, ...]
    size: int
    parts: tuple[tuple[int, int | None], ...]

    def answers(self, question: LogQuestion) -> bool:
        """Whether it was made for exactly this question."""
        wanted = question.as_params()
        days = (self.date1, self.date2) == (wanted["date1"], wanted["date2"])
        return days and self.source == question.source and set(self.fields) == set(question.fields)


class LogRequests:
    """Calls for one counter. ``once`` is a connection that never repeats a request by itself."""

    def __init__(
        self,
        http: HttpSession,
        once: HttpSession,
        answers: AnswerReader,
        counter: str,
        sleep: Callable[[float], None],
    ) -> None:
        self._http = http
        self._once = once
        self._answers = answers
        self._counter = counter
        self._sleep = sleep
        self._base = f"management/v1/counter/{counter}"

    def evaluate(self, question: LogQuestion) -> int:
        """How many days may be asked for at once; 0 or less when the storage is full."""
        document = self._call("GET", "logrequests/evaluate", question.as_params())
        found = document.get("log_request_evaluation")
        if not isinstance(found, dict) or not isinstance(found.get("possible"), bool):
            raise self._not_whole("an evaluation")
        most = int(found.get("max_possible_day_quantity") or 0)
        days = (question.span.date_to - question.span.date_from).days
        return max(most, days) if found["possible"] else min(most, days - 1)

    def list_all(self) -> list[LogRequest]:
        """Every request of the counter, made by whomever."""
        found = self._call("GET", "logrequests").get("requests")
        if not isinstance(found, list):
            raise self._not_whole("the list of log requests")
        return [self._read(each) for each in found]

    def look(self, request_id: int) -> LogRequest | None:
        """One request; None when the vendor has forgotten it."""
        try:
            return self._read(self._call("GET", f"logrequest/{request_id}").get("log_request"))
        except NotThere:
            return None

    def ask(self, question: LogQuestion, newest_seen: int) -> LogRequest:
        """The request for this question: one made since the plan, else a new one.

        Creating is not repeated blindly: an answer may be lost while the request is made.
        """
        trouble: TemporaryFailure | None = None
        for attempt in range(CREATE_ATTEMPTS):
            if attempt:
                self._sleep(CREATE_PAUSE_SECONDS * 2**attempt)
            same = [each for each in self.list_all() if each.answers(question)]
            for each in sorted(same, key=lambda request: -request.request_id):
                if each.request_id > newest_seen and each.status in (*WORKING, READY):
                    return each
                self.end(each)
            try:
                return self._create(question)
            except TemporaryFailure as failure:
                trouble = failure.with_traceback(None)
        assert trouble is not None
        raise trouble

    def download(self, request_id: int, part: int) -> requests.Response:
        """One part, its body left unread; ``NotReady`` when the request is not processed."""
        path = f"{self._base}/logrequest/{request_id}/part/{part}/download"
        return self._http.send("GET", path, self._answers.read, stream=True)

    def end(self, request: LogRequest) -> None:
        """Give its storage back, or its place in the queue; trouble is logged, never raised."""
        verb = {READY: "clean", "created": "cancel"}.get(request.status)
        if verb is None:
            return
        try:
            self._call("POST", f"logrequest/{request.request_id}/{verb}")
        except ConnectorError as failure:
            logger.warning("log request %s was not ended: %s", request.request_id, failure)

    def make_room(self, kinds: Iterable[tuple[str, tuple[str, ...]]], newest_seen: int) -> bool:
        """Clean processed requests like ours (source, fields) that earlier runs left behind.

        Returns whether others like ours are under way, whose room will be free once they are read.
        """
        ours = {(source, frozenset(fields)) for source, fields in kinds}
        is_busy = False
        for each in self.list_all():
            if (each.source, frozenset(each.fields)) not in ours:
                continue
            if each.status == READY and each.request_id <= newest_seen:
                self.end(each)
            else:
                is_busy |= each.status in (*WORKING, READY)
        return is_busy

    def _create(self, question: LogQuestion) -> LogRequest:
        path = f"{self._base}/logrequests"
        params = question.as_params()
        response = self._once.send("POST", path, self._answers.read_json, params=params)
        return self._read((parse(response) or {}).get("log_request"))

    def _call(self, method: str, path: str, params: dict[str, str] | None = None) -> dict[str, Any]:
        response = self._http.send(
            method, f"{self._base}/{path}", self._answers.read_json, params=params
        )
        return parse(response) or {}

    def _read(self, found: Any) -> LogRequest:
        try:
            source = found["source"]
            return LogRequest(
                request_id=int(found["request_id"]),
                status=str(found["status"]),
                # the reference says a list, the wire has a text
                source=str(source[0] if isinstance(source, list) else source),
                date1=date.fromisoformat(str(found["date1"])).isoformat(),
                date2=date.fromisoformat(str(found["date2"])).isoformat(),
                fields=tuple(map(str, found["fields"])),
                size=int(found.get("size") or 0),
                parts=tuple(_read_part(part) for part in found.get("parts") or ()),
            )
        except (KeyError, TypeError, ValueError, IndexError):
            pass
        raise self._not_whole("a log request")

    def _not_whole(self, what: str) -> IncompleteAnswer:
        return IncompleteAnswer(
            f"Yandex Metrica answered {what} of counter {self._counter} without its fields; ask "
            "again, and if it repeats compare the API with the connector"
        )


def _read_part(part: Any) -> tuple[int, int | None]:
    size = part.get("size")
    return int(part["part_number"]), None if size is None else int(size)
