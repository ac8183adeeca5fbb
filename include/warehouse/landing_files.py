"""Files under one fsspec root, written so that a reader never sees half of one.

On a local disk a file gets its final name only after its bytes are synced; an object store shows
an object only once it is complete, so there the final name is written directly.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import fsspec
from fsspec.implementations.local import LocalFileSystem


class LandingFiles:
    """Reads, lists and atomically writes files by paths relative to ``root``."""

    def __init__(self, root: str) -> None:
        # Other processes write here too: a cached listing would hide what they landed.
        self._fs, base = fsspec.core.url_to_fs(root, use_listings_cache=False)
        self._base = base.rstrip("/")
        self.is_local = isinstance(self._fs, LocalFileSystem)

    def write(self, path: str, data: bytes) -> None:
        """Write a whole small file; an existing one is replaced in one step."""
        with self.open_new(path) as stream:
            stream.write(data)

    def open_new(self, path: str) -> NewFile:
        """A stream that becomes ``path`` when closed without an error."""
        return NewFile(self, path)

    def read(self, path: str) -> bytes:
        """All bytes; raises ``FileNotFoundError``."""
        data: bytes = self._fs.cat_file(self._full(path))
        return data

    def exists(self, path: str) -> bool:
        """Whether a file of this exact name is there."""
        return bool(self._fs.isfile(self._full(path)))

    def remove(self, path: str) -> None:
        """Remove a file; one already gone is fine, someone else was faster."""
        try:
            self._fs.rm_file(self._full(path))
        except FileNotFoundError:
            return

    def remove_folder(self, path: str) -> None:
        """Remove a folder and all in it; one already gone is fine."""
        try:
            self._fs.rm(self._full(path), recursive=True)
        except FileNotFoundError:
            return

    def names(self, folder: str) -> list[str]:
        """Sorted names directly in a folder; empty when there is no such folder."""
        try:
            found = self._fs.ls(self._full(folder), detail=False, refresh=True)
        except (FileNotFoundError, NotADirectoryError):
            return []
        return sorted(str(name).rstrip("/").rsplit("/", 1)[-1] for name in found)

    def walk(self, folder: str) -> Iterator[tuple[str, list[str]]]:
        """Every folder below ``folder`` with the names of its files, in a stable order."""
        start = self._full(folder)
        if not self._fs.isdir(start):
            return
        for full, _, files in sorted(self._fs.walk(start), key=lambda entry: str(entry[0])):
            yield str(full)[len(self._base) :].strip("/"), sorted(files)

    def modified_at(self, path: str) -> float:
        """Seconds since the epoch of the last change; 0 when the file is gone or untold."""
        try:
            return float(self._fs.modified(self._full(path)).timestamp())
        except (FileNotFoundError, NotImplementedError):
            return 0.0

    def open_raw(self, full_path: str) -> IO[bytes]:
        """A plain write stream; only :class:`NewFile` uses it."""
        if self.is_local:
            # Landed rows hold personal data: other users of the machine must not read them.
            Path(self._base).mkdir(mode=0o700, parents=True, exist_ok=True)
            Path(full_path).parent.mkdir(parents=True, exist_ok=True)
            return Path(full_path).open("wb")
        stream: IO[bytes] = self._fs.open(full_path, "wb")
        return stream

    def _full(self, path: str) -> str:
        return f"{self._base}/{path}" if path else self._base


class NewFile:
    """A write-only stream that counts and digests what passes through it.

    It has just enough of a Python file for ``pyarrow.parquet.ParquetWriter``. :meth:`discard`
    leaves nothing behind.
    """

    def __init__(self, files: LandingFiles, path: str) -> None:
        self._files = files
        self._final = files._full(path)
        self._path = f"{self._final}.{secrets.token_hex(4)}.tmp" if files.is_local else self._final
        self._stream: Any = files.open_raw(self._path)
        self._digest = hashlib.sha256()
        self.size_bytes = 0
        self.closed = False

    def write(self, data: Any) -> int:
        """Append bytes or a buffer."""
        view = memoryview(data)
        self._stream.write(view)
        self._digest.update(view)
        self.size_bytes += view.nbytes
        return view.nbytes

    def tell(self) -> int:
        """Bytes written so far."""
        return self.size_bytes

    def flush(self) -> None:
        """Nothing to do: only :meth:`close` promises anything."""

    def readable(self) -> bool:
        """Never."""
        return False

    def writable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Never."""
        return False

    @property
    def sha256(self) -> str:
        """Digest of the bytes written so far."""
        return self._digest.hexdigest()

    def close(self) -> None:
        """Make the file durable and give it its name."""
        if self.closed:
            return
        self.closed = True
        if not self._files.is_local:
            self._stream.close()
            return
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        Path(self._path).replace(self._final)
        folder = os.open(Path(self._final).parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def discard(self) -> None:
        """Drop what was written."""
        if self.closed:
            return
        self.closed = True
        if self._files.is_local:
            self._stream.close()
            Path(self._path).unlink(missing_ok=True)
        elif hasattr(self._stream, "discard"):
            self._stream.discard()

    def __enter__(self) -> NewFile:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            self.discard()
