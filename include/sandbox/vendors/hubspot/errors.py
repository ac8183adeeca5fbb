"""HubSpot's error bodies: a category to decide by, a message for people, a correlation id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CATEGORIES: dict[str, tuple[int, str]] = {
    "VALIDATION_ERROR": (400, "Invalid input"),
    "INVALID_AUTHENTICATION": (
        401,
        "Authentication credentials not found. This API supports OAuth 2.0 authentication and you "
        "can find more details at https://developers.hubspot.com/docs/methods/auth/oauth-overview",
    ),
    "EXPIRED_AUTHENTICATION": (401, "The OAuth token used to make this call expired"),
    "MISSING_SCOPES": (403, "This app hasn't been granted all required scopes to make this call."),
    "OBJECT_NOT_FOUND": (404, "resource not found"),
    "CONFLICT": (409, "The object was changed by another request"),
    "URI_TOO_LONG": (414, "The request URI is too long"),
    "LOCKED": (423, "The resource is locked, wait at least 2 seconds"),
    "MIGRATION_IN_PROGRESS": (477, "The account is being moved to another data center"),
    "INTERNAL_ERROR": (500, "internal error"),
}
"""Category → usual HTTP status and message."""


@dataclass
class ApiError(Exception):
    """One refusal."""

    category: str
    message: str = ""
    status: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        usual_status, usual_message = CATEGORIES.get(self.category, (400, ""))
        self.status = self.status or usual_status
        self.message = self.message or usual_message
        super().__init__(self.message)

    def body(self, correlation_id: str) -> dict[str, Any]:
        """The body of the answer."""
        return {
            "status": "error",
            "message": self.message,
            "correlationId": correlation_id,
            "category": self.category,
            **self.extra,
        }


@dataclass
class RateLimited(Exception):
    """429, whose body has a policy in place of a category."""

    policy: str
    message: str
    retry_after: int | None

    def body(self, correlation_id: str) -> dict[str, Any]:
        """The body of the answer."""
        return {
            "status": "error",
            "message": self.message,
            "errorType": "RATE_LIMIT",
            "correlationId": correlation_id,
            "policyName": self.policy,
            "groupName": "publicapi:private-apps:demo",
        }
