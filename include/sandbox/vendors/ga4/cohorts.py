"""Cohort reports: users by the day of their first session, followed over days, weeks or months.

``cohortNthDay`` counts from the user's own first day, ``cohortNthWeek`` and ``cohortNthMonth``
from the first day of the cohort's range.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.ga4.dimensions import derive_dimension
from include.sandbox.vendors.ga4.errors import refuse_argument
from include.sandbox.vendors.ga4.report import Made
from include.sandbox.vendors.ga4.request import AskedReport, read_periods
from include.sandbox.vendors.ga4.wire import read_count, read_enum, read_items, read_object

NTH = {"DAILY": "cohortNthDay", "WEEKLY": "cohortNthWeek", "MONTHLY": "cohortNthMonth"}
MOST_COHORTS = 12


def _to_date(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:8]))


def _count_steps(granularity: str, first: date, born: date, day: date) -> int:
    if granularity == "DAILY":
        return (day - born).days
    if granularity == "WEEKLY":
        return (day - first).days // 7
    return (day.year - first.year) * 12 + day.month - first.month


def gather_cohorts(spec: Mapping[str, Any], sessions: pa.Table, today: date) -> pa.Table:
    """Sessions of the cohorts' users within the followed span, with ``cohort`` and ``nth``.

    A user of two cohorts is in both.
    """
    cohorts, span = read_items(spec, "cohorts"), read_object(spec, "cohortsRange")
    if not 1 <= len(cohorts) <= MOST_COHORTS or not span.get("granularity"):
        raise refuse_argument("A cohortSpec must have cohorts and a cohortsRange.")
    granularity = read_enum("Granularity", span["granularity"])
    oldest, newest = read_count(span, "startOffset", 0), read_count(span, "endOffset", 0)
    born = [_to_date(text) for text in derive_dimension(sessions, "firstSessionDate").to_pylist()]
    days = [_to_date(str(number)) for number in sessions["day"].to_pylist()]
    tables = []
    for number, cohort in enumerate(cohorts):
        if cohort.get("dimension") != "firstSessionDate":
            raise refuse_argument("The dimension of a cohort must be firstSessionDate.")
        period = read_periods([read_object(cohort, "dateRange")], today)[0]
        steps = [
            _count_steps(granularity, period.first, b, d)
            if period.first <= b <= period.last
            else -1
            for b, d in zip(born, days, strict=True)
        ]
        is_in = pa.array([oldest <= step <= newest for step in steps], pa.bool_())
        name = str(cohort.get("name") or f"cohort_{number}")
        labels = pa.array([f"{step:04}" for step in steps], pa.string())
        table = sessions.append_column("cohort", pa.array([name] * len(sessions), pa.string()))
        tables.append(table.append_column("nth", labels).filter(is_in))
    return pa.concat_tables(tables)


def add_cohort_users(asked: AskedReport, made: Made, rows: pa.Table) -> None:
    """Tell every row how many users its cohort has in all."""
    sizes = rows.group_by("cohort").aggregate([("client", "count_distinct")])
    users = dict(
        zip(sizes["cohort"].to_pylist(), sizes["client_count_distinct"].to_pylist(), strict=True)
    )
    place = made.names.index("cohort")
    for number, group in enumerate(made.groups):
        sums = {**group.sums, "cohort_users": users[group.dimensions[place]]}
        values = tuple(measure.compute(sums) for measure in asked.measures.values())
        made.groups[number] = replace(group, sums=sums, values=values)


def require_cohort_dimension(asked: AskedReport, spec: Mapping[str, Any]) -> None:
    """A cohort report must show its cohorts, and the step of its own granularity only."""
    names = {dimension.name for dimension in asked.dimensions}
    span = spec.get("cohortsRange") or {}
    fitting = NTH[read_enum("Granularity", span.get("granularity") or "DAILY")]
    if "cohort" not in names:
        raise refuse_argument("A cohort report must have the dimension cohort.")
    if names & set(NTH.values()) - {fitting}:
        raise refuse_argument(f"The granularity of the cohorts goes with {fitting}.")


def span_of(rows: pa.Table, today: date) -> list[dict[str, str]]:
    """The one date range that holds all followed sessions."""
    bounds = pc.min_max(rows["day"]).as_py()
    first = _to_date(str(bounds["min"])) if bounds["min"] else today
    return [{"startDate": str(first), "endDate": str(max(first, today))}]
