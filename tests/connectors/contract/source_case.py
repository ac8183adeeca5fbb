"""What a connector's tests hand to the shared suite: how each situation looks at their vendor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import pyarrow as pa

from include.connectors.protocol import ConnectorError, Interval
from include.sandbox.vendors.faults import Fault
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Play:
    """One situation, and what must have arrived at its end.

    The world is put on the stage, the clock set and frozen, the faults planted, then the connector
    reads with nothing known. ``expected`` is what :meth:`SourceCase.landed` must then give, order
    aside; it comes from the world's tables, never from the stand-in or the connector. With
    ``later`` the stage is changed (another world, a moved clock) and the connector reads again
    knowing what it has; then ``expected_later`` must be live.
    """

    world: World
    expected: Sequence[Row] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    """Over the case's own, for example a small page size."""
    credentials: Mapping[str, str] | None = None
    faults: Sequence[Fault] = ()
    knobs: Mapping[str, Any] = field(default_factory=dict)
    now: datetime | None = None
    window: Interval | None = None
    later: Callable[[Stage], None] | None = None
    expected_later: Sequence[Row] | None = None
    error: type[ConnectorError] | tuple[type[ConnectorError], ...] | None = None
    """Raised instead of rows; when the situation may end either way at this vendor, leave it None
    and the rows must be right."""
    error_says: str = ""
    """A part of that error's text."""
    rejected: int = 0
    """Rows that must be handed on as rejected, each with a reason."""
    finding: str = ""
    """A part of what must be told as a finding."""


class SourceCase(Protocol):
    """One connector in the suite. Its module ``contract_case.py`` exposes it as ``CASE``."""

    source: str
    account: str
    credentials: Mapping[str, str]
    options: Mapping[str, Any]
    """Without ``base_url``, which the suite adds; small history so that a read is quick."""
    now: datetime
    resource: str
    """The resource whose rows are compared."""
    page_path: str
    """A part of the URL path that requests for its rows have, for faults of transport."""
    secrets: Sequence[str]
    """Texts that may show up nowhere."""

    def play(self, situation: str) -> Play | str:
        """How a situation looks, or the reason (a sentence) why there is none."""
        ...

    def landed(self, live: pa.Table) -> Sequence[Row]:
        """Live rows of ``resource`` in the terms of ``expected``.

        For entities: the newest version of each. ``live`` has every visible row, with the column
        ``_pulled_at`` beside the connector's own.
        """
        ...

    def other_account(
        self,
    ) -> tuple[str, Mapping[str, str], World, Sequence[Row], Sequence[Row]] | str:
        """A second account: name, credentials, a world of both, expected rows of first and second.

        The reason (a sentence) where there can be only one.
        """
        ...
