"""UIS and CoMagic: the Data API 2.0, JSON-RPC on one address, every failure inside HTTP 200.

Knobs (``uis.<name>``): ``day_limit`` and ``minute_limit`` of points, ``ip_whitelist`` (networks,
comma-separated), ``account_inactive``, ``deals_component`` (whether uploaded deals can be read),
``disabled_fields`` (a list: fields of parts switched off), ``unsortable_fields`` (a list: which
fields may be sorted by is documented nowhere whole), ``expiry_key`` (``expire_at`` or
``expire`` of a session), ``account_meta_key`` (``metadata`` or ``meta_data`` of get.account),
``version_deprecated``, ``prices`` (points by method, 1 or 0 where not given), ``reset_unit``
(``seconds`` from now or a Unix ``timestamp``, for the resets of limits).
Faults beyond transport: ``error`` (``mnemonic``, ``message``, ``field``), ``expired_token``,
``zero_rows``, ``renamed_field`` (``from``, ``to``), ``changed_meaning`` (``field``, ``factor``),
``unknown_field`` (``field``, ``value``: a new one in every row), ``bad_value`` (``field``,
``value``, ``row``), ``shifted_page`` (``rows``: so many were inserted before a later page was asked
for); ``path_contains`` is matched against the method's name.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from include.sandbox.vendors.uis import reports, visit_reports
from include.sandbox.vendors.uis.access import APP_ID, Access
from include.sandbox.vendors.uis.call_sessions import has_record
from include.sandbox.vendors.uis.dictionaries import read_dictionary
from include.sandbox.vendors.uis.errors import RpcError
from include.sandbox.vendors.uis.fields import COMPONENT_METHODS, DICTIONARIES, REPORTS
from include.sandbox.vendors.uis.limits import Limits
from include.sandbox.vendors.uis.query import Query, read_query
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.world import World

Row = dict[str, Any]
KNOBS: dict[str, Any] = {
    "day_limit": 10_000,
    "minute_limit": 200,
    "ip_whitelist": "0.0.0.0/0",
    "account_inactive": False,
    "deals_component": False,
    "disabled_fields": [],
    "unsortable_fields": [],
    "expiry_key": "expire_at",
    "account_meta_key": "metadata",
    "version_deprecated": False,
    "prices": {},
    "reset_unit": "seconds",
}
SESSION_PARAMS = {"login.user": {"login", "password"}, "logout.user": {"access_token"}}
ROW_READERS: dict[str, Callable[[World, Query, datetime], Sequence[Row]]] = {
    "get.calls_report": reports.calls_report,
    "get.call_legs_report": reports.call_legs_report,
    "get.offline_messages_report": reports.offline_messages_report,
    "get.chats_report": reports.chats_report,
    "get.chat_messages_report": reports.chat_messages_report,
    "get.communications_report": reports.communications_report,
    "get.visitor_sessions_report": visit_reports.visitor_sessions_report,
    "get.goals_report": visit_reports.goals_report,
    "get.campaign_daily_stat": visit_reports.campaign_daily_stat,
}
RECORD = b"ID3\x04\x00\x00\x00\x00\x00\x00"


class Uis:
    """The stand-in; see the module's text for its knobs and faults."""

    name: ClassVar[str] = "uis"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.access = Access()
        self.limits = Limits(stage.clock)

    def reset(self) -> None:
        """Sessions and points as in the beginning."""
        self.access.reset()
        self.limits.reset()

    def routes(self) -> Sequence[BaseRoute]:
        """The one address of the API, and that of recordings in the cabinet."""
        media = "/system/media/{kind}/{communication}/{record}/"
        return [
            Route("/v2.0", self._serve, methods=["POST"]),
            Route(media, self._serve_record, methods=["GET"]),
        ]

    def _knob(self, name: str) -> Any:
        return self._stage.knobs.get(f"{self.name}.{name}", KNOBS[name])

    def _points(self) -> dict[str, int]:
        return {window: int(self._knob(f"{window}_limit")) for window in ("day", "minute")}

    def _metadata(self, **more: Any) -> Row:
        is_deprecated = bool(self._knob("version_deprecated"))
        version = {"current_version": "v2.0", "current_version_deprecated": is_deprecated}
        is_stamp = self._knob("reset_unit") == "timestamp"
        since = int(self._stage.clock.now().timestamp()) if is_stamp else 0
        told = {"api_version": version, "limits": self.limits.describe(self._points(), since)}
        return more | told

    async def _serve_record(self, request: Request) -> Response:
        asked, now = request.path_params, self._stage.clock.now()
        found = await run_in_threadpool(
            has_record, self._stage.world, asked["communication"], asked["record"], now
        )
        if asked["kind"] != "talk" or not found:
            return Response(status_code=404)
        return Response(RECORD, media_type="audio/mpeg")

    async def _serve(self, request: Request) -> Response:
        body = await request.body()
        address = request.client.host if request.client else ""
        answer = await run_in_threadpool(self._answer, body, address)
        return JSONResponse(answer)

    def _answer(self, body: bytes, address: str) -> Row:
        request_id: Any = None
        try:
            try:
                document = json.loads(body)
            except ValueError:
                raise RpcError("parse_error") from None
            if isinstance(document, list):
                raise RpcError("batch_opreations_not_supported")
            method, params = _read_envelope(document)
            if document.get("id") is None:
                raise RpcError("notifications_not_supported")
            request_id = document["id"]
            result = self._call(method, params, address)
        except RpcError as error:
            return error.describe(request_id, self._metadata())
        return {"jsonrpc": "2.0", "id": request_id, "result": result}

    def _call(self, method: str, params: Row, address: str) -> Row:
        take, now = self._stage.faults.take, self._stage.clock.now()
        if take("expired_token", self.name, method) is not None:
            token = params.get("access_token")
            raise RpcError("access_token_expired", field="access_token", value=token)
        if (values := take("error", self.name, method)) is not None:
            message, field = str(values.get("message", "")), values.get("field")
            raise RpcError(str(values["mnemonic"]), message, field)
        known = {*SESSION_PARAMS, *REPORTS, *DICTIONARIES, *COMPONENT_METHODS}
        if method not in known:
            raise RpcError("method_not_found", f"Method {method} not found")
        self.access.require_address(address, str(self._knob("ip_whitelist")))
        if method in SESSION_PARAMS:
            _require_exactly(params, SESSION_PARAMS[method])
        if method == "login.user":
            return self._log_in(params, now)
        if params.get("access_token") is None:
            raise RpcError("required_parameter_missed", field="access_token")
        self.access.authenticate(params["access_token"], method, now)
        if self._knob("account_inactive"):
            raise RpcError("account_inactive")
        self.limits.spend(method, self._points(), self._knob("prices"))
        if method == "logout.user":
            self.access.log_out(params["access_token"])
            return {"data": {"success": True}, "metadata": self._metadata()}
        return self._read(method, params, now)

    def _log_in(self, params: Row, now: datetime) -> Row:
        token, until = self.access.log_in(params, now)
        expiry = {str(self._knob("expiry_key")): int(until.timestamp())}
        data = {"access_token": token, **expiry, "app_id": APP_ID}
        return {"data": data, "metadata": self._metadata()}

    def _read(self, method: str, params: Row, now: datetime) -> Row:
        self.access.require_user(params["access_token"], method, params.get("user_id"))
        if method in COMPONENT_METHODS and not self._knob("deals_component"):
            raise RpcError("method_component_disabled", f"The component of {method} is off")
        switched_off, unsortable = (
            frozenset(self._knob(name)) for name in ("disabled_fields", "unsortable_fields")
        )
        query = read_query(method, params, switched_off, unsortable)
        world = self._stage.world
        rows: Sequence[Row]
        if method in ROW_READERS:
            rows = ROW_READERS[method](world, query, now)
        else:
            rows = read_dictionary(method, world, now)
        if self._stage.faults.take("zero_rows", self.name, method) is not None:
            rows = []
        page, total = self._select(query, rows)
        data = [{field: row[field] for field in query.fields} for row in page]
        key = str(self._knob("account_meta_key")) if method == "get.account" else "metadata"
        return {"data": self._spoil(method, data), key: self._metadata(total_items=total)}

    def _select(self, query: Query, rows: Sequence[Row]) -> tuple[list[Row], int]:
        take = self._stage.faults.take
        fault = take("shifted_page", self.name, query.method) if query.offset else None
        shift = int((fault or {}).get("rows", 0))
        page, total = replace(query, offset=query.offset - shift).select(rows)
        return page, total + shift

    def _spoil(self, method: str, data: list[Row]) -> list[Row]:
        take = self._stage.faults.take
        if (renamed := take("renamed_field", self.name, method)) is not None:
            before, after = renamed["from"], renamed["to"]
            data = [{after if k == before else k: v for k, v in row.items()} for row in data]
        if (changed := take("changed_meaning", self.name, method)) is not None:
            field, factor = changed["field"], changed["factor"]
            data = [row | {field: row[field] * factor} if row.get(field) else row for row in data]
        if (unknown := take("unknown_field", self.name, method)) is not None:
            data = [row | {unknown["field"]: unknown.get("value")} for row in data]
        if (bad := take("bad_value", self.name, method)) is not None:
            data[bad["row"]] = data[bad["row"]] | {bad["field"]: bad["value"]}
        return data


def _read_envelope(document: Any) -> tuple[str, Row]:
    if not isinstance(document, dict) or document.get("jsonrpc") != "2.0":
        raise RpcError("invalid_request")
    method, params = document.get("method"), document.get("params", {})
    if not isinstance(method, str) or not isinstance(params, dict):
        raise RpcError("invalid_request")
    return method, params


def _require_exactly(params: Row, known: set[str]) -> None:
    for name in params:
        if name not in known:
            raise RpcError("unexpected_parameters", f"Unexpected parameter {name}", name)
    for name in sorted(known):
        if params.get(name) is None:
            raise RpcError("required_parameter_missed", f"Parameter {name} is required", name)


VENDOR = Uis
