"""The rows of the reports, each with every field it has, by time.

A communication has another number than its call, form or chat; a call back is a second session of
the communication it answers. What a vendor learns later (tags)
is empty until then, and a sale marks its call or form once the deal is won.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.uis.account import (
    SCENARIO,
    describe_source,
    digits,
    managers,
    number_of,
    read_table,
    read_visits,
    tag_ids,
    write_time,
)
from include.sandbox.vendors.uis.call_sessions import (
    CALL_OFFSET,
    communication_of,
    finish_of,
    list_sessions,
    records_of,
    seconds_until_call_back,
)
from include.sandbox.vendors.uis.errors import RpcError
from include.sandbox.vendors.uis.fields import CALLS, LEGS, empty_value
from include.sandbox.vendors.uis.periods import is_known, is_within, sort_by_time
from include.sandbox.vendors.uis.query import Query
from include.sandbox.vendors.uis.row_view import RowView
from include.sandbox.vendors.uis.sales import Sales
from include.sandbox.world.world import World

Row = dict[str, Any]
FORM_OFFSET, CHAT_OFFSET = 6_000_000_000, 7_000_000_000
"""What is added to a number to make that of its communication."""
RECORD_HOST = "https://app.uiscom.ru"
EMPTY_CALL = {field: empty_value(field) for field in CALLS}
FINISHES = {"answered": "subscriber_disconnects", "busy": "operator_busy"}


def calls_report(world: World, query: Query, now: datetime) -> RowView:
    """Call sessions; those still going on only when asked for."""
    names, tags, visits = managers(world), tag_ids(world), read_visits(world)
    sales, is_going_on_told = Sales(world, now), bool(query.params.get("include_ongoing_calls"))

    def describe(call: Row) -> Row:
        visit, is_over = visits.get(call["visit_id"]), finish_of(call) <= now
        row = _describe_call(world, call, visit, names, tags, now, is_over)
        row["lost_call_processing_duration"] = seconds_until_call_back(world, call, now)
        return row | sales.describe(call["caller_phone"], call["started_at"])

    calls = list_sessions(world, query, now)
    return RowView([c for c in calls if is_going_on_told or finish_of(c) <= now], describe)


def _describe_call(
    world: World,
    call: Row,
    visit: Row | None,
    names: Mapping[int, str],
    tags: Mapping[str, int],
    now: datetime,
    is_over: bool,
) -> Row:
    changed = call["changed_at"] or call["started_at"]
    shown = [_describe_tag(tags[tag], tag, changed) for tag in call["tags"] or () if changed <= now]
    row = EMPTY_CALL | describe_source(world, visit, shown)
    communication = communication_of(world, call)
    records, talk = records_of(call), call["talk_seconds"] or 0
    wait, is_lost = call["wait_seconds"] or 0, call["status"] != "answered"
    manager = call["manager_id"] or None
    name = names.get(manager or 0)
    answered = {} if is_lost else {"employee_id": manager, "employee_full_name": name}
    row |= {
        "id": call["call_id"],
        "start_time": write_time(call["started_at"]),
        "finish_time": write_time(finish_of(call)) if is_over else None,
        "finish_reason": FINISHES.get(call["status"] or "", "timeout") if is_over else None,
        "direction": call["direction"] or "in",
        "source": _call_source(call),
        "is_lost": is_lost,
        "communication_number": 1 if call["is_first"] else 2,
        "communication_id": communication,
        "communication_type": "call",
        "contact_phone_number": digits(call["caller_phone"]),
        "virtual_phone_number": digits(call["tracking_phone"]),
        "wait_duration": None if is_lost else wait,
        "total_wait_duration": wait,
        "talk_duration": talk,
        "clean_talk_duration": talk,
        "total_duration": wait + talk,
        "postprocess_duration": 0,
        "call_records": records,
        "full_record_file_link": (
            f"{RECORD_HOST}/system/media/talk/{communication}/{records[0]}/" if records else None
        ),
        "is_transfer": False,
        "scenario_id": SCENARIO[0],
        "scenario_name": SCENARIO[1],
        "scenario_operations": [{"id": SCENARIO[0], "name": SCENARIO[1]}],
        "contact_id": number_of(call["contact_name"]) if call["contact_name"] else None,
        "contact_full_name": call["contact_name"] or None,
        "employees": [
            {
                "employee_id": manager,
                "employee_full_name": name,
                "is_answered": not is_lost,
                "is_talked": talk > 0,
            }
        ]
        if manager
        else [],
    }
    for place in ("last_answered", "first_answered", "last_talked", "first_talked"):
        row |= {f"{place}_{key}": value for key, value in answered.items()}
    return row


def _describe_tag(tag_id: int, name: str, changed: datetime) -> Row:
    return {
        "tag_id": tag_id,
        "tag_name": name,
        "tag_type": "manual",
        "tag_change_time": write_time(changed),
        "tag_user_id": None,
        "tag_user_login": None,
        "tag_employee_id": None,
        "tag_employee_full_name": None,
    }


def _call_source(call: Row) -> str:
    if call["direction"] == "out":
        return "sip"
    if call["visit_id"]:
        return "dynamic_call_tracking"
    return "call_tracking" if call["pool"] else "va"


def call_legs_report(world: World, query: Query, now: datetime) -> list[Row]:
    """A leg of the caller for every session, and one of the employee where somebody answered."""
    names = managers(world)
    rows = []
    for call in list_sessions(world, query, now):
        if finish_of(call) > now:
            continue
        for is_operator in (False, True):
            if is_operator and call["status"] != "answered":
                continue
            rows.append(_describe_leg(call, names, is_operator))
    return rows


def _describe_leg(call: Row, names: Mapping[int, str], is_operator: bool) -> Row:
    wait, talk = call["wait_seconds"] or 0, call["talk_seconds"] or 0
    begin = call["started_at"] + timedelta(seconds=wait if is_operator else 0)
    is_talked, caller = talk > 0, digits(call["caller_phone"])
    return {field: empty_value(field) for field in LEGS} | {
        "id": call["call_id"] * 2 + is_operator,
        "call_session_id": call["call_id"],
        "start_time": write_time(begin),
        "connect_time": write_time(begin) if is_talked else None,
        "duration": talk,
        "total_duration": talk if is_operator else wait + talk,
        "finish_reason": FINISHES.get(call["status"] or "", "timeout"),
        "finish_reason_description": "Разговор состоялся" if is_talked else "Нет ответа",
        "direction": call["direction"] or "in",
        "calling_phone_number": caller,
        "called_phone_number": digits(call["tracking_phone"]),
        "virtual_phone_number": digits(call["tracking_phone"]),
        "is_transfered": False,
        "is_operator": is_operator,
        "is_coach": False,
        "is_failed": not is_talked,
        "is_talked": is_talked,
        "employee_id": (call["manager_id"] or None) if is_operator else None,
        "employee_full_name": names.get(call["manager_id"]) if is_operator else None,
        "scenario_id": SCENARIO[0],
        "scenario_name": SCENARIO[1],
        "contact_full_name": call["contact_name"] or None,
        "contact_phone_number": caller,
        "call_records": [] if is_operator else records_of(call),
    }


def offline_messages_report(world: World, query: Query, now: datetime) -> list[Row]:
    """Requests left through web forms."""
    names, visits, sales = managers(world), read_visits(world), Sales(world, now)
    rows = []
    for form in read_table(world, "form_request", "tracker", "uis"):
        if not is_within(query, form["submitted_at"], now) or not is_known(form, now):
            continue
        rows.append(
            {
                "text": form["form_name"],
                "status": "not_processed",
                "process_time": None,
                "group_id": None,
                "group_name": None,
                "employee_answer_message": None,
                "employee_comment": None,
                **describe_source(world, visits.get(form["visit_id"])),
                **sales.describe(form["phone"], form["submitted_at"]),
                "id": form["request_id"],
                "date_time": write_time(form["submitted_at"]),
                "form_type": "site_form",
                "form_name": form["form_name"],
                "communication_id": FORM_OFFSET + form["request_id"],
                "communication_number": 1,
                "communication_type": "offline_message",
                "communication_page_url": form["url"] or None,
                "visitor_name": form["name"] or None,
                "visitor_phone_number": form["phone"] or None,
                "visitor_email": form["email"] or None,
                "employee_id": form["manager_id"] or None,
                "employee_full_name": names.get(form["manager_id"]),
            }
        )
    return sort_by_time(rows)


def chats_report(world: World, query: Query, now: datetime) -> list[Row]:
    """Chats that have begun."""
    names, visits, rows = managers(world), read_visits(world), []
    for chat in read_table(world, "chat", "tracker", "uis"):
        if not is_within(query, chat["started_at"], now):
            continue
        end = chat["finished_at"] or chat["started_at"]
        is_over = end <= now
        rows.append(
            {
                **describe_source(world, visits.get(chat["visit_id"])),
                "id": chat["chat_id"],
                "status": "closed" if is_over else "active",
                "initiator": "visitor",
                "date_time": write_time(chat["started_at"]),
                "duration": int((end - chat["started_at"]).total_seconds()) if is_over else None,
                "answer_time": None,
                "messages_count": chat["message_count"] or 0,
                "is_transfer": False,
                "release_cause": "visitor" if is_over else None,
                "employee_id": chat["manager_id"] or None,
                "employee_full_name": names.get(chat["manager_id"]),
                "employee_messages_count": (chat["message_count"] or 0) // 2,
                "employee_raiting": None,
                "visitor_name": chat["name"] or None,
                "visitor_phone_number": chat["phone"] or None,
                "visitor_email": chat["email"] or None,
                "communication_id": CHAT_OFFSET + chat["chat_id"],
                "communication_number": 1,
                "communication_type": "chat",
            }
        )
    return sort_by_time(rows)


def chat_messages_report(world: World, query: Query, now: datetime) -> list[Row]:
    """The messages of one chat: their number and times are known, their words are not."""
    wanted = query.params.get("chat_id") or query.params.get("chat")
    chats = read_table(world, "chat", "tracker", "uis")
    chat = next((c for c in chats if c["chat_id"] == wanted and c["started_at"] <= now), None)
    if chat is None:
        raise RpcError("entity_not_found", f"Chat {wanted} is not found", "chat_id", wanted)
    count = chat["message_count"] or 0
    span = (chat["finished_at"] or chat["started_at"]) - chat["started_at"]
    rows = []
    for number in range(count):
        is_mine = number % 2 == 1
        sent = chat["started_at"] + span * number / max(count, 1)
        if sent <= now:
            rows.append(
                {
                    "chat_id": wanted,
                    "date_time": write_time(sent),
                    "text": f"{number + 1}",
                    "source": "operator" if is_mine else "visitor",
                    "employee_id": (chat["manager_id"] or None) if is_mine else None,
                    "employee_full_name": (
                        managers(world).get(chat["manager_id"]) if is_mine else None
                    ),
                }
            )
    return rows


def communications_report(world: World, query: Query, now: datetime) -> list[Row]:
    """Calls, chats and forms together, without phones; a communication is where it began."""
    rows = [
        row | {"id": row["communication_id"], "date_time": row["start_time"]}
        for row in calls_report(world, query, now)
        if row["communication_id"] == CALL_OFFSET + row["id"]
    ]
    for report in (chats_report, offline_messages_report):
        rows.extend(row | {"id": row["communication_id"]} for row in report(world, query, now))
    return sort_by_time(rows)
