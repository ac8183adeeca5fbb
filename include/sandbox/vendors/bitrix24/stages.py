"""Pipelines and stages of the portal under the names Bitrix24 gives them.

The first pipeline is category 0, whose stages are bare words (``NEW``); those of category 9 are
``C9:NEW``. Well-known places have the vendor's own words: the first open stage is NEW, the won one
WON (a lead's: CONVERTED), the first lost one LOSE (JUNK); a second lost one of deals is APOLOGY.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow.compute as pc

from include.sandbox.world.crm_state import LEAD_PIPELINE, crm_stages
from include.sandbox.world.world import World

CRM = "bitrix24"
SEMANTICS = {"open": "P", "won": "S", "lost": "F"}
EXTRA = {"open": "process", "won": "success", "lost": "failure"}
COLOURS = {"open": "#39A8EF", "won": "#7BD500", "lost": "#FF5752"}


@dataclass(frozen=True)
class Stage:
    """One stage: the vendor's id, its name at this instant, P, S or F, and its place."""

    status_id: str
    name: str
    semantics: str
    sort: int
    kind: str
    is_system: bool


class Stages:
    """The pipelines and stages of one instant."""

    def __init__(self, world: World, now: datetime) -> None:
        pipelines = [row for row in _rows(world, "crm_pipeline") if row["pipeline_id"] >= 0]
        pipelines.sort(key=lambda row: (row["sort"] or 0, row["pipeline_id"]))
        has_zero = any(row["pipeline_id"] == 0 for row in pipelines)
        self.pipelines: list[tuple[int, str, int]] = []
        self._categories: dict[int, int] = {}
        for place, row in enumerate(pipelines):
            category = 0 if place == 0 and not has_zero else row["pipeline_id"]
            self._categories[row["pipeline_id"]] = category
            self.pipelines.append((category, row["name"], row["sort"] or 0))
        self._stages: dict[int, dict[str, Stage]] = {}
        rows = crm_stages(world, CRM, now).to_pylist()
        for pipeline in {row["pipeline_id"] for row in rows}:
            own = sorted(
                (row for row in rows if row["pipeline_id"] == pipeline),
                key=lambda row: row["sort"] or 0,
            )
            self._stages[pipeline] = _spell(own, pipeline, self.category(pipeline))

    def category(self, pipeline_id: int | None) -> int:
        """The vendor's number of a pipeline."""
        return self._categories.get(pipeline_id or 0, pipeline_id or 0)

    def of_lead(self, stage_id: str | None) -> Stage:
        """A lead's status."""
        return self._find(LEAD_PIPELINE, stage_id)

    def of_deal(self, pipeline_id: int | None, stage_id: str | None) -> Stage:
        """A deal's stage."""
        return self._find(pipeline_id or 0, stage_id)

    def _find(self, pipeline: int, word: str | None) -> Stage:
        known = self._stages.get(pipeline, {}).get(word or "")
        if known is not None:
            return known
        prefix = _prefix(pipeline, self.category(pipeline))
        return Stage(f"{prefix}{(word or 'new').upper()}", word or "", "P", 0, "open", False)

    def status_rows(self) -> list[dict[str, Any]]:
        """Rows of ``crm.status.list`` for leads and every pipeline, without their ids."""
        rows = []
        for pipeline in sorted(self._stages):
            category = self.category(pipeline)
            entity = "STATUS" if pipeline == LEAD_PIPELINE else "DEAL_STAGE"
            if category and pipeline != LEAD_PIPELINE:
                entity = f"DEAL_STAGE_{category}"
            for stage in self._stages[pipeline].values():
                number = str(category) if entity.startswith("DEAL_STAGE_") else None
                rows.append(make_status(entity, stage, number))
        return rows


def make_status(entity: str, stage: Stage, category: str | None = None) -> dict[str, Any]:
    """One row of ``crm.status.list`` that describes a stage."""
    return {
        "ENTITY_ID": entity,
        "STATUS_ID": stage.status_id,
        "NAME": stage.name,
        "NAME_INIT": stage.name if stage.is_system else "",
        "SORT": str(stage.sort),
        "SYSTEM": "Y" if stage.is_system else "N",
        "CATEGORY_ID": category,
        "COLOR": COLOURS[stage.kind],
        "SEMANTICS": None if stage.semantics == "P" else stage.semantics,
        "EXTRA": {"SEMANTICS": EXTRA[stage.kind], "COLOR": COLOURS[stage.kind]},
    }


def _prefix(pipeline: int, category: int) -> str:
    return f"C{category}:" if category and pipeline != LEAD_PIPELINE else ""


def _spell(rows: Sequence[Mapping[str, Any]], pipeline: int, category: int) -> dict[str, Stage]:
    is_lead = pipeline == LEAD_PIPELINE
    system = {
        "open": ["NEW"],
        "won": ["CONVERTED" if is_lead else "WON"],
        "lost": ["JUNK"] if is_lead else ["LOSE", "APOLOGY"],
    }
    spelt: dict[str, Stage] = {}
    for row in rows:
        kind = row["semantics"] if row["semantics"] in SEMANTICS else "open"
        is_system = bool(system[kind])
        word = system[kind].pop(0) if is_system else str(row["stage_id"]).upper()
        spelt[row["stage_id"]] = Stage(
            _prefix(pipeline, category) + word,
            row["name"] or word,
            SEMANTICS[kind],
            row["sort"] or 0,
            kind,
            is_system,
        )
    return spelt


def _rows(world: World, table: str) -> list[dict[str, Any]]:
    rows = world.table(table)
    found: list[dict[str, Any]] = rows.filter(pc.equal(rows["crm"], CRM)).to_pylist()
    return found
