"""Yandex Direct, API v5 and v501: Reports, dictionaries, changes, and Yandex ID's token endpoint.

The advertisers are the accounts of the world where it has any, else those of a small generated
book (:mod:`.generated_book`).

Knobs (``yandex_direct.<name>``): ``rows_per_day`` bulk rows for load tests (0 = the book's own),
``online_row_limit`` above which mode ``auto`` queues, ``build_seconds`` of a queued report,
``page_limit`` of the management services, ``wizard_listed`` whether campaigns.get shows Campaign
Wizard campaigns, ``summary_on_empty`` whether an empty report has its ``Total rows: 0`` line,
``daily_units``, ``row_limit`` of a report without Page. Faults beyond transport: ``error``
(``code``, ``status``, ``detail``), ``expired_token``, ``zero_rows``, ``renamed_field`` (``from``,
``to``), ``changed_meaning`` (a ``field`` is told times ``factor``), ``bad_value`` (``field``,
``value``, ``row``).
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from include.sandbox.vendors.vendor import Stage
from include.sandbox.vendors.yandex_direct.access import AGENCY, Access
from include.sandbox.vendors.yandex_direct.book_choice import StageBook
from include.sandbox.vendors.yandex_direct.errors import ApiError
from include.sandbox.vendors.yandex_direct.limits import DAILY_UNITS, ERROR_UNITS, Limits
from include.sandbox.vendors.yandex_direct.management import Management
from include.sandbox.vendors.yandex_direct.reports import Reports

TSV = "text/tab-separated-values; charset=utf-8"


class HeldResponse(StreamingResponse):
    """A streamed body that gives its place among the simultaneous calls back when it ends."""

    def __init__(self, *args: Any, when_done: Callable[[], None], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._when_done = when_done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the body; the place is freed even when the client goes away."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._when_done()


class YandexDirect:
    """The stand-in; see the module's text for its knobs and faults."""

    name: ClassVar[str] = "yandex_direct"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.book = StageBook(stage)
        self.access = Access(self.book)
        self.limits = Limits(stage.clock)
        self.reports = Reports(stage, self.book)
        self.management = Management(stage, self.book)
        self._request_numbers = itertools.count(1)

    def reset(self) -> None:
        """Tokens, limits, queued and stored reports as in the beginning."""
        self.access.reset()
        self.limits.reset()
        self.reports.reset()

    def routes(self) -> Sequence[BaseRoute]:
        """The JSON services under both versions, and the token endpoint of Yandex ID."""
        return [
            *(
                route
                for version in ("v5", "v501")
                for route in (
                    Route(f"/json/{version}/reports", self._serve_report, methods=["POST"]),
                    Route(f"/json/{version}/{{service}}", self._serve_call, methods=["POST"]),
                )
            ),
            Route("/token", self._serve_token, methods=["POST"]),
        ]

    def _request_id(self) -> str:
        text = f"{self._stage.seed}/{next(self._request_numbers)}"
        return str(int(hashlib.sha256(text.encode()).hexdigest()[:15], 16))

    def _let_in(self, request: Request) -> None:
        """Planted errors come before anything else the vendor checks."""
        take = self._stage.faults.take
        path = request.url.path
        if take("expired_token", self.name, path) is not None:
            raise ApiError(53, "OAuth token is invalid or has expired")
        if (values := take("error", self.name, path)) is not None:
            status = int(values["status"]) if "status" in values else None
            raise ApiError(int(values["code"]), str(values.get("detail", "planted")), status)

    async def _serve_report(self, request: Request) -> Response:
        request_id = self._request_id()
        language = request.headers.get("accept-language", "en")
        body = await request.body()
        login = ""
        try:
            self._let_in(request)
            caller = self.access.authenticate(request.headers, self._stage.clock.now())
            self.limits.count_report_request(caller.login)
            self.limits.enter(caller.login)
            login = caller.login
            answer = self.reports.answer(login, request.headers, body)
        except ApiError as error:
            if login:
                self.limits.leave(login)
            response: Response = error.to_response(True, request_id, language)
            return _stamp(response, request_id, "reports.create", error.code)
        if answer.status != 200:
            self.limits.leave(login)
            response = Response(status_code=answer.status, headers=dict(answer.headers))
            return _stamp(response, request_id, "reports.create", 0)
        response = HeldResponse(
            answer.body,
            headers={**answer.headers, "Content-Type": TSV},
            when_done=lambda: self.limits.leave(login),
        )
        return _stamp(response, request_id, "reports.create", 0)

    async def _serve_call(self, request: Request) -> Response:
        request_id = self._request_id()
        service = request.path_params["service"]
        daily = int(self._stage.knobs.get("yandex_direct.daily_units", DAILY_UNITS))
        payer, code, spent, method = "", 0, 0, "get"
        try:
            self._let_in(request)
            caller = self.access.authenticate(
                request.headers, self._stage.clock.now(), needs_login=service != "agencyclients"
            )
            by_agency = request.headers.get("use-operator-units", "").lower() == "true"
            payer = AGENCY if caller.is_agency and by_agency else caller.login
            try:
                document = json.loads(await request.body())
            except ValueError:
                raise ApiError(8000, "JSON can't be processed") from None
            method = str(document.get("method")) if isinstance(document, dict) else method
            with self.limits.running(caller.login):
                answered = self.management.answer(service, document, caller)
                self.limits.spend_units(payer, answered.units, daily)
            spent = answered.units
            response: Response = JSONResponse({"result": answered.result})
        except ApiError as error:
            code = error.code
            response = error.to_response(
                False, request_id, request.headers.get("accept-language", "en")
            )
            if payer and code != 152:
                spent = min(ERROR_UNITS, self.limits.units_left(payer, daily))
                self.limits.spend_units(payer, spent, daily)
        response.headers["Content-Type"] = "application/json;charset=utf-8"
        if payer:
            left = self.limits.units_left(payer, daily)
            response.headers["Units"] = f"{spent}/{left}/{daily}"
            response.headers["Units-Used-Login"] = payer
        return _stamp(response, request_id, f"{service}.{method}", code)

    async def _serve_token(self, request: Request) -> Response:
        form = await request.form()
        status, body = self.access.refresh(
            form, request.headers.get("authorization", ""), self._stage.clock.now()
        )
        return JSONResponse(body, status)


def _stamp(response: Response, request_id: str, command: str, code: int) -> Response:
    response.headers["RequestId"] = request_id
    response.headers["X-Accel-Info"] = (
        f"reqid:{request_id},cmd:direct.json-api/{command},appcode:{code}"
    )
    return response


VENDOR = YandexDirect
