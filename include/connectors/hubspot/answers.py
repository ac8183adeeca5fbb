"""What an answer of HubSpot means, by its status and category.

Batch reads may answer 207: some of what was asked for is not there, which is told in the body.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import orjson
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

GOOD = frozenset({200, 201, 207})
LOCKED_SECONDS = 2.0
TEN_SECONDS = 10.0
LOCKED, MOVING = 423, 477


class TokenExpired(AccessDenied):
    """The access token has ended or is unknown; a refresh token can get another."""


class MissingScope(RequestRefused):
    """The app may not read this; the other resources go on."""


class AnswerReader:
    """Classifies the answers of one portal; ``who`` names it in messages."""

    def __init__(self, who: str, now: Callable[[], datetime]) -> None:
        self._who = who
        self._now = now
        self._scrubber = Scrubber()
        self._parsed: dict[str, Any] | None = None

    def take_document(self) -> dict[str, Any]:
        """The answer classified last, parsed once."""
        document, self._parsed = self._parsed, None
        return document or {}

    def use_scrubber(self, scrubber: Scrubber) -> None:
        """Clean the vendor's texts with this one from now on."""
        self._scrubber = scrubber

    def read(self, response: requests.Response) -> Again | None:
        """None for an answer to be used."""
        status = response.status_code
        document = self._parsed = _parse(response)
        if status in GOOD:
            if document is not None:
                return None
            return Again(
                IncompleteAnswer(f"the answer of HubSpot portal {self._who} broke off; ask later")
            )
        wait = retry_after_seconds(response, self._now)
        said = self._tell(status, document or {})
        if status == 429:
            return self._slow_down(said, document or {}, wait)
        if status == LOCKED:
            return Again(TemporaryFailure(f"{said}; try later"), LOCKED_SECONDS, wait)
        if status == MOVING:
            raise TemporaryFailure(f"{said}; the vendor is moving the portal, try later")
        if status >= 500:
            error = describe_gateway_failure(response, f"HubSpot portal {self._who}")
            return Again(error, at_least_seconds=wait)
        if status == 401:
            raise TokenExpired(
                f"{said}; store a working private app token, or the app's client_id, "
                "client_secret and refresh_token, in the connection"
            )
        if status == 403:
            raise MissingScope(
                f"{said}; give the app the scope it lacks, or leave the resource out by the "
                "option leave_out"
            )
        raise RequestRefused(f"{said}; a bug of the connector, or the API has changed")

    def _slow_down(self, said: str, document: dict[str, Any], wait: float) -> Again:
        policy = str(document.get("policyName", ""))
        if policy == "DAILY":
            raise TemporaryFailure(
                f"{said}; the day's requests are used up, try later: they come back at midnight "
                "of the portal"
            )
        usual = TEN_SECONDS if policy.startswith("TEN_SECONDLY") else 1.0
        return Again(TemporaryFailure(f"{said}; others use the app too, try later"), usual, wait)

    def _tell(self, status: int, document: dict[str, Any]) -> str:
        word = document.get("category") or document.get("errorType") or document.get("status")
        text = self._scrubber.scrub(" ".join(str(document.get("message", "")).split()))[:200]
        reason = f"{word}: {text}" if word else "no reason"
        return f"HubSpot portal {self._who} answered HTTP {status}, {reason}"


def _parse(response: requests.Response) -> dict[str, Any] | None:
    try:
        document = parse_json(response.content)
    except (orjson.JSONDecodeError, requests.RequestException):
        return None
    return document if isinstance(document, dict) else None
