"""Holds back the newest day of a multi-day report until the next day begins.

The vendor cuts a report at a million rows. Rows come sorted by day, so at the cut every day but the
last one read is whole: the held day is dropped and asked for again, and nothing is doubled or lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import pyarrow as pa

from include.connectors.protocol import Batch, Rejected

DAY_COLUMN = "stats_date"
LAST_TEXT = chr(0x10FFFF)


class DayHolder:
    """Passes batches through, one day late."""

    def __init__(self) -> None:
        self.day: date | None = None
        """The day being held; days before it have been passed on whole."""
        self.is_sorted = True
        self._rows: list[pa.RecordBatch] = []
        self._rejected: list[Rejected] = []

    def add(self, batch: Batch) -> Iterator[Batch]:
        """Take a batch in; yield what is whole by now, and what it found at once."""
        if batch.findings:
            yield Batch(None, findings=batch.findings)
        if batch.rows is None or batch.rows.num_rows == 0:
            self._rejected += batch.rejected
            return
        days = batch.rows.column(DAY_COLUMN).cast(pa.int32()).to_numpy()
        last = batch.rows.column(DAY_COLUMN)[-1].as_py()
        if np.any(np.diff(days) < 0) or (self.day is not None and last < self.day):
            self.is_sorted = False
        start = int(np.argmax(days == days[-1]))
        if last != self.day:
            yield from self._release_rows()
            yield from self._release_rejected(before=last.isoformat())
            self.day = last
        elif start > 0:
            self.is_sorted = False
        if start > 0:
            yield Batch(batch.rows.slice(0, start))
        self._rows.append(batch.rows.slice(start))
        self._rejected += batch.rejected

    def release(self) -> Iterator[Batch]:
        """Everything held: the day turned out whole."""
        yield from self._release_rows()
        yield from self._release_rejected()

    def drop(self) -> Iterator[Batch]:
        """Forget the held day; rejected rows of earlier days are passed on."""
        self._rows = []
        if self.day is not None:
            yield from self._release_rejected(before=self.day.isoformat())
        self._rejected = []

    def _release_rows(self) -> Iterator[Batch]:
        rows, self._rows = self._rows, []
        for held in rows:
            yield Batch(held)

    def _release_rejected(self, before: str = LAST_TEXT) -> Iterator[Batch]:
        """Those whose text begins with an earlier day; the parser may have read ahead."""
        passed = tuple(r for r in self._rejected if r.raw < before)
        self._rejected = [r for r in self._rejected if r.raw >= before]
        if passed:
            yield Batch(None, passed)
