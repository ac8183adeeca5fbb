"""What the portal says when it refuses, by code.

Statuses follow the vendor's table of system errors; its own SDK files some codes under other
statuses, so a client must decide by the code alone. Method errors often have an empty code or 0.
"""

from __future__ import annotations

from typing import Any

SYSTEM_ERRORS: dict[str, tuple[int, str]] = {
    "QUERY_LIMIT_EXCEEDED": (503, "Too many requests"),
    "OPERATION_TIME_LIMIT": (429, "Method is blocked due to operation time limit"),
    "INTERNAL_SERVER_ERROR": (500, "Internal server error"),
    "ERROR_UNEXPECTED_ANSWER": (500, "Server returned an unexpected response"),
    "OVERLOAD_LIMIT": (503, "REST API is blocked due to overload"),
    "expired_token": (401, "The access token provided has expired."),
    "NO_AUTH_FOUND": (401, "Wrong authorization data"),
    "INVALID_CREDENTIALS": (401, "Invalid request credentials"),
    "authorization_error": (401, "Unable to authorize user"),
    "insufficient_scope": (
        403,
        "The request requires higher privileges than provided by the access token",
    ),
    "ACCESS_DENIED": (403, "REST API is available only on commercial plans"),
    "user_access_error": (403, "The user does not have access to the application."),
    "allowed_only_intranet_user": (403, "Action is allowed only for intranet users"),
    "ERROR_METHOD_NOT_FOUND": (404, "Method not found!"),
    "INVALID_REQUEST": (400, "Https required"),
    "INVALID_ARG_VALUE": (400, "Invalid value of an argument"),
    "ENTITY_TYPE_NOT_SUPPORTED": (400, "Entity type is not supported"),
    "ERROR_BATCH_LENGTH_EXCEEDED": (400, "Max batch length exceeded"),
    "ERROR_BATCH_METHOD_NOT_ALLOWED": (405, "Method is not allowed for batch usage"),
    "PORTAL_DELETED": (500, "Portal was deleted"),
}
"""Code → HTTP status and text."""


class ApiError(Exception):
    """One refusal; ``code`` is a word, an empty string or the integer 0."""

    def __init__(self, code: str | int, description: str = "", status: int | None = None) -> None:
        known_status, known_text = SYSTEM_ERRORS.get(str(code), (400, ""))
        self.code = code
        self.description = description or known_text
        self.status = status or known_status
        super().__init__(f"{code}: {self.description}")

    def body(self) -> dict[str, Any]:
        """The body of the answer, also used for a failed command of a batch."""
        return {"error": self.code, "error_description": self.description}


def refuse_argument(description: str) -> ApiError:
    """A method's own refusal: status 400 and an empty code."""
    return ApiError("", description, 400)
