"""The Bitrix24 stand-in over a generated world: all that lives is listed, changes are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from include.sandbox.world.crm_state import crm_rows
from include.sandbox.world.generator import make_world
from include.sandbox.world.world import World
from tests.sandbox.bitrix24_portal import PortalCaller

LATE = datetime(2026, 1, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(1, "small")[0]


@pytest.fixture
def portal(world: World) -> PortalCaller:
    caller = PortalCaller()
    caller.stage.world = world
    caller.stage.clock.set(now=LATE)
    return caller


def _walk(portal: PortalCaller, method: str, **body: object) -> Iterator[dict]:
    start = 0
    while start is not None:
        answer = portal.post(method, {**body, "start": start}).json()
        result = answer["result"]
        yield from result if isinstance(result, list) else next(iter(result.values()))
        start = answer.get("next")


@pytest.mark.parametrize("kind", ["lead", "deal", "contact", "company"])
def test_a_list_is_all_that_lives(portal, world, kind):
    rows = crm_rows(world, "bitrix24", kind, LATE).to_pylist()
    living = {str(row[f"{kind}_id"]) for row in rows if row["deleted_at"] is None}
    listed = [row["ID"] for row in _walk(portal, f"crm.{kind}.list", select=["ID"])]
    assert len(listed) > 10
    assert (set(listed), len(listed)) == (living, len(living))


def test_every_stage_shown_is_a_status_of_its_pipeline(portal):
    statuses = {(row["ENTITY_ID"], row["STATUS_ID"]) for row in _walk(portal, "crm.status.list")}
    for deal in _walk(portal, "crm.deal.list"):
        suffix = "" if deal["CATEGORY_ID"] == "0" else f"_{deal['CATEGORY_ID']}"
        assert (f"DEAL_STAGE{suffix}", deal["STAGE_ID"]) in statuses
    for lead in _walk(portal, "crm.lead.list"):
        assert ("STATUS", lead["STATUS_ID"]) in statuses
        assert ("SOURCE", lead["SOURCE_ID"]) in statuses


def test_the_last_row_of_its_history_is_a_deal_s_stage(portal):
    last = {}
    for item in _walk(portal, "crm.stagehistory.list", entityTypeId=2):
        last[item["OWNER_ID"]] = item["STAGE_ID"]
    deals = list(_walk(portal, "crm.deal.list"))
    assert {int(deal["ID"]): deal["STAGE_ID"] for deal in deals}.items() <= last.items()


def test_ids_of_histories_and_calls_only_grow(portal):
    seen = {}
    for now in (LATE - timedelta(days=9), LATE):
        portal.stage.clock.set(now=now)
        seen[now] = (
            [row["ID"] for row in _walk(portal, "crm.stagehistory.list", entityTypeId=2)],
            [row["ID"] for row in _walk(portal, "voximplant.statistic.get")],
        )
    for early, late in zip(*seen.values(), strict=True):
        assert 10 < len(early) < len(late)
        assert late[: len(early)] == early


def test_a_deal_that_changed_was_modified(portal):
    portal.stage.clock.set(now=LATE - timedelta(days=9))
    before = {deal["ID"]: deal for deal in _walk(portal, "crm.deal.list")}
    portal.stage.clock.set(now=LATE)
    changed = [
        (before[deal["ID"]]["DATE_MODIFY"], deal["DATE_MODIFY"])
        for deal in _walk(portal, "crm.deal.list")
        if deal["ID"] in before and before[deal["ID"]] != deal
    ]
    assert changed
    assert all(old < new for old, new in changed)
