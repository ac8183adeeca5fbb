"""Who may call: Basic logins, tokens of users and tokens of solutions.

``admin@demo`` / ``demo-password`` with its ``demo-token``; ``seller@demo`` / ``seller-password``
with ``seller-token``, who may not see reports nor goods' costs; ``solution-token`` of a published
solution. A new token of a user revokes the user's earlier ones.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import deque
from dataclasses import dataclass

from include.sandbox.vendors.clock import Clock
from include.sandbox.vendors.moysklad.errors import ApiError

PASSWORDS = {"admin@demo": "demo-password", "seller@demo": "seller-password"}
FIRST_TOKENS = {
    "demo-token": "admin@demo",
    "seller-token": "seller@demo",
    "solution-token": "solution",
}
SOLUTIONS = ("solution",)
WRONG_PASSWORDS = 10
WRONG_PASSWORD_SECONDS = 60.0
"""How many wrong passwords are too many is not published."""


@dataclass(frozen=True)
class Caller:
    """Who calls."""

    name: str

    @property
    def is_solution(self) -> bool:
        """Whether it is a solution and no user."""
        return self.name in SOLUTIONS

    @property
    def sees_reports(self) -> bool:
        """Whether reports are among its rights."""
        return self.name != "seller@demo"


class Access:
    """All tokens of the stand-in."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.reset()

    def reset(self) -> None:
        """Only the first tokens are known again."""
        self.tokens = dict(FIRST_TOKENS)
        self._minted = 0
        self._wrong: deque[float] = deque()

    def authenticate(self, authorization: str) -> Caller:
        """The caller, or 401/1056; 429/1048 after too many wrong passwords."""
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() == "bearer":
            name = self.tokens.get(secret.strip())
            if name is None:
                raise ApiError(401, 1056, "неверный токен доступа")
            return Caller(name)
        return self._check_password(scheme, secret)

    def issue(self, authorization: str) -> dict[str, str]:
        """A new token for a login; the user's earlier ones are dead."""
        scheme, _, secret = authorization.partition(" ")
        caller = self._check_password(scheme, secret)
        self._minted += 1
        text = f"{caller.name}/{self._minted}"
        token = hashlib.sha256(text.encode()).hexdigest()[:40]
        self.tokens = {known: name for known, name in self.tokens.items() if name != caller.name}
        self.tokens[token] = caller.name
        return {"access_token": token}

    def _check_password(self, scheme: str, secret: str) -> Caller:
        now = self._clock.elapsed()
        while self._wrong and now - self._wrong[0] >= WRONG_PASSWORD_SECONDS:
            self._wrong.popleft()
        if len(self._wrong) >= WRONG_PASSWORDS:
            raise ApiError(429, 1048)
        try:
            login, _, password = base64.b64decode(secret).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            login, password = "", ""
        if scheme.lower() != "basic" or PASSWORDS.get(login) != password:
            self._wrong.append(now)
            raise ApiError(401, 1056, "неправильный пароль или имя пользователя")
        return Caller(login)
