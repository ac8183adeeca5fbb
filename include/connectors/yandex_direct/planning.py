"""Decides which Moscow days to pull, and in which requests.

A day is due when it was never pulled, when it was pulled before its figures had settled, or when
the vendor says its statistics changed. Days are asked for in runs, oldest first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from include.connectors._day_plan import ChangeSigns
from include.connectors.protocol import BadInput, Interval, KnownSlice
from include.connectors.yandex_direct.day_totals import DayTotals
from include.connectors.yandex_direct.schema import CONVERSION, PERFORMANCE

MOSCOW = ZoneInfo("Europe/Moscow")
MOST_DAYS_PER_REQUEST = 31
ROWS_AIMED_AT = 500_000
"""Half of what the vendor cuts a report at, so that a growing account never meets the cut."""
DEFAULT_HISTORY_DAYS = 30
HISTORY_YEARS = 3


def moscow_day(instant: datetime) -> date:
    """The vendor's business day of an instant."""
    return instant.astimezone(MOSCOW).date()


def due_days(
    known: Mapping[str, KnownSlice],
    today: date,
    history_from: date,
    lookback_days: int,
    include_today: bool,
    changed_from: date | None,
    changed_days: frozenset[date] = frozenset(),
) -> list[date]:
    """Days to pull, ascending; ``known`` is keyed by ISO day, ``today`` is the Moscow day."""
    last = today if include_today else today - timedelta(days=1)
    pulled = {date.fromisoformat(key): moscow_day(k.pulled_at) for key, k in known.items()}
    first = min([history_from, *pulled])
    due: list[date] = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        pulled_on = pulled.get(day)
        if pulled_on is None:
            is_due = day >= history_from
        else:
            is_due = pulled_on < day + timedelta(days=lookback_days)
        is_recent = day >= history_from and day >= today - timedelta(days=lookback_days)
        is_changed = day in changed_days or (changed_from is not None and day >= changed_from)
        if is_due or is_recent or is_changed:
            due.append(day)
    return due


def read_signs(
    totals: DayTotals, before: DayTotals, border: date | None, settled_before: date
) -> dict[str, ChangeSigns]:
    """What changed, by resource: single days where totals tell, else everything from a border on.

    ``border`` is the first day whose statistics the vendor calls changed. Among days whose totals
    can be compared those that moved explain it, unless none did: then figures changed places
    within a day. Days from ``settled_before`` on are pulled anyway. Other goals than last time
    make all conversions due.
    """
    figures, conversions = totals.moved_figures(before), totals.moved_conversions(before)
    compared = set(totals.figures) & set(before.figures)
    changed_from, older = border, frozenset[date]()
    if border is not None and compared:
        moved = [day for day in figures | conversions if border <= day < settled_before]
        if moved or border >= settled_before:
            changed_from, older = None, _days_between(border, min(compared))
    conversions_from = changed_from if totals.definition == before.definition else date.min
    return {
        PERFORMANCE: ChangeSigns(changed_from, figures | older),
        CONVERSION: ChangeSigns(conversions_from, conversions | older),
    }


def _days_between(first: date, end: date) -> frozenset[date]:
    return frozenset(first + timedelta(days=n) for n in range((end - first).days))


def earliest_day(today: date) -> date:
    """The vendor keeps statistics for three years back from the first of the current month."""
    return today.replace(year=today.year - HISTORY_YEARS, day=1)


def window_days(window: Interval, today: date, include_today: bool) -> list[date]:
    """Exactly the days of the window, but none the vendor cannot have finished.

    Raises :class:`BadInput` for days the vendor no longer has: skipping them would look like zero.
    """
    if window.date_from < earliest_day(today):
        raise BadInput(
            f"Yandex Direct keeps statistics from {earliest_day(today)}, the window asks for "
            f"{window.date_from}: begin it later"
        )
    end = min(window.date_to, today + timedelta(days=1 if include_today else 0))
    return [window.date_from + timedelta(days=n) for n in range((end - window.date_from).days)]


def days_per_request(known: Iterable[KnownSlice], most: int) -> int:
    """How many days one report may span so that it stays well below the vendor's row limit."""
    busiest = max((k.row_count for k in known), default=0)
    return max(1, min(most, ROWS_AIMED_AT // busiest if busiest else most))
