"""Decides which business days of a daily resource to pull, and in which requests.

A day is due when it was never pulled, when it was pulled before its figures had settled, when its
newest pull lies within the look-back, or when a signal of the vendor or a cheap probe of day
totals says that it changed. Days are asked for in runs, oldest first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from zoneinfo import ZoneInfo

from include.connectors.protocol import BadInput, Interval, KnownSlice

REJECTED_REST = timedelta(days=7)
"""How often a day with rejected rows is read again because its sums are not the vendor's."""
Totals = Mapping[date, Mapping[str, Decimal]]
"""Sums of control columns per day, as the vendor gives them without any grouping."""


@dataclass(frozen=True)
class DayRule:
    """How one resource of one account is kept fresh."""

    zone: ZoneInfo
    history_from: date
    lookback_days: int
    """Days pulled again on every run, and the age at which a pull counts as settled."""
    includes_today: bool = False
    most_days: int = 31
    """Days one request may span."""


@dataclass(frozen=True)
class ChangeSigns:
    """What is known to have changed since the last pulls."""

    changed_from: date | None = None
    """Every day from here on, as the vendor's own change service says."""
    changed_days: frozenset[date] = field(default_factory=frozenset)


def business_day(instant: datetime, zone: ZoneInfo) -> date:
    """The account's day of an instant."""
    return instant.astimezone(zone).date()


def known_days(known: Iterable[KnownSlice], resource: str) -> dict[date, KnownSlice]:
    """Live slices of a daily resource by day."""
    return {date.fromisoformat(k.key): k for k in known if k.resource == resource}


def plan_days(
    known: Mapping[date, KnownSlice],
    now: datetime,
    rule: DayRule,
    signs: ChangeSigns = ChangeSigns(),
) -> list[date]:
    """Days to pull, ascending, never past the account's day of ``now``."""
    today = business_day(now, rule.zone)
    last = today if rule.includes_today else today - timedelta(days=1)
    lookback = timedelta(days=rule.lookback_days)
    first = min([rule.history_from, *known])
    due: list[date] = []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        pulled = known.get(day)
        if pulled is None:
            is_due = day >= rule.history_from
        else:
            is_due = business_day(pulled.pulled_at, rule.zone) <= day + lookback
        is_changed = day in signs.changed_days or (
            signs.changed_from is not None and day >= signs.changed_from
        )
        if is_due or (pulled is not None and is_changed):
            due.append(day)
    return due


def window_days(window: Interval, now: datetime, rule: DayRule) -> list[date]:
    """Exactly the days of a window a person asked for, but none that has not ended yet."""
    today = business_day(now, rule.zone)
    end = min(window.date_to, today + timedelta(days=1 if rule.includes_today else 0))
    return [window.date_from + timedelta(days=n) for n in range((end - window.date_from).days)]


def require_within_history(window: Interval, earliest: date, vendor: str) -> None:
    """Raise :class:`BadInput` for days the vendor no longer has: skipped they would look like 0."""
    if window.date_from < earliest:
        raise BadInput(
            f"{vendor} keeps figures from {earliest}, the window asks for {window.date_from}: "
            "begin it later"
        )


def group_days(days: Iterable[date], most: int) -> list[Interval]:
    """Consecutive days in half-open intervals of at most ``most`` days."""
    runs: list[Interval] = []
    for day in sorted(days):
        after = day + timedelta(days=1)
        joins = runs and runs[-1].date_to == day and (day - runs[-1].date_from).days < most
        if joins:
            runs[-1] = Interval(runs[-1].date_from, after)
        else:
            runs.append(Interval(day, after))
    return runs


def differing_days(
    known: Mapping[date, KnownSlice],
    totals: Totals,
    columns: Iterable[str],
    tolerance: Decimal = Decimal(0),
) -> frozenset[date]:
    """Known days whose landed sums differ from the vendor's day totals by more than a tolerance.

    ``totals`` must cover each day it was asked for: a known day absent from it counts as zero, so
    pass only the known days that lie within the probe. What a rejected row holds is not landed, so
    a day with such rows differs for good: it is named only when its pull is a week old.
    """
    wanted = tuple(columns)
    differing = set()
    for day, live in comparable_days(known).items():
        told = totals.get(day, {})
        for column in wanted:
            landed = _decimal(live.totals.get(column))
            if landed is None or abs(landed - told.get(column, Decimal(0))) > tolerance:
                differing.add(day)
                break
    return frozenset(differing)


def comparable_days(known: Mapping[date, KnownSlice]) -> dict[date, KnownSlice]:
    """Days whose landed sums may be held against the vendor's.

    They are those without rejected rows, and those whose pull is :data:`REJECTED_REST` older than
    the newest of all.
    """
    newest = max((live.pulled_at for live in known.values()), default=None)
    return {
        day: live
        for day, live in known.items()
        if not live.rejected_count or (newest and newest - live.pulled_at >= REJECTED_REST)
    }


def recounted_days(
    known: Mapping[date, KnownSlice],
    count: Callable[[Interval], Mapping[str, int]],
    span_days: int = 7,
) -> frozenset[date]:
    """Known days whose counts differ from the vendor's, asking for counts and never for rows.

    For vendors that tell the total of an answer: a span of days is one question, and a span that
    differs is halved, one more question a time. ``count`` gives ``rows`` and the sums of control
    columns by name. A day with rejected rows is asked for alone, and only its rows are compared.
    """
    differing: set[date] = set()
    compared = comparable_days(known)
    for day in sorted(known.keys() - compared.keys()):
        told = count(Interval(day, day + timedelta(days=1)))
        if told["rows"] != known[day].told_count:
            differing.add(day)
    for span in group_days(compared, span_days):
        length = (span.date_to - span.date_from).days
        days = [span.date_from + timedelta(days=offset) for offset in range(length)]
        differing.update(_recounted_within(known, days, count(span), count))
    return frozenset(differing)


def _recounted_within(
    known: Mapping[date, KnownSlice],
    days: Sequence[date],
    told: Mapping[str, int],
    count: Callable[[Interval], Mapping[str, int]],
) -> set[date]:
    """What the left half does not account for is the right half's."""
    if not _is_recounted(known, days, told):
        return set()
    if len(days) == 1:
        return set(days)
    left, right = days[: len(days) // 2], days[len(days) // 2 :]
    told_left = count(Interval(left[0], right[0]))
    told_right = {name: number - told_left[name] for name, number in told.items()}
    return _recounted_within(known, left, told_left, count) | _recounted_within(
        known, right, told_right, count
    )


def _is_recounted(
    known: Mapping[date, KnownSlice], days: Iterable[date], counts: Mapping[str, int]
) -> bool:
    landed = {"rows": Decimal(0)} | {name: Decimal(0) for name in counts}
    for day in days:
        landed["rows"] += known[day].told_count
        for name in counts:
            if name != "rows":
                landed[name] += _decimal(known[day].totals.get(name)) or Decimal(0)
    return any(landed[name] != number for name, number in counts.items())


def stalest_days(
    known: Mapping[date, KnownSlice], now: datetime, rested: timedelta, most: int
) -> frozenset[date]:
    """At most ``most`` known days, those pulled longest ago, of all not pulled for ``rested``.

    A few on every run give each day its turn, where nothing else tells that an old one changed.
    """
    waiting = sorted(
        (live.pulled_at, day) for day, live in known.items() if live.pulled_at <= now - rested
    )
    return frozenset(day for _, day in waiting[:most])


def _decimal(text: str | None) -> Decimal | None:
    """A landed total; one never recorded is unknown, hence never equal."""
    try:
        return Decimal(text) if text is not None else None
    except InvalidOperation:
        return None
