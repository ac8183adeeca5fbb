"""CallRail API v3: calls of one account with all that hangs on them.

Knobs (``callrail.<name>``): ``clamp_per_page`` cuts a page size above 250 instead of refusing it,
``general_per_hour``, ``general_per_day`` and the same of ``sms`` and ``outbound_call`` replace the
quotas, ``retry_after`` adds that header to 429, ``spam_vanishes`` takes calls away
once they are tagged as spam, ``lead_value`` is what a good lead is said to be worth
("$150.00"). Faults beyond transport: ``error`` (``status``, ``text``), ``expired_token`` (401),
``zero_rows`` (an empty success), ``renamed_field`` (``from``, ``to``), ``changed_meaning``
(``field``, ``factor``: numbers of the field in other units) and ``odd_value`` (``field``,
``value``: in the first row of a page).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from include.sandbox.vendors.callrail.access import Quotas, authenticate
from include.sandbox.vendors.callrail.book import (
    COMPANY_NAME,
    LINE,
    ZONE,
    CallBook,
    Known,
    write_instant,
)
from include.sandbox.vendors.callrail.errors import ApiError
from include.sandbox.vendors.callrail.ids import ACCOUNT_ID, LOCKED_ACCOUNT_ID, make_id
from include.sandbox.vendors.callrail.lists import LISTS, ListRules, filter_calls
from include.sandbox.vendors.callrail.paging import (
    Row,
    answer_page,
    read_fields,
    select_fields,
    sort_rows,
)
from include.sandbox.vendors.callrail.periods import resolve_period
from include.sandbox.vendors.callrail.summaries import draw_series, summarise
from include.sandbox.vendors.vendor import Stage

ALWAYS, NEVER = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
DIALLED = {
    "calls": ("outbound_call", ("caller_id", "business_phone_number", "customer_phone_number")),
    "text-messages": ("sms", ("company_id", "customer_phone_number", "content")),
}
"""Path of a POST → its quota and the fields it must have."""
JSON_TYPES = ("application/json", "application/*", "*/*")


class CallRail:
    """The stand-in; see the module's text for its knobs and faults."""

    name: ClassVar[str] = "callrail"

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._quotas = Quotas(stage.clock)
        self._book: CallBook | None = None
        self._dialled = 0

    def reset(self) -> None:
        """Quotas as in the beginning."""
        self._quotas.reset()

    def routes(self) -> Sequence[BaseRoute]:
        """Everything under ``/v3/``; a path without ``.json`` is 406."""
        return [Route("/v3/{path:path}", self._serve, methods=["GET", "POST"])]

    @property
    def book(self) -> CallBook:
        """The lists of the stage's world, made anew when the world was exchanged."""
        if self._book is None or self._book.world is not self._stage.world:
            self._book = CallBook(self._stage.world)
        return self._book

    async def _serve(self, request: Request) -> Response:
        try:
            return await self._answer(request)
        except ApiError as error:
            return error.to_response()

    async def _answer(self, request: Request) -> Response:
        take, path = self._stage.faults.take, request.url.path
        if take("expired_token", self.name, path) is not None:
            raise ApiError(401)
        if (values := take("error", self.name, path)) is not None:
            raise ApiError(int(values["status"]), str(values.get("text", "")))
        sees_account = authenticate(request.headers)
        accepted = [
            part.split(";")[0].strip() for part in request.headers.get("accept", "*/*").split(",")
        ]
        if not path.endswith(".json") or not any(kind in JSON_TYPES for kind in accepted):
            raise ApiError(406)
        steps = request.path_params["path"].removesuffix(".json").split("/")
        if steps == ["a"]:
            self._quotas.count("general", self._stage.knobs)
            return self._list_accounts(request, sees_account)
        if steps[0] != "a" or len(steps) < 2 or steps[1] not in (ACCOUNT_ID, LOCKED_ACCOUNT_ID):
            raise ApiError(404)
        if steps[1] == LOCKED_ACCOUNT_ID or not sees_account:
            raise ApiError(403)
        if request.method == "POST":
            return await self._create(request, steps[2:])
        self._quotas.count("general", self._stage.knobs)
        return self._read(request, steps[2:])

    def _list_accounts(self, request: Request, sees_account: bool) -> Response:
        rows = [_describe_account()] if sees_account else []
        return answer_page(request, "accounts", rows, clamp=self._is_clamped)

    @property
    def _is_clamped(self) -> bool:
        return bool(self._stage.knobs.get("callrail.clamp_per_page", False))

    def _read(self, request: Request, steps: Sequence[str]) -> Response:
        match list(steps):
            case []:
                return JSONResponse(_describe_account())
            case ["calls", "summary"]:
                rows, (start, end) = self._pick_calls(request)
                return JSONResponse(_head(start, end) | summarise(rows, request.query_params))
            case ["calls", "timeseries"]:
                rows, (start, end) = self._pick_calls(request)
                series = draw_series(rows, request.query_params, start, end)
                return JSONResponse(_head(start, end) | series)
            case ["calls", call_id, "recording"]:
                return self._show_recording(call_id)
            case ["calls", call_id, "page_views"]:
                views = self.book.list_page_views(call_id)
                if views is None:
                    raise ApiError(404)
                return answer_page(request, "page_views", views, clamp=self._is_clamped)
            case [path] if path in LISTS:
                return self._list(request, LISTS[path])
            case [path, row_id] if path in LISTS:
                return self._show_one(request, LISTS[path], row_id)
        raise ApiError(404)

    def _rows(
        self, rules: ListRules, start: datetime = ALWAYS, end: datetime = NEVER
    ) -> list[dict[str, Any]]:
        now = self._stage.clock.now()
        rows: Sequence[Known] = getattr(self.book, rules.attribute)
        hides_spam = bool(self._stage.knobs.get("callrail.spam_vanishes", False))
        return [
            self._add_value(known.show(now))
            for known in rows
            if known.known_at <= now
            and start <= known.at < end
            and not (hides_spam and known.is_removed(now))
        ]

    def _add_value(self, row: dict[str, Any]) -> dict[str, Any]:
        worth = self._stage.knobs.get("callrail.lead_value")
        if worth is not None and "value" in row and row["lead_status"] == "good_lead":
            row |= {"value": worth, "formatted_value": worth}
        return row

    def _pick_calls(
        self, request: Request
    ) -> tuple[list[dict[str, Any]], tuple[datetime, datetime]]:
        """Calls of the period that pass the filters of the query."""
        start, end = resolve_period(request.query_params, self._stage.clock.now(), ZONE)
        rows = self._rows(LISTS["calls"], start, end)
        return filter_calls(rows, request.query_params), (start, end)

    def _list(self, request: Request, rules: ListRules) -> Response:
        params, path = request.query_params, request.url.path
        everything: Sequence[Known] = getattr(self.book, rules.attribute)
        if rules.defaults is not None and everything:
            # an empty answer refuses an unknown field too
            read_fields(params.get("fields", ""), everything[0].row)
        if rules.key == "calls":
            rows, _ = self._pick_calls(request)
        elif rules.is_dated:
            start, end = resolve_period(params, self._stage.clock.now(), ZONE)
            rows = self._rows(rules, start, end)
        else:
            rows = self._rows(rules)
        if self._stage.faults.take("zero_rows", self.name, path) is not None:
            rows = []
        ordered = sort_rows(rows, params, rules.sorts, rules.sorts[0])
        clamp = self._is_clamped
        return answer_page(
            request, rules.key, ordered, rules.defaults, clamp, self._spoiler(path, bool(rows))
        )

    def _spoiler(self, path: str, has_rows: bool) -> Callable[[Row], Row]:
        renamed = self._stage.faults.take("renamed_field", self.name, path)
        changed = self._stage.faults.take("changed_meaning", self.name, path)
        odd = self._stage.faults.take("odd_value", self.name, path) if has_rows else None
        first = iter([] if odd is None else [{odd["field"]: odd["value"]}])

        def spoil(row: Row) -> Row:
            row = {**row, **next(first, {})}
            if changed is not None and row.get(changed["field"]) is not None:
                row = {**row, changed["field"]: row[changed["field"]] * changed["factor"]}
            if renamed is None:
                return row
            return {renamed["to"] if k == renamed["from"] else k: v for k, v in row.items()}

        return spoil

    def _show_one(self, request: Request, rules: ListRules, row_id: str) -> Response:
        row = next((row for row in self._rows(rules) if str(row["id"]) == row_id), None)
        if row is None:
            raise ApiError(404)
        if rules.defaults is None:
            return JSONResponse(row)
        asked = request.query_params.get("fields", "")
        return JSONResponse(select_fields([row], rules.defaults, asked)[0])

    def _show_recording(self, call_id: str) -> Response:
        row = next((row for row in self._rows(LISTS["calls"]) if row["id"] == call_id), None)
        if row is None or row["recording"] is None:
            raise ApiError(404)
        return JSONResponse({"url": f"https://recordings.callrail.example/{call_id}.mp3"})

    async def _create(self, request: Request, steps: Sequence[str]) -> Response:
        """Outbound calls and text messages: taken, counted against their quotas, not listed."""
        if list(steps) not in (["calls"], ["text-messages"]):
            raise ApiError(404)
        kind, wanted = DIALLED[steps[0]]
        try:
            body = await request.json()
        except ValueError:
            raise ApiError(400, "The body is not JSON") from None
        missing = [name for name in wanted if not (isinstance(body, dict) and body.get(name))]
        if missing:
            raise ApiError(422, f"{missing[0]} can't be blank")
        self._quotas.count(kind, self._stage.knobs)
        self._dialled += 1
        now = write_instant(self._stage.clock.now())
        prefix = "CAL" if steps[0] == "calls" else "SMT"
        made = {"id": make_id(prefix, "dialled", self._dialled), "created_at": now}
        return JSONResponse({**made, **{name: body[name] for name in wanted}}, 201)


def _describe_account() -> dict[str, Any]:
    return {
        "id": ACCOUNT_ID,
        "name": COMPANY_NAME,
        "outbound_recording_enabled": True,
        "hipaa_account": False,
        "numeric_id": 227799611,
    }


def _head(start: datetime, end: datetime) -> dict[str, Any]:
    return {
        "start_date": start.isoformat(),
        "end_date": end.isoformat(),
        "time_zone": LINE.time_zone,
    }


VENDOR = CallRail
