"""Decides which days of a log to pull: missing, unsettled, changed in the report, or a week old.

The report does not show everything a visit can change by: the price of a goal uploaded again, for
one. Hence days young enough to be restated by uploads are read once a week besides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from include.connectors._day_plan import (
    ChangeSigns,
    DayRule,
    business_day,
    group_days,
    known_days,
    plan_days,
    window_days,
)
from include.connectors.protocol import IncompleteAnswer, Interval, KnownSlice, Slice
from include.connectors.yandex_metrica.day_totals import (
    DayTotal,
    DayTotals,
    changed_days,
    write_signatures,
)

CLOCK_SKEW = timedelta(minutes=10)
"""A day counts as over only then: the vendor refuses a day that is today by its own clock."""
WEEK = timedelta(days=7)
ROWS_AIMED_AT = 20_000_000
"""Rows of one log request; more would keep one download too long in one piece."""


@dataclass(frozen=True)
class LogRule:
    """How the logs of one counter are kept fresh."""

    history_from: date | None
    lookback_days: int
    probe_days: int
    """How far back the report is compared."""
    weekly_days: int
    """Days this young are read again when their pull is a week old."""
    most_days: int

    def as_day_rule(self, zone: ZoneInfo, now: datetime) -> DayRule:
        """The shared rule, with the history filled in."""
        start = self.history_from or business_day(now, zone) - timedelta(days=30)
        return DayRule(zone, start, self.lookback_days)


class LogPlanner:
    """Plans the slices of one log; ``newest_seen`` is the vendor's newest log request."""

    def __init__(
        self, totals: DayTotals, rule: LogRule, zone: ZoneInfo, now: datetime, newest_seen: int
    ) -> None:
        self._totals = totals
        self._rule = rule
        self._zone = zone
        self._now = now - CLOCK_SKEW
        self._newest_seen = newest_seen

    def plan(
        self, resource: str, known: Iterable[KnownSlice], window: Interval | None
    ) -> list[Slice]:
        """Slices of one log, oldest first, each with what the report says of its days."""
        landed = known_days(known, resource)
        rule = self._rule.as_day_rule(self._zone, self._now)
        if window is not None:
            wanted = window_days(window, self._now, rule)
            totals = self._probe(resource, wanted, landed)
            return self._make_slices(resource, wanted, landed, totals)
        today = business_day(self._now, self._zone)
        horizon = today - timedelta(days=self._rule.probe_days)
        probed = {day: piece for day, piece in landed.items() if day >= horizon}
        due = plan_days(landed, self._now, rule)
        totals = self._probe(resource, [*due, *probed], landed)
        changed = changed_days(probed, totals) | self._stale_days(probed, today)
        wanted = plan_days(landed, self._now, rule, ChangeSigns(changed_days=frozenset(changed)))
        return self._make_slices(resource, wanted, landed, totals)

    def _probe(
        self, resource: str, days: list[date], landed: Mapping[date, KnownSlice]
    ) -> dict[date, DayTotal]:
        if not days:
            return {}
        span = Interval(min(days), max(days) + timedelta(days=1))
        totals = self._totals.read(resource, span)
        had_rows = any(landed[day].told_count for day in totals if day in landed)
        if had_rows and not any(total.rows for total in totals.values()):
            raise IncompleteAnswer(
                f"the report shows nothing from {span.date_from} to {span.date_to}, days that had "
                f"rows of {resource}; asked twice. Look at the counter in Metrica, try again later"
            )
        return totals

    def _stale_days(self, probed: Mapping[date, KnownSlice], today: date) -> set[date]:
        young = today - timedelta(days=self._rule.weekly_days)
        return {
            day
            for day, piece in probed.items()
            if day >= young and self._now - piece.pulled_at >= WEEK
        }

    def _make_slices(
        self,
        resource: str,
        days: list[date],
        landed: Mapping[date, KnownSlice],
        totals: Mapping[date, DayTotal],
    ) -> list[Slice]:
        busiest = max((piece.row_count for piece in landed.values()), default=0)
        busiest = max([busiest, *(total.rows for total in totals.values())])
        most = min(self._rule.most_days, ROWS_AIMED_AT // busiest if busiest else 366)
        slices = []
        for span in group_days(days, max(most, 1)):
            count = (span.date_to - span.date_from).days
            inside = [span.date_from + timedelta(days=n) for n in range(count)]
            sources: Counter[str] = Counter()
            for day in inside:
                sources.update(totals[day].sources)
            slices.append(
                Slice(
                    resource,
                    f"{span.date_from}_{span.date_to}",
                    interval=span,
                    watermark=write_signatures(totals, inside),
                    parameters={
                        "newest_seen": self._newest_seen,
                        "time_zone": self._zone.key,
                        "expected": {day.isoformat(): totals[day].rows for day in inside},
                        "sources": dict(sources),
                    },
                )
            )
        return slices
