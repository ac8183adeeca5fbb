"""Avito Ads (Авито Реклама), version 1: lists and daily statistics, read through POST bodies.

The sandbox prefix serves the same accounts as the production one. Knobs (``avito_ads.<name>``):
``points_a_minute``, ``timestamp_has_time`` (the form of a day is not documented),
``lists_body`` whether lists of children come as a bare JSON list, ``omits_zeros`` whether counters
of zero are left out, ``lists_idle`` whether statistics name groups and creatives without any.
Faults beyond transport: ``expired_token``, ``error`` (``status``, ``message``), ``too_many`` (a 429
with Retry-After), ``zero_rows``, ``moved_page`` (a page of a list that began one row later when
the pages before it were read) and those of ``answer_faults``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from include.sandbox.vendors.ad_cabinet import Cabinet, Row, read_accounts, read_cabinet
from include.sandbox.vendors.answer_faults import spoil_answer
from include.sandbox.vendors.avito_ads.access import AGENCY_ACCOUNT, Access
from include.sandbox.vendors.avito_ads.errors import ApiError
from include.sandbox.vendors.avito_ads.objects import (
    CONTRACT_ID,
    FILTERS,
    account_number,
    answer_list,
    describe_objects,
)
from include.sandbox.vendors.avito_ads.statistics import answer_statistics
from include.sandbox.vendors.vendor import Stage

MOSCOW = ZoneInfo("Europe/Moscow")
BALANCE_ROUBLES, BALANCE_BONUSES = 150_000, 5_000
READERS = {"": "GET", "balance": "GET", "children": "GET", "children-with-balances": "GET"}


class AvitoAds:
    """The stand-in; see the module's text for its knobs and faults."""

    name: ClassVar[str] = "avito_ads"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.access = Access(stage)

    def reset(self) -> None:
        """Tokens and points as in the beginning."""
        self.access.reset()

    def routes(self) -> Sequence[BaseRoute]:
        """The token endpoint, and every account's paths under both prefixes."""
        methods = ["GET", "POST", "PUT", "DELETE"]
        return [
            Route("/token", self._serve_token, methods=methods),
            Route("/token/", self._serve_token, methods=methods),
            *(
                Route(f"/{prefix}/v1/account/{{account_id}}{rest}", self._serve, methods=methods)
                for prefix in ("ads", "ads-sandbox")
                for rest in ("", "/{rest:path}")
            ),
            Route("/{path:path}", self._refuse_path, methods=methods),
        ]

    async def _serve_token(self, request: Request) -> Response:
        try:
            if request.method != "POST":
                raise ApiError(405, "method is not allowed")
            self._let_in(request.url.path)
            return JSONResponse(self.access.give(await request.form()))
        except ApiError as error:
            return error.to_response()

    async def _refuse_path(self, _: Request) -> Response:
        return ApiError(404, "resource is not found").to_response()

    async def _serve(self, request: Request) -> Response:
        path = request.url.path
        rest = request.path_params.get("rest", "")
        try:
            self._let_in(path)
            if self._take("expired_token", path) is not None:
                raise ApiError(401, "access token expired")
            client = self.access.authenticate(request.headers.get("authorization", ""))
            left = self.access.spend_point(client)
            if self._take("too_many", path) is not None:
                raise self.access.refuse_excess()
        except ApiError as error:
            return error.to_response()
        try:
            account_id = request.path_params["account_id"]
            self.access.check_account(client, account_id)
            is_empty = self._take("zero_rows", path) is not None
            content = await request.body()
            body = self._answer(account_id, rest, request.method, content, is_empty)
            response = JSONResponse(spoil_answer(self._stage, self.name, path, body))
        except ApiError as error:
            response = error.to_response()
        response.headers["Api-Point-Balance"] = str(left)
        return response

    def _take(self, kind: str, path: str) -> Mapping[str, Any] | None:
        return self._stage.faults.take(kind, self.name, path)

    def _let_in(self, path: str) -> None:
        if (values := self._take("error", path)) is not None:
            status = int(values.get("status", 500))
            raise ApiError(status, str(values.get("message", "internal error")))

    def _answer(
        self, account_id: str, rest: str, method: str, content: bytes, is_empty: bool
    ) -> Any:
        parts = rest.split("/") if rest else [""]
        is_list = len(parts) == 1 and parts[0] in FILTERS
        is_statistics = parts[0] == "campaigns" and parts[-1] == "stats" and 3 <= len(parts) <= 4
        if not is_list and not is_statistics and rest not in READERS:
            raise ApiError(404, "resource is not found")
        if method != READERS.get(rest, "POST"):
            raise ApiError(405, "method is not allowed")
        if rest in READERS:
            return self._describe(account_id, rest)
        body = _read_body(content)
        cabinet = self._cabinet(account_id)
        if is_list:
            has_objects = cabinet is not None and not is_empty
            objects = describe_objects(parts[0], cabinet) if has_objects else []
            path = f"/ads/v1/account/{account_id}/{rest}"
            is_moved = self._take("moved_page", path) is not None
            return answer_list(parts[0], objects, body, is_moved)
        level = parts[2] if len(parts) == 4 else ""
        if level not in ("", "groups", "creatives") or not parts[1].isdigit() or cabinet is None:
            raise ApiError(404, "campaign is not found")
        return answer_statistics(self._stage, cabinet, int(parts[1]), body, level, is_empty)

    def _cabinet(self, account_id: str) -> Cabinet | None:
        """None for the agency, which has no campaigns of its own."""
        if account_id == AGENCY_ACCOUNT:
            return None
        today = self._stage.clock.now().astimezone(MOSCOW).date()
        return read_cabinet(self._stage.world, self.name, account_id, today)

    def _describe(self, account_id: str, what: str) -> Any:
        if what == "balance":
            return _balance()
        accounts = read_accounts(self._stage.world, self.name)
        if what == "":
            names = {i: str(row["name"]) for i, row in accounts.items()}
            return {"account": _account(account_id, names.get(account_id, "Агентство"))}
        children = []
        if account_id == AGENCY_ACCOUNT:
            children = [_child(row, what == "children-with-balances") for row in accounts.values()]
        return children if self._stage.knobs.get("avito_ads.lists_body") else {"children": children}


def _account(account_id: str, name: str) -> dict[str, Any]:
    return {
        "id": account_number(account_id),
        "inn": "7700000000",
        "shortName": name,
        "longName": f"Общество с ограниченной ответственностью «{name}»",
        "contact": {},
        "manager": {},
    }


def _balance() -> dict[str, int]:
    return {"balance": BALANCE_ROUBLES, "bonusBalance": BALANCE_BONUSES}


def _child(account: Row, with_balance: bool) -> dict[str, Any]:
    child: dict[str, Any] = {
        "account": _account(account["account_id"], account["name"]),
        "contract": {"id": CONTRACT_ID, "accountID": account_number(account["account_id"])},
    }
    return {**child, "balance": _balance()} if with_balance else child


def _read_body(content: bytes) -> Mapping[str, Any]:
    try:
        body = json.loads(content or b"{}")
    except ValueError:
        raise ApiError(400, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise ApiError(400, "the body must be an object")
    return body


VENDOR = AvitoAds
