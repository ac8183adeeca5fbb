"""The portal at one instant: every object type's records, built when first asked for.

Archived records are those deleted less than 90 days ago. A merged record is in no list, and its id
leads to the survivor.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.crm_turns import count_turns
from include.sandbox.vendors.hubspot import engagements, people, sales
from include.sandbox.vendors.hubspot.object_types import OBJECT_TYPES, UNUSED
from include.sandbox.vendors.hubspot.pipelines import CRM, Pipelines
from include.sandbox.vendors.hubspot.record import Change, Record, spell_instant
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.crm_state import LEAD_PIPELINE, crm_rows
from include.sandbox.world.tables import INSTANT
from include.sandbox.world.world import World

Row = Mapping[str, Any]
ENTITIES = {"leads": "lead", "deals": "deal", "contacts": "contact", "companies": "company"}
ARCHIVE_LIFE = timedelta(days=90)


class Book:
    """All records at ``now``."""

    def __init__(self, world: World, now: datetime) -> None:
        self.world = world
        self.now = now
        self.pipelines = Pipelines(world, now)
        self._records: dict[str, dict[int, Record]] = {}

    def records(self, object_type: str) -> dict[int, Record]:
        """Records of one type by id, ascending, archived ones among them."""
        if object_type not in self._records:
            made = sorted(self._make(object_type), key=lambda record: record.id)
            for record in made:
                _complete(record, object_type)
            self._records[object_type] = {record.id: record for record in made}
        return self._records[object_type]

    def find(self, object_type: str, number: int) -> Record | None:
        """The record of an id, or the one it was merged into."""
        survivors = self._survivors.get(object_type, {})
        seen = 0
        while number in survivors and seen < len(survivors):
            number, seen = survivors[number], seen + 1
        return self.records(object_type).get(number)

    def linked(self, source: str, number: int, target: str) -> list[int]:
        """Ids of living ``target`` records associated with a record, whichever side says so."""
        record = self.records(source).get(number)
        found = list(record.links.get(target, ())) if record else []
        found += self._backlinks(target, source).get(number, [])
        survivors = self._survivors.get(target, {})
        living = self.records(target)
        ids = dict.fromkeys(survivors.get(one, one) for one in found)
        return [one for one in ids if one in living and living[one].archived_at is None]

    def managers(self) -> list[Row]:
        """The portal's owners as the world has them."""
        return self._own("crm_manager").to_pylist()

    def _own(self, table: str, column: str = "crm", value: str = CRM) -> pa.Table:
        rows = self.world.table(table)
        return rows.filter(pc.equal(rows[column], value))

    def _known(self, table: str, at: str) -> list[Row]:
        rows = self._own(table)
        known: list[Row] = rows.filter(
            pc.less_equal(rows[at], pa.scalar(self.now, INSTANT))
        ).to_pylist()
        return known

    @cached_property
    def _entities(self) -> dict[str, list[Row]]:
        return {
            name: crm_rows(self.world, CRM, entity, self.now).to_pylist()
            for name, entity in ENTITIES.items()
        }

    @cached_property
    def _survivors(self) -> dict[str, dict[int, int]]:
        return {
            name: {
                row[f"{ENTITIES[name]}_id"]: row["merged_into_id"]
                for row in rows
                if row["merged_into_id"]
            }
            for name, rows in self._entities.items()
        }

    @cached_property
    def _merge_times(self) -> dict[str, dict[int, datetime]]:
        times: dict[str, dict[int, datetime]] = {name: {} for name in ENTITIES}
        for name, rows in self._entities.items():
            for row in rows:
                if row["merged_into_id"]:
                    at, winner = row["deleted_at"] or row["updated_at"], row["merged_into_id"]
                    times[name][winner] = max(at, times[name].get(winner, at))
        return times

    def _shown(self, name: str) -> list[Row]:
        """Rows that are not merged away nor long gone; a merge changes its survivor."""
        limit = self.now - ARCHIVE_LIFE
        merged_at = self._merge_times[name]
        key = f"{ENTITIES[name]}_id"
        return [
            {**row, "updated_at": max(row["updated_at"], merged_at[row[key]])}
            if row[key] in merged_at
            else row
            for row in self._entities[name]
            if not row["merged_into_id"]
            and (row["deleted_at"] is None or row["deleted_at"] > limit)
        ]

    def _merged(self, name: str) -> dict[int, list[int]]:
        losers: defaultdict[int, list[int]] = defaultdict(list)
        for loser, winner in self._survivors[name].items():
            losers[winner].append(loser)
        return losers

    @cached_property
    def _events(self) -> dict[tuple[str, int], list[Row]]:
        grouped: defaultdict[tuple[str, int], list[Row]] = defaultdict(list)
        events = self._known("crm_stage_event", "occurred_at")
        for event in sorted(events, key=lambda row: (row["occurred_at"], row["event_id"])):
            grouped[event["entity"], event["entity_id"]].append(event)
        return grouped

    def _histories(self, entity: str, number: int) -> dict[str, Sequence[Change]]:
        """Stage, pipeline and owner of a lead or deal through time, the newest first."""
        found: defaultdict[str, list[Change]] = defaultdict(list)
        names = (
            ("hs_pipeline_stage", "hs_pipeline") if entity == "lead" else ("dealstage", "pipeline")
        )
        for event in self._events.get((entity, number), ()):
            pipeline = LEAD_PIPELINE if entity == "lead" else event["pipeline_id"]
            by = event["manager_id"] or 1
            stage = self.pipelines.stage(pipeline, event["stage_id"]).stage_id
            values = [(names[0], stage), (names[1], self.pipelines.name(pipeline))]
            if event["manager_id"]:
                values.append(("hubspot_owner_id", str(event["manager_id"])))
            for name, value in values:
                if not found[name] or found[name][-1].value != value:
                    found[name].append(Change(value, event["occurred_at"], by))
        return {name: changes[::-1] for name, changes in found.items()}

    def _make(self, name: str) -> list[Record]:
        if name == "contacts":
            merged, leads = self._merged(name), self._leads_of_contacts
            return [
                people.make_contact(
                    row, leads.get(row["contact_id"], []), merged.get(row["contact_id"], [])
                )
                for row in self._shown(name)
            ]
        if name == "companies":
            merged = self._merged(name)
            return [
                people.make_company(row, merged.get(row["company_id"], []))
                for row in self._shown(name)
            ]
        if name == "leads":
            return [
                people.make_lead(row, self.pipelines, self._histories("lead", row["lead_id"]))
                for row in self._shown(name)
            ]
        if name == "deals":
            return self._make_deals()
        if name == "line_items":
            deals, goods = self._deals, self._products
            return [
                sales.make_line_item(row, goods.get(row["product_id"], {}), deals[row["deal_id"]])
                for row in self._own("crm_product_row").to_pylist()
                if row["deal_id"] in deals
            ]
        if name == "products":
            wanted = {row["product_id"] for row in self._own("crm_product_row").to_pylist()}
            return [sales.make_product(self._products[one]) for one in wanted & set(self._products)]
        if name == "invoices":
            return [sales.make_invoice(row) for row in self._known("payment", "paid_at")]
        return [] if name in UNUSED else self._make_engagements(name)

    def _make_deals(self) -> list[Record]:
        items: defaultdict[int, list[int]] = defaultdict(list)
        for row in self._own("crm_product_row").to_pylist():
            items[row["deal_id"]].append(row["row_id"])
        merged = self._merged("deals")
        return [
            sales.make_deal(
                row,
                self.pipelines,
                self._histories("deal", number),
                sorted(items.get(number, [])),
                merged.get(number, []),
            )
            for number, row in self._deals.items()
        ]

    @cached_property
    def _deals(self) -> dict[int, Row]:
        return {row["deal_id"]: row for row in self._shown("deals")}

    @cached_property
    def _products(self) -> dict[int, Row]:
        return {row["product_id"]: row for row in self.world.table("product").to_pylist()}

    @cached_property
    def _leads_of_contacts(self) -> dict[int, list[Row]]:
        grouped: defaultdict[int, list[Row]] = defaultdict(list)
        survivors = self._survivors["contacts"]
        for row in sorted(self._shown("leads"), key=lambda row: row["created_at"]):
            contact = row["contact_id"] or 0
            grouped[survivors.get(contact, contact)].append(row)
        return grouped

    def _make_engagements(self, name: str) -> list[Record]:
        owners = {
            ENTITIES[kind]: {row[f"{ENTITIES[kind]}_id"]: row for row in self._shown(kind)}
            for kind in ENTITIES
        }
        records = []
        for row in self._known("crm_task", "created_at"):
            owner = owners.get(row["entity"], {}).get(row["entity_id"])
            if owner is not None and engagements.PLACES.get(row["kind"], "tasks") == name:
                contact = owner.get("contact_id") or 0
                records.append(engagements.make_planned(row, self.now, contact))
        if name == "calls":
            calls = self._own("call", "tracker", engagements.TRACKER).to_pylist()
            records += engagements.make_logged_calls(calls, self._contact_of_phone, self.now)
        return records

    @cached_property
    def _contact_of_phone(self) -> dict[str, int]:
        owners: dict[str, int] = {}
        for row in sorted(self._shown("contacts"), key=lambda row: row["created_at"]):
            for phone in row["phones"] or []:
                owners.setdefault(engagements.fold_phone(phone), row["contact_id"])
        return owners

    def _backlinks(self, source: str, target: str) -> dict[int, list[int]]:
        """``target`` id → ids of ``source`` records whose own links name it."""
        key = f"{source}>{target}"
        if key not in self._reverse:
            grouped: defaultdict[int, list[int]] = defaultdict(list)
            survivors = self._survivors.get(target, {})
            for record in self.records(source).values():
                for one in record.links.get(target, ()):
                    grouped[survivors.get(one, one)].append(record.id)
            self._reverse[key] = grouped
        return self._reverse[key]

    @cached_property
    def _reverse(self) -> dict[str, dict[int, list[int]]]:
        return {}


def _complete(record: Record, object_type: str) -> None:
    """Add what every object has: its id, when it was made and last changed."""
    kind = OBJECT_TYPES[object_type]
    created, updated = spell_instant(record.created_at), spell_instant(record.updated_at)
    record.properties |= {
        "hs_object_id": str(record.id),
        "hs_createdate": created,
        kind.created: created,
        kind.modified: updated,
    }


class BookShelf:
    """The books of the last two instants asked for: searches read a slightly older one."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._kept: dict[tuple[int, int], Book] = {}

    def open(self, delay_seconds: float = 0.0) -> Book:
        """The portal as it was ``delay_seconds`` ago."""
        world = self._stage.world
        now = self._stage.clock.now() - timedelta(seconds=delay_seconds)
        key = (id(world), count_turns(world, CRM, engagements.TRACKER, now))
        book = self._kept.get(key)
        if book is None or book.world is not world:
            if len(self._kept) >= 2:
                del self._kept[next(iter(self._kept))]
            book = self._kept[key] = Book(world, now)
        return book
