"""Who may log in: the owner of the installation and, when it has a password, the BI login."""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from include.embedded.errors import make_error

BI_USER = "bi"


@dataclass(frozen=True)
class Logins:
    """Passwords of the two logins; an empty ``bi_password`` means there is no BI login."""

    user: str
    password: str
    bi_password: str = ""

    def check(self, user: str, password: str) -> bool:
        """True for the BI login, False for the owner; error 516 for anyone else."""
        expected = {self.user: self.password}
        if self.bi_password:
            expected[BI_USER] = self.bi_password
        known = expected.get(user)
        if known is None or not hmac.compare_digest(known.encode(), password.encode()):
            raise make_error(
                516,
                "AUTHENTICATION_FAILED",
                f"{user}: Authentication failed: password is incorrect, "
                "or there is no user with such name",
            )
        return user == BI_USER
