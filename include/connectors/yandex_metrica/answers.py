"""What an answer of the Metrica API means: its error types, and what a person has to do.

A 2xx never carries errors. Quotas answer 429 without saying how long to wait: those of a second or
of parallel requests pass by themselves, those of a day end at 00:00 UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson
import requests

from include.connectors._http import (
    BROKEN_GATEWAYS,
    Again,
    Scrubber,
    describe_gateway_failure,
    retry_after_seconds,
)
from include.connectors.protocol import (
    AccessDenied,
    RequestRefused,
    TemporaryFailure,
)

PASSING_QUOTAS = ("quota_requests_by_ip", "quota_parallel_requests")
QUOTA_FIRST_SECONDS = 2.0
"""At least the second the vendor counts in, after halving by chance."""
NOT_PROCESSED = "Only log of requests in status 'processed' can be downloaded"
WHAT_TO_DO: Mapping[str, str] = {
    "unauthorized": "issue a new OAuth token with the right metrika:read, store it in the "
    "connection",
    "invalid_token": "the OAuth token is wrong or has expired: issue a new one with the right "
    "metrika:read, store it in the connection",
    "access_denied": "the token's login cannot see this counter: give it at least view access in "
    "the counter's settings",
    "counter_in_connect": "the counter belongs to another organisation: ask its owner for access",
}
NARROWER = ("query_error", "too_much_rows")


class NotThere(RequestRefused):
    """HTTP 404: this counter or log request does not exist."""


class NotReady(TemporaryFailure):
    """A part of a log request that is not, or no longer, ready was asked for."""


class AnswerReader:
    """Classifies responses of one counter; ``who`` names it in messages."""

    def __init__(self, who: str, scrubber: Scrubber, now: Callable[[], datetime]) -> None:
        self._what = f"Yandex Metrica for counter {who}"
        self._scrubber = scrubber
        self._now = now

    def read(self, response: requests.Response) -> Again | None:
        """None for a 2xx; passing troubles are returned, final ones raised."""
        if 200 <= response.status_code < 300:
            return None
        kind, text = _read_error(response)
        if not kind:
            return self._read_bare(response)
        said = f"{self._what} answered {kind} ({self._scrubber.scrub(text)})"
        if kind in PASSING_QUOTAS:
            asked = retry_after_seconds(response, self._now)
            error = TemporaryFailure(f"{said}; too many requests at once, try later")
            return Again(error, QUOTA_FIRST_SECONDS, asked)
        if kind.startswith("quota_"):
            raise TemporaryFailure(f"{said}; the quota of the day is spent, try after 00:00 UTC")
        if response.status_code in BROKEN_GATEWAYS:
            return Again(TemporaryFailure(f"{said}; try later"))
        if kind in WHAT_TO_DO or response.status_code in (401, 403):
            raise AccessDenied(f"{said}; {WHAT_TO_DO.get(kind, 'check the rights of its login')}")
        if kind == "not_found":
            raise NotThere(f"{said}; check that the account is named after the counter's number")
        if text == NOT_PROCESSED:
            raise NotReady(f"{said}; poll it again")
        if kind in NARROWER:
            raise RequestRefused(f"{said}; ask for fewer days: lower days_per_request")
        raise RequestRefused(f"{said}; a bug of the connector, or the API has changed")

    def read_json(self, response: requests.Response) -> Again | None:
        """The same for answers that must be JSON objects; a cut or foreign body is asked again."""
        verdict = self.read(response)
        if verdict is None and parse(response) is None:
            shown = self._scrubber.show_body(response)
            return Again(TemporaryFailure(f"{self._what} answered no JSON but {shown}; try later"))
        return verdict

    def _read_bare(self, response: requests.Response) -> Again:
        """An answer without the vendor's error object: somebody in between speaks."""
        status = response.status_code
        if status == 429:
            error = describe_gateway_failure(response, self._what)
            return Again(error, QUOTA_FIRST_SECONDS, retry_after_seconds(response, self._now))
        if status in BROKEN_GATEWAYS or 300 <= status < 400:
            asked = retry_after_seconds(response, self._now)
            error = describe_gateway_failure(response, self._what)
            return Again(error, at_least_seconds=asked)
        shown = self._scrubber.show_body(response)
        if status in (401, 403):
            raise AccessDenied(
                f"{self._what} answered HTTP {status}: {shown}; check the token in the connection"
            )
        raise RequestRefused(f"{self._what} answered HTTP {status}: {shown}")


def parse(response: requests.Response) -> dict[str, Any] | None:
    """The body as a JSON object; None when it is none."""
    try:
        document = orjson.loads(response.content)
    except (orjson.JSONDecodeError, requests.RequestException):
        return None
    return document if isinstance(document, dict) else None


def _read_error(response: requests.Response) -> tuple[str, str]:
    """Error type and message; empty texts when the body has no error object."""
    errors = (parse(response) or {}).get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return "", ""
    return str(first.get("error_type", "")), str(first.get("message", ""))
