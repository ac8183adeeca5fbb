"""What an answer of the CallRail API means: the HTTP status decides, the body only explains."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import requests

from include.connectors._http import (
    Again,
    Scrubber,
    describe_gateway_failure,
    parse_json,
    retry_after_seconds,
)
from include.connectors.protocol import (
    AccessDenied,
    IncompleteAnswer,
    RequestRefused,
    TemporaryFailure,
)

QUOTA_FIRST_SECONDS = 30.0
"""CallRail names no moment when its hourly quota is free again."""

WHAT_TO_DO = {
    401: "the API key is wrong or was revoked: make a new one in CallRail (Settings, Integrations, "
    "API keys) and store it in the connection",
    403: "the user of the API key may not read this: give that user access to the account, or "
    "check the account's id",
    404: "there is no such account: check its id, ACC and 32 digits",
}


class AnswerReader:
    """Classifies responses of one account; ``who`` names it in messages."""

    def __init__(self, who: str, scrubber: Scrubber, now: Callable[[], datetime]) -> None:
        self._who = who
        self._scrubber = scrubber
        self._now = now
        self.document: dict[str, Any] = {}
        """The body of the last answer that was accepted."""

    def read(self, response: requests.Response) -> Again | None:
        """None for a usable JSON object, which is then in :attr:`document`."""
        what, status = f"CallRail for {self._who}", response.status_code
        if status == 200:
            document = _parse(response)
            if document is None:
                shown = self._scrubber.show_body(response)
                return Again(
                    IncompleteAnswer(f"{what} answered no whole JSON but {shown}; try later")
                )
            self.document = document
            return None
        if status == 429:
            error = TemporaryFailure(
                f"{what} answered HTTP 429: the quota of the hour or the day is used up, try later"
            )
            return Again(error, QUOTA_FIRST_SECONDS, retry_after_seconds(response, self._now))
        if status >= 500 or 300 <= status < 400:
            return Again(describe_gateway_failure(response, what))
        said = f"{what} answered HTTP {status}: {self._scrubber.show_body(response)}"
        if status in WHAT_TO_DO:
            raise AccessDenied(f"{said}; {WHAT_TO_DO[status]}")
        raise RequestRefused(f"{said}; a bug of the connector, or the API has changed")


def _parse(response: requests.Response) -> dict[str, Any] | None:
    try:
        document = parse_json(response.content)
    except (ValueError, requests.RequestException):
        return None
    return document if isinstance(document, dict) else None
