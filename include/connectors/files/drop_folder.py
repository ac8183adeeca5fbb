"""The drop folder: what lies in it, what to leave alone, and whose mapping a file falls under.

Works on any fsspec address. Hidden files, ``.part``, ``.tmp`` and ``~$`` lock files are somebody's
unfinished work and are never listed. Names are relative to the folder, with ``/``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import translate
from functools import cache
from pathlib import Path
from re import IGNORECASE, Pattern
from re import compile as compile_pattern
from typing import Any, BinaryIO

from fsspec.core import url_to_fs

from include.connectors.protocol import BadInput, IncompleteAnswer

MAPPING_SUFFIXES = (".mapping.yaml", ".mapping.yml")
_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart", ".swp")
_HASH_BLOCK = 1 << 20


@dataclass(frozen=True)
class DroppedFile:
    """One file of the folder; ``modified_at`` is ``None`` where the store does not say."""

    name: str
    path: str
    size: int
    modified_at: datetime | None


class DropFolder:
    """One folder of one account."""

    def __init__(self, url: str) -> None:
        try:
            self._fs, self._root = url_to_fs(url)
        except (ValueError, ImportError) as error:
            raise BadInput(
                f"option folder {url!r} cannot be opened: {error}. Give a local path or an fsspec "
                "address whose package is installed."
            ) from None
        self.url = url

    def list_files(self) -> list[DroppedFile]:
        """Every finished file, by name; raises ``BadInput`` when the folder is not there."""
        if not self._fs.isdir(self._root):
            raise BadInput(
                f"the drop folder {self.url!r} does not exist or is not a folder. Create it or "
                "correct `folder` in the sources file."
            )
        root = self._root.rstrip("/")
        found = []
        for path, info in self._fs.find(root, detail=True).items():
            name = path[len(root) :].lstrip("/")
            if is_unfinished(name):
                continue
            if info.get("type") != "file":
                info = self._follow_link(path, name)
            modified_at = _read_time(info)
            found.append(DroppedFile(name, path, int(info.get("size") or 0), modified_at))
        return sorted(found, key=lambda file: file.name)

    def _follow_link(self, path: str, name: str) -> dict[str, Any]:
        """What a link to a file leads to: its size and time, not the link's own."""
        if not self._fs.isfile(path):
            raise BadInput(
                f"{name} in the drop folder {self.url!r} is no file: a link to a folder, or to "
                "nothing. Put the files themselves there, or make that folder an account of its "
                "own."
            )
        return dict(self._fs.info(Path(path).resolve().as_posix()))

    def open(self, path: str) -> BinaryIO:
        """The file's bytes, seekable; raises ``IncompleteAnswer`` when it is gone by now."""
        try:
            return self._fs.open(path, "rb")
        except FileNotFoundError:
            raise IncompleteAnswer(
                f"{path} was taken out of the drop folder since it was planned; the next run "
                "plans anew."
            ) from None
        except PermissionError:
            raise BadInput(
                f"{path} may not be read by this user. Give it read permission."
            ) from None

    def read_text(self, path: str) -> str:
        """A small UTF-8 file such as a mapping."""
        with self.open(path) as stream:
            return _decode_mapping(stream.read(), path)

    def hash_content(self, path: str) -> str:
        """sha256 of the bytes, streamed."""
        digest = hashlib.sha256()
        with self.open(path) as stream:
            while block := stream.read(_HASH_BLOCK):
                digest.update(block)
        return digest.hexdigest()


def _decode_mapping(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadInput(f"{path}:{line}: a mapping file is UTF-8. Save it as such.") from None


def _read_time(info: dict[str, Any]) -> datetime | None:
    value = info.get("mtime") or info.get("LastModified") or info.get("created")
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return None


def is_unfinished(name: str) -> bool:
    """Whether a name marks a hidden, partial or lock file (or one in a hidden folder)."""
    parts = name.split("/")
    base = parts[-1].lower()
    return (
        any(part.startswith(".") for part in parts)
        or base.startswith("~$")
        or base.removesuffix(".gz").endswith(_UNFINISHED)
    )


@cache
def _segment_pattern(text: str) -> Pattern[str]:
    return compile_pattern(translate(text), IGNORECASE)


def matches(pattern: str, name: str) -> bool:
    """Whether a relative name falls under a glob, whatever the case of letters.

    ``*`` stays inside one folder, ``**`` is any number of folders, and a pattern without ``/``
    speaks of the file's own name in any folder.
    """
    wanted = pattern.split("/")
    if len(wanted) == 1:
        wanted = ["**", *wanted]
    return _match_segments(tuple(wanted), tuple(name.split("/")))


def _match_segments(wanted: tuple[str, ...], parts: tuple[str, ...]) -> bool:
    if not wanted:
        return not parts
    if wanted[0] == "**":
        return any(_match_segments(wanted[1:], parts[start:]) for start in range(len(parts) + 1))
    if not parts or not _segment_pattern(wanted[0]).match(parts[0]):
        return False
    return _match_segments(wanted[1:], parts[1:])
