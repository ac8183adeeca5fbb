"""Refusals of the CallRail API: ``{"error": text}``, or ``{"errors": [texts]}`` for values."""

from __future__ import annotations

from starlette.responses import JSONResponse

TEXTS = {
    400: "Bad Request",
    401: "HTTP Token: Access denied.",
    403: "You are not authorized to access this resource",
    404: "The resource you requested could not be found.",
    406: "Not Acceptable",
    422: "Unprocessable Entity",
    429: "API rate limit exceeded",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class ApiError(Exception):
    """The vendor refuses a request; ``status`` is all a caller can decide by."""

    def __init__(self, status: int, text: str = "", retry_after: int | None = None) -> None:
        super().__init__(f"{status}: {text}")
        self.status = status
        self.text = text or TEXTS.get(status, "Error")
        self.retry_after = retry_after

    def to_response(self) -> JSONResponse:
        """Wrong values come as a list; ``Retry-After`` only where an operator asked for it."""
        body: dict[str, object] = {"error": self.text}
        if self.status == 422:
            body = {"errors": [self.text]}
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        return JSONResponse(body, self.status, headers)
