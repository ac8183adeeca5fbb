"""Requests to one portal, with a private app's token or those of an OAuth app.

Searches have a limit of their own, shared by the whole portal; all other requests share another.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import requests

from include.connectors._http import Again, HttpSession, read_json
from include.connectors._options import Options
from include.connectors.hubspot.answers import AnswerReader, TokenExpired
from include.connectors.protocol import (
    AccessDenied,
    Account,
    Host,
    MemoryVault,
    Now,
    Rate,
    RequestRefused,
    TemporaryFailure,
)

DEFAULT_BASE_URL = "https://api.hubapi.com"
OAUTH_NAMES = ("client_id", "client_secret", "refresh_token")
SPARE = timedelta(seconds=60)
"""A token that ends sooner than this is exchanged before it is used."""


class Client:
    """One portal and the app that reads it."""

    def __init__(self, account: Account, options: Options, now: Now, host: Host) -> None:
        credentials = account.credentials
        self._now = now
        self._answers = AnswerReader(account.name, now)
        self._vault = host.vault or MemoryVault(credentials)
        self._is_oauth = bool(credentials.get("client_id"))
        if self._is_oauth:
            secrets = [options.secret(name, f"the app's {name}") for name in OAUTH_NAMES]
            secrets += [held for held in (self._vault.read().get("access_token"),) if held]
            self._token = ""
        else:
            self._token = options.secret("token", "the private app's access token")
            secrets = [self._token]
        base_url = options.text("base_url", DEFAULT_BASE_URL)
        calls = Rate(options.number("requests_per_ten_seconds", 100, least=1), 10.0)
        searches = Rate(options.number("searches_per_second", 4, least=1), 1.0)
        self._who = account.name

        def open_session(name: str, rate: Rate) -> HttpSession:
            return HttpSession(
                base_url,
                {"Accept": "application/json"},
                secrets,
                sleep=host.sleep,
                limiter=host.share_limit(name, [rate]),
            )

        self._calls = open_session("requests", calls)
        self._searches = open_session("searches", searches)
        self._answers.use_scrubber(self._calls.scrubber)

    def get(self, path: str, **query: Any) -> dict[str, Any]:
        """The body of a GET."""
        return self._send(self._calls, "GET", path, params=query)

    def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a POST; 207 is a success too."""
        return self._send(self._calls, "POST", path, json=dict(body))

    def search(self, kind: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """One page of a search."""
        path = f"crm/v3/objects/{kind}/search"
        return self._send(self._searches, "POST", path, json=dict(body))

    def _send(self, http: HttpSession, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        if not self._is_oauth:
            return self._ask(http, method, path, self._token, arguments)
        held = self._vault.read()
        if self._is_ending(held):
            held = self._vault.renew(held, self._renew)
        answer = self._try(http, method, path, held["access_token"], arguments)
        if answer is None:
            held = self._vault.renew(held, self._renew)
            answer = self._ask(http, method, path, held["access_token"], arguments)
        return answer

    def _try(
        self, http: HttpSession, method: str, path: str, token: str, arguments: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """None when the access token has expired."""
        try:
            return self._ask(http, method, path, token, arguments)
        except TokenExpired:
            return None

    def _ask(
        self, http: HttpSession, method: str, path: str, token: str, arguments: Mapping[str, Any]
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"}
        http.send(method, path, self._answers.read, headers=headers, **arguments)
        document = self._answers.take_document()
        if "results" not in document:
            raise RequestRefused(
                f"HubSpot answered {path} without results: the vendor's API has changed; compare "
                "its changelog with the connector"
            )
        return document

    def _is_ending(self, held: Mapping[str, str]) -> bool:
        if not held.get("access_token"):
            return True
        ends_at = held.get("expires_at")
        return bool(ends_at) and datetime.fromisoformat(str(ends_at)) <= self._now() + SPARE

    def _renew(self, held: Mapping[str, str]) -> Mapping[str, str]:
        form = {"grant_type": "refresh_token"} | {name: held[name] for name in OAUTH_NAMES}
        response = self._calls.send("POST", "oauth/v1/token", self._read_token, data=form)
        document = read_json(response, "the token endpoint of HubSpot")
        ends_at = self._now() + timedelta(seconds=int(document["expires_in"]))
        return {
            **held,
            "access_token": str(document["access_token"]),
            "refresh_token": str(document.get("refresh_token") or held["refresh_token"]),
            "expires_at": ends_at.isoformat(),
        }

    def _read_token(self, response: requests.Response) -> Again | None:
        if response.status_code == 200:
            return None
        if response.status_code >= 500 or response.status_code == 429:
            return Again(TemporaryFailure("the token endpoint of HubSpot is in trouble; try later"))
        raise AccessDenied(
            f"HubSpot refuses the app of portal {self._who} (HTTP {response.status_code}): install "
            "the app anew and store its client_id, client_secret and refresh_token in the "
            "connection"
        )
