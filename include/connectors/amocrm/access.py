"""Access to one amoCRM account: a long-lived token, or an OAuth pair that is renewed by itself.

A pair is kept in the vault under ``access_token``, ``expires_at`` (Unix seconds) and
``refresh_token``. Only one process at a time exchanges it: a refresh token works once, and after
a second try the integration has to be installed anew.
"""

from __future__ import annotations

from collections.abc import Mapping

import requests

from include.connectors._http import (
    Again,
    HttpSession,
    describe_gateway_failure,
    read_json,
    retry_after_seconds,
)
from include.connectors.protocol import (
    AccessDenied,
    Account,
    Host,
    MemoryVault,
    Now,
    TemporaryFailure,
)

RENEW_BEFORE_SECONDS = 300
NEEDED_FOR_RENEWAL = ("client_id", "client_secret", "refresh_token", "redirect_uri")


class Access:
    """Hands out access tokens of one account."""

    def __init__(self, account: Account, base_url: str, now: Now, host: Host) -> None:
        given = account.credentials
        self._name = account.name
        self._base_url = base_url
        self._now = now
        self._host = host
        self.is_renewable = not given.get("token")
        missing = [name for name in NEEDED_FOR_RENEWAL if not given.get(name)]
        if self.is_renewable and missing:
            raise AccessDenied(
                f"amocrm account {account.name} has no {missing[-1]}: put the long-lived token of "
                "a private integration into its connection as token, or client_id, client_secret, "
                "redirect_uri and refresh_token of an OAuth one"
            )
        self._vault = host.vault or MemoryVault(given)

    def read(self) -> str:
        """A token that is good for some minutes at least."""
        kept = self._vault.read()
        if not self.is_renewable:
            return kept["token"]
        expires_at = float(kept.get("expires_at") or 0)
        if expires_at - RENEW_BEFORE_SECONDS <= self._now().timestamp():
            kept = self._vault.renew(kept, self._exchange)
        return kept["access_token"]

    def renew(self, used: str) -> str:
        """A token other than ``used``, which the vendor has just refused."""
        kept = self._vault.read()
        if kept.get("access_token") == used:
            kept = self._vault.renew(kept, self._exchange)
        return kept["access_token"]

    def _exchange(self, kept: Mapping[str, str]) -> Mapping[str, str]:
        secrets = [kept[name] for name in ("client_secret", "refresh_token")]
        http = HttpSession(self._base_url, {}, secrets, sleep=self._host.sleep)
        body = {name: kept[name] for name in NEEDED_FOR_RENEWAL}
        body["grant_type"] = "refresh_token"
        answer = http.post_json("oauth2/access_token", body, self._classify)
        told = read_json(answer, f"the token URL of amoCRM account {self._name}")
        expires_at = self._now().timestamp() + float(told["expires_in"])
        return {
            **kept,
            "access_token": str(told["access_token"]),
            "refresh_token": str(told["refresh_token"]),
            "expires_at": f"{expires_at:.0f}",
        }

    def _classify(self, response: requests.Response) -> Again | None:
        if response.status_code == 200:
            return None
        if response.status_code in (400, 401, 403, 404):
            raise AccessDenied(
                f"amoCRM exchanges no token for account {self._name} (HTTP "
                f"{response.status_code}): its refresh token is spent, revoked or three months "
                "old, or the account has moved to another address. Install the integration again, "
                "put the new refresh_token into the connection, and check base_url"
            )
        if response.status_code == 429:
            error = TemporaryFailure(f"amoCRM account {self._name}: too many requests; try later")
            return Again(error, 1.0, retry_after_seconds(response, self._now))
        return Again(describe_gateway_failure(response, "the token URL of amoCRM"))
