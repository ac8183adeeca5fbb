"""amoCRM (Kommo), API v4, with the OAuth endpoints of one account.

Knobs (``amocrm.<name>``): ``requests_per_second`` of an integration, ``retry_after`` seconds in
that header of a 429 (absent unless set), ``abuse_refusals`` within a minute that end in a ban,
``blocked`` true or false to ban or pardon whatever was counted, ``missing_status`` for an entity
there is not (204, or 404), ``bin_days`` a deleted lead can be restored, ``restored`` (lead id →
ISO instant it comes back), ``manager_sees`` (``all``, or ``own`` leads and tasks alone),
``currency`` of the account (RUB), ``heavy_limit`` rows a page above which the answer is 504,
``moved_to`` the subdomain an account has now: the token URL of the old one is gone. Faults beyond
transport: ``error`` (``status``, ``detail``), ``expired_token`` (``misleading``: as HTTP 400,
which the vendor was seen to do when filters are sent), ``unpaid``, ``zero_rows``,
``renamed_field`` (``from``, ``to``), ``changed_meaning`` (``field``, ``factor``: numbers are
multiplied).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from include.sandbox.vendors.amocrm.access import ACCOUNT_ID, SUBDOMAIN, Access, Grant
from include.sandbox.vendors.amocrm.account_book import AccountReader
from include.sandbox.vendors.amocrm.dictionaries import read_dictionaries
from include.sandbox.vendors.amocrm.errors import ApiError, Banned
from include.sandbox.vendors.amocrm.history import make_event
from include.sandbox.vendors.amocrm.limits import ABUSE_REFUSALS, INTEGRATION_REQUESTS, Limits
from include.sandbox.vendors.amocrm.paging import Listing, cut_page
from include.sandbox.vendors.amocrm.query import read_page, read_query
from include.sandbox.vendors.amocrm.services import Question, answer
from include.sandbox.vendors.amocrm.writing import write
from include.sandbox.vendors.amocrm.written import Written
from include.sandbox.vendors.vendor import Stage

HAL = "application/hal+json"
BIN_DAYS = 30


class AmoCrm:
    """The stand-in; see the module's text for its knobs and faults."""

    name: ClassVar[str] = "amocrm"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.access = Access()
        self.limits = Limits(stage.clock)
        self._reader = AccountReader()
        self._written = Written()
        self.reset()

    def reset(self) -> None:
        """Tokens, limits and bans as in the beginning, and nothing written."""
        self.access.reset(self._stage.clock.now())
        self.limits.reset()
        self._written.reset()

    def routes(self) -> Sequence[BaseRoute]:
        """The API, and the OAuth endpoints beside it."""
        every = ["GET", "POST", "PATCH", "PUT", "DELETE"]
        return [
            Route("/oauth2/access_token", self._serve_token, methods=["POST"]),
            Route("/oauth2/account/current/subdomain", self._serve_host, methods=["GET"]),
            Route("/api/{version}/{path:path}", self._serve, methods=every),
        ]

    def _knob(self, name: str, default: Any = None) -> Any:
        return self._stage.knobs.get(f"{self.name}.{name}", default)

    async def _serve(self, request: Request) -> Response:
        try:
            self.limits.require_no_ban(self._knob("blocked"))
            grant = self._let_in(request)
            writes = request.method in ("POST", "PATCH")
            told = await _read_told(request) if writes else None
            body = await run_in_threadpool(self._answer, request, grant, told)
        except Banned as banned:
            return banned.to_response()
        except ApiError as error:
            wait = self._knob("retry_after")
            is_refusal = error.status == 429 and wait is not None
            return error.to_response({"Retry-After": str(wait)} if is_refusal else None)
        if body is None:
            return Response(status_code=204)
        return JSONResponse(body, media_type=HAL)

    def _let_in(self, request: Request) -> Grant:
        """Whoever may ask, counted; planted refusals come before anything else."""
        now = self._stage.clock.now()
        self._plant_refusals(request.url.path)
        grant = self.access.authenticate(request.headers.get("authorization", ""), now)
        self.limits.count(
            grant.integration,
            int(self._knob("requests_per_second", INTEGRATION_REQUESTS)),
            int(self._knob("abuse_refusals", ABUSE_REFUSALS)),
        )
        return grant

    def _answer(self, request: Request, grant: Grant, told: Any) -> dict[str, Any] | None:
        take, now = self._stage.faults.take, self._stage.clock.now()
        route, path = request.url.path, request.path_params["path"].strip("/")
        if request.path_params["version"] != "v4":
            raise ApiError(404, "Page not found")
        world, root = self._stage.world, str(request.base_url).rstrip("/")
        pairs = request.query_params.multi_items()
        question = Question(
            tree=read_query(pairs),
            world=world,
            now=now,
            book=self._written.lay_over(self._reader.read(world, now), self._find_restored(now)),
            api=f"{root}/api/v4",
            account_id=ACCOUNT_ID,
            is_admin=grant.is_admin,
            bin_days=int(self._knob("bin_days", BIN_DAYS)),
            written=self._written,
            sees_only=self._find_only_user(grant),
        )
        if request.method != "GET":
            return write(path, request.method, told, question)
        found = answer(path, question)
        if not isinstance(found, Listing):
            if found is None and int(self._knob("missing_status", 204)) == 404:
                raise ApiError(404, "Entity not found")
            if path == "account" and found is not None:
                found["currency"] = self._knob("currency", found["currency"])
            return found
        heavy = self._knob("heavy_limit")
        if heavy is not None and read_page(question.tree)[1] > int(heavy):
            raise ApiError(504, "Gateway Time-out")
        page = cut_page(found, question.tree, pairs, f"{question.api}/{path}")
        if page is None or take("zero_rows", self.name, route) is not None:
            return None
        self._spoil_rows(route, page["_embedded"][found.key])
        return page

    def _find_restored(self, now: datetime) -> dict[int, datetime]:
        """Leads that are out of the bin by now, and when they left it."""
        told = {
            int(key): datetime.fromisoformat(at) for key, at in self._knob("restored", {}).items()
        }
        for lead, at in told.items():
            self._written.tell_once(make_event(at, "lead_restored", ("lead", lead)))
        return {lead: at for lead, at in told.items() if at <= now}

    def _find_only_user(self, grant: Grant) -> int | None:
        """The user of narrow rights who asks: the second of the account."""
        if grant.is_admin or self._knob("manager_sees", "all") == "all":
            return None
        managers = read_dictionaries(self._stage.world).managers
        return managers[min(1, len(managers) - 1)]["manager_id"] if managers else 0

    def _plant_refusals(self, route: str) -> None:
        take = self._stage.faults.take
        if (values := take("expired_token", self.name, route)) is not None:
            if values.get("misleading"):
                raise ApiError(400, "Некорректный запрос", title="Некорректный запрос")
            raise ApiError(401, "Token has expired")
        if take("unpaid", self.name, route) is not None:
            raise ApiError(402, "Аккаунт не оплачен")
        if (values := take("error", self.name, route)) is not None:
            raise ApiError(int(values.get("status", 500)), str(values.get("detail", "planted")))

    def _spoil_rows(self, route: str, rows: list[dict[str, Any]]) -> None:
        take = self._stage.faults.take
        if (values := take("renamed_field", self.name, route)) is not None:
            for row in rows:
                if values["from"] in row:
                    row[values["to"]] = row.pop(values["from"])
        if (values := take("changed_meaning", self.name, route)) is not None:
            for row in rows:
                if isinstance(row.get(values["field"]), int | float):
                    row[values["field"]] *= values["factor"]

    async def _serve_token(self, request: Request) -> Response:
        try:
            self.limits.require_no_ban(self._knob("blocked"))
            body = await _read_body(request)
            if self._knob("moved_to"):
                raise ApiError(404, "The account is not here any more")
            host = request.url.hostname or ""
            return JSONResponse(self.access.issue(body, host, self._stage.clock.now()))
        except (ApiError, Banned) as refusal:
            return refusal.to_response()

    async def _serve_host(self, request: Request) -> Response:
        try:
            self.limits.require_no_ban(self._knob("blocked"))
            token = request.headers.get("x-refresh-token", "")
            return JSONResponse(
                self.access.find_account(token, self._knob("moved_to") or SUBDOMAIN)
            )
        except (ApiError, Banned) as refusal:
            return refusal.to_response()


async def _read_body(request: Request) -> dict[str, Any]:
    """JSON, or a form, which some OAuth clients send instead."""
    if "form" in request.headers.get("content-type", ""):
        return dict(await request.form())
    body = await _read_told(request)
    if not isinstance(body, dict):
        raise ApiError(400, "The body is not an object")
    return body


async def _read_told(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError:
        raise ApiError(400, "The body is not JSON") from None


VENDOR = AmoCrm
