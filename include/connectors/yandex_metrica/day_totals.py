"""What the counter's report shows of each day: a cheap sign of change, and a control total.

A day is remembered by the words its report used when it was pulled, and compared with the words of
now: report with report. Comparing it with the landed rows instead would read a day again for ever
where logs and reports differ a little, as they may.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from include.connectors._http import HttpSession
from include.connectors.protocol import IncompleteAnswer, Interval, KnownSlice, TemporaryFailure
from include.connectors.yandex_metrica.answers import AnswerReader, parse
from include.connectors.yandex_metrica.fields import HIT, VISIT

ROWS_PER_PAGE = 10_000
SIGNATURE_CHARACTERS = 12
QUERIES = {
    VISIT: (
        "ym:s:date,ym:s:{attribution}TrafficSource",
        "ym:s:visits,ym:s:pageviews,ym:s:users,ym:s:sumGoalReachesAny",
    ),
    HIT: ("ym:pv:date", "ym:pv:pageviews,ym:pv:users"),
}
"""Resource → dimensions and metrics; the first metric counts the rows of its log."""


@dataclass(frozen=True)
class DayTotal:
    """One day of a report: rows its log should have, and a digest of every figure shown.

    ``sources`` are the rows by traffic source, where the report is grouped so.
    """

    rows: int
    signature: str
    sources: Mapping[str, int] = field(default_factory=dict)


class DayTotals:
    """Reads day totals of one counter."""

    def __init__(
        self, http: HttpSession, answers: AnswerReader, counter: str, attribution: str
    ) -> None:
        self._http = http
        self._answers = answers
        self._counter = counter
        self._attribution = attribution

    def read(self, resource: str, span: Interval) -> dict[date, DayTotal]:
        """Every day of ``span``; a day the report does not name has no rows.

        Figures must be exact: a sampled report, or one that hides rows, raises
        :class:`TemporaryFailure`. An answer without any row is asked for twice.
        """
        rows = self._read_rows(resource, span)
        if not rows:
            rows = self._read_rows(resource, span)
        shown: dict[date, list[Any]] = defaultdict(list)
        counts: dict[date, Counter[str]] = defaultdict(Counter)
        for row in rows:
            text, *words = [value.get("id", value.get("name")) for value in row["dimensions"]]
            day = date.fromisoformat(str(text))
            shown[day].append([words, row["metrics"]])
            counts[day]["".join(map(str, words))] += round(row["metrics"][0])
        days = [span.date_from + timedelta(days=n) for n in range(_length(span))]
        return {
            day: DayTotal(
                counts[day].total(),
                _sign(shown[day]),
                counts[day] if resource == VISIT else {},
            )
            for day in days
        }

    def _read_rows(self, resource: str, span: Interval) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        while True:
            page = self._read_page(resource, span, len(rows) + 1)
            rows += page["data"]
            if len(rows) >= page["total_rows"]:
                return rows
            if not page["data"]:
                raise IncompleteAnswer(
                    f"the report of counter {self._counter} says {page['total_rows']} rows but "
                    f"ends after {len(rows)}; ask again later"
                )

    def _read_page(self, resource: str, span: Interval, offset: int) -> dict[str, Any]:
        dimensions, metrics = QUERIES[resource]
        params = {
            "ids": self._counter,
            "dimensions": dimensions.format(attribution=self._attribution),
            "metrics": metrics,
            "date1": span.date_from.isoformat(),
            "date2": (span.date_to - timedelta(days=1)).isoformat(),
            "accuracy": "full",
            "limit": str(ROWS_PER_PAGE),
            "offset": str(offset),
            "sort": dimensions.format(attribution=self._attribution),
        }
        response = self._http.send("GET", "stat/v1/data", self._answers.read_json, params=params)
        page = parse(response) or {}
        if not isinstance(page.get("data"), list) or not isinstance(page.get("total_rows"), int):
            raise IncompleteAnswer(
                f"the report of counter {self._counter} came without data or total_rows; ask again"
            )
        if page.get("sampled") or page.get("contains_sensitive_data"):
            raise TemporaryFailure(
                f"the report of counter {self._counter} is sampled or hides rows although "
                "accuracy=full was asked for, so no day can be checked against it; try later"
            )
        return page


def changed_days(known: Mapping[date, KnownSlice], totals: Mapping[date, DayTotal]) -> set[date]:
    """Known days whose report no longer shows what it showed when they were pulled."""
    return {
        day
        for day, total in totals.items()
        if day in known and read_signatures(known[day].watermark).get(day) != total.signature
    }


def write_signatures(totals: Mapping[date, DayTotal], days: Iterable[date]) -> str:
    """What to remember of the days of one slice, as its watermark."""
    found = {day.isoformat(): totals[day].signature for day in days if day in totals}
    return json.dumps(found, sort_keys=True, separators=(",", ":"))


def read_signatures(watermark: str) -> dict[date, str]:
    """The days of :func:`write_signatures`; empty for anything else."""
    try:
        found = json.loads(watermark or "{}")
        return {date.fromisoformat(day): str(signature) for day, signature in found.items()}
    except (ValueError, AttributeError):
        return {}


def _sign(shown: list[Any]) -> str:
    text = json.dumps(sorted(shown, key=repr), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:SIGNATURE_CHARACTERS]


def _length(span: Interval) -> int:
    return (span.date_to - span.date_from).days
