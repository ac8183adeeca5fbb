"""Refusals in Google's style: ``{"error": {"code", "message", "status"}}``."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

HTTP_CODES = {
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
}
TEXTS = {
    "INVALID_ARGUMENT": "Request contains an invalid argument.",
    "FAILED_PRECONDITION": "Operation was rejected because the system is not in a state required "
    "for the operation's execution.",
    "UNAUTHENTICATED": "Request had invalid authentication credentials. Expected OAuth 2 access "
    "token, login cookie or other valid authentication credential. See "
    "https://developers.google.com/identity/sign-in/web/devconsole-project.",
    "PERMISSION_DENIED": "User does not have sufficient permissions for this property. To learn "
    "more about Property ID, see "
    "https://developers.google.com/analytics/devguides/reporting/data/v1/property-id.",
    "NOT_FOUND": "Requested entity was not found.",
    "RESOURCE_EXHAUSTED": "Exhausted property tokens per hour. These quota tokens will return in "
    "under an hour.",
    "INTERNAL": "An internal error has occurred.",
    "UNAVAILABLE": "The service is currently unavailable.",
}


class ApiError(Exception):
    """The vendor refuses a request; ``status`` is one of ``HTTP_CODES``."""

    def __init__(self, status: str, message: str = "") -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message or TEXTS[status]

    @property
    def code(self) -> int:
        """The HTTP status, repeated in the body."""
        return HTTP_CODES[self.status]

    def to_response(self) -> JSONResponse:
        """The error as the vendor words it."""
        error: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "status": self.status,
        }
        headers = {}
        if self.status == "UNAUTHENTICATED":
            headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/"'
            error["details"] = [
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "ACCESS_TOKEN_EXPIRED",
                    "domain": "googleapis.com",
                }
            ]
        return JSONResponse({"error": error}, self.code, headers)


def refuse_argument(message: str) -> ApiError:
    """The error of a request the vendor cannot understand."""
    return ApiError("INVALID_ARGUMENT", message)
