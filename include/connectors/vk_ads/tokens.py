"""Tokens of VK Ads: at most five a user, renewed in place, so that the old one dies at once.

A token is therefore asked for once, stored by the vault, and renewed by one process while the
others wait for its result.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from include.connectors.protocol import AccessDenied, Account, Vault
from include.connectors.vk_ads.answers import StaleToken

Credentials = Mapping[str, str]
Ask = Callable[[Credentials, Mapping[str, str]], Mapping[str, Any]]
"""Sends a form to the token endpoint; the credentials tell which secrets must not be shown."""


class Tokens:
    """The access token of one account, kept fresh."""

    def __init__(self, account: Account, vault: Vault, client: Mapping[str, str], ask: Ask) -> None:
        """``client`` names one client of an agency as the token endpoint wants it, or is empty."""
        self._who = f"vk_ads account {account.name}"
        self._vault = vault
        self._client = client
        self._ask = ask
        given = account.credentials
        if not given.get("token") and not (given.get("client_id") and given.get("client_secret")):
            raise AccessDenied(
                f"{self._who} has no token: put client_id and client_secret from the cabinet's "
                "API settings into its connection, or an access token as its password"
            )

    def read(self) -> Credentials:
        """Credentials with a token; one is asked for when nobody has stored any."""
        current = self._vault.read()
        return current if current.get("token") else self.renew(current)

    def renew(self, used: Credentials) -> Credentials:
        """Newer credentials than ``used``."""
        return self._vault.renew(used, self._exchange)

    def _exchange(self, current: Credentials) -> Credentials:
        if not (current.get("client_id") and current.get("client_secret")):
            raise AccessDenied(
                f"the token of {self._who} is no longer good and nothing can renew it: put "
                "client_id and client_secret (and refresh_token) into its connection, or a new "
                "token as its password"
            )
        if current.get("refresh_token"):
            try:
                return self._take(current, self._ask(current, self._make_form(current, True)))
            except StaleToken:
                pass  # unused for a month: the vendor has deleted the pair, so its place is free
        return self._take(current, self._ask(current, self._make_form(current, False)))

    def _make_form(self, current: Credentials, is_renewal: bool) -> Mapping[str, str]:
        form = {"client_id": current["client_id"], "client_secret": current["client_secret"]}
        if is_renewal:
            refresh = {"grant_type": "refresh_token", "refresh_token": current["refresh_token"]}
            return form | refresh
        if self._client:
            return form | {"grant_type": "agency_client_credentials", **self._client}
        return form | {"grant_type": "client_credentials"}

    def _take(self, current: Credentials, told: Mapping[str, Any]) -> Credentials:
        token = str(told.get("access_token") or "")
        if not token:
            raise AccessDenied(
                f"VK Ads gave {self._who} no access_token: check client_id and client_secret in "
                "its connection"
            )
        refresh = str(told.get("refresh_token") or current.get("refresh_token") or "")
        return {**current, "token": token, **({"refresh_token": refresh} if refresh else {})}
