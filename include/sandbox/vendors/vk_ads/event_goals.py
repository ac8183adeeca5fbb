"""Goals dated by their own day instead of the day of the show.

The world dates a conversion by its click and lets the count of that day grow. What a day of clicks
gained between two midnights happened on the day between them, so goals dated by event are the
differences of what was shown at both; they do not grow afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.world.ad_figures import ad_figures
from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

VENDOR = "vk_ads"
Gained = tuple[int, int]
ByBanner = Mapping[tuple[int, date], Gained]
_PAST: WorldMemo[Mapping[int, Gained]] = WorldMemo()


def read_event_goals(
    world: World, account_id: str, zone: ZoneInfo, days: Iterable[date], now: datetime
) -> ByBanner:
    """Banner and day → goals and their value in micros; none are negative."""
    found: dict[tuple[int, date], Gained] = {}
    for day in days:
        begin, end = _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
        if begin >= now:
            continue
        if end <= now:
            # both midnights are past, so their difference stays as it is
            gained = _PAST.get(
                world,
                (account_id, day),
                lambda d=day, b=begin, e=end: _read_gain(world, account_id, d, b, e),
            )
        else:
            gained = _read_gain(world, account_id, day, begin, now)
        found |= {(banner, day): one for banner, one in gained.items()}
    return found


def _read_gain(
    world: World, account_id: str, day: date, begin: datetime, end: datetime
) -> Mapping[int, Gained]:
    """What every banner gained from ``begin`` to ``end``, whichever day its clicks were on."""
    first, after = day - timedelta(days=_find_longest(world)), day + timedelta(days=1)
    goals: Counter[int] = Counter()
    values: Counter[int] = Counter()
    for instant, sign in ((end, 1), (begin, -1)):
        shown = ad_figures(world, VENDOR, account_id, first, after, instant)
        for banner, count, value in _add_up(shown):
            goals[banner] += sign * count
            values[banner] += sign * value
    # a late correction takes goals away from days long past, not from this one
    return {n: (count, max(values[n], 0)) for n, count in goals.items() if count > 0}


def _find_longest(world: World) -> int:
    curve = world.table("restatement_curve")
    own = pc.and_(pc.equal(curve["vendor"], VENDOR), pc.equal(curve["metric"], "conversions"))
    return int(pc.max(curve.filter(own)["age_days"]).as_py() or 0)


def _add_up(rows: pa.Table) -> Iterable[tuple[int, int, int]]:
    sums = rows.group_by("ad_id", use_threads=False).aggregate(
        [("conversions", "sum"), ("conversion_value_micros", "sum")]
    )
    columns = ("ad_id", "conversions_sum", "conversion_value_micros_sum")
    return zip(*(sums[name].to_pylist() for name in columns), strict=True)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)
