"""Google Ads over REST: OAuth, searchStream and search with GAQL, customers, the field service.

Versions of ``live_versions`` answer alike, older ones are refused, other paths are a page of HTML.
Knobs (``google_ads.<name>``): ``live_versions``, ``batch_rows`` of the stream, ``page_rows``,
``empty_batch`` whether no rows are one batch without results instead of none,
``access_level`` (``test explorer basic standard``), ``daily_operations``, ``queries_per_second``,
``project_queries_per_second``, ``disabled_customers`` and ``suspended_customers`` (lists of ids).
Faults beyond transport: ``expired_token revoked_token disabled_token``,
``invalid_grant`` (at the token endpoint), ``error`` (``code`` as ``family.NAME``, ``status``,
``message``), ``too_many`` (``name`` of a quotaError, ``retry_seconds``), ``expired_page_token``,
``stream_error`` (an error as the last element after ``after_batches`` good ones),
``stream_stall`` (silence of ``seconds`` of the vendor's after ``after_batches``), ``zero_rows``,
those of ``row_faults`` (in streams) and those of ``answer_faults`` (names as in the answer, in
camel case).
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from include.sandbox.vendors.answer_faults import spoil_answer
from include.sandbox.vendors.google_ads.access import MANAGER, Access, OAuthError
from include.sandbox.vendors.google_ads.errors import RETRY_SECONDS, ApiError, refuse_excess
from include.sandbox.vendors.google_ads.field_service import describe_field, find_fields
from include.sandbox.vendors.google_ads.fields import Row
from include.sandbox.vendors.google_ads.gaql import Query, parse_query
from include.sandbox.vendors.google_ads.pages import Page, Pages
from include.sandbox.vendors.google_ads.quotas import Quotas
from include.sandbox.vendors.google_ads.row_faults import spoil_rows
from include.sandbox.vendors.google_ads.rows import collect_rows
from include.sandbox.vendors.google_ads.rules import check_query
from include.sandbox.vendors.google_ads.telling import field_mask, make_teller, sum_rows
from include.sandbox.vendors.vendor import Stage

LIVE_VERSIONS = ("v23", "v24", "v25", "v26")
BATCH_ROWS = 10_000
SEARCH = re.compile(r"customers/([^/]+)/googleAds:(search|searchStream)")
FIELD = re.compile(r"googleAdsFields/([\w.]+)")
TOKEN_FAULTS = {
    "expired_token": "OAUTH_TOKEN_EXPIRED",
    "revoked_token": "OAUTH_TOKEN_REVOKED",
    "disabled_token": "OAUTH_TOKEN_DISABLED",
}
NOT_FOUND_PAGE = (
    "<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title>"
    "<p><b>404.</b> <ins>That’s an error.</ins><p>The requested URL was not found on this server."
)


class GoogleAds:
    """The stand-in; see the module's text for its knobs and faults."""

    name: ClassVar[str] = "google_ads"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.access = Access(stage)
        self.pages = Pages(stage)
        self.quotas = Quotas(stage)
        self._request_numbers = itertools.count(1)

    def reset(self) -> None:
        """Tokens, page tokens and quotas as in the beginning."""
        self.access.reset()
        self.pages.reset()
        self.quotas.reset()

    def routes(self) -> Sequence[BaseRoute]:
        """Both token endpoints, and everything below a version."""
        methods = ["GET", "POST", "PUT", "DELETE"]
        return [
            Route("/token", self._serve_token, methods=["POST"]),
            Route("/oauth2/v3/token", self._serve_token, methods=["POST"]),
            Route("/oauth2/v4/token", self._serve_token, methods=["POST"]),
            Route("/{version}/{rest:path}", self._serve, methods=methods),
        ]

    async def _serve_token(self, request: Request) -> Response:
        try:
            return JSONResponse(self.access.refresh(await request.form(), str(request.url)))
        except OAuthError as error:
            return JSONResponse(error.body, error.status)

    async def _serve(self, request: Request) -> Response:
        version, rest = request.path_params["version"], request.path_params["rest"]
        request_id = self._make_request_id()
        try:
            is_known = self._check_version(version)
            response = await self._answer(request, rest, request_id) if is_known else None
        except ApiError as error:
            body = error.to_body(version, request_id)
            is_stream = rest.endswith(":searchStream")
            response = JSONResponse([body] if is_stream else body, error.status)
        if response is None:
            return HTMLResponse(NOT_FOUND_PAGE, 404)
        response.headers["request-id"] = request_id
        return response

    def _check_version(self, version: str) -> bool:
        """Whether the path exists at all; 400 for a version past its sunset."""
        live = tuple(self._stage.knobs.get("google_ads.live_versions", LIVE_VERSIONS))
        if version in live:
            return True
        number = version.removeprefix("v")
        if number.isdigit() and int(number) < min(int(v.removeprefix("v")) for v in live):
            raise ApiError("requestError.UNSUPPORTED_VERSION", f"Version {version} is deprecated.")
        return False

    def _make_request_id(self) -> str:
        text = f"{self._stage.seed}/{next(self._request_numbers)}"
        return hashlib.sha256(text.encode()).hexdigest()[:22]

    def _take(self, kind: str, path: str) -> Mapping[str, Any] | None:
        return self._stage.faults.take(kind, self.name, path)

    def _let_in(self, request: Request) -> str:
        """The user; planted errors come before anything else the vendor checks."""
        path = request.url.path
        for kind, name in TOKEN_FAULTS.items():
            if self._take(kind, path) is not None:
                raise ApiError(f"authenticationError.{name}", "The OAuth token cannot be used.")
        if (values := self._take("error", path)) is not None:
            status = int(values["status"]) if "status" in values else None
            raise ApiError(str(values["code"]), str(values.get("message", "planted")), status)
        if (values := self._take("too_many", path)) is not None:
            name = str(values.get("name", "RESOURCE_TEMPORARILY_EXHAUSTED"))
            seconds = values.get("retry_seconds", RETRY_SECONDS)
            raise refuse_excess(name, "ACCOUNT", "Too many requests.", seconds)
        return self.access.authenticate(request.headers.get("authorization", ""))

    async def _answer(self, request: Request, rest: str, request_id: str) -> Response | None:
        """None where nothing is found at the path, as for a wrong method."""
        route = (request.method, rest)
        if route == ("GET", "customers:listAccessibleCustomers"):
            names = [f"customers/{one}" for one in self.access.accessible(self._let_in(request))]
            return JSONResponse({"resourceNames": names})
        if route == ("POST", "googleAdsFields:search"):
            self._let_in(request)
            found = find_fields(_read_query(await _read_body(request)))
            return JSONResponse({"results": found, "totalResultsCount": str(len(found))})
        if request.method == "GET" and (named := FIELD.fullmatch(rest)):
            self._let_in(request)
            return JSONResponse(describe_field(named[1]))
        asked = SEARCH.fullmatch(rest)
        if request.method != "POST" or asked is None:
            return None
        user = self._let_in(request)
        login = request.headers.get("login-customer-id")
        self.access.check_customer(user, asked[1], login)
        body = await _read_body(request)
        if asked[2] == "search":
            return self._search(asked[1], body, request)
        return self._stream(asked[1], body, request, request_id)

    def _parse(self, customer_id: str, text: str) -> Query:
        query = parse_query(text)
        check_query(query, is_manager=customer_id == MANAGER)
        return query

    def _collect(self, page: Page, query: Query, path: str) -> Sequence[Row]:
        account_id = self.access.accounts().get(page.customer_id)
        if self._take("zero_rows", path) is not None:
            return []
        return collect_rows(self._stage.world, account_id, query, page.as_of)

    def _search(self, customer_id: str, body: Mapping[str, Any], request: Request) -> Response:
        text = _read_query(body)
        if "pageSize" in body:
            raise ApiError(
                "requestError.PAGE_SIZE_NOT_SUPPORTED",
                "Setting the page size is not supported. Search results have a fixed page size.",
            )
        if token := body.get("pageToken"):
            page = self.pages.find(str(token), customer_id, text)
        else:
            self.quotas.count(customer_id)
            page = self.pages.begin(customer_id, text)
        query = self._parse(customer_id, text)
        rows = self._collect(page, query, request.url.path)
        shown, next_token = self.pages.cut(page, rows)
        settings = body.get("searchSettings") or {}
        tell = make_teller(query)
        told: dict[str, Any] = {}
        if shown and not settings.get("omitResults"):
            told["results"] = [tell(row) for row in shown]
        if next_token is not None:
            told["nextPageToken"] = next_token
        if settings.get("returnTotalResultsCount"):
            told["totalResultsCount"] = str(len(rows))
        if settings.get("returnSummaryRow"):
            told["summaryRow"] = sum_rows(query, rows)
        told |= {"fieldMask": field_mask(query), "queryResourceConsumption": _price(rows)}
        return JSONResponse(spoil_answer(self._stage, self.name, request.url.path, told))

    def _stream(
        self, customer_id: str, body: Mapping[str, Any], request: Request, request_id: str
    ) -> Response:
        text = _read_query(body)
        self.quotas.count(customer_id)
        query = self._parse(customer_id, text)
        rows = self._collect(self.pages.begin(customer_id, text), query, request.url.path)
        frame = {
            "fieldMask": field_mask(query),
            "requestId": request_id,
            "queryResourceConsumption": _price(rows),
        }
        tell = make_teller(query)
        size = int(self._stage.knobs.get("google_ads.batch_rows", BATCH_ROWS))
        starts = range(0, len(rows), size)
        batches = [
            {"results": [tell(row) for row in rows[start : start + size]], **frame}
            for start in starts
        ]
        if not batches and self._stage.knobs.get("google_ads.empty_batch", False):
            batches = [frame]
        summary = str(body.get("summaryRowSetting", ""))
        if summary in ("SUMMARY_ROW_WITH_RESULTS", "SUMMARY_ROW_ONLY"):
            told = {"summaryRow": sum_rows(query, rows), **frame}
            batches = [told] if summary == "SUMMARY_ROW_ONLY" else [*batches, told]
        batches = spoil_rows(self._stage, self.name, request.url.path, batches)
        batches = spoil_answer(self._stage, self.name, request.url.path, batches)
        if (values := self._take("stream_error", request.url.path)) is not None:
            broken = ApiError("internalError.TRANSIENT_ERROR", "The stream broke off.")
            version = request.path_params["version"]
            kept = batches[: int(values.get("after_batches", 1))]
            batches = [*kept, broken.to_body(version, request_id)]
        stall = self._take("stream_stall", request.url.path)
        silence = (-1, 0.0)
        if stall is not None:
            seconds = self._stage.clock.real_seconds(float(stall["seconds"]))
            silence = (int(stall.get("after_batches", 1)), seconds)
        chunks = _write(batches, *silence)
        return StreamingResponse(chunks, media_type="application/json; charset=UTF-8")


async def _write(
    batches: Sequence[Mapping[str, Any]], silent_at: int, seconds: float
) -> AsyncIterator[bytes]:
    """An array, a batch at a time; ``seconds`` of silence before the batch ``silent_at``."""
    lead = "["
    for number, batch in enumerate(batches):
        if number == silent_at:
            await asyncio.sleep(seconds)
        yield (lead + json.dumps(batch, ensure_ascii=False)).encode()
        lead = ",\n"
    yield b"[]" if lead == "[" else b"]"


def _price(rows: Sequence[Row]) -> str:
    """What a query costs; grows with its rows."""
    return str(10 + len(rows) // 10)


async def _read_body(request: Request) -> Mapping[str, Any]:
    try:
        body = json.loads(await request.body() or b"{}")
    except ValueError:
        raise ApiError("", "Invalid JSON payload received.") from None
    if not isinstance(body, dict):
        raise ApiError("", "The payload must be an object.")
    return body


def _read_query(body: Mapping[str, Any]) -> str:
    text = body.get("query")
    if not isinstance(text, str) or not text.strip():
        raise ApiError("requestError.REQUIRED_FIELD_MISSING", "The query is missing.")
    return text


VENDOR = GoogleAds
