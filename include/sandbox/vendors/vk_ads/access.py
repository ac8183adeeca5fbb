"""Tokens: four grants, five tokens at most, and a refresh that kills the old token at once.

``demo-client`` is the application of the first account's own cabinet, ``demo-agency`` that of an
agency whose clients are all accounts; both have the secret ``demo-secret``. ``demo-token`` (the
first account) and ``agency-token`` need no token call and never expire by themselves;
``demo-refresh`` renews the former. They are outside the quota.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.ad_cabinet import read_accounts
from include.sandbox.vendors.vendor import Stage
from include.sandbox.vendors.vk_ads.errors import ApiError, refuse_field
from include.sandbox.vendors.vk_ads.objects import user_name, user_number

AGENCY = "agency"
AGENCY_USER_ID = 4000
APPLICATIONS = {"demo-client": "demo-secret", "demo-agency": "demo-secret"}
CODES = {"demo-code": "demo-client"}
FIRST_ACCOUNT = ""
"""Stands for the first account of whatever world is behind the vendor."""
TOKEN_LIFE = timedelta(hours=24)
UNUSED_LIFE = timedelta(days=30)
TOKEN_QUOTA = 5
OWN_SCOPES = ("read_ads", "read_payments", "create_ads")
AGENCY_SCOPES = ("read_clients", "create_clients", "create_agency_payments")


@dataclass
class Grant:
    """One token pair; ``is_given`` pairs exist from the beginning and are never deleted."""

    client_id: str
    user: str
    access_token: str
    refresh_token: str
    expires_at: datetime | None
    used_at: datetime | None
    is_given: bool = False


class Access:
    """All tokens of the stand-in."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.reset()

    def reset(self) -> None:
        """Only the first tokens are known again."""
        self._minted = 0
        self._codes = dict(CODES)
        self._grants = [
            Grant("demo-client", FIRST_ACCOUNT, "demo-token", "demo-refresh", None, None, True),
            Grant("demo-agency", AGENCY, "agency-token", "agency-refresh", None, None, True),
        ]

    def authenticate(self, authorization: str) -> str:
        """The user of a bearer token: an account id or :data:`AGENCY`; 401 otherwise."""
        scheme, _, token = authorization.partition(" ")
        now = self._stage.clock.now()
        self._delete_unused(now)
        grant = next((g for g in self._grants if g.access_token == token.strip()), None)
        if scheme.lower() != "bearer" or grant is None:
            raise ApiError("invalid_token", "Unknown access token")
        if grant.expires_at is not None and grant.expires_at <= now:
            raise ApiError("expired_token", "Access token is expired")
        grant.used_at = now
        return self._resolve(grant.user)

    def give(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of the token endpoint for one form."""
        self._delete_unused(self._stage.clock.now())
        kind = str(form.get("grant_type", ""))
        grants = {
            "client_credentials": self._own,
            "agency_client_credentials": self._of_client,
            "authorization_code": self._by_code,
            "refresh_token": self._renew,
        }
        if kind not in grants:
            raise refuse_field("grant_type", "invalid_choice", f"Unknown grant type {kind!r}")
        return grants[kind](form)

    def delete_tokens(self, form: Mapping[str, Any]) -> None:
        """Forget every token of a client_id–user pair."""
        client_id = self._check_client(form)
        number, name = form.get("user_id"), form.get("username")
        is_agency = str(number) == str(AGENCY_USER_ID) or name == f"{AGENCY_USER_ID}@agency"
        user = AGENCY if is_agency else self._find_user(number, name)
        self._grants = [
            g
            for g in self._grants
            if g.client_id != client_id or self._resolve(g.user) != user or g.is_given
        ]

    def _own(self, form: Mapping[str, Any]) -> dict[str, Any]:
        client_id = self._check_client(form)
        return self._mint(client_id, AGENCY if client_id == "demo-agency" else FIRST_ACCOUNT)

    def _of_client(self, form: Mapping[str, Any]) -> dict[str, Any]:
        client_id = self._check_client(form)
        if client_id != "demo-agency":
            raise ApiError("invalid_client", "The application belongs to no agency")
        user = self._find_user(form.get("agency_client_id"), form.get("agency_client_name"))
        return self._mint(client_id, user)

    def _by_code(self, form: Mapping[str, Any]) -> dict[str, Any]:
        code = str(form.get("code", ""))
        if code not in self._codes or self._codes[code] != form.get("client_id"):
            raise refuse_field("code", "invalid", "The code is unknown or has been used")
        return self._mint(self._codes.pop(code), FIRST_ACCOUNT)

    def _renew(self, form: Mapping[str, Any]) -> dict[str, Any]:
        client_id = self._check_client(form)
        for grant in self._grants:
            if grant.refresh_token == form.get("refresh_token") and grant.client_id == client_id:
                now = self._stage.clock.now()
                grant.access_token = self._make_token("access")
                grant.expires_at, grant.used_at = now + TOKEN_LIFE, now
                if self._stage.knobs.get("vk_ads.rotates_refresh_token", False):
                    grant.refresh_token = self._make_token("refresh")
                return {
                    "access_token": grant.access_token,
                    "token_type": "Bearer",
                    "scope": " ".join(_scopes(grant.user)),
                    "expires_in": int(TOKEN_LIFE.total_seconds()),
                    "refresh_token": grant.refresh_token,
                }
        raise ApiError("invalid_token", "Unknown refresh token")

    def _mint(self, client_id: str, user: str) -> dict[str, Any]:
        resolved = self._resolve(user)
        held = [
            g
            for g in self._grants
            if g.client_id == client_id and self._resolve(g.user) == resolved and not g.is_given
        ]
        if len(held) >= TOKEN_QUOTA:
            raise ApiError("token_limit_exceeded", "Active access token limit reached")
        now = self._stage.clock.now()
        access, refresh = self._make_token("access"), self._make_token("refresh")
        self._grants.append(Grant(client_id, user, access, refresh, now + TOKEN_LIFE, now))
        return {
            "access_token": access,
            "token_type": "bearer",
            "scope": list(_scopes(user)),
            "expires_in": str(int(TOKEN_LIFE.total_seconds())),
            "refresh_token": refresh,
        }

    def _make_token(self, kind: str) -> str:
        self._minted += 1
        text = f"{self._stage.seed}/{kind}/{self._minted}"
        return hashlib.sha256(text.encode()).hexdigest()[:48]

    def _check_client(self, form: Mapping[str, Any]) -> str:
        client_id = str(form.get("client_id", ""))
        if APPLICATIONS.get(client_id) != form.get("client_secret"):
            raise ApiError("invalid_client", "Unknown client or wrong secret")
        return client_id

    def _find_user(self, number: Any, name: Any) -> str:
        for account_id, account in read_accounts(self._stage.world, "vk_ads").items():
            names = (account_id, account["name"], user_name(account_id))
            if str(number) == str(user_number(account_id)) or name in names:
                return account_id
        raise ApiError("invalid_user", "Unknown user")

    def _resolve(self, user: str) -> str:
        if user != FIRST_ACCOUNT:
            return user
        return next(iter(read_accounts(self._stage.world, "vk_ads")), FIRST_ACCOUNT)

    def _delete_unused(self, now: datetime) -> None:
        self._grants = [
            g
            for g in self._grants
            if g.is_given or g.used_at is None or now - g.used_at < UNUSED_LIFE
        ]


def _scopes(user: str) -> tuple[str, ...]:
    return AGENCY_SCOPES if user == AGENCY else OWN_SCOPES
