"""Who may call: private-app tokens and OAuth tokens of half an hour.

``demo-token`` is a private app with every scope, ``narrow-token`` one that may read contacts only,
``oauth-token`` an access token of an app without an end. A refresh keeps the refresh token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.hubspot.errors import ApiError

ACCESS_LIFE = timedelta(seconds=1800)
PORTAL_ID = 62515
APP_ID = 1_001
CLIENTS = {"demo-app": "demo-secret"}
READABLE = (
    "deals", "contacts", "companies", "owners", "line_items", "products", "invoices", "leads",
    "quotes", "orders", "carts", "subscriptions", "custom", "deal_splits", "goal_targets",
    "feedback_submissions", "discounts", "fees", "taxes", "commerce_payments",
    "forms", "marketing_events",
)  # fmt: skip
ALL_SCOPES = frozenset(
    {f"crm.objects.{name}.read" for name in READABLE}
    | {f"crm.schemas.{name}.read" for name in READABLE}
    | {"sales-email-read", "crm.export", "tickets"}
)
NARROW_SCOPES = frozenset({"crm.objects.contacts.read", "crm.schemas.contacts.read"})


@dataclass(frozen=True)
class Caller:
    """Whose token it is."""

    token: str
    scopes: frozenset[str]
    is_oauth: bool

    def require(self, scope: str) -> None:
        """MISSING_SCOPES unless the scope was granted."""
        if scope not in self.scopes:
            context = {"requiredGranularScopes": [scope]}
            detail = [{"message": "One or more of the following scopes are required."}]
            raise ApiError("MISSING_SCOPES", extra={"errors": detail, "context": context})


class Access:
    """All tokens of the portal."""

    def __init__(self) -> None:
        self._minted = 0
        self.expiries: dict[str, datetime | None] = {}
        self.codes: set[str] = set()
        self.reset()

    def reset(self) -> None:
        """Only the first tokens are known again."""
        self.expiries = {"oauth-token": None}
        self.codes = {"demo-code"}

    def identify(self, authorization: str, now: datetime) -> Caller:
        """The caller of an Authorization header."""
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise ApiError("INVALID_AUTHENTICATION")
        if token == "demo-token":  # noqa: S105
            return Caller(token, ALL_SCOPES, False)
        if token == "narrow-token":  # noqa: S105
            return Caller(token, NARROW_SCOPES, False)
        if token not in self.expiries:
            raise ApiError("INVALID_AUTHENTICATION")
        expires_at = self.expiries[token]
        if expires_at is not None and expires_at <= now:
            seconds = int((now - expires_at).total_seconds())
            text = f"The OAuth token used to make this call expired {seconds} second(s) ago."
            raise ApiError("EXPIRED_AUTHENTICATION", text)
        return Caller(token, ALL_SCOPES, True)

    def renew(self, form: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """The body of the token endpoint."""
        client, secret = str(form.get("client_id", "")), str(form.get("client_secret", ""))
        if CLIENTS.get(client) != secret:
            raise _refuse("BAD_CLIENT_ID", "missing or unknown client id")
        grant_type = form.get("grant_type")
        if grant_type == "refresh_token":
            if form.get("refresh_token") != "demo-refresh":
                raise _refuse("BAD_REFRESH_TOKEN", "missing or invalid refresh token")
        elif grant_type == "authorization_code":
            if str(form.get("code")) not in self.codes:
                raise _refuse("BAD_AUTH_CODE", "missing or unknown auth code")
            self.codes.discard(str(form.get("code")))
        else:
            raise _refuse("BAD_GRANT_TYPE", "missing or unknown grant type")
        self._minted += 1
        token = hashlib.sha256(f"access/{client}/{self._minted}".encode()).hexdigest()
        self.expiries[token] = now + ACCESS_LIFE
        return {
            "access_token": token,
            "refresh_token": "demo-refresh",
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "token_type": "bearer",
        }

    def describe(self, token: str, now: datetime) -> dict[str, Any]:
        """What the portal says of an access token."""
        if token not in self.expiries:
            raise ApiError("OBJECT_NOT_FOUND", "access token not found")
        expires_at = self.expiries[token]
        left = ACCESS_LIFE if expires_at is None else expires_at - now
        return {
            "token": token,
            "user": "admin@northbolt.example",
            "hub_domain": "northbolt.example",
            "scopes": sorted(ALL_SCOPES),
            "hub_id": PORTAL_ID,
            "app_id": APP_ID,
            "expires_in": int(left.total_seconds()),
            "user_id": 1,
            "token_type": "access",
        }


def _refuse(status: str, message: str) -> ApiError:
    return ApiError("VALIDATION_ERROR", message, 400, {"status": status})
