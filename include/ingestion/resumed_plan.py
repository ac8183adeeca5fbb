"""What is left of a plan that an earlier life of the same run began.

The plan on disk is behind what is published by as much as the killed process had not yet written
down. The slice log knows better: what was pulled since the plan was made has been read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from include.connectors.protocol import Interval, KnownSlice, Resource, Slice
from include.warehouse.landing_state import SavedPlan


def drop_finished(
    plan: SavedPlan, known: Iterable[KnownSlice], resources: Mapping[str, Resource]
) -> None:
    """Take off the plan whatever is published whole since it was made."""
    fresh = {(live.resource, live.key) for live in known if live.pulled_at >= plan.planned_at}
    plan.remaining = [
        piece
        for piece in plan.remaining
        if not all((piece.resource, key) in fresh for key in _landed_keys(piece, resources))
    ]


def _landed_keys(piece: Slice, resources: Mapping[str, Resource]) -> list[str]:
    """Names of the slices its answer is landed as."""
    resource = resources.get(piece.resource)
    if resource is None or resource.day_column is None or piece.interval is None:
        return [piece.key]
    return [day.isoformat() for day in _days(piece.interval)]


def _days(interval: Interval) -> list[date]:
    count = (interval.date_to - interval.date_from).days
    return [interval.date_from + timedelta(days=number) for number in range(count)]
