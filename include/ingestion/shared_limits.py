"""Rate limits shared by every process of this installation.

The state is one small SQLite file per limit and per whatever the vendor counts it by (the source's
profile says which: an account, a credential, an OAuth client, this host), under the installation's
home. So tasks, the triggerer and a person at the command line together stay below what the vendor
allows, and so do several accounts behind one address or token. SQLite's
log does not work on a network folder: where tasks run on several hosts, let one run the pool of a
source.
"""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyrate_limiter

from include.connectors.protocol import (
    Account,
    BadInput,
    CountedBy,
    Limiter,
    Rate,
    TemporaryFailure,
)


class SharedLimits:
    """Makes limiters for one account; ``folder`` is made when it is missing."""

    def __init__(
        self, folder: Path, account: Account, counted_by: Mapping[str, CountedBy] | None = None
    ) -> None:
        self._folder = folder
        self._account = account
        self._counted_by = counted_by or {}

    def share(self, key: str, rates: Sequence[Rate]) -> Limiter:
        """The limiter ``key``: the same for whoever asks in any process, if it counts together.

        Accounts may differ in how many requests they allow themselves; each then keeps to its own
        number, and all their requests count.
        """
        counted_by = self._counted_by.get(key, "account")
        owner = _name_owner(self._account, counted_by)
        name = " ".join(filter(None, (self._account.source, owner, key)))
        readable = re.sub(r"[^\w-]+", "-", name)[:60]
        spans = sorted(rate.seconds for rate in rates)
        digest = hashlib.sha256(f"{counted_by} {name} {spans}".encode()).hexdigest()[:12]
        require_writable(self._folder)
        return SharedLimiter(self._folder / f"{readable}-{digest}.sqlite", rates)


def _name_owner(account: Account, counted_by: CountedBy) -> str:
    """Who shares the count; a credential is told by a digest, and an absent one by the account."""
    if counted_by == "address":
        return ""
    name = {"token": "token", "application": "client_id"}.get(counted_by, "")
    if not account.credentials.get(name):
        return account.name
    known = [account.source, account.credentials[name]]
    if counted_by == "token":
        known.append(account.credentials.get("login", ""))  # two people may have one password
    return hashlib.sha256("\0".join(known).encode()).hexdigest()[:12]


class SharedLimiter:
    """Blocks until one more request fits into every rate."""

    def __init__(self, path: Path, rates: Sequence[Rate]) -> None:
        self._path = path
        self._rates = [
            pyrate_limiter.Rate(rate.requests, max(int(rate.seconds * 1000), 1))
            for rate in binding_rates(rates)
        ]
        self._lock = threading.Lock()
        self._limiter: pyrate_limiter.Limiter | None = None

    def acquire(self, weight: int = 1) -> None:
        """Return when one more request, which costs ``weight``, may be sent."""
        # What is heavier than a whole rate would be refused at once, and not be counted at all.
        most = min(rate.limit for rate in self._rates)
        with self._lock:
            try:
                limiter = self._open()
                for taken in range(0, weight, most):
                    limiter.try_acquire("request", min(most, weight - taken), blocking=True)
                return
            except (sqlite3.Error, OSError) as error:
                trouble = f"{type(error).__name__}: {error}"
        raise TemporaryFailure(
            f"the shared rate limit {self._path} cannot be used ({trouble}): try later; if it "
            "repeats, make the file writable, or remove it while nothing runs"
        )

    def _open(self) -> pyrate_limiter.Limiter:
        if self._limiter is None:
            bucket = pyrate_limiter.SQLiteBucket.init_from_file(
                self._rates, db_path=str(self._path), use_file_lock=True
            )
            self._limiter = pyrate_limiter.Limiter(bucket, buffer_ms=0)
        return self._limiter


def require_writable(folder: Path) -> None:
    """Make the folder; raises ``BadInput`` when this user may not write there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trouble = "" if os.access(folder, os.W_OK | os.X_OK) else "no right to write"
    except OSError as error:
        trouble = error.strerror or type(error).__name__
    if trouble:
        raise BadInput(
            f"{folder} cannot be used ({trouble}): give the user who runs this the right to write "
            "there, or set THROUGHLINE_HOME to another folder"
        )


def binding_rates(rates: Sequence[Rate]) -> list[Rate]:
    """Those rates that can ever bind, shortest interval first, as the library wants them.

    A rate over a long time that another one keeps anyway is left out, and so is one over a short
    time that allows no fewer requests than a longer one.
    """
    kept: list[Rate] = []
    for rate in sorted(rates, key=lambda rate: (rate.seconds, rate.requests)):
        if kept and rate.requests * kept[-1].seconds >= kept[-1].requests * rate.seconds:
            continue
        while kept and kept[-1].requests >= rate.requests:
            kept.pop()
        kept.append(rate)
    return kept
