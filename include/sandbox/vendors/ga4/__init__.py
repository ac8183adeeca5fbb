"""Google Analytics 4, Data API v1beta: reports of the international site, and its token endpoint.

Knobs (``ga4.<name>``): ``tier`` (``standard`` or ``360``), a quota by its name (``tokensPerHour``
…), ``quota_zone``, ``tokens_per_report``, ``limit_dimensions``, ``limit_metrics``,
``limit_dateRanges``, ``row_limit`` of groups before ``(other)``, ``threshold_users``,
``sampling_events``, ``today_is_other``, ``audience_seconds``, ``empty_reason`` (what the metadata
of a report without rows says; nothing unless set). Faults beyond transport: ``error`` (``status``
as Google's word, ``message``), ``expired_token``, ``zero_rows``, ``renamed_field`` (``from``,
``to`` in the headers), ``changed_meaning`` (``field``, ``factor`` of a metric),
``failed_audience``, ``shifted_page`` (a later page begins a row too early) and those of
``row_faults``. BigQuery's export is no HTTP API and is not played.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from include.sandbox.vendors.ga4.access import TOKEN_PATHS, Access
from include.sandbox.vendors.ga4.audiences import AudienceExports
from include.sandbox.vendors.ga4.catalogue import check_compatibility, describe_metadata
from include.sandbox.vendors.ga4.cohorts import (
    add_cohort_users,
    gather_cohorts,
    require_cohort_dimension,
    span_of,
)
from include.sandbox.vendors.ga4.errors import ApiError, refuse_argument
from include.sandbox.vendors.ga4.measures import RATES, convert
from include.sandbox.vendors.ga4.pivots import require_pivots, write_pivots
from include.sandbox.vendors.ga4.purchases import add_purchases
from include.sandbox.vendors.ga4.quotas import Quotas
from include.sandbox.vendors.ga4.realtime import make_realtime
from include.sandbox.vendors.ga4.report import Group, Made, Rules, make_report, write_row
from include.sandbox.vendors.ga4.request import AskedReport, read_report
from include.sandbox.vendors.ga4.row_faults import spoil_rows
from include.sandbox.vendors.ga4.sessions import LINE, list_sessions
from include.sandbox.vendors.ga4.wire import read_items, read_object, wants_numbers, write_enums
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world_memo import WorldMemo

PROPERTY_ID = "384211507"
MOST_IN_BATCH = 5
CELLS_PER_TOKEN = 5_000
SERVER_ERRORS = ("INTERNAL", "UNAVAILABLE")
ZONE = ZoneInfo(LINE.time_zone)
_SESSIONS: WorldMemo[pa.Table] = WorldMemo()
TOTALS = {"TOTAL": "totals", "MAXIMUM": "maximums", "MINIMUM": "minimums"}


class HeldResponse(JSONResponse):
    """An answer that gives its place among the simultaneous requests back once it is sent."""

    def __init__(self, content: Any, when_done: Callable[[], None]) -> None:
        super().__init__(content)
        self._when_done = when_done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the body; the place is freed even when the client goes away."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._when_done()


class Ga4:
    """The stand-in; see the module's text for its knobs and faults."""

    name: ClassVar[str] = "ga4"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._access = Access(stage)
        self._core = Quotas(stage.clock, stage.knobs)
        self._realtime = Quotas(stage.clock, stage.knobs)
        self._audiences = AudienceExports(stage, PROPERTY_ID)
        self._one_at_a_time = threading.Lock()
        self._methods: dict[str, Callable[[Mapping[str, Any], str], dict[str, Any]]] = {
            "runReport": self._run_report,
            "batchRunReports": self._run_batch,
            "runPivotReport": self._run_pivot,
            "batchRunPivotReports": self._run_pivot_batch,
            "runRealtimeReport": self._run_realtime,
            "checkCompatibility": lambda body, _: check_compatibility(body),
            "createAudienceExport": self._create_audience_export,
            "listAudienceExports": lambda body, _: self._audiences.list(body),
            "getAudienceExport": lambda body, _: self._audiences.get(str(body["export"])),
            "queryAudienceExport": lambda body, _: self._audiences.query(str(body["export"]), body),
        }

    def reset(self) -> None:
        """Tokens, quotas and exports as in the beginning."""
        self._access.reset()
        self._core.reset()
        self._realtime.reset()
        self._audiences.reset()

    def routes(self) -> Sequence[BaseRoute]:
        """The methods of a property, and the token endpoint of Google's OAuth."""
        of_property = "/v1beta/properties/{property_id}"
        exports, both = f"{of_property}/audienceExports", ["GET", "POST"]
        return [
            Route(f"{of_property}/metadata", self._serve, methods=["GET"]),
            Route(exports, self._serve, methods=both),
            Route(f"{exports}/{{export}}", self._serve, methods=both),
            Route("/v1beta/properties/{call}", self._serve, methods=["POST"]),
            Route("/v1beta/{rest:path}", self._serve, methods=["GET", "POST"]),
            *(Route(path, self._serve_token, methods=["POST"]) for path in TOKEN_PATHS),
        ]

    async def _serve_token(self, request: Request) -> Response:
        status, body = self._access.grant(
            await request.form(), self._stage.clock.now(), str(request.url)
        )
        return JSONResponse(body, status)

    async def _serve(self, request: Request) -> Response:
        is_held = False
        path = request.url.path
        quotas = self._realtime if path.endswith(":runRealtimeReport") else self._core
        try:
            may_read = self._let_in(request)
            quotas.enter()
            is_held = True
            self._fail_if_planted(path)
            property_id, method = _split_call(request)
            if not may_read or property_id not in (PROPERTY_ID, "0"):
                raise ApiError("PERMISSION_DENIED")
            if method == "metadata":
                answer = describe_metadata(property_id, property_id == PROPERTY_ID)
            elif method not in self._methods or property_id == "0":
                raise ApiError("NOT_FOUND")
            else:
                body = _read_body(await request.body()) | _read_address(request)
                # other vendors answer meanwhile
                answer = await run_in_threadpool(self._compute, method, body, path)
            shown = write_enums(answer, wants_numbers(request.query_params))
            return HeldResponse(shown, quotas.leave)
        except ApiError as error:
            if is_held:
                quotas.leave()
            if error.status in SERVER_ERRORS:
                quotas.count_server_error()
            return error.to_response()

    def _compute(self, method: str, body: Mapping[str, Any], path: str) -> dict[str, Any]:
        with self._one_at_a_time:
            return self._methods[method](body, path)

    def _let_in(self, request: Request) -> bool:
        if self._stage.faults.take("expired_token", self.name, request.url.path) is not None:
            raise ApiError("UNAUTHENTICATED")
        return self._access.authenticate(request.headers, self._stage.clock.now())

    def _fail_if_planted(self, path: str) -> None:
        if (values := self._stage.faults.take("error", self.name, path)) is not None:
            raise ApiError(str(values["status"]), str(values.get("message", "")))

    def _knob(self, name: str, default: int) -> int:
        return int(self._stage.knobs.get(f"ga4.{name}", default))

    def _sessions(self) -> pa.Table:
        """Sessions and purchases the vendor knows by now."""
        world = self._stage.world
        known = _SESSIONS.get(world, "known", lambda: add_purchases(world, list_sessions(world)))
        return known.filter(pc.less_equal(known["known_at"], self._stage.clock.now()))

    def _read(self, body: Mapping[str, Any], path: str) -> tuple[AskedReport, Made]:
        today = self._stage.clock.now().astimezone(ZONE).date()
        limits = {
            name: self._knob(f"limit_{name}", most)
            for name, most in (("dimensions", 9), ("metrics", 10), ("dateRanges", 4))
        }
        sessions, cohorts = self._sessions(), read_object(body, "cohortSpec")
        if cohorts:
            if body.get("dateRanges"):
                raise refuse_argument("A report has either dateRanges or a cohortSpec.")
            sessions = gather_cohorts(cohorts, sessions, today)
            body = {**body, "dateRanges": span_of(sessions, today)}
        asked = read_report(body, today, limits, LINE.currency_code)
        if cohorts:
            require_cohort_dimension(asked, cohorts)
        if asked.currency != LINE.currency_code:
            if asked.currency not in RATES:
                raise refuse_argument(f"Invalid currencyCode: {asked.currency}.")
            rate = RATES[asked.currency]
            measures = {name: convert(one, rate) for name, one in asked.measures.items()}
            asked = replace(asked, measures=measures)
        if asked.may_be_thresholded:
            self._core.require_thresholded()
        rules = Rules()
        rules = Rules(
            self._knob("row_limit", rules.most_groups),
            self._knob("threshold_users", rules.threshold_users),
            self._knob("sampling_events", rules.sampling_events),
            bool(self._knob("today_is_other", 0)),
        )
        if self._stage.faults.take("zero_rows", self.name, path) is not None:
            sessions = sessions.slice(0, 0)
        made = make_report(asked, sessions, int(today.strftime("%Y%m%d")), rules)
        if cohorts:
            add_cohort_users(asked, made, sessions)
        changed = self._stage.faults.take("changed_meaning", self.name, path)
        if changed is not None and changed["field"] in asked.measures:
            place = list(asked.measures).index(changed["field"])
            made.groups = [_multiply(g, place, float(changed["factor"])) for g in made.groups]
        return asked, made

    def _run_report(self, body: Mapping[str, Any], path: str) -> dict[str, Any]:
        asked, made = self._read(body, path)
        start = asked.offset
        if start and self._stage.faults.take("shifted_page", self.name, path) is not None:
            start -= 1
        shown = made.groups[start : start + asked.limit]
        answer = self._head(asked, made, path)
        if shown:
            answer["rows"] = [write_row(group, asked) for group in shown]
        for kind, name in TOTALS.items():
            if made.totals.get(kind):
                answer[name] = [write_row(group, asked) for group in made.totals[kind]]
        if made.groups:
            answer["rowCount"] = len(made.groups)
        spoil_rows(self._stage, self.name, path, answer)
        return self._tail(answer, asked, made, len(shown), "runReport")

    def _run_pivot(self, body: Mapping[str, Any], path: str) -> dict[str, Any]:
        asked, made = self._read(body, path)
        answer = write_pivots(require_pivots(body, asked), asked, made)
        answer = answer | self._head(asked, made, path)
        return self._tail(answer, asked, made, len(answer.get("rows", ())), "runPivotReport")

    def _run_batch(self, body: Mapping[str, Any], path: str) -> dict[str, Any]:
        reports = [self._run_report(item, path) for item in _read_batch(body)]
        return {"reports": reports, "kind": "analyticsData#batchRunReports"}

    def _run_pivot_batch(self, body: Mapping[str, Any], path: str) -> dict[str, Any]:
        reports = [self._run_pivot(item, path) for item in _read_batch(body)]
        return {"pivotReports": reports, "kind": "analyticsData#batchRunPivotReports"}

    def _run_realtime(self, body: Mapping[str, Any], path: str) -> dict[str, Any]:
        is_premium = str(self._stage.knobs.get("ga4.tier", "standard")) == "360"
        now = self._stage.clock.now()
        asked, made = make_realtime(body, self._sessions(), now, is_premium)
        answer = self._head(asked, made, path)
        shown = made.groups[: asked.limit]
        if shown:
            answer["rows"] = [write_row(group, asked) for group in shown]
            answer["rowCount"] = len(made.groups)
        answer = self._tail(answer, asked, made, len(shown), "runRealtimeReport", self._realtime)
        del answer["metadata"]
        return answer

    def _create_audience_export(self, body: Mapping[str, Any], _: str) -> dict[str, Any]:
        operation, tokens = self._audiences.create(body, self._sessions())
        self._core.spend_tokens(tokens)
        return operation

    def _head(self, asked: AskedReport, made: Made, path: str) -> dict[str, Any]:
        renamed = self._stage.faults.take("renamed_field", self.name, path)

        def call(name: str) -> str:
            return str(renamed["to"]) if renamed and renamed["from"] == name else name

        head: dict[str, Any] = {}
        if made.names:
            head["dimensionHeaders"] = [{"name": call(name)} for name in made.names]
        if asked.measures:
            head["metricHeaders"] = [
                {"name": call(name), "type": measure.kind}
                for name, measure in asked.measures.items()
                if name not in asked.invisible
            ]
        return head

    def _tail(
        self,
        answer: dict[str, Any],
        asked: AskedReport,
        made: Made,
        shown: int,
        kind: str,
        quotas: Quotas | None = None,
    ) -> dict[str, Any]:
        """Metadata, and the tokens of the answer: paid even where nobody asked for the quota."""
        metadata: dict[str, Any] = {
            "currencyCode": asked.currency,
            "timeZone": LINE.time_zone,
            "dataLossFromOtherRow": made.has_other,
            "subjectToThresholding": made.is_thresholded,
        }
        if made.sampling:
            metadata["samplingMetadatas"] = [
                {"samplesReadCount": str(read), "samplingSpaceSize": str(space)}
                for read, space in made.sampling
            ]
        if not made.groups and (reason := self._stage.knobs.get("ga4.empty_reason")):
            metadata["emptyReason"] = str(reason)
        quotas = quotas or self._core
        cells = shown * (len(made.names) + len(asked.measures))
        cost = self._knob("tokens_per_report", 0) or 1 + cells // CELLS_PER_TOKEN
        quotas.spend_tokens(cost)
        answer["metadata"] = metadata
        if asked.wants_quota:
            answer["propertyQuota"] = quotas.describe(cost, asked.may_be_thresholded)
        answer["kind"] = f"analyticsData#{kind}"
        return answer


def _multiply(group: Group, place: int, factor: float) -> Group:
    values = list(group.values)
    values[place] *= factor
    return replace(group, values=tuple(values))


def _split_call(request: Request) -> tuple[str, str]:
    """The property and the method; those of audience exports go by HTTP method and address."""
    params = request.path_params
    if "property_id" in params:
        property_id = str(params["property_id"])
        if request.url.path.endswith("/metadata"):
            return property_id, "metadata"
        is_query = str(params.get("export", "")).endswith(":query")
        found = {
            ("GET", False, False): "listAudienceExports",
            ("POST", False, False): "createAudienceExport",
            ("GET", True, False): "getAudienceExport",
            ("POST", True, True): "queryAudienceExport",
        }
        return property_id, found.get((request.method, "export" in params, is_query), "")
    property_id, colon, method = str(params.get("call", "")).partition(":")
    if not colon:
        raise ApiError("NOT_FOUND")
    if not property_id.isdigit():
        raise refuse_argument(
            f"Invalid property ID: {property_id}. A numeric Property ID is required."
        )
    return property_id, method


def _read_address(request: Request) -> dict[str, Any]:
    """What an address says of audience exports: which one, or which page of them."""
    told = {name: request.query_params.get(name) for name in ("pageSize", "pageToken")}
    export = str(request.path_params.get("export", "")).removesuffix(":query")
    return {name: value for name, value in (told | {"export": export}).items() if value}


def _read_body(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        raise refuse_argument("Invalid JSON payload received.") from None
    if not isinstance(body, dict):
        raise refuse_argument("Invalid JSON payload received. The root must be an object.")
    return body


def _read_batch(body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    requests = read_items(body, "requests")
    if not 1 <= len(requests) <= MOST_IN_BATCH:
        raise refuse_argument(f"A batch has 1 to {MOST_IN_BATCH} requests; got {len(requests)}.")
    return requests


VENDOR = Ga4
