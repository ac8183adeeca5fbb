"""A cabinet of Calltouch at the stand-in, whose sleeps move the vendor's clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from include.connectors.calltouch import CONNECTOR, Calltouch
from include.connectors.protocol import Account, Batch, Host, Interval, Slice
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.server import VendorServer
from include.sandbox.vendors.vendor import Stage

DAYS = Interval(date(2026, 11, 16), date(2026, 11, 20))


@dataclass
class Bench:
    """Connectors as separate processes would make them."""

    server: VendorServer
    sleeps: list[float] = field(default_factory=list)

    @property
    def stage(self) -> Stage:
        """The vendor's surroundings."""
        return self.server.stage

    def sleep(self, seconds: float) -> None:
        """Let the vendor's clock pass."""
        self.sleeps.append(seconds)
        self.stage.clock.advance(seconds)

    def connect(self, token: str = "demo-token", **options: Any) -> Calltouch:  # noqa: S107
        """A new connector."""
        base = {"base_url": self.server.vendor_urls["calltouch"], "history_from": "2026-11-16"}
        account = Account("calltouch", "40001", base | options, {"token": token})
        return CONNECTOR(account, self.stage.clock.now, Host(sleep=self.sleep))

    def plant(self, kind: str, count: int = 1, path: str = "", **values: Any) -> None:
        """A fault of the stand-in."""
        self.stage.faults.plant(Fault(kind, "calltouch", path, count, 0, values))

    def pull(self, resource: str = "call", **how: Any) -> list[Batch]:
        """All batches of the four days of the bench."""
        connector = self.connect(**how)
        return list(connector.fetch(connector.start(Slice(resource, "k", interval=DAYS)).token))


def rows_of(batches: list[Batch]) -> list[dict[str, Any]]:
    """The rows of batches."""
    return [row for b in batches if b.rows is not None for row in b.rows.to_pylist()]


def findings_of(batches: list[Batch]) -> list[str]:
    """Everything told beside the rows."""
    return [text for batch in batches for text in batch.findings]
