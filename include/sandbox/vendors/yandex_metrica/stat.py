"""The reporting API: aggregated tables of visits, paged by ``limit`` and a 1-based ``offset``."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from include.sandbox.vendors.vendor import Stage
from include.sandbox.vendors.yandex_metrica.counters import Counter, Grant, find_counter
from include.sandbox.vendors.yandex_metrica.errors import ApiError
from include.sandbox.vendors.yandex_metrica.hit_rows import HitRows
from include.sandbox.vendors.yandex_metrica.logs import VENDOR_NAME, ReadUploaded, read_visits
from include.sandbox.vendors.yandex_metrica.stat_fields import (
    Sum,
    Value,
    read_dimension,
    read_metric,
)
from include.sandbox.vendors.yandex_metrica.stat_filters import filter_visits
from include.sandbox.vendors.yandex_metrica.stat_hits import is_of_hits, read_hits
from include.sandbox.vendors.yandex_metrica.stat_settings import read_preset, read_zone
from include.sandbox.vendors.yandex_metrica.visit_rows import VisitRows
from include.sandbox.vendors.yandex_metrica.visits import ATTRIBUTIONS

MOST_METRICS, MOST_DIMENSIONS, MOST_ROWS = 20, 10, 100_000
LEAST_VISITORS = 10
"""Rows of fewer visitors are hidden where an answer holds sensitive data."""
ACCURACIES = ("low", "medium", "high", "full")
DAYS_AGO = re.compile(r"(\d+)daysAgo")


@dataclass(frozen=True)
class StatQuery:
    """One table as asked for."""

    counters: tuple[Counter, ...]
    metrics: tuple[str, ...]
    dimensions: tuple[str, ...]
    sort: tuple[str, ...]
    filters: str
    limit: int
    offset: int
    attribution: str
    is_russian: bool
    zone: tzinfo | None = None

    def echo(self, first: str, last: str) -> dict[str, Any]:
        """The ``query`` object of an answer."""
        return {
            "ids": [counter.counter_id for counter in self.counters],
            "dimensions": list(self.dimensions),
            "metrics": list(self.metrics),
            "sort": list(self.sort),
            "date1": first,
            "date2": last,
            "limit": self.limit,
            "offset": self.offset,
            "group": "Week",
            "attribution": "".join(part.capitalize() for part in self.attribution.split("_")),
        }


@dataclass
class Table:
    """Groups of visits by the values of the dimensions, and all of them together."""

    values: list[list[Value]]
    sums: list[Sum]
    total: Sum
    is_sensitive: bool = False


class Stat:
    """Answers callers already let in."""

    def __init__(self, stage: Stage, read_uploaded: ReadUploaded) -> None:
        self._stage = stage
        self._read_uploaded = read_uploaded

    def table(self, request: Request, grant: Grant) -> Response:
        """``/stat/v1/data``."""
        return JSONResponse(self._answer(request, grant)[1])

    def csv(self, request: Request, grant: Grant) -> Response:
        """``/stat/v1/data.csv``: names, then totals, then rows."""
        query, answer = self._answer(request, grant)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([*query.dimensions, *query.metrics])
        label = "Итого и средние" if query.is_russian else "Totals and averages"
        blanks = [label, *[""] * len(query.dimensions)][: len(query.dimensions)]
        writer.writerow([*blanks, *answer["totals"]])
        for row in answer["data"]:
            names = [value["name"] for value in row["dimensions"]]
            writer.writerow([*names, *row["metrics"]])
        return Response(text.getvalue(), media_type="application/csv; charset=utf-8")

    def by_time(self, request: Request, grant: Grant) -> Response:
        """``/stat/v1/data/bytime``: every metric as a list over the days of the period."""
        query = self._read_query(request.query_params, grant)
        first, last = self._period(request.query_params, query, "")
        table = self._group(query, first, last)
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        daily = [self._group(query, day, day) for day in days]
        by_key = [dict(zip(map(_key, each.values), each.sums, strict=True)) for each in daily]
        rows = [
            {
                "dimensions": values,
                "metrics": [
                    [read_metric(name)(sums.get(_key(values), Sum())) for sums in by_key]
                    for name in query.metrics
                ],
            }
            for values in _page(query, _order(query, table))
        ]
        return JSONResponse(
            {
                **self._frame(query, first, last, table),
                "time_intervals": [[day.isoformat()] * 2 for day in days],
                "data": rows,
                "totals": [[read_metric(n)(each.total) for each in daily] for n in query.metrics],
            }
        )

    def drill_down(self, request: Request, grant: Grant) -> Response:
        """``/stat/v1/data/drilldown``: the next dimension under the values of ``parent_id``."""
        query = self._read_query(request.query_params, grant)
        first, last = self._period(request.query_params, query, "")
        parents = [
            p for p in re.split(r'[\[\]",\s]+', request.query_params.get("parent_id", "")) if p
        ]
        table = self._group(query, first, last)
        depth = len(parents)
        groups: dict[str, tuple[Value, list[int]]] = {}
        for number, values in enumerate(table.values):
            ids = [str(value.get("id", value["name"])) for value in values]
            if ids[:depth] == parents and len(values) > depth:
                groups.setdefault(ids[depth], (values[depth], []))[1].append(number)
        rows = [
            {
                "dimension": value,
                "metrics": _figures(query, _add_up([table.sums[n] for n in numbers])),
                "expand": depth + 1 < len(query.dimensions),
            }
            for value, numbers in groups.values()
        ]
        rows.sort(key=lambda row: -row["metrics"][0])
        frame = self._frame(query, first, last, table) | {"total_rows": len(rows)}
        page = rows[query.offset - 1 : query.offset - 1 + query.limit]
        return JSONResponse({**frame, "data": page, "totals": _figures(query, table.total)})

    def compare(self, request: Request, grant: Grant) -> Response:
        """``/stat/v1/data/comparison``: every row has the metrics of two periods, a and b."""
        query = self._read_query(request.query_params, grant)
        periods = {side: self._period(request.query_params, query, f"_{side}") for side in "ab"}
        tables = {side: self._group(query, *period) for side, period in periods.items()}
        sums = {
            side: dict(zip(map(_key, table.values), table.sums, strict=True))
            for side, table in tables.items()
        }
        every = {_key(values): values for t in tables.values() for values in t.values}
        rows = [
            {
                "dimensions": values,
                "metrics": {s: _figures(query, sums[s].get(key, Sum())) for s in "ab"},
            }
            for key, values in every.items()
        ]
        rows.sort(key=lambda row: -row["metrics"]["a"][0])
        frame = self._frame(query, *periods["a"], tables["a"]) | {"total_rows": len(rows)}
        page = rows[query.offset - 1 : query.offset - 1 + query.limit]
        totals = {side: _figures(query, table.total) for side, table in tables.items()}
        return JSONResponse({**frame, "data": page, "totals": totals})

    def _answer(self, request: Request, grant: Grant) -> tuple[StatQuery, dict[str, Any]]:
        query = self._read_query(request.query_params, grant)
        first, last = self._period(request.query_params, query, "")
        table = self._group(query, first, last)
        sums = {_key(v): s for v, s in zip(table.values, table.sums, strict=True)}
        rows = [
            {"dimensions": values, "metrics": _figures(query, sums[_key(values)])}
            for values in _page(query, _order(query, table))
        ]
        figures = [_figures(query, each) for each in table.sums] or [[0.0] * len(query.metrics)]
        return query, {
            **self._frame(query, first, last, table),
            "data": rows,
            "totals": _figures(query, table.total),
            "min": [min(column) for column in zip(*figures, strict=True)],
            "max": [max(column) for column in zip(*figures, strict=True)],
        }

    def _frame(self, query: StatQuery, first: date, last: date, table: Table) -> dict[str, Any]:
        sampled = self._stage.faults.take("sampled", VENDOR_NAME, "/stat/")
        share = 1.0 if sampled is None else float(sampled.get("share", 0.1))
        return {
            "query": query.echo(first.isoformat(), last.isoformat()),
            "total_rows": len(table.values),
            "total_rows_rounded": False,
            "sampled": sampled is not None,
            "contains_sensitive_data": table.is_sensitive,
            "sample_share": share,
            "sample_size": round(table.total.visits * share),
            "sample_space": table.total.visits,
            "data_lag": 80,
        }

    def _read_query(self, params: QueryParams, grant: Grant) -> StatQuery:
        ids = _split(params.get("ids", "") or params.get("id", ""))
        if not ids:
            raise ApiError("missing_parameter", "Parameter ids is missing", "ids")
        preset = read_preset(params.get("preset", ""))
        metrics = _split(params.get("metrics", "")) or preset.metrics
        if not metrics:
            raise ApiError("missing_parameter", "Parameter metrics is missing", "metrics")
        dimensions = _split(params.get("dimensions", "")) or preset.dimensions
        for name, values, most in (
            ("metrics", metrics, MOST_METRICS),
            ("dimensions", dimensions, MOST_DIMENSIONS),
        ):
            if len(values) > most:
                raise ApiError("invalid_parameter", f"More than {most} {name}", name)
        for metric in metrics:
            read_metric(metric)
        sort = _split(params.get("sort", "")) or (f"-{metrics[0]}",)
        for key in sort:
            if key.lstrip("-") not in (*metrics, *dimensions):
                raise ApiError("invalid_parameter", f"Cannot sort by {key}", "sort")
        attribution = params.get("attribution", "lastsign").lower().replace("_", "")
        prefixes = {p.replace("_", ""): p for p in ATTRIBUTIONS.values()}
        if attribution not in prefixes:
            raise ApiError("invalid_parameter", "Unknown attribution", "attribution")
        accuracy = params.get("accuracy", "medium")
        if accuracy not in ACCURACIES and not re.fullmatch(r"0(\.\d+)?|1(\.0+)?", accuracy):
            raise ApiError("invalid_parameter", f"Unknown accuracy: {accuracy}", "accuracy")
        return StatQuery(
            tuple(find_counter(number, grant) for number in ids),
            metrics,
            dimensions,
            sort,
            params.get("filters", ""),
            _read_number(params, "limit", 100, MOST_ROWS),
            _read_number(params, "offset", 1, None),
            prefixes[attribution],
            params.get("lang", "en").startswith("ru"),
            read_zone(params.get("timezone", "")),
        )

    def _period(self, params: QueryParams, query: StatQuery, ending: str) -> tuple[date, date]:
        zone = query.zone or query.counters[0].zone
        today = self._stage.clock.now().astimezone(zone).date()
        first = _read_day(params, f"date1{ending}", "6daysAgo", today)
        last = _read_day(params, f"date2{ending}", "today", today)
        if first > last:
            raise ApiError("invalid_parameter", "date1 must not be after date2", "date1")
        return first, last

    def _group(self, query: StatQuery, first: date, last: date) -> Table:
        now = self._stage.clock.now()
        groups: dict[tuple[str, ...], tuple[list[Value], Sum]] = {}
        total = Sum()
        is_empty = self._stage.faults.take("zero_rows", VENDOR_NAME, "/stat/") is not None
        for counter in () if is_empty else query.counters:
            self._add_counter(query, counter, (first, last), now, groups, total)
        is_sensitive = self._stage.faults.take("sensitive", VENDOR_NAME, "/stat/") is not None
        shown = [
            (values, group)
            for values, group in groups.values()
            if not is_sensitive or len(group.users) >= LEAST_VISITORS
        ]
        return Table([v for v, _ in shown], [s for _, s in shown], total, is_sensitive)

    def _add_counter(
        self,
        query: StatQuery,
        counter: Counter,
        days: tuple[date, date],
        now: datetime,
        groups: dict[tuple[str, ...], tuple[list[Value], Sum]],
        total: Sum,
    ) -> None:
        visits = read_visits(self._stage, counter)
        hide_robots = int(self._stage.knobs.get(f"{VENDOR_NAME}.filter_robots", 1)) == 2
        of_hits = is_of_hits([*query.metrics, *query.dimensions])
        # a visit that began before midnight has page views after it
        since = days[0] - timedelta(days=of_hits)
        positions = visits.select(since, days[1], now, hide_robots, query.zone)
        uploaded = self._read_uploaded(counter.counter_id, now)
        zone_name = str(query.zone).removeprefix("UTC") if query.zone else ""
        rows = VisitRows(visits, positions, self._stage.world, now, uploaded, zone_name)
        if of_hits:
            for hit, values in read_hits(HitRows(rows, *days), query.dimensions):
                group = _group_of(groups, values)
                for each in (total, group):
                    each.add_hit(hit.row)
            return
        kept = filter_visits(query.filters, rows, query.attribution, query.is_russian)
        columns = [
            read_dimension(name, rows, query.attribution, query.is_russian)
            for name in query.dimensions
        ]
        for number, (row, position) in enumerate(zip(rows.rows, rows.positions, strict=True)):
            if not kept[number]:
                continue
            values = [column[number] for column in columns]
            is_new = visits.is_first_visit(position)
            goals = [goal.goal_id for goal in rows.goals[number]]
            bought = [purchase.sum_micros for purchase in rows.purchases[number]]
            group = _group_of(groups, values)
            for each in (total, group):
                each.add(row, is_new, goals, bought)


def _group_of(groups: dict[tuple[str, ...], tuple[list[Value], Sum]], values: list[Value]) -> Sum:
    """The sum these values are counted in; made only when it is new."""
    key = _key(values)
    if key not in groups:
        groups[key] = (values, Sum())
    return groups[key][1]


def _key(values: Sequence[Value]) -> tuple[str, ...]:
    return tuple(str(value.get("id", value["name"])) for value in values)


def _figures(query: StatQuery, total: Sum) -> list[float]:
    return [float(read_metric(name)(total)) for name in query.metrics]


def _add_up(sums: Iterable[Sum]) -> Sum:
    total = Sum()
    for each in sums:
        total.visits += each.visits
        total.pages += each.pages
        total.bounces += each.bounces
        total.seconds += each.seconds
        total.new += each.new
        total.any_goal += each.any_goal
        total.reaches += each.reaches
        total.goal_visits += each.goal_visits
        total.users |= each.users
        total.purchases += each.purchases
        total.revenue_micros += each.revenue_micros
    return total


def _order(query: StatQuery, table: Table) -> list[list[Value]]:
    """Rows by the sort keys, ties by the values themselves."""
    numbers = sorted(range(len(table.values)), key=lambda n: _key(table.values[n]))
    for key in reversed(query.sort):
        name, is_descending = key.lstrip("-"), key.startswith("-")
        if name in query.metrics:
            figures = [read_metric(name)(each) for each in table.sums]
            numbers.sort(key=figures.__getitem__, reverse=is_descending)
        else:
            place = query.dimensions.index(name)
            texts = [str(values[place]["name"] or "") for values in table.values]
            numbers.sort(key=texts.__getitem__, reverse=is_descending)
    return [table.values[number] for number in numbers]


def _page(query: StatQuery, rows: list[list[Value]]) -> list[list[Value]]:
    return rows[query.offset - 1 : query.offset - 1 + query.limit]


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _read_number(params: QueryParams, name: str, default: int, most: int | None) -> int:
    text = params.get(name, str(default))
    if not text.isdigit() or int(text) < 1 or (most is not None and int(text) > most):
        raise ApiError("invalid_parameter", f"Invalid {name}: {text}", name)
    return int(text)


def _read_day(params: QueryParams, name: str, default: str, today: date) -> date:
    text = params.get(name, default)
    if text in ("today", "yesterday"):
        return today - timedelta(days=text == "yesterday")
    if match := DAYS_AGO.fullmatch(text):
        return today - timedelta(days=int(match[1]))
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ApiError("invalid_parameter", f"Invalid {name}: {text}", name) from None
