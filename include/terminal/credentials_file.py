"""The JSON file an operator names for ``ingest --credentials``; exchanged tokens are written back.

A vendor that rotates refresh tokens forgets the old one at once: keeping the new one in memory only
would leave the operator with a file that opens nothing.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from filelock import FileLock

Credentials = Mapping[str, str]


class UnreadableCredentials(Exception):
    """The file is missing or no JSON object of texts; the message names it, not its content."""


class CredentialsFile:
    """A vault over one file; several processes may use it at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = FileLock(path.with_name(f"{path.name}.lock"))

    def read(self) -> Credentials:
        """What the file holds now; raises :class:`UnreadableCredentials`."""
        try:
            content = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            reason = type(error).__name__
        else:
            if isinstance(content, dict) and all(isinstance(v, str) for v in content.values()):
                return content
            reason = 'not an object of texts such as {"token": "…"}'
        raise UnreadableCredentials(f"{self._path} is no readable JSON file ({reason})")

    def renew(self, used: Credentials, ask: Callable[[Credentials], Credentials]) -> Credentials:
        """Newer credentials than ``used``, in the file before anybody uses them."""
        with self._lock:
            current = self.read()
            if dict(current) != dict(used):
                return current
            renewed = dict(ask(current))
            self._replace(renewed)
            return renewed

    def _replace(self, content: Credentials) -> None:
        number, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}-")
        with os.fdopen(number, "w", encoding="utf-8") as draft:
            json.dump(dict(content), draft, ensure_ascii=False, indent=1)
            draft.flush()
            os.fsync(draft.fileno())
        Path(name).replace(self._path)
