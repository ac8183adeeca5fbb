"""Which events a report may tell, and in which order."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from include.sandbox.vendors.uis.account import ZONE
from include.sandbox.vendors.uis.query import Query

Row = dict[str, Any]


def instants_of(query: Query) -> tuple[datetime, datetime]:
    """Begin and end of a period; the account's zone has had one offset for all its days."""
    if query.date_from is None or query.date_till is None:
        raise ValueError("the method has no period")
    return query.date_from.replace(tzinfo=ZONE), query.date_till.replace(tzinfo=ZONE)


def is_within(query: Query, instant: datetime | None, now: datetime) -> bool:
    """Whether an event has happened and is in the period, whose end is not included."""
    if instant is None or instant > now or query.date_from is None or query.date_till is None:
        return False
    local = instant.astimezone(ZONE).replace(tzinfo=None)
    return query.date_from <= local < query.date_till


def is_known(row: Row, now: datetime) -> bool:
    """Whether the vendor has the row yet."""
    return row.get("known_at") is None or row["known_at"] <= now


def sort_by_time(rows: list[Row]) -> list[Row]:
    """Earliest first, ties by number."""
    return sorted(rows, key=lambda row: (row["date_time"], row["id"]))
