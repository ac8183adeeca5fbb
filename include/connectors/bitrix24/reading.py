"""Turns lists of a portal into record batches of its raw tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from include.connectors._change_windows import ChangeWindow
from include.connectors._records import Record, RecordReader
from include.connectors.bitrix24 import columns as col
from include.connectors.bitrix24.columns import Part
from include.connectors.bitrix24.entities import ENTITIES, SEMANTICS, Entity
from include.connectors.bitrix24.lists import (
    Listing,
    count_rows,
    read_small_list,
    walk_list,
)
from include.connectors.bitrix24.portal import MOST_COMMANDS, Command, Portal
from include.connectors.bitrix24.resources import (
    CALL,
    CALL_KNOWN,
    CALL_PARTS,
    CUSTOM_FIELD_PARTS,
    DEAL_CONTACT,
    DEAL_CONTACT_KNOWN,
    DEAL_CONTACT_PARTS,
    HISTORY,
    HISTORY_KNOWN,
    HISTORY_PARTS,
    PIPELINE,
    PIPELINE_PARTS,
    PRODUCT_ROW,
    PRODUCT_ROW_KNOWN,
    PRODUCT_ROW_PARTS,
    RESOURCES,
    STATUS,
    STATUS_PARTS,
    USER,
    USER_PARTS,
)
from include.connectors.protocol import (
    AccessDenied,
    Batch,
    Capability,
    IncompleteAnswer,
    Interval,
    TemporaryFailure,
)

HISTORY_TYPES = {"lead": 1, "deal": 2}
PIPELINE_TYPES = (2, 31)
LANGUAGE = "ru"
CUSTOM_FIELD_ENTITIES = ("lead", "deal", "contact", "company")
OWN_FIELDS = ("UF_", "ufCrm", "PARENT_ID_", "parentId")
FIRST_OF_NOTHING = 9_000_000_000


class PortalReader:
    """Reads one portal; ``fields`` maps roles to fields of the portal's own."""

    def __init__(
        self,
        portal: Portal,
        account: str,
        zone: ZoneInfo,
        fields: Mapping[str, Sequence[str]],
        allows_mass_deletion: bool,
    ) -> None:
        self._portal = portal
        self._account = account
        self._zone = zone
        self._fields = fields
        self._allows_mass_deletion = allows_mass_deletion

    def read_changes(self, resource: str, window: ChangeWindow) -> Iterator[Batch]:
        """Everything changed within the window."""
        begin, end = (
            instant.astimezone(UTC).isoformat(timespec="seconds")
            for instant in (window.changed_from, window.changed_to)
        )
        if resource == HISTORY:
            yield from self._read_history(begin, end)
        elif resource in (PRODUCT_ROW, DEAL_CONTACT):
            yield from self._read_parts_of_deals(resource, begin, end)
        else:
            yield from self._read_entity(ENTITIES[resource], begin, end)

    def read_calls(self, interval: Interval) -> Iterator[Batch]:
        """The calls of some days."""
        date_part = Part("call_date", col.DAY, "CALL_START_DATE", col.day_of(self._zone))
        listing = self._calls_of(interval.date_from, interval.date_to)
        for batch, _ in self._pages(CALL, listing, [date_part, *CALL_PARTS], CALL_KNOWN, {}):
            yield batch

    def count_calls(self, days: Sequence[date]) -> dict[date, int]:
        """How many calls the portal has of each day, 50 days a request."""
        lists = {
            day.isoformat(): self._calls_of(day, date.fromordinal(day.toordinal() + 1))
            for day in days
        }
        counts = count_rows(self._portal, lists)
        return {date.fromisoformat(day): count for day, count in counts.items()}

    def read_directory(self, resource: str) -> Iterator[Batch]:
        """A whole directory."""
        if resource == USER:
            rows = read_small_list(
                self._portal, "user.get", {"ADMIN_MODE": True, "sort": "ID", "order": "ASC"}
            )
            yield self._make_reader(resource, USER_PARTS, rows).read(rows)
        elif resource == STATUS:
            rows = read_small_list(self._portal, "crm.status.list", {"order": {"SORT": "ASC"}})
            yield self._make_reader(resource, STATUS_PARTS, rows).read(rows)
        elif resource == PIPELINE:
            rows = [
                row
                for number in PIPELINE_TYPES
                for row in read_small_list(
                    self._portal, "crm.category.list", {"entityTypeId": number}, "categories"
                )
            ]
            yield self._make_reader(resource, PIPELINE_PARTS, rows).read(rows)
        else:
            rows = list(self._custom_fields())
            yield self._make_reader(resource, CUSTOM_FIELD_PARTS, rows).read(rows)

    def scan(self, resource: str, known_rows: int) -> Iterator[Batch]:
        """Ids of all that exists.

        Raises :class:`IncompleteAnswer` when more than half of the ids known before are missing:
        a lost right shrinks lists without a word, and must not look like a mass deletion.
        """
        name = resource.removesuffix("_scan")
        listing = Listing(ENTITIES[name].listing.method, select=("ID",))
        schema = RESOURCES[resource].schema
        found = 0
        for page in walk_list(self._portal, listing):
            found += len(page)
            columns = [[self._account] * len(page), [int(row["ID"]) for row in page]]
            yield Batch(pa.RecordBatch.from_arrays(_arrays(columns, schema), schema=schema))
        if found * 2 < known_rows and not self._allows_mass_deletion:
            raise IncompleteAnswer(
                f"Bitrix24 portal {self._account} shows {found} of {known_rows} known {name}s: "
                "check that the webhook's user may still see all of them; if they were really "
                "deleted, set the option allow_mass_deletion for one run"
            )

    def check(self, names: Sequence[str]) -> Iterator[Capability]:
        """One tiny list per resource, in one request in which each may fail by itself."""
        commands = {
            name: entity.listing.page(str(FIRST_OF_NOTHING)) for name, entity in ENTITIES.items()
        }
        commands |= {
            HISTORY: self._history_of(2, "", "").page(str(FIRST_OF_NOTHING)),
            PRODUCT_ROW: _product_rows_of(FIRST_OF_NOTHING),
            CALL: Listing("voximplant.statistic.get", is_telephony=True).page(
                str(FIRST_OF_NOTHING)
            ),
            USER: Command("user.get", {"FILTER": {"ID": 1}}),
            PIPELINE: Command("crm.category.list", {"entityTypeId": 2}),
            STATUS: Command("crm.status.list", {"filter": {"ENTITY_ID": "SOURCE"}}),
        }
        commands = {name: command for name, command in commands.items() if name in names}
        denied = ""
        try:
            answer = self._portal.batch(commands, is_lenient=True)
        except AccessDenied as error:
            denied = str(error)
        if denied:
            yield Capability("portal", False, denied)
            return
        yield Capability("portal", True)
        for name in commands:
            error = answer.errors.get(name)
            detail = self._portal.judge(error) if error else ""
            yield Capability(name, error is None, detail)

    def _read_entity(self, entity: Entity, begin: str, end: str) -> Iterator[Batch]:
        parts = [*entity.parts, *col.roles(entity.roles, self._role_fields(entity))]
        constants = {"is_deleted": False}
        told: set[str] = set()
        for batch, page in self._pages(
            entity.name, entity.listing_between(begin, end), parts, entity.known, constants
        ):
            new = {
                str(row.get(entity.stage_semantics)) for row in page if entity.stage_semantics
            } - SEMANTICS
            findings = tuple(
                f"unknown value {value} of {entity.stage_semantics}" for value in sorted(new - told)
            )
            told |= new
            yield Batch(batch.rows, batch.rejected, (*batch.findings, *findings))

    def _pages(
        self,
        resource: str,
        listing: Listing,
        parts: Sequence[Part],
        known: frozenset[str],
        constants: Mapping[str, Any],
    ) -> Iterator[tuple[Batch, list[Record]]]:
        reader = None
        read = 0
        for page in walk_list(self._portal, listing):
            if reader is None:
                reader = self._make_reader(resource, parts, page, known, constants)
            yield reader.read(page, read + 1), page
            read += len(page)

    def _make_reader(
        self,
        resource: str,
        parts: Sequence[Part],
        page: Sequence[Record],
        known: frozenset[str] = frozenset(),
        constants: Mapping[str, Any] | None = None,
    ) -> RecordReader:
        """Fields of the portal's own are no surprise; others must be declared to be none."""
        own = {name for row in page[:1] for name in row if name.startswith(OWN_FIELDS)}
        is_described = bool(known)
        every = set().union(*page) if page and not is_described else set()
        return RecordReader(
            f"bitrix24 {resource}",
            RESOURCES[resource].schema,
            [part.column() for part in parts],
            {"account_id": self._account, **(constants or {})},
            "payload",
            known | own | every,
        )

    def _role_fields(self, entity: Entity) -> Mapping[str, Sequence[str]]:
        """Fields as this entity's method spells them: invoices write ``ufCrm_…``."""
        if entity.listing.id_field == "ID":
            return self._fields
        return {
            role: tuple(f"ufCrm_{name.removeprefix('UF_CRM_')}" for name in names)
            for role, names in self._fields.items()
        }

    def _read_history(self, begin: str, end: str) -> Iterator[Batch]:
        for entity_type, number in HISTORY_TYPES.items():
            prefix = "STATUS" if entity_type == "lead" else "STAGE"
            parts = [
                *HISTORY_PARTS,
                col.word("stage_id", f"{prefix}_ID", required=True),
                col.word("stage_semantics", f"{prefix}_SEMANTIC_ID"),
            ]
            listing = self._history_of(number, begin, end)
            constants = {"entity_type": entity_type}
            for batch, _ in self._pages(HISTORY, listing, parts, HISTORY_KNOWN, constants):
                yield batch

    def _history_of(self, number: int, begin: str, end: str) -> Listing:
        conditions = {">=CREATED_TIME": begin, "<CREATED_TIME": end} if begin else {}
        return Listing(
            "crm.stagehistory.list", conditions, (), "items", "ID", {"entityTypeId": number}
        )

    def _calls_of(self, first: date, end: date) -> Listing:
        begin, until = (
            datetime.combine(day, time(), self._zone).isoformat() for day in (first, end)
        )
        conditions = {">=CALL_START_DATE": begin, "<CALL_START_DATE": until}
        return Listing("voximplant.statistic.get", conditions, is_telephony=True)

    def _read_parts_of_deals(self, resource: str, begin: str, end: str) -> Iterator[Batch]:
        """Products or contacts of the deals changed within the window, 50 deals a request."""
        parts, known, read = {
            PRODUCT_ROW: (PRODUCT_ROW_PARTS, PRODUCT_ROW_KNOWN, self._products_of),
            DEAL_CONTACT: (DEAL_CONTACT_PARTS, DEAL_CONTACT_KNOWN, self._contacts_of),
        }[resource]
        conditions = {">=DATE_MODIFY": begin, "<DATE_MODIFY": end}
        deals = Listing("crm.deal.list", conditions, ("ID", "DATE_MODIFY"))
        reader: RecordReader | None = None
        for found in walk_list(self._portal, deals):
            for start in range(0, len(found), MOST_COMMANDS):
                page = found[start : start + MOST_COMMANDS]
                changed = {int(row["ID"]): row["DATE_MODIFY"] for row in page}
                rows = [
                    {**row, "deal_id": deal, "deal_updated_at": changed[deal]}
                    for deal, row in read(list(changed))
                ]
                if rows:
                    reader = reader or self._make_reader(resource, parts, rows, known)
                    yield reader.read(rows)

    def _products_of(self, deals: Sequence[int]) -> Iterator[tuple[int, Record]]:
        answer = self._portal.batch({f"deal{deal}": _product_rows_of(deal) for deal in deals})
        for deal in deals:
            name = f"deal{deal}"
            result = answer.value(name)
            found = result.get("productRows", []) if isinstance(result, dict) else []
            if name in answer.nexts:
                found = [row for page in walk_list(self._portal, _products(deal)) for row in page]
            elif len(found) != answer.total(name):
                raise IncompleteAnswer(
                    f"Bitrix24 gave {len(found)} products of deal {deal} and counts "
                    f"{answer.total(name)}; nothing of them is kept, ask again later"
                )
            for row in found:
                yield deal, row

    def _contacts_of(self, deals: Sequence[int]) -> Iterator[tuple[int, Record]]:
        """The answer is not paged and has no total; a deal deleted meanwhile has none."""
        commands = {
            f"deal{deal}": Command("crm.deal.contact.items.get", {"id": deal}) for deal in deals
        }
        answer = self._portal.batch(commands, is_lenient=True)
        for deal in deals:
            name = f"deal{deal}"
            error = answer.errors.get(name)
            is_gone = error is not None and "not found" in str(error).lower()
            if error is not None and not is_gone:
                raise TemporaryFailure(f"{self._portal.judge(error)} (contacts of deals)")
            for row in [] if error is not None else answer.value(name):
                yield deal, row

    def _custom_fields(self) -> Iterator[Record]:
        """One row per field, and per choice of a field that offers choices."""
        for entity in CUSTOM_FIELD_ENTITIES:
            rows = read_small_list(
                self._portal,
                f"crm.{entity}.userfield.list",
                {"filter": {"LANG": LANGUAGE}, "order": {"ID": "ASC"}},
            )
            for row in rows:
                plain = {name: value for name, value in row.items() if name != "LIST"}
                label = row.get("EDIT_FORM_LABEL")
                if isinstance(label, dict):
                    plain["EDIT_FORM_LABEL"] = label.get(LANGUAGE)
                for choice in row.get("LIST") or [{}]:
                    yield {
                        **plain,
                        "ENTITY": entity,
                        "VALUE_ID": choice.get("ID"),
                        "VALUE": choice.get("VALUE"),
                    }


def _product_rows_of(deal: int) -> Command:
    return Command(
        "crm.item.productrow.list", {"filter": {"=ownerType": "D", "=ownerId": deal}, "start": 0}
    )


def _products(deal: int) -> Listing:
    return Listing(
        "crm.item.productrow.list",
        {"=ownerType": "D", "=ownerId": deal},
        (),
        "productRows",
        "id",
    )


def _arrays(columns: Sequence[Sequence[Any]], schema: pa.Schema) -> list[pa.Array]:
    return [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
