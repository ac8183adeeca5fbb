"""Keeps tokens a vendor exchanges, in an Airflow Variable beside the connection they came from.

Airflow gives tasks no way to change a connection. A Variable is encrypted with the same key, can
come from the same secrets backend, and one with `token` in its name is masked in logs and pages.
It holds the fingerprint of the connection's own credentials: as soon as a person gives the
connection new ones, what was stored before counts no more.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from airflow.sdk import Variable
from filelock import FileLock

from include.connectors.protocol import Account, BadInput, TemporaryFailure
from include.ingestion.shared_limits import require_writable

Credentials = Mapping[str, str]

FRESH_SECONDS = 30.0


class ReadingVault:
    """The newest credentials of one account, for who may use but not exchange them.

    A triggerer serves many runs and may be stopped at any moment: a token exchanged there could be
    lost before it is stored. Reading blocks, so it belongs into a thread.
    """

    def __init__(self, account: Account) -> None:
        self._given = dict(account.credentials)
        self._who = f"{account.source} account {account.name}"
        digest = hashlib.sha256(f"{account.source}\0{account.name}".encode()).hexdigest()[:12]
        self._name = f"throughline_token_{account.source}_{digest}"
        self._seen: Credentials = {}
        self._looked_at: float | None = None

    def read(self) -> Credentials:
        """The stored credentials, or those of the connection when nothing newer is stored.

        Looked up at most once in :data:`FRESH_SECONDS`, for connectors ask before every request and
        each look is a request to Airflow. One that is outdated meanwhile is refused by the vendor,
        and :meth:`renew` looks anew.
        """
        now = time.monotonic()
        if self._looked_at is None or now - self._looked_at > FRESH_SECONDS:
            self._seen, self._looked_at = self._look(), now
        return dict(self._seen)

    def renew(self, used: Credentials, ask: Callable[[Credentials], Credentials]) -> Credentials:
        """What a task has stored since ``used``; nothing is asked of the vendor."""
        self._seen, self._looked_at = self._look(), time.monotonic()
        if dict(self._seen) != dict(used):
            return dict(self._seen)
        raise TemporaryFailure(
            f"the token of {self._who} has to be exchanged, which only a task does: it is woken"
        )

    def _look(self) -> Credentials:
        text = Variable.get(self._name, default="null")
        try:
            stored = json.loads(text)
            if not stored or stored["fingerprint"] != _fingerprint(self._given):
                return dict(self._given)
            return dict(stored["credentials"])
        except (ValueError, TypeError, LookupError):
            pass  # raised below: no traceback may carry what the Variable holds
        raise BadInput(
            f"the Variable {self._name} was changed by someone: delete it, and if the vendor then "
            "refuses the account, put a new token into its connection"
        )


class VariableVault(ReadingVault):
    """The credentials of one account; ``folder`` holds the lock all processes of a host share."""

    def __init__(self, account: Account, folder: Path) -> None:
        super().__init__(account)
        require_writable(folder)
        self._lock = FileLock(folder / f"{self._name}.lock")

    def renew(self, used: Credentials, ask: Callable[[Credentials], Credentials]) -> Credentials:
        """Newer credentials than ``used``; one process asks the vendor, the others get its answer.

        They are stored before anybody uses them: the vendor has already forgotten the old ones.
        """
        with self._lock:
            current = self._look()
            self._seen, self._looked_at = current, time.monotonic()
            if dict(current) != dict(used):
                return current
            renewed = dict(ask(current))
            stored = {"fingerprint": _fingerprint(self._given), "credentials": renewed}
            Variable.set(self._name, json.dumps(stored), description="Written by Throughline")
            self._seen = renewed
            return renewed


def _fingerprint(credentials: Credentials) -> str:
    text = json.dumps(dict(credentials), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
