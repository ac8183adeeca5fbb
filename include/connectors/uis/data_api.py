"""The Data API 2.0: JSON-RPC at one address, every refusal inside HTTP 200.

``error.data.mnemonic`` says what happened, the code is only a group. A session lives an hour and
is begun anew once when the vendor no longer knows it. Points a minute and a day are told in every
answer: with none left for the minute the next call waits for them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any

import requests

from include.connectors._http import (
    Again,
    HttpSession,
    Scrubber,
    describe_gateway_failure,
    read_json,
    retry_after_seconds,
)
from include.connectors.protocol import (
    AccessDenied,
    ConnectorError,
    IncompleteAnswer,
    Now,
    RequestRefused,
    TemporaryFailure,
)

PATH = "v2.0"
TOO_FAST_FIRST_SECONDS = 5.0
FIRST_TIMESTAMP = 10**9
"""A reset above it can only be a Unix time, below it is seconds from now."""
SESSION_ENDED = frozenset({"access_token_expired", "access_token_invalid"})

WHAT_TO_DO = {
    "access_token_expired": "issue a new API key and store it in the connection",
    "access_token_invalid": "copy the API key of the cabinet into the connection",
    "access_token_blocked": "unblock the API key in the cabinet, or issue a new one",
    "auth_error": "correct login and password of the API user in the connection",
    "ip_not_whitelisted": "add this machine's address to the white list of the API in the cabinet",
    "forbidden": "give the API user the right to read this in the cabinet",
    "account_inactive": "the account is switched off: settle it with the vendor",
}
SWITCHED_OFF = {
    "method_component_disabled": "the account has no such component: connect it at the vendor",
    "parameter_component_disabled": "the account lacks the component of this field: name the field "
    "in the option without_fields",
}


class SortProhibited(RequestRefused):
    """One of the fields may not be sorted by; which may is documented nowhere whole."""


class _SessionEnded(ConnectorError):
    """The vendor no longer knows the session; a new one may help."""


class DataApi:
    """Calls on behalf of one account; with a ``login`` the secret is its password, else a key."""

    def __init__(
        self,
        http: HttpSession,
        account: str,
        login: str,
        secret: str,
        now: Now,
        sleep: Callable[[float], None],
    ) -> None:
        self._http = http
        self._account = account
        self._login = login
        self._secret = secret
        self._now = now
        self._sleep = sleep
        self._session = ""
        self._scrubber = http.scrubber
        self._pause_seconds = 0.0
        self._numbers = itertools.count(1)

    def call(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The ``result`` of a method; a session the vendor has ended is begun anew once."""
        if not self._login:
            return self._send(method, {"access_token": self._secret, **params})
        for is_last in (False, True):
            token = self._session or self._begin_session()
            try:
                return self._send(method, {"access_token": token, **params})
            except _SessionEnded:
                self._session = ""
                if is_last:
                    break
        raise AccessDenied(
            f"UIS {self._account} ends every session at once: check the API user in the cabinet"
        )

    def _begin_session(self) -> str:
        result = self._send("login.user", {"login": self._login, "password": self._secret})
        data = result.get("data") or {}
        data = data[0] if isinstance(data, list) and data else data
        token = data.get("access_token") if isinstance(data, Mapping) else None
        if not isinstance(token, str) or not token:
            raise RequestRefused(
                f"UIS {self._account} began a session without a token: the API has changed"
            )
        self._session = token
        self._scrubber = Scrubber([self._secret, token])
        return token

    def _send(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        what = f"UIS {method} of {self._account}"
        found: list[dict[str, Any]] = []

        def classify(response: requests.Response) -> Again | None:
            verdict = self._classify(response, what)
            if verdict is not None:
                return verdict
            try:
                answer = read_json(response, what)
            except IncompleteAnswer as broken:
                return Again(broken.with_traceback(None))
            found[:] = [answer] if isinstance(answer, dict) else []
            if found and "error" in answer:
                return self._read_error(answer["error"], what)
            return None

        if self._pause_seconds:
            self._sleep(self._pause_seconds)
            self._pause_seconds = 0.0
        request = {
            "jsonrpc": "2.0",
            "id": f"r{next(self._numbers)}",
            "method": method,
            "params": params,
        }
        self._http.post_json(PATH, request, classify)
        result = found[0].get("result") if found else None
        if not isinstance(result, dict) or "data" not in result:
            raise RequestRefused(
                f"{what} answered neither a result nor an error: the API has changed, compare the "
                "connector with the vendor's documentation"
            )
        self._note_limits(metadata_of(result))
        return result

    def _classify(self, response: requests.Response, what: str) -> Again | None:
        status = response.status_code
        if status == 200:
            return None
        if status == 429:
            error = TemporaryFailure(f"{what} answered HTTP 429: too many requests; try later")
            return Again(error, TOO_FAST_FIRST_SECONDS, retry_after_seconds(response, self._now))
        if status >= 500 or 300 <= status < 400:
            return Again(describe_gateway_failure(response, what))
        shown = self._scrubber.show_body(response)
        if status in (401, 403):
            raise AccessDenied(
                f"{what} answered HTTP {status} ({shown}): check the credentials in the connection"
            )
        raise RequestRefused(
            f"{what} answered HTTP {status} ({shown}); a bug of the connector, or the API changed"
        )

    def _read_error(self, error: Any, what: str) -> Again:
        """Passing troubles are returned, final ones raised; the refused value is never told."""
        error = error if isinstance(error, Mapping) else {}
        data = error.get("data") if isinstance(error.get("data"), Mapping) else {}
        mnemonic = str(data.get("mnemonic") or error.get("code") or "without a mnemonic")
        field = f" for {data['field']}" if data.get("field") else ""
        text = self._scrubber.scrub(str(error.get("message", "")))
        said = f"{what} answered {mnemonic}{field} ({text})"
        if mnemonic == "limit_exceeded":
            return self._read_limit(said, text, metadata_of(data))
        if mnemonic == "internal_error":
            return Again(TemporaryFailure(f"{said}; try later"))
        if self._login and mnemonic in SESSION_ENDED:
            raise _SessionEnded(said)
        if mnemonic in WHAT_TO_DO:
            raise AccessDenied(f"{said}: {WHAT_TO_DO[mnemonic]}")
        if mnemonic == "sort_prohibited":
            raise SortProhibited(said)
        if mnemonic in SWITCHED_OFF:
            raise RequestRefused(f"{said}: {SWITCHED_OFF[mnemonic]}")
        if data.get("field") == "fields":
            raise RequestRefused(f"{said}: name the field in the option without_fields")
        raise RequestRefused(f"{said}; a bug of the connector, or the API has changed")

    def _read_limit(self, said: str, text: str, metadata: Mapping[str, Any]) -> Again:
        limits = metadata.get("limits") or {}
        if "per day" in text or limits.get("day_remaining") == 0:
            hours = self._reset_seconds(limits.get("day_reset")) / 3600
            raise TemporaryFailure(
                f"{said}: the points of the day are spent, they come back in {hours:.1f} hours; "
                "try later"
            )
        wait = self._reset_seconds(limits.get("minute_reset"))
        return Again(TemporaryFailure(f"{said}; try later"), TOO_FAST_FIRST_SECONDS, wait)

    def _note_limits(self, metadata: Mapping[str, Any]) -> None:
        limits = metadata.get("limits") or {}
        if limits.get("minute_remaining") == 0:
            self._pause_seconds = self._reset_seconds(limits.get("minute_reset"))

    def _reset_seconds(self, value: Any) -> float:
        """Seconds until a reset, which the vendor rounds to whole ones."""
        if not isinstance(value, int | float):
            return 60.0
        left = value - self._now().timestamp() if value > FIRST_TIMESTAMP else value
        return max(left, 0.0) + 1.0


def metadata_of(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    """The metadata of a result or an error, in either of the vendor's spellings."""
    found = holder.get("metadata") or holder.get("meta_data")
    return found if isinstance(found, Mapping) else {}
