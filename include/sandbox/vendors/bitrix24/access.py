"""Who may call: incoming webhooks, access tokens, and the OAuth server that renews them.

Webhooks ``/rest/{user}/{secret}/``: ``demo-webhook`` may read everything, ``crm-webhook`` has the
scope ``crm`` only, ``own-webhook`` sees only what its user is responsible for (the rest is left out
silently). ``demo-token`` is an access token without an end; those minted by the OAuth server live
an hour, refresh tokens 180 days, and each refresh replaces the refresh token. An authorization
code can be spent once, within 30 seconds; ``demo-code`` waits as long as it must.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.bitrix24.errors import ApiError

ALL_SCOPES = frozenset({"crm", "user", "telephony", "task"})
KNOWN_SCOPES = ALL_SCOPES | {"disk", "im", "calendar", "entity", "imbot", "placement"}
ACCESS_LIFE = timedelta(hours=1)
CODE_LIFE = timedelta(seconds=30)
REFRESH_LIFE = timedelta(days=180)
CLIENTS = {"local.demo": "demo-secret", "local.unpaid": "demo-secret"}
UNPAID_CLIENT = "local.unpaid"
MEMBER_ID = hashlib.sha256(b"demo portal").hexdigest()[:32]
WEBHOOKS: dict[str, tuple[frozenset[str], bool]] = {
    "demo-webhook": (ALL_SCOPES, False),
    "crm-webhook": (frozenset({"crm"}), False),
    "own-webhook": (ALL_SCOPES, True),
}
"""Secret → its scopes, and whether it sees only its user's own records."""


@dataclass(frozen=True)
class Caller:
    """Who calls; ``key`` is the webhook or application the operating time is counted for."""

    user_id: int
    key: str
    scopes: frozenset[str] = ALL_SCOPES
    is_own_only: bool = False


@dataclass
class Grant:
    """One token: whose it is and until when."""

    user_id: int
    client_id: str
    expires_at: datetime | None


class Access:
    """All webhooks and tokens of the portal."""

    def __init__(self) -> None:
        self._minted = 0
        self.access_tokens: dict[str, Grant] = {}
        self.refresh_tokens: dict[str, Grant] = {}
        self.codes: dict[str, datetime | None] = {}
        self.reset()

    def reset(self) -> None:
        """Only the first tokens are known again."""
        self.access_tokens = {"demo-token": Grant(1, "local.demo", None)}
        self.refresh_tokens = {
            "demo-refresh": Grant(1, "local.demo", None),
            "unpaid-refresh": Grant(1, UNPAID_CLIENT, None),
        }
        self.codes = {"demo-code": None}

    def enter_by_webhook(self, user_id: str, secret: str) -> Caller:
        """The caller of a webhook's address."""
        if not user_id.isdigit() or secret not in WEBHOOKS:
            raise ApiError("INVALID_CREDENTIALS")
        scopes, is_own_only = WEBHOOKS[secret]
        return Caller(int(user_id), f"{user_id}/{secret}", scopes, is_own_only)

    def enter_by_token(self, token: str, now: datetime) -> Caller:
        """The caller of an access token."""
        grant = self.access_tokens.get(token)
        if grant is None:
            raise ApiError("NO_AUTH_FOUND")
        if grant.expires_at is not None and grant.expires_at <= now:
            raise ApiError("expired_token")
        return Caller(grant.user_id, grant.client_id)

    def issue_code(self, now: datetime) -> str:
        """A new authorization code."""
        self._minted += 1
        code = hashlib.sha256(f"code/{self._minted}".encode()).hexdigest()
        self.codes[code] = now + CODE_LIFE
        return code

    def renew(
        self, form: Mapping[str, Any], now: datetime, client_endpoint: str
    ) -> tuple[int, dict[str, Any]]:
        """HTTP status and body of the OAuth server."""
        grant_type = str(form.get("grant_type", ""))
        if grant_type not in ("refresh_token", "authorization_code"):
            return _refuse("invalid_request", "Unknown grant_type")
        client_id = str(form.get("client_id", ""))
        if CLIENTS.get(client_id, "") != str(form.get("client_secret", "-")):
            return _refuse("invalid_client", "Application not found")
        wanted_scopes = set(filter(None, str(form.get("scope", "")).split(",")))
        if not wanted_scopes <= KNOWN_SCOPES:
            return _refuse("invalid_scope", "Requested scope does not exist")
        if not wanted_scopes <= ALL_SCOPES:
            return _refuse("insufficient_scope", "Requested scope is beyond the application's")
        if grant_type == "authorization_code":
            code = str(form.get("code", ""))
            ends_at = self.codes.get(code)
            if code not in self.codes or (ends_at is not None and ends_at <= now):
                return _refuse("invalid_grant", "The authorization code is unknown or was used")
            del self.codes[code]
            grant = Grant(1, client_id, None)
        else:
            token = str(form.get("refresh_token", ""))
            kept = self.refresh_tokens.get(token)
            if (
                kept is None
                or kept.client_id != client_id
                or (kept.expires_at is not None and kept.expires_at <= now)
            ):
                return _refuse("invalid_grant", "The refresh token is unknown or was replaced")
            if client_id == UNPAID_CLIENT:
                return _refuse("PAYMENT_REQUIRED", "Payment required")
            grant = self.refresh_tokens.pop(token)
        return 200, self._mint(grant, now, client_endpoint)

    def _mint(self, grant: Grant, now: datetime, client_endpoint: str) -> dict[str, Any]:
        self._minted += 1
        access, renewal = (
            hashlib.sha256(f"{kind}/{grant.client_id}/{self._minted}".encode()).hexdigest()
            for kind in ("access", "refresh")
        )
        expires_at = now + ACCESS_LIFE
        self.access_tokens[access] = Grant(grant.user_id, grant.client_id, expires_at)
        self.refresh_tokens[renewal] = Grant(grant.user_id, grant.client_id, now + REFRESH_LIFE)
        return {
            "access_token": access,
            "refresh_token": renewal,
            "expires": int(expires_at.timestamp()),
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "client_endpoint": client_endpoint,
            "server_endpoint": "https://oauth.bitrix24.tech/rest/",
            "domain": "oauth.bitrix24.tech",
            "member_id": MEMBER_ID,
            "scope": ",".join(sorted(ALL_SCOPES)),
            "status": "F",
            "user_id": grant.user_id,
        }


def _refuse(error: str, description: str) -> tuple[int, dict[str, Any]]:
    status = {"invalid_client": 401, "PAYMENT_REQUIRED": 402, "insufficient_scope": 403}.get(
        error, 400
    )
    return status, {"error": error, "error_description": description}
