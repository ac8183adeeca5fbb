"""Pipelines and statuses, and where the stages of the world went in them.

amoCRM has no leads apart from deals: an enquiry waits in the unsorted stage of the first
pipeline, moves through statuses there and goes on as the deal it becomes. So the first pipeline
also holds the open lead stages after the first; every won and lost stage is 142 and 143.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from include.sandbox.vendors.amocrm.own_rows import read_own
from include.sandbox.world.crm_state import LEAD_PIPELINE, crm_stages
from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

WON, LOST = 142, 143
FIRST_STATUS = 40_000_000
STATUSES_PER_PIPELINE = 1_000
COLOURS = ("#99ccff", "#ffff99", "#ffcc66", "#ffcccc", "#98cbff", "#deff81")
_BOOKS: WorldMemo[StageBook] = WorldMemo()


@dataclass
class StageBook:
    """``status_of`` maps (pipeline or -1 for leads, stage) to (pipeline, status)."""

    pipelines: list[dict[str, Any]]
    status_of: dict[tuple[int, str], tuple[int, int]] = field(default_factory=dict)
    kept: dict[int, list[tuple[int, int, str]]] = field(default_factory=dict)
    """Pipeline → (status id, world pipeline, world stage) of its open statuses, in order."""
    lead_beginnings: set[str] = field(default_factory=set)
    """The lead stages in which an enquiry still waits unsorted."""

    @property
    def main_pipeline(self) -> int:
        """Where enquiries come in; 0 in an account without pipelines."""
        return self.pipelines[0]["pipeline_id"] if self.pipelines else 0

    def first_status(self, pipeline_id: int) -> int:
        """The first open status after the unsorted one."""
        kept = self.kept.get(pipeline_id)
        return kept[0][0] if kept else LOST

    def locate(self, pipeline_id: int, stage_id: str) -> tuple[int, int]:
        """Pipeline and status of a stage; of an unknown one, the first open status."""
        home = self.main_pipeline if pipeline_id == LEAD_PIPELINE else pipeline_id
        return self.status_of.get((pipeline_id, stage_id), (home, self.first_status(home)))


def read_stages(world: World) -> StageBook:
    """The book of a world, made once; names are not in it, as they change."""
    return _BOOKS.get(world, "book", lambda: _make(world))


def unsorted_status(pipeline_id: int) -> int:
    """The id of a pipeline's unsorted stage."""
    return FIRST_STATUS + pipeline_id * STATUSES_PER_PIPELINE


def _make(world: World) -> StageBook:
    pipelines = read_own(world, "crm_pipeline")
    pipelines.sort(key=lambda row: (row["sort"] or 0, row["pipeline_id"]))
    book = StageBook(pipelines)
    stages = read_own(world, "crm_stage")
    stages.sort(key=lambda row: row["sort"] or 0)
    for pipeline in pipelines:
        home = pipeline["pipeline_id"]
        book.kept[home] = []
        places = [LEAD_PIPELINE, home] if home == book.main_pipeline else [home]
        for place in places:
            here = [stage for stage in stages if stage["pipeline_id"] == place]
            opens = [stage["stage_id"] for stage in here if stage["semantics"] == "open"]
            if place == LEAD_PIPELINE:
                book.lead_beginnings = set(opens[:1])
                opens = opens[1:]
            for stage_id in opens:
                status = unsorted_status(home) + 1 + len(book.kept[home])
                book.kept[home].append((status, place, stage_id))
                book.status_of[place, stage_id] = (home, status)
            for stage in here:
                if stage["semantics"] == "lost":
                    book.status_of[place, stage["stage_id"]] = (home, LOST)
                elif stage["semantics"] == "won" and place != LEAD_PIPELINE:
                    book.status_of[place, stage["stage_id"]] = (home, WON)
    return book


def render_pipelines(
    world: World, now: datetime, api: str, account_id: int
) -> list[dict[str, Any]]:
    """Pipelines with their statuses under the names they bear at ``now``."""
    book = read_stages(world)
    names = {
        (row["pipeline_id"], row["stage_id"]): row["name"]
        for row in crm_stages(world, "amocrm", now).to_pylist()
    }
    rendered = []
    for place, pipeline in enumerate(book.pipelines):
        home = pipeline["pipeline_id"]
        href = f"{api}/leads/pipelines/{home}"
        statuses = [
            {
                "id": status,
                "name": name,
                "sort": sort,
                "is_editable": is_editable,
                "pipeline_id": home,
                "color": colour,
                "type": 1 if status == unsorted_status(home) else 0,
                "account_id": account_id,
                "_links": {"self": {"href": f"{href}/statuses/{status}"}},
            }
            for status, name, sort, is_editable, colour in _list_statuses(book, home, names)
        ]
        rendered.append(
            {
                "id": home,
                "name": pipeline["name"],
                "sort": place + 1,
                "is_main": place == 0,
                "is_unsorted_on": True,
                "is_archive": False,
                "account_id": account_id,
                "_links": {"self": {"href": href}},
                "_embedded": {"statuses": statuses},
            }
        )
    return rendered


def _list_statuses(
    book: StageBook, home: int, names: dict[tuple[int, str], str]
) -> Iterator[tuple[int, str, int, bool, str]]:
    yield unsorted_status(home), "Неразобранное", 10, False, "#c1c1c1"
    for place, (status, world_pipeline, stage_id) in enumerate(book.kept[home]):
        name = names[world_pipeline, stage_id] or stage_id
        yield status, name, 20 + 10 * place, True, COLOURS[place % len(COLOURS)]
    yield WON, "Успешно реализовано", 10_000, False, "#CCFF66"
    yield LOST, "Закрыто и не реализовано", 11_000, False, "#D5D8DB"
