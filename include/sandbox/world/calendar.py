"""Local days and hours of regions, and the instants they are.

A local time is float64 days since the world's first midnight, as the region's wall clock shows it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import numpy as np

from include.sandbox.world.business_lines import REGIONS
from include.sandbox.world.sizes import Size

ZONES: dict[str, str] = {
    "Москва": "Europe/Moscow",
    "Санкт-Петербург": "Europe/Moscow",
    "Екатеринбург": "Asia/Yekaterinburg",
    "Казань": "Europe/Moscow",
    "Новосибирск": "Asia/Novosibirsk",
    "Краснодар": "Europe/Moscow",
    "New York": "America/New_York",
    "Chicago": "America/Chicago",
    "Houston": "America/Chicago",
    "Atlanta": "America/New_York",
    "Phoenix": "America/Phoenix",
    "Seattle": "America/Los_Angeles",
}
PLACES: tuple[str, ...] = tuple(city for cities in REGIONS.values() for city in cities)
"""Every region; its position is the region's code in arrays."""
SECONDS_A_DAY = 86_400
HOUR_WEIGHTS = np.array(
    [2, 1, 1, 1, 1, 2, 4, 9, 22, 45, 60, 62, 55, 50, 58, 56, 50, 40, 26, 20, 17, 14, 9, 5], float
)
TIMES_OF_DAY = np.interp(
    (np.arange(65_535) + 0.5) / 65_535,
    np.concatenate([[0.0], np.cumsum(HOUR_WEIGHTS / HOUR_WEIGHTS.sum())]),
    np.arange(25) / 24.0,
)
"""Fractions of a day, each as likely as any other: looking one up is faster than computing it."""
WEEKEND_KEEP = 0.35
"""Part of a working day's events that a day of the weekend has."""


@cache
def find_offsets(size: Size, zone: str) -> np.ndarray:
    """Seconds ahead of UTC at noon of each day of the span: the hour of a clock change aside.

    Shared between callers, so not to be written to.
    """
    tz = ZoneInfo(zone)
    noon = datetime(size.starts_on.year, size.starts_on.month, size.starts_on.day, 12, tzinfo=tz)
    offsets = []
    for day in range(size.days):
        offset = (noon + timedelta(days=day)).utcoffset()
        offsets.append(0 if offset is None else int(offset.total_seconds()))
    return np.array(offsets)


def find_place_offsets(size: Size) -> np.ndarray:
    """Offsets in seconds as an array of (place, day)."""
    return np.stack([find_offsets(size, ZONES[place]) for place in PLACES])


def to_instants(
    size: Size, local: np.ndarray, place: np.ndarray, offsets: np.ndarray
) -> np.ndarray:
    """Local times of the places as int64 microseconds of UTC, to the second."""
    day = np.clip(local.astype(np.int64), 0, size.days - 1)
    start = np.datetime64(size.starts_on, "s").astype(np.int64)
    seconds = start + (local * SECONDS_A_DAY).astype(np.int64) - offsets[place, day]
    return seconds * 1_000_000


def draw_time_of_day(rng: np.random.Generator, count: int) -> np.ndarray:
    """Fractions of a day, most in office hours."""
    return TIMES_OF_DAY[rng.integers(0, len(TIMES_OF_DAY), count, dtype=np.uint16)]


def is_weekend(size: Size, local: np.ndarray) -> np.ndarray:
    """Whether a local time falls on Saturday or Sunday."""
    return (np.floor(local).astype(np.int64) + size.starts_on.weekday()) % 7 >= 5
