"""The connector of a drop folder: one file is one slice.

A slice is named by mapping and relative file name, so a file delivered again under its name
replaces its former version; with ``delivery: append`` the content's hash joins the name and every
distinct content stays. The watermark is a hash of the bytes and of the mapping's meaning: an
unchanged file is not read twice, a corrected mapping reads its files again. When a file passes to
another mapping, what it brought under the former one is replaced by nothing, or its rows would
count twice. A file has no business days of its own: ``window`` does not narrow a plan.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from include.connectors.files.drop_folder import DropFolder, DroppedFile
from include.connectors.files.entities import ENTITIES
from include.connectors.files.file_reader import read_file
from include.connectors.files.mapping import FileMapping
from include.connectors.files.mapping_library import MappingLibrary, is_mapping_file
from include.connectors.files.retirement import RETIRED, retire_former
from include.connectors.protocol import (
    LONE_HOST,
    Account,
    BadInput,
    Batch,
    Capability,
    ConnectorError,
    Host,
    IncompleteAnswer,
    Interval,
    KnownSlice,
    Now,
    Ready,
    Resource,
    Slice,
    SourceProfile,
    Token,
    Wait,
)

_LOG = logging.getLogger(__name__)
_OPTIONS = ("folder", "mappings", "mapping_folders", "settle_seconds")


class FilesConnector:
    """Reads one drop folder.

    Options: ``folder`` (path or fsspec address), ``mappings`` (extra mapping folders),
    ``mapping_folders`` (the project's, given by the caller), ``settle_seconds`` (how long a file
    must have been left alone before it is read; default 0).
    """

    source: ClassVar[str] = "files"
    version: ClassVar[str] = "1"
    resources: ClassVar[Mapping[str, Resource]] = {
        name: entity.resource for name, entity in ENTITIES.items()
    }
    max_waits: ClassVar[int] = 1
    profile: ClassVar[SourceProfile] = SourceProfile(
        title="Files",
        api="drop folder: CSV, TSV, XLSX, Parquet, JSON lines, 1C bank statements, also compressed",
        limits="none",
        credentials={},
    )

    def __init__(self, account: Account, now: Now, host: Host = LONE_HOST) -> None:
        self._account = account
        self._now = now
        options = account.options
        for name in options:
            if name not in _OPTIONS:
                raise BadInput(
                    f"files account {account.name!r} has no option {name!r}; it may have "
                    f"{', '.join(_OPTIONS)}."
                )
        if not options.get("folder"):
            raise BadInput(
                f"files account {account.name!r} has no option `folder`. Name the drop folder in "
                "the sources file."
            )
        self._folder = DropFolder(str(options["folder"]))
        self._account_folders = _as_texts(options.get("mappings", ()), "mappings")
        self._project_folders = _as_texts(options.get("mapping_folders", ()), "mapping_folders")
        self._settle = _as_span(options.get("settle_seconds", 0))
        self._library: MappingLibrary | None = None

    def plan(
        self, known: Iterable[KnownSlice], now: datetime, window: Interval | None
    ) -> list[Slice]:
        """Files whose bytes or mapping are new, oldest first.

        Files no mapping claims, and files still being written, are named in a warning. Raises
        ``BadInput`` for a wrong mapping, or a file that two mappings claim.
        """
        log = list(known)
        watermarks = {(item.resource, item.key): item.watermark for item in log}
        listed = self._folder.list_files()
        self._library = self._read_library(listed)
        unclaimed: list[str] = []
        unsettled: list[str] = []
        planned: list[tuple[datetime, str, Slice]] = []
        retired: list[Slice] = []
        for file in listed:
            if is_mapping_file(file.name):
                continue
            mapping = self._library.find(file.name)
            if mapping is None:
                unclaimed.append(file.name)
            elif file.modified_at and file.modified_at > now - self._settle and self._settle:
                unsettled.append(file.name)
            else:
                piece = self._slice_of(file, mapping)
                if watermarks.get((piece.resource, piece.key)) != piece.watermark:
                    age = file.modified_at or datetime.min.replace(tzinfo=UTC)
                    planned.append((age, file.name, piece))
                retired += retire_former(piece, mapping, log)
        self._report(unclaimed, unsettled)
        return [piece for _, _, piece in sorted(planned, key=lambda item: item[:2])] + retired

    def start(self, piece: Slice) -> Ready | Wait:
        """A file is always ready."""
        return Ready({"key": piece.key, "watermark": piece.watermark, **piece.parameters})

    def poll(self, token: Token) -> Ready | Wait:
        """A file is always ready."""
        return Ready(token)

    def fetch(self, token: Token) -> Iterator[Batch]:
        """Stream one file's rows.

        Raises ``BadInput`` for a file that cannot be read as its mapping says, and
        ``IncompleteAnswer`` when it changed since it was planned.
        """
        if token["watermark"] == RETIRED:
            return
        mapping = self._mapping_of(token)
        name, path = str(token["file_name"]), str(token["path"])
        self._refuse_changed(token, mapping)
        with self._folder.open(path) as stream:
            yield from read_file(stream, name, mapping, self._account.name)
        self._refuse_changed(token, mapping)

    def check(self) -> Iterator[Capability]:
        """Whether the folder can be listed, and which mappings claim its files."""
        try:
            listed = self._folder.list_files()
            library = self._read_library(listed)
        except (ConnectorError, OSError) as refusal:
            yield Capability("folder", False, str(refusal))
            return
        yield Capability("folder", True, f"{len(listed)} files")
        for file in listed:
            if not is_mapping_file(file.name):
                mapping = library.find(file.name)
                detail = f"read by {mapping.name}" if mapping else "no mapping claims it: write one"
                yield Capability(file.name, mapping is not None, detail)

    def _slice_of(self, file: DroppedFile, mapping: FileMapping) -> Slice:
        content = self._folder.hash_content(file.path)
        key = f"{mapping.name}/{file.name}"
        if mapping.delivery == "append":
            # Named by content, so that the same bytes twice, or a corrected mapping, add nothing.
            key += f"@{content[:16]}"
        return Slice(
            resource=mapping.entity.resource.name,
            key=key,
            kind="replace",
            watermark=_watermark(content, mapping),
            parameters={
                "file_name": file.name,
                "path": file.path,
                "mapping": mapping.name,
                "mapping_path": mapping.path,
            },
        )

    def _mapping_of(self, token: Token) -> FileMapping:
        if self._library is None:
            self._library = self._read_library(self._folder.list_files())
        mapping = self._library.get(str(token["mapping"]), str(token["mapping_path"]))
        if mapping is None:
            raise IncompleteAnswer(
                f"the mapping {token['mapping_path']} of {token['file_name']} is gone since the "
                "file was planned; the next run plans anew."
            )
        return mapping

    def _refuse_changed(self, token: Token, mapping: FileMapping) -> None:
        content = self._folder.hash_content(str(token["path"]))
        if _watermark(content, mapping) != token["watermark"]:
            raise IncompleteAnswer(
                f"{token['file_name']} or its mapping changed since it was planned; the next run "
                "reads it anew. If it is written for long, set the option settle_seconds."
            )

    def _read_library(self, listed: list[DroppedFile]) -> MappingLibrary:
        return MappingLibrary.read(
            self._folder, listed, self._account_folders, self._project_folders
        )

    def _report(self, unclaimed: list[str], unsettled: list[str]) -> None:
        if unclaimed:
            places = [*self._project_folders, *self._account_folders, f"{self._folder.url} itself"]
            _LOG.warning(
                "%d files of account %s fall under no mapping and are not read: %s. Write a "
                "mapping for them in one of: %s (there as <name>.mapping.yaml).",
                len(unclaimed),
                self._account.name,
                ", ".join(unclaimed[:20]),
                ", ".join(places),
            )
        if unsettled:
            _LOG.warning(
                "%d files of account %s changed less than %s s ago and are left for the next "
                "run: %s.",
                len(unsettled),
                self._account.name,
                int(self._settle.total_seconds()),
                ", ".join(unsettled[:20]),
            )


def _watermark(content: str, mapping: FileMapping) -> str:
    meaning = f"{content}:{mapping.fingerprint}:{FilesConnector.version}"
    return hashlib.sha256(meaning.encode()).hexdigest()


def _as_span(value: Any) -> timedelta:
    try:
        span = timedelta(seconds=float(value))
    except (TypeError, ValueError, OverflowError):
        span = timedelta(-1)
    if span < timedelta(0):
        raise BadInput(f"the option settle_seconds is {value!r}; it must be seconds ≥ 0.")
    return span


def _as_texts(value: Any, option: str) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise BadInput(f"the option {option} must be a list of folders.")
    return tuple(str(item) for item in value)


CONNECTOR = FilesConnector
