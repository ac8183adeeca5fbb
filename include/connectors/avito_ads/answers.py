"""What an answer of Avito Ads means: ``{"code", "message"}``, and 429 with its Retry-After.

A body that is no JSON is never an empty answer here, whatever the vendor's own SDK makes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import requests

from include.connectors._http import (
    LONGEST_WAIT_SECONDS,
    Again,
    Scrubber,
    describe_gateway_failure,
    read_json,
    retry_after_seconds,
)
from include.connectors.protocol import (
    AccessDenied,
    IncompleteAnswer,
    Now,
    RequestRefused,
    TemporaryFailure,
)

POINTS = "Api-Point-Balance"


class StaleToken(AccessDenied):
    """The token has expired or is unknown; a new one may work."""


class Gone(TemporaryFailure):
    """The object of the path is no longer there, though a list has just named it."""


class Answer:
    """Classifies one request's responses and keeps the body of the good one."""

    def __init__(
        self, what: str, scrubber: Scrubber, now: Now, names_campaign: bool = False
    ) -> None:
        self.body: Mapping[str, Any] = {}
        self._what = what
        self._scrubber = scrubber
        self._now = now
        self._names_campaign = names_campaign

    def classify(self, response: requests.Response) -> Again | None:
        """None for a JSON object; a bare list is wrapped as ``data``. It is in ``body`` then."""
        status = response.status_code
        if status == 429:
            return self._wait(response)
        if status >= 500 or 300 <= status < 400:
            return Again(describe_gateway_failure(response, self._what))
        if status >= 400:
            self._refuse(status, response)
        try:
            document = read_json(response, self._what)
        except IncompleteAnswer:
            document = None
        if isinstance(document, list):
            document = {"data": document}
        if not isinstance(document, Mapping):
            return Again(IncompleteAnswer(f"{self._what} answered no whole JSON; try later"))
        self.body = document
        return None

    def _wait(self, response: requests.Response) -> Again:
        wait = retry_after_seconds(response, self._now)
        error = TemporaryFailure(
            f"{self._what} answered HTTP 429: the points of this minute are used up; try later"
        )
        if wait > LONGEST_WAIT_SECONDS:
            raise error
        return Again(error, at_least_seconds=wait)

    def _refuse(self, status: int, response: requests.Response) -> None:
        said = f"{self._what} answered HTTP {status} {self._scrubber.show_body(response)}"
        if status == 401:
            raise StaleToken(f"{said}; check client_id and client_secret in the connection")
        if status == 403:
            raise AccessDenied(
                f"{said}; the client may not read this account: give its login access in the "
                "Avito cabinet, or correct the account's number"
            )
        if status == 404 and self._names_campaign:
            raise Gone(f"{said}; a campaign of the list is gone, try later")
        if status == 404:
            raise AccessDenied(f"{said}; Avito knows no such account: correct its number")
        raise RequestRefused(f"{said}; a bug of the connector, or the API has changed")
