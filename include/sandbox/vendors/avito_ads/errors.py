"""Error bodies of Avito Ads: a code, which repeats the HTTP status, and a message."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse


class ApiError(Exception):
    """The vendor refuses."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status
        self.message = message
        self.headers = dict(headers or {})

    def to_response(self) -> JSONResponse:
        """The error as JSON."""
        body = {"code": self.status, "message": self.message}
        return JSONResponse(body, self.status, self.headers)
