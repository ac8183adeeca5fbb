"""``GoogleAdsFailure``: one error with its family and name, in the frame of Google's JSON errors.

The frame is wrapped in an array where the stream was asked for. Family and name decide the HTTP
status; names not listed are faults of the request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

STATUS_TEXTS = {
    400: ("INVALID_ARGUMENT", "Request contains an invalid argument."),
    401: (
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
        "cookie or other valid authentication credential.",
    ),
    403: ("PERMISSION_DENIED", "The caller does not have permission"),
    404: ("NOT_FOUND", "Requested entity was not found."),
    429: ("RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
    500: ("INTERNAL", "Internal error encountered."),
    503: ("UNAVAILABLE", "The service is currently unavailable."),
    504: ("DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
}
FAMILY_STATUSES = {
    "authenticationError": 401,
    "authorizationError": 403,
    "quotaError": 429,
    "internalError": 500,
}
NAME_STATUSES = {"TRANSIENT_ERROR": 503, "DEADLINE_EXCEEDED": 504}
RETRY_SECONDS = 30


class ApiError(Exception):
    """The vendor refuses; ``code`` is ``family.NAME``, as ``queryError.UNRECOGNIZED_FIELD``.

    It is empty where a front end of Google's refuses before the API itself has read the request.
    """

    def __init__(
        self,
        code: str,
        message: str,
        status: int | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.family, _, self.error_name = code.partition(".")
        self.message = message
        given = NAME_STATUSES.get(self.error_name, FAMILY_STATUSES.get(self.family, 400))
        self.status = status or given
        self.details = details

    def to_body(self, version: str, request_id: str) -> dict[str, Any]:
        """The error as JSON, not wrapped."""
        word, text = STATUS_TEXTS.get(self.status, STATUS_TEXTS[400])
        if not self.family:
            return {"error": {"code": self.status, "message": self.message, "status": word}}
        error: dict[str, Any] = {
            "errorCode": {self.family: self.error_name},
            "message": self.message,
        }
        if self.details is not None:
            error["details"] = dict(self.details)
        failure = {
            "@type": f"type.googleapis.com/google.ads.googleads.{version}.errors.GoogleAdsFailure",
            "errors": [error],
            "requestId": request_id,
        }
        told = {"code": self.status, "message": text, "status": word, "details": [failure]}
        return {"error": told}


def refuse_query(name: str, message: str) -> ApiError:
    """A fault of the query's text."""
    return ApiError(f"queryError.{name}", message)


def refuse_excess(name: str, scope: str, message: str, retry_seconds: int | None) -> ApiError:
    """A quota is used up; ``retry_seconds`` None when waiting a little is no use."""
    details: dict[str, Any] = {"rateScope": scope, "rateName": "Operations"}
    if retry_seconds is not None:
        details["retryDelay"] = f"{retry_seconds}s"
    return ApiError(f"quotaError.{name}", message, details={"quotaErrorDetails": details})
