"""The landing zone: the source of truth from which raw and its slice log can be rebuilt.

Layout under the root (a folder or any fsspec URL)::

    <source>/<account>/<resource>/<slice key>/<pulled_at>-<hex>/part-00000.parquet …
                                                               /rejected.parquet
                                                               /manifest.json     (last: it exists)
                                                               /receipt-<load_id>.json
    _pending/<source>/<account>/….json     landed, not yet published: resumed without the vendor
    _waiting/<source>/<account>/….json     what a vendor is still preparing
    _plans/<source>/<account>/….json       what an unfinished run has left to do

Names are percent-quoted and shortened; the manifest holds the true ones.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import quote

from include.connectors.protocol import Resource, Slice
from include.warehouse.landing_files import LandingFiles
from include.warehouse.landing_state import SavedPlan, SavedWait
from include.warehouse.landing_writer import PullWriter
from include.warehouse.manifest import (
    LandingError,
    Manifest,
    Receipt,
)
from include.warehouse.slice_writer import SliceHeader

_NAME_LIMIT = 120
_PULL_DEPTH = 4
"""Slashes in the folder of one pull: source/account/resource/slice key/pull."""


class Landing:
    """All reads and writes of one landing root."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.files = LandingFiles(root)

    def open_pull(
        self,
        source: str,
        account: str,
        resource: Resource,
        piece: Slice,
        *,
        pulled_at: datetime,
        connector_version: str,
        run_id: str,
    ) -> PullWriter:
        """Begin to land one answer; nothing exists until the writer is finished.

        ``pulled_at`` is when the vendor was *asked*: of two pulls of one slice the later question
        wins, whichever answer takes longer. Columns whose Arrow field carries the metadata
        ``transport`` say how a row came and stay out of the content hash.
        """
        header = SliceHeader(
            source=source,
            account=account,
            resource=resource.name,
            kind=piece.kind or resource.kind,
            pulled_at=pulled_at.astimezone(UTC),
            connector_version=connector_version,
            watermark=piece.watermark,
            run_id=run_id,
        )
        return PullWriter(self, header, resource, piece)

    def new_folder(self, header: SliceHeader, slice_key: str) -> str:
        """A folder no other pull uses, relative to the root."""
        leaf = f"{header.pulled_at:%Y%m%dT%H%M%S%f}-{secrets.token_hex(4)}"
        names = (header.source, header.account, header.resource, slice_key)
        return "/".join([*(_file_name(name) for name in names), leaf])

    def write_manifest(self, manifest: Manifest) -> None:
        """Make a slice exist. The pending marker comes first, or a kill between would hide it."""
        marker = json.dumps({"folder": manifest.folder}).encode()
        self.files.write(_pending_path(manifest), marker)
        self.files.write(manifest.path, manifest.to_json())

    def read_manifest(self, folder: str) -> Manifest:
        """The manifest of one folder; ``LandingError`` when it is missing or broken."""
        try:
            data = self.files.read(f"{folder}/manifest.json")
        except FileNotFoundError as error:
            raise LandingError(f"{folder} has no manifest.json under {self.root}") from error
        return Manifest.from_json(folder, data)

    def manifests(self) -> Iterator[Manifest]:
        """Every landed slice, in path order."""
        for source in self.files.names(""):
            if source.startswith("_"):
                continue
            for folder, names in self.files.walk(source):
                if "manifest.json" in names:
                    yield self.read_manifest(folder)

    def unfinished_folders(self) -> Iterator[tuple[str, list[str]]]:
        """Folders of pulls without a manifest, with the names of their files."""
        for source in self.files.names(""):
            if source.startswith("_"):
                continue
            for folder, names in self.files.walk(source):
                is_pull = folder.count("/") == _PULL_DEPTH
                if is_pull and "manifest.json" not in names:
                    yield folder, names

    def read_part(self, manifest: Manifest, name: str) -> bytes:
        """Bytes of one landed file."""
        try:
            return self.files.read(f"{manifest.folder}/{name}")
        except FileNotFoundError as error:
            raise LandingError(
                f"{manifest.folder}/{name} is named in its manifest but is not there: "
                "restore it from a copy of the landing zone, or remove the folder and pull again"
            ) from error

    def pending(self, source: str, account: str) -> list[Manifest]:
        """Slices landed but not yet published, oldest question first."""
        base = f"_pending/{_file_name(source)}/{_file_name(account)}"
        found = []
        for name in self.files.names(base):
            if not name.endswith(".json"):
                continue
            try:
                folder = json.loads(self.files.read(f"{base}/{name}"))["folder"]
            except FileNotFoundError:
                continue  # published by another run since the listing
            if self.files.exists(f"{folder}/manifest.json"):
                found.append(self.read_manifest(folder))
        return found

    def clear_pending(self, manifest: Manifest) -> None:
        """The slice is published (or refused for good): no run needs to resume it."""
        self.files.remove(_pending_path(manifest))

    def write_receipt(self, manifest: Manifest, receipt: Receipt) -> None:
        """Record a publication beside the slice, and drop receipts of attempts it replaces."""
        self.files.write(f"{manifest.folder}/receipt-{receipt.load_id}.json", receipt.to_json())
        for other in self.receipts(manifest):
            if other.load_id != receipt.load_id:
                self.files.remove(f"{manifest.folder}/receipt-{other.load_id}.json")

    def receipts(self, manifest: Manifest) -> list[Receipt]:
        """Publications of a slice; one, unless two runs loaded it at the same moment."""
        return [
            Receipt.from_json(self.files.read(f"{manifest.folder}/{name}"))
            for name in self.files.names(manifest.folder)
            if name.startswith("receipt-") and name.endswith(".json")
        ]

    def save_wait(self, source: str, account: str, wait: SavedWait) -> None:
        """Persist what the vendor is preparing: a killed run polls and does not ask anew."""
        self.files.write(_wait_path(source, account, wait.piece), wait.to_json())

    def waits(self, source: str, account: str) -> list[SavedWait]:
        """Persisted waits, first asked first."""
        base = f"_waiting/{_file_name(source)}/{_file_name(account)}"
        found = []
        for name in self.files.names(base):
            if not name.endswith(".json"):
                continue
            try:
                found.append(SavedWait.from_json(self.files.read(f"{base}/{name}")))
            except FileNotFoundError:
                continue  # finished by another run since the listing
        return sorted(found, key=lambda wait: (wait.started_at, wait.piece.key))

    def drop_wait(self, source: str, account: str, piece: Slice) -> None:
        """The answer is landed, or no longer worth waiting for."""
        self.files.remove(_wait_path(source, account, piece))

    def save_plan(self, source: str, account: str, run_id: str, plan: SavedPlan) -> None:
        """Persist what a run has left to do, so that calling it again goes on and not over."""
        self.files.write(_plan_path(source, account, run_id), plan.to_json())

    def read_plan(self, source: str, account: str, run_id: str) -> SavedPlan | None:
        """The plan of an unfinished run."""
        try:
            return SavedPlan.from_json(self.files.read(_plan_path(source, account, run_id)))
        except FileNotFoundError:
            return None

    def drop_plan(self, source: str, account: str, run_id: str) -> None:
        """The run is finished."""
        self.files.remove(_plan_path(source, account, run_id))


def _pending_path(manifest: Manifest) -> str:
    names = f"{manifest.resource}\0{manifest.slice_key}\0{manifest.folder}".encode()
    digest = hashlib.sha256(names).hexdigest()[:16]
    folder = f"_pending/{_file_name(manifest.source)}/{_file_name(manifest.account)}"
    return f"{folder}/{manifest.pulled_at:%Y%m%dT%H%M%S%f}-{digest}.json"


def _wait_path(source: str, account: str, piece: Slice) -> str:
    digest = hashlib.sha256(f"{piece.resource}\0{piece.key}".encode()).hexdigest()[:32]
    return f"_waiting/{_file_name(source)}/{_file_name(account)}/{digest}.json"


def _plan_path(source: str, account: str, run_id: str) -> str:
    digest = hashlib.sha256(run_id.encode()).hexdigest()[:32]
    return f"_plans/{_file_name(source)}/{_file_name(account)}/{digest}.json"


def _file_name(name: str) -> str:
    """A safe file name: quoted, never ``.`` or ``..``, and short enough for any file system."""
    quoted = quote(name, safe="").replace(".", "%2E") if not name.strip(".") else quote(name, "")
    if quoted.startswith("_"):
        quoted = f"%5F{quoted[1:]}"
    if len(quoted) > _NAME_LIMIT:
        digest = hashlib.sha256(name.encode()).hexdigest()[:16]
        return f"{quoted[:_NAME_LIMIT]}~{digest}"
    return quoted
