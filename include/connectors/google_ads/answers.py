"""What a refusal of the Google Ads API means, wherever it stands: in a body or behind good batches.

One error has a family and a name, such as ``queryError.UNRECOGNIZED_FIELD``; the stream wraps the
same object in an array.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
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
    ConnectorError,
    Now,
    RequestRefused,
    TemporaryFailure,
)

TOO_FAST_FIRST_SECONDS = 5.0
LONG_QUOTAS = ("RESOURCE_EXHAUSTED", "EXCESSIVE_LONG_TERM_QUERY_RESOURCE_CONSUMPTION")
EXPIRED = "OAUTH_TOKEN_EXPIRED"
STALE_PAGES = ("EXPIRED_PAGE_TOKEN", "INVALID_PAGE_TOKEN")
WHAT_TO_DO = {
    "NOT_ADS_USER": "the Google user behind the refresh token has no Google Ads: consent as one "
    "who has",
    "CUSTOMER_NOT_FOUND": "no account has this customer_id: check the account's name or option",
    "TWO_STEP_VERIFICATION_NOT_ENROLLED": "the user must turn on two-step verification",
    "OAUTH_TOKEN_REVOKED": "the consent was taken back: consent again and store the refresh_token",
    "USER_PERMISSION_DENIED": "the user may not read this account: if it is reached through a "
    "manager, set option login_customer_id to the manager's id",
    "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION": "ask Google for Basic access of the Cloud project",
    "CLOUD_PROJECT_NOT_FOUND": "the OAuth client's Cloud project is gone: make another client",
    "PROJECT_DISABLED": "switch the Google Ads API on in the Cloud project",
    "CUSTOMER_NOT_ENABLED": "the account is closed or not yet set up: take it out of the accounts "
    "file or enable it; other accounts are read all the same",
    "ACTION_NOT_PERMITTED_FOR_SUSPENDED_ACCOUNT": "the account is suspended: take it out of the "
    "accounts file or settle it with Google; other accounts are read all the same",
    "REQUESTED_METRICS_FOR_MANAGER": "a manager account has no figures: name a client account and "
    "set option login_customer_id to the manager's id",
    "UNSUPPORTED_VERSION": "this API version is past its sunset: set option api_version to a live "
    "one",
    "INVALID_CUSTOMER_ID": "a customer id has ten digits: check the account's name or option",
    "DATE_RANGE_TOO_WIDE": "ask for fewer days",
    "REQUESTED_DATE_GRANULARITY_NOT_SUPPORTED": "Google keeps days for 37 months: begin later",
}
DENIED = ("REQUESTED_METRICS_FOR_MANAGER", "CLOUD_PROJECT_NOT_FOUND", "INVALID_CUSTOMER_ID")
"""Refused as requests, but only a person can help."""


class AnswerReader:
    """Judges answers of one account; ``forget_token`` makes the next request mint another."""

    def __init__(
        self, who: str, scrubber: Scrubber, now: Now, forget_token: Callable[[], None]
    ) -> None:
        self._what = f"Google Ads of {who}"
        self._scrubber = scrubber
        self._now = now
        self._forget_token = forget_token
        self._has_renewed = False

    def classify(self, response: requests.Response) -> Again | None:
        """None for HTTP 200, whose body may still hold an error."""
        status = response.status_code
        if status == 200:
            if "html" in response.headers.get("Content-Type", ""):
                return Again(TemporaryFailure(f"{self._what} answered a proxy's page; try later"))
            self._has_renewed = False
            return None
        error = find_error(_parse(response))
        waits = retry_after_seconds(response, self._now)
        if error is not None:
            return self.judge(error, status, waits)
        if status == 401:
            return self._renew(f"{self._what} answered HTTP 401")
        if status == 429:
            failure = describe_gateway_failure(response, self._what)
            return Again(failure, TOO_FAST_FIRST_SECONDS, waits)
        if status in BROKEN_GATEWAYS or 300 <= status < 400:
            return Again(describe_gateway_failure(response, self._what))
        shown = self._scrubber.show_body(response)
        if status == 403:
            raise AccessDenied(f"{self._what} answered HTTP 403: {shown}; check the consent")
        raise RequestRefused(
            f"{self._what} answered HTTP {status}: {shown}; check base_url and api_version"
        )

    def judge(self, error: Mapping[str, Any], status: int = 0, waits: float = 0.0) -> Again:
        """A passing trouble; raises what is final. ``status`` 0 is taken from the error."""
        status = status or int(error.get("code") or 400)
        family, name, message, details = _read_first(error)
        said = f"{self._what} answered {family}.{name} ({self._scrubber.scrub(message)})"
        advice = WHAT_TO_DO.get(name, "")
        if name == EXPIRED or (status == 401 and not name):
            return self._renew(said)
        if status == 429 or family == "quotaError":
            if name in LONG_QUOTAS:
                raise TemporaryFailure(f"{said}; the day's quota is used up, try later tomorrow")
            waits = max(waits, _retry_delay(details))
            return Again(TemporaryFailure(f"{said}; try later"), TOO_FAST_FIRST_SECONDS, waits)
        if status >= 500:
            return Again(TemporaryFailure(f"{said}; try later"))
        if name in STALE_PAGES:
            raise TemporaryFailure(f"{said}; the answer went stale, ask for the slice again later")
        if status in (401, 403) or name in DENIED:
            raise AccessDenied(f"{said}; {advice or 'check the connection and the consent'}")
        raise RequestRefused(f"{said}; {advice or 'a bug of the connector, or a changed API'}")

    def refuse(self, error: Mapping[str, Any]) -> ConnectorError:
        """The failure for an error that came behind good batches."""
        return self.judge(error).error

    def _renew(self, said: str) -> Again:
        if self._has_renewed:
            raise AccessDenied(
                f"{said} of a token just minted; consent again and store the new refresh_token in "
                "the connection"
            )
        self._has_renewed = True
        self._forget_token()
        return Again(TemporaryFailure(f"{said}; a new access token is asked for, try later"), 0.1)


def find_error(body: Any) -> Mapping[str, Any] | None:
    """The ``error`` of an answer, wrapped in an array or not."""
    first = body[0] if isinstance(body, list) and body else body
    error = first.get("error") if isinstance(first, dict) else None
    return error if isinstance(error, dict) else None


def _read_first(error: Mapping[str, Any]) -> tuple[str, str, str, Mapping[str, Any]]:
    """Family, name, message and details of the first failure; names empty where there is none."""
    for detail in error.get("details") or ():
        for failure in detail.get("errors") or ():
            family, name = next(iter((failure.get("errorCode") or {"": ""}).items()))
            return family, str(name), str(failure.get("message", "")), failure.get("details") or {}
    return str(error.get("status", "")), "", str(error.get("message", "")), {}


def _retry_delay(details: Mapping[str, Any]) -> float:
    text = str((details.get("quotaErrorDetails") or {}).get("retryDelay", ""))
    match = re.fullmatch(r"(\d+(?:\.\d+)?)s", text)
    return float(match[1]) if match else 0.0


def _parse(response: requests.Response) -> Any:
    try:
        return orjson.loads(response.content)
    except (orjson.JSONDecodeError, requests.RequestException):
        return None
