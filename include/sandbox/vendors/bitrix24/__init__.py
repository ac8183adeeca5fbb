"""Bitrix24, classic REST API: one portal, reached by webhooks and OAuth tokens.

Knobs (``bitrix24.<name>``): ``bucket_size``, ``drained_per_second`` of the rate limit (the
Enterprise plan has 250 and 5), ``operating_limit_seconds``, ``call_seconds`` a call of a method is
charged, ``relink_merged`` whether what pointed at a merged contact or company points at the
survivor, ``keep_history_of_deleted`` whether stage history outlives its owner,
``counts_uncounted`` whether ``start=-1`` answers a total of 0 or none, ``batch_refuses_whole``
whether a batch of more than 50 commands is refused as a whole, ``unresolved_reference`` what a
reference that leads nowhere becomes, ``method_not_found_status`` (404 or 400).

Faults beyond transport: ``error`` (``code``, ``description``, ``status``), ``expired_token``,
``zero_rows``, ``renamed_field`` (``from``, ``to``), ``changed_meaning`` (``field``, ``factor``:
figures under it times factor). Their ``path_contains`` is matched with ``/rest/<method>`` in lower
case, without any secret, for every command of a batch too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from include.sandbox.vendors.answer_faults import spoil_answer
from include.sandbox.vendors.bitrix24 import limits
from include.sandbox.vendors.bitrix24.access import Access, Caller
from include.sandbox.vendors.bitrix24.answers import make_envelope, make_response, make_time
from include.sandbox.vendors.bitrix24.batch import run_batch
from include.sandbox.vendors.bitrix24.errors import ApiError
from include.sandbox.vendors.bitrix24.listing import Answer, empty_answer
from include.sandbox.vendors.bitrix24.methods import METHODS, Call
from include.sandbox.vendors.bitrix24.parameters import Parameters, read_parameters
from include.sandbox.vendors.bitrix24.portal import PortalBook
from include.sandbox.vendors.vendor import Stage

BATCH_SECONDS = 0.01


class Bitrix24:
    """The stand-in; see the module's text for its knobs and faults."""

    name: ClassVar[str] = "bitrix24"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.access = Access()
        self.limits = limits.Limits(stage.clock)
        self._book = PortalBook(stage)

    def reset(self) -> None:
        """Tokens and limits as in the beginning."""
        self.access.reset()
        self.limits.reset()

    def routes(self) -> Sequence[BaseRoute]:
        """The methods under both ways in, and the OAuth server."""
        return [
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
            self.limits.count_request(
                request.client.host if request.client else "",
                float(self._knob("bucket_size", limits.BUCKET_SIZE)),
                float(self._knob("drained_per_second", limits.DRAINED_PER_SECOND)),
            )
            values = await read_parameters(request)
            self._provoke(method)
            caller = self._identify(request, parts, values)
            if method == "batch":
                result = run_batch(
                    values,
                    lambda name, inner: self._run_command(name, inner, caller),
                    bool(self._knob("batch_refuses_whole", True)),
                    str(self._knob("unresolved_reference", "")),
                )
                body = make_envelope(
                    Answer(result), make_time(self._stage.clock.now(), BATCH_SECONDS)
                )
            else:
                body = make_envelope(*self._run(method, values, caller))
            return make_response(body, 200, is_xml)
        except ApiError as error:
            return make_response(error.body(), error.status, is_xml)

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
        answer = known.answer(Call(self._book.open(), Parameters(values), caller))
        answer = self._spoil(answer, f"/rest/{method}")
        seconds = float(self._knob("call_seconds", limits.CALL_SECONDS))
        operating, reset_in = self.limits.spend_operating_time(method, caller.key, seconds)
        return answer, make_time(self._stage.clock.now(), seconds, operating, reset_in)

    def _spoil(self, answer: Answer, path: str) -> Answer:
        if self._stage.faults.take("zero_rows", self.name, path) is not None:
            answer = empty_answer(answer)
        result = spoil_answer(self._stage, self.name, path, answer.result)
        answer = Answer(result, answer.total, answer.next)
        if answer.total == 0 and answer.next is None and not self._knob("counts_uncounted", True):
            answer = Answer(answer.result)
        return answer

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


VENDOR = Bitrix24
