"""The pictures of a world: what they count, and that they are well-formed and repeatable."""

from __future__ import annotations

from xml.etree import ElementTree

import pyarrow as pa
import pytest

from include.sandbox.world.pictures import count_funnel, draw_channel_mix, draw_funnel
from include.sandbox.world.truth_tables import TRUTH_TABLES
from include.sandbox.world.world import World

KEY = {"crm": "bitrix24", "pipeline_id": 0}


def _parse(picture: str) -> ElementTree.Element:
    return ElementTree.fromstring(picture)  # noqa: S314 - drawn a line before


@pytest.fixture
def world() -> World:
    return World.of(
        visit=[{"visit_id": n, "is_robot": n > 3} for n in range(1, 6)],
        call=[
            {"call_id": 1, "direction": "in"},
            {"call_id": 2, "direction": "out"},
        ],
        form_request=[{"request_id": 1}],
        crm_lead=[{"lead_id": 1}, {"lead_id": 2}],
        crm_stage=[
            {**KEY, "stage_id": "won", "semantics": "won"},
            {**KEY, "stage_id": "new", "semantics": "open"},
        ],
        crm_deal=[
            {**KEY, "deal_id": 1, "stage_id": "won"},
            {**KEY, "deal_id": 2, "stage_id": "new"},
        ],
        payment=[
            {"crm": "bitrix24", "deal_id": 1, "kind": kind}
            for kind in ("payment", "payment", "refund")
        ],
    )


def test_the_funnel_counts_people_and_deals_once(world):
    assert [count for _, count in count_funnel(world)] == [3, 2, 2, 2, 1, 1]


def test_the_funnel_names_every_step_and_share(world):
    picture = draw_funnel(world)
    texts = [node.text for node in _parse(picture).iter() if node.text]
    assert {"Visits of people", "Deals paid", "1 · 50.0 %"} <= set(texts)
    assert draw_funnel(world) == picture


def test_an_empty_world_is_drawn_too():
    assert _parse(draw_funnel(World.of())).tag.endswith("svg")


def test_channels_are_drawn_by_their_part_of_touches_money_and_effect():
    touch = pa.Table.from_pylist(
        [{"channel": name} for name in ("direct", "email", "email", "email")],
        schema=TRUTH_TABLES["touch"],
    )
    effect = pa.Table.from_pylist(
        [
            {"channel": "email", "cost_micros": 10, "incremental_revenue_micros": 70},
            {"channel": "display", "cost_micros": 30, "incremental_revenue_micros": -5},
        ],
        schema=TRUTH_TABLES["channel_effect"],
    )
    root = _parse(draw_channel_mix(touch, effect))
    texts = [node.text for node in root.iter() if node.tag.endswith("text")][2:]
    assert texts == [
        *("email", "75.0 %", "25.0 %", "100.0 %"),
        *("direct", "25.0 %", "0.0 %", "0.0 %"),
        *("display", "0.0 %", "75.0 %", "0.0 %"),
    ]
