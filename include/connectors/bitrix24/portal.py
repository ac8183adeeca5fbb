"""Calls of one portal, through a webhook or with the tokens of an application.

Reads go in batches: 50 commands cost one request of the rate limit. A command is a URL-encoded
method string; ``$result[name][…]`` in it stands for the answer of an earlier command.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from include.connectors._http import Again, HttpSession, read_json
from include.connectors._options import Options
from include.connectors.bitrix24.answers import AnswerReader, TokenExpired
from include.connectors.protocol import (
    AccessDenied,
    Account,
    Host,
    IncompleteAnswer,
    MemoryVault,
    Now,
    Rate,
    RequestRefused,
    TemporaryFailure,
)

OAUTH_URL = "https://oauth.bitrix24.tech"
MOST_COMMANDS = 50
PLANS = {"standard": Rate(50, 25.0), "enterprise": Rate(250, 50.0)}
"""The vendor's bucket holds so many requests and is empty again after so many seconds."""
OAUTH_NAMES = ("client_id", "client_secret", "refresh_token")


@dataclass(frozen=True)
class Command:
    """One call of a batch; ``parameters`` may nest."""

    method: str
    parameters: Mapping[str, Any]

    def spell(self) -> str:
        """As a batch wants it."""
        pairs = "&".join(
            f"{quote(name, safe='')}={quote(value, safe='')}"
            for name, value in _flatten("", self.parameters)
        )
        return f"{self.method}?{pairs}" if pairs else self.method


@dataclass(frozen=True)
class BatchAnswer:
    """The parts of a batch's answer, by command."""

    result: Mapping[str, Any]
    errors: Mapping[str, Mapping[str, Any]]
    totals: Mapping[str, int]
    nexts: Mapping[str, int]

    def value(self, name: str) -> Any:
        """The result of one command; raises when it is not there."""
        if name not in self.result:
            raise IncompleteAnswer(
                f"a batch of Bitrix24 came back without its command {name}; ask again later"
            )
        return self.result[name]

    def total(self, name: str) -> int:
        """How many rows a counted list has; raises when the portal did not count."""
        if name not in self.totals:
            raise IncompleteAnswer(
                f"Bitrix24 did not count the rows of {name}, so nothing proves them complete; "
                "ask again later"
            )
        return int(self.totals[name])


class Portal:
    """One portal and who calls it."""

    def __init__(self, account: Account, options: Options, now: Now, host: Host) -> None:
        credentials = account.credentials
        self._answers = AnswerReader(account.name, now)
        self._vault = host.vault or MemoryVault(credentials)
        self._is_oauth = bool(credentials.get("client_id"))
        if self._is_oauth:
            secrets = [options.secret(name, _describe(name)) for name in OAUTH_NAMES]
            self._prefix = "rest"
        else:
            token = options.secret("token", "the secret of an incoming webhook, as the password,")
            user = options.secret("login", "the number of the webhook's user, as the login,")
            secrets = [token, quote(token, safe="")]
            self._prefix = f"rest/{quote(user, safe='')}/{quote(token, safe='')}"
        base_url = options.text("base_url") or _address(credentials.get("host", ""))
        if not base_url:
            raise AccessDenied(
                f"bitrix24 account {account.name} has no portal: put its address into the host "
                "of its connection"
            )
        plan = options.choice("plan", "standard", tuple(PLANS))
        self._http = HttpSession(
            base_url,
            {"Accept": "application/json"},
            [*secrets, *_known_tokens(self._vault.read())],
            sleep=host.sleep,
            limiter=host.share_limit("portal requests", [PLANS[plan]]),
        )
        self._answers.use_scrubber(self._http.scrubber)
        oauth_url = options.text("oauth_url") or _oauth_address(base_url)
        self._oauth = HttpSession(oauth_url, {}, secrets, sleep=host.sleep)
        self._who = account.name

    def call(self, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """The whole envelope of one method."""
        return self._send(method, dict(parameters), self._answers.read_call)

    def batch(self, commands: Mapping[str, Command], is_lenient: bool = False) -> BatchAnswer:
        """Up to 50 commands; an error of any ends all, unless ``is_lenient``."""
        body = {
            "halt": 0 if is_lenient else 1,
            "cmd": {name: command.spell() for name, command in commands.items()},
        }
        read = self._answers.read_trial if is_lenient else self._answers.read_call
        result = self._send("batch", body, read)["result"]
        if not isinstance(result, dict):
            raise RequestRefused("Bitrix24 answered a batch that is not an object")
        return BatchAnswer(
            *(
                _as_map(result.get(name), commands)
                for name in ("result", "result_error", "result_total", "result_next")
            )
        )

    def judge(self, error: Mapping[str, Any]) -> str:
        """What to do about the error of one command."""
        verdict = self._answers.judge(error.get("error"), str(error.get("error_description", "")))
        return str(verdict.error if isinstance(verdict, Again) else verdict)

    def _send(self, method: str, body: dict[str, Any], read: Any) -> dict[str, Any]:
        if not self._is_oauth:
            return self._post(method, body, read)
        held = self._vault.read()
        if not held.get("access_token"):
            held = self._vault.renew(held, self._renew)
        answer = self._try(method, body | {"auth": held["access_token"]}, read)
        if answer is None:
            held = self._vault.renew(held, self._renew)
            answer = self._post(method, body | {"auth": held["access_token"]}, read)
        return answer

    def _try(self, method: str, body: dict[str, Any], read: Any) -> dict[str, Any] | None:
        """None when the access token has expired."""
        try:
            return self._post(method, body, read)
        except TokenExpired:
            return None

    def _post(self, method: str, body: dict[str, Any], read: Any) -> dict[str, Any]:
        self._http.post_json(f"{self._prefix}/{method}", body, read)
        return self._answers.take_document()

    def _renew(self, held: Mapping[str, str]) -> Mapping[str, str]:
        query = {"grant_type": "refresh_token"} | {name: held[name] for name in OAUTH_NAMES}
        response = self._oauth.send("GET", "oauth/token/", self._read_token, params=query)
        document = read_json(response, "the OAuth server of Bitrix24")
        fresh = {name: str(document[name]) for name in ("access_token", "refresh_token")}
        return {**held, **fresh}

    def _read_token(self, response: requests.Response) -> Again | None:
        if response.status_code >= 500 or response.status_code == 429:
            return Again(TemporaryFailure("the OAuth server of Bitrix24 is in trouble; try later"))
        try:
            document = response.json()
        except (ValueError, requests.RequestException):
            document = {}
        if response.status_code == 200 and "access_token" in document:
            return None
        raise AccessDenied(
            f"the OAuth server refuses the application of Bitrix24 portal {self._who} "
            f"({document.get('error', response.status_code)}): install the application anew and "
            "store its client_id, client_secret and refresh_token in the connection"
        )


def _describe(name: str) -> str:
    return f"the {name} of the application"


def _known_tokens(credentials: Mapping[str, str]) -> list[str]:
    return [credentials[name] for name in ("access_token",) if credentials.get(name)]


def _address(host: str) -> str:
    return host if not host or "://" in host else f"https://{host}"


def _oauth_address(base_url: str) -> str:
    """Portals demand HTTPS: one that speaks plain HTTP is a stand-in, and serves its own tokens."""
    return base_url if urlsplit(base_url).scheme == "http" else OAUTH_URL


def _as_map(part: Any, commands: Mapping[str, Command]) -> Mapping[str, Any]:
    """PHP writes an empty map as a list."""
    if isinstance(part, dict):
        return part
    return dict(zip(commands, part or [], strict=False))


def _flatten(prefix: str, value: Any) -> Sequence[tuple[str, str]]:
    """Nested parameters as PHP names them: ``filter[>ID]``, ``select[0]``."""
    if isinstance(value, Mapping):
        items = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list | tuple):
        items = [(str(place), item) for place, item in enumerate(value)]
    else:
        return [(prefix, str(value))]
    return [
        pair
        for key, item in items
        for pair in _flatten(f"{prefix}[{key}]" if prefix else key, item)
    ]
