"""Calls and form requests as the two journals write them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from starlette.datastructures import QueryParams

from include.sandbox.vendors.calltouch.access import LINE
from include.sandbox.vendors.calltouch.deals import Deals, digits
from include.sandbox.vendors.calltouch.periods import Period, write_moment
from include.sandbox.vendors.calltouch.sessions import (
    advertising,
    describe_history,
    entry_url,
    google_id,
    metrica_id,
    number_of,
    read_table,
    read_visits,
    source_and_medium,
    utm_marks,
    visitor_ids,
)
from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

Row = dict[str, Any]
_SORTED: WorldMemo[list[Row]] = WorldMemo()
_MANAGERS: WorldMemo[dict[int, str]] = WorldMemo()
_FIRST_REQUESTS: WorldMemo[dict[str, int]] = WorldMemo()
STATUSES = {"answered": "Успешный", "missed": "Не отвечен", "busy": "Занято"}


def is_on(params: QueryParams, name: str) -> bool:
    """Whether a flag is given as true, True or 1."""
    return params.get(name, "").lower() in ("true", "1")


def choose_calls(world: World, period: Period, params: QueryParams, now: datetime) -> list[Row]:
    """The world's calls of a period, earliest first; flags of the query choose which."""
    chosen = []
    for call in _known(world, "call", "started_at", period, now):
        is_unique, is_target = bool(call["is_first"]), _is_target(call, now)
        is_callback = call["direction"] == "out"
        wanted = (
            (is_unique or not is_on(params, "uniqueOnly"))
            and (is_target or not is_on(params, "targetOnly"))
            and ((is_unique and is_target) or not is_on(params, "uniqTargetOnly"))
            and (is_callback or not is_on(params, "callbackOnly"))
        )
        if wanted:
            chosen.append(call)
    return chosen


def _is_target(call: Row, now: datetime) -> bool:
    is_changed = call["changed_at"] is None or call["changed_at"] <= now
    return bool(call["is_target"]) and is_changed


def describe_calls(
    world: World, calls: Iterable[Row], params: QueryParams, now: datetime
) -> list[Row]:
    """Chosen calls as the journal writes them; flags of the query say with what."""
    deals = Deals(world, now)
    return [
        _describe_call(world, call, _is_target(call, now), now)
        | _extras(world, call, params, deals, now)
        for call in calls
    ]


def _known(world: World, table: str, column: str, period: Period, now: datetime) -> Iterator[Row]:
    def read() -> list[Row]:
        found = read_table(world, table, "tracker", "calltouch")
        return sorted(found, key=lambda each: each[column])

    rows = _SORTED.get(world, table, read)
    begin = bisect_left(rows, period.begin, key=lambda each: each[column])
    end = bisect_right(rows, min(period.end, now), key=lambda each: each[column])
    for row in rows[begin:end]:
        if row["known_at"] is None or row["known_at"] <= now:
            yield row


def _first_requests(world: World) -> dict[str, int]:
    """The earliest request of every phone, whatever period is asked for."""

    def read() -> dict[str, int]:
        forms = read_table(world, "form_request", "tracker", "calltouch")
        found: dict[str, int] = {}
        for form in sorted(forms, key=lambda each: each["submitted_at"]):
            found.setdefault(digits(form["phone"]), form["request_id"])
        return found

    return _FIRST_REQUESTS.get(world, "first requests", read)


def _managers(world: World) -> dict[int, str]:
    def read() -> dict[int, str]:
        return {
            row["manager_id"]: f"{row['last_name'] or ''} {row['first_name'] or ''}".strip()
            for row in read_table(world, "crm_manager", "crm", LINE.crm)
        }

    return _MANAGERS.get(world, "managers", read)


def _describe_call(world: World, call: Row, is_target: bool, now: datetime) -> Row:
    visit = read_visits(world).get(call["visit_id"])
    source, medium = source_and_medium(visit)
    wait, talk = call["wait_seconds"] or 0, call["talk_seconds"] or 0
    is_over = call["started_at"] + timedelta(seconds=wait + talk) <= now
    is_answered, is_unique = call["status"] == "answered", bool(call["is_first"])
    return {
        "callId": call["call_id"],
        "callphase": "callcompleted" if is_over else "callconnected",
        "date": write_moment(call["started_at"]),
        "timestamp": int(call["started_at"].timestamp()),
        "duration": talk if is_over else 0,
        "waitingConnect": wait,
        "callerNumber": digits(call["caller_phone"]),
        "phoneNumber": digits(call["tracking_phone"]),
        "redirectNumber": "",
        "successful": is_answered,
        "statusDetails": STATUSES.get(call["status"] or "", ""),
        "uniqueCall": is_unique,
        "targetCall": is_target,
        "uniqTargetCall": is_unique and is_target,
        "callbackCall": call["direction"] == "out",
        "manager": _managers(world).get(call["manager_id"], ""),
        "city": (visit["city"] or "") if visit else "",
        "source": source,
        "medium": medium,
        "keyword": (visit["utm_term"] or "") if visit else "",
        "url": entry_url(visit),
        "callUrl": entry_url(visit),
        "ref": (visit["referrer"] or "") if visit else "",
        "hostname": LINE.host,
        **utm_marks(visit),
        "sessionId": visit["visit_id"] if visit else None,
        "ctCallerId": f"{number_of(digits(call['caller_phone'])):012x}",
        **visitor_ids(visit),
        "clientId": google_id(visit),
        "yaClientId": metrica_id(visit),
        "sipCallId": f"{call['call_id']}@calltouch",
        "callReferenceId": "",
        "userAgent": (visit["browser"] or "") if visit else "",
        "ip": (visit["ip"] or "") if visit else "",
        "subPoolName": call["pool"] or None,
        "attrs": [],
        "additionalTags": [],
        "callbackInfo": None,
    }


def _extras(world: World, call: Row, params: QueryParams, deals: Deals, now: datetime) -> Row:
    """What comes only with its flag."""
    visit = read_visits(world).get(call["visit_id"])
    is_changed = call["changed_at"] is None or call["changed_at"] <= now
    extras: Row = {"attribution": int(params.get("attribution", "1") == "1")}
    if is_on(params, "withCallTags"):
        names = list(call["tags"] or ()) if is_changed else []
        extras["callTags"] = [{"category": "", "type": "MANUAL", "names": names}] if names else []
    if is_on(params, "withComments"):
        extras["comments"] = []
    if is_on(params, "withOrders"):
        found = deals.of_phone(call["caller_phone"])
        extras["orders"] = [deals.describe_beside_call(deal) for deal in found]
    if is_on(params, "withMapVisits"):
        extras["mapVisits"] = describe_history(world, visit, call["started_at"])
    if is_on(params, "withText"):
        extras |= {"phrases": [], "phonesInText": []}
    return extras | _advertising(visit, params)


def _advertising(visit: Row | None, params: QueryParams) -> Row:
    found: Row = {}
    if is_on(params, "withYandexDirect"):
        found["yandexDirect"] = advertising(visit, "yandex_direct", "adId")
    if is_on(params, "withGoogleAdwords"):
        found["googleAdWords"] = advertising(visit, "google_ads", "creativeId")
    if is_on(params, "withDcm"):
        found["dcm"] = None
    return found


def list_requests(world: World, period: Period, params: QueryParams, now: datetime) -> list[Row]:
    """Form requests of a period, earliest first."""
    rows, deals, first = [], Deals(world, now), _first_requests(world)
    for form in _known(world, "form_request", "submitted_at", period, now):
        is_unique = first[digits(form["phone"])] == form["request_id"]
        rows.append(_describe_request(world, form, is_unique, params, deals))
    return rows


def _describe_request(
    world: World, form: Row, is_unique: bool, params: QueryParams, deals: Deals
) -> Row:
    visit = read_visits(world).get(form["visit_id"])
    is_target = bool(form["is_target"])
    orders = deals.of_phone(form["phone"])
    row = {
        "requestId": form["request_id"],
        "requestNumber": str(form["request_id"]),
        "date": int(form["submitted_at"].timestamp() * 1000),
        "dateStr": write_moment(form["submitted_at"]),
        "subject": form["form_name"] or "",
        "requestUrl": form["url"] or "",
        "manager": _managers(world).get(form["manager_id"], ""),
        "uniqueRequest": is_unique,
        "targetRequest": is_target,
        "uniqTargetRequest": is_unique and is_target,
        "session": describe_session(visit),
        "client": describe_client(form["name"], form["phone"], form["email"]),
        "orders": [deals.describe_beside_request(deal) for deal in orders],
        "comments": [],
        "widgetInfo": None,
        **visitor_ids(visit),
    }
    if is_on(params, "withRequestTags"):
        row["RequestTags"] = []
    if is_on(params, "withMapVisits"):
        row["mapVisits"] = describe_history(world, visit, form["submitted_at"])
    return row | _advertising(visit, params)


def describe_session(visit: Row | None) -> Row:
    """The visit a request came from; all its keys are there without one too."""
    source, medium = source_and_medium(visit)
    return {
        "sessionId": visit["visit_id"] if visit else None,
        "keywords": (visit["utm_term"] or "") if visit else "",
        "city": (visit["city"] or "") if visit else "",
        "ip": (visit["ip"] or "") if visit else "",
        "browser": (visit["browser"] or "") if visit else "",
        "source": source,
        "medium": medium,
        "ref": (visit["referrer"] or "") if visit else "",
        "url": entry_url(visit),
        **utm_marks(visit),
        "guaClientId": google_id(visit),
        "yaClientId": metrica_id(visit),
        "attrs": [],
        "attribution": 1,
        "ctGlobalId": visitor_ids(visit)["ctGlobalId"],
    }


def describe_client(name: str | None, phone: str | None, email: str | None) -> Row:
    """Who left a request; the e-mail is among the contacts."""
    return {
        "clientId": number_of(f"{digits(phone)}/{email or ''}"),
        "fio": name or "",
        "phones": [{"phoneNumber": phone, "phoneType": "MOBILE"}] if phone else [],
        "contacts": [{"contactType": "EMAIL", "contactValue": email}] if email else [],
    }
