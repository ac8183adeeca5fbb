"""Calltouch: journals of calls and form requests, recordings, statistics, and what is written.

Knobs (``calltouch.<name>``): ``daily_points`` of the project, ``site_required`` (whether the
journal of requests insists on ``siteId``), ``text_flags`` (flags of calls as ``"True"`` and
``"False"``, as older answers have them), ``timestamp_unit`` of calls (``s`` or ``ms``),
``orders_page_key`` (``totalPage`` or ``pageTotal``), ``error_shape`` (``errorCode`` or ``errors``:
the body of a refusal is not documented). Faults beyond transport: ``error``
(``status``, ``message``), ``expired_token``, ``html_page`` (an error page with status 200),
``zero_rows``, ``renamed_field`` (``from``, ``to``), ``changed_meaning`` (``field``, ``factor``),
``control_characters`` (``field``), ``unknown_field`` (``field``, ``value``: a new one in every
row), ``bad_value`` (``field``, ``value``, ``row``), ``shifted_page`` (``rows``: so many were
inserted before a later page was asked for).
"""

from __future__ import annotations

import json
import math
from collections import Counter as Tally
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from include.sandbox.vendors.calltouch.access import (
    DAILY_POINTS,
    SITE_ID,
    ApiError,
    Limits,
    find_site,
    require_token,
)
from include.sandbox.vendors.calltouch.deals import Deals
from include.sandbox.vendors.calltouch.leads import choose_calls, describe_calls, list_requests
from include.sandbox.vendors.calltouch.periods import (
    CALL_DAY,
    REQUEST_DAY,
    each_day,
    read_period,
)
from include.sandbox.vendors.calltouch.sessions import read_table
from include.sandbox.vendors.calltouch.written import Written
from include.sandbox.vendors.vendor import Stage

Row = dict[str, Any]
Handler = Callable[[Request], Response]
ROOT = "/calls-service/RestAPI"
SITE = ROOT + "/{site}"
STATISTICS = ROOT + "/statistics/{site}/calls"
MOST_ROWS = 1_000
RECORD = b"ID3\x04\x00\x00\x00\x00\x00\x00"
FLAGS = ("uniqueCall", "targetCall", "uniqTargetCall", "callbackCall")
ERROR_PAGE = "<html><head><title>Calltouch</title></head><body>Service unavailable</body></html>"


class Calltouch:
    """The stand-in; see the module's text for its knobs and faults."""

    name: ClassVar[str] = "calltouch"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.limits = Limits(stage.clock)
        self.written = Written()

    def reset(self) -> None:
        """Limits and everything written as in the beginning."""
        self.limits.reset()
        self.written.reset()

    def routes(self) -> Sequence[BaseRoute]:
        """All methods; clients write their paths with and without a slash at the end."""
        reading: list[tuple[str, Handler]] = [
            (SITE + "/getnodeid", self._tell_node),
            (SITE + "/calls-diary/calls", self._list_calls),
            (SITE + "/calls-diary/calls/{call}/download", self._download),
            (ROOT + "/requests", self._list_requests),
            (SITE + "/orders-diary/orders", self._list_orders),
            (STATISTICS + "/total-count", self._count_calls),
            (STATISTICS + "/count-by-date", self._count_by_date),
            (STATISTICS + "/seo/count-by-date", self._count_by_date),
            (STATISTICS + "/seo/count-by-keywords", self._count_by_keyword),
        ]
        writing = [
            (ROOT + "/requests/{site}/register", self._register),
            (SITE + "/requests/orders/register", self._register),
            ("/lead-service/v1/api/client-order/{action}", self._change_deal),
            ("/event-service/platform/{exchange}/inbound-call", self._import_calls),
        ]
        return [
            Route(path + slash, endpoint, methods=[method])
            for method, endpoints in (
                ("GET", [(path, self._reading(handler)) for path, handler in reading]),
                ("POST", [(path, self._guarded(handler)) for path, handler in writing]),
            )
            for path, endpoint in endpoints
            for slash in ("", "/")
        ]

    def _knob(self, name: str, default: Any) -> Any:
        return self._stage.knobs.get(f"{self.name}.{name}", default)

    def _reading(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return await run_in_threadpool(handler, request)

        return self._guarded(answer)

    def _guarded(
        self, answer: Callable[[Request], Awaitable[Response]]
    ) -> Callable[[Request], Awaitable[Response]]:
        """Planted errors and limits before, a point after success."""

        async def serve(request: Request) -> Response:
            try:
                self._let_in(request)
                if self._stage.faults.take("html_page", self.name, request.url.path) is not None:
                    return HTMLResponse(ERROR_PAGE)
                response = await answer(request)
            except ApiError as error:
                return error.to_response(str(self._knob("error_shape", "errorCode")))
            self.limits.charge()
            return response

        return serve

    def _let_in(self, request: Request) -> None:
        take, path = self._stage.faults.take, request.url.path
        if take("expired_token", self.name, path) is not None:
            raise ApiError(401, "Token is wrong or missing")
        if (values := take("error", self.name, path)) is not None:
            raise ApiError(int(values["status"]), str(values.get("message", "planted")))
        self.limits.count_address(request.client.host if request.client else "")
        self.limits.require_points(int(self._knob("daily_points", DAILY_POINTS)))

    def _authorize(self, request: Request, parameter: str = "clientApiId") -> None:
        site = find_site(request.path_params["site"])
        require_token(request.query_params.get(parameter, ""), site)

    def _tell_node(self, request: Request) -> Response:
        find_site(request.path_params["site"])
        return JSONResponse({"nodeId": "3"})

    def _list_calls(self, request: Request) -> Response:
        self._authorize(request)
        params, now = request.query_params, self._stage.clock.now()
        period = read_period(params, CALL_DAY)
        is_paged = "page" in params or "limit" in params
        if not is_paged and period.days > 1:
            raise ApiError(400, "Without page and limit the period is one day")
        calls = self._unless_silent(request, choose_calls(self._stage.world, period, params, now))

        def describe(chosen: list[Row]) -> list[Row]:
            rows = describe_calls(self._stage.world, chosen, params, now)
            return [self._respell(row) for row in self._spoil(request, rows)]

        page = self._page(request, calls, "pageTotal", describe) if is_paged else describe(calls)
        return JSONResponse(page)

    def _respell(self, row: Row) -> Row:
        """A call in the spelling of older answers, where the knobs ask for it."""
        if self._knob("timestamp_unit", "s") == "ms" and "timestamp" in row:
            row |= {"timestamp": row["timestamp"] * 1000}
        if self._knob("text_flags", False):
            row |= {flag: str(row[flag]) for flag in FLAGS if flag in row}
        return row

    def _download(self, request: Request) -> Response:
        self._authorize(request)
        now, wanted = self._stage.clock.now(), request.path_params["call"]
        for row in read_table(self._stage.world, "call", "tracker", self.name):
            is_it = str(row["call_id"]) == wanted
            if is_it and row["started_at"] <= now and row["talk_seconds"]:
                return Response(RECORD, media_type="audio/mpeg")
        raise ApiError(404, f"No recording of call {wanted}")

    def _list_requests(self, request: Request) -> Response:
        params = request.query_params
        if "siteId" not in params and self._knob("site_required", False):
            raise ApiError(400, "siteId is required")
        site = find_site(params.get("siteId", str(SITE_ID)))
        require_token(params.get("clientApiId", ""), site)
        period, now = read_period(params, REQUEST_DAY), self._stage.clock.now()
        rows = list_requests(self._stage.world, period, params, now)
        rows = self._unless_silent(request, rows + self.written.requests(period))
        return JSONResponse(self._spoil(request, rows))

    def _list_orders(self, request: Request) -> Response:
        self._authorize(request)
        params, now = request.query_params, self._stage.clock.now()
        is_dated = "dateFrom" in params or "dateTo" in params
        period = read_period(params, CALL_DAY) if is_dated else None
        source = params.get("orderSource", "").upper()
        rows = Deals(self._stage.world, now).list_orders(period, source)
        key = str(self._knob("orders_page_key", "totalPage"))
        rows = self._unless_silent(request, rows)
        page = self._page(request, rows, key, lambda chosen: self._spoil(request, chosen))
        return JSONResponse({name: page[name] for name in ("records", "page", key)})

    def _page(
        self,
        request: Request,
        rows: list[Row],
        total_key: str,
        describe: Callable[[list[Row]], list[Row]],
    ) -> Row:
        page, limit = (_read_number(request, name) for name in ("page", "limit"))
        page, limit, shift = page or 1, limit or MOST_ROWS, 0
        if page > 1:
            take = self._stage.faults.take
            shift = int((take("shifted_page", self.name, request.url.path) or {}).get("rows", 0))
        return {
            "page": page,
            total_key: math.ceil((len(rows) + shift) / limit),
            "pageSize": limit,
            "recordsTotal": len(rows) + shift,
            "records": describe(rows[(page - 1) * limit - shift : page * limit - shift]),
        }

    def _statistics(self, request: Request) -> list[Row]:
        self._authorize(request, "access_token")
        params, now = request.query_params, self._stage.clock.now()
        calls = choose_calls(self._stage.world, read_period(params, CALL_DAY), params, now)
        rows = describe_calls(self._stage.world, calls, params, now)
        is_seo = "/seo/" in request.url.path
        return [row for row in rows if row["medium"] == "organic" or not is_seo]

    def _count_calls(self, request: Request) -> Response:
        return JSONResponse(len(self._statistics(request)))

    def _count_by_date(self, request: Request) -> Response:
        counted = Tally(row["date"][:10] for row in self._statistics(request))
        days = each_day(read_period(request.query_params, CALL_DAY))
        return JSONResponse({key: counted[key] for key in (d.strftime(CALL_DAY) for d in days)})

    def _count_by_keyword(self, request: Request) -> Response:
        return JSONResponse(Tally(row["keyword"] for row in self._statistics(request)))

    async def _register(self, request: Request) -> Response:
        find_site(request.path_params["site"])
        form = await request.form()
        given = dict(request.query_params) | dict(form)
        return JSONResponse(self.written.register(given, self._stage.clock.now()))

    async def _change_deal(self, request: Request) -> Response:
        sites = request.headers.get("siteid") or request.headers.get("siteids") or ""
        for site in sites.split(","):
            require_token(request.headers.get("access-token", ""), find_site(site.strip()))
        deal = await _read_json(request)
        return JSONResponse(self.written.change_deal(request.path_params["action"], deal))

    async def _import_calls(self, request: Request) -> Response:
        return JSONResponse(self.written.import_calls(await _read_json(request)))

    def _unless_silent(self, request: Request, rows: list[Row]) -> list[Row]:
        is_silent = self._stage.faults.take("zero_rows", self.name, request.url.path) is not None
        return [] if is_silent else rows

    def _spoil(self, request: Request, rows: list[Row]) -> list[Row]:
        take, path = self._stage.faults.take, request.url.path
        if (renamed := take("renamed_field", self.name, path)) is not None:
            before, after = renamed["from"], renamed["to"]
            rows = [{after if k == before else k: v for k, v in row.items()} for row in rows]
        if (changed := take("changed_meaning", self.name, path)) is not None:
            field, factor = changed["field"], changed["factor"]
            rows = [row | {field: row[field] * factor} for row in rows]
        if (spoilt := take("control_characters", self.name, path)) is not None:
            rows = [row | {spoilt["field"]: f"\x02{row[spoilt['field']]}\x1f"} for row in rows]
        if (unknown := take("unknown_field", self.name, path)) is not None:
            rows = [row | {unknown["field"]: unknown.get("value")} for row in rows]
        if (bad := take("bad_value", self.name, path)) is not None:
            rows[bad["row"]] = rows[bad["row"]] | {bad["field"]: bad["value"]}
        return rows


def _read_number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not text.isdigit() or not 1 <= int(text) <= (MOST_ROWS if name == "limit" else 10**9):
        raise ApiError(400, f"Wrong {name}: {text}")
    return int(text)


async def _read_json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError:
        raise ApiError(400, "The body is not JSON") from None


VENDOR = Calltouch
