"""Who may call the Data API: bearer tokens, and the token endpoint that mints them for an hour.

``demo-token`` never expires and may read the property; ``stranger-token`` is valid and may not.
A service account may also send a JWT of its own as the bearer token, as Google's library does
unless told otherwise. ``google_assertion`` says whose signatures are checked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.datastructures import Headers

from include.sandbox.vendors.ga4.errors import ApiError
from include.sandbox.vendors.google_assertion import (
    JWT_GRANT,
    BadAssertion,
    read_claims,
    require_signed,
)
from include.sandbox.vendors.vendor import Stage

SCOPES = (
    "https://www.googleapis.com/auth/analytics.readonly",
    "https://www.googleapis.com/auth/analytics",
    "https://www.googleapis.com/auth/cloud-platform",
)
AUDIENCE = "https://analyticsdata.googleapis.com/"
"""What a JWT that is itself the token is made out for, instead of naming scopes."""
SERVICE_ACCOUNT = "reader@demo-project.iam.gserviceaccount.com"
OAUTH_CLIENTS = {"demo-client": "demo-secret"}
REFRESH_TOKEN = "demo-refresh"  # noqa: S105 - the stand-in's own, written in its documentation
TOKEN_LIFE = timedelta(seconds=3600)
TOKEN_PATHS = ("/token", "/oauth2/v3/token", "/oauth2/v4/token")
"""The endpoint's address, and those it had before, which older clients still ask."""


class Access:
    """All tokens of the stand-in: token → when it ends, None for never, and whether it may read."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._minted = 0
        self.reset()

    def reset(self) -> None:
        """Only the first tokens are known again."""
        self._tokens: dict[str, tuple[datetime | None, bool]] = {
            "demo-token": (None, True),
            "stranger-token": (None, False),
        }

    def authenticate(self, headers: Headers, now: datetime) -> bool:
        """Whether the caller may read the property; UNAUTHENTICATED for a bad or expired token."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        token = token.strip()
        if scheme.lower() == "bearer" and token.count(".") == 2:
            may_read, problem = _judge_assertion(token)
            if not problem:
                return may_read
        if scheme.lower() != "bearer" or token not in self._tokens:
            raise ApiError("UNAUTHENTICATED")
        expires_at, may_read = self._tokens[token]
        if expires_at is not None and expires_at <= now:
            raise ApiError("UNAUTHENTICATED")
        return may_read

    def grant(self, form: Mapping[str, Any], now: datetime, url: str) -> tuple[int, dict[str, Any]]:
        """HTTP status and body of the token endpoint, which was asked at ``url``."""
        kind = form.get("grant_type")
        if kind == JWT_GRANT:
            assertion = str(form.get("assertion", ""))
            may_read, problem = _judge_assertion(assertion)
            try:
                require_signed(self._stage, assertion, read_claims(assertion), url)
            except BadAssertion as refusal:
                problem = problem or str(refusal)
        elif kind == "refresh_token":
            secret = OAUTH_CLIENTS.get(str(form.get("client_id", "")))
            if secret is None or secret != form.get("client_secret"):
                return 401, {
                    "error": "invalid_client",
                    "error_description": "The OAuth client was not found.",
                }
            may_read, problem = True, ""
            if form.get("refresh_token") != REFRESH_TOKEN:
                problem = "Token has been expired or revoked."
        else:
            return 400, {
                "error": "unsupported_grant_type",
                "error_description": f"Invalid grant_type: {kind}",
            }
        if problem:
            return 400, {"error": "invalid_grant", "error_description": problem}
        self._minted += 1
        token = "ya29." + hashlib.sha256(f"{kind}/{self._minted}".encode()).hexdigest()
        self._tokens[token] = (now + TOKEN_LIFE, may_read)
        body = {"access_token": token, "expires_in": 3599, "token_type": "Bearer"}
        return 200, body if kind == JWT_GRANT else body | {"scope": SCOPES[0]}


def _judge_assertion(assertion: str) -> tuple[bool, str]:
    """Whether the account may read the property, and what is wrong with the JWT, if anything."""
    try:
        claims = read_claims(assertion)
        life = int(claims["exp"]) - int(claims["iat"])
        issuer = str(claims["iss"])
        scopes = str(claims.get("scope", "")).split()
    except (BadAssertion, ValueError, KeyError, TypeError):
        return False, "Invalid JWT."
    if not 0 < life <= TOKEN_LIFE.total_seconds():
        return False, "Invalid JWT: Token must be a short-lived token (60 minutes)."
    is_for_this_service = claims.get("aud") == AUDIENCE
    if not is_for_this_service and not any(scope in SCOPES for scope in scopes):
        return False, "Invalid OAuth scope or ID token audience provided."
    return issuer == SERVICE_ACCOUNT, ""
