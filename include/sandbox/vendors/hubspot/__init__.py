"""HubSpot CRM API: version 3 and 4 paths and their date-versioned twins, from one handler each.

Knobs (``hubspot.<name>``): ``ten_seconds_max`` of a private app, ``oauth_ten_seconds_max``,
``searches_per_second``, ``daily_max``, ``search_lag_seconds`` by which the search index is behind,
``url_limit`` beyond which an address is refused, ``export_seconds`` an export takes,
``associations_in_batch`` a batch read shows of one record.

Faults beyond transport: ``error`` (``category``, ``message``, ``status``), ``rate_limit``
(``policy``: DAILY, TEN_SECONDLY_ROLLING or SECONDLY), ``expired_token``, ``zero_rows``,
``renamed_field`` (``from``, ``to``), ``changed_meaning`` (``field``, ``factor``), ``broken_value``
(``field``, ``value``: a property of the first object only).
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from include.sandbox.vendors.answer_faults import spoil_answer
from include.sandbox.vendors.hubspot import associations, exports, limits, objects
from include.sandbox.vendors.hubspot.access import PORTAL_ID, Access, Caller
from include.sandbox.vendors.hubspot.book import BookShelf
from include.sandbox.vendors.hubspot.errors import ApiError, RateLimited
from include.sandbox.vendors.hubspot.object_types import find_type
from include.sandbox.vendors.hubspot.objects import Reply
from include.sandbox.vendors.hubspot.pipelines import owner_rows
from include.sandbox.vendors.hubspot.presentation import make_page
from include.sandbox.vendors.hubspot.property_catalogue import (
    get_property,
    list_old_properties,
    list_properties,
)
from include.sandbox.vendors.hubspot.questions import (
    read_document,
    read_flag,
    read_limit,
    read_number,
)
from include.sandbox.vendors.vendor import Stage

SEARCH_LAG_SECONDS = 30
URL_LIMIT = 16_000
OWNERS_PAGE_MOST = 500
TIME_ZONE = "US/Eastern"
Handler = Callable[[Request, Caller], Awaitable[Reply]]


class HubSpot:
    """The stand-in; see the module's text for its knobs and faults."""

    name: ClassVar[str] = "hubspot"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.access = Access()
        self.limits = limits.Limits(stage.clock)
        self._shelf = BookShelf(stage)
        self._exports = exports.ExportDesk()
        self._calls = 0

    def reset(self) -> None:
        """Tokens and limits as in the beginning."""
        self.access.reset()
        self.limits.reset()
        self._exports.reset()

    def routes(self) -> Sequence[BaseRoute]:
        """Objects, associations, owners, pipelines, properties, exports and OAuth."""
        routes: list[BaseRoute] = []

        def add(method: str, handler: Handler, *paths: str, is_search: bool = False) -> None:
            routes.extend(
                Route(path, self._guard(handler, is_search), methods=[method]) for path in paths
            )

        for root in ("/crm/v3/objects", "/crm/v4/objects", "/crm/objects/{version}"):
            add("POST", self._search, root + "/{type}/search", is_search=True)
            add("POST", self._read_batch, root + "/{type}/batch/read")
            add("GET", self._list, root + "/{type}")
            add("GET", self._get, root + "/{type}/{id}")
        both = "/objects/{type}/{id}/associations/{to}"
        add("GET", self._list_links_3, "/crm/v3" + both)
        add(
            "GET",
            self._list_links_4,
            "/crm/v4" + both,
            "/crm/objects/{version}/{type}/{id}/associations/{to}",
        )
        add("POST", self._read_links_3, "/crm/v3/associations/{type}/{to}/batch/read")
        for root in ("/crm/v4/associations", "/crm/associations/{version}"):
            add("POST", self._read_links_4, root + "/{type}/{to}/batch/read")
            add("GET", self._list_labels, root + "/{type}/{to}/labels")
        for root in ("/crm/v3/owners", "/crm/owners/{version}"):
            add("GET", self._list_owners, root, root + "/")
            add("GET", self._get_owner, root + "/{id}")
        for root in ("/crm/v3/pipelines", "/crm/pipelines/{version}"):
            add("GET", self._list_pipelines, root + "/{type}")
            add("GET", self._get_pipeline, root + "/{type}/{id}")
            add("GET", self._list_stages, root + "/{type}/{id}/stages")
        for root in ("/crm/v3/properties", "/crm/properties/{version}"):
            add("GET", self._list_properties, root + "/{type}")
            add("GET", self._get_property, root + "/{type}/{id}")
        old = ("/properties/v1/{type}/properties", "/properties/v2/{type}/properties")
        add("GET", self._list_old_properties, *old)
        for root in ("/crm/v3/exports/export", "/crm/exports/{version}/export"):
            add("POST", self._start_export, root + "/async")
            add("GET", self._tell_export, root + "/async/tasks/{id}/status")
            add("GET", self._describe_export, root + "/{id}")
        routes.append(Route("/exports/files/{key}", self._serve_file, methods=["GET"]))
        for root in ("/crm/v3/schemas", "/crm-object-schemas/{version}/schemas"):
            add("GET", self._list_schemas, root)
        add("GET", self._describe_account, "/account-info/v3/details")
        routes.append(Route("/oauth/{version}/token", self._serve_token, methods=["POST"]))
        routes.append(
            Route("/oauth/{version}/access-tokens/{token}", self._describe_token, methods=["GET"])
        )
        return routes

    def _knob(self, name: str, default: int) -> int:
        return int(self._stage.knobs.get(f"{self.name}.{name}", default))

    def _correlation_id(self) -> str:
        self._calls += 1
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"hubspot/{self._stage.seed}/{self._calls}"))

    def _guard(self, handler: Handler, is_search: bool) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            correlation_id = self._correlation_id()
            headers = {"X-HubSpot-Correlation-Id": correlation_id}
            path = request.url.path
            try:
                if len(str(request.url)) > self._knob("url_limit", URL_LIMIT):
                    raise ApiError("URI_TOO_LONG")
                self._provoke(path)
                authorization = request.headers.get("authorization", "")
                caller = self.access.identify(authorization, self._stage.clock.now())
                headers |= self._count(caller, is_search)
                status, body = await handler(request, caller)
            except ApiError as error:
                headers |= error.headers
                return JSONResponse(error.body(correlation_id), error.status, headers)
            except RateLimited as error:
                if error.retry_after is not None:
                    headers["Retry-After"] = str(error.retry_after)
                return JSONResponse(error.body(correlation_id), 429, headers)
            return JSONResponse(self._spoil(path, body), status, headers)

        return serve

    def _provoke(self, path: str) -> None:
        take = self._stage.faults.take
        if take("expired_token", self.name, path) is not None:
            raise ApiError("EXPIRED_AUTHENTICATION")
        if (values := take("rate_limit", self.name, path)) is not None:
            policy = str(values.get("policy", "TEN_SECONDLY_ROLLING"))
            text = f"You have reached your {policy.lower()} limit."
            raise RateLimited(policy, text, None if policy == "DAILY" else 1)
        if (values := take("error", self.name, path)) is not None:
            raise ApiError(
                str(values.get("category", "INTERNAL_ERROR")),
                str(values.get("message", "")),
                int(values.get("status", 0)),
            )

    def _count(self, caller: Caller, is_search: bool) -> dict[str, str]:
        daily = self._knob("daily_max", limits.DAILY_MAX)
        if is_search:
            most = self._knob("searches_per_second", limits.SEARCHES_PER_SECOND)
            self.limits.count_search(caller, most, daily)
            return {}
        if caller.is_oauth:
            most = self._knob("oauth_ten_seconds_max", limits.OAUTH_APP_MAX)
        else:
            most = self._knob("ten_seconds_max", limits.PRIVATE_APP_MAX)
        return self.limits.count_call(caller, most, daily)

    def _spoil(self, path: str, body: Any) -> Any:
        if not isinstance(body, dict):
            return body
        if self._stage.faults.take("zero_rows", self.name, path) is not None:
            body = {name: value for name, value in body.items() if name != "paging"}
            body["results"] = []
            if "total" in body:
                body["total"] = 0
        if (values := self._stage.faults.take("broken_value", self.name, path)) is not None:
            first, *others = body["results"]
            broken = {**first["properties"], str(values["field"]): values["value"]}
            body = {**body, "results": [{**first, "properties": broken}, *others]}
        return spoil_answer(self._stage, self.name, path, body)

    async def _list(self, request: Request, caller: Caller) -> Reply:
        kind = find_type(request.path_params["type"])
        caller.require(kind.scope)
        address = str(request.url.replace(query=""))
        return objects.list_objects(self._shelf.open(), kind, request.query_params, address)

    async def _get(self, request: Request, caller: Caller) -> Reply:
        kind = find_type(request.path_params["type"])
        caller.require(kind.scope)
        word = request.path_params["id"]
        return objects.get_object(self._shelf.open(), kind, word, request.query_params)

    async def _read_batch(self, request: Request, caller: Caller) -> Reply:
        kind = find_type(request.path_params["type"])
        caller.require(kind.scope)
        document = await read_document(request)
        return objects.read_batch(self._shelf.open(), kind, document, request.query_params)

    async def _search(self, request: Request, caller: Caller) -> Reply:
        kind = find_type(request.path_params["type"])
        caller.require(kind.scope)
        lag = self._knob("search_lag_seconds", SEARCH_LAG_SECONDS)
        return objects.search_objects(self._shelf.open(lag), kind, await read_document(request))

    async def _list_links(self, request: Request, caller: Caller, version: int) -> Reply:
        source = find_type(request.path_params["type"])
        caller.require(source.scope)
        return associations.list_associations(
            self._shelf.open(),
            source,
            find_type(request.path_params["to"]),
            request.path_params["id"],
            request.query_params,
            version,
            str(request.url.replace(query="")),
        )

    async def _list_links_3(self, request: Request, caller: Caller) -> Reply:
        return await self._list_links(request, caller, 3)

    async def _list_links_4(self, request: Request, caller: Caller) -> Reply:
        return await self._list_links(request, caller, 4)

    async def _read_links(self, request: Request, caller: Caller, version: int) -> Reply:
        source = find_type(request.path_params["type"])
        caller.require(source.scope)
        target = find_type(request.path_params["to"])
        document = await read_document(request)
        return associations.read_association_batch(
            self._shelf.open(),
            source,
            target,
            document,
            version,
            self._knob("associations_in_batch", associations.PAGE_MOST),
        )

    async def _read_links_3(self, request: Request, caller: Caller) -> Reply:
        return await self._read_links(request, caller, 3)

    async def _read_links_4(self, request: Request, caller: Caller) -> Reply:
        return await self._read_links(request, caller, 4)

    async def _list_labels(self, request: Request, caller: Caller) -> Reply:
        source = find_type(request.path_params["type"])
        caller.require(source.scope)
        return associations.list_labels(source, find_type(request.path_params["to"]))

    async def _list_owners(self, request: Request, caller: Caller) -> Reply:
        caller.require("crm.objects.owners.read")
        query = request.query_params
        limit = read_limit(query.get("limit"), OWNERS_PAGE_MOST, 100)
        after = read_number(query.get("after") or 0, "after")
        email = query.get("email")
        rows = [
            row
            for row in owner_rows(self._shelf.open().managers())
            if row["archived"] == read_flag(query, "archived")
            and (not email or row["email"] == email)
            and int(row["id"]) > after
        ]
        cursor = rows[limit - 1]["id"] if len(rows) > limit else None
        address = str(request.url.replace(query=""))
        return 200, make_page(rows[:limit], cursor, address, query.multi_items())

    async def _get_owner(self, request: Request, caller: Caller) -> Reply:
        caller.require("crm.objects.owners.read")
        name = "userId" if request.query_params.get("idProperty") == "userId" else "id"
        for row in owner_rows(self._shelf.open().managers()):
            if str(row[name]) == request.path_params["id"]:
                return 200, row
        raise ApiError("OBJECT_NOT_FOUND")

    def _pipelines(self, request: Request, caller: Caller) -> list[dict[str, Any]]:
        kind = find_type(request.path_params["type"])
        caller.require(kind.scope)
        return self._shelf.open().pipelines.describe(kind.plural)

    def _pipeline(self, request: Request, caller: Caller) -> dict[str, Any]:
        for pipeline in self._pipelines(request, caller):
            if pipeline["id"] == request.path_params["id"]:
                return pipeline
        raise ApiError("OBJECT_NOT_FOUND")

    async def _list_pipelines(self, request: Request, caller: Caller) -> Reply:
        return 200, {"results": self._pipelines(request, caller)}

    async def _get_pipeline(self, request: Request, caller: Caller) -> Reply:
        return 200, self._pipeline(request, caller)

    async def _list_stages(self, request: Request, caller: Caller) -> Reply:
        return 200, {"results": self._pipeline(request, caller)["stages"]}

    async def _list_properties(self, request: Request, caller: Caller) -> Reply:
        kind = find_type(request.path_params["type"])
        caller.require(kind.scope)
        return 200, {"results": list_properties(self._shelf.open(), kind)}

    async def _list_old_properties(self, request: Request, caller: Caller) -> Reply:
        kind = find_type(request.path_params["type"])
        caller.require(kind.scope)
        return 200, list_old_properties(self._shelf.open(), kind)

    async def _get_property(self, request: Request, caller: Caller) -> Reply:
        kind = find_type(request.path_params["type"])
        caller.require(kind.scope)
        return 200, get_property(self._shelf.open(), kind, request.path_params["id"])

    async def _start_export(self, request: Request, caller: Caller) -> Reply:
        caller.require(exports.SCOPE)
        document = await read_document(request)
        caller.require(find_type(str(document.get("objectType", ""))).scope)
        now, address = self._stage.clock.now(), str(request.url.replace(query=""))
        return self._exports.start(self._shelf.open(), document, now, address)

    async def _tell_export(self, request: Request, caller: Caller) -> Reply:
        caller.require(exports.SCOPE)
        root = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
        return self._exports.tell_status(
            request.path_params["id"],
            self._stage.clock.now(),
            self._knob("export_seconds", exports.EXPORT_SECONDS),
            f"{root}/exports/files",
        )

    async def _describe_export(self, request: Request, caller: Caller) -> Reply:
        caller.require(exports.SCOPE)
        seconds = self._knob("export_seconds", exports.EXPORT_SECONDS)
        return self._exports.describe(request.path_params["id"], self._stage.clock.now(), seconds)

    async def _serve_file(self, request: Request) -> Response:
        try:
            key, now = request.path_params["key"], self._stage.clock.now()
            body, media_type = self._exports.read_file(key, now)
            return Response(body, media_type=media_type)
        except ApiError as error:
            return JSONResponse(error.body(self._correlation_id()), error.status)

    async def _list_schemas(self, request: Request, caller: Caller) -> Reply:
        """Custom object types: this portal has none."""
        caller.require("crm.schemas.custom.read")
        return 200, {"results": []}

    async def _describe_account(self, request: Request, caller: Caller) -> Reply:
        return 200, {
            "portalId": PORTAL_ID,
            "accountType": "STANDARD",
            "timeZone": TIME_ZONE,
            "companyCurrency": "USD",
            "additionalCurrencies": [],
            "utcOffset": "-05:00",
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }

    async def _serve_token(self, request: Request) -> Response:
        try:
            return JSONResponse(self.access.renew(await request.form(), self._stage.clock.now()))
        except ApiError as error:
            return JSONResponse(error.body(self._correlation_id()), error.status)

    async def _describe_token(self, request: Request) -> Response:
        try:
            token = request.path_params["token"]
            return JSONResponse(self.access.describe(token, self._stage.clock.now()))
        except ApiError as error:
            return JSONResponse(error.body(self._correlation_id()), error.status)


VENDOR = HubSpot
