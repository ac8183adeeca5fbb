"""Who may call: permanent keys, sessions of an hour, the white list of addresses."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.uis.errors import RpcError

APP_ID = 1103
KEYS = {"demo-token": "all", "limited-token": "account", "agent-token": "all"}
"""Permanent keys → what they may read: everything, or the account alone."""
AGENT_KEY = "agent-token"
"""A partner's key: its calls must name the client, all but the list of clients."""
BLOCKED_KEY = "blocked-token"
LOGINS = {"demo-login": "demo-password"}
CUSTOMER_USERS = {2001: "Second brand"}
"""Clients of an agency, whose ``user_id`` may be given."""
SESSION_LIFE = timedelta(hours=1)


class Access:
    """All sessions of the stand-in."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Every session is forgotten."""
        self._sessions: dict[str, datetime] = {}
        self._minted = 0

    def log_in(self, params: Mapping[str, Any], now: datetime) -> tuple[str, datetime]:
        """A new session and the instant it ends."""
        password = LOGINS.get(str(params["login"]))
        if password is None or password != params["password"]:
            raise RpcError("auth_error", field="login", value=params["login"])
        self._minted += 1
        token = hashlib.sha256(f"{params['login']}/{self._minted}".encode()).hexdigest()[:40]
        self._sessions[token] = now + SESSION_LIFE
        return token, self._sessions[token]

    def log_out(self, token: str) -> None:
        """End a session; a permanent key stays."""
        self._sessions.pop(token, None)

    def authenticate(self, token: Any, method: str, now: datetime) -> None:
        """Raise unless the token may call the method."""
        if not isinstance(token, str):
            raise RpcError("data_type_error", field="access_token", value=token)
        if token == BLOCKED_KEY:
            raise RpcError("access_token_blocked", field="access_token", value=token)
        if token in self._sessions:
            if self._sessions[token] <= now:
                raise RpcError("access_token_expired", field="access_token", value=token)
            return
        if token not in KEYS:
            raise RpcError("access_token_invalid", field="access_token", value=token)
        if KEYS[token] != "all" and method != "get.account":
            raise RpcError("forbidden", field="access_token", value=token)

    @staticmethod
    def require_user(token: str, method: str, user: Any) -> None:
        """Raise unless ``user_id`` is a client of the agency, or not given and not needed."""
        is_needed = token == AGENT_KEY and method != "get.customer_users"
        if user is None and is_needed:
            raise RpcError("required_parameter_missed", "Parameter user_id is required", "user_id")
        if user is not None and user not in CUSTOMER_USERS:
            raise RpcError("entity_not_found", f"User {user} is not found", "user_id", user)

    @staticmethod
    def require_address(address: str, white_list: str) -> None:
        """Raise unless the address is in the comma-separated networks of the white list."""
        try:
            caller = ipaddress.ip_address(address)
        except ValueError:
            caller = ipaddress.ip_address("127.0.0.1")
        networks = [ipaddress.ip_network(part.strip()) for part in white_list.split(",") if part]
        if not any(caller in network for network in networks):
            raise RpcError("ip_not_whitelisted", f"IP {address} is not whitelisted", value=address)
