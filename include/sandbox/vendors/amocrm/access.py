"""Who may call: long-lived tokens, and OAuth pairs whose refresh token works once.

``demo-token`` is the long-lived token of an administrator, ``manager-token`` that of a user
without administrator's rights, ``second-token`` an administrator's in another integration.
``demo-refresh`` and ``demo-code`` start an OAuth pair for ``demo-app``; the code dies 20 minutes
after the stand-in was (re)set. Access tokens live 24 hours, refresh tokens three months, both by
the calendar of the clock.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.amocrm.errors import ApiError

ACCESS_LIFE = timedelta(hours=24)
REFRESH_LIFE = timedelta(days=90)
CODE_LIFE = timedelta(minutes=20)
APPLICATIONS = {"demo-app": "demo-secret"}
ACCOUNT_ID = 31962534
SUBDOMAIN = "demo"
SIGNATURE_BYTES = 256
"""Of RS256: clients that read the claims refuse a JWT whose parts are not whole base64."""
API_DOMAIN = "api-b.amocrm.ru"
NEEDED = ("client_id", "client_secret", "grant_type", "redirect_uri")


@dataclass(frozen=True)
class Grant:
    """One access token: of which integration, whose rights, until when."""

    integration: str
    is_admin: bool = True
    expires_at: datetime | None = None


@dataclass
class Renewal:
    """One refresh token or code; ``is_spent`` ones stay known, to be refused for what they are."""

    integration: str
    expires_at: datetime
    is_spent: bool = False


class Access:
    """All tokens of the stand-in."""

    def __init__(self) -> None:
        self._minted = 0
        self.grants: dict[str, Grant] = {}
        self.refresh_tokens: dict[str, Renewal] = {}
        self.codes: dict[str, Renewal] = {}

    def reset(self, now: datetime) -> None:
        """Only the first tokens are known again, as young as they can be."""
        self.grants = {
            "demo-token": Grant("demo-private"),
            "manager-token": Grant("demo-private", is_admin=False),
            "second-token": Grant("second-private"),
        }
        self.refresh_tokens = {"demo-refresh": Renewal("demo-app", now + REFRESH_LIFE)}
        self.codes = {"demo-code": Renewal("demo-app", now + CODE_LIFE)}

    def authenticate(self, authorization: str, now: datetime) -> Grant:
        """The grant of a bearer token; 401 for anything else."""
        scheme, _, token = authorization.partition(" ")
        grant = self.grants.get(token.strip())
        if scheme.lower() != "bearer" or grant is None:
            raise ApiError(401, "Unauthorized")
        if grant.expires_at is not None and grant.expires_at <= now:
            raise ApiError(401, "Token has expired")
        return grant

    def issue(self, body: Mapping[str, Any], host: str, now: datetime) -> dict[str, Any]:
        """A fresh pair for a code or a refresh token, which is dead from then on."""
        missing = [name for name in NEEDED if not body.get(name)]
        if missing:
            raise _refuse_grant(400, f"Check the `{missing[0]}` parameter")
        if APPLICATIONS.get(str(body["client_id"])) != body["client_secret"]:
            raise ApiError(401, "Client authentication failed")
        kinds = {
            "refresh_token": ("refresh_token", self.refresh_tokens, 401),
            "authorization_code": ("code", self.codes, 400),
        }
        if body["grant_type"] not in kinds:
            raise _refuse_grant(400, "Check the `grant_type` parameter")
        name, known, status = kinds[body["grant_type"]]
        if not body.get(name):
            raise _refuse_grant(400, f"Check the `{name}` parameter")
        used = known.get(str(body[name]))
        if used is None or used.integration != body["client_id"]:
            raise _refuse_grant(status, f"Cannot decrypt the {name.replace('_', ' ')}")
        if used.is_spent:
            raise _refuse_grant(status, "Token has been revoked")
        if used.expires_at <= now:
            raise _refuse_grant(status, "Token has expired")
        used.is_spent = True
        return self._mint(used.integration, host, now)

    def find_account(self, refresh_token: str, subdomain: str = SUBDOMAIN) -> dict[str, Any]:
        """Where the account lives now, asked with a refresh token that is not spent by this."""
        renewal = self.refresh_tokens.get(refresh_token)
        if renewal is None or renewal.is_spent:
            raise ApiError(401, "Unauthorized")
        return {"id": ACCOUNT_ID, "subdomain": subdomain, "domain": f"{subdomain}.amocrm.ru"}

    def _mint(self, integration: str, host: str, now: datetime) -> dict[str, Any]:
        self._minted += 1
        digest = hashlib.sha512(f"{integration}/{self._minted}".encode()).hexdigest()
        issued = int(now.timestamp())
        claims = {
            "aud": integration,
            "jti": digest[:80],
            "iat": issued,
            "nbf": issued,
            "exp": issued + int(ACCESS_LIFE.total_seconds()),
            "sub": "504141",
            "grant_type": "",
            "account_id": ACCOUNT_ID,
            "base_domain": "amocrm.ru",
            "version": 2,
            "scopes": ["crm", "notifications"],
            "api_domain": API_DOMAIN if host.endswith("amocrm.ru") else host,
        }
        parts = [{"typ": "JWT", "alg": "RS256", "jti": digest[:80]}, claims]
        signature = hashlib.shake_256(digest.encode()).digest(SIGNATURE_BYTES)
        signed = [*(json.dumps(part).encode() for part in parts), signature]
        access = ".".join(_encode(part) for part in signed)
        renewal = f"def502{digest}"
        self.grants[access] = Grant(integration, expires_at=now + ACCESS_LIFE)
        self.refresh_tokens[renewal] = Renewal(integration, now + REFRESH_LIFE)
        return {
            "token_type": "Bearer",
            "expires_in": int(ACCESS_LIFE.total_seconds()),
            "access_token": access,
            "refresh_token": renewal,
        }


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _refuse_grant(status: int, hint: str) -> ApiError:
    detail = "В запросе отсутствует ряд параметров или параметры невалидны"
    return ApiError(status, detail, title="Некорректный запрос", hint=hint)
