"""Who may read which customer: OAuth tokens of an hour, a manager above all accounts.

``demo-refresh`` belongs to a user of the manager :data:`MANAGER`, who reaches the accounts of the
world through it (``login-customer-id``); ``direct-refresh`` to one with access to every account
itself. ``demo-token`` and ``direct-token`` are their access tokens that never expire. The
application decides the Cloud project: all but ``demo-app`` are refused in their own way.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.ad_cabinet import read_accounts
from include.sandbox.vendors.google_ads.errors import ApiError
from include.sandbox.vendors.google_assertion import (
    JWT_GRANT,
    BadAssertion,
    read_claims,
    require_signed,
)
from include.sandbox.vendors.vendor import Stage

MANAGER = "1112223333"
SCOPE = "https://www.googleapis.com/auth/adwords"
TOKEN_LIFE = timedelta(seconds=3_599)
SECRET = "demo-secret"  # noqa: S105 - the stand-in's own
REFRESH_TOKENS = {"demo-refresh": "manager-user", "direct-refresh": "direct-user"}
PROJECTS = {
    "demo-app": "",
    "unapproved-app": "authorizationError.CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION",
    "disabled-app": "authorizationError.PROJECT_DISABLED",
    "lost-app": "requestError.CLOUD_PROJECT_NOT_FOUND",
}
"""Application → the error of its project."""
CUSTOMER_ID = re.compile(r"\d{10}")


@dataclass(frozen=True)
class Grant:
    """Whose an access token is, through which application, until when."""

    user: str
    application: str
    expires_at: datetime | None


class OAuthError(Exception):
    """The token endpoint refuses; its body has another shape than the API's errors."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(error)
        self.body = {"error": error, "error_description": description}
        self.status = status


class Access:
    """All tokens of the stand-in."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.reset()

    def reset(self) -> None:
        """Only the first tokens are known again."""
        self._minted = 0
        self._grants = {
            "demo-token": Grant("manager-user", "demo-app", None),
            "direct-token": Grant("direct-user", "demo-app", None),
        }

    def refresh(self, form: Mapping[str, Any], url: str) -> dict[str, Any]:
        """The answer of the token endpoint at ``url``; a refresh token is never rotated."""
        kind = form.get("grant_type")
        if kind == JWT_GRANT:
            return self._mint(self._judge(str(form.get("assertion", "")), url), "demo-app")
        if kind != "refresh_token":
            raise OAuthError("unsupported_grant_type", f"Invalid grant_type: {kind}")
        application = str(form.get("client_id", ""))
        if application not in PROJECTS or form.get("client_secret") != SECRET:
            raise OAuthError("invalid_client", "The OAuth client was not found.", 401)
        user = REFRESH_TOKENS.get(str(form.get("refresh_token", "")))
        if user is None or self._stage.faults.take("invalid_grant", "google_ads") is not None:
            raise OAuthError("invalid_grant", "Token has been expired or revoked.")
        return self._mint(user, application)

    def _judge(self, assertion: str, url: str) -> str:
        """The user a service account's assertion speaks for."""
        try:
            claims = read_claims(assertion)
            require_signed(self._stage, assertion, claims, url)
        except BadAssertion as refusal:
            raise OAuthError("invalid_grant", str(refusal)) from None
        if SCOPE not in str(claims.get("scope", "")):
            raise OAuthError("invalid_scope", "The assertion asks for no scope of Google Ads.")
        return "manager-user"

    def _mint(self, user: str, application: str) -> dict[str, Any]:
        self._minted += 1
        text = f"{self._stage.seed}/{user}/{self._minted}"
        token = f"ya29.{hashlib.sha256(text.encode()).hexdigest()[:48]}"
        self._grants[token] = Grant(user, application, self._stage.clock.now() + TOKEN_LIFE)
        return {
            "access_token": token,
            "expires_in": int(TOKEN_LIFE.total_seconds()),
            "scope": SCOPE,
            "token_type": "Bearer",
        }

    def authenticate(self, authorization: str) -> str:
        """The user of a bearer token; the errors of 401, and those of the Cloud project."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise ApiError("authenticationError.AUTHENTICATION_ERROR", "No OAuth token is given.")
        grant = self._grants.get(token.strip())
        if grant is None:
            raise ApiError("authenticationError.OAUTH_TOKEN_INVALID", "OAuth token is invalid.")
        if grant.expires_at is not None and grant.expires_at <= self._stage.clock.now():
            raise ApiError("authenticationError.OAUTH_TOKEN_EXPIRED", "OAuth token has expired.")
        if refused := PROJECTS[grant.application]:
            raise ApiError(refused, "The Cloud project of the application may not do this.")
        return grant.user

    def accessible(self, user: str) -> Sequence[str]:
        """The customers a user reaches without a manager's id."""
        return [MANAGER] if user == "manager-user" else list(self.accounts())

    def accounts(self) -> dict[str, str]:
        """Customer id → account id of the world, which may be spelt with dashes."""
        accounts = read_accounts(self._stage.world, "google_ads")
        return {account_id.replace("-", ""): account_id for account_id in accounts}

    def check_customer(self, user: str, customer_id: str, login_customer_id: str | None) -> None:
        """Whether the user may read the customer this way; errors of 400, 401 and 403."""
        if not CUSTOMER_ID.fullmatch(customer_id):
            raise ApiError("requestError.INVALID_CUSTOMER_ID", "Invalid customer ID.")
        known = [*self.accounts(), MANAGER]
        if customer_id not in known:
            raise ApiError(
                "authenticationError.CUSTOMER_NOT_FOUND", "No customer was found for the id."
            )
        if self._stage.knobs.get("google_ads.access_level") == "test":
            # every account of a world is a production account
            raise ApiError(
                "authorizationError.CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION",
                "The Cloud project is only approved for use with test accounts.",
            )
        login = customer_id if login_customer_id is None else login_customer_id
        if not CUSTOMER_ID.fullmatch(login):
            raise ApiError("headerError.INVALID_LOGIN_CUSTOMER_ID", "Invalid login-customer-id.")
        if login not in self.accessible(user):
            raise ApiError(
                "authorizationError.USER_PERMISSION_DENIED",
                "User doesn't have permission to access customer. Note: If you're accessing a "
                "client customer, the manager's customer id must be set in the "
                "'login-customer-id' header.",
            )
        if login not in (customer_id, MANAGER):
            raise ApiError(
                "authorizationError.INVALID_LOGIN_CUSTOMER_ID_SERVING_CUSTOMER_ID_COMBINATION",
                "The login customer does not manage the serving customer.",
            )
        for knob, name in (
            ("disabled_customers", "CUSTOMER_NOT_ENABLED"),
            ("suspended_customers", "ACTION_NOT_PERMITTED_FOR_SUSPENDED_ACCOUNT"),
        ):
            if customer_id in self._stage.knobs.get(f"google_ads.{knob}", ()):
                raise ApiError(f"authorizationError.{name}", "The customer can't be used.")
