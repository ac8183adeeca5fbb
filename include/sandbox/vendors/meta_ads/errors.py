"""Refusals of the Graph API: callers decide by ``code`` and ``error_subcode``, not by HTTP."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

REDUCE = "Please reduce the amount of data you're asking for, then retry your request"
MISSING = (
    "Unsupported get request. Object with ID '{id}' does not exist, cannot be loaded due to "
    "missing permissions, or does not support this operation"
)

LIMITED = {
    80000: "this ad account's statistics",
    80001: "this page",
    80002: "this Instagram account",
    80003: "this ad account's audiences",
    80004: "this ad account's management",
    80005: "this page's lead forms",
    80006: "this page's messages",
    80008: "this business account's messages",
}
"""Rate limit by the kind of call: code → what was called too often."""


def _tell_limit(code: int, whose: str) -> str:
    return f"(#{code}) There have been too many calls to {whose}. Wait a bit and try again."


KNOWN: dict[tuple[int, int], tuple[str, int]] = {
    (1, 99): ("An unknown error occurred", 500),
    (1, 0): (REDUCE, 500),
    (2, 0): ("Service temporarily unavailable", 503),
    (2, 1504043): ("An intermittent error occurred, please try again", 500),
    (2, 1504044): ("An unknown insights error occurred", 500),
    (2, 1504038): ("The request timed out; use an asynchronous report", 500),
    (2, 1504041): ("The breakdown combination is invalid for the data", 400),
    (2, 1504042): ("The custom metrics are invalid", 400),
    (-2, 2490547): ("The asynchronous report failed", 400),
    (4, 0): ("(#4) Application request limit reached", 403),
    (4, 1504022): ("(#4) There have been too many calls from this app to Insights", 403),
    (4, 1504039): ("(#4) There have been too many calls to Insights", 403),
    (10, 0): ("(#10) Application does not have permission for this action", 403),
    (17, 2446079): ("(#17) User request limit reached", 400),
    (32, 0): ("(#32) Page request limit reached", 403),
    (100, 0): ("(#100) Invalid parameter", 400),
    (100, 33): (MISSING, 400),
    (100, 1487534): (REDUCE, 400),
    (100, 1504018): ("The request timed out; use an asynchronous report", 400),
    (102, 0): ("An access token is required to request this resource.", 401),
    (104, 0): ("Incorrect signature", 400),
    (190, 0): ("Invalid OAuth access token - Cannot parse access token", 401),
    (190, 460): (
        "Error validating access token: The session has been invalidated because the user "
        "changed their password or Facebook has changed the session for security reasons.",
        401,
    ),
    (190, 463): ("Error validating access token: Session has expired.", 401),
    (190, 467): ("Error validating access token: The session is invalid.", 401),
    (200, 0): ("(#200) Ad account owner has NOT grant ads_management or ads_read", 403),
    (613, 1487742): ("(#613) There have been too many calls from this ad-account.", 400),
    (960, 0): ("(#960) The request could not be processed", 500),
    (2601, 1815107): ("The report is not ready yet or has failed", 400),
    (2635, 0): ("(#2635) You are calling a deprecated version of the Ads API.", 400),
    **{(code, 2446079): (_tell_limit(code, whose), 400) for code, whose in LIMITED.items()},
}
"""Code and subcode (0: none) → usual message and HTTP status."""

TRANSIENT = {1, 2, 4, 17, 32, 613, 960, 2601, *LIMITED}
PERMISSIONS = range(200, 300)
"""Every code of a missing permission; 200 is the usual one."""
FATAL_TWOS = {1504041, 1504042}


class ApiError(Exception):
    """The vendor refuses a call."""

    def __init__(
        self, code: int, subcode: int = 0, message: str = "", status: int | None = None
    ) -> None:
        super().__init__(f"{code}/{subcode}: {message}")
        usual = KNOWN.get((code, subcode)) or KNOWN.get((code, 0)) or (f"(#{code}) Error", 400)
        if code in PERMISSIONS and (code, subcode) not in KNOWN:
            usual = (f"(#{code}) Permissions error", 403)
        self.code = code
        self.subcode = subcode
        self.message = message or usual[0]
        self.status = status or usual[1]
        self.is_transient = code in TRANSIENT and subcode not in FATAL_TWOS

    @classmethod
    def planted(cls, values: Mapping[str, Any]) -> ApiError:
        """An error an operator asked for by ``code``, ``subcode``, ``message``, ``status``."""
        status = int(values["status"]) if "status" in values else None
        text = str(values.get("message", ""))
        return cls(int(values["code"]), int(values.get("subcode", 0)), text, status)

    def to_body(self) -> dict[str, Any]:
        """The error object; a subcode only where there is one."""
        trace = hashlib.sha256(str(self).encode()).hexdigest()[:20]
        error: dict[str, Any] = {
            "message": self.message,
            "type": "OAuthException",
            "code": self.code,
        }
        if self.subcode:
            error["error_subcode"] = self.subcode
            error["error_user_title"] = "Request failed"
            error["error_user_msg"] = self.message
        return {"error": error | {"is_transient": self.is_transient, "fbtrace_id": trace}}


def refuse_parameter(message: str) -> ApiError:
    """The error 100 of a parameter the vendor cannot take."""
    return ApiError(100, 0, f"(#100) {message}")


def refuse_object(node_id: str) -> ApiError:
    """The error of an object that is missing or somebody else's."""
    return ApiError(100, 33, MISSING.format(id=node_id))
