"""The shape of every set of facts, and how both sides write instants, days and money."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from include.sandbox.world.world import World

Fact = tuple[Any, ...]

SECOND = "'%Y-%m-%d %H:%i:%S'"
"""Of ClickHouse's formatDateTime: the same text as :func:`spell_second`."""
MINUTE = "'%Y-%m-%d %H:%i'"


@dataclass(frozen=True)
class Span:
    """Whose facts are asked for, and until when its vendor tells them; ``ends_at`` is its now."""

    account: str
    ends_at: datetime


@dataclass(frozen=True)
class FactSet:
    """One kind of fact of a source.

    ``told`` reads them off the world's own tables; ``sql`` asks raw for the same, in any order,
    with ``{account:String}`` for the account.
    """

    name: str
    told: Callable[[World, Span], list[Fact]]
    sql: str


def spell_second(instant: datetime) -> str:
    """Whole seconds of UTC."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def spell_minute(instant: datetime) -> str:
    """Whole minutes of UTC, the part of a minute left out."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def day_of(instant: datetime, zone: ZoneInfo) -> date:
    """The business day of an instant."""
    return instant.astimezone(zone).date()


def to_whole_units(micros: int) -> int:
    """Money as a vendor shows it who knows no hundredths; halves go to the even unit."""
    return int((Decimal(micros) / 1_000_000).quantize(Decimal(1))) * 1_000_000
