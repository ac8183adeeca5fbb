"""What an answer of a portal means; decided by the error's code, never by the status alone.

The vendor's pages and its own SDK file some codes under different statuses. A batch is HTTP 200
whatever became of its commands, so their errors are looked for inside.
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
    parse_json,
    retry_after_seconds,
)
from include.connectors.protocol import (
    AccessDenied,
    ConnectorError,
    IncompleteAnswer,
    RequestRefused,
    TemporaryFailure,
)

TOO_FAST = "QUERY_LIMIT_EXCEEDED"
WORKED_TOO_LONG = "OPERATION_TIME_LIMIT"
LONGEST_BLOCK_SECONDS = 600.0
SERVER_TROUBLE = frozenset({"INTERNAL_SERVER_ERROR", "ERROR_UNEXPECTED_ANSWER"})
WHAT_TO_DO = {
    "NO_AUTH_FOUND": "put a working webhook or the application's tokens into the connection",
    "INVALID_CREDENTIALS": "the webhook's user or secret is wrong, or the webhook was deleted: "
    "make a new incoming webhook and store it in the connection",
    "authorization_error": "the user of the webhook can no longer log in: make the webhook anew",
    "expired_token": "the access token has expired: store the application's refresh token, "
    "client_id and client_secret in the connection",
    "ACCESS_DENIED": "the portal's plan has no REST API: change the plan",
    "user_access_error": "the user may not use the application: open it to this user",
    "allowed_only_intranet_user": "the user is no employee: make the webhook as an employee",
    "OVERLOAD_LIMIT": "the vendor has blocked REST for this portal by hand: write to its support",
    "INVALID_REQUEST": "the portal wants HTTPS: let its address begin with https://",
    "PORTAL_DELETED": "the portal is deleted: remove the account",
    "PAYMENT_REQUIRED": "the application is not paid for: pay or use a webhook",
}


class TokenExpired(AccessDenied):
    """The access token has ended; a refresh token can get another."""


class MissingScope(RequestRefused):
    """The webhook may not call this method; the other resources go on."""


class AnswerReader:
    """Classifies the answers of one portal; ``who`` names it in messages."""

    def __init__(self, who: str, now: Callable[[], datetime]) -> None:
        self._who = who
        self._now = now
        self._scrubber = Scrubber()
        self._reset_at = 0.0
        self._parsed: dict[str, Any] | None = None

    def take_document(self) -> dict[str, Any]:
        """The answer classified last, parsed once."""
        document, self._parsed = self._parsed, None
        return document or {}

    def use_scrubber(self, scrubber: Scrubber) -> None:
        """Clean the vendor's texts with this one from now on."""
        self._scrubber = scrubber

    def read_call(self, response: requests.Response) -> Again | None:
        """A method's answer, or a batch none of whose commands may fail."""
        return self._read(response, is_lenient=False)

    def read_trial(self, response: requests.Response) -> Again | None:
        """A batch whose commands may fail, each by itself."""
        return self._read(response, is_lenient=True)

    def judge(self, code: Any, description: str, status: int = 200) -> Again | ConnectorError:
        """What one error means: to be asked again, or the error to raise."""
        text = self._scrubber.scrub(" ".join(str(description).split()))[:200]
        said = f"Bitrix24 portal {self._who} says {code or 'error'}: {text}"
        if code == TOO_FAST:
            return Again(TemporaryFailure(f"{said}; others use the portal too, try later"))
        if code == WORKED_TOO_LONG:
            wait = self._reset_at - self._now().timestamp()
            wait = min(wait, LONGEST_BLOCK_SECONDS) if wait > 0 else LONGEST_BLOCK_SECONDS / 2
            error = TemporaryFailure(f"{said}; the method is free again within 10 minutes, later")
            return Again(error, at_least_seconds=wait)
        if code == "expired_token":
            return TokenExpired(f"{said}; {WHAT_TO_DO[code]}")
        if code == "insufficient_scope":
            return MissingScope(
                f"{said}; give the webhook the permissions crm, user and telephony, or name the "
                "resource in the option leave_out"
            )
        if code in WHAT_TO_DO:
            return AccessDenied(f"{said}; {WHAT_TO_DO[code]}")
        if code in SERVER_TROUBLE or status >= 500:
            return Again(TemporaryFailure(f"{said}; try later"))
        if status in (401, 403) or text.lower().startswith("access denied"):
            return AccessDenied(f"{said}; give the webhook's user the right to read this")
        return RequestRefused(f"{said}; a bug of the connector, or the API has changed")

    def _read(self, response: requests.Response, is_lenient: bool) -> Again | None:
        document = self._parsed = _parse(response)
        status = response.status_code
        if document is not None and "error" in document:
            return self._settle(
                document["error"], document.get("error_description", ""), status, response
            )
        if document is not None and "result" in document and status == 200:
            self._remember_reset(document)
            return None if is_lenient else self._look_inside(document)
        if status == 429 or status in BROKEN_GATEWAYS:
            wait = retry_after_seconds(response, self._now)
            error = describe_gateway_failure(response, f"Bitrix24 portal {self._who}")
            return Again(error, at_least_seconds=wait)
        if status == 200:
            return Again(
                IncompleteAnswer(f"the answer of Bitrix24 portal {self._who} broke off; ask later")
            )
        raise RequestRefused(
            f"Bitrix24 portal {self._who} answered HTTP {status} without a reason; check base_url"
        )

    def _settle(
        self, code: Any, description: Any, status: int, response: requests.Response | None = None
    ) -> Again:
        verdict = self.judge(code, str(description), status)
        if isinstance(verdict, ConnectorError):
            raise verdict
        wait = retry_after_seconds(response, self._now) if response is not None else 0.0
        if wait > verdict.at_least_seconds:
            return Again(verdict.error, verdict.first_seconds, wait)
        return verdict

    def _look_inside(self, document: Mapping[str, Any]) -> Again | None:
        result = document["result"]
        errors = result.get("result_error") if isinstance(result, dict) else None
        if not errors:
            return None
        first = next(iter(errors.values() if isinstance(errors, dict) else errors))
        return self._settle(first.get("error"), first.get("error_description", ""), 200)

    def _remember_reset(self, document: Mapping[str, Any]) -> None:
        """Keep when the method asked last will be free of its oldest minute."""
        result = document["result"]
        times: list[Any] = [document.get("time")]
        inner = result.get("result_time") if isinstance(result, dict) else None
        if isinstance(inner, dict):
            times += inner.values()
        for time in times:
            if isinstance(time, dict) and "operating_reset_at" in time:
                self._reset_at = max(self._reset_at, _seconds(time["operating_reset_at"]))


def _seconds(value: Any) -> float:
    """An instant as Unix seconds; the vendor writes a number or ISO text."""
    try:
        return float(value)
    except (TypeError, ValueError):
        pass
    try:
        return datetime.fromisoformat(str(value)).timestamp()
    except ValueError:
        return 0.0


def _parse(response: requests.Response) -> dict[str, Any] | None:
    try:
        document = parse_json(response.content)
    except (orjson.JSONDecodeError, requests.RequestException):
        return None
    return document if isinstance(document, dict) else None
