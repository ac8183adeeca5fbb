"""Office hours of a business line: nine to six on working days of its own calendar.

Instants are whole seconds since 1970, UTC.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from include.sandbox.world.business_lines import BusinessLine

OPENS, HOURS = time(9), 9
SECONDS_A_DAY = HOURS * 3600
DAYS_BEFORE, DAYS_AFTER = 14, 900
"""How far beyond the span work goes on; nothing later than its end is ever shown."""


def is_holiday(country: str, day: date) -> bool:
    """Public holidays on which nobody answers."""
    place = (day.month, day.day)
    if country == "Россия":
        is_new_year = day.month == 1 and day.day <= 8
        return is_new_year or place in {(2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)}
    return place in {(1, 1), (7, 4), (11, 11), (12, 25)}


class WorkingTime:
    """Counts seconds of work, so that a reply never comes at night or on a holiday."""

    def __init__(self, line: BusinessLine, starts_on: date, ends_on: date) -> None:
        zone = ZoneInfo(line.time_zone)
        self._zone = zone
        first = starts_on - timedelta(days=DAYS_BEFORE)
        count = (ends_on - first).days + DAYS_AFTER
        days = (first + timedelta(days=number) for number in range(count))
        self._opens = [
            int(datetime.combine(day, OPENS, zone).timestamp())
            for day in days
            if day.weekday() < 5 and not is_holiday(line.country, day)
        ]

    def after(self, instant: int, seconds: float) -> int:
        """The instant at which so many seconds of work have been done since ``instant``.

        Work begins with the next opening when the office is closed.
        """
        place = bisect_right(self._opens, instant) - 1
        done = min(instant - self._opens[place], SECONDS_A_DAY)
        total = place * SECONDS_A_DAY + done + max(int(seconds), 0)
        day, rest = divmod(total, SECONDS_A_DAY)
        return self._opens[day] + rest

    def is_open(self, instant: int) -> bool:
        """Whether somebody is at work."""
        place = bisect_right(self._opens, instant) - 1
        return instant - self._opens[place] < SECONDS_A_DAY

    def local_day(self, instant: int) -> date:
        """The day of the line's calendar on which the instant falls."""
        return datetime.fromtimestamp(instant, self._zone).date()
