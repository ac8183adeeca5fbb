"""What an answer of the Direct API means: the vendor's error codes, service by service.

Only HTTP 200 is a report; 201 and 202 are a queue. The management services put errors inside HTTP
200 with an integer code, Reports inside 4xx/5xx with the code as a string.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests

from include.connectors._http import BROKEN_GATEWAYS, Again, Scrubber, describe_gateway_failure
from include.connectors.protocol import (
    AccessDenied,
    RequestRefused,
    TemporaryFailure,
)

SERVER_TROUBLE = (52, 1000, 1001, 1002)
TOO_FAST = (56, 506)
TOO_FAST_FIRST_SECONDS = 10.0
QUEUE_FULL = 9000
OUT_OF_UNITS = 152
BAD_TOKEN = 53

WHAT_TO_DO = {
    53: "the OAuth token is wrong or has expired: issue a new one and store it in the connection",
    54: "this token has no rights to the login: check the account name and the token's owner",
    58: "the application's access request is not approved: apply in the Direct interface",
    513: "the login is not connected to Yandex Direct: check the account name",
    3000: "the account has no access to the API: request it in the Direct interface",
    3001: "the account has no access to this method: request it in the Direct interface",
}


class QueueFull(TemporaryFailure):
    """The account already has as many offline reports in the queue as the vendor allows."""


class AnswerReader:
    """Classifies responses of one account; ``who`` names it in messages.

    ``renew`` is asked for another token when the vendor refuses the present one.
    """

    def __init__(self, who: str, scrubber: Scrubber, renew: Callable[[], bool]) -> None:
        self._who = who
        self._scrubber = scrubber
        self._renew = renew

    def read_report(self, response: requests.Response) -> Again | None:
        """For the Reports service: None for 200, 201 and 202."""
        what = f"Yandex Direct reports of {self._who}"
        if response.status_code == 200 and "html" in response.headers.get("Content-Type", ""):
            return Again(TemporaryFailure(f"{what} answered a proxy's HTML page; try later"))
        if response.status_code in (200, 201, 202):
            return None
        return self._read_failure(response, what)

    def read_call(self, response: requests.Response) -> Again | None:
        """For the management services: None for HTTP 200 without an ``error`` element."""
        what = f"Yandex Direct of {self._who}"
        if response.status_code != 200:
            return self._read_failure(response, what)
        document = _parse(response)
        if document is None:
            shown = self._scrubber.show_body(response)
            return Again(TemporaryFailure(f"{what} answered no JSON but {shown}; try later"))
        if "error" in document:
            return self._read_error(document["error"], what)
        if "result" not in document:
            raise RequestRefused(
                f"{what} answered neither result nor error; the API has changed, "
                "compare the connector with the vendor's documentation"
            )
        return None

    def _read_failure(self, response: requests.Response, what: str) -> Again:
        """A non-2xx answer, with or without a readable body."""
        document = _parse(response)
        if document is not None and isinstance(document.get("error"), dict):
            return self._read_error(document["error"], what, response.status_code)
        if response.status_code in BROKEN_GATEWAYS or 300 <= response.status_code < 400:
            return Again(describe_gateway_failure(response, what))
        if response.status_code == 429:
            wait = _seconds(response.headers.get("Retry-After"))
            error = describe_gateway_failure(response, what)
            return Again(error, TOO_FAST_FIRST_SECONDS, wait)
        shown = self._scrubber.show_body(response)
        if response.status_code in (401, 403):
            raise AccessDenied(f"{what} answered HTTP {response.status_code}: {shown}")
        raise RequestRefused(f"{what} answered HTTP {response.status_code}: {shown}")

    def _read_error(self, error: Any, what: str, status: int = 200) -> Again:
        """An ``error`` element: passing troubles are returned, final ones raised."""
        code = _code(error)
        text = " ".join(str(error.get(k, "")) for k in ("error_string", "error_detail")).strip()
        said = f"{what} answered error {code} ({self._scrubber.scrub(text)})"
        if code in SERVER_TROUBLE:
            return Again(TemporaryFailure(f"{said}; try later"))
        if code in TOO_FAST:
            error_now = TemporaryFailure(f"{said}; too many requests at once, try later")
            return Again(error_now, TOO_FAST_FIRST_SECONDS)
        if code == OUT_OF_UNITS:
            raise TemporaryFailure(f"{said}; points come back every hour, try in the next hour")
        if code == QUEUE_FULL:
            raise QueueFull(f"{said}; wait for this account's own reports")
        if code == BAD_TOKEN and self._renew():
            return Again(AccessDenied(f"{said}; {WHAT_TO_DO[code]}"), first_seconds=0.1)
        if code in WHAT_TO_DO:
            raise AccessDenied(f"{said}; {WHAT_TO_DO[code]}")
        if status >= 500:
            return Again(TemporaryFailure(f"{said}; try later"))
        raise RequestRefused(f"{said}; a bug of the connector, or the API has changed")


def parse_result(response: requests.Response) -> dict[str, Any]:
    """The ``result`` of a classified management answer."""
    result = response.json()["result"]
    if not isinstance(result, dict):
        raise RequestRefused("Yandex Direct answered a result that is not an object")
    return result


def _parse(response: requests.Response) -> dict[str, Any] | None:
    try:
        document = response.json()
    except (ValueError, requests.RequestException):
        return None
    return document if isinstance(document, dict) else None


def _code(error: Any) -> int:
    """Codes are text in Reports and numbers elsewhere; 0 when there is none to read."""
    try:
        return int(str(error["error_code"]))
    except (KeyError, TypeError, ValueError):
        return 0


def _seconds(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0
