"""Yandex Metrica: Logs API, reporting API, counters, goals and uploads of offline events.

Knobs (``yandex_metrica.<name>``): ``build_seconds`` of a log request, ``rows_per_part``,
``storage_bytes`` a counter may keep in logs, ``retention_days`` until a log is cleaned by itself,
``empty_period_parts`` (1: a part with a header alone, 0: none), ``filter_robots`` (the counter's
setting; 2 hides visits of robots), ``daily_requests`` of a login and of a counter. Faults beyond
transport: ``error`` (``error_type``, ``message``, ``location``), ``expired_token``, ``zero_rows``,
``renamed_field`` (``from``, ``to``: header of a log), ``changed_meaning`` (``from``, ``to``:
attributions), ``broken_row`` (``row``: a stray tab), ``sampled`` (``share``) and
``sensitive`` (rows of few visitors hidden) of a report, ``awaiting_retry`` (``seconds``) and
``processing_failed`` (both met when a log request is created).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, ClassVar

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from include.sandbox.vendors.vendor import Stage
from include.sandbox.vendors.yandex_metrica.counters import (
    COUNTERS,
    Grant,
    authenticate,
    describe_counter,
    describe_goals,
    find_counter,
)
from include.sandbox.vendors.yandex_metrica.errors import ApiError
from include.sandbox.vendors.yandex_metrica.limits import REQUESTS_A_DAY, Limits
from include.sandbox.vendors.yandex_metrica.logs import KNOBS, VENDOR_NAME, Logs, read_visits
from include.sandbox.vendors.yandex_metrica.stat import Stat
from include.sandbox.vendors.yandex_metrica.uploads import Uploads

Handler = Callable[[Request, Grant], Response]
MANAGEMENT = "/management/v1"
COUNTER = MANAGEMENT + "/counter/{counter}"


class HeldResponse(Response):
    """An answer that gives its place among the parallel requests back once it is sent."""

    def __init__(self, inner: Response, when_done: Callable[[], None]) -> None:
        self._inner = inner
        self._when_done = when_done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer; the place is freed even when the client goes away."""
        try:
            await self._inner(scope, receive, send)
        finally:
            self._when_done()


class YandexMetrica:
    """The stand-in; see the module's text for its knobs and faults."""

    name: ClassVar[str] = VENDOR_NAME

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.limits = Limits(stage.clock)
        self.uploads = Uploads(stage)
        self.logs = Logs(stage, self.uploads.read)
        self.stat = Stat(stage, self.uploads.read)

    def reset(self) -> None:
        """Limits, log requests and uploads as in the beginning."""
        self.limits.reset()
        self.logs.requests.reset()
        self.uploads.reset()

    def routes(self) -> Sequence[BaseRoute]:
        """Everything under the paths of the vendor's host."""
        logs, one = self.logs, COUNTER + "/logrequest/{request}"
        offline = COUNTER + "/offline_conversions"
        return [
            self._route(COUNTER + "/logrequests/evaluate", logs.evaluate),
            self._route(COUNTER + "/logrequests", logs.list_requests),
            self._route(COUNTER + "/logrequests", logs.create, "POST"),
            self._route(one + "/part/{part}/download", logs.download),
            self._route(one + "/clean", logs.clean, "POST"),
            self._route(one + "/cancel", logs.cancel, "POST"),
            self._route(one, logs.look),
            self._route("/stat/v1/data", self.stat.table),
            self._route("/stat/v1/data.csv", self.stat.csv),
            self._route("/stat/v1/data/bytime", self.stat.by_time),
            self._route("/stat/v1/data/drilldown", self.stat.drill_down),
            self._route("/stat/v1/data/comparison", self.stat.compare),
            self._route(MANAGEMENT + "/counters", self._list_counters),
            self._route(COUNTER, self._show_counter),
            self._route(COUNTER + "/goals", self._list_goals),
            self._route(COUNTER + "/goal/{goal}", self._show_goal),
            *(
                route
                for kind, upload, look in (
                    ("conversions", "/upload", "/uploading"),
                    ("calls", "/upload_calls", "/calls_uploading"),
                )
                for route in (
                    Route(offline + upload, partial(self._upload, kind=kind), methods=["POST"]),
                    self._route(
                        offline + look + "s", partial(self.uploads.list_uploads, kind=kind)
                    ),
                    self._route(
                        offline + look + "/{upload}", partial(self.uploads.look, kind=kind)
                    ),
                )
            ),
            Route("/{path:path}", self._refuse, methods=["GET", "POST", "PUT", "DELETE"]),
        ]

    def _route(self, path: str, handler: Handler, method: str = "GET") -> Route:
        async def serve(request: Request) -> Response:
            return await self._serve(
                request, lambda grant: run_in_threadpool(handler, request, grant)
            )

        return Route(path, serve, methods=[method])

    async def _serve(
        self, request: Request, answer: Callable[[Grant], Awaitable[Response]]
    ) -> Response:
        login = ""
        try:
            grant = self._let_in(request)
            self.limits.enter(grant.login)
            login = grant.login
            response = await answer(grant)
        except ApiError as error:
            response = error.to_response()
        return HeldResponse(response, partial(self.limits.leave, login)) if login else response

    def _let_in(self, request: Request) -> Grant:
        """Planted errors come before anything else the vendor checks."""
        take, path = self._stage.faults.take, request.url.path
        if take("expired_token", self.name, path) is not None:
            raise ApiError("invalid_token")
        if (values := take("error", self.name, path)) is not None:
            kind, location = str(values["error_type"]), str(values.get("location", ""))
            raise ApiError(kind, str(values.get("message", "")), location)
        address = request.client.host if request.client else ""
        self.limits.count_address(address, "/logrequest" in path)
        grant = authenticate(request.headers)
        limit = int(self._stage.knobs.get(f"{self.name}.daily_requests", REQUESTS_A_DAY))
        self.limits.count_day("uid", grant.login, limit)
        counter = request.path_params.get("counter")
        if counter is not None:
            self.limits.count_day("counter_id", counter, limit)
        return grant

    async def _upload(self, request: Request, kind: str) -> Response:
        async def answer(grant: Grant) -> Response:
            content_type = request.headers.get("content-type", "")
            form: Any = await request.form() if content_type.startswith("multipart/") else {}
            part = form.get("file")
            file = await part.read() if isinstance(part, UploadFile) else None
            return await run_in_threadpool(self.uploads.receive, request, grant, file, kind)

        return await self._serve(request, answer)

    async def _refuse(self, request: Request) -> Response:
        async def answer(_: Grant) -> Response:
            raise ApiError("not_found", "Unknown method")

        return await self._serve(request, answer)

    def _list_counters(self, request: Request, grant: Grant) -> Response:
        params = request.query_params
        seen = [
            c for c in COUNTERS.values() if grant.counters is None or c.counter_id in grant.counters
        ]
        wanted = params.get("search_string", "").lower()
        found = [c for c in seen if wanted in f"{c.counter_id} {c.name} {c.domain}".lower()]
        start, count = int(params.get("offset", 1)) - 1, int(params.get("per_page", 1_000))
        shown = [self._describe(c.counter_id, grant) for c in found[start : start + count]]
        return JSONResponse({"rows": len(found), "counters": shown})

    def _show_counter(self, request: Request, grant: Grant) -> Response:
        counter = find_counter(request.path_params["counter"], grant)
        return JSONResponse({"counter": self._describe(counter.counter_id, grant)})

    def _describe(self, counter_id: int, grant: Grant) -> dict[str, Any]:
        robots = self._stage.knobs.get(f"{self.name}.filter_robots", KNOBS["filter_robots"])
        now = self._stage.clock.now()
        return describe_counter(COUNTERS[counter_id], grant, int(robots), now)

    def _goals(self, request: Request, grant: Grant) -> list[dict[str, Any]]:
        counter = find_counter(request.path_params["counter"], grant)
        seen = dict.fromkeys(read_visits(self._stage, counter).goal_ids, "")
        return describe_goals(seen | self.uploads.targets_of(counter.counter_id))

    def _list_goals(self, request: Request, grant: Grant) -> Response:
        return JSONResponse({"goals": self._goals(request, grant)})

    def _show_goal(self, request: Request, grant: Grant) -> Response:
        wanted = request.path_params["goal"]
        for goal in self._goals(request, grant):
            if str(goal["id"]) == wanted:
                return JSONResponse({"goal": goal})
        raise ApiError("not_found", f"Goal {wanted} is not found", "goalId")


VENDOR = YandexMetrica
