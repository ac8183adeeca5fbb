"""An account of UIS at the stand-in, whose sleeps move the vendor's clock instead of passing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from include.connectors.protocol import Account, Batch, Host, Interval, Slice
from include.connectors.uis import CONNECTOR, Uis
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

    def connect(self, credentials: Mapping[str, str] | None = None, **options: Any) -> Uis:
        """A new connector."""
        base = {"base_url": self.server.vendor_urls["uis"], "history_from": "2026-11-16"}
        secrets = credentials or {"token": "demo-token"}
        account = Account("uis", "uralkrep", base | options, secrets)
        return CONNECTOR(account, self.stage.clock.now, Host(sleep=self.sleep))

    def plant(self, kind: str, count: int = 1, path: str = "", **values: Any) -> None:
        """A fault of the stand-in."""
        self.stage.faults.plant(Fault(kind, "uis", path, count, 0, values))

    def pull(self, resource: str = "call", **how: Any) -> list[Batch]:
        """All batches of the four days of the bench, or of a dictionary."""
        connector = self.connect(**how)
        is_daily = connector.resources[resource].day_column is not None
        piece = Slice(resource, "k", interval=DAYS if is_daily else None)
        return list(connector.fetch(connector.start(piece).token))


def rows_of(batches: list[Batch]) -> list[dict[str, Any]]:
    """The rows of batches."""
    return [row for b in batches if b.rows is not None for row in b.rows.to_pylist()]
