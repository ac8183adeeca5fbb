"""The two journals of a cabinet, asked for over days.

That of calls is asked for by pages, for only then it tells how many there are; that of requests
comes as one bare array without any total, so an empty one is asked for twice. An error has no
documented body: the HTTP status says what it is, and even a 200 may be a page of a proxy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import requests

from include.connectors._http import (
    Again,
    HttpSession,
    describe_gateway_failure,
    read_json,
    retry_after_seconds,
)
from include.connectors._records import Record, RecordReader
from include.connectors.calltouch.schema import (
    CALL_SCHEMA,
    IGNORED_OF_CALL,
    IGNORED_OF_REQUEST,
    REQUEST_SCHEMA,
    call_columns,
    is_of_zone,
    request_columns,
)
from include.connectors.protocol import (
    AccessDenied,
    BadInput,
    Batch,
    IncompleteAnswer,
    Interval,
    Now,
    RequestRefused,
    TemporaryFailure,
)

ROOT = "calls-service/RestAPI"
CALL_DAY, REQUEST_DAY = "%d/%m/%Y", "%m/%d/%Y"
MOST_ROWS = 1_000
TOO_FAST_FIRST_SECONDS = 2.0
FLAGS = ("withOrders", "withYandexDirect", "withGoogleAdwords", "withComments")
CALL_FLAGS = dict.fromkeys((*FLAGS, "withCallTags"), "true")
REQUEST_FLAGS = dict.fromkeys((*FLAGS, "withRequestTags"), "true")


class Journals:
    """Reads one cabinet; ``account`` names it in rows and messages."""

    def __init__(
        self,
        http: HttpSession,
        account: str,
        site: str,
        token: str,
        zone: ZoneInfo,
        page_rows: int,
        now: Now,
    ) -> None:
        self._http = http
        self._account = account
        self._site = site
        self._token = token
        self._zone = zone
        self._page_rows = page_rows
        self._now = now

    def read_calls(self, span: Interval) -> Iterator[Batch]:
        """Every call of the days, proven by the vendor's own count."""
        reader = RecordReader(
            f"calls {span.date_from}_{span.date_to}",
            CALL_SCHEMA,
            call_columns(self._zone),
            {"account_id": self._account},
            "payload",
            IGNORED_OF_CALL,
        )
        seen: set[Any] = set()
        nameless = page = 0
        is_wrong_zone_told = False
        while True:
            page += 1
            answer = self._call_page(span, page, self._page_rows, CALL_FLAGS)
            if page == 1 and not answer["recordsTotal"]:
                # No call in all these days is a fact only when it is told twice.
                answer = self._call_page(span, page, self._page_rows, CALL_FLAGS)
            fresh = _fresh(answer["records"], "callId", seen)
            nameless += sum("callId" not in record for record in fresh)
            batch = reader.read(fresh, (page - 1) * self._page_rows + 1)
            if not is_wrong_zone_told and not all(is_of_zone(r, self._zone) for r in fresh):
                is_wrong_zone_told = True
                yield Batch(None, (), (self._describe_wrong_zone(),))
            yield batch
            if page >= answer["pageTotal"]:
                break
        if len(seen) + nameless != answer["recordsTotal"]:
            raise IncompleteAnswer(
                f"Calltouch {self._account} counts {answer['recordsTotal']} calls from "
                f"{span.date_from} to {span.date_to} and gave {len(seen) + nameless}: they moved "
                "while they were read; nothing of it is kept, ask again"
            )

    def read_requests(self, span: Interval) -> Iterator[Batch]:
        """Every form request of the days."""
        records = self._request_list(span) or self._request_list(span)
        reader = RecordReader(
            f"requests {span.date_from}_{span.date_to}",
            REQUEST_SCHEMA,
            request_columns(),
            {"account_id": self._account},
            "payload",
            IGNORED_OF_REQUEST,
        )
        fresh = _fresh(records, "requestId", set())
        for start in range(0, len(fresh), MOST_ROWS):
            yield reader.read(fresh[start : start + MOST_ROWS], start + 1)

    def count_calls(self, span: Interval, **flags: str) -> Mapping[str, int]:
        """How many calls the vendor counts: ``rows``."""
        return {"rows": self._call_page(span, 1, 1, flags)["recordsTotal"]}

    def count_marks(self, span: Interval) -> Mapping[str, int]:
        """``rows`` and ``is_target``, in two questions."""
        target = self.count_calls(span, targetOnly="true")
        return {**self.count_calls(span), "is_target": target["rows"]}

    def try_requests(self, day: date) -> None:
        """Ask for the requests of one day; raises what the vendor refuses."""
        self._request_list(Interval(day, day + timedelta(days=1)))

    def _call_page(
        self, span: Interval, page: int, rows: int, flags: Mapping[str, str]
    ) -> dict[str, Any]:
        what = f"Calltouch calls of {self._account}"
        params = {**_days(span, CALL_DAY), "page": page, "limit": rows, **flags}
        answer = self._ask(f"{ROOT}/{self._site}/calls-diary/calls", params, what)
        is_page = isinstance(answer, dict) and isinstance(answer.get("records"), list)
        if not is_page or not all(
            isinstance(answer.get(key), int) for key in ("pageTotal", "recordsTotal")
        ):
            raise RequestRefused(
                f"{what} came without records, pageTotal or recordsTotal: the API has changed, "
                "compare the connector with the vendor's documentation"
            )
        return dict(answer)

    def _request_list(self, span: Interval) -> list[Record]:
        what = f"Calltouch requests of {self._account}"
        params = {"siteId": self._site, **_days(span, REQUEST_DAY), **REQUEST_FLAGS}
        answer = self._ask(f"{ROOT}/requests/", params, what)
        if not isinstance(answer, list) or not all(isinstance(r, dict) for r in answer):
            raise RequestRefused(
                f"{what} came in another shape than an array of objects: the API has changed, "
                "compare the connector with the vendor's documentation"
            )
        return answer

    def _ask(self, path: str, params: Mapping[str, Any], what: str) -> Any:
        found: list[Any] = []

        def classify(response: requests.Response) -> Again | None:
            verdict = self._classify(response, what)
            if verdict is None:
                try:
                    found[:] = [read_json(response, what)]
                except IncompleteAnswer as broken:
                    return Again(broken.with_traceback(None))
            return verdict

        self._http.send("GET", path, classify, params={"clientApiId": self._token, **params})
        return found[0]

    def _classify(self, response: requests.Response, what: str) -> Again | None:
        status = response.status_code
        if status == 200:
            return None
        if status == 429:
            wait = retry_after_seconds(response, self._now)
            error = TemporaryFailure(
                f"{what} answered HTTP 429: too many requests a second from this address, or the "
                "project's points of the day are spent; try later"
            )
            return Again(error, TOO_FAST_FIRST_SECONDS, wait)
        if status >= 500 or 300 <= status < 400:
            return Again(describe_gateway_failure(response, what))
        said = f"{what} answered HTTP {status} ({self._http.scrubber.show_body(response)})"
        if status in (401, 403):
            raise AccessDenied(
                f"{said}: the API token is wrong, or of another cabinet; copy it from the "
                "cabinet's settings of the API into the connection"
            )
        if status == 404:
            raise BadInput(f"{said}: no cabinet {self._site}; correct the option site_id")
        raise RequestRefused(f"{said}; a bug of the connector, or the API has changed")

    def _describe_wrong_zone(self) -> str:
        return (
            f"option time_zone is {self._zone.key}, but dates and timestamps of calls disagree: "
            "set it to the zone of the cabinet's settings"
        )


def _days(span: Interval, order: str) -> dict[str, str]:
    last = span.date_to - timedelta(days=1)
    return {"dateFrom": span.date_from.strftime(order), "dateTo": last.strftime(order)}


def _fresh(records: Sequence[Record], key: str, seen: set[Any]) -> list[Record]:
    """Records not seen on an earlier page; one without the key cannot have been."""
    fresh = []
    for record in records:
        number = record.get(key)
        if number is None or number not in seen:
            fresh.append(record)
        if number is not None:
            seen.add(number)
    return fresh
