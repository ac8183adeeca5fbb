"""Days a query asks for: comparisons of date segments and the words of DURING."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from include.sandbox.vendors.google_ads.errors import ApiError, refuse_query
from include.sandbox.vendors.google_ads.fields import CORE_DATE_SEGMENTS, date_segments
from include.sandbox.vendors.google_ads.gaql import Condition

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
BACK_DAYS = {
    "LAST_7_DAYS": 7,
    "LAST_14_DAYS": 14,
    "LAST_30_DAYS": 30,
    "YESTERDAY": 1,
}
"""Word → how many days before today, today not among them."""


def choose_days(
    conditions: Sequence[Condition], first: date, today: date
) -> tuple[date, date] | None:
    """The first and last day asked for within ``[first, today]``; None when it is none of them.

    Several conditions narrow each other; days left out in the middle are the caller's to test.
    """
    own = [c for c in conditions if c.field in CORE_DATE_SEGMENTS]
    tests = [make_day_test(condition, today) for condition in own]
    asked = [span for c in own if (span := _span(c, today)) is not None]
    begin = max([first, *(span[0] for span in asked)])
    end = min([today, *(span[1] for span in asked)])
    days = [begin + timedelta(days=n) for n in range((end - begin).days + 1)]
    chosen = [day for day in days if all(test(day) for test in tests)]
    return (chosen[0], chosen[-1]) if chosen else None


def asked_days(conditions: Sequence[Condition], today: date) -> tuple[date, date] | None:
    """The narrowest span named by the filters, whether or not there are figures in it."""
    spans = [s for c in conditions if c.field in CORE_DATE_SEGMENTS if (s := _span(c, today))]
    if not spans:
        return None
    return max(span[0] for span in spans), min(span[1] for span in spans)


def make_day_test(condition: Condition, today: date) -> Callable[[date], bool]:
    """Whether a day passes one condition on a date segment."""
    name = condition.field.removeprefix("segments.")
    how, values = condition.operator, condition.values
    if how == "DURING":
        first, last = _during(values[0], today)
        return lambda day: first <= day <= last
    if name != "year":
        for value in values:
            _read_day(value, name)
    if how == "BETWEEN":
        if values[0] > values[1]:
            raise ApiError("dateRangeError.START_DATE_AFTER_END_DATE", "The range is backwards.")
        return lambda day: values[0] <= str(date_segments(day)[name]) <= values[1]
    if how in ("IN", "NOT IN"):
        return lambda day: (str(date_segments(day)[name]) in values) == (how == "IN")
    if how not in COMPARE:
        raise refuse_query("BAD_OPERATOR", f"{how} does not go with dates.")
    return lambda day: COMPARE[how](str(date_segments(day)[name]), values[0])


def _span(condition: Condition, today: date) -> tuple[date, date] | None:
    """The days a condition on ``segments.date`` can be true on; None for no bound at all."""
    how, values = condition.operator, condition.values
    if condition.field != "segments.date":
        return None
    if how == "DURING":
        return _during(values[0], today)
    days = [_read_day(value, "date") for value in values]
    if how in ("=", "IN"):
        return min(days), max(days)
    if how == "BETWEEN":
        return days[0], days[1]
    if how in (">", ">="):
        return days[0], date.max
    if how in ("<", "<="):
        return date.min, days[0]
    return None


def _read_day(text: str, name: str) -> date:
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day, no time
    except ValueError:
        raise ApiError("dateRangeError.INVALID_DATE", f"Invalid date: '{text}'.") from None
    if date_segments(day)[name] != text:
        raise refuse_query(
            "MISALIGNED_DATE_FOR_FILTER", f"'{text}' is not the first day of a {name}."
        )
    return day


def _during(word: str, today: date) -> tuple[date, date]:
    name = word.upper()
    yesterday = today - timedelta(days=1)
    if name == "TODAY":
        return today, today
    if name in BACK_DAYS:
        return today - timedelta(days=BACK_DAYS[name]), yesterday
    month = today.replace(day=1)
    if name == "THIS_MONTH":
        return month, today
    if name == "LAST_MONTH":
        last = month - timedelta(days=1)
        return last.replace(day=1), last
    monday = today - timedelta(days=today.weekday())
    sunday = today - timedelta(days=(today.weekday() + 1) % 7)
    weeks = {
        "THIS_WEEK_MON_TODAY": (monday, today),
        "THIS_WEEK_SUN_TODAY": (sunday, today),
        "LAST_WEEK_MON_SUN": (monday - timedelta(days=7), monday - timedelta(days=1)),
        "LAST_WEEK_SUN_SAT": (sunday - timedelta(days=7), sunday - timedelta(days=1)),
        "LAST_BUSINESS_WEEK": (monday - timedelta(days=7), monday - timedelta(days=3)),
    }
    if name in weeks:
        return weeks[name]
    raise refuse_query("INVALID_VALUE_WITH_DURING_OPERATOR", f"Unknown date range '{word}'.")
