"""MoySklad, JSON API 1.2: goods, documents of the warehouse, stock and profit reports.

Knobs (``moysklad.<name>``): ``require_gzip`` (true; false for clients that cannot), ``units`` of
the bucket, ``weight`` of a caller's request whatever the day and token, ``blocked`` true or false
to switch access off or on whatever was counted, ``async_seconds`` a task takes, ``edited``
(``demand/3`` → ISO instant somebody saved that document by hand, which moves its ``updated``
alone), ``currency`` of the account (RUB). Faults beyond transport: ``error`` (``status``,
``code``, ``detail``), ``expired_token``, ``redirect`` (``status`` 301, 302, 303 or 308, to the
same address), ``zero_rows``, ``renamed_field`` (``from``, ``to``), ``changed_meaning``
(``field``, ``factor``: numbers are multiplied).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, ClassVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from include.sandbox.vendors.moysklad.access import Access, Caller
from include.sandbox.vendors.moysklad.errors import JSON, ApiError
from include.sandbox.vendors.moysklad.jobs import Jobs
from include.sandbox.vendors.moysklad.limits import BUCKET_UNITS, Limits, Refused
from include.sandbox.vendors.moysklad.services import Question, answer, can_queue
from include.sandbox.vendors.moysklad.wording import Links
from include.sandbox.vendors.vendor import Stage

LONGEST_HEAD = 8 * 1024
LONGEST_ARRAY = 1000
LIVE_VERSION = "1.2"
GONE_VERSIONS = ("1.0", "1.1")
ASYNC_SECONDS = 5.0


class HeldResponse(Response):
    """A body that gives its place among the parallel calls back when it is sent."""

    def __init__(self, inner: Response, when_done: Callable[[], None]) -> None:
        self._inner = inner
        self._when_done = when_done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the body; the place is freed even when the client goes away."""
        try:
            await self._inner(scope, receive, send)
        finally:
            self._when_done()


class MoySklad:
    """The stand-in; see the module's text for its knobs and faults."""

    name: ClassVar[str] = "moysklad"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.access = Access(stage.clock)
        self.limits = Limits(stage.clock)
        self.jobs = Jobs(stage.clock)

    def reset(self) -> None:
        """Tokens, limits and tasks as in the beginning."""
        self.access.reset()
        self.limits.reset()
        self.jobs.reset()

    def routes(self) -> Sequence[BaseRoute]:
        """Everything below ``/api/remap``, and the links to results beside it."""
        every = ["GET", "POST", "PUT", "DELETE"]
        return [
            Route("/api/remap/{version}/{path:path}", self._serve, methods=every),
            Route("/download/{name}", self._serve_download, methods=["GET"]),
        ]

    def _knob(self, name: str, default: Any = None) -> Any:
        return self._stage.knobs.get(f"{self.name}.{name}", default)

    async def _serve(self, request: Request) -> Response:
        path, headers = request.path_params["path"].strip("/"), dict[str, str]()
        name = ""
        try:
            if self._knob("require_gzip", True):
                _require_gzip(request)
            if len(str(request.url)) > LONGEST_HEAD:
                raise ApiError(414)
            if path == "security/token" and request.method == "POST":
                authorization = request.headers.get("authorization", "")
                return JSONResponse(self.access.issue(authorization), media_type=JSON)
            if self._stage.faults.take("expired_token", self.name, request.url.path) is not None:
                raise ApiError(401, 1056, "токен отозван")
            caller = self.access.authenticate(request.headers.get("authorization", ""))
            self.limits.require_access(caller.name, self._knob("blocked"))
            headers = self.limits.spend(
                caller.name,
                caller.is_solution,
                path,
                int(self._knob("units", BUCKET_UNITS)),
                self._knob("weight"),
            )
            self.limits.enter(caller.name)
            name = caller.name
            response = await self._answer(request, path, caller)
            response.headers.update(headers)
        except Refused as refused:
            response = self._refuse(caller.name, refused.error, request, refused.headers)
        except ApiError as error:
            response = self._refuse(name, error, request, headers)
        return HeldResponse(response, lambda: self.limits.leave(name)) if name else response

    def _refuse(
        self, caller: str, error: ApiError, request: Request, headers: dict[str, str]
    ) -> Response:
        if caller:
            self.limits.note_failure(caller, error.status, f"{request.method} {request.url}")
        return error.to_response(headers)

    async def _answer(self, request: Request, path: str, caller: Caller) -> Response:
        take, route = self._stage.faults.take, request.url.path
        if (values := take("error", self.name, route)) is not None:
            raise ApiError(
                int(values.get("status", 500)), int(values.get("code", 0)), values.get("detail", "")
            )
        if (values := take("redirect", self.name, route)) is not None:
            target = {"Location": str(request.url)}
            return Response(status_code=int(values.get("status", 302)), headers=target)
        version = request.path_params["version"]
        if version != LIVE_VERSION:
            raise ApiError(410 if version in GONE_VERSIONS else 404, 1015, version)
        if request.method != "GET":
            await _refuse_writing(request)
        question = self._read(request, caller)
        head, _, number = path.partition("/")
        if head == "async":
            return self._serve_task(number, question.links, str(request.base_url).rstrip("/"))
        if question.parameters.get("async") == "true":
            return await run_in_threadpool(self._queue, request, path, question)
        body = await run_in_threadpool(answer, path, question)
        if path == "entity/currency":
            for row in body["rows"]:
                row["isoCode"] = self._knob("currency", row["isoCode"])
        self._spoil(route, body)
        return JSONResponse(body, media_type=JSON)

    def _read(self, request: Request, caller: Caller) -> Question:
        query = request.query_params
        return Question(
            world=self._stage.world,
            now=self._stage.clock.now(),
            links=Links(str(request.base_url).rstrip("/")),
            parameters=dict(query),
            filters=query.getlist("filter"),
            sees_reports=caller.sees_reports,
            edited={
                key: datetime.fromisoformat(at) for key, at in self._knob("edited", {}).items()
            },
            is_whole=query.get("async") == "true",
        )

    def _queue(self, request: Request, path: str, question: Question) -> Response:
        if not can_queue(path):
            raise ApiError(400, 61000)
        if {"limit", "offset"} & set(question.parameters):
            raise ApiError(400, 61001)
        seconds = float(self._knob("async_seconds", ASYNC_SECONDS))
        try:
            body = answer(path, question)
        except ApiError as error:
            body = error
        number = self.jobs.queue(str(request.url), body, seconds)
        status = f"{question.links.api}/async/{number}"
        headers = {"Location": f"{status}/result", "Content-Location": status}
        return Response(status_code=202, headers=headers)

    def _serve_task(self, number: str, links: Links, root: str) -> Response:
        number, _, tail = number.partition("/")
        if number and tail == "result":
            target = {"Location": f"{root}/download/{self.jobs.link(number)}"}
            return Response(status_code=302, headers=target)
        if number:
            return JSONResponse(self.jobs.describe(number, links), media_type=JSON)
        rows = self.jobs.list(links)
        meta = {"href": f"{links.api}/async", "type": "async", "size": len(rows)}
        body = {"context": links.context(), "meta": meta, "rows": rows}
        return JSONResponse(body, media_type=JSON)

    async def _serve_download(self, request: Request) -> Response:
        try:
            return JSONResponse(self.jobs.fetch(request.path_params["name"]), media_type=JSON)
        except ApiError as error:
            return error.to_response({})

    def _spoil(self, route: str, body: Any) -> None:
        take = self._stage.faults.take
        rows = body.get("rows") if isinstance(body, dict) else body
        if not isinstance(rows, list):
            return
        if take("zero_rows", self.name, route) is not None:
            rows.clear()
            if isinstance(body, dict):
                body["meta"]["size"] = 0
                body["meta"].pop("nextHref", None)
        if (values := take("renamed_field", self.name, route)) is not None:
            for row in rows:
                if values["from"] in row:
                    row[values["to"]] = row.pop(values["from"])
        if (values := take("changed_meaning", self.name, route)) is not None:
            for row in rows:
                if isinstance(row.get(values["field"]), int | float):
                    row[values["field"]] *= values["factor"]


def _require_gzip(request: Request) -> None:
    """415 without a body unless the client takes gzip."""
    codings = request.headers.get("accept-encoding", "").lower().split(",")
    if "gzip" not in [coding.partition(";")[0].strip() for coding in codings]:
        raise ApiError(415)


async def _refuse_writing(request: Request) -> None:
    """413 for more than 1000 objects at once, otherwise no right to write."""
    try:
        body = json.loads(await request.body() or b"null")
    except ValueError:
        raise ApiError(400, 1040, "тело не JSON") from None
    if isinstance(body, list) and len(body) > LONGEST_ARRAY:
        raise ApiError(413)
    raise ApiError(403, 1017)


VENDOR = MoySklad
