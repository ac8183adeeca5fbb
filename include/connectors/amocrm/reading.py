"""Streams the rows of one resource: windows of changes, snapshots and proven scans of ids."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import pyarrow as pa

from include.connectors._change_windows import ChangeWindow
from include.connectors._records import Record, RecordReader
from include.connectors.amocrm.api import LONGEST_EVENTS_PAGE, Api
from include.connectors.amocrm.columns import CustomFields
from include.connectors.amocrm.schema import (
    IGNORED,
    RESOURCES,
    SCANS,
    STATUS_EVENTS,
    WITH_MONEY,
    find_new_values,
    make_columns,
)
from include.connectors.protocol import Batch, IncompleteAnswer, Now, RequestRefused

ROWS_PER_BATCH = 500
LEAD_PARTS = "contacts,loss_reason,source_id,catalog_elements"
LEAVING_EVENTS = {
    "leads": "lead_deleted,entity_merged",
    "contacts": "contact_deleted,entity_merged",
    "companies": "company_deleted,entity_merged",
}
MOST_SCANS = 3
SKEW_SECONDS = 600
"""How far the vendor's clock may be from ours."""
BIN_FIELDS = ("lead_id", "updated_at", "is_deleted")


class Reading:
    """Reads for one account."""

    def __init__(
        self,
        api: Api,
        name: str,
        custom: Mapping[str, str],
        may_lose_many: bool,
        now: Now,
    ) -> None:
        self._api = api
        self._name = name
        self._custom = custom
        self._may_lose_many = may_lose_many
        self._now = now

    @cached_property
    def currency(self) -> str:
        """The account's currency."""
        account = self._api.get("account", {})
        if not account or not account.get("currency"):
            raise RequestRefused(f"amoCRM does not say the currency of account {self._name}")
        return str(account["currency"])

    def read_window(self, resource: str, key: str) -> Iterator[Batch]:
        """Versions that changed within a window."""
        window = ChangeWindow.from_key(key)
        span = (int(window.changed_from.timestamp()), int(window.changed_to.timestamp()))
        if resource == "lead":
            params = {"with": LEAD_PARTS}
            yield from self._type(
                "lead", self._api.walk_changes("leads", "leads", "updated_at", span, params)
            )
            yield from self._type_bin(span)
        elif resource in ("contact", "company"):
            path = "contacts" if resource == "contact" else "companies"
            pages = self._api.walk_changes(path, path, "updated_at", span, {})
            yield from self._type(resource, pages)
        elif resource == "call_note":
            yield from self._type("call_note", self._read_notes(span))
        elif resource == "task":
            params = {**_between("updated_at", span), "order[id]": "asc"}
            yield from self._type("task", self._api.walk_pages("tasks", "tasks", params))
        else:
            params = {**_between("created_at", span), "filter[type]": ",".join(STATUS_EVENTS)}
            pages = self._api.walk_pages("events", "events", params, LONGEST_EVENTS_PAGE)
            yield from self._type("event", pages)

    def read_snapshot(self, resource: str) -> Iterator[Batch]:
        """A dictionary, whole."""
        yield from self._type(resource, self._read_dictionary(resource))

    def read_scan(self, resource: str, known_rows: int) -> Iterator[Batch]:
        """All ids of a list, proven: nothing left the list while it was walked.

        A row that leaves shifts those behind it by one, and a page border would then hide a row
        that is there: it would be taken for deleted. New rows come last and shift nothing.
        """
        path = SCANS[resource]
        for _ in range(MOST_SCANS):
            before = self._find_leaving(path)
            pages = self._api.walk_pages(path, path, {"order[id]": "asc"})
            found = [row["id"] for page in pages for row in page]
            if self._find_leaving(path) <= before:
                break
        else:
            raise IncompleteAnswer(
                f"amoCRM account {self._name} lost {path} during each of {MOST_SCANS} complete "
                "scans; ask again later"
            )
        if len(found) * 2 < known_rows and not self._may_lose_many:
            raise IncompleteAnswer(
                f"amoCRM account {self._name} shows {len(found)} {path} where {known_rows} were "
                "known: more than half are gone. If they were really deleted, set the option "
                "allow_mass_deletion for one run; else see what the token's user may read"
            )
        yield Batch(
            pa.RecordBatch.from_arrays(
                [pa.repeat(pa.scalar(self._name), len(found)), pa.array(found, pa.uint64())],
                schema=RESOURCES[resource].schema,
            )
        )

    def _find_leaving(self, path: str) -> set[str]:
        """Events of the last minutes that tell of a row leaving the list."""
        since = int(self._now().timestamp()) - SKEW_SECONDS
        params = {"filter[type]": LEAVING_EVENTS[path], "filter[created_at][from]": since}
        pages = self._api.walk_pages("events", "events", params, LONGEST_EVENTS_PAGE)
        return {row["id"] for page in pages for row in page}

    def _read_notes(self, span: tuple[int, int]) -> Iterator[list[Record]]:
        """Call notes of all three kinds of entity; the kind is written into each."""
        params = {"filter[note_type][0]": "call_in", "filter[note_type][1]": "call_out"}
        for kind in ("leads", "contacts", "companies"):
            for page in self._api.walk_changes(
                f"{kind}/notes", "notes", "updated_at", span, params
            ):
                yield [{**note, "entity_kind": kind} for note in page]

    def _read_dictionary(self, resource: str) -> Iterator[list[Record]]:
        if resource == "status":
            yield from self._read_statuses()
        elif resource == "catalog_element":
            for catalogs in self._api.walk_pages("catalogs", "catalogs", {}):
                for catalog in catalogs:
                    kind = {"catalog_type": catalog["type"]}
                    path = f"catalogs/{catalog['id']}/elements"
                    for page in self._api.walk_pages(path, "elements", {}):
                        yield [{**element, **kind} for element in page]
        elif resource == "unsorted":
            yield from self._api.walk_pages("leads/unsorted", "unsorted", {})
        elif resource == "user":
            yield from self._api.walk_pages("users", "users", {"with": "role,group"})
        else:
            yield from self._api.walk_pages("leads/loss_reasons", "loss_reasons", {})

    def _read_statuses(self) -> Iterator[list[Record]]:
        for pipeline in self._api.read_whole("leads/pipelines", "pipelines"):
            of_pipeline = {
                "pipeline_name": pipeline["name"],
                "is_main_pipeline": pipeline["is_main"],
                "is_archived_pipeline": pipeline["is_archive"],
            }
            yield [{**status, **of_pipeline} for status in pipeline["_embedded"]["statuses"]]

    def _type_bin(self, span: tuple[int, int]) -> Iterator[Batch]:
        """Deleted deals, of which the vendor shows id and time alone: other columns are null."""
        params = {"with": "only_deleted", **_between("updated_at", span)}
        schema = RESOURCES["lead"].schema
        fields = CustomFields()
        columns = [c for c in make_columns("lead", fields, {}) if c.name in BIN_FIELDS]
        lists = [c for c in make_columns("lead", fields, {}) if c.name == "tags"]
        empty = set(schema.names) - {*BIN_FIELDS, "tags", "payload"}
        reader = RecordReader(
            "amoCRM leads in the bin",
            schema,
            [*columns, *(replace(column, read=lambda _: []) for column in lists)],
            dict.fromkeys(empty) | self._constants("lead"),
            "payload",
            ("account_id", "updated_by", "_links", "_embedded", *IGNORED["lead"].split()),
        )
        number = 1
        for page in self._api.walk_pages("leads", "leads", params):
            inside = [row for row in page if span[0] <= row["updated_at"] < span[1]]
            if inside:
                yield reader.read(inside, number)
                number += len(inside)

    def _type(self, resource: str, pages: Iterable[list[Record]]) -> Iterator[Batch]:
        schema, fields = RESOURCES[resource].schema, CustomFields()
        reader = RecordReader(
            f"amoCRM {resource}",
            schema,
            make_columns(resource, fields, self._custom),
            self._constants(resource),
            "payload",
            IGNORED[resource].split(),
        )
        number = 1
        for rows in _gather(pages):
            batch = reader.read(rows, number)
            fields.forget()
            number += len(rows)
            told = find_new_values(resource, rows)
            yield replace(batch, findings=(*batch.findings, *told)) if told else batch

    def _constants(self, resource: str) -> dict[str, Any]:
        constants = {"account_id": self._name}
        if resource in WITH_MONEY:
            constants["currency_code"] = self.currency
        return constants


def _between(moment: str, span: tuple[int, int]) -> dict[str, Any]:
    """The vendor's ends are both inclusive."""
    return {f"filter[{moment}][from]": span[0], f"filter[{moment}][to]": span[1] - 1}


def _gather(pages: Iterable[list[Record]]) -> Iterator[list[Record]]:
    """Pages put together, as a batch of a few rows costs as much as one of many."""
    gathered: list[Record] = []
    for page in pages:
        gathered += page
        if len(gathered) >= ROWS_PER_BATCH:
            yield gathered
            gathered = []
    if gathered:
        yield gathered
