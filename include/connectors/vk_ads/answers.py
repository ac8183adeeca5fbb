"""What an answer of VK Ads means: its codes, both shapes of its errors, and its calendar windows.

A 401 is flat ``{"code", "message"}``, everything else nested under ``error``; both shapes are read
everywhere. A 429 names no wait: the header whose remaining count is zero tells which calendar
second, minute, hour or day (Moscow's) has to end first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import requests

from include.connectors._http import (
    BROKEN_GATEWAYS,
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

MOSCOW = ZoneInfo("Europe/Moscow")
STALE = ("expired_token", "invalid_token")
WINDOWS = {"Daily": 86_400, "Hourly": 3_600, "Minutely": 60, "RPS": 1}
"""Word of the header → seconds, the longest first: it is the one to wait for."""
WHAT_TO_DO = {
    "revoked_token": "the token was taken back: issue a new one and store it in the connection",
    "invalid_client": "client_id or client_secret is wrong: copy both anew from the API settings",
    "invalid_user": "the token's user is gone or blocked: check the cabinet in the interface",
    "ERR_ACCESS_DENIED": "the token may not read this: it needs the scope read_ads of the very "
    "cabinet; an agency names agency_client_id in the connection",
    "token_limit_exceeded": "five tokens exist already: delete them with "
    "/api/v2/oauth2/token/delete.json, then run again",
}
TOO_MUCH = "ERR_LIMIT_EXCEEDED"
ALIEN_OBJECTS = ("ERR_WRONG_BANNERS", "ERR_WRONG_ADGROUPS", "ERR_WRONG_ADPLANS", "ERR_WRONG_USERS")


class Refusal(RequestRefused):
    """The vendor refuses with a code of its own, which tells whether asking for less helps."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class StaleToken(AccessDenied):
    """The token has expired or was replaced by another process; a newer one may work."""


class Answer:
    """Classifies one request's responses and keeps the body of the good one."""

    def __init__(self, what: str, scrubber: Scrubber, now: Now) -> None:
        self.body: Mapping[str, Any] = {}
        self._what = what
        self._scrubber = scrubber
        self._now = now

    def classify(self, response: requests.Response) -> Again | None:
        """None for a JSON object without an error; the object is in ``body`` then."""
        status = response.status_code
        if status == 429:
            return self._wait_for_window(response)
        if status in BROKEN_GATEWAYS or 300 <= status < 400:
            return Again(describe_gateway_failure(response, self._what))
        document = self._parse(response)
        if document is None:
            if status == 200:
                return Again(IncompleteAnswer(f"{self._what} answered no whole JSON; try later"))
            self._refuse(status, "", self._scrubber.show_body(response))
            return None
        error = document.get("error", document if status >= 400 else None)
        if error is not None:
            fields = error if isinstance(error, Mapping) else {"message": str(error)}
            self._refuse(status, str(fields.get("code", "")), self._show(fields))
        self.body = document
        return None

    def _wait_for_window(self, response: requests.Response) -> Again:
        named = retry_after_seconds(response, self._now)
        wait = named or self._seconds_to_next_window(response.headers)
        error = TemporaryFailure(
            f"{self._what} answered HTTP 429: too many requests, the next are let through in "
            f"about {wait:.0f} seconds; try later"
        )
        if wait > LONGEST_WAIT_SECONDS:
            raise error
        return Again(error, at_least_seconds=wait)

    def _seconds_to_next_window(self, headers: Mapping[str, str]) -> float:
        for word, seconds in WINDOWS.items():
            if headers.get(f"X-RateLimit-{word}-Remaining", "").strip() == "0":
                return seconds_to_next(self._now(), seconds)
        return 0.0

    def _refuse(self, status: int, code: str, said: str) -> None:
        text = f"{self._what} answered HTTP {status} {said}".rstrip()
        if code in STALE:
            raise StaleToken(f"{text}; the token is no longer good")
        if code in WHAT_TO_DO or status in (401, 403):
            cure = WHAT_TO_DO.get(code, "check the token and its scopes")
            raise AccessDenied(f"{text}; {cure}")
        raise Refusal(code, f"{text}; a bug of the connector, or the API has changed")

    def _show(self, error: Mapping[str, Any]) -> str:
        parts = [str(error.get(key, "")) for key in ("code", "message")]
        if isinstance(error.get("fields"), Mapping):
            parts.append(f"fields {', '.join(map(str, error['fields']))}")
        return self._scrubber.scrub(" ".join(part for part in parts if part))

    def _parse(self, response: requests.Response) -> Mapping[str, Any] | None:
        try:
            document = read_json(response, self._what)
        except IncompleteAnswer:
            return None
        return document if isinstance(document, Mapping) else None


def seconds_to_next(now: datetime, seconds: int) -> float:
    """From ``now`` to the next calendar second, minute, hour or day of Moscow."""
    local = now.astimezone(MOSCOW)
    since_midnight = local - local.replace(hour=0, minute=0, second=0, microsecond=0)
    return seconds - since_midnight / timedelta(seconds=1) % seconds
