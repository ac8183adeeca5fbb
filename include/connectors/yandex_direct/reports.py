"""The Reports service: asks, waits for the queue, and streams the finished body.

A report has no id at the vendor. The token holds the whole request; repeating it byte for byte is
how one polls, and a name is never used for two requests. Only HTTP 200 is a report.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import requests

from include.connectors._http import HttpSession
from include.connectors.protocol import (
    Batch,
    IncompleteAnswer,
    Interval,
    Ready,
    TemporaryFailure,
    Token,
    Wait,
)
from include.connectors.yandex_direct.answers import AnswerReader, QueueFull
from include.connectors.yandex_direct.conversions import (
    conversion_columns,
    goal_groups,
    to_rows,
)
from include.connectors.yandex_direct.day_holder import DayHolder
from include.connectors.yandex_direct.day_totals import FIGURES, read_total_lines
from include.connectors.yandex_direct.report_stream import ReportStream
from include.connectors.yandex_direct.schema import (
    CONVERSION,
    KEY_COLUMNS,
    PERFORMANCE,
    PERFORMANCE_SCHEMA,
    REPORT_COLUMNS,
    ReportColumn,
    find_unknown,
)

DEFAULT_RETRY_SECONDS = 10.0
RETRY_BOUNDS = (1.0, 60.0)
QUEUE_FULL_SECONDS = 30.0
LONGEST_SPLIT_WAIT_SECONDS = 1800.0
DEFINITION_END = "__"
TOTALS = "day_totals"
_READ_BYTES = 1 << 16
FIELDS: Mapping[str, tuple[str, ...]] = {
    PERFORMANCE: tuple(column.field for column in REPORT_COLUMNS),
    CONVERSION: (*(column.field for column in KEY_COLUMNS), "Conversions", "Revenue"),
    TOTALS: ("Date", *FIGURES, "Conversions", "Revenue"),
}


class Reports:
    """Reports of one login, asked for in one fixed way."""

    def __init__(
        self,
        http: HttpSession,
        answers: AnswerReader,
        login: str,
        version: str,
        vat: str,
        mode: str,
        currency: Callable[[], str],
        sleep: Callable[[float], None],
    ) -> None:
        self._http = http
        self._answers = answers
        self._login = login
        self._version = version
        self._vat = vat
        self._mode = mode
        self._currency = currency
        self._sleep = sleep
        self._unread: tuple[Token, requests.Response] | None = None

    def make_token(
        self,
        resource: str,
        span: Interval,
        nonce: str,
        goals: Sequence[str] = (),
        models: Sequence[str] = (),
        expects_rows: bool = False,
    ) -> Token:
        """The whole request for some days, of the first ten goals; the others follow by themselves.

        ``nonce`` keeps a new pull inside five hours from getting the vendor's stored copy. With
        ``expects_rows`` an empty report is no answer: the vendor's own totals say otherwise.
        """
        groups = goal_groups(goals)
        fields = FIELDS[resource]
        params: dict[str, Any] = {
            "SelectionCriteria": {
                "DateFrom": span.date_from.isoformat(),
                "DateTo": (span.date_to - timedelta(days=1)).isoformat(),
            },
            "FieldNames": list(fields),
            "OrderBy": [{"Field": "Date"}],
            "ReportType": "CUSTOM_REPORT",
            "DateRangeType": "CUSTOM_DATE",
            "Format": "TSV",
            "IncludeVAT": self._vat,
        }
        if groups:
            params |= {"Goals": groups[0], "AttributionModels": list(models)}
        definition = f"{resource}_{_digest([*fields, self._vat])[:6]}"
        days = f"{span.date_from}_{span.date_to}"
        name = f"{definition}{DEFINITION_END}{days}_{_digest(params)}_{nonce}"
        params["ReportName"] = name
        return {
            "resource": resource,
            "version": self._version,
            "nonce": nonce,
            "params": params,
            "goals_left": [goal for group in groups[1:] for goal in group],
            "expects_rows": expects_rows,
        }

    def read_totals(
        self, span: Interval, nonce: str, goals: Sequence[str], models: Sequence[str]
    ) -> dict[date, dict[str, str]]:
        """The vendor's own figures of each day, ungrouped: a line a day that has any."""
        found: dict[date, dict[str, str]] = {}
        token: Token | None = self.make_token(TOTALS, span, nonce, goals, models)
        while token is not None:
            self._await(token)
            response = self._take_response(token)
            with self._http.open_body(response) as body:
                text = b"".join(iter(lambda: body.read(_READ_BYTES), b"")).decode()
            for day, cells in read_total_lines(text, token["params"]["ReportName"]).items():
                found.setdefault(day, {}).update(cells)
            token = self._next_goals(token)
        return found

    def ask(self, token: Token) -> Ready | Wait:
        """Send the request; a 200 is kept unread for :meth:`read`."""
        try:
            response = self._post(token)
        except QueueFull:
            return Wait(token, QUEUE_FULL_SECONDS)
        if response.status_code == 200:
            self._keep_unread(token, response)
            return Ready(token)
        response.close()
        return Wait(token, _retry_seconds(response))

    def read(self, token: Token) -> Iterator[Batch]:
        """Every row of the report, split further should the vendor cut it at its row limit.

        Goals beyond the first ten have reports of their own, waited for here.
        """
        group: Token | None = token
        while group is not None:
            current: Token | None = group
            while current is not None:
                current = yield from self._read_part(current)
            group = self._next_goals(group)
            if group is not None:
                self._await(group)

    def _next_goals(self, token: Token) -> Token | None:
        if not token.get("goals_left"):
            return None
        params = token["params"]
        return self.make_token(
            token["resource"],
            _span_of(params),
            str(token["nonce"]),
            token["goals_left"],
            params["AttributionModels"],
        )

    def _read_part(self, token: Token) -> Iterator[Batch]:
        """One report; returns the token of the days still missing, or None."""
        criteria = token["params"]["SelectionCriteria"]
        is_one_day = criteria["DateFrom"] == criteria["DateTo"]
        holder = DayHolder()
        name, columns = token["params"]["ReportName"], columns_of(token)
        stream = ReportStream(name, columns)
        for batch in self._stream(token, stream):
            if is_one_day:
                yield batch
            else:
                yield from holder.add(batch)
        if stream.is_silent:
            # Only the column line: so an empty report looks, and one cut right there. Twice the
            # same is believed.
            stream = ReportStream(name, columns)
            for batch in self._stream(token, stream):
                yield from holder.add(batch)
            if stream.is_silent and token.get("expects_rows"):
                raise IncompleteAnswer(
                    f"report {name} is empty, but the vendor's own totals of these days are not; "
                    "try later"
                )
        if not stream.is_cut:
            yield from holder.release()
            return None
        first = date.fromisoformat(criteria["DateFrom"])
        if is_one_day or not holder.is_sorted or holder.day is None or holder.day <= first:
            raise IncompleteAnswer(
                f"report {name} holds as many rows as the vendor gives "
                "at most and cannot be split by days any further; narrow what the account shows"
            )
        yield from holder.drop()
        rest = self.make_token(
            token["resource"],
            Interval(holder.day, _span_of(token["params"]).date_to),
            str(token["nonce"]),
            token["params"].get("Goals", ()),
            token["params"].get("AttributionModels", ()),
        )
        self._await(rest)
        return rest

    def _await(self, token: Token) -> None:
        """Wait here for the rest of a report that was cut; rare enough to hold a worker."""
        waited = 0.0
        state = self.ask(token)
        while isinstance(state, Wait):
            if waited > LONGEST_SPLIT_WAIT_SECONDS:
                raise TemporaryFailure(
                    f"report {token['params']['ReportName']} was not built within "
                    f"{LONGEST_SPLIT_WAIT_SECONDS:.0f} seconds; try later"
                )
            self._sleep(state.seconds)
            waited += state.seconds
            state = self.ask(token)

    def _post(self, token: Token) -> requests.Response:
        """POST the request, with the column and summary lines that prove the answer."""
        return self._http.post_json(
            f"json/{token['version']}/reports",
            {"params": token["params"]},
            self._answers.read_report,
            headers={"processingMode": self._mode, "skipReportHeader": "true"},
            stream=True,
        )

    def _keep_unread(self, token: Token, response: requests.Response) -> None:
        """Spare the vendor a second building of the newest answer; an older one is let go."""
        if self._unread is not None:
            self._unread[1].close()
        self._unread = (token, response)

    def _take_response(self, token: Token) -> requests.Response:
        if self._unread is not None and self._unread[0] == token:
            response, self._unread = self._unread[1], None
            return response
        return self._post(token)

    def _stream(self, token: Token, stream: ReportStream) -> Iterator[Batch]:
        params = token["params"]
        currency = self._currency()
        response = self._take_response(token)
        if response.status_code != 200:
            response.close()
            raise TemporaryFailure(
                f"report {params['ReportName']} is being built anew by the vendor: poll it again"
            )
        constants = {
            "account_id": self._login,
            "currency_code": currency,
            "is_vat_included": params["IncludeVAT"] == "YES",
            "report_name": params["ReportName"].split(DEFINITION_END)[0],
        }

        def finish(typed: pa.RecordBatch) -> pa.RecordBatch:
            if token["resource"] == CONVERSION:
                return to_rows(typed, params["Goals"], params["AttributionModels"], constants)
            return complete_rows(typed, constants)

        told: set[str] = set()
        with self._http.open_body(response) as body:
            for batch in stream.read(body, finish):
                findings = sorted(find_unknown(batch.rows) - told)
                told.update(findings)
                yield replace(batch, findings=tuple(findings)) if findings else batch


def columns_of(token: Token) -> tuple[ReportColumn, ...]:
    """What the body of this request comes with."""
    if token["resource"] == CONVERSION:
        return conversion_columns(token["params"]["Goals"], token["params"]["AttributionModels"])
    return REPORT_COLUMNS


def complete_rows(typed: pa.RecordBatch, constants: Mapping[str, Any]) -> pa.RecordBatch:
    """Report columns and constants in the order of the raw table; text as dictionaries."""
    arrays = []
    for field in PERFORMANCE_SCHEMA:
        if field.name not in constants:
            arrays.append(typed.column(field.name))
        elif field.type == pa.string():
            codes = pa.array(np.zeros(typed.num_rows, dtype=np.int32))
            words = pa.array([constants[field.name]], pa.string())
            arrays.append(pa.DictionaryArray.from_arrays(codes, words))
        else:
            arrays.append(pa.repeat(pa.scalar(constants[field.name], field.type), typed.num_rows))
    return pa.RecordBatch.from_arrays(arrays, names=PERFORMANCE_SCHEMA.names)


def _span_of(params: Mapping[str, Any]) -> Interval:
    criteria = params["SelectionCriteria"]
    last = date.fromisoformat(criteria["DateTo"])
    return Interval(date.fromisoformat(criteria["DateFrom"]), last + timedelta(days=1))


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


def _retry_seconds(response: requests.Response) -> float:
    """``retryIn`` is a recommendation that may be missing or absurd."""
    try:
        wanted = float(response.headers.get("retryIn", DEFAULT_RETRY_SECONDS))
    except ValueError:
        wanted = DEFAULT_RETRY_SECONDS
    return min(max(wanted, RETRY_BOUNDS[0]), RETRY_BOUNDS[1])
