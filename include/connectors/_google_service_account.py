"""Assertions of a Google service account: signed with its key, exchanged for an access token.

RFC 7523: a JWT that names the account, the scope and the token endpoint, valid for an hour. The
key is the file Google's console hands out, its fields pasted as the connection's extra.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import jwt

from include.connectors.protocol import AccessDenied, Account

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LIFE = timedelta(hours=1)
"""Google accepts no longer one."""
CLOCK_SLACK = timedelta(seconds=30)
"""A machine whose clock is ahead by this would sign in Google's future."""
KEY_FIELDS = ("client_email", "private_key")


class ServiceAccountKey:
    """The key of one service account; :class:`AccessDenied` for one that is not whole."""

    def __init__(self, account: Account) -> None:
        given = account.credentials
        who = f"{account.source} account {account.name}"
        missing = [name for name in KEY_FIELDS if not given.get(name)]
        if missing:
            raise AccessDenied(
                f"{who} has no {' and no '.join(missing)}: paste the whole key file of the service "
                "account as the extra of its connection"
            )
        self._email = given["client_email"]
        self._key_id = given.get("private_key_id", "")
        self.pem = given["private_key"].replace("\\n", "\n")
        self.token_uri = given.get("token_uri", "")
        try:
            self._key = jwt.get_algorithm_by_name("RS256").prepare_key(self.pem)
        except Exception:  # whatever the parser says of it may quote the key
            self._key = None
        if self._key is None:
            raise AccessDenied(
                f"{who} has a private_key that is no RSA key: paste the key file as Google's "
                "console gave it, line ends included"
            )

    @property
    def secrets(self) -> list[str]:
        """What must never be shown: the key, and each of its lines."""
        lines = [line for line in self.pem.splitlines() if len(line) > 20 and line[0] != "-"]
        return [self.pem, *lines]

    def sign(self, scope: str, audience: str, now: datetime) -> str:
        """An assertion for ``scope``, made out to the token endpoint ``audience``."""
        claims: Mapping[str, str | int] = {
            "iss": self._email,
            "scope": scope,
            "aud": audience,
            "iat": int((now - CLOCK_SLACK).timestamp()),
            "exp": int((now - CLOCK_SLACK + LIFE).timestamp()),
        }
        headers = {"kid": self._key_id} if self._key_id else None
        return jwt.encode(dict(claims), self._key, algorithm="RS256", headers=headers)
