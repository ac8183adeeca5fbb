"""Access tokens of Google: from a refresh token or a service account's key, renewed in time.

A refresh token is not rotated by Google, so nothing has to be stored back. Access tokens live an
hour and stay in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import requests

from include.connectors._google_service_account import JWT_GRANT, ServiceAccountKey
from include.connectors._http import (
    BROKEN_GATEWAYS,
    Again,
    HttpSession,
    describe_gateway_failure,
    read_json,
    retry_after_seconds,
)
from include.connectors._options import Options
from include.connectors.protocol import (
    AccessDenied,
    Account,
    Host,
    Now,
    RequestRefused,
    TemporaryFailure,
)

GOOGLE_TOKEN_URL = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
RENEW_BEFORE = timedelta(seconds=60)
TOO_FAST_FIRST_SECONDS = 5.0
CREDENTIALS: Mapping[str, str] = {
    "client_id": "OAuth client of a Google Cloud project, from its console",
    "client_secret": "secret of that client",
    "refresh_token": "refresh token a person with access has consented to (or the password)",
    "private_key, client_email": "instead of all these: the whole key file of a service account, "
    "pasted as the connection's extra",
}
WHAT_TO_DO: Mapping[str, str] = {
    "invalid_grant": "the refresh token has expired or was revoked: consent again and store the "
    "new refresh_token in the connection",
    "invalid_client": "client_id and client_secret do not belong together: copy both from the "
    "Google Cloud console into the connection",
    "unauthorized_client": "the OAuth client may not use refresh tokens: make one of the kind "
    "desktop or web and consent again",
    "invalid_scope": "the consent lacks the scope: consent again with the scope of this API",
}

KEY_WHAT_TO_DO: Mapping[str, str] = {
    "invalid_grant": "the key or its account was deleted, or the clock of this machine is wrong: "
    "make a new key in the Google Cloud console and paste its file into the connection",
    "invalid_scope": "the API of this scope is not switched on in the account's project",
    "unauthorized_client": "the service account may not use this scope: switch the API on in its "
    "project and let the account in where the data is",
}


class GoogleToken(requests.auth.AuthBase):
    """Puts a valid bearer token on every request of one account."""

    def __init__(
        self, account: Account, now: Now, host: Host, default_base_url: str, scope: str
    ) -> None:
        """``scope`` is what a service account asks for; a consent has its own."""
        options = Options(account)
        self._key = None if _is_consent(account) else ServiceAccountKey(account)
        self._scope = scope
        self._consent = _read_consent(account, options) if self._key is None else {}
        self._advice = WHAT_TO_DO if self._key is None else KEY_WHAT_TO_DO
        base_url = options.text("base_url") or default_base_url
        given = self._key.token_uri if self._key else ""
        own = given or GOOGLE_TOKEN_URL
        if base_url != default_base_url:
            own = f"{base_url}/token"
        self._url = options.text("token_url", own)
        base, _, self._path = self._url.rpartition("/")
        self._who = f"{account.source} account {account.name}"
        self._now = now
        self._http = HttpSession(base, {}, secrets=self.secrets, sleep=host.sleep)
        self._token = ""
        self._expires_at: datetime | None = None

    @property
    def secrets(self) -> list[str]:
        """What must never be shown."""
        if self._key is not None:
            return self._key.secrets
        return [self._consent["client_secret"], self._consent["refresh_token"]]

    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.headers["Authorization"] = f"Bearer {self._read()}"
        return r

    def forget(self) -> None:
        """Mint another one before the next request: the vendor calls this one expired."""
        self._token = ""

    def _read(self) -> str:
        is_old = self._expires_at is not None and self._now() >= self._expires_at - RENEW_BEFORE
        if is_old or not self._token:
            asked_at = self._now()
            response = self._http.send("POST", self._path, self._classify, data=self._make_form())
            told = read_json(response, f"the token endpoint for {self._who}")
            self._token = str(told["access_token"])
            self._expires_at = asked_at + timedelta(seconds=float(told.get("expires_in", 3599)))
        return self._token

    def _make_form(self) -> Mapping[str, str]:
        """What is exchanged: a consent stays the same, an assertion is signed each time."""
        if self._key is None:
            return {"grant_type": "refresh_token", **self._consent}
        assertion = self._key.sign(self._scope, self._url, self._now())
        return {"grant_type": JWT_GRANT, "assertion": assertion}

    def _classify(self, response: requests.Response) -> Again | None:
        what = f"Google's token endpoint for {self._who}"
        status = response.status_code
        if status == 429:
            error = describe_gateway_failure(response, what)
            seconds = retry_after_seconds(response, self._now)
            return Again(error, TOO_FAST_FIRST_SECONDS, seconds)
        if status in BROKEN_GATEWAYS:
            return Again(describe_gateway_failure(response, what))
        code, said = _read_refusal(response)
        if status == 200:
            if not code and "access_token" in response.text:
                return None
            return Again(TemporaryFailure(f"{what} answered no token; try later"))
        if not code:
            shown = self._http.scrubber.show_body(response)
            raise RequestRefused(f"{what} answered HTTP {status}: {shown}; check token_url")
        advice = self._advice.get(code, "check the OAuth client and its consent")
        shown = self._http.scrubber.scrub(said)
        raise AccessDenied(f"{what} answered {code} ({shown}); {advice}")


def _is_consent(account: Account) -> bool:
    """Whether a person has consented; a key file counts where no refresh token is."""
    given = account.credentials
    return "private_key" not in given or "refresh_token" in given


def _read_consent(account: Account, options: Options) -> Mapping[str, str]:
    is_password = "refresh_token" not in account.credentials and "token" in account.credentials
    refresh = "token" if is_password else "refresh_token"
    return {
        "client_id": options.secret("client_id", "the id of the OAuth client"),
        "client_secret": options.secret("client_secret", "the secret of the OAuth client"),
        "refresh_token": options.secret(refresh, "the refresh token of a person's consent"),
    }


def _read_refusal(response: requests.Response) -> tuple[str, str]:
    """Error word and description; empty where the body is none of the token endpoint's."""
    try:
        body = response.json()
    except (ValueError, requests.RequestException):
        return "", ""
    if not isinstance(body, dict) or not isinstance(body.get("error"), str):
        return "", ""
    return body["error"], str(body.get("error_description", ""))
