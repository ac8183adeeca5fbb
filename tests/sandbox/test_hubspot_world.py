"""The HubSpot stand-in over a generated world: lists, searches and associations agree."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from include.sandbox.world.crm_state import crm_rows
from include.sandbox.world.generator import make_world
from include.sandbox.world.world import World
from tests.sandbox.hubspot_portal import PortalCaller, millis

LATE = datetime(2026, 1, 20, 12, tzinfo=UTC)
ENTITIES = {"leads": "lead", "deals": "deal", "contacts": "contact", "companies": "company"}


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(1, "small")[0]


@pytest.fixture
def portal(world: World) -> PortalCaller:
    caller = PortalCaller()
    caller.stage.world = world
    caller.stage.clock.set(now=LATE)
    return caller


def _walk(portal: PortalCaller, kind: str, **query: Any) -> Iterator[dict]:
    after: dict[str, str] = {}
    while True:
        page = portal.get(f"/crm/v3/objects/{kind}", limit=7, **query, **after).json()
        yield from page["results"]
        if "paging" not in page:
            return
        after = {"after": page["paging"]["next"]["after"]}


@pytest.mark.parametrize("kind", sorted(ENTITIES))
def test_a_list_is_all_that_lives(portal, world, kind):
    name = ENTITIES[kind]
    rows = crm_rows(world, "hubspot", name, LATE).to_pylist()
    living = {str(row[f"{name}_id"]) for row in rows if row["deleted_at"] is None}
    listed = [row["id"] for row in _walk(portal, kind)]
    assert listed
    assert (set(listed), len(listed)) == (living, len(living))


def test_windows_of_modification_find_every_contact_once(portal):
    found: list[str] = []
    bounds = [LATE - timedelta(days=days) for days in (60, 20, 10, 5, -1)]
    for low, high in pairwise(bounds):
        window = [
            {"propertyName": "lastmodifieddate", "operator": "GTE", "value": millis(low)},
            {"propertyName": "lastmodifieddate", "operator": "LT", "value": millis(high)},
        ]
        found += portal.find(*window, kind="contacts")
    assert found
    assert sorted(found) == sorted(row["id"] for row in _walk(portal, "contacts"))


def test_associations_are_the_same_from_both_sides(portal):
    def pairs(source: str, target: str) -> set[tuple[str, str]]:
        return {
            (row["id"], one["id"])
            for row in _walk(portal, source, associations=target)
            for part in row.get("associations", {}).values()
            for one in part["results"]
        }

    forward = pairs("deals", "contacts")
    assert forward
    assert {(deal, contact) for contact, deal in pairs("contacts", "deals")} == forward


def test_every_deal_stands_in_a_stage_of_its_pipeline(portal):
    stages = {
        (pipeline["id"], stage["id"])
        for pipeline in portal.results("/crm/v3/pipelines/deals")
        for stage in pipeline["stages"]
    }
    deals = [row["properties"] for row in _walk(portal, "deals")]
    assert deals
    assert {(deal["pipeline"], deal["dealstage"]) for deal in deals} <= stages
