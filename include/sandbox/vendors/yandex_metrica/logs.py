"""The Logs API: evaluate, create, list, look, download, clean, cancel."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from include.sandbox.vendors.vendor import Stage
from include.sandbox.vendors.yandex_metrica.cells import write_file
from include.sandbox.vendors.yandex_metrica.counters import COUNTERS, Counter, Grant, find_counter
from include.sandbox.vendors.yandex_metrica.errors import ApiError
from include.sandbox.vendors.yandex_metrica.log_fields import (
    LogQuery,
    make_columns,
    read_prefix,
    require_fields,
)
from include.sandbox.vendors.yandex_metrica.log_requests import LogRequest, LogRequests
from include.sandbox.vendors.yandex_metrica.visit_rows import Uploaded
from include.sandbox.vendors.yandex_metrica.visits import ATTRIBUTIONS, CounterVisits
from include.sandbox.world.world_memo import WorldMemo

ReadUploaded = Callable[[int, datetime], Uploaded]
"""What has been uploaded for a counter's visits and processed at an instant."""
VENDOR_NAME = "yandex_metrica"
LONGEST_FIELDS = 3_000
LONGEST_DAYS = 366
BYTES_A_CELL = 12
"""By how much ``evaluate`` reckons a cell of a log."""
KNOBS: Mapping[str, Any] = {
    "build_seconds": 30.0,
    "rows_per_part": 20_000,
    "storage_bytes": 10 * 2**30,
    "retention_days": 60,
    "empty_period_parts": 1,
    "filter_robots": 1,
}
DOWNLOAD_TYPE = "application/json"
"""What the reference says of a download, although it is a table."""

_VISITS: WorldMemo[CounterVisits] = WorldMemo()


def read_visits(stage: Stage, counter: Counter) -> CounterVisits:
    """The visits of a counter in the world of now."""
    world = stage.world
    return _VISITS.get(world, counter.counter_id, lambda: CounterVisits(world, counter))


class Logs:
    """Answers callers already let in."""

    def __init__(self, stage: Stage, read_uploaded: ReadUploaded) -> None:
        self._stage = stage
        self._read_uploaded = read_uploaded
        self.requests = LogRequests(stage.clock, self._write_parts)

    def evaluate(self, request: Request, grant: Grant) -> Response:
        """Whether a request of this size may be made, and how many days may."""
        counter = find_counter(request.path_params["counter"], grant)
        query, _ = self._read_query(request.query_params, counter)
        most = self._most_days(counter, query)
        days = (query.last - query.first).days + 1
        answer = {"possible": days <= most, "max_possible_day_quantity": most}
        return JSONResponse({"log_request_evaluation": answer})

    def create(self, request: Request, grant: Grant) -> Response:
        """Queue a request, all of which is in the query string."""
        counter = find_counter(request.path_params["counter"], grant)
        query, attribution = self._read_query(request.query_params, counter)
        most = self._most_days(counter, query)
        if most <= 0:
            raise ApiError("limit_exceeded", "The storage of logs is full, clean old requests")
        if (query.last - query.first).days + 1 > most:
            raise ApiError("too_much_rows", f"No more than {most} days can be requested at once")
        take, path = self._stage.faults.take, request.url.path
        retry = take("awaiting_retry", VENDOR_NAME, path)
        made = self.requests.add(
            counter.counter_id,
            query,
            attribution,
            float(self._knob("build_seconds")),
            None if retry is None else float(retry.get("seconds", 60)),
            take("processing_failed", VENDOR_NAME, path) is not None,
        )
        return JSONResponse({"log_request": made.describe()})

    def list_requests(self, request: Request, grant: Grant) -> Response:
        """All requests of the counter."""
        counter = find_counter(request.path_params["counter"], grant)
        found = self.requests.list_of(counter.counter_id, self._retention())
        return JSONResponse({"requests": [each.describe() for each in found]})

    def look(self, request: Request, grant: Grant) -> Response:
        """One request."""
        return JSONResponse({"log_request": self._find(request, grant).describe()})

    def download(self, request: Request, grant: Grant) -> Response:
        """One part as a table."""
        found = self._find(request, grant)
        body = self.requests.read_part(found, request.path_params["part"])
        return Response(body, media_type=DOWNLOAD_TYPE)

    def clean(self, request: Request, grant: Grant) -> Response:
        """Give the storage of a processed request back."""
        found = self._find(request, grant)
        self.requests.end(found, "cleaned_by_user")
        return JSONResponse({"log_request": found.describe()})

    def cancel(self, request: Request, grant: Grant) -> Response:
        """Drop a request that is still waiting."""
        found = self._find(request, grant)
        self.requests.end(found, "canceled")
        return JSONResponse({"log_request": found.describe()})

    def _knob(self, name: str) -> Any:
        return self._stage.knobs.get(f"{VENDOR_NAME}.{name}", KNOBS[name])

    def _retention(self) -> timedelta:
        return timedelta(days=float(self._knob("retention_days")))

    def _find(self, request: Request, grant: Grant) -> LogRequest:
        counter = find_counter(request.path_params["counter"], grant)
        number = request.path_params["request"]
        return self.requests.find(counter.counter_id, number, self._retention())

    def _read_query(self, params: QueryParams, counter: Counter) -> tuple[LogQuery, str]:
        source = _require(params, "source")
        if source not in ("visits", "hits"):
            raise ApiError("invalid_parameter", f"Unknown source: {source}", "source")
        first, last = (_read_day(params, name) for name in ("date1", "date2"))
        today = self._stage.clock.now().astimezone(counter.zone).date()
        if first > last:
            raise ApiError("invalid_parameter", "date1 must not be after date2", "date1")
        if last >= today:
            raise ApiError("invalid_parameter", "date2 must be before today", "date2")
        if (last - first).days + 1 > LONGEST_DAYS:
            raise ApiError("invalid_parameter", "The period is longer than a year", "date1")
        _require(params, "fields")
        together = ",".join(params.getlist("fields"))
        if len(together) > LONGEST_FIELDS:
            raise ApiError("invalid_parameter", "fields: over 3000 characters", "fields")
        fields = tuple(name.strip() for name in together.split(",") if name.strip())
        require_fields(source, fields)
        attribution = params.get("attribution", "LASTSIGN").upper()
        if attribution not in ATTRIBUTIONS:
            raise ApiError("invalid_parameter", "Unknown attribution", "attribution")
        prefix = ATTRIBUTIONS[attribution]
        robots = int(self._knob("filter_robots")) == 2
        return LogQuery(source, first, last, fields, prefix, robots), attribution

    def _most_days(self, counter: Counter, query: LogQuery) -> int:
        """Days of such a log that the free storage holds; negative when it is overdrawn."""
        visits = read_visits(self._stage, counter)
        world = self._stage.world
        days = max((world.ends_on - world.starts_on).days, 1)
        rows = visits.table.num_rows * (1 if query.source == "visits" else 4)
        per_day = max(rows * len(query.fields) * BYTES_A_CELL // days, 1_000)
        stored = self.requests.stored_bytes(counter.counter_id, self._retention())
        free = int(self._knob("storage_bytes")) - stored
        return min(free // per_day, LONGEST_DAYS)

    def _write_parts(self, request: LogRequest) -> list[bytes]:
        take, query = self._stage.faults.take, request.query
        stage, counter = self._stage, COUNTERS[request.counter_id]
        path = f"logrequest/{request.request_id}"
        changed = take("changed_meaning", VENDOR_NAME, path)
        if changed is not None:
            query = _change_meaning(query, str(changed["from"]), str(changed["to"]))
        visits, as_of = read_visits(stage, counter), request.made_at
        uploaded = self._read_uploaded(counter.counter_id, as_of)
        columns = make_columns(query, visits, stage.world, as_of, uploaded)
        if take("zero_rows", VENDOR_NAME, path) is not None:
            columns = [[] for _ in columns]
        if (broken := take("broken_row", VENDOR_NAME, path)) is not None:
            columns[-1][int(broken.get("row", 0))] += "\tstray"
        names = list(request.query.fields)
        if (renamed := take("renamed_field", VENDOR_NAME, path)) is not None:
            names = [renamed["to"] if name == renamed["from"] else name for name in names]
        count, most = len(columns[0]), int(self._knob("rows_per_part"))
        if count == 0:
            return [write_file(names, columns)] * int(self._knob("empty_period_parts"))
        return [
            write_file(names, [column[start : start + most] for column in columns])
            for start in range(0, count, most)
        ]


def _change_meaning(query: LogQuery, before: str, after: str) -> LogQuery:
    """The same names, but sources of the attribution ``before`` are taken by ``after``."""
    fields = []
    for field in query.fields:
        kind, _, name = field.rpartition(":")
        prefix, plain = read_prefix(name, query.attribution) or ("", name)
        fields.append(f"{kind}:{after if prefix == before else prefix}{plain}")
    return replace(query, fields=tuple(fields))


def _require(params: QueryParams, name: str) -> str:
    value = params.get(name, "")
    if not value:
        raise ApiError("missing_parameter", f"Parameter {name} is missing", name)
    return value


def _read_day(params: QueryParams, name: str) -> date:
    try:
        return date.fromisoformat(_require(params, name))
    except ValueError:
        raise ApiError("invalid_parameter", f"{name} must be YYYY-MM-DD", name) from None
