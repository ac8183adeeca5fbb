"""Tokens of a day without renewal, and points of a minute.

``demo-client`` with ``demo-secret`` is an agency's: it opens the agency's own account and every
account of the world. ``limited-client`` with the same secret opens the first account alone.
``demo-token`` is a token of the former that never expires. Points are counted per client by the
stopwatch, in windows of a minute.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.ad_cabinet import read_accounts
from include.sandbox.vendors.avito_ads.errors import ApiError
from include.sandbox.vendors.vendor import Stage

AGENCY_ACCOUNT = "3000"
APPLICATIONS = {"demo-client": "demo-secret", "limited-client": "demo-secret"}
TOKEN_LIFE = timedelta(seconds=86_400)
POINTS_A_MINUTE, WINDOW_SECONDS = 500, 60


@dataclass(frozen=True)
class Grant:
    """Whose a token is, and until when."""

    client_id: str
    expires_at: datetime | None


class Access:
    """All tokens and points of the stand-in."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.reset()

    def reset(self) -> None:
        """Only the first token is known again, and no point is spent."""
        self._grants = {"demo-token": Grant("demo-client", None)}
        self._spent: dict[tuple[str, int], int] = {}

    def give(self, form: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of the token endpoint; each call makes a new token beside the old ones."""
        client_id = str(form.get("client_id", ""))
        if form.get("grant_type") != "client_credentials":
            raise ApiError(400, "unsupported grant_type")
        if APPLICATIONS.get(client_id) != form.get("client_secret"):
            raise ApiError(401, "invalid client_id or client_secret")
        text = f"{self._stage.seed}/{client_id}/{len(self._grants)}"
        token = hashlib.sha256(text.encode()).hexdigest()[:40]
        self._grants[token] = Grant(client_id, self._stage.clock.now() + TOKEN_LIFE)
        return {
            "access_token": token,
            "expires_in": int(TOKEN_LIFE.total_seconds()),
            "token_type": "Bearer",
        }

    def authenticate(self, authorization: str) -> str:
        """The client of a bearer token; 401 for one unknown or expired."""
        scheme, _, token = authorization.partition(" ")
        grant = self._grants.get(token.strip())
        if scheme.lower() != "bearer" or grant is None:
            raise ApiError(401, "invalid access token")
        if grant.expires_at is not None and grant.expires_at <= self._stage.clock.now():
            raise ApiError(401, "access token expired")
        return grant.client_id

    def check_account(self, client_id: str, account_id: str) -> None:
        """403 unless the client may read the account."""
        accounts = list(read_accounts(self._stage.world, "avito_ads"))
        reach = [*accounts, AGENCY_ACCOUNT] if client_id == "demo-client" else accounts[:1]
        if account_id not in reach:
            raise ApiError(403, "access to the account is denied")

    def spend_point(self, client_id: str) -> int:
        """The points left after this call; 429 with the seconds to wait when there were none."""
        elapsed = self._stage.clock.elapsed()
        window = int(elapsed // WINDOW_SECONDS)
        limit = int(self._stage.knobs.get("avito_ads.points_a_minute", POINTS_A_MINUTE))
        spent = self._spent.get((client_id, window), 0)
        if spent >= limit:
            raise self.refuse_excess()
        self._spent = {key: n for key, n in self._spent.items() if key[1] == window}
        self._spent[client_id, window] = spent + 1
        return limit - spent - 1

    def refuse_excess(self) -> ApiError:
        """The 429 of this instant."""
        wait = math.ceil(WINDOW_SECONDS - self._stage.clock.elapsed() % WINDOW_SECONDS)
        headers = {"Retry-After": str(max(wait, 1)), "Api-Point-Balance": "0"}
        return ApiError(429, "too many requests", headers)
