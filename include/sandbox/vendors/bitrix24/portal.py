"""The portal at one instant: every stream its methods read, built when first asked for.

A portal stays valid until the next instant at which a row of the world changes what it shows, so
one is kept and found again by world and turn. Deleted and merged entities are in no list; what
pointed at a merged contact or company points at the survivor, unless ``relink`` is off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.bitrix24 import entity_rows
from include.sandbox.vendors.bitrix24.activities import activity_rows, task_rows
from include.sandbox.vendors.bitrix24.custom_fields import FIELDS, number_reasons
from include.sandbox.vendors.bitrix24.entity_rows import MULTIPLE, Surroundings
from include.sandbox.vendors.bitrix24.listing import Stream
from include.sandbox.vendors.bitrix24.sales_documents import (
    invoice_history_rows,
    invoice_rows,
    product_rows,
)
from include.sandbox.vendors.bitrix24.stage_history import history_rows
from include.sandbox.vendors.bitrix24.stages import CRM, Stages
from include.sandbox.vendors.bitrix24.telephony import TRACKER, PhoneBook, call_rows
from include.sandbox.vendors.bitrix24.written import Written
from include.sandbox.vendors.crm_turns import count_turns
from include.sandbox.vendors.vendor import Stage
from include.sandbox.world.crm_state import crm_rows
from include.sandbox.world.tables import INSTANT
from include.sandbox.world.world import World

Row = Mapping[str, Any]
ROW_MAKERS: dict[str, Callable[[Row, Surroundings], dict[str, Any]]] = {
    "lead": entity_rows.lead_row,
    "deal": entity_rows.deal_row,
    "contact": entity_rows.contact_row,
    "company": entity_rows.company_row,
}


class Portal:
    """Everything the methods show at ``now``."""

    def __init__(
        self,
        world: World,
        now: datetime,
        relink: bool = True,
        keep_history: bool = True,
        written: Written | None = None,
    ) -> None:
        self.world = world
        self.now = now
        self._written = written or Written()
        self._relink = relink
        self._keep_history = keep_history
        self.stages = Stages(world, now)
        self._streams: dict[str, Stream] = {}
        self.extra_streams: dict[str, Stream] = {}

    def own_rows(self, table: str, column: str = "crm", value: str = CRM) -> pa.Table:
        """The rows of one table that belong to this portal."""
        rows = self.world.table(table)
        return rows.filter(pc.equal(rows[column], value))

    def known_rows(self, table: str, at: str, column: str = "crm", value: str = CRM) -> list[Row]:
        """Those of :meth:`own_rows` whose instant ``at`` has come."""
        rows = self.own_rows(table, column, value)
        known: list[Row] = rows.filter(
            pc.less_equal(rows[at], pa.scalar(self.now, INSTANT))
        ).to_pylist()
        return known

    @cached_property
    def _all(self) -> dict[str, list[Row]]:
        return {
            kind: self._written.overlay(kind, crm_rows(self.world, CRM, kind, self.now).to_pylist())
            for kind in ROW_MAKERS
        }

    @cached_property
    def living(self) -> dict[str, dict[int, Row]]:
        """Entities that lists show, by kind and id, ascending by id."""
        return {
            kind: {
                row[f"{kind}_id"]: row
                for row in sorted(rows, key=lambda row, kind=kind: row[f"{kind}_id"])
                if row["deleted_at"] is None and not row["merged_into_id"]
            }
            for kind, rows in self._all.items()
        }

    @cached_property
    def managers(self) -> dict[int, Row]:
        """The portal's users by id."""
        rows = self.own_rows("crm_manager").to_pylist()
        return {row["manager_id"]: row for row in sorted(rows, key=lambda row: row["manager_id"])}

    @cached_property
    def reason_ids(self) -> dict[str, str]:
        """Lost reason → id of its member in the portal's enumeration."""
        reasons: set[str] = set()
        for table in ("crm_lead", "crm_deal"):
            reasons |= set(self.own_rows(table)["lost_reason"].unique().to_pylist())
        return number_reasons(sorted(reason for reason in reasons if reason))

    @cached_property
    def events(self) -> list[Row]:
        """Stage events so far, ascending by id."""
        return sorted(
            self.known_rows("crm_stage_event", "occurred_at"), key=lambda row: row["event_id"]
        )

    @cached_property
    def surroundings(self) -> Surroundings:
        """What the rows of entities need to know of each other."""
        moved: dict[tuple[str, int], tuple[datetime, int]] = {}
        for event in self.events:
            key = (event["entity"], event["entity_id"])
            if key not in moved or moved[key][0] <= event["occurred_at"]:
                moved[key] = (event["occurred_at"], event["manager_id"])
        survivors: dict[tuple[str, int], int] = {}
        touched: dict[tuple[str, int], datetime] = {}
        for kind, rows in self._all.items():
            for row in rows:
                if row["merged_into_id"]:
                    survivors[kind, row[f"{kind}_id"]] = row["merged_into_id"]
                    winner = (kind, row["merged_into_id"])
                    merged_at = row["deleted_at"] or row["updated_at"]
                    touched[winner] = max(merged_at, touched.get(winner, merged_at))
        return Surroundings(
            self.stages, self.reason_ids, moved, survivors if self._relink else {}, touched
        )

    @cached_property
    def phone_book(self) -> PhoneBook:
        """Whose phone is whose, for binding calls."""
        return PhoneBook(self.living["contact"], self.living["lead"])

    @cached_property
    def calls(self) -> list[dict[str, Any]]:
        """Rows of the call statistics, ascending by id."""
        rows = self.own_rows("call", "tracker", TRACKER).to_pylist()
        return call_rows(rows, self.managers, self.phone_book, self.now)

    def stream(self, name: str) -> Stream:
        """lead deal contact company activity task call product_row invoice history_1 _2 _31."""
        if name not in self._streams:
            self._streams[name] = self._build(name)
        return self._streams[name]

    def _build(self, name: str) -> Stream:
        if name in ROW_MAKERS:
            make, around = ROW_MAKERS[name], self.surroundings
            return Stream(
                [make(row, around) for row in self.living[name].values()],
                always=("ID",),
                hidden=MULTIPLE | {custom.name for custom in FIELDS[name]},
                owner_field="ASSIGNED_BY_ID",
            )
        if name in ("history_1", "history_2"):
            kind = "lead" if name == "history_1" else "deal"
            kept = None if self._keep_history else self.living[kind]
            rows = history_rows(self.events, kind, self.stages, kept)
            return Stream(rows, is_strict=True)
        if name == "history_31":
            paid = invoice_history_rows(self.known_rows("payment", "paid_at"))
            return Stream(paid, is_strict=True)
        if name == "call":
            return Stream(self.calls, owner_field="PORTAL_USER_ID")
        if name == "activity":
            rows = activity_rows(
                self.known_rows("crm_task", "created_at"),
                self.calls,
                self.living,
                self._bound_at,
                self.now,
            )
            return Stream(
                rows,
                always=("ID",),
                hidden=frozenset({"COMMUNICATIONS", "FILES"}),
                owner_field="RESPONSIBLE_ID",
            )
        if name == "task":
            tasks = task_rows(
                self.known_rows("crm_task", "created_at"), self.living, self.managers, self.now
            )
            return Stream(
                tasks, always=("ID",), owner_field="RESPONSIBLE_ID", shown_name=camel_name
            )
        if name == "product_row":
            return self._product_rows()
        if name == "invoice":
            rows = self.known_rows("payment", "paid_at")
            return Stream(
                invoice_rows(rows, self.living["deal"]),
                id_field="id",
                owner_field="assignedById",
                is_strict=True,
                allows_groups=True,
            )
        raise KeyError(name)

    def _bound_at(self, kind: str, number: int) -> datetime:
        created: datetime = self.living[kind][number]["created_at"]
        return max(created, self.surroundings.touched.get((kind, number), created))

    def _product_rows(self) -> Stream:
        names = {row["product_id"]: row["name"] for row in self.world.table("product").to_pylist()}
        rows = product_rows(self.own_rows("crm_product_row").to_pylist(), names)
        deals = self.living["deal"]
        return Stream(
            [row for row in rows if row["ownerId"] in deals], id_field="id", is_strict=True
        )

    @cached_property
    def product_rows_by_deal(self) -> dict[int, list[Row]]:
        """Deal → its product rows."""
        grouped: dict[int, list[Row]] = defaultdict(list)
        for row in self.stream("product_row").rows:
            grouped[row["ownerId"]].append(row)
        return grouped

    def sources(self) -> list[str]:
        """The source labels this company uses, whenever."""
        labels: set[str] = set()
        for table in ("crm_lead", "crm_deal"):
            labels |= set(self.own_rows(table)["source"].unique().to_pylist())
        return sorted(label for label in labels if label)


def camel_name(name: str) -> str:
    """``DATE_CREATE`` → ``dateCreate``; ``UF_CRM_1`` → ``ufCrm_1`` as the vendor spells it."""
    if name.startswith("UF_CRM_"):
        rest = name.removeprefix("UF_CRM_")
        return "ufCrmTask" if rest == "TASK" else f"ufCrm_{rest}"
    first, *others = name.lower().split("_")
    return first + "".join(part.capitalize() for part in others)


class PortalBook:
    """The portal of the current instant, kept from request to request."""

    def __init__(self, stage: Stage, written: Written) -> None:
        self._stage = stage
        self._written = written
        self._kept: tuple[tuple[Any, ...], Portal] | None = None

    def open(self) -> Portal:
        """The portal as it is now."""
        world, now = self._stage.world, self._stage.clock.now()
        knobs = self._stage.knobs
        relink = bool(knobs.get("bitrix24.relink_merged", True))
        keep_history = bool(knobs.get("bitrix24.keep_history_of_deleted", True))
        turn = count_turns(world, CRM, TRACKER, now)
        key = (turn, relink, keep_history, self._written.version)
        if self._kept is None or self._kept[1].world is not world or self._kept[0] != key:
            portal = Portal(world, now, relink, keep_history, self._written)
            self._kept = (key, portal)
        return self._kept[1]
