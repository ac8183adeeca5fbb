"""Facts of CRMs: living deals with their money, every move of them, and where the last one led.

A stage is named as people see it while it is open, and by its outcome once it is not: vendors
name their own closed stages.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from benchmarks.world_facts.fact_set import (
    SECOND,
    Fact,
    FactSet,
    Span,
    spell_second,
    to_whole_units,
)
from include.sandbox.world.world import World

FIRST_AMO_DEAL = 20_000_000
"""amoCRM's numbers of deals begin above it; enquiries that led to none are leads as well."""
ENQUIRY_STATUSES = "('Первичный контакт', 'Неразобранное')"


def _living_deals(world: World, crm: str) -> list[dict[str, Any]]:
    return [
        row
        for row in world.table("crm_deal").to_pylist()
        if row["crm"] == crm and not row["deleted_at"] and not row["merged_into_id"]
    ]


def _stage_names(world: World, crm: str) -> dict[tuple[int, str], str]:
    return {
        (row["pipeline_id"], row["stage_id"]): row["name"]
        if row["semantics"] == "open"
        else row["semantics"]
        for row in world.table("crm_stage").to_pylist()
        if row["crm"] == crm
    }


def _moves(world: World, crm: str) -> dict[int, list[tuple[str, int, str]]]:
    """Deal → instant, pipeline and stage of each entry, oldest first; repeated places are one."""
    living = {row["deal_id"] for row in _living_deals(world, crm)}
    names = _stage_names(world, crm)
    moves: dict[int, list[tuple[str, int, str]]] = defaultdict(list)
    events = [
        row
        for row in world.table("crm_stage_event").to_pylist()
        if (row["crm"], row["entity"]) == (crm, "deal") and row["entity_id"] in living
    ]
    for row in sorted(events, key=lambda row: (row["occurred_at"], row["event_id"])):
        name = names[row["pipeline_id"], row["stage_id"]]
        moves[row["entity_id"]].append((spell_second(row["occurred_at"]), row["pipeline_id"], name))
    return moves


def _deals(crm: str, sql: str) -> FactSet:
    """Deals that were neither deleted nor merged away, with their amounts."""

    def tell(world: World, _: Span) -> list[Fact]:
        shown = to_whole_units if crm == "amocrm" else int
        return [(row["deal_id"], shown(row["amount_micros"])) for row in _living_deals(world, crm)]

    return FactSet("deals", tell, sql)


def _last_stages(crm: str, sql: str) -> FactSet:
    """Deal, the stage on its card, and the stage its history ends with: the same twice."""

    def tell(world: World, _: Span) -> list[Fact]:
        names = _stage_names(world, crm)
        rows = _living_deals(world, crm)
        stages = [(row["deal_id"], names[row["pipeline_id"], row["stage_id"]]) for row in rows]
        return [(deal, stage, stage) for deal, stage in stages]

    return FactSet("stage by card and by history", tell, sql)


def _history(crm: str, sql: str, *, skips_birth: bool = False) -> FactSet:
    """Every entry of a living deal into a stage; amoCRM's event of a birth names no stage."""

    def tell(world: World, _: Span) -> list[Fact]:
        facts: list[Fact] = []
        for deal, moves in _moves(world, crm).items():
            if skips_birth:
                pairs = itertools.pairwise(moves)
                moves = [move for before, move in pairs if before[1:] != move[1:]]
            facts += [(deal, at, name) for at, _, name in moves]
        return facts

    return FactSet("stage history", tell, sql)


def _cards(crm: str, entity: str, key: str) -> str:
    """The newest version of every deal that the newest scan still holds."""
    return (
        f"(select * from raw.raw_{crm}__{entity}_live where account_id = {{account:String}}"
        f" and {key} in (select {key} from raw.raw_{crm}__{entity}_scan_live"
        " where account_id = {account:String})"
        f" order by updated_at desc, _load_id desc limit 1 by {key})"
    )


BITRIX_CARDS = _cards("bitrix24", "deal", "deal_id")
AMO_CARDS = (
    f"(select * from {_cards('amocrm', 'lead', 'lead_id')} where lead_id > {FIRST_AMO_DEAL})"
)
HUBSPOT_CARDS = _cards("hubspot", "deal", "deal_id")

BITRIX_HISTORY = f"""
select owner_id, created_at, event_id,
    multiIf(h.stage_semantics = 'S', 'won', h.stage_semantics = 'F', 'lost', s.status_name) as stage
from raw.raw_bitrix24__stage_history_live as h
left join raw.raw_bitrix24__status_live as s
    on s.status_id = h.stage_id and startsWith(s.dictionary_id, 'DEAL_STAGE')
where h.entity_type = 'deal' and h.account_id = {{account:String}}
    and owner_id in (select deal_id from {BITRIX_CARDS})"""
AMO_STAGES = """
(select pipeline_id, status_id,
    multiIf(status_id = 142, 'won', status_id = 143, 'lost', status_name) as stage
from raw.raw_amocrm__status_live)"""
AMO_HISTORY = f"""
select e.entity_id as lead_id, e.created_at as moved_at, a.stage as stage, b.stage as stage_before
from raw.raw_amocrm__event_live as e
join {AMO_STAGES} as a
    on a.pipeline_id = e.after_pipeline_id and a.status_id = e.after_status_id
left join {AMO_STAGES} as b
    on b.pipeline_id = e.before_pipeline_id and b.status_id = e.before_status_id
where e.event_type = 'lead_status_changed' and e.account_id = {{account:String}}
    and e.entity_id in (select lead_id from {AMO_CARDS})"""
HUBSPOT_STAGES = """
(select stage_id, multiIf(probability = 1, 'won', is_closed, 'lost', stage_name) as stage
from raw.raw_hubspot__pipeline_stage_live where object_type = 'deals')"""
HUBSPOT_HISTORY = f"""
select object_id, changed_at, s.stage as stage
from raw.raw_hubspot__stage_history_live as h
join {HUBSPOT_STAGES} as s on s.stage_id = h.value
where h.property_name = 'dealstage' and h.object_type = 'deal'
    and h.account_id = {{account:String}} and object_id in (select deal_id from {HUBSPOT_CARDS})"""

CUSTOMERS: Mapping[str, tuple[FactSet, ...]] = {
    "bitrix24": (
        _deals(
            "bitrix24",
            f"select toInt64(deal_id), toInt64(opportunity_amount * 1000000) from {BITRIX_CARDS}",
        ),
        _history(
            "bitrix24",
            "select toInt64(owner_id), formatDateTime(created_at, " + SECOND + f"), stage"
            f" from ({BITRIX_HISTORY})",
        ),
        _last_stages(
            "bitrix24",
            "select toInt64(d.deal_id), multiIf(d.stage_semantics = 'S', 'won',"
            " d.stage_semantics = 'F', 'lost', s.status_name), h.stage"
            f" from {BITRIX_CARDS} as d"
            " left join raw.raw_bitrix24__status_live as s"
            " on s.status_id = d.stage_id and startsWith(s.dictionary_id, 'DEAL_STAGE')"
            " left join (select owner_id, argMax(stage, (created_at, event_id)) as stage"
            f" from ({BITRIX_HISTORY}) group by owner_id) as h on h.owner_id = d.deal_id",
        ),
    ),
    "amocrm": (
        _deals(
            "amocrm", f"select toInt64(lead_id), toInt64(price_amount * 1000000) from {AMO_CARDS}"
        ),
        _history(
            "amocrm",
            "select toInt64(lead_id), formatDateTime(moved_at, " + SECOND + f"), stage"
            f" from ({AMO_HISTORY}) where stage not in {ENQUIRY_STATUSES}"
            f" and stage_before not in {ENQUIRY_STATUSES}",
            skips_birth=True,
        ),
        _last_stages(
            "amocrm",
            "select toInt64(d.lead_id), s.stage, coalesce(h.stage, s.stage)"
            f" from {AMO_CARDS} as d join {AMO_STAGES} as s"
            " on s.pipeline_id = d.pipeline_id and s.status_id = d.status_id"
            f" left join (select lead_id, argMax(stage, moved_at) as stage from ({AMO_HISTORY})"
            " group by lead_id) as h on h.lead_id = d.lead_id",
        ),
    ),
    "hubspot": (
        _deals(
            "hubspot",
            f"select toInt64(deal_id), toInt64(deal_amount * 1000000) from {HUBSPOT_CARDS}",
        ),
        _history(
            "hubspot",
            "select toInt64(object_id), formatDateTime(changed_at, " + SECOND + f"), stage"
            f" from ({HUBSPOT_HISTORY})",
        ),
        _last_stages(
            "hubspot",
            f"select toInt64(d.deal_id), s.stage, h.stage from {HUBSPOT_CARDS} as d"
            f" join {HUBSPOT_STAGES} as s on s.stage_id = d.stage_id"
            f" left join (select object_id, argMax(stage, changed_at) as stage"
            f" from ({HUBSPOT_HISTORY}) group by object_id) as h on h.object_id = d.deal_id",
        ),
    ),
}
