"""Turns a report's DateRangeType into days; all days are Moscow days.

The ``LAST_N_DAYS`` ranges exclude today, the ``THIS_…`` ranges and ``ALL_TIME`` include it.
"""

from __future__ import annotations

from datetime import date, timedelta

HISTORY_YEARS = 3
QUERY_DAYS = 180
"""Search queries are kept for less long than other statistics."""
LAST_DAYS = {f"LAST_{n}_DAYS": n for n in (3, 5, 7, 14, 30, 90, 365)}
NAMED_RANGES = (
    "TODAY",
    "YESTERDAY",
    *LAST_DAYS,
    "THIS_WEEK_MON_TODAY",
    "THIS_WEEK_SUN_TODAY",
    "LAST_WEEK",
    "LAST_BUSINESS_WEEK",
    "LAST_WEEK_SUN_SAT",
    "THIS_MONTH",
    "LAST_MONTH",
    "ALL_TIME",
    "CUSTOM_DATE",
    "AUTO",
)


def earliest_day(today: date) -> date:
    """Statistics are kept for three years back from the first of the current month."""
    return today.replace(year=today.year - HISTORY_YEARS, day=1)


def resolve_period(name: str, today: date) -> tuple[date, date]:
    """First and last day of a named range, both included; not for CUSTOM_DATE and AUTO."""
    yesterday = today - timedelta(days=1)
    monday = today - timedelta(days=today.weekday())
    sunday = today - timedelta(days=(today.weekday() + 1) % 7)
    first_of_month = today.replace(day=1)
    if name in LAST_DAYS:
        return today - timedelta(days=LAST_DAYS[name]), yesterday
    last_of_previous = first_of_month - timedelta(days=1)
    return {
        "TODAY": (today, today),
        "YESTERDAY": (yesterday, yesterday),
        "THIS_WEEK_MON_TODAY": (monday, today),
        "THIS_WEEK_SUN_TODAY": (sunday, today),
        "LAST_WEEK": (monday - timedelta(days=7), monday - timedelta(days=1)),
        "LAST_BUSINESS_WEEK": (monday - timedelta(days=7), monday - timedelta(days=3)),
        "LAST_WEEK_SUN_SAT": (sunday - timedelta(days=7), sunday - timedelta(days=1)),
        "THIS_MONTH": (first_of_month, today),
        "LAST_MONTH": (last_of_previous.replace(day=1), last_of_previous),
        "ALL_TIME": (earliest_day(today), today),
    }[name]
