"""Elements of one long JSON array, each as it arrives; the array as a whole is never in memory.

Only braces, quotes and backslashes are looked at, a chunk at a time with numpy; the elements
themselves are left to a real parser. An array that does not end is an incomplete answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from include.connectors.protocol import IncompleteAnswer

CHUNK_BYTES = 1 << 18
_QUOTE, _BACKSLASH = ord('"'), ord("\\")
_MARKS = b'{}[]"\\'
_PLAIN = bytes(code for code in range(256) if code not in _MARKS)
_IS_MARK = np.isin(np.arange(256), list(_MARKS))
_STEPS = np.zeros(256, np.int8)
_STEPS[list(b"{[")], _STEPS[list(b"}]")] = 1, -1


class Body(Protocol):
    """A binary file to read from."""

    def read(self, size: int = -1, /) -> bytes | None:
        """Up to ``size`` bytes; empty at the end."""
        ...


class _Depths:
    """How deep every byte lies, carried from one chunk to the next."""

    def __init__(self) -> None:
        self.depth = 0
        self._is_inside = False
        self._is_escaped = False

    def find_ends(self, chunk: bytes, level: int) -> list[int]:
        """Places of the closing braces that lead back to ``level``."""
        if self._is_escaped or b"\\" in chunk:
            return self._find(np.frombuffer(chunk, np.uint8), level)
        # nothing is escaped: look at the marks alone, and for their places only where needed
        ends = self._find(np.frombuffer(chunk.translate(None, _PLAIN), np.uint8), level)
        if not ends:
            return []
        places = np.flatnonzero(_IS_MARK[np.frombuffer(chunk, np.uint8)])
        return places[ends].tolist()

    def _find(self, data: np.ndarray, level: int) -> list[int]:
        if not len(data):
            return []
        quotes = data == _QUOTE
        quotes[self._find_escaped(data)] = False
        inside = np.cumsum(quotes, dtype=np.int32) + self._is_inside
        outside = inside & 1 == 0
        steps = _STEPS[data] * outside
        depths = np.cumsum(steps, dtype=np.int32) + self.depth
        self._is_inside = not outside[-1]
        self.depth = int(depths[-1])
        return np.flatnonzero((depths == level) & (steps < 0)).tolist()

    def _find_escaped(self, data: np.ndarray) -> list[int]:
        """Places a backslash before them takes the meaning from."""
        found = [0] if self._is_escaped else []
        self._is_escaped = False
        for place in np.flatnonzero(data == _BACKSLASH).tolist():
            if found and found[-1] == place:
                continue
            if place + 1 == len(data):
                self._is_escaped = True
            else:
                found.append(place + 1)
        return found


def read_elements(body: Body, what: str) -> Iterator[bytes]:
    """Each object of the array, as its own bytes.

    A body that is a single object, as a front end of Google's sends its errors, is given whole.
    Raises :class:`IncompleteAnswer` where it ends inside.
    """
    depths = _Depths()
    held = bytearray()
    level = -1
    is_over = False
    while chunk := body.read(CHUNK_BYTES):
        if is_over:
            break
        if level < 0:
            chunk = chunk.lstrip() if not held else chunk
            if not chunk:
                continue
            if chunk[:1] not in (b"[", b"{"):
                break
            level = 1 if chunk[:1] == b"[" else 0
        start = 0
        for end in depths.find_ends(chunk, level):
            held += chunk[start : end + 1]
            start = end + 1
            yield _strip(held)
            held = bytearray()
        is_over = depths.depth == 0
        held += chunk[start:]
    if not is_over:
        raise IncompleteAnswer(
            f"{what} stopped in the middle of its JSON answer; nothing of it is kept, ask again"
        )


def _strip(held: bytearray) -> bytes:
    """An element without what separates it from the one before."""
    return bytes(held).lstrip(b"[, \t\r\n")
