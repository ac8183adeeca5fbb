"""Which mappings are in force for a drop folder.

Three tiers, the nearest first: ``*.mapping.yaml`` in the folder itself, the account's extra
folders, the project's folder. A file is asked about tier by tier, so a mapping beside the data
overrides a general one; two of the same tier that claim one file are an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from include.connectors.files.drop_folder import (
    MAPPING_SUFFIXES,
    DropFolder,
    DroppedFile,
    matches,
)
from include.connectors.files.mapping import FileMapping, parse_mapping
from include.connectors.protocol import BadInput

_SUFFIXES = (".yaml", ".yml")


class MappingLibrary:
    """Mappings by tier."""

    def __init__(self, tiers: Sequence[Sequence[FileMapping]]) -> None:
        self._tiers = tiers

    @classmethod
    def read(
        cls,
        folder: DropFolder,
        listed: Iterable[DroppedFile],
        account_folders: Sequence[str],
        project_folders: Sequence[str],
    ) -> MappingLibrary:
        """Read every mapping; raises ``BadInput`` for the first wrong one."""
        beside = [
            parse_mapping(folder.read_text(file.path), file.name, _name_of(file.name))
            for file in listed
            if is_mapping_file(file.name)
        ]
        tiers = [beside, _read_folders(account_folders), _read_folders(project_folders)]
        for tier in tiers:
            _refuse_same_names(tier)
        return cls(tiers)

    def find(self, file_name: str) -> FileMapping | None:
        """The mapping of a file; raises ``BadInput`` when two of one tier claim it."""
        for tier in self._tiers:
            found = [item for item in tier if any(matches(glob, file_name) for glob in item.files)]
            if len(found) > 1:
                paths = " and ".join(item.path for item in found)
                raise BadInput(
                    f"{file_name} falls under two mappings: {paths}. Narrow `files` in one of them."
                )
            if found:
                return found[0]
        return None

    def get(self, name: str, path: str) -> FileMapping | None:
        """The mapping with this name and path, when it is still in force."""
        for tier in self._tiers:
            for item in tier:
                if item.name == name and item.path == path:
                    return item
        return None


def is_mapping_file(name: str) -> bool:
    """Whether a file of the drop folder is a mapping rather than data."""
    return name.lower().endswith(MAPPING_SUFFIXES)


def _name_of(file_name: str) -> str:
    base = file_name.rpartition("/")[2]
    for suffix in (*MAPPING_SUFFIXES, *_SUFFIXES):
        if base.lower().endswith(suffix):
            return base[: -len(suffix)]
    return base


def _read_folders(folders: Sequence[str]) -> list[FileMapping]:
    found = []
    for folder in folders:
        root = Path(folder)
        if not root.is_dir():
            raise BadInput(
                f"the mapping folder {folder!r} does not exist. Create it or correct the option."
            )
        for path in sorted(root.iterdir()):
            if path.suffix in _SUFFIXES and not path.name.startswith("."):
                try:
                    text = path.read_text(encoding="utf-8-sig")
                except UnicodeDecodeError:
                    raise BadInput(f"{path}:1: a mapping file is UTF-8. Save it as such.") from None
                found.append(parse_mapping(text, str(path), _name_of(path.name)))
    return found


def _refuse_same_names(tier: Sequence[FileMapping]) -> None:
    by_name: dict[str, FileMapping] = {}
    for item in tier:
        other = by_name.setdefault(item.name, item)
        if other is not item:
            raise BadInput(
                f"{other.path} and {item.path} are both named {item.name!r}. The name is part of "
                "the slice key: rename one."
            )
