"""Ungrouped totals of each day, told by the vendor: which old days moved since the last run.

A day's totals are kept as digests in the watermark of the campaign snapshot, which is published
only after every report of the plan. They are the totals from *before* those reports were asked
for, so a change in between is found by the next run: at worst a day is read once too often.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from include.connectors.protocol import IncompleteAnswer, RequestRefused
from include.connectors.yandex_direct.report_stream import SUMMARY

PROBED_DAYS = 90
FIGURES = ("Impressions", "Clicks", "Cost", "Sessions", "Bounces")
_DIGITS = 8
_SEPARATOR = "|"

Cells = Mapping[str, str]
"""Field → the vendor's own text, of one day."""


@dataclass(frozen=True)
class DayTotals:
    """Digests of each day's figures and conversions; a day without any row has digests too."""

    figures: Mapping[date, str] = field(default_factory=dict)
    conversions: Mapping[date, str] = field(default_factory=dict)
    definition: str = ""
    """Of the goals and models: after a change every day's conversions are others."""
    busy_days: frozenset[date] = frozenset()
    """Days with any impression or click; not remembered, only told by :func:`digest_days`."""

    def moved_figures(self, before: DayTotals) -> frozenset[date]:
        """Days known to both whose figures differ."""
        return _differing(self.figures, before.figures)

    def moved_conversions(self, before: DayTotals) -> frozenset[date]:
        """Days known to both whose conversions differ; none when other goals are asked for now."""
        if self.definition != before.definition:
            return frozenset()
        return _differing(self.conversions, before.conversions)


def read_total_lines(text: str, name: str) -> dict[date, dict[str, str]]:
    """Cells by day and field of a totals report, proven whole by its last line."""
    if "\n" not in text:
        raise IncompleteAnswer(f"report {name} came without its column line; ask again")
    heading, *lines = text.splitlines()
    fields = heading.split("\t")
    wanted = ["Date", *FIGURES]
    if fields[: len(wanted)] != wanted:
        raise RequestRefused(
            f"report {name} has the columns {', '.join(fields)} where {', '.join(wanted)} were "
            "asked for first; the API has changed, adapt the totals"
        )
    found: dict[date, dict[str, str]] = {}
    if not lines:
        return found
    said = SUMMARY.match(lines.pop())
    if said is None or int(said.group(1)) != len(lines):
        raise IncompleteAnswer(
            f"report {name} holds {len(lines)} days and says otherwise or nothing; ask again"
        )
    for line in lines:
        day, *cells = line.split("\t")
        if len(cells) != len(fields) - 1:
            raise IncompleteAnswer(f"report {name} has a line of another width; ask again")
        found[date.fromisoformat(day)] = dict(zip(fields[1:], cells, strict=True))
    return found


def digest_definition(goals: Sequence[str], models: Sequence[str]) -> str:
    """A short name for what is counted as a conversion."""
    return _digest([*sorted(goals), "", *sorted(models)]) if goals else ""


def digest_days(first: date, last: date, told: Mapping[date, Cells], definition: str) -> DayTotals:
    """Totals of ``[first, last]``; a day the vendor does not list has none."""
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    figures, conversions, busy = {}, {}, set()
    for day in days:
        cells = told.get(day, {})
        counted = {name: cells[name] for name in cells if name not in FIGURES}
        figures[day] = _digest(cells.get(name, "") for name in FIGURES)
        conversions[day] = _digest(f"{name}={counted[name]}" for name in sorted(counted))
        if any(cells.get(name, "0") not in ("0", "--") for name in ("Impressions", "Clicks")):
            busy.add(day)
    return DayTotals(figures, conversions, definition, frozenset(busy))


def remember(timestamp: str, totals: DayTotals) -> str:
    """A watermark: the vendor's timestamp first, so that watermarks sort by time."""
    days = sorted(totals.figures)
    if not days:
        return timestamp
    digests = "".join(totals.figures[day] + totals.conversions[day] for day in days)
    return _SEPARATOR.join((timestamp, days[0].isoformat(), totals.definition, digests))


def recall(watermark: str) -> tuple[str, DayTotals]:
    """The timestamp and totals of a watermark; no totals in one that never had any."""
    timestamp, *rest = watermark.split(_SEPARATOR)
    if len(rest) != 3:
        return timestamp, DayTotals()
    first, digests = date.fromisoformat(rest[0]), rest[2]
    figures, conversions = {}, {}
    for number in range(len(digests) // (2 * _DIGITS)):
        start, day = 2 * _DIGITS * number, first + timedelta(days=number)
        figures[day] = digests[start : start + _DIGITS]
        conversions[day] = digests[start + _DIGITS : start + 2 * _DIGITS]
    return timestamp, DayTotals(figures, conversions, rest[1])


def _differing(now: Mapping[date, str], before: Mapping[date, str]) -> frozenset[date]:
    return frozenset(day for day in now if day in before and now[day] != before[day])


def _digest(texts: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:_DIGITS]
