"""What a CRM holds at an instant: its entities and stage names as they were then.

The tables keep the last state of every entity; its earlier states are read off
``crm_stage_event``. Deleted and merged entities are given with ``deleted_at`` set, because each
CRM hides them in its own way. Nothing points at an entity that does not exist yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.world.learned_lists import LearnedList, learn_list
from include.sandbox.world.tables import INSTANT, TABLES, TEXT
from include.sandbox.world.world import World
from include.sandbox.world.world_memo import WorldMemo

LEAD_PIPELINE = -1
"""The ``pipeline_id`` under which ``crm_stage`` keeps the statuses of leads."""
_NEVER = np.iinfo(np.int64).max
_POINTERS = ("contact_id", "company_id", "lead_id", "deal_id")


@dataclass(frozen=True)
class _Events:
    """Stage events of one kind of entity, by entity and then by time; instants in µs of UTC."""

    at: np.ndarray
    rows: pa.Table
    firsts: np.ndarray  # per entity row: place of its first event
    counts: np.ndarray  # per entity row: how many it has
    runs: np.ndarray  # per event: when the unbroken run of closed stages it belongs to began


@dataclass
class _History:
    """All states of one kind of entity, and the last one that was asked for."""

    rows: pa.Table
    created: np.ndarray
    gone: np.ndarray
    updated: np.ndarray
    closed: np.ndarray | None
    events: _Events | None
    pointers: Mapping[str, np.ndarray]  # column → since when each row's pointer is known
    learned: Mapping[str, LearnedList]  # list columns of contacts that grow
    turns: np.ndarray  # every instant at which something of them changes, ascending
    last: tuple[int, pa.Table] | None = field(default=None)


_HISTORIES: WorldMemo[_History] = WorldMemo()


def crm_rows(world: World, crm: str, entity: str, now: datetime) -> pa.Table:
    """The ``lead``, ``deal``, ``contact`` or ``company`` rows existing at ``now``, as they were.

    Columns are those of the entity's table; ``KeyError`` for another entity. ``updated_at`` never
    lies in the future, ``closed_at`` is null unless the stage of that instant is a closed one,
    ``merged_into_id`` is 0 before the merge. An event without a manager leaves the manager.
    """
    if entity not in ("lead", "deal", "contact", "company"):
        raise KeyError(f"a CRM holds lead, deal, contact and company, not {entity!r}")
    history = _HISTORIES.get(world, (crm, entity), lambda: _gather(world, crm, entity))
    instant = _micros(now)
    turn = int(np.searchsorted(history.turns, instant, side="right"))
    last = history.last
    if last is None or last[0] != turn:
        last = (turn, _state_at(history, entity, instant))
        history.last = last
    return last[1]


def crm_stages(world: World, crm: str, now: datetime) -> pa.Table:
    """The stages of every pipeline of ``crm``, each under the name it bore at ``now``."""
    rows = world.table("crm_stage")
    rows = rows.filter(pc.equal(rows["crm"], crm))
    is_old = pc.fill_null(pc.greater(rows["renamed_at"], pa.scalar(now, INSTANT)), False)
    names = pc.if_else(is_old, pc.coalesce(rows["old_name"], rows["name"]), rows["name"])
    return rows.set_column(rows.schema.get_field_index("name"), pa.field("name", TEXT), names)


def _gather(world: World, crm: str, entity: str) -> _History:
    rows = world.table(f"crm_{entity}")
    rows = rows.filter(pc.equal(rows["crm"], crm)).combine_chunks()
    created = _instants(rows["created_at"], 0)
    merged = pc.fill_null(rows["merged_into_id"], 0).to_numpy() != 0
    gone = _instants(rows["deleted_at"], _NEVER)
    unstamped = np.maximum(_instants(rows["updated_at"], 0), created)
    gone = np.where(merged & (gone == _NEVER), unstamped, gone)
    events = _gather_events(world, crm, entity, rows) if entity in ("lead", "deal") else None
    closed = _instants(rows["closed_at"], _NEVER) if events else None
    updated = _instants(rows["updated_at"], _NEVER)
    pointers = {
        column: _known_since(world, crm, column.removesuffix("_id"), rows[column])
        for column in _POINTERS
        if column in rows.schema.names and column != f"{entity}_id"
    }
    learned = _gather_learned(world, crm, rows, created) if entity == "contact" else {}
    turns = [created, gone, updated, *pointers.values()]
    turns += [history.turns() for history in learned.values()]
    if events:
        turns += [events.at, _instants(rows["closed_at"], _NEVER)]
    if "first_reply_at" in rows.schema.names:
        turns.append(_instants(rows["first_reply_at"], _NEVER))
    return _History(
        rows=rows,
        created=created,
        gone=gone,
        updated=updated,
        closed=closed,
        events=events,
        pointers=pointers,
        learned=learned,
        turns=np.unique(np.concatenate(turns)),
    )


def _gather_learned(
    world: World, crm: str, contacts: pa.Table, created: np.ndarray
) -> Mapping[str, LearnedList]:
    leads = world.table("crm_lead").filter(pc.equal(world.table("crm_lead")["crm"], crm))
    phones = pc.fill_null(pc.list_value_length(contacts["phones"]), 0).to_numpy() > 0
    nobody = np.zeros(len(created), dtype=bool)
    return {
        "phones": learn_list(contacts, leads, "phones", "phone", created, nobody),
        "emails": learn_list(contacts, leads, "emails", "email", created, phones),
    }


def _gather_events(world: World, crm: str, entity: str, rows: pa.Table) -> _Events:
    table = world.table("crm_stage_event")
    table = table.filter(pc.and_(pc.equal(table["crm"], crm), pc.equal(table["entity"], entity)))
    owners = table["entity_id"].to_numpy()
    at = _instants(table["occurred_at"], 0)
    order = np.lexsort((pc.fill_null(table["event_id"], 0).to_numpy(), at, owners))
    table, owners, at = table.take(pa.array(order)).combine_chunks(), owners[order], at[order]
    ids = rows[f"{entity}_id"].to_numpy()
    firsts = np.searchsorted(owners, ids, side="left")
    counts = np.searchsorted(owners, ids, side="right") - firsts
    is_closed = _is_closed(world, crm, entity, table)
    begins = np.ones(len(at), dtype=bool)
    begins[1:] = (owners[1:] != owners[:-1]) | (is_closed[1:] != is_closed[:-1])
    began = np.maximum.accumulate(np.where(begins, np.arange(len(at)), 0))
    runs = np.where(is_closed, at[began] if len(at) else at, _NEVER)
    return _Events(at=at, rows=table, firsts=firsts, counts=counts, runs=runs)


def _is_closed(world: World, crm: str, entity: str, events: pa.Table) -> np.ndarray:
    """Whether each event enters a won or lost stage; an unknown stage counts as open."""
    stages = world.table("crm_stage")
    stages = stages.filter(pc.equal(stages["crm"], crm)).to_pylist()
    closed = {
        (s["pipeline_id"], s["stage_id"]) for s in stages if s["semantics"] in ("won", "lost")
    }
    if entity == "lead":
        pipelines: list[int | None] = [LEAD_PIPELINE] * events.num_rows
    else:
        pipelines = events["pipeline_id"].to_pylist()
    pairs = zip(pipelines, events["stage_id"].to_pylist(), strict=True)
    return np.fromiter((pair in closed for pair in pairs), dtype=bool, count=events.num_rows)


def _known_since(world: World, crm: str, target: str, pointer: pa.ChunkedArray) -> np.ndarray:
    """When what each row points at came to be; at once where it is in no table."""
    targets = world.table(f"crm_{target}")
    targets = targets.filter(pc.equal(targets["crm"], crm))
    ids = targets[f"{target}_id"].to_numpy()
    order = np.argsort(ids, kind="stable")
    ids, created = ids[order], _instants(targets["created_at"], 0)[order]
    wanted = pc.fill_null(pointer, 0).to_numpy()
    if not len(ids):
        return np.zeros(len(wanted), dtype=np.int64)
    places = np.minimum(np.searchsorted(ids, wanted), len(ids) - 1)
    return np.where(ids[places] == wanted, created[places], 0)


def _state_at(history: _History, entity: str, instant: int) -> pa.Table:
    exists = np.flatnonzero(history.created <= instant)
    rows = history.rows.take(pa.array(exists))
    gone = history.gone[exists]
    changed = history.created[exists]
    new: dict[str, pa.Array] = {}
    if history.events is not None:
        changed = np.maximum(changed, _stages_at(history, entity, exists, rows, instant, new))
    for column, since in history.pointers.items():
        is_known = since[exists] <= instant
        known = np.where(is_known, pc.fill_null(rows[column], 0).to_numpy(), 0)
        new[column] = pa.array(known, pa.int64())
        changed = np.maximum(changed, np.where(known != 0, since[exists], 0))
    for column, learned in history.learned.items():
        lists, learned_at = learned.at(instant)
        new[column] = lists.take(pa.array(exists))
        changed = np.maximum(changed, learned_at[exists])
    if "first_reply_at" in rows.schema.names:
        reply = _instants(rows["first_reply_at"], _NEVER)
        new["first_reply_at"] = _stamps(np.where(reply <= instant, reply, _NEVER))
        changed = np.maximum(changed, np.where(reply <= instant, reply, 0))
    is_gone = gone <= instant
    new["deleted_at"] = _stamps(np.where(is_gone, gone, _NEVER))
    merged = pc.fill_null(rows["merged_into_id"], 0).to_numpy()
    new["merged_into_id"] = pa.array(np.where(is_gone, merged, 0), pa.int64())
    changed = np.maximum(changed, np.where(is_gone, gone, 0))
    updated = history.updated[exists]
    new["updated_at"] = _stamps(np.maximum(changed, np.where(updated <= instant, updated, 0)))
    for column, values in new.items():
        place = rows.schema.get_field_index(column)
        rows = rows.set_column(place, rows.schema.field(place), values)
    return rows.select(TABLES[f"crm_{entity}"].names)


def _stages_at(
    history: _History,
    entity: str,
    exists: np.ndarray,
    rows: pa.Table,
    instant: int,
    new: dict[str, pa.Array],
) -> np.ndarray:
    """Fill the columns that stage events decide; gives when each row's last event was."""
    events = history.events
    assert events is not None and history.closed is not None
    firsts, counts = events.firsts[exists], events.counts[exists]
    passed = np.concatenate(([0], np.cumsum(events.at <= instant)))
    happened = passed[firsts + counts] - passed[firsts]
    # an entity whose first event is yet to come already stands where that event puts it
    place = np.where(counts > 0, firsts + np.maximum(happened, 1) - 1, -1)
    taken = pa.array(np.maximum(place, 0), mask=place < 0)
    columns = ("stage_id", "manager_id") + (("pipeline_id",) if entity == "deal" else ())
    for column in columns:
        new[column] = pc.coalesce(_take(events.rows[column], taken), rows[column])
    if not len(events.at):
        closed = history.closed[exists]
        new["closed_at"] = _stamps(np.where(closed <= instant, closed, _NEVER))
    else:
        by_event = events.runs[np.maximum(place, 0)]
        closed = np.where(counts > 0, by_event, history.closed[exists])
        new["closed_at"] = _stamps(np.where(closed <= instant, closed, _NEVER))
    is_open = pc.is_null(new["closed_at"])
    new["lost_reason"] = pc.if_else(is_open, pa.scalar("", TEXT), rows["lost_reason"])
    if not len(events.at):
        return np.zeros(len(exists), dtype=np.int64)
    return np.where(happened > 0, events.at[np.maximum(place, 0)], 0)


def _take(values: pa.ChunkedArray, places: pa.Array) -> pa.ChunkedArray:
    if not len(values):
        return pa.chunked_array([pa.nulls(len(places), values.type)])
    return values.take(places)


def _instants(column: pa.ChunkedArray, missing: int) -> np.ndarray:
    """Microseconds of UTC, ``missing`` where there is none."""
    return pc.fill_null(column.cast(pa.int64()), missing).to_numpy()


def _stamps(micros: np.ndarray) -> pa.Array:
    return pa.array(micros, pa.int64(), mask=micros == _NEVER).cast(INSTANT)


def _micros(now: datetime) -> int:
    return pa.scalar(now.astimezone(UTC), INSTANT).value
