"""Bitrix24: one portal, reached by webhooks and OAuth tokens.

The classic REST API, and the little of REST 3.0 (``/rest/api/``) that knows a CRM's tasks.

Knobs (``bitrix24.<name>``): ``bucket_size``, ``drained_per_second`` of the rate limit (the
Enterprise plan has 250 and 5), ``operating_limit_seconds``, ``call_seconds`` a call of a method is
charged, ``request_limit_seconds`` after which a request is cut (its proxy says 504),
``tells_reset_as_text`` whether ``operating_reset_at`` is an ISO instant, ``relink_merged`` whether
what pointed at a merged contact or company points at the survivor, ``keep_history_of_deleted``
whether stage history outlives its owner, ``counts_uncounted`` whether ``start=-1`` answers a total
of 0 or none, ``batch_refuses_whole`` whether a batch of more than 50 commands is refused as a
whole, ``unresolved_reference`` what a reference that leads nowhere becomes,
``method_not_found_status`` (404 or 400).

Faults beyond transport: ``error`` (``code``, ``description``, ``status``), ``expired_token``,
``zero_rows``, ``renamed_field`` (``from``, ``to``), ``changed_meaning`` (``field``, ``factor``:
figures under it times factor), ``broken_value`` (``field``, ``value``: of the first row only).
Their ``path_contains`` is matched with ``/rest/<method>`` in lower case, without any secret, for
every command of a batch too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from include.sandbox.vendors.answer_faults import spoil_answer
from include.sandbox.vendors.bitrix24 import limits, rest3
from include.sandbox.vendors.bitrix24.access import Access, Caller
from include.sandbox.vendors.bitrix24.answers import make_envelope, make_response, make_time
from include.sandbox.vendors.bitrix24.batch import run_batch
from include.sandbox.vendors.bitrix24.entity_rows import spell_instant
from include.sandbox.vendors.bitrix24.errors import ApiError
from include.sandbox.vendors.bitrix24.listing import Answer, empty_answer
from include.sandbox.vendors.bitrix24.methods import METHODS, Call
from include.sandbox.vendors.bitrix24.parameters import Parameters, read_parameters
from include.sandbox.vendors.bitrix24.portal import PortalBook
from include.sandbox.vendors.bitrix24.written import Written
from include.sandbox.vendors.vendor import Stage

BATCH_SECONDS = 0.01
APP_HANDLER = "https://app.example/install"
PROXY_PAGE = "<html><head><title>504 Gateway Time-out</title></head><body>nginx</body></html>"
TASKS = "tasks.task"


class Bitrix24:
    """The stand-in; see the module's text for its knobs and faults."""

    name: ClassVar[str] = "bitrix24"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.access = Access()
        self.limits = limits.Limits(stage.clock)
        self.written = Written()
        self._book = PortalBook(stage, self.written)
        self._answered: dict[tuple[str, str], dict[str, Any]] = {}

    def reset(self) -> None:
        """Tokens and limits as in the beginning, nothing written."""
        self.access.reset()
        self.limits.reset()
        self.written.reset()
        self._answered.clear()

    def routes(self) -> Sequence[BaseRoute]:
        """The methods under both ways in, both generations, and the OAuth server."""
        return [
            Route("/rest/api/{path:path}", self._serve_rest3, methods=["GET", "POST"]),
            Route("/oauth/authorize/", self._authorize, methods=["GET"]),
            Route("/rest/{path:path}", self._serve, methods=["GET", "POST"]),
            Route("/oauth/token", self._serve_token, methods=["GET", "POST"]),
            Route("/oauth/token/", self._serve_token, methods=["GET", "POST"]),
        ]

    def _knob(self, name: str, default: Any) -> Any:
        return self._stage.knobs.get(f"{self.name}.{name}", default)

    async def _serve(self, request: Request) -> Response:
        parts = [part for part in request.path_params["path"].split("/") if part]
        method, is_xml = _read_method(parts[-1] if parts else "")
        try:
            self._count(request)
            values = await read_parameters(request)
            self._provoke(method)
            caller = self._identify(request, parts, values)
            if method == "batch":
                result, worked = self._run_batch(values, caller)
                time = make_time(self._stage.clock.now(), BATCH_SECONDS)
                body = make_envelope(Answer(result), time)
            else:
                answer, time = self._run(method, values, caller)
                body, worked = make_envelope(answer, time), time["duration"]
            if worked > float(self._knob("request_limit_seconds", limits.REQUEST_LIMIT_SECONDS)):
                return HTMLResponse(PROXY_PAGE, 504)
            return make_response(body, 200, is_xml)
        except ApiError as error:
            return make_response(error.body(), error.status, is_xml)

    def _count(self, request: Request) -> None:
        self.limits.count_request(
            request.client.host if request.client else "",
            float(self._knob("bucket_size", limits.BUCKET_SIZE)),
            float(self._knob("drained_per_second", limits.DRAINED_PER_SECOND)),
        )

    def _run_batch(self, values: Mapping[str, Any], caller: Caller) -> tuple[dict[str, Any], float]:
        """The result of a batch and how many seconds its commands worked."""
        worked = [BATCH_SECONDS]

        def run(name: str, inner: Mapping[str, Any]) -> tuple[Answer, dict[str, Any]]:
            answer, time = self._run_command(name, inner, caller)
            worked.append(time["duration"])
            return answer, time

        result = run_batch(
            values,
            run,
            bool(self._knob("batch_refuses_whole", True)),
            str(self._knob("unresolved_reference", "")),
        )
        return result, sum(worked)

    async def _serve_rest3(self, request: Request) -> Response:
        parts = [part for part in request.path_params["path"].split("/") if part]
        method = parts[-1].lower() if parts else ""
        try:
            self._count(request)
            kind = request.headers.get("content-type", "")
            values = rest3.read_body(kind, request.url.query, await request.body())
            self._provoke(f"api/{method}")
            caller = self._identify(request, parts, values)
            key = (caller.key, request.headers.get("idempotency-key", ""))
            if key[1] and key in self._answered:
                return make_response(self._answered[key], 200, False)
            if method in ("documentation", "rest.documentation.openapi"):
                return make_response(rest3.describe_methods(), 200, False)
            if request.method != "POST":
                raise rest3.Refusal("INVALIDREQUESTEXCEPTION", "Parameters come by POST")
            if not method.startswith(TASKS + "."):
                raise rest3.Refusal("METHODNOTFOUNDEXCEPTION", f"Unknown method `{method}`", 404)
            result, time = self._run_rest3(method, values, caller)
            body = self._answered[key] = make_envelope(Answer(result), time)
            return make_response(body, 200, False)
        except rest3.Refusal as refusal:
            return make_response(refusal.body(), refusal.status, False)
        except ApiError as error:
            return make_response(rest3.wrap_refusal(error), error.status, False)

    def _run_rest3(
        self, method: str, values: Mapping[str, Any], caller: Caller
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        if "task" not in caller.scopes:
            raise rest3.Refusal("ACCESSDENIEDEXCEPTION", "Access denied", 403)
        limit = float(self._knob("operating_limit_seconds", limits.OPERATING_LIMIT_SECONDS))
        self.limits.require_operating_time(method, caller.key, limit)
        tasks = self._book.open().stream("task").rows
        own = str(caller.user_id) if caller.is_own_only else None
        rows = rest3.task_rows([row for row in tasks if own in (None, row["RESPONSIBLE_ID"])])
        if method == f"{TASKS}.list":
            result = rest3.list_tasks(rows, values)
        elif method == f"{TASKS}.get":
            result = rest3.get_task(rows, values)
        else:
            raise rest3.Refusal("METHODNOTFOUNDEXCEPTION", f"Unknown method `{method}`", 404)
        return result, self._charge(method, caller)

    def _provoke(self, method: str) -> None:
        take, path = self._stage.faults.take, f"/rest/{method}"
        if take("expired_token", self.name, path) is not None:
            raise ApiError("expired_token")
        if (values := take("error", self.name, path)) is not None:
            status = int(values["status"]) if "status" in values else None
            raise ApiError(values.get("code", ""), str(values.get("description", "")), status)

    def _identify(
        self, request: Request, parts: Sequence[str], values: Mapping[str, Any]
    ) -> Caller:
        if len(parts) == 3:
            return self.access.enter_by_webhook(parts[0], parts[1])
        if len(parts) != 1:
            raise ApiError("ERROR_METHOD_NOT_FOUND")
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        token = str(values.get("auth") or (bearer if scheme.lower() == "bearer" else ""))
        return self.access.enter_by_token(token.strip(), self._stage.clock.now())

    def _run_command(
        self, name: str, values: Mapping[str, Any], caller: Caller
    ) -> tuple[Answer, dict[str, Any]]:
        """One command of a batch."""
        method, _ = _read_method(name)
        self._provoke(method)
        return self._run(method, values, caller)

    def _run(
        self, method: str, values: Mapping[str, Any], caller: Caller
    ) -> tuple[Answer, dict[str, Any]]:
        """One method: its answer and its time, charged to the method and caller."""
        known = METHODS.get(method)
        if known is None:
            status = int(self._knob("method_not_found_status", 404))
            raise ApiError("ERROR_METHOD_NOT_FOUND", status=status)
        if known.scope and known.scope not in caller.scopes:
            raise ApiError("insufficient_scope")
        limit = float(self._knob("operating_limit_seconds", limits.OPERATING_LIMIT_SECONDS))
        self.limits.require_operating_time(method, caller.key, limit)
        now = self._stage.clock.now()
        call = Call(self._book.open(), Parameters(values), caller, self.written, now)
        answer = self._spoil(known.answer(call), f"/rest/{method}")
        return answer, self._charge(method, caller)

    def _charge(self, method: str, caller: Caller) -> dict[str, Any]:
        """The time of one call, charged to the method and the caller."""
        seconds = float(self._knob("call_seconds", limits.CALL_SECONDS))
        operating, reset_in = self.limits.spend_operating_time(method, caller.key, seconds)
        time = make_time(self._stage.clock.now(), seconds, operating, reset_in)
        if self._knob("tells_reset_as_text", False):
            reset_at = datetime.fromtimestamp(time["operating_reset_at"], UTC)
            time["operating_reset_at"] = spell_instant(reset_at)
        return time

    def _spoil(self, answer: Answer, path: str) -> Answer:
        if self._stage.faults.take("zero_rows", self.name, path) is not None:
            answer = empty_answer(answer)
        result = spoil_answer(self._stage, self.name, path, answer.result)
        if (values := self._stage.faults.take("broken_value", self.name, path)) is not None:
            result = _break_first_row(result, str(values["field"]), values["value"])
        answer = Answer(result, answer.total, answer.next)
        if answer.total == 0 and answer.next is None and not self._knob("counts_uncounted", True):
            answer = Answer(answer.result)
        return answer

    async def _authorize(self, request: Request) -> Response:
        """What the portal does once its user agreed: back to the application, with a code."""
        code = self.access.issue_code(self._stage.clock.now())
        query = urlencode({"code": code, "state": request.query_params.get("state", "")})
        return RedirectResponse(f"{APP_HANDLER}?{query}", 302)

    async def _serve_token(self, request: Request) -> Response:
        values = await read_parameters(request)
        root = request.scope.get("root_path", "")
        endpoint = f"{request.url.scheme}://{request.url.netloc}{root}/rest/"
        status, body = self.access.renew(values, self._stage.clock.now(), endpoint)
        return JSONResponse(body, status)


def _read_method(name: str) -> tuple[str, bool]:
    """The method's name in lower case without its suffix, and whether XML is wanted."""
    folded = name.strip("/ ").lower()
    for suffix in (".json", ".xml"):
        if folded.endswith(suffix):
            return folded.removesuffix(suffix), suffix == ".xml"
    return folded, False


def _break_first_row(result: Any, field: str, value: Any) -> Any:
    """A result whose first row has another value in one field."""
    if isinstance(result, dict):
        return {name: _break_first_row(part, field, value) for name, part in result.items()}
    if isinstance(result, list) and result and isinstance(result[0], dict):
        return [{**result[0], field: value}, *result[1:]]
    return result


VENDOR = Bitrix24
