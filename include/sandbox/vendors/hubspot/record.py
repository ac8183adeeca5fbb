"""One CRM object and how its values are spelt: texts or nulls, instants in UTC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True)
class Change:
    """A value a property took."""

    value: str
    at: datetime
    owner_id: int


@dataclass
class Record:
    """One object; properties are complete, answers show those asked for."""

    id: int
    properties: dict[str, str | None]
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None = None
    history: dict[str, Sequence[Change]] = field(default_factory=dict)
    """Property → its values, the newest first; the others never changed."""
    links: dict[str, list[int]] = field(default_factory=dict)
    """Object type → ids of what it is associated with."""


def spell_instant(instant: datetime | None) -> str | None:
    """As Java prints it: no fraction where it is zero, else milliseconds."""
    if instant is None:
        return None
    text = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    millis = instant.microsecond // 1000
    return f"{text}.{millis:03d}Z" if millis else f"{text}Z"


def spell_money(micros: int | None) -> str:
    """Micros as text with two decimals, rounded half up."""
    cents = (abs(micros or 0) + 5_000) // 10_000
    return f"{'-' if (micros or 0) < 0 else ''}{cents // 100}.{cents % 100:02d}"


def spell_flag(value: bool) -> str:
    """A boolean property."""
    return "true" if value else "false"


def spell_id(value: int | None) -> str | None:
    """An id as text, null for 0."""
    return str(value) if value else None
