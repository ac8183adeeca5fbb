"""Rows of ``crm.stagehistory.list``: integers for ids, append-only, ascending by id.

Leads say STATUS_ID and STATUS_SEMANTIC_ID where deals say STAGE_* and CATEGORY_ID.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

from include.sandbox.vendors.bitrix24.entity_rows import spell_instant
from include.sandbox.vendors.bitrix24.stages import Stages

CREATED, INTERMEDIATE, FINAL, OTHER_PIPELINE = 1, 2, 3, 5


def history_rows(
    events: Sequence[Mapping[str, Any]],
    kind: str,
    stages: Stages,
    owners: Container[int] | None,
) -> list[dict[str, Any]]:
    """The rows of leads or deals; ``owners`` limits them to those entities."""
    pipelines: dict[int, int] = {}
    rows = []
    for event in events:
        if event["entity"] != kind or (owners is not None and event["entity_id"] not in owners):
            continue
        owner, pipeline = event["entity_id"], event["pipeline_id"] or 0
        stage = (
            stages.of_lead(event["stage_id"])
            if kind == "lead"
            else stages.of_deal(pipeline, event["stage_id"])
        )
        if owner not in pipelines:
            type_id = CREATED
        elif pipelines[owner] != pipeline:
            type_id = OTHER_PIPELINE
        else:
            type_id = INTERMEDIATE if stage.semantics == "P" else FINAL
        pipelines[owner] = pipeline
        row: dict[str, Any] = {
            "ID": event["event_id"],
            "TYPE_ID": type_id,
            "OWNER_ID": owner,
            "CREATED_TIME": spell_instant(event["occurred_at"]),
        }
        if kind == "lead":
            row |= {"STATUS_SEMANTIC_ID": stage.semantics, "STATUS_ID": stage.status_id}
        else:
            row |= {
                "CATEGORY_ID": stages.category(pipeline),
                "STAGE_SEMANTIC_ID": stage.semantics,
                "STAGE_ID": stage.status_id,
            }
        rows.append(row)
    return rows
