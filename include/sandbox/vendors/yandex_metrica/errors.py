"""Error bodies of the Metrica API: every kind of error has one HTTP status."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

STATUSES = {
    "invalid_parameter": 400,
    "missing_parameter": 400,
    "query_error": 400,
    "too_much_rows": 400,
    "filter_limits": 400,
    "invalid_uploading": 400,
    "invalid_json": 400,
    "limit_exceeded": 400,
    "unauthorized": 401,
    "invalid_token": 403,
    "access_denied": 403,
    "counter_in_connect": 403,
    "not_found": 404,
    "not_acceptable": 406,
    "conflict": 409,
    "quota_requests_by_ip": 429,
    "quota_parallel_requests": 429,
    "quota_requests_by_uid": 429,
    "quota_requests_by_counter_id": 429,
    "backend_error": 503,
    "timeout": 504,
}
MESSAGES = {
    "query_error": "Query is too complicated. Please reduce the date interval or sampling.",
    "unauthorized": "Unauthorized",
    "invalid_token": "Invalid oauth_token",
    "access_denied": "Access is denied",
    "not_found": "Entity not found",
    "backend_error": "Backend error",
    "timeout": "Query timeout",
}
NOT_PROCESSED = "Only log of requests in status 'processed' can be downloaded"
NO_SUCH_PART = "Incorrect part number"
"""Both texts are compared as they are by public clients."""


class ApiError(Exception):
    """The vendor refuses a call; ``error_type`` is one of :data:`STATUSES`."""

    def __init__(self, error_type: str, message: str = "", location: str = "") -> None:
        self.error_type = error_type
        self.message = message or MESSAGES.get(error_type, error_type.replace("_", " "))
        self.location = location
        self.status = STATUSES.get(error_type, 400)
        super().__init__(f"{error_type}: {self.message}")

    def to_response(self) -> JSONResponse:
        """The body every endpoint shares, ``location`` only where there is one."""
        detail: dict[str, Any] = {"error_type": self.error_type, "message": self.message}
        if self.location:
            detail["location"] = self.location
        body = {"errors": [detail], "code": self.status, "message": self.message}
        return JSONResponse(body, self.status)
