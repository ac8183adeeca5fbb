"""Who may call: access tokens, the proof of the app's secret, and the exchange for a long life.

``demo-token`` is a system user's and never expires; ``short-token`` may be exchanged for one that
lives sixty days; ``unapproved-token`` lacks the app's permission (10), ``no-ads-token`` the
advertiser's (200).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.meta_ads.errors import ApiError, refuse_parameter

APP_ID, APP_SECRET = "1234567890", "demo-secret"
USER_ID = "10200000000000001"
TOKEN_LIFE = timedelta(days=60)
SCOPES = ("ads_read", "ads_management", "business_management")


@dataclass(frozen=True)
class Grant:
    """One token; ``refusal`` is the code its calls for ad data end with, 0 for none."""

    user_id: str
    expires_at: datetime | None = None
    refusal: int = 0


class Access:
    """All tokens of the stand-in."""

    def __init__(self) -> None:
        self._minted = 0
        self.reset()

    def reset(self) -> None:
        """Only the first tokens are known again."""
        self._grants = {
            "demo-token": Grant(USER_ID),
            "short-token": Grant(USER_ID),
            "other-token": Grant("10200000000000002"),
            "unapproved-token": Grant(USER_ID, refusal=10),
            "no-ads-token": Grant(USER_ID, refusal=200),
        }

    def authenticate(
        self, token: str, proof: str, now: datetime, needs_proof: bool = False
    ) -> Grant:
        """Whose call it is; 102 without a token, 190 for a bad one, 100 for a false proof."""
        if not token:
            raise ApiError(102)
        grant = self._grants.get(token)
        if grant is None:
            raise ApiError(190)
        if grant.expires_at is not None and grant.expires_at <= now:
            raise ApiError(190, 463)
        if proof and not hmac.compare_digest(proof, prove(token)):
            raise refuse_parameter("Invalid appsecret_proof provided in the API argument")
        if needs_proof and not proof:
            raise refuse_parameter("API calls from the server require an appsecret_proof argument")
        return grant

    def exchange(self, params: Mapping[str, str], now: datetime) -> dict[str, Any]:
        """A token of sixty days for a known one; 100 for a wrong app."""
        if params.get("grant_type") != "fb_exchange_token":
            raise refuse_parameter("Invalid grant_type")
        if (params.get("client_id"), params.get("client_secret")) != (APP_ID, APP_SECRET):
            raise ApiError(1, 0, "Error validating client secret.", 400)
        grant = self.authenticate(params.get("fb_exchange_token", ""), "", now)
        self._minted += 1
        token = "EAA" + hashlib.sha256(f"{grant.user_id}/{self._minted}".encode()).hexdigest()
        self._grants[token] = Grant(grant.user_id, now + TOKEN_LIFE, grant.refusal)
        return {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": int(TOKEN_LIFE.total_seconds()),
        }

    def describe(self, token: str, now: datetime) -> dict[str, Any]:
        """What debug_token says of ``token``: an invalid one is no error but ``is_valid`` false."""
        grant = self._grants.get(token)
        if grant is None:
            return {"data": {"is_valid": False, "scopes": [], "app_id": APP_ID}}
        ends = grant.expires_at
        return {
            "data": {
                "app_id": APP_ID,
                "type": "SYSTEM_USER" if ends is None else "USER",
                "application": "Throughline",
                "data_access_expires_at": 0 if ends is None else int(ends.timestamp()),
                "expires_at": 0 if ends is None else int(ends.timestamp()),
                "is_valid": ends is None or ends > now,
                "scopes": list(SCOPES) if not grant.refusal else [],
                "user_id": grant.user_id,
            }
        }


def prove(token: str) -> str:
    """The ``appsecret_proof`` of a token."""
    return hmac.new(APP_SECRET.encode(), token.encode(), hashlib.sha256).hexdigest()
