"""The OAuth token of one account, exchanged for a new one where its application is known.

A token lives for about a year and dies early when its owner changes the password. With
``client_id``, ``client_secret`` and ``refresh_token`` beside it, it is renewed in its last month,
and once when the vendor refuses it. Yandex gives a new refresh token each time, so only a place
with a vault renews: elsewhere (the triggerer) the refusal is told and the task asks again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import requests

from include.connectors._http import (
    BROKEN_GATEWAYS,
    Again,
    HttpSession,
    describe_gateway_failure,
    read_json,
)
from include.connectors._options import Options
from include.connectors.protocol import AccessDenied, Account, Host, Now

OAUTH_URL = "https://oauth.yandex.ru/token"
NEEDED_FOR_RENEWAL = ("client_id", "client_secret", "refresh_token")
RENEW_BEFORE = timedelta(days=30)


class AccountToken(requests.auth.AuthBase):
    """Puts the newest token on every request of one account."""

    def __init__(self, account: Account, options: Options, now: Now, host: Host) -> None:
        given = options.secret("token", "the OAuth token")
        self._who = account.name
        self._now = now
        self._host = host
        base_url = options.text("base_url")
        own = f"{base_url.rstrip('/')}/token" if base_url else OAUTH_URL
        self._base, _, self._path = options.text("oauth_url", own).rpartition("/")
        self._vault = host.vault
        self._held = dict(self._vault.read()) if self._vault else dict(account.credentials)
        self._held.setdefault("token", given)
        self._is_tried = False

    @property
    def secrets(self) -> list[str]:
        """What must never be shown."""
        names = ("token", "client_secret", "refresh_token")
        return [self._held[name] for name in names if self._held.get(name)]

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.headers["Authorization"] = f"Bearer {self._held['token']}"
        return r

    def keep_fresh(self) -> None:
        """Renew a token that is known to end soon."""
        ends_at = self._held.get("expires_at")
        if ends_at and datetime.fromisoformat(ends_at) - RENEW_BEFORE <= self._now():
            self.renew()

    def renew(self) -> bool:
        """Whether there is another token now than the one the vendor refused."""
        is_renewable = all(self._held.get(name) for name in NEEDED_FOR_RENEWAL)
        if self._vault is None or not is_renewable or self._is_tried:
            return False
        self._is_tried = True
        refused = self._held["token"]
        self._held = dict(self._vault.renew(self._held, self._exchange))
        return self._held["token"] != refused

    def _exchange(self, held: Mapping[str, str]) -> Mapping[str, str]:
        secrets = [held[name] for name in ("client_secret", "refresh_token")]
        http = HttpSession(self._base, {}, secrets, sleep=self._host.sleep)
        form = {"grant_type": "refresh_token"} | {name: held[name] for name in NEEDED_FOR_RENEWAL}
        told = read_json(
            http.send("POST", self._path, self._classify, data=form),
            f"the token address of Yandex for {self._who}",
        )
        ends_at = self._now() + timedelta(seconds=float(told.get("expires_in", 0)))
        return {
            **held,
            "token": str(told["access_token"]),
            "refresh_token": str(told.get("refresh_token") or held["refresh_token"]),
            "expires_at": ends_at.isoformat(),
        }

    def _classify(self, response: requests.Response) -> Again | None:
        what = f"the token address of Yandex for {self._who}"
        if response.status_code == 200:
            return None
        if response.status_code in (*BROKEN_GATEWAYS, 429):
            return Again(describe_gateway_failure(response, what))
        raise AccessDenied(
            f"{what} refuses to renew the token (HTTP {response.status_code}): the owner of the "
            "account must consent again; put the new token and refresh_token into the connection, "
            "and check client_id and client_secret"
        )
