"""Waits for the log requests of one counter and streams them into rows.

A token names one request and the days still to come after it: the vendor may take fewer days at
once than a slice has. A request is cleaned as soon as its rows are read or found wanting; only one
that broke on the way stays, to be read again without asking anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.connectors._http import HttpSession
from include.connectors.protocol import (
    Batch,
    IncompleteAnswer,
    Interval,
    Ready,
    RequestRefused,
    Slice,
    TemporaryFailure,
    Token,
    Wait,
)
from include.connectors.yandex_metrica.cells import Decoder, find_click_ids
from include.connectors.yandex_metrica.fields import LOGS, VISIT, LogKind
from include.connectors.yandex_metrica.log_requests import (
    READY,
    WORKING,
    LogQuestion,
    LogRequest,
    LogRequests,
)
from include.connectors.yandex_metrica.log_stream import LogPart
from include.connectors.yandex_metrica.source_tally import FEW_ROWS, SourceTally

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS, WAIT_GROWTH = 20.0, 60.0, 1.3
MOST_FAILURES = 3
LONGEST_INNER_WAIT_SECONDS = 3600.0


class LogReader:
    """Logs of one counter; ``account`` is the ``account_id`` of its rows."""

    def __init__(
        self,
        http: HttpSession,
        requests: LogRequests,
        account: str,
        attribution: str,
        tolerance_percent: int,
        sleep: Callable[[float], None],
    ) -> None:
        self._http = http
        self._requests = requests
        self._account = account
        self._attribution = attribution
        self._tolerance = tolerance_percent / 100
        self._sleep = sleep

    def start(self, piece: Slice) -> Ready | Wait:
        """Ask for the first days of a slice, as many as the vendor takes at once."""
        assert piece.interval is not None
        return self._ask(
            {
                "resource": piece.resource,
                "date_from": piece.interval.date_from.isoformat(),
                "date_to": piece.interval.date_to.isoformat(),
                "failures": 0,
                **piece.parameters,
            }
        )

    def poll(self, token: Token) -> Ready | Wait:
        """Look at the request; one that failed, was cleaned or forgotten is asked for anew."""
        if not token.get("request_id"):
            return self._ask(token)
        request = self._requests.look(token["request_id"])
        status = request.status if request else "forgotten"
        if status == READY:
            return Ready(token)
        if status in WORKING:
            return _wait_longer(token)
        failures = int(token["failures"]) + 1
        if failures >= MOST_FAILURES:
            raise RequestRefused(
                f"Metrica ended the {token['resource']} log of {token['date_from']} as {status}, "
                f"{failures} times in a row; run again later, and if it repeats ask for fewer days "
                "(days_per_request)"
            )
        return self._ask({**token, "failures": failures})

    def read(self, token: Token) -> Iterator[Batch]:
        """Every row of the slice, request after request."""
        current: Token | None = token
        tally = SourceTally()
        while current is not None:
            yield from self._read_request(current, tally)
            current = self._ask_for_rest(current)
        if findings := tally.compare(token["sources"], self._tolerance):
            yield Batch(None, (), findings)

    def _ask(self, token: Token) -> Ready | Wait:
        kind = LOGS[token["resource"]]
        first, end = (date.fromisoformat(token[key]) for key in ("date_from", "date_to"))
        newest_seen = int(token["newest_seen"])
        question = self._question(kind, Interval(first, end))
        room = self._requests.evaluate(question)
        is_busy = False
        if room < 1:
            ours = [(k.source, tuple(k.fields(self._attribution))) for k in LOGS.values()]
            is_busy = self._requests.make_room(ours, newest_seen)
            room = self._requests.evaluate(question)
        if room < 1 and is_busy:
            return Wait({**token, "request_id": 0}, LONGEST_WAIT_SECONDS)
        if room < 1:
            raise TemporaryFailure(
                f"Metrica's storage for the logs of counter {self._account} is full (10 GB of log "
                "requests that nobody cleaned) and none of them is ours: clean old log requests "
                "of the counter, then run again later"
            )
        until = min(end, first + timedelta(days=room))
        request = self._requests.ask(self._question(kind, Interval(first, until)), newest_seen)
        asked = {
            **token,
            "request_id": request.request_id,
            "until": until.isoformat(),
            "polls": 0,
        }
        return Ready(asked) if request.status == READY else _wait_longer(asked)

    def _question(self, kind: LogKind, span: Interval) -> LogQuestion:
        return LogQuestion(kind.source, span, tuple(kind.fields(self._attribution)))

    def _ask_for_rest(self, token: Token) -> Token | None:
        """The request for the days left, waited for here: rare enough to hold a worker."""
        if token["until"] == token["date_to"]:
            return None
        state = self._ask({**token, "date_from": token["until"], "failures": 0})
        waited = 0.0
        while isinstance(state, Wait):
            if waited > LONGEST_INNER_WAIT_SECONDS:
                raise TemporaryFailure(
                    f"Metrica did not prepare the log from {state.token['date_from']} within an "
                    "hour; try later, and lower days_per_request if it repeats"
                )
            self._sleep(state.seconds)
            waited += state.seconds
            state = self.poll(state.token)
        return state.token

    def _read_request(self, token: Token, tally: SourceTally) -> Iterator[Batch]:
        request = self._requests.look(token["request_id"])
        if request is None or request.status != READY:
            raise TemporaryFailure(
                f"log request {token['request_id']} is no longer ready: somebody cleaned it; run "
                "again later, it is asked for anew"
            )
        is_kept = False
        counts: dict[date, int] = {}
        try:
            try:
                yield from self._read_parts(request, token, counts, tally)
            except TemporaryFailure:
                is_kept = True
                raise
            self._require_rows(token, counts)
        finally:
            # also when whoever takes the rows gives up: the storage is shared by everybody
            if not is_kept:
                self._requests.end(request)

    def _read_parts(
        self,
        request: LogRequest,
        token: Token,
        counts: dict[date, int],
        tally: SourceTally,
    ) -> Iterator[Batch]:
        kind = LOGS[token["resource"]]
        decoder = Decoder(ZoneInfo(token["time_zone"]))
        constants = {
            "account_id": self._account,
            "attribution": self._attribution,
            "time_zone": token["time_zone"],
            "log_request_id": request.request_id,
        }
        for number, size in request.parts:
            name = f"{kind.source} {request.date1}..{request.date2} part {number}"
            part = LogPart(name, kind.fields(self._attribution), kind.columns, decoder)
            response = self._requests.download(request.request_id, number)
            with self._http.open_body(response) as body:
                for batch in part.read(body, size, lambda rows: _complete(rows, kind, constants)):
                    _count_days(batch, kind.day_column, counts)
                    is_counted = kind.resource == VISIT and batch.rows is not None
                    findings = tally.add(batch.rows) if is_counted else ()
                    yield Batch(batch.rows, batch.rejected, findings)

    def _require_rows(self, token: Token, counts: Mapping[date, int]) -> None:
        """The days of one request against the report; rejected rows count for any day."""
        rejected = counts.get(date.min, 0)
        for text, wanted in token["expected"].items():
            if not token["date_from"] <= text < token["until"]:
                continue
            found = counts.get(date.fromisoformat(text), 0)
            missing = wanted - found - rejected
            allowed = max(wanted * self._tolerance, FEW_ROWS if found else 0)
            if missing > allowed:
                raise IncompleteAnswer(
                    f"the {token['resource']} log of {text} holds {found} rows, the report of "
                    f"counter {self._account} shows {wanted}; nothing is kept, ask again later"
                )


def _wait_longer(token: Token) -> Wait:
    """Polls grow apart: the vendor needs minutes to hours and counts every request."""
    polls = int(token["polls"])
    seconds = min(FIRST_WAIT_SECONDS * WAIT_GROWTH**polls, LONGEST_WAIT_SECONDS)
    return Wait({**token, "polls": polls + 1}, seconds)


def _complete(typed: pa.RecordBatch, kind: LogKind, constants: Mapping[str, Any]) -> pa.RecordBatch:
    """Log columns, constants and what follows from others, in the order of the raw table."""
    arrays = []
    for field in kind.schema:
        if field.name == "yclid":
            array = find_click_ids(typed.column(kind.address))
        elif field.name == "goal_count":
            array = pc.list_value_length(typed.column("goal_ids")).cast(field.type)
        elif field.name not in constants:
            array = typed.column(field.name)
        elif field.type == pa.string():
            codes = pa.array(np.zeros(typed.num_rows, dtype=np.int32))
            words = pa.array([constants[field.name]], pa.string())
            array = pa.DictionaryArray.from_arrays(codes, words)
        else:
            array = pa.repeat(pa.scalar(constants[field.name], field.type), typed.num_rows)
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, names=kind.schema.names)


def _count_days(batch: Batch, day_column: str, counts: dict[date, int]) -> None:
    """Add the rows of each day; rejected ones, whose day nobody knows, under ``date.min``."""
    if batch.rejected:
        counts[date.min] = counts.get(date.min, 0) + len(batch.rejected)
    if batch.rows is not None:
        for entry in pc.value_counts(batch.rows.column(day_column)).to_pylist():
            counts[entry["values"]] = counts.get(entry["values"], 0) + entry["counts"]
