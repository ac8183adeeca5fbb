"""What a run must remember to be resumed: waits at the vendor, and the rest of its plan.

Plain JSON beside the landed data. Tokens and slice parameters are free of secrets by the
connector protocol.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from include.connectors.protocol import Interval, Slice
from include.warehouse.manifest import format_instant, parse_instant


@dataclass(frozen=True)
class SavedWait:
    """One slice a vendor is preparing: when it was asked for, and when to look again."""

    piece: Slice
    token: Mapping[str, Any]
    started_at: datetime
    due_at: datetime

    def to_json(self) -> bytes:
        """Readable JSON."""
        content = {
            "piece": slice_to_dict(self.piece),
            "token": dict(self.token),
            "started_at": format_instant(self.started_at),
            "due_at": format_instant(self.due_at),
        }
        return _dump(content)

    @classmethod
    def from_json(cls, data: bytes) -> SavedWait:
        """Read back what :meth:`to_json` wrote."""
        content = json.loads(data)
        return cls(
            piece=slice_from_dict(content["piece"]),
            token=content["token"],
            started_at=parse_instant(content["started_at"]),
            due_at=parse_instant(content["due_at"]),
        )


@dataclass
class SavedPlan:
    """What one run planned and has not published yet, and what it has counted so far."""

    planned_at: datetime
    window: str
    remaining: list[Slice]
    counts: dict[str, dict[str, Any]] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)
    """Slices that failed in this attempt: not tried again before the attempt is over."""

    def to_json(self) -> bytes:
        """Readable JSON."""
        content = {
            "planned_at": format_instant(self.planned_at),
            "window": self.window,
            "remaining": [slice_to_dict(piece) for piece in self.remaining],
            "counts": self.counts,
            "failures": self.failures,
        }
        return _dump(content)

    @classmethod
    def from_json(cls, data: bytes) -> SavedPlan:
        """Read back what :meth:`to_json` wrote."""
        content = json.loads(data)
        return cls(
            planned_at=parse_instant(content["planned_at"]),
            window=content["window"],
            remaining=[slice_from_dict(piece) for piece in content["remaining"]],
            counts=content["counts"],
            failures=content["failures"],
        )


def slice_to_dict(piece: Slice) -> dict[str, Any]:
    """A slice as JSON values."""
    return {
        "resource": piece.resource,
        "key": piece.key,
        "date_from": piece.interval.date_from.isoformat() if piece.interval else None,
        "date_to": piece.interval.date_to.isoformat() if piece.interval else None,
        "kind": piece.kind,
        "watermark": piece.watermark,
        "is_checkpoint": piece.is_checkpoint,
        "parameters": dict(piece.parameters),
    }


def slice_from_dict(content: Mapping[str, Any]) -> Slice:
    """The slice of :func:`slice_to_dict`."""
    values = dict(content)
    first, last = values.pop("date_from"), values.pop("date_to")
    if first and last:
        values["interval"] = Interval(date.fromisoformat(first), date.fromisoformat(last))
    return Slice(**values)


def _dump(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, ensure_ascii=False, indent=1).encode()
