"""Tasks of leads; ``result`` of an open one is an empty array, not an empty object."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from include.sandbox.vendors.amocrm.access import ACCOUNT_ID
from include.sandbox.vendors.amocrm.account_book import number_enquiries
from include.sandbox.vendors.amocrm.dictionaries import TASK_KINDS
from include.sandbox.vendors.amocrm.own_rows import read_own
from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

_TASKS: WorldMemo[list[dict[str, Any]]] = WorldMemo()


def read_tasks(world: World, now: datetime) -> list[dict[str, Any]]:
    """Tasks as they stand at ``now``, by id."""
    numbers = number_enquiries(world)

    def gather() -> list[dict[str, Any]]:
        return sorted(read_own(world, "crm_task"), key=lambda row: row["task_id"])

    tasks = []
    for row in _TASKS.get(world, "tasks", gather):
        if row["created_at"] > now:
            continue
        is_done = row["done_at"] is not None and row["done_at"] <= now
        owner = row["entity_id"]
        tasks.append(
            {
                **row,
                "id": row["task_id"],
                "entity_id": numbers.get(owner, owner) if row["entity"] == "lead" else owner,
                "entity_type": "leads",
                "task_type_id": TASK_KINDS.get(row["kind"] or "", TASK_KINDS["task"]),
                "is_completed": is_done,
                "updated_at": row["done_at"] if is_done else row["created_at"],
                "manager_id": row["manager_id"] or 0,
            }
        )
    return tasks


def render_task(row: dict[str, Any], api: str) -> dict[str, Any]:
    """A task of the API."""
    due = row["due_at"] or row["created_at"]
    return {
        "id": row["id"],
        "created_by": row["manager_id"],
        "updated_by": row["manager_id"],
        "created_at": int(row["created_at"].timestamp()),
        "updated_at": int(row["updated_at"].timestamp()),
        "responsible_user_id": row["manager_id"],
        "group_id": 0,
        "entity_id": row["entity_id"],
        "entity_type": row["entity_type"],
        "duration": 0,
        "is_completed": row["is_completed"],
        "task_type_id": row["task_type_id"],
        "text": row["subject"] or "",
        "result": {"text": row.get("result") or "Выполнено"} if row["is_completed"] else [],
        "complete_till": int(due.timestamp()),
        "account_id": ACCOUNT_ID,
        "_links": {"self": {"href": f"{api}/tasks/{row['id']}"}},
    }
