"""Activities and tasks: what managers planned and did, and the calls the portal filed.

A row of the world's tasks is an activity of its kind; those of kind ``task`` are tasks too. Calls
become activities of the provider VOXIMPLANT_CALL where they could be bound to somebody.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from include.sandbox.vendors.bitrix24.conditions import read_instant
from include.sandbox.vendors.bitrix24.entity_rows import spell_instant

OWNER_TYPES = {"lead": "1", "deal": "2", "contact": "3", "company": "4"}
OWNER_LETTERS = {"lead": "L", "deal": "D", "contact": "C", "company": "CO"}
KINDS = {
    "meeting": ("1", "CRM_MEETING", "MEETING"),
    "call": ("2", "VOXIMPLANT_CALL", "CALL"),
    "task": ("3", "CRM_TASKS_TASK", "TASK"),
    "email": ("4", "CRM_EMAIL", "EMAIL"),
}
PENDING, DONE = "2", "5"
Row = Mapping[str, Any]


def activity_rows(
    tasks: Sequence[Row],
    calls: Sequence[Row],
    living: Mapping[str, Container[int]],
    bound_at: Callable[[str, int], datetime],
    now: datetime,
) -> list[dict[str, Any]]:
    """Rows of ``crm.activity.list``, ascending by id; those of vanished owners are gone too.

    ``bound_at`` says since when calls belong to an owner, which may be long after the call.
    """
    rows = [
        _planned(task, now)
        for task in sorted(tasks, key=lambda row: row["task_id"])
        if task["entity_id"] in living.get(task["entity"], ())
    ]
    rows += [_filed_call(call, bound_at) for call in calls if call["CRM_ACTIVITY_ID"]]
    return rows


def _planned(task: Row, now: datetime) -> dict[str, Any]:
    done = task["done_at"] if task["done_at"] is not None and task["done_at"] <= now else None
    type_id, provider, provider_type = KINDS.get(task["kind"], KINDS["task"])
    due = task["due_at"] or task["created_at"]
    return _activity(
        number=str(task["task_id"]),
        owner=str(task["entity_id"]),
        owner_type=OWNER_TYPES[task["entity"]],
        kind=(type_id, provider, provider_type),
        subject=task["subject"] or "",
        created=spell_instant(task["created_at"]),
        updated=spell_instant(done or task["created_at"]),
        start=spell_instant(due),
        end=spell_instant(done or due),
        is_done=done is not None,
        manager=str(task["manager_id"] or 1),
        direction="2" if task["kind"] in ("call", "email") else "0",
        origin=None,
        communications=[],
    )


def _filed_call(call: Row, bound_at: Callable[[str, int], datetime]) -> dict[str, Any]:
    start = read_instant(call["CALL_START_DATE"])
    assert start is not None
    ended = start + timedelta(seconds=int(call["CALL_DURATION"]))
    bound = bound_at(call["CRM_ENTITY_TYPE"].lower(), int(call["CRM_ENTITY_ID"]))
    end = spell_instant(ended)
    is_out = call["CALL_TYPE"] == "1"
    owner_type = OWNER_TYPES[call["CRM_ENTITY_TYPE"].lower()]
    is_done = is_out or call["CALL_FAILED_CODE"] == "200"
    return _activity(
        number=call["CRM_ACTIVITY_ID"],
        owner=call["CRM_ENTITY_ID"],
        owner_type=owner_type,
        kind=KINDS["call"],
        subject=f"{'Исходящий' if is_out else 'Входящий'} звонок {call['PHONE_NUMBER']}",
        created=end,
        updated=spell_instant(max(ended, bound)),
        start=call["CALL_START_DATE"],
        end=end,
        is_done=is_done,
        manager=call["PORTAL_USER_ID"],
        direction="2" if is_out else "1",
        origin=f"VI_{call['CALL_ID']}",
        communications=[
            {
                "ID": call["CRM_ACTIVITY_ID"],
                "TYPE": "PHONE",
                "VALUE": call["PHONE_NUMBER"],
                "ENTITY_ID": call["CRM_ENTITY_ID"],
                "ENTITY_TYPE_ID": owner_type,
                "ENTITY_SETTINGS": [],
            }
        ],
    )


def _activity(
    *,
    number: str,
    owner: str,
    owner_type: str,
    kind: tuple[str, str, str],
    subject: str,
    created: str,
    updated: str,
    start: str,
    end: str,
    is_done: bool,
    manager: str,
    direction: str,
    origin: str | None,
    communications: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "ID": number,
        "OWNER_ID": owner,
        "OWNER_TYPE_ID": owner_type,
        "TYPE_ID": kind[0],
        "PROVIDER_ID": kind[1],
        "PROVIDER_TYPE_ID": kind[2],
        "PROVIDER_GROUP_ID": None,
        "ASSOCIATED_ENTITY_ID": number if kind[0] == "3" else "0",
        "SUBJECT": subject,
        "CREATED": created,
        "LAST_UPDATED": updated,
        "START_TIME": start,
        "END_TIME": end,
        "DEADLINE": start,
        "COMPLETED": "Y" if is_done else "N",
        "STATUS": "2" if is_done else "1",
        "RESPONSIBLE_ID": manager,
        "PRIORITY": "2",
        "NOTIFY_TYPE": "0",
        "NOTIFY_VALUE": "0",
        "DESCRIPTION": "",
        "DESCRIPTION_TYPE": "1",
        "DIRECTION": direction,
        "LOCATION": "",
        "SETTINGS": [],
        "ORIGINATOR_ID": None,
        "ORIGIN_ID": origin,
        "AUTHOR_ID": manager,
        "EDITOR_ID": manager,
        "PROVIDER_PARAMS": [],
        "PROVIDER_DATA": None,
        "RESULT_MARK": "0",
        "RESULT_VALUE": None,
        "RESULT_SUM": None,
        "RESULT_CURRENCY_ID": None,
        "RESULT_STATUS": "0",
        "RESULT_STREAM": "0",
        "RESULT_SOURCE_ID": None,
        "AUTOCOMPLETE_RULE": "0",
        "COMMUNICATIONS": communications,
        "FILES": [],
    }


def task_rows(
    tasks: Sequence[Row],
    living: Mapping[str, Container[int]],
    managers: Mapping[int, Row],
    now: datetime,
) -> list[dict[str, Any]]:
    """Rows of ``tasks.task.list`` under the names requests use, ascending by id."""
    rows = []
    for task in sorted(tasks, key=lambda row: row["task_id"]):
        is_owned = task["entity_id"] in living.get(task["entity"], ())
        if task["kind"] != "task":
            continue
        done = task["done_at"] if task["done_at"] is not None and task["done_at"] <= now else None
        manager = task["manager_id"] or 1
        named = managers.get(manager, {})
        name = " ".join(filter(None, (named.get("first_name"), named.get("last_name"))))
        rows.append(
            {
                "ID": str(task["task_id"]),
                "PARENT_ID": None,
                "TITLE": task["subject"] or "",
                "DESCRIPTION": "",
                "PRIORITY": "1",
                "STATUS": DONE if done else PENDING,
                "GROUP_ID": "0",
                "CREATED_BY": str(manager),
                "CREATED_DATE": spell_instant(task["created_at"]),
                "RESPONSIBLE_ID": str(manager),
                "CHANGED_BY": str(manager),
                "CHANGED_DATE": spell_instant(done or task["created_at"]),
                "CLOSED_BY": str(manager) if done else None,
                "CLOSED_DATE": spell_instant(done) or None,
                "DEADLINE": spell_instant(task["due_at"]) or None,
                "UF_CRM_TASK": (
                    [f"{OWNER_LETTERS[task['entity']]}_{task['entity_id']}"] if is_owned else []
                ),
                "RESPONSIBLE": {
                    "id": str(manager),
                    "name": name,
                    "link": f"/company/personal/user/{manager}/",
                    "icon": "/bitrix/images/tasks/default_avatar.png",
                    "workPosition": "",
                },
                "SUB_STATUS": DONE if done else PENDING,
            }
        )
    return rows
