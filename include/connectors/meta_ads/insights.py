"""Reports of Meta's Insights API: asynchronous runs, their rows, and day totals of the account.

A run is ready only at ``Job Completed`` *and* 100 per cent; ``is_running`` is not to be trusted. A
run that failed is asked for again in halves, a single day as it is; one that was dropped, forgotten
or stands still is asked for again. Its rows are proven by the account's own totals, which know no
ads.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow.compute as pc

from include.connectors.meta_ads.answers import ObjectMissing, TooMuchData
from include.connectors.meta_ads.graph import Graph
from include.connectors.meta_ads.rows import (
    OBJECT_STATUSES,
    ActionReader,
    PerformanceReader,
)
from include.connectors.meta_ads.schema import ACTION, PERFORMANCE
from include.connectors.protocol import (
    Batch,
    IncompleteAnswer,
    Interval,
    Now,
    Ready,
    RequestRefused,
    Token,
    Wait,
)

FIRST_POLL_SECONDS, LONGEST_POLL_SECONDS = 5.0, 60.0
PATIENCE = timedelta(hours=1)
"""A run that takes longer stands still: it is asked for again."""
MOST_ATTEMPTS = 4
MONTHS_OF_REACH = 13
"""Reach by placement is refused for earlier days."""
COMPLETED, FAILED, SKIPPED = "Job Completed", "Job Failed", "Job Skipped"

WINDOWS = ("7d_click", "1d_view")
LEVEL_AD = {
    "level": "ad",
    "time_increment": "1",
    "use_unified_attribution_setting": "true",
    "filtering": [
        {
            "field": "ad.effective_status",
            "operator": "IN",
            "value": sorted(OBJECT_STATUSES),
        }
    ],
}
"""Without the filter archived and deleted ads vanish from statistics, and their spend with them."""
PERFORMANCE_FIELDS = (
    "campaign_id", "campaign_name", "adset_id", "adset_name", "ad_id", "ad_name",
    "impressions", "clicks", "inline_link_clicks", "spend",
)  # fmt: skip
ACTION_FIELDS = (
    "campaign_id", "adset_id", "ad_id", "attribution_setting", "actions", "action_values",
)  # fmt: skip
BREAKDOWNS = ("publisher_platform", "platform_position", "impression_device")
TOTAL_FIELDS = ("spend", "impressions", "clicks", "inline_link_clicks", "actions", "action_values")
PROVEN: Mapping[str, tuple[str, ...]] = {
    PERFORMANCE: ("cost_micros", "impressions", "clicks"),
    ACTION: ("action_count", "action_value_micros"),
}
"""Resource → columns whose sums must be those of the account."""
MONEY = ("cost_micros", "action_value_micros")
CENT_MICROS = Decimal(10_000)
MICROS = Decimal(1_000_000)

DayTotals = dict[date, dict[str, Decimal]]


@dataclass(frozen=True)
class Run:
    """One report run; ``until`` is inclusive, ``asked_at`` in seconds since 1970."""

    id: str
    since: str
    until: str
    asked_at: int
    attempts: int = 1
    is_ready: bool = False


class Insights:
    """Reports of one ad account, which rows call ``name``."""

    def __init__(
        self,
        graph: Graph,
        name: str,
        now: Now,
        page_rows: int,
        tolerance_ppm: int,
        is_vat_included: bool,
    ) -> None:
        self._graph = graph
        self._name = name
        self._now = now
        self._page_rows = page_rows
        self._tolerance = Decimal(tolerance_ppm) / MICROS
        self._is_vat_included = is_vat_included

    def submit(self, resource: str, span: Interval) -> Wait:
        """Ask for a report, and note what the account says its sums are at this moment."""
        until = span.date_to - timedelta(days=1)
        totals = _add_up(self.read_day_totals(span).values())
        runs = self._ask(resource, span.date_from, until, 1)
        return Wait(
            {
                "resource": resource,
                "runs": [asdict(run) for run in runs],
                "since": span.date_from.isoformat(),
                "until": until.isoformat(),
                "totals": {name: str(value) for name, value in totals.items()},
            },
            FIRST_POLL_SECONDS,
        )

    def poll(self, token: Token) -> Ready | Wait:
        """Look at every run once; those that came to nothing are asked for again."""
        runs: list[Run] = []
        for told in token["runs"]:
            run = Run(**told)
            runs += [run] if run.is_ready else self._look(str(token["resource"]), run)
        following = {**token, "runs": [asdict(run) for run in runs]}
        if all(run.is_ready for run in runs):
            return Ready(following)
        waited = self._seconds() - min(run.asked_at for run in runs if not run.is_ready)
        pause = min(max(waited / 4, FIRST_POLL_SECONDS), LONGEST_POLL_SECONDS)
        return Wait(following, pause)

    def read(self, token: Token) -> Iterator[Batch]:
        """Every row of the report; raises unless their sums are those of the account."""
        resource = str(token["resource"])
        sums = dict.fromkeys(PROVEN[resource], Decimal(0))
        rows = 0
        for told in token["runs"]:
            run = Run(**told)
            reader = self._make_reader(resource, run.id)
            for page in self._graph.walk(f"{run.id}/insights", self._page_rows):
                batch = reader.read(page)
                rows += len(batch.rejected)
                if batch.rows is not None:
                    rows += batch.rows.num_rows
                    for name in sums:
                        sums[name] += Decimal(str(pc.sum(batch.rows[name]).as_py() or 0))
                if batch.rejected:
                    sums.clear()  # what could not be read cannot be added up either
                yield batch
        if sums:
            self._prove(token, sums, rows)

    def read_day_totals(self, span: Interval) -> DayTotals:
        """Sums of the whole account per day, archived and deleted ads included; no day of zeros."""
        totals: DayTotals = {}
        until = span.date_to - timedelta(days=1)
        for page in self._graph.walk(
            f"{self._graph.account}/insights",
            500,
            level="account",
            time_increment="1",
            time_range={"since": str(span.date_from), "until": str(until)},
            fields=",".join(TOTAL_FIELDS),
            action_attribution_windows=list(WINDOWS),
            use_unified_attribution_setting="true",
        ):
            for row in page:
                totals[date.fromisoformat(row["date_start"])] = _read_totals(row)
        return totals

    def _prove(self, token: Token, sums: Mapping[str, Decimal], rows: int) -> None:
        """The rows are of the moment of asking; totals may have moved on since, or just then."""
        first = {name: Decimal(value) for name, value in token["totals"].items()}
        if rows and self._are_equal(sums, first, rows):
            return
        span = Interval(
            date.fromisoformat(token["since"]),
            date.fromisoformat(token["until"]) + timedelta(days=1),
        )
        second = _add_up(self.read_day_totals(span).values())
        is_proven = self._are_equal(sums, second, rows)
        if not rows:
            is_proven = is_proven and self._are_equal(sums, first, rows)
        if not is_proven:
            raise IncompleteAnswer(
                f"the Meta report of {token['since']} to {token['until']} adds up to "
                f"{_show(sums)}, the account itself to {_show(first)} when it was asked for and "
                f"to {_show(second)} now: rows are missing; ask again later. Where Meta itself "
                "never adds up so well, raise the option tolerance_ppm"
            )

    def _are_equal(
        self, sums: Mapping[str, Decimal], totals: Mapping[str, Decimal], rows: int
    ) -> bool:
        """Money is rounded to a hundredth in each row, and Meta estimates some breakdowns."""
        for name, value in sums.items():
            told = totals.get(name, Decimal(0))
            allowed = told * self._tolerance
            if name in MONEY:
                allowed += CENT_MICROS * rows / 2
            if abs(value - told) > allowed:
                return False
        return True

    def _make_reader(self, resource: str, run_id: str) -> PerformanceReader | ActionReader:
        constants = {
            "account_id": self._name,
            "currency_code": self._graph.facts.currency,
            "report_run_id": run_id,
        }
        if resource == ACTION:
            return ActionReader(constants)
        return PerformanceReader({**constants, "is_vat_included": self._is_vat_included})

    def _look(self, resource: str, run: Run) -> list[Run]:
        """The run as it stands, or those that take its place."""
        since, until = date.fromisoformat(run.since), date.fromisoformat(run.until)
        try:
            told = self._graph.get(run.id)
        except ObjectMissing:
            told = {"async_status": SKIPPED}
        status = told.get("async_status")
        if status == COMPLETED and told.get("async_percent_completion") == 100:
            return [Run(**{**asdict(run), "is_ready": True})]
        is_late = self._seconds() - run.asked_at > PATIENCE.total_seconds()
        if status not in (FAILED, SKIPPED) and not is_late:
            return [run]
        if run.attempts >= MOST_ATTEMPTS:
            raise RequestRefused(
                f"Meta gave up the report of {run.since} to {run.until} {run.attempts} times "
                f"({status}: {told.get('error_message', 'it does not say why')}); the next run "
                "asks anew, and days_per_request may be made smaller"
            )
        if status == FAILED and since < until:
            middle = since + (until - since) // 2
            return [
                *self._ask(resource, since, middle, run.attempts),
                *self._ask(resource, middle + timedelta(days=1), until, run.attempts),
            ]
        return self._ask(resource, since, until, run.attempts + 1)

    def _ask(self, resource: str, since: date, until: date, attempt: int) -> list[Run]:
        """Submit one report; in halves when Meta finds it too much at once."""
        try:
            told = self._graph.post(
                f"{self._graph.account}/insights", **self._describe(resource, since, until)
            )
        except TooMuchData as refusal:
            if since == until:
                raise RequestRefused(f"{refusal}: even one day is too much") from None
            told = {}
        if not told:
            middle = since + (until - since) // 2
            later = middle + timedelta(days=1)
            return [
                *self._ask(resource, since, middle, attempt),
                *self._ask(resource, later, until, attempt),
            ]
        if not told.get("report_run_id"):
            raise RequestRefused("Meta Ads took a report without naming its run")
        run_id = str(told["report_run_id"])
        return [Run(run_id, str(since), str(until), self._seconds(), attempt)]

    def _describe(self, resource: str, since: date, until: date) -> dict[str, Any]:
        asked: dict[str, Any] = {
            **LEVEL_AD,
            "time_range": {"since": str(since), "until": str(until)},
        }
        if resource == ACTION:
            return {
                **asked,
                "fields": list(ACTION_FIELDS),
                "action_attribution_windows": list(WINDOWS),
            }
        fields: Sequence[str] = PERFORMANCE_FIELDS
        today = self._now().astimezone(self._graph.facts.zone).date()
        if since > months_before(today, MONTHS_OF_REACH):
            fields = (*fields, "reach")
        return {**asked, "fields": list(fields), "breakdowns": list(BREAKDOWNS)}

    def _seconds(self) -> int:
        return int(self._now().astimezone(UTC).timestamp())


def months_before(today: date, months: int) -> date:
    """The same day of the month ``months`` ago, or the last one that month has."""
    year, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    return date(year, month + 1, min(today.day, calendar.monthrange(year, month + 1)[1]))


def _read_totals(row: Mapping[str, Any]) -> dict[str, Decimal]:
    totals = {name: Decimal(str(row.get(name) or 0)) for name in TOTAL_FIELDS[1:4]}
    totals["cost_micros"] = Decimal(str(row.get("spend") or 0)) * MICROS
    for column, name, unit in (
        ("action_count", "actions", Decimal(1)),
        ("action_value_micros", "action_values", MICROS),
    ):
        values = (Decimal(str(action.get("value") or 0)) for action in row.get(name) or ())
        totals[column] = sum(values, Decimal(0)) * unit
    return totals


def _add_up(days: Any) -> dict[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for day in days:
        for name, value in day.items():
            totals[name] = totals.get(name, Decimal(0)) + value
    return totals


def _show(sums: Mapping[str, Decimal]) -> str:
    return ", ".join(f"{name} {value.normalize():f}" for name, value in sorted(sums.items()))
