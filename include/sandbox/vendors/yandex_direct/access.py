"""Who may call: bearer tokens, client logins, and the OAuth token endpoint that renews tokens.

``demo-token`` belongs to an agency over every login, ``client-token`` to the advertiser
``demo-client`` itself, or to the world's first account where there is no such login. A refresh
hands out a new pair; the old access token keeps working until it expires, the old refresh token
does not.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.datastructures import Headers

from include.sandbox.vendors.yandex_direct.ad_book import AdBook
from include.sandbox.vendors.yandex_direct.errors import ApiError

AGENCY = "demo-agency"
TOKEN_LIFE = timedelta(seconds=31_536_000)
APPLICATIONS = {"demo-app": "demo-secret"}
UNCONNECTED_LOGIN = "not-connected"


@dataclass
class Grant:
    """One access token: whose it is and until when."""

    user: str
    expires_at: datetime | None = None
    is_approved: bool = True


@dataclass(frozen=True)
class Caller:
    """Who calls, and for which advertiser."""

    user: str
    login: str

    @property
    def is_agency(self) -> bool:
        """Whether the token is the agency's."""
        return self.user == AGENCY


class Access:
    """All tokens of the stand-in."""

    def __init__(self, book: AdBook) -> None:
        self._book = book
        self._minted = 0
        self.grants: dict[str, Grant] = {}
        self.refresh_tokens: dict[str, str] = {}
        self.reset()

    def reset(self) -> None:
        """Only the first tokens are known again."""
        self.grants = {
            "demo-token": Grant(AGENCY),
            "client-token": Grant("demo-client"),
            "unapproved-token": Grant("demo-client", is_approved=False),
        }
        self.refresh_tokens = {"demo-refresh": AGENCY, "client-refresh": "demo-client"}

    def authenticate(self, headers: Headers, now: datetime, needs_login: bool = True) -> Caller:
        """The caller, or the error 53, 54, 58, 513 or 8000 the vendor would give."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise ApiError(53, "OAuth token is missing")
        grant = self.grants.get(token.strip())
        if grant is None or (grant.expires_at is not None and grant.expires_at <= now):
            raise ApiError(53, "OAuth token is invalid or has expired")
        if not grant.is_approved:
            raise ApiError(58, "The application's access request has not been approved")
        user = self._owner(grant.user)
        login = headers.get("client-login", "").strip().lower()
        if login == UNCONNECTED_LOGIN:
            raise ApiError(513, "The login is not connected to Yandex.Direct")
        if not login:
            login = user
            if user == AGENCY and needs_login:
                raise ApiError(8000, "The HTTP header Client-Login must be specified")
        elif login not in self._book.advertisers() or user not in (AGENCY, login):
            raise ApiError(54, "No rights to the login given in Client-Login")
        return Caller(user, login)

    def _owner(self, user: str) -> str:
        """Whose a token is; one whose advertiser the book lacks is its first advertiser's."""
        advertisers = self._book.advertisers()
        return user if user == AGENCY or user in advertisers else next(iter(advertisers))

    def refresh(
        self, form: Mapping[str, Any], authorization: str, now: datetime
    ) -> tuple[int, dict[str, Any]]:
        """HTTP status and body of the token endpoint of Yandex ID."""
        identity = (str(form.get("client_id", "")), str(form.get("client_secret", "")))
        if authorization.lower().startswith("basic "):
            try:
                decoded = base64.b64decode(authorization[6:]).decode()
            except (binascii.Error, UnicodeDecodeError):
                decoded = ""
            identity = (decoded.partition(":")[0], decoded.partition(":")[2])
        if APPLICATIONS.get(identity[0]) != identity[1]:
            return 400, {"error": "invalid_client", "error_description": "Unknown application"}
        if form.get("grant_type") != "refresh_token":
            return 400, {
                "error": "unsupported_grant_type",
                "error_description": "Only refresh_token is supported",
            }
        user = self.refresh_tokens.pop(str(form.get("refresh_token", "")), None)
        if user is None:
            return 400, {"error": "invalid_grant", "error_description": "Refresh token is invalid"}
        self._minted += 1
        access, renewal = (
            hashlib.sha256(f"{kind}/{user}/{self._minted}".encode()).hexdigest()[:40]
            for kind in ("access", "refresh")
        )
        self.grants[access] = Grant(user, expires_at=now + TOKEN_LIFE)
        self.refresh_tokens[renewal] = user
        return 200, {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": int(TOKEN_LIFE.total_seconds()),
            "refresh_token": renewal,
        }
