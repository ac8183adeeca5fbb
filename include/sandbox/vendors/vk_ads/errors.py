"""Error bodies of VK Ads.

Everything but 401 is nested under ``error``. A 401 is flat with a ``WWW-Authenticate`` header, or
nested too when the knob ``nested_401`` says so: both are met in the wild.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

UNAUTHORIZED = 401
STATUSES = {
    "validation_failed": 400,
    "ERR_WRONG_PARAMETER": 400,
    "ERR_WRONG_DATE": 400,
    "ERR_LIMIT_EXCEEDED": 400,
    "ERR_WRONG_BANNERS": 400,
    "ERR_WRONG_ADGROUPS": 400,
    "ERR_WRONG_ADPLANS": 400,
    "ERR_WRONG_USERS": 400,
    "expired_token": UNAUTHORIZED,
    "invalid_token": UNAUTHORIZED,
    "revoked_token": UNAUTHORIZED,
    "invalid_client": UNAUTHORIZED,
    "invalid_user": UNAUTHORIZED,
    "ERR_ACCESS_DENIED": 403,
    "token_limit_exceeded": 403,
    "ERR_WRONG_RESOURCE": 404,
    "ERR_WRONG_IDS": 404,
    "ERR_WRONG_METHOD": 405,
    "ERR_BODY_TOO_LARGE": 413,
    "ERR_INTERNAL": 500,
}
"""Code → HTTP status. The words of 403 for the token quota, 405 and 413 are not documented."""


class ApiError(Exception):
    """The vendor refuses; ``fields`` names what is wrong with which parameter."""

    def __init__(
        self,
        code: str,
        message: str,
        status: int | None = None,
        fields: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status or STATUSES.get(code, 400)
        self.fields = fields

    def to_response(self, is_nested: bool) -> JSONResponse:
        """The error as JSON; ``is_nested`` matters for 401 alone."""
        body: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.fields is not None:
            body["fields"] = {name: dict(told) for name, told in self.fields.items()}
        if self.status != UNAUTHORIZED:
            return JSONResponse({"error": body}, self.status)
        challenge = f'Bearer realm="api", error="{self.code}", error_description="{self.message}"'
        return JSONResponse(
            {"error": body} if is_nested else body,
            self.status,
            {"WWW-Authenticate": challenge},
        )


def refuse_field(field: str, code: str, message: str) -> ApiError:
    """A validation error of one parameter."""
    return ApiError(
        "validation_failed", "Validation failed", fields={field: {"code": code, "message": message}}
    )
