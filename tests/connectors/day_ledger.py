"""Plays runs of a daily resource day after day, without landing: what is live, and what it cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from include.connectors.protocol import (
    Account,
    Connector,
    Host,
    KnownSlice,
    Limiter,
    Rate,
)
from include.sandbox.vendors.server import VendorServer


class CountingLimiter:
    """Lets pass and counts."""

    def __init__(self) -> None:
        self.requests = 0

    def acquire(self, weight: int = 1) -> None:
        """Pass at once."""
        self.requests += weight


@dataclass
class DayLedger:
    """One account's live days of one resource, as the slice log and raw would have them."""

    server: VendorServer
    make: Callable[..., Connector]
    account: Account
    resource: str
    days: dict[date, list[Mapping[str, Any]]] = field(default_factory=dict)
    known: dict[date, KnownSlice] = field(default_factory=dict)
    limiter: CountingLimiter = field(default_factory=CountingLimiter)
    rows_read: int = 0

    def connect(self) -> Connector:
        """A new connector, as another process would make it."""
        clock = self.server.stage.clock

        def share_limit(_name: str, _rates: Sequence[Rate]) -> Limiter:
            return self.limiter

        return self.make(self.account, clock.now, Host(clock.advance, share_limit))

    def run(self) -> int:
        """One run of the resource; how many rows were told, a question counted as one row."""
        asked, read = self.limiter.requests, self.rows_read
        now = self.server.stage.clock.now()
        for piece in self.connect().plan(list(self.known.values()), now, None):
            if piece.resource == self.resource and piece.interval is not None:
                self._pull(piece.interval.date_from, piece.interval.date_to, piece, now)
        return self.limiter.requests - asked + self.rows_read - read

    def live(self) -> list[Mapping[str, Any]]:
        """Every live row."""
        return [row for rows in self.days.values() for row in rows]

    def _pull(self, begin: date, end: date, piece: Any, now: datetime) -> None:
        connector = self.connect()
        facts = connector.resources[self.resource]
        fresh: dict[date, list[Mapping[str, Any]]] = {
            begin + timedelta(days=n): [] for n in range((end - begin).days)
        }
        for batch in connector.fetch(connector.start(piece).token):
            assert not batch.rejected
            for row in batch.rows.to_pylist() if batch.rows is not None else ():
                fresh[row[facts.day_column]].append(row)
        for day, rows in fresh.items():
            totals = {name: str(sum(row[name] for row in rows)) for name in facts.control_columns}
            self.known[day] = KnownSlice(
                self.resource, day.isoformat(), "", now, len(rows), "", totals
            )
            self.rows_read += len(rows)
        self.days |= fresh
