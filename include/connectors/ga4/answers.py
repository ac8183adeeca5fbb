"""What a refusal of the Data API means; its words are Google's status names."""

from __future__ import annotations

from collections.abc import Callable
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
from include.connectors.protocol import AccessDenied, Now, RequestRefused, TemporaryFailure

TOO_FAST_FIRST_SECONDS = 5.0
SERVER_ERROR_FIRST_SECONDS = 5.0
"""Each server error uses up one of the ten a property may see in an hour."""


class AnswerReader:
    """Judges answers for one property; ``forget_token`` makes the next request mint another."""

    def __init__(
        self, property_id: str, scrubber: Scrubber, now: Now, forget_token: Callable[[], None]
    ) -> None:
        self._what = f"GA4 of property {property_id}"
        self._scrubber = scrubber
        self._now = now
        self._forget_token = forget_token
        self._has_renewed = False

    def classify(self, response: requests.Response) -> Again | None:
        """None for a report; passing troubles are returned, final ones raised."""
        status = response.status_code
        if status == 200:
            if "html" in response.headers.get("Content-Type", ""):
                return Again(TemporaryFailure(f"{self._what} answered a proxy's page; try later"))
            self._has_renewed = False
            return None
        message = _read_message(response)
        said = f"{self._what} answered HTTP {status} ({self._scrubber.scrub(message)})"
        if status == 401:
            return self._renew(said)
        if status == 429:
            waits = retry_after_seconds(response, self._now)
            if not message or "concurrent" in message.lower():
                failure = TemporaryFailure(f"{said}; too many requests at once, try later")
                return Again(failure, TOO_FAST_FIRST_SECONDS, waits)
            when = "tomorrow" if "day" in message.lower() else "in the next hour"
            raise TemporaryFailure(f"{said}; a quota is used up, try later {when}")
        if status in BROKEN_GATEWAYS:
            failure = describe_gateway_failure(response, self._what)
            return Again(failure, SERVER_ERROR_FIRST_SECONDS)
        if status == 403:
            raise AccessDenied(
                f"{said}; make the consenting user a viewer of the property, and switch the "
                "Google Analytics Data API on in the Cloud project"
            )
        shown = said if message else f"{said}: {self._scrubber.show_body(response)}"
        raise RequestRefused(
            f"{shown}; check the property id and client_id_dimension, else the API has changed"
        )

    def _renew(self, said: str) -> Again:
        if self._has_renewed:
            raise AccessDenied(
                f"{said} to a token just minted; consent again with the scope analytics.readonly "
                "and store the new refresh_token in the connection"
            )
        self._has_renewed = True
        self._forget_token()
        return Again(TemporaryFailure(f"{said}; a new access token is asked for, try later"), 0.1)


def _read_message(response: requests.Response) -> str:
    """Google's own words; empty where the body is not Google's."""
    try:
        body: Any = orjson.loads(response.content)
    except (orjson.JSONDecodeError, requests.RequestException):
        return ""
    error = body.get("error") if isinstance(body, dict) else None
    return str(error.get("message", "")) if isinstance(error, dict) else ""
