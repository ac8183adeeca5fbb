"""What an answer of the Graph API means: Meta decides by ``code`` and ``error_subcode``, not HTTP.

Usage headers come with every answer; above three quarters of any meter this module slows the
account down by itself, before Meta locks it out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import orjson
import requests

from include.connectors._http import (
    BROKEN_GATEWAYS,
    LONGEST_WAIT_SECONDS,
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

RATE_CODES = frozenset({4, 17, 32, 613, *range(80000, 80007), 80008})
PASSING_CODES = frozenset({1, 2, 104, 960})
TOKEN_CODES = frozenset({102, 190})
PERMISSION_CODES = frozenset({10, *range(200, 300)})
TOO_MUCH = frozenset({(100, 1487534), (100, 1504018), (2, 1504038)})
"""Too much data, and the two spellings of a synchronous report that timed out."""
WRONG_COMBINATIONS = frozenset({(2, 1504041), (2, 1504042)})
MISSING_OBJECT = (100, 33)
NOT_READY = 2601
RUN_FAILED = -2
VERSION_GONE = 2635

SLOW_FROM, STOP_FROM = 75.0, 95.0
SLOW_SECONDS = 5.0
DEFAULT_LOCKOUT_SECONDS = 300.0

TOKEN_FAULTS = {
    460: "its owner changed the password",
    463: "it has expired",
    467: "it is no longer valid",
}


class TooMuchData(ConnectorError):
    """Meta wants a smaller page or a shorter span."""


class ReportNotReady(TemporaryFailure):
    """The rows of a run were asked for before it was completed, or it has failed."""


class ObjectMissing(AccessDenied):
    """There is no such object, or this token may not see it."""


class AnswerReader:
    """Classifies responses of one account; ``who`` names it in messages."""

    def __init__(
        self,
        who: str,
        scrubber: Scrubber,
        now: Callable[[], datetime],
    ) -> None:
        self._who = who
        self._scrubber = scrubber
        self._now = now
        self.document: dict[str, Any] = {}
        """The body of the last answer that was accepted."""
        self.pause_seconds = 0.0
        """How long to wait before the next request, as the meters say."""

    def read(self, response: requests.Response) -> Again | None:
        """None for a usable JSON object, which is then in :attr:`document`."""
        what = f"Meta Ads for {self._who}"
        document = _parse(response)
        lockout = _find_lockout(response.headers)
        error = document.get("error") if document is not None else None
        if isinstance(error, Mapping):
            return self._read_error(error, what, lockout, response.status_code)
        if response.status_code == 200:
            if document is None:
                shown = self._scrubber.show_body(response)
                return Again(
                    IncompleteAnswer(f"{what} answered no whole JSON but {shown}; try later")
                )
            self.document = document
            self.pause_seconds = _judge_meters(response.headers, lockout)
            return None
        if response.status_code == 429:
            wait = retry_after_seconds(response, self._now)
            return Again(describe_gateway_failure(response, what), SLOW_SECONDS, wait)
        if response.status_code in BROKEN_GATEWAYS or 300 <= response.status_code < 400:
            return Again(describe_gateway_failure(response, what))
        shown = self._scrubber.show_body(response)
        raise RequestRefused(f"{what} answered HTTP {response.status_code}: {shown}")

    def _read_error(
        self, error: Mapping[str, Any], what: str, lockout: float, status: int
    ) -> Again:
        """Passing troubles are returned, final ones raised."""
        code, subcode = _whole(error.get("code")), _whole(error.get("error_subcode"))
        text = " ".join(str(error.get("message", "")).split())[:300]
        number = f"{code}/{subcode}" if subcode else str(code)
        said = f"{what} answered error {number} ({self._scrubber.scrub(text)})"
        if (code, subcode) in TOO_MUCH or "reduce the amount of data" in text.lower():
            raise TooMuchData(f"{said}; ask for less at once")
        if (code, subcode) in WRONG_COMBINATIONS:
            raise RequestRefused(f"{said}; a bug of the connector, or the API has changed")
        if code in RATE_CODES:
            return _wait_out(said, lockout)
        if code == NOT_READY:
            raise ReportNotReady(f"{said}; poll the report again later")
        if code == RUN_FAILED:
            raise TemporaryFailure(f"{said}; the report is asked for anew, try later")
        if code in TOKEN_CODES:
            reason = TOKEN_FAULTS.get(subcode, "it is wrong or has been revoked")
            raise AccessDenied(
                f"{said}; the access token does not work, {reason}: make a new one for the system "
                "user in Business settings and store it in the connection"
            )
        if code in PERMISSION_CODES:
            raise AccessDenied(
                f"{said}; give the token's user the permission ads_read and access to this ad "
                "account in Business settings"
            )
        if (code, subcode) == MISSING_OBJECT:
            raise ObjectMissing(
                f"{said}; check the number of the ad account and that the token's user sees it"
            )
        if code == VERSION_GONE:
            raise RequestRefused(f"{said}; set the option api_version to a version that lives")
        is_passing = code in PASSING_CODES or error.get("is_transient") is True
        if is_passing or "Cannot include" in text or status in BROKEN_GATEWAYS:
            return Again(TemporaryFailure(f"{said}; try later"))
        raise RequestRefused(f"{said}; a bug of the connector, or the API has changed")


def _wait_out(said: str, lockout: float) -> Again:
    """A short lock-out is waited for here; a long one would only hold a worker."""
    seconds = lockout or DEFAULT_LOCKOUT_SECONDS
    if seconds > LONGEST_WAIT_SECONDS:
        raise TemporaryFailure(f"{said}; the limit is lifted {seconds / 60:.0f} minutes later")
    return Again(TemporaryFailure(f"{said}; try later"), seconds, seconds)


def _parse(response: requests.Response) -> dict[str, Any] | None:
    try:
        document = parse_json(response.content)
    except (ValueError, requests.RequestException):
        return None
    return document if isinstance(document, dict) else None


def _whole(value: Any) -> int:
    try:
        return int(value)
    except (TypeError, ValueError):
        return 0


def _meters(headers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Every meter of the four headers, each a JSON object of numbers."""
    for name in (
        "x-fb-ads-insights-throttle",
        "x-app-usage",
        "x-ad-account-usage",
        "x-business-use-case-usage",
    ):
        try:
            told = orjson.loads(headers.get(name, "{}"))
        except ValueError:
            continue
        if not isinstance(told, dict):
            continue
        if name != "x-business-use-case-usage":
            yield told
            continue
        for meters in told.values():
            yield from (m for m in meters if isinstance(m, dict))


def _find_lockout(headers: Mapping[str, str]) -> float:
    """Seconds until Meta lets the account in again; 0 when it does not say."""
    longest = 0.0
    for meter in _meters(headers):
        longest = max(longest, 60.0 * _whole(meter.get("estimated_time_to_regain_access")))
        if _share(meter) >= STOP_FROM:
            longest = max(longest, float(_whole(meter.get("reset_time_duration"))))
    return longest


def _share(meter: Mapping[str, Any]) -> float:
    names = ("app_id_util_pct", "acc_id_util_pct", "call_count", "total_time", "total_cputime")
    shares = [meter[name] for name in names if isinstance(meter.get(name), int | float)]
    return float(max(shares, default=0.0))


def _judge_meters(headers: Mapping[str, str], lockout: float) -> float:
    """Seconds to rest before the next request."""
    fullest = max((_share(meter) for meter in _meters(headers)), default=0.0)
    if fullest >= STOP_FROM:
        return min(lockout or DEFAULT_LOCKOUT_SECONDS, LONGEST_WAIT_SECONDS)
    return SLOW_SECONDS if fullest >= SLOW_FROM else 0.0
