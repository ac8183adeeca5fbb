"""Meta's Graph and Marketing API: ad nodes, insights (synchronous, asynchronous) and batches.

Knobs (``meta_ads.<name>``): those of the meters, ``build_seconds`` and ``linger_seconds`` of a
run, ``page_limit`` (the largest ``limit`` taken), ``page_rows`` (rows a page really has),
``sync_row_limit``, ``async_row_limit``, ``reach_runs_per_day``, ``oldest_version``,
``upgrade_old_versions`` (answer them as the newest instead of refusing),
``require_appsecret_proof``. Faults beyond transport: ``error`` (``code``, ``subcode``,
``message``, ``status``: every error of the vendor), ``expired_token``, ``run`` (``fate``:
``failed``, ``skipped`` or ``stuck`` at 100 per cent), ``empty_page`` (no data but a ``next``),
``batch_null`` (an element of a batch timed out), ``zero_rows``, ``renamed_field`` (``from``,
``to``), ``changed_meaning`` (``field``, ``factor``) and ``odd_value`` (``field``, ``value``: in the
first row of a page).
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from include.sandbox.vendors.meta_ads.calls import Call, Reply
from include.sandbox.vendors.meta_ads.errors import ApiError, refuse_parameter
from include.sandbox.vendors.meta_ads.graph import NEWEST_VERSION, Graph
from include.sandbox.vendors.vendor import Stage

MOST_IN_BATCH = 50


class MetaAds:
    """The stand-in; see the module's text for its knobs and faults."""

    name: ClassVar[str] = "meta_ads"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._graph = Graph(stage)
        self._one_at_a_time = threading.Lock()

    def reset(self) -> None:
        """Tokens, meters and runs as in the beginning."""
        self._graph.reset()

    def routes(self) -> Sequence[BaseRoute]:
        """One route: the graph reads its own paths, with or without a version or a last slash."""
        return [Route("/{path:path}", self._serve, methods=["GET", "POST"])]

    async def _serve(self, request: Request) -> Response:
        params = dict(request.query_params)
        if request.method == "POST":
            form = await request.form()
            params |= {name: str(value) for name, value in form.items()}
        path = "/" + request.path_params["path"]
        # whatever stands before our own path belongs into links to further pages
        url = request.url
        base = f"{url.scheme}://{url.netloc}{url.path.removesuffix(path)}"
        header = request.headers.get("authorization", "")
        given = header[7:].strip() if header.lower().startswith("bearer ") else ""
        token = params.pop("access_token", "") or given
        method = request.method
        if params.get("method", "").upper() == "GET":
            # long queries may be posted under another name
            method = params.pop("method").upper()
        call = Call(method, base, path, params, token)
        # a large report takes a while, and other vendors answer meanwhile
        return _to_response(await run_in_threadpool(self._answer, call))

    def _answer(self, call: Call) -> Reply:
        with self._one_at_a_time:
            return self._answer_batch(call) if "batch" in call.params else self._graph.answer(call)

    def _answer_batch(self, call: Call) -> Reply:
        """Each element is a call of its own, with the batch's token unless it brings another."""
        try:
            items = call.read_json("batch")
            if not isinstance(items, list) or not items:
                raise refuse_parameter("Param batch must be a non-empty array")
            if len(items) > MOST_IN_BATCH:
                raise ApiError(
                    100,
                    0,
                    f"Too many requests in batch message. Maximum batch size is {MOST_IN_BATCH}",
                )
            shows_headers = call.params.get("include_headers", "true").lower() != "false"
            return Reply([self._answer_item(call, item, shows_headers) for item in items])
        except ApiError as error:
            return Reply(error.to_body(), error.status)

    def _answer_item(self, batch: Call, item: Any, shows_headers: bool) -> Any:
        if not isinstance(item, Mapping) or not item.get("relative_url"):
            raise refuse_parameter("Every element of a batch must have a relative_url")
        if self._stage.faults.take("batch_null", self.name, batch.path) is not None:
            return None
        path, _, query = str(item["relative_url"]).lstrip("/").partition("?")
        params = dict(parse_qsl(query)) | dict(parse_qsl(str(item.get("body") or "")))
        proof = batch.params.get("appsecret_proof")
        if proof and "access_token" not in params:
            params.setdefault("appsecret_proof", proof)
        token = params.pop("access_token", batch.token)
        version = batch.path.strip("/")
        if version and not path.startswith("v"):
            path = f"{version}/{path}"
        method = str(item.get("method", "GET")).upper()
        reply = self._graph.answer(Call(method, batch.base, f"/{path}", params, token))
        shown: dict[str, Any] = {"code": reply.status, "body": json.dumps(reply.body)}
        if shows_headers:
            shown["headers"] = [{"name": k, "value": v} for k, v in _headers(reply).items()]
        return shown


def _headers(reply: Reply) -> dict[str, str]:
    return {
        "Content-Type": "application/json; charset=UTF-8",
        "facebook-api-version": f"v{NEWEST_VERSION}.0",
        **reply.headers,
    }


def _to_response(reply: Reply) -> Response:
    return JSONResponse(reply.body, reply.status, _headers(reply))


VENDOR = MetaAds
