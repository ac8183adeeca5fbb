"""Events: the only history of stages amoCRM gives.

``lead_added`` does not hold the first stage; ``lead_status_changed`` holds both ends of every
later move. A merge is an ``entity_merged`` of the winner; which entity lost is in no event, it is
only gone from the lists. What values that event really has is not published: here they are empty.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from include.sandbox.vendors.amocrm.access import ACCOUNT_ID
from include.sandbox.vendors.amocrm.account_book import (
    Row,
    find_acceptance,
    number_enquiries,
)
from include.sandbox.vendors.amocrm.calls import read_notes
from include.sandbox.vendors.amocrm.own_rows import read_own
from include.sandbox.vendors.amocrm.stage_book import StageBook, read_stages
from include.sandbox.world.crm_state import LEAD_PIPELINE
from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

Event = dict[str, Any]
Step = tuple[datetime, tuple[int, int], int]
"""When, (pipeline, status), manager."""
CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
PLURALS = {"lead": "leads", "contact": "contacts", "company": "companies", "task": "tasks"}
_EVENTS: WorldMemo[list[Event]] = WorldMemo()


def read_events(world: World) -> list[Event]:
    """All events there will ever be, oldest first; ``at`` is when each happens."""
    return _EVENTS.get(world, "events", lambda: _gather(world))


def render_event(event: Event, api: str) -> dict[str, Any]:
    """An event of the API; its ``entity_type`` is singular, unlike everywhere else."""
    kind, owner = event["entity_type"], event["entity_id"]
    href = f"{api}/{PLURALS[kind]}/{owner}"
    return {
        "id": event["id"],
        "type": event["type"],
        "entity_id": owner,
        "entity_type": kind,
        "created_by": event["created_by"],
        "created_at": int(event["at"].timestamp()),
        "value_after": event["after"],
        "value_before": event["before"],
        "account_id": ACCOUNT_ID,
        "_links": {"self": {"href": f"{api}/events/{event['id']}"}},
        "_embedded": {"entity": {"id": owner, "_links": {"self": {"href": href}}}},
    }


def make_event(
    at: datetime,
    kind: str,
    entity: tuple[str, int],
    by: int = 0,
    after: list[Any] | None = None,
    before: list[Any] | None = None,
) -> Event:
    """One event; ``entity`` is (kind in the singular, id)."""
    entity_type, entity_id = entity
    text = f"{at.isoformat()}/{kind}/{entity}/{after}/{before}"
    return {
        "id": _make_ulid(at, text),
        "type": kind,
        "at": at,
        "entity_type": entity_type,
        "entity_id": entity_id,
        "created_by": by,
        "after": after or [],
        "before": before or [],
    }


def _make_ulid(at: datetime, text: str) -> str:
    number = int(at.timestamp() * 1000) << 80
    number |= int.from_bytes(hashlib.sha256(text.encode()).digest()[:10])
    return "".join(CROCKFORD[number >> shift & 31] for shift in range(125, -1, -5))


def _gather(world: World) -> list[Event]:
    events = [
        *_lead_events(world),
        *_card_events(world, "contact"),
        *_card_events(world, "company"),
        *_task_events(world),
    ]
    for note in read_notes(world):
        kind = "outgoing_call" if note["note_type"] == "call_out" else "incoming_call"
        entity = (note["entity_type"].removesuffix("s"), note["entity_id"])
        after = [{"note": {"id": note["id"]}}]
        events.append(make_event(note["at"], kind, entity, note["manager_id"], after))
    events.sort(key=lambda event: (event["at"], event["id"]))
    return events


def _lead_events(world: World) -> Iterator[Event]:
    stages, numbers = read_stages(world), number_enquiries(world)
    moves: dict[tuple[str, int], list[Row]] = defaultdict(list)
    stage_rows = read_own(world, "crm_stage_event")
    for row in sorted(stage_rows, key=lambda row: (row["occurred_at"], row["event_id"] or 0)):
        moves[row["entity"], row["entity_id"]].append(row)
    deals = {row["deal_id"]: row for row in read_own(world, "crm_deal")}
    enquiries = {row["lead_id"]: row for row in read_own(world, "crm_lead")}
    wins = {
        row["stage_id"]
        for row in read_own(world, "crm_stage")
        if row["pipeline_id"] == LEAD_PIPELINE and row["semantics"] == "won"
    }
    for lead_id, lead in enquiries.items():
        deal = deals.get(numbers[lead_id])
        deal = deal if deal is not None and deal["lead_id"] == lead_id else None
        own = [row for row in moves["lead", lead_id] if row["stage_id"] not in wins]
        steps = _lead_steps(lead, deal, own, stages)
        if deal is not None:
            steps += _deal_steps(deal, moves["deal", deal["deal_id"]], stages)
        yield from _tell(numbers[lead_id], steps, deal or lead)
        if deal is None and not lead["merged_into_id"] and lead["deal_id"] in deals:
            winner = deals[lead["deal_id"]]
            yield make_event(winner["created_at"], "entity_merged", ("lead", winner["deal_id"]))
        merged = numbers.get(lead["merged_into_id"] or 0, 0)
        yield from _tell_end(numbers[lead_id], lead, merged, bool(steps))
    for deal_id, deal in deals.items():
        if numbers.get(deal["lead_id"] or 0) != deal_id:
            yield from _tell(deal_id, _deal_steps(deal, moves["deal", deal_id], stages), deal)
        yield from _tell_end(deal_id, deal, deal["merged_into_id"] or 0, True)


def _lead_steps(lead: Row, deal: Row | None, moves: list[Row], stages: StageBook) -> list[Step]:
    """The phase before the deal: from acceptance on, as nobody sees the moves before."""
    left = [row for row in moves if row["stage_id"] not in stages.lead_beginnings]
    first_left = left[0]["occurred_at"] if left else None
    ends = [lead["first_reply_at"], first_left, deal["created_at"] if deal else None]
    if not any(ends):
        ends = [find_acceptance(lead, stages)]
    known = [end for end in ends if end is not None]
    if not known:
        return []
    accepted = max(min(known), lead["created_at"])
    before = [row for row in moves if row["occurred_at"] <= accepted]
    stage = before[-1]["stage_id"] if before else "" if moves else lead["stage_id"]
    steps: list[Step] = [
        (accepted, stages.locate(LEAD_PIPELINE, stage or ""), lead["manager_id"] or 0)
    ]
    until = deal["created_at"] if deal else None
    for row in moves:
        at = row["occurred_at"]
        if at > accepted and (until is None or at < until):
            place = stages.locate(LEAD_PIPELINE, row["stage_id"])
            steps.append((at, place, row["manager_id"] or steps[-1][2]))
    return steps


def _deal_steps(deal: Row, moves: list[Row], stages: StageBook) -> list[Step]:
    if not moves:
        place = stages.locate(deal["pipeline_id"], deal["stage_id"])
        return [(deal["created_at"], place, deal["manager_id"] or 0)]
    steps: list[Step] = []
    for row in moves:
        place = stages.locate(row["pipeline_id"], row["stage_id"])
        by = row["manager_id"] or (steps[-1][2] if steps else deal["manager_id"] or 0)
        steps.append((max(row["occurred_at"], deal["created_at"]), place, by))
    return steps


def _tell(amo_id: int, steps: list[Step], row: Row) -> Iterator[Event]:
    """Birth, moves and changes of hands of one lead."""
    if not steps:
        return
    entity = ("lead", amo_id)
    born, place, manager = steps[0]
    yield make_event(born, "lead_added", entity)
    if row["source"]:
        yield make_event(born, "entity_tag_added", entity, after=[{"tag": {"name": row["source"]}}])
    if row["contact_id"]:
        link = {"entity": {"type": "contact", "id": row["contact_id"]}}
        yield make_event(born, "entity_linked", entity, after=[{"link": link}])
    for at, new_place, new_manager in steps[1:]:
        if new_manager != manager:
            ends = [[{"responsible_user": {"id": one}}] for one in (new_manager, manager)]
            yield make_event(at, "entity_responsible_changed", entity, manager, *ends)
            manager = new_manager
        if new_place != place:
            ends = [
                [{"lead_status": {"id": status, "pipeline_id": pipeline}}]
                for pipeline, status in (new_place, place)
            ]
            yield make_event(at, "lead_status_changed", entity, new_manager, *ends)
            place = new_place


def _tell_end(amo_id: int, row: Row, winner: int, was_lead: bool) -> Iterator[Event]:
    if winner:
        at = row["deleted_at"] or row["updated_at"]
        if at is not None:
            yield make_event(at, "entity_merged", ("lead", winner), row["manager_id"] or 0)
    elif row["deleted_at"] is not None and was_lead:
        yield make_event(
            row["deleted_at"], "lead_deleted", ("lead", amo_id), row["manager_id"] or 0
        )


def _card_events(world: World, kind: str) -> Iterator[Event]:
    for row in read_own(world, f"crm_{kind}"):
        entity = (kind, row[f"{kind}_id"])
        yield make_event(row["created_at"], f"{kind}_added", entity)
        gone = row["deleted_at"] or row["updated_at"]
        if row["merged_into_id"] and gone is not None:
            yield make_event(gone, "entity_merged", (kind, row["merged_into_id"]))
        elif row["deleted_at"] is not None:
            yield make_event(row["deleted_at"], f"{kind}_deleted", entity)


def _task_events(world: World) -> Iterator[Event]:
    for row in read_own(world, "crm_task"):
        entity, by = ("task", row["task_id"]), row["manager_id"] or 0
        yield make_event(row["created_at"], "task_added", entity, by)
        if row["done_at"] is not None:
            yield make_event(row["done_at"], "task_completed", entity, by)
