"""VK Ads (VK Реклама): tokens, lists and dictionaries (v2), statistics (v2 and v3).

Knobs (``vk_ads.<name>``): ``rps_limit minutely_limit hourly_limit daily_limit`` per user and
method (no limit a minute unless named),
``json_429`` whether an excess is told as JSON instead of text, ``retry_after`` seconds named in
that answer (0 names none), ``list_limit`` largest page of a v2 list, ``most_days`` of one
statistics call, ``zero_days`` whether days without delivery have rows, ``whole_urls`` whether a
banner shows its urls whole, ``url_slot`` the name under which it does, ``user_currency`` whether
the user names it, ``text_numbers`` whether every number is told as text, ``v3_idle`` whether v3
lists objects without delivery, ``nested_401`` the other shape of 401,
``rotates_refresh_token`` (an option of support), ``most_body_bytes``. Faults
beyond transport: ``expired_token revoked_token invalid_token invalid_user``, ``error`` (``code``
of errors.STATUSES, ``status``, ``message``), ``too_many`` (a 429), ``zero_rows``, ``moved_page``
(a page of a list or of v3 that began one row later when the pages before it were read),
and those of ``answer_faults``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from include.sandbox.vendors.ad_cabinet import Cabinet, read_accounts, read_cabinet
from include.sandbox.vendors.answer_faults import spoil_answer
from include.sandbox.vendors.vendor import Stage
from include.sandbox.vendors.vk_ads.access import AGENCY, AGENCY_USER_ID, Access
from include.sandbox.vendors.vk_ads.errors import ApiError
from include.sandbox.vendors.vk_ads.limits import Limits
from include.sandbox.vendors.vk_ads.lists import (
    DEFAULT_LIMIT,
    LARGEST_LIMIT,
    answer_list,
    paginate,
)
from include.sandbox.vendors.vk_ads.number_texts import write_numbers_as_text
from include.sandbox.vendors.vk_ads.objects import (
    describe_agency,
    describe_client,
    describe_dictionary,
    describe_objects,
    describe_url,
    describe_user,
    url_number,
)
from include.sandbox.vendors.vk_ads.statistics import Statistics

MOSCOW = ZoneInfo("Europe/Moscow")
MOST_BODY_BYTES = 1_000_000
TOKEN_FAULTS = ("expired_token", "revoked_token", "invalid_token", "invalid_user")
STATUS_OF_DELETION = 204
"""Of the deletion of tokens; not confirmed."""
OBJECTS = "banners|ad_groups|ad_plans|users"
LISTS = re.compile(r"v2/(ad_plans|ad_groups|banners)\.json")
DICTIONARIES = re.compile(r"v2/(regions|pads_trees|packages)\.json")
URL = re.compile(r"v2/urls/(\d+)\.json")
V2 = re.compile(rf"v2/statistics/({OBJECTS})/(day|summary)\.json")
V3 = re.compile(rf"v3/statistics/({OBJECTS})/day\.json")
GOALS = re.compile(rf"v2/statistics/goals/({OBJECTS})/day\.json")
EMPTY = re.compile(rf"v2/statistics/(inapp|offline_conversions)/({OBJECTS})/day\.json")
FAST = re.compile(r"v3/statistics/faststat/(banners|campaigns|ad_plans|users)\.json")
USER = ("v2/user.json", "v3/user.json")


class VkAds:
    """The stand-in; see the module's text for its knobs and faults."""

    name: ClassVar[str] = "vk_ads"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.access = Access(stage)
        self.limits = Limits(stage)

    def reset(self) -> None:
        """Tokens and counters as in the beginning."""
        self.access.reset()
        self.limits.reset()

    def routes(self) -> Sequence[BaseRoute]:
        """Everything below ``/api``; one place decides, so that an unknown path is told in JSON."""
        methods = ["GET", "POST", "PUT", "PATCH", "DELETE"]
        return [Route("/api/{path:path}", self._serve, methods=methods)]

    async def _serve(self, request: Request) -> Response:
        path = request.path_params["path"]
        try:
            if len(await request.body()) > int(self._knob("most_body_bytes", MOST_BODY_BYTES)):
                raise ApiError("ERR_BODY_TOO_LARGE", "Request body is too large")
            self._let_in(request)
            if path.startswith("v2/oauth2/"):
                return await self._serve_tokens(path, request)
            return self._serve_reader(path, request)
        except ApiError as error:
            return error.to_response(bool(self._knob("nested_401", False)))

    def _knob(self, name: str, default: Any) -> Any:
        return self._stage.knobs.get(f"vk_ads.{name}", default)

    def _let_in(self, request: Request) -> None:
        """Planted errors come before anything else the vendor checks."""
        path = request.url.path
        for kind in TOKEN_FAULTS:
            if self._take(kind, path) is not None:
                raise ApiError(kind, f"{kind.replace('_', ' ').capitalize()}")
        if (values := self._take("error", path)) is not None:
            status = int(values["status"]) if "status" in values else None
            message = str(values.get("message", "Internal error"))
            raise ApiError(str(values.get("code", "ERR_INTERNAL")), message, status)

    def _take(self, kind: str, path: str) -> Mapping[str, Any] | None:
        return self._stage.faults.take(kind, self.name, path)

    async def _serve_tokens(self, path: str, request: Request) -> Response:
        if request.method != "POST":
            raise ApiError("ERR_WRONG_METHOD", "Method is not allowed")
        form = await request.form()
        if path == "v2/oauth2/token.json":
            return JSONResponse(self.access.give(form))
        if path == "v2/oauth2/token/delete.json":
            self.access.delete_tokens(form)
            return Response(status_code=STATUS_OF_DELETION)
        raise ApiError("ERR_WRONG_RESOURCE", "Unknown resource")

    def _serve_reader(self, path: str, request: Request) -> Response:
        user = self.access.authenticate(request.headers.get("authorization", ""))
        method = _name_method(path)
        if path == "v2/throttling.json":
            return JSONResponse(self._describe_throttling(user))
        is_within = self.limits.count(user, method)
        headers = self.limits.headers(user, method)
        if not is_within or self._take("too_many", request.url.path) is not None:
            return self._refuse_excess(headers)
        try:
            if request.method != "GET":
                raise ApiError("ERR_WRONG_METHOD", "Method is not allowed")
            body = self._answer(path, user, request)
            if self._knob("text_numbers", False):
                body = write_numbers_as_text(body)
            response = JSONResponse(spoil_answer(self._stage, self.name, request.url.path, body))
        except ApiError as error:
            response = error.to_response(bool(self._knob("nested_401", False)))
        response.headers.update(headers)
        return response

    def _describe_throttling(self, user: str) -> dict[str, Any]:
        told: dict[str, Any] = {}
        for name in ("Statistics/v2", "Statistics/v3", "AdPlans/v2", "AdGroups/v2", "Banners/v2"):
            resource, version = name.split("/")
            described = self.limits.describe(user, name)
            told.setdefault(resource, {})[version] = {"READ": described}
        return told

    def _refuse_excess(self, headers: dict[str, str]) -> Response:
        if seconds := int(self._knob("retry_after", 0)):
            headers = {**headers, "Retry-After": str(seconds)}
        if self._knob("json_429", False):
            body = {"error": {"code": "ERR_TOO_MANY_REQUESTS", "message": "Too many requests"}}
            return JSONResponse(body, 429, headers)
        return PlainTextResponse("Too Many Requests", 429, headers)

    def _answer(self, path: str, user: str, request: Request) -> dict[str, Any]:
        params = request.query_params
        if found := DICTIONARIES.fullmatch(path):
            rows = describe_dictionary(found[1])
            return paginate(rows, params, DEFAULT_LIMIT, 1000)
        if path == "v2/agency/clients.json":
            if user != AGENCY:
                raise ApiError("ERR_ACCESS_DENIED", "Only an agency has clients")
            accounts = read_accounts(self._stage.world, self.name).values()
            rows = [describe_client(account) for account in accounts]
            return paginate(rows, params, DEFAULT_LIMIT, LARGEST_LIMIT)
        if user == AGENCY and path in USER:
            return describe_agency(AGENCY_USER_ID)
        if user == AGENCY:
            raise ApiError("ERR_ACCESS_DENIED", "An agency token cannot read a client's data")
        cabinet = self._cabinet(user)
        if path in USER:
            return describe_user(cabinet.account, bool(self._knob("user_currency", True)))
        if found := URL.fullmatch(path):
            for banner in cabinet.ads.values():
                if url_number(banner["ad_id"]) == int(found[1]):
                    return describe_url(banner)
            raise ApiError("ERR_WRONG_IDS", "Unknown url")
        if found := LISTS.fullmatch(path):
            slot = str(self._knob("url_slot", "primary"))
            return answer_list(
                found[1],
                [] if self._is_emptied(request) else describe_objects(found[1], cabinet, slot),
                params,
                int(self._knob("list_limit", LARGEST_LIMIT)),
                bool(self._knob("whole_urls", False)),
                self._take("moved_page", request.url.path) is not None,
            )
        return self._answer_statistics(path, cabinet, request)

    def _answer_statistics(self, path: str, cabinet: Cabinet, request: Request) -> dict[str, Any]:
        params, statistics = request.query_params, Statistics(self._stage, cabinet)
        if found := V2.fullmatch(path):
            body = statistics.answer_v2(found[1], found[2], params)
        elif found := V3.fullmatch(path):
            is_moved = self._take("moved_page", request.url.path) is not None
            body = statistics.answer_v3(found[1], params, is_moved)
        elif found := GOALS.fullmatch(path):
            body = statistics.answer_goals(found[1], params)
        elif found := EMPTY.fullmatch(path):
            body = statistics.answer_empty(found[1], found[2], params)
        elif found := FAST.fullmatch(path):
            kind = "ad_plans" if found[1] == "campaigns" else found[1]
            body = statistics.answer_fast(kind, params)
        else:
            raise ApiError("ERR_WRONG_RESOURCE", "Unknown resource")
        return {**body, "items": []} if self._is_emptied(request) else body

    def _is_emptied(self, request: Request) -> bool:
        return self._take("zero_rows", request.url.path) is not None

    def _cabinet(self, user: str) -> Cabinet:
        if user not in read_accounts(self._stage.world, self.name):
            raise ApiError("invalid_user", "Unknown user")
        today = self._stage.clock.now().astimezone(MOSCOW).date()
        return read_cabinet(self._stage.world, self.name, user, today)


def _name_method(path: str) -> str:
    """The name under which requests to a path are counted together."""
    version, _, rest = path.partition("/")
    resource = rest.partition("/")[0].removesuffix(".json")
    return f"{''.join(w.capitalize() for w in resource.split('_'))}/{version}"


VENDOR = VkAds
