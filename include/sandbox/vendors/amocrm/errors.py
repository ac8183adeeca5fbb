"""Refusals of amoCRM: ``application/problem+json``, and the HTML page of a banned address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from starlette.responses import HTMLResponse, JSONResponse

PROBLEM = "application/problem+json"
BAN_PAGE = (
    "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n"
    "<center><h1>403 Forbidden</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>"
)


class ApiError(Exception):
    """The API refuses a request with an HTTP status and a sentence."""

    def __init__(
        self,
        status: int,
        detail: str = "",
        title: str | None = None,
        issues: Sequence[tuple[str, str]] = (),
        hint: str | None = None,
        request_id: str = "0",
    ) -> None:
        super().__init__(f"{status}: {detail}")
        self.status = status
        self.title = title or HTTPStatus(status).phrase
        self.detail = detail
        self.issues = issues
        """``(code, path)`` pairs for ``validation-errors``."""
        self.hint = hint
        self.request_id = request_id
        """Which item of the body is meant."""

    def to_response(self, headers: Mapping[str, str] | None = None) -> JSONResponse:
        """The refusal as it goes over the wire."""
        body: dict[str, Any] = {
            "title": self.title,
            "type": f"https://httpstatus.es/{self.status}",
            "status": self.status,
            "detail": self.detail,
        }
        if self.hint is not None:
            body["hint"] = self.hint
        if self.issues:
            body["validation-errors"] = [
                {
                    "request_id": self.request_id,
                    "errors": [
                        {"code": code, "path": path, "detail": self.detail}
                        for code, path in self.issues
                    ],
                }
            ]
        return JSONResponse(body, self.status, dict(headers or {}), media_type=PROBLEM)


class Banned(Exception):
    """The address is shut out: every request, the token URL too, gets the front-end's page."""

    def to_response(self) -> HTMLResponse:
        """403 without any JSON."""
        return HTMLResponse(BAN_PAGE, 403)


def refuse_parameter(path: str, detail: str) -> ApiError:
    """HTTP 400 for a parameter that makes no sense."""
    return ApiError(400, detail, issues=[("InvalidParameter", path)])
