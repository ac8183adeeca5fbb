"""What is written beside landed files: the manifest of a slice and the receipt of its publication.

A slice exists when its manifest does; parts without one are debris. A receipt says under which
``load_id`` and when the slice became visible, which is all a rebuild needs beside the manifest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from typing import Any, Literal

import pyarrow as pa

Kind = Literal["replace", "append"]
Status = Literal["loaded", "confirmed"]

REJECTED_FILE = "rejected.parquet"
"""Rows of a slice that could not be typed, beside its manifest."""


@dataclass(frozen=True)
class PartFile:
    """One landed Parquet file; ``sha256`` is of its bytes."""

    name: str
    rows: int
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """One landed slice. ``folder`` is relative to the landing root and names the slice's files."""

    folder: str
    source: str
    account: str
    resource: str
    slice_key: str
    kind: Kind
    row_count: int
    rejected_count: int
    control_totals: Mapping[str, str]
    pulled_at: datetime
    connector_version: str
    content_hash: str
    schema_fingerprint: str
    columns: tuple[str, ...]
    parts: tuple[PartFile, ...]
    rejected: PartFile | None
    date_from: date | None
    date_to: date | None
    watermark: str
    run_id: str

    @property
    def path(self) -> str:
        """Where the manifest itself lies, relative to the landing root."""
        return f"{self.folder}/manifest.json"

    @property
    def table(self) -> str:
        """The raw table this slice is loaded into."""
        return f"raw.raw_{self.source}__{self.resource}"

    def to_json(self) -> bytes:
        """Stable, readable JSON."""
        content = asdict(self)
        del content["folder"]
        for key in ("date_from", "date_to"):
            content[key] = content[key].isoformat() if content[key] else None
        content["pulled_at"] = format_instant(self.pulled_at)
        return _dump(content)

    @classmethod
    def from_json(cls, folder: str, data: bytes) -> Manifest:
        """Read back what :meth:`to_json` wrote; an unreadable manifest raises ``LandingError``."""
        try:
            content: dict[str, Any] = json.loads(data)
            for key in ("date_from", "date_to"):
                content[key] = date.fromisoformat(content[key]) if content[key] else None
            content["pulled_at"] = parse_instant(content["pulled_at"])
            content["parts"] = tuple(PartFile(**part) for part in content["parts"])
            content["rejected"] = PartFile(**content["rejected"]) if content["rejected"] else None
            content["columns"] = tuple(content["columns"])
            known = {field.name for field in fields(cls)}
            return cls(folder=folder, **{k: v for k, v in content.items() if k in known})
        except (ValueError, KeyError, TypeError) as error:
            raise LandingError(
                f"{folder}/manifest.json cannot be read ({type(error).__name__}): "
                "restore it from a copy of the landing zone, or remove the folder and pull again"
            ) from error


@dataclass(frozen=True)
class Receipt:
    """A slice became visible: its row of ``ops.slice_log`` in file form."""

    load_id: str
    status: Status
    published_at: datetime
    content_hash: str
    run_id: str

    def to_json(self) -> bytes:
        """Stable, readable JSON."""
        return _dump({**asdict(self), "published_at": format_instant(self.published_at)})

    @classmethod
    def from_json(cls, data: bytes) -> Receipt:
        """Read back what :meth:`to_json` wrote."""
        content = json.loads(data)
        content["published_at"] = parse_instant(content["published_at"])
        return cls(**content)


class LandingError(Exception):
    """The landing zone does not hold what its own manifests promise."""


class RowsNotConserved(AssertionError):
    """Rows got lost or doubled between the source and the warehouse: a bug, never an input."""


def schema_fingerprint(schema: pa.Schema) -> str:
    """A short name for column names, order, types and nullability."""
    text = "\n".join(f"{field.name} {field.type} {field.nullable}" for field in schema)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def format_instant(instant: datetime) -> str:
    """ISO text in UTC with microseconds, so that texts sort as instants do."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds")


def parse_instant(text: str) -> datetime:
    """The aware UTC instant of :func:`format_instant`."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _dump(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True).encode()
