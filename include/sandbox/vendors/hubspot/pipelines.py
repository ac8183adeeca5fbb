"""Pipelines and stages of the portal: deals' as the world has them, leads' under vendor words.

Ids of deal stages are unique over all pipelines; the first pipeline is ``default`` and its closed
stages are ``closedwon`` and ``closedlost``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow.compute as pc

from include.sandbox.vendors.hubspot.errors import ApiError
from include.sandbox.world.crm_state import LEAD_PIPELINE, crm_stages
from include.sandbox.world.world import World

CRM = "hubspot"
DEFAULT = "default"
LEADS = "lead-pipeline-id"
LEAD_WORDS = {
    "open": ["new-stage-id", "attempting-stage-id", "connected-stage-id"],
    "won": ["qualified-stage-id"],
    "lost": ["unqualified-stage-id"],
}
TICKETS = "0"
TICKET_STAGES = ("New", "Waiting on contact", "Waiting on us", "Closed")
"""Of the support pipeline every portal is born with; their ids are their places from 1."""
CLOSED_WORDS = {"won": "closedwon", "lost": "closedlost"}
SETUP_AT = "2024-06-01T08:00:00Z"


@dataclass(frozen=True)
class Stage:
    """One stage under the vendor's id."""

    stage_id: str
    label: str
    place: int
    probability: float

    @property
    def is_closed(self) -> bool:
        """Whether a deal in it is over."""
        return self.probability in (0.0, 1.0)


class Pipelines:
    """All pipelines at one instant."""

    def __init__(self, world: World, now: datetime) -> None:
        table = world.table("crm_pipeline")
        rows = table.filter(pc.equal(table["crm"], CRM)).to_pylist()
        rows = [row for row in rows if row["pipeline_id"] >= 0]
        rows.sort(key=lambda row: (row["sort"] or 0, row["pipeline_id"]))
        self._ids: dict[int, str] = {}
        self._labels: dict[str, str] = {LEADS: "Lead Pipeline"}
        for place, row in enumerate(rows):
            name = DEFAULT if place == 0 else str(row["pipeline_id"])
            self._ids[row["pipeline_id"]] = name
            self._labels[name] = row["name"]
        stages = crm_stages(world, CRM, now).to_pylist()
        self._stages: dict[int, dict[str, Stage]] = {}
        used: set[str] = set()
        for pipeline in [LEAD_PIPELINE, *self._ids]:
            own = [row for row in stages if row["pipeline_id"] == pipeline]
            own.sort(key=lambda row: row["sort"] or 0)
            words = _words(own, pipeline, self.name(pipeline), used)
            used |= set(words.values())
            self._stages[pipeline] = _spell(own, words)

    def name(self, pipeline_id: int | None) -> str:
        """The vendor's id of a pipeline."""
        if pipeline_id == LEAD_PIPELINE:
            return LEADS
        return self._ids.get(pipeline_id or 0, str(pipeline_id or DEFAULT))

    def stage(self, pipeline_id: int | None, word: str | None) -> Stage:
        """A stage of a pipeline; an unknown one keeps its word."""
        known = self._stages.get(pipeline_id or 0, {}).get(word or "")
        return known or Stage(word or "", word or "", 0, 0.5)

    def describe(self, object_type: str) -> list[dict[str, Any]]:
        """``results`` of the pipelines of deals, leads or tickets."""
        if object_type == "tickets":
            last = len(TICKET_STAGES)
            stages = [
                Stage(str(place), label, place - 1, 1.0 if place == last else 0.5)
                for place, label in enumerate(TICKET_STAGES, 1)
            ]
            return [_describe_pipeline(TICKETS, "Support Pipeline", 0, stages, object_type)]
        wanted = {"deals": list(self._ids), "leads": [LEAD_PIPELINE]}.get(object_type)
        if wanted is None:
            raise ApiError("VALIDATION_ERROR", f"{object_type} have no pipelines")
        return [
            _describe_pipeline(
                self.name(pipeline),
                self._labels[self.name(pipeline)],
                place,
                self._stages[pipeline].values(),
                object_type,
            )
            for place, pipeline in enumerate(wanted)
        ]


def _describe_pipeline(
    name: str, label: str, place: int, stages: Iterable[Stage], object_type: str
) -> dict[str, Any]:
    return {
        "label": label,
        "displayOrder": place,
        "id": name,
        "stages": [_describe_stage(stage, object_type) for stage in stages],
        "createdAt": SETUP_AT,
        "updatedAt": SETUP_AT,
        "archived": False,
    }


def _words(
    rows: Sequence[Mapping[str, Any]], pipeline: int, name: str, used: set[str]
) -> dict[str, str]:
    words: dict[str, str] = {}
    lead_words = {kind: list(known) for kind, known in LEAD_WORDS.items()}
    closed = dict(CLOSED_WORDS) if name == DEFAULT else {}
    for row in rows:
        word, kind = row["stage_id"], row["semantics"]
        if pipeline == LEAD_PIPELINE:
            known = lead_words.get(kind, [])
            words[word] = known.pop(0) if known else f"{word}-stage-id"
        elif kind in closed:
            words[word] = closed.pop(kind)
        else:
            words[word] = f"{name}_{word}" if word in used else word
    return words


def _spell(rows: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> dict[str, Stage]:
    stages = {}
    for place, row in enumerate(rows):
        chance = {"won": 1.0, "lost": 0.0}.get(row["semantics"], min(0.9, 0.2 + 0.2 * place))
        label = row["name"] or row["stage_id"]
        stages[row["stage_id"]] = Stage(words[row["stage_id"]], label, place, chance)
    return stages


def _describe_stage(stage: Stage, object_type: str) -> dict[str, Any]:
    closed = "true" if stage.is_closed else "false"
    metadata = {"isClosed": closed, "probability": f"{stage.probability:.1f}"}
    if object_type in ("leads", "tickets"):
        state = "CLOSED" if stage.is_closed else "OPEN"
        metadata = {f"{object_type[:-1]}State": state, "isClosed": closed}
    return {
        "label": stage.label,
        "displayOrder": stage.place,
        "metadata": metadata,
        "id": stage.stage_id,
        "createdAt": SETUP_AT,
        "updatedAt": SETUP_AT,
        "archived": False,
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
    }


def owner_rows(managers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The portal's owners, active or not, ascending by id."""
    return [
        {
            "id": str(row["manager_id"]),
            "email": row["email"] or f"user{row['manager_id']}@northbolt.example",
            "type": "PERSON",
            "firstName": row["first_name"] or "",
            "lastName": row["last_name"] or "",
            "userId": user_of(row["manager_id"]) if row["is_active"] is not False else None,
            "userIdIncludingInactive": user_of(row["manager_id"]),
            "createdAt": SETUP_AT,
            "updatedAt": SETUP_AT,
            "archived": row["is_active"] is False,
            "teams": [],
        }
        for row in sorted(managers, key=lambda row: row["manager_id"])
    ]


def user_of(owner_id: int) -> int:
    """The user behind an owner: another number of the same person."""
    return 9_000_000 + owner_id
