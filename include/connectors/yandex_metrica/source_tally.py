"""Compares the traffic sources of a log with those of the report of the same attribution.

Both are asked for under one name. Where they part, the name has come to mean something else in one
of them: it has happened, and no count of rows would tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

FEW_ROWS = 5
TRAFFIC_SOURCES = frozenset(
    {
        *("ad", "direct", "email", "internal", "messenger", "organic", "qrcode", "recommend"),
        *("referral", "saved", "social", "undefined"),
    }
)


class SourceTally:
    """Visits of one slice by traffic source."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._told: set[str] = set()

    def add(self, rows: pa.RecordBatch) -> tuple[str, ...]:
        """Count rows; sources nobody has declared are told, each once."""
        for entry in pc.value_counts(rows.column("traffic_source")).to_pylist():
            self._counts[entry["values"]] += entry["counts"]
        new = sorted(set(self._counts) - TRAFFIC_SOURCES - self._told)
        self._told.update(new)
        return tuple(f"unknown traffic source {name!r}" for name in new)

    def compare(self, told: Mapping[str, int], tolerance: float) -> tuple[str, ...]:
        """What differs from the report by more than a share ``tolerance`` of all its visits."""
        allowed = max(sum(told.values()) * tolerance, FEW_ROWS)
        differing = [
            f"{name} {self._counts[name]} in the log, {told.get(name, 0)} in the report"
            for name in sorted({*told, *self._counts})
            if abs(self._counts[name] - told.get(name, 0)) > allowed
        ]
        if not differing:
            return ()
        return (
            "visits by traffic source differ from the report of the same attribution ("
            f"{'; '.join(differing)}): a name may have changed its meaning",
        )
