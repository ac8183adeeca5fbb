"""Turns searches and lists of a portal into record batches of its raw tables.

A search stops at 10,000 rows, so it is walked by object id within a fixed window of changes. It
shows neither associations nor what was archived: both are asked for beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import pyarrow as pa

from include.connectors._change_windows import ChangeWindow
from include.connectors._records import Record, RecordReader
from include.connectors.hubspot import columns as col
from include.connectors.hubspot.answers import MissingScope
from include.connectors.hubspot.client import Client
from include.connectors.hubspot.columns import Part
from include.connectors.hubspot.objects import KINDS, ObjectKind, target_column
from include.connectors.hubspot.pages import count_all, join_pages, walk_list, walk_search
from include.connectors.hubspot.resources import (
    HISTORY,
    HISTORY_PARTS,
    OWNER,
    OWNER_PARTS,
    PROPERTY_PARTS,
    RESOURCES,
    STAGE,
    STAGE_PARTS,
)
from include.connectors.protocol import (
    AccessDenied,
    Batch,
    Capability,
    IncompleteAnswer,
    RequestRefused,
)

HISTORY_ROWS = 50
ASSOCIATED_ROWS = 1000
PIPELINE_TYPES = ("deals", "leads")
SOURCES = frozenset(
    {
        "ORGANIC_SEARCH",
        "PAID_SEARCH",
        "EMAIL_MARKETING",
        "SOCIAL_MEDIA",
        "PAID_SOCIAL",
        "REFERRALS",
        "OTHER_CAMPAIGNS",
        "DIRECT_TRAFFIC",
        "OFFLINE",
        "AI_REFERRALS",
        "",
    }
)
CALL_STATUSES = frozenset(
    {
        "BUSY",
        "CALLING_CRM_USER",
        "CANCELED",
        "COMPLETED",
        "CONNECTING",
        "FAILED",
        "HOLD",
        "IN_PROGRESS",
        "MISSED",
        "NO_ANSWER",
        "QUEUED",
        "RINGING",
        "",
    }
)
DECLARED_VALUES = {"hs_analytics_source": SOURCES, "hs_call_status": CALL_STATUSES}


class PortalReader:
    """Reads one portal.

    ``fields`` maps roles to properties of the portal's own. ``names`` are the resources that are
    read at all: stages and properties of the others may be out of the app's reach.
    """

    def __init__(
        self,
        client: Client,
        account: str,
        fields: Mapping[str, Sequence[str]],
        names: Collection[str],
        allows_mass_deletion: bool,
    ) -> None:
        self._client = client
        self._account = account
        self._fields = fields
        self._names = names
        self._kinds = [kind for kind in KINDS.values() if kind.name in names]
        self._allows_mass_deletion = allows_mass_deletion
        self._properties = cache(self._read_properties)

    def read_changes(
        self, resource: str, window: ChangeWindow, with_archived: bool
    ) -> Iterator[Batch]:
        """Everything changed within the window, and what was archived in it."""
        if resource == HISTORY:
            for kind in self._kinds:
                if kind.history:
                    yield from self._read_history(kind, window)
            return
        kind = KINDS[resource]
        names = self._properties(kind.plural)
        reader, told = self._make_reader(kind, names, False), set[str]()
        read = 0
        for page in join_pages(walk_search(self._client, kind, window, names), ASSOCIATED_ROWS):
            records = [_flatten(row) for row in page]
            self._add_associations(kind, records)
            batch = reader.read(records, read + 1)
            read += len(records)
            findings = tuple(text for text in _odd_values(records) if text not in told)
            told.update(findings)
            yield Batch(batch.rows, batch.rejected, (*batch.findings, *findings))
        if with_archived:
            yield from self._read_archived(kind, window)

    def read_directory(self, resource: str) -> Iterator[Batch]:
        """A whole directory."""
        if resource == OWNER:
            parts, rows = OWNER_PARTS, self._owners()
        elif resource == STAGE:
            parts, rows = STAGE_PARTS, list(self._stages())
        else:
            parts = PROPERTY_PARTS
            rows = [
                {**row, "object_type": kind.plural}
                for kind in self._kinds
                for row in self._client.get(f"crm/v3/properties/{kind.plural}")["results"]
            ]
        yield self._read_plain(resource, parts, rows)

    def scan(self, resource: str, known_rows: int) -> Iterator[Batch]:
        """Ids of all that exists and is not archived.

        Raises :class:`IncompleteAnswer` when the search counts more, or when more than half of the
        ids known before are missing.
        """
        kind = KINDS[resource.removesuffix("_scan")]
        total = count_all(self._client, kind)
        schema = RESOURCES[resource].schema
        found, last = 0, 0
        for page in walk_list(self._client, kind, {"properties": "hs_object_id"}):
            numbers = [int(row["id"]) for row in page if int(row["id"]) > last]
            if not numbers:
                continue
            found, last = found + len(numbers), numbers[-1]
            columns = [[self._account] * len(numbers), numbers]
            yield Batch(pa.RecordBatch.from_arrays(_arrays(columns, schema), schema=schema))
        if found < total and found < count_all(self._client, kind):
            raise IncompleteAnswer(
                f"HubSpot portal {self._account} listed {found} {kind.plural} and counts {total}; "
                "nothing of them is kept, ask again later"
            )
        if found * 2 < known_rows and not self._allows_mass_deletion:
            raise IncompleteAnswer(
                f"HubSpot portal {self._account} shows {found} of {known_rows} known "
                f"{kind.plural}: check what the app may see; if they were really deleted, set the "
                "option allow_mass_deletion for one run"
            )

    def check(self) -> Iterator[Capability]:
        """One row of each resource."""
        paths = {name: f"crm/v3/objects/{kind.plural}" for name, kind in KINDS.items()}
        paths |= {OWNER: "crm/v3/owners", STAGE: "crm/v3/pipelines/deals"}
        for name, path in paths.items():
            if name not in self._names:
                continue
            detail = ""
            try:
                self._client.get(path, limit=1)
            except (AccessDenied, MissingScope) as error:
                detail = str(error)
            yield Capability(name, not detail, detail)

    def _read_archived(self, kind: ObjectKind, window: ChangeWindow) -> Iterator[Batch]:
        """What was archived within the window; changed then, in the words of the raw table."""
        wanted = [part.path for part in kind.own_parts if part.path and "_ids" not in part.name]
        wanted += [name for names in self._fields.values() for name in names]
        reader = self._make_reader(kind, tuple(wanted), True)
        query = {"archived": "true", "properties": ",".join(dict.fromkeys(wanted))}
        for page in walk_list(self._client, kind, query):
            records = []
            for row in page:
                gone = col.instants([row.get("archivedAt")])[0].as_py()
                if gone is not None and window.changed_from <= gone < window.changed_to:
                    records.append({**_flatten(row), kind.modified: row["archivedAt"]})
            if records:
                yield reader.read(records)

    def _make_reader(
        self, kind: ObjectKind, names: Sequence[str], is_deleted: bool
    ) -> RecordReader:
        parts = [*kind.own_parts, *col.roles(kind.roles, self._fields)]
        return RecordReader(
            f"hubspot {kind.name}",
            RESOURCES[kind.name].schema,
            [part.column() for part in parts],
            {"account_id": self._account, "is_deleted": is_deleted},
            "payload",
            {*names, *(target_column(target) for target in kind.targets)},
        )

    def _add_associations(self, kind: ObjectKind, records: Sequence[dict[str, Any]]) -> None:
        for target in kind.targets:
            path = f"crm/v4/associations/{kind.plural}/{target}/batch/read"
            inputs = [{"id": str(record["hs_object_id"])} for record in records]
            answer = self._client.post(path, {"inputs": inputs})
            found = {
                str(one["from"]["id"]): sorted({int(to["toObjectId"]) for to in one["to"]})
                for one in answer["results"]
            }
            for one in answer["results"]:
                if (one.get("paging") or {}).get("next"):
                    number = str(one["from"]["id"])
                    found[number] = self._all_associations(kind, number, target)
            for record in records:
                record[target_column(target)] = found.get(str(record["hs_object_id"]), [])

    def _all_associations(self, kind: ObjectKind, number: str, target: str) -> list[int]:
        """Of an object with more associations than a batch shows."""
        found: set[int] = set()
        after: dict[str, str] = {}
        while True:
            path = f"crm/v4/objects/{kind.plural}/{number}/associations/{target}"
            answer = self._client.get(path, limit=500, **after)
            found |= {int(to["toObjectId"]) for to in answer["results"]}
            following = (answer.get("paging") or {}).get("next")
            if not following:
                return sorted(found)
            after = {"after": following["after"]}

    def _read_history(self, kind: ObjectKind, window: ChangeWindow) -> Iterator[Batch]:
        """Every value of the stage, of objects changed within the window."""
        for page in walk_search(self._client, kind, window, ("hs_object_id",)):
            for start in range(0, len(page), HISTORY_ROWS):
                wanted = page[start : start + HISTORY_ROWS]
                answer = self._client.post(
                    f"crm/v3/objects/{kind.plural}/batch/read",
                    {
                        "inputs": [{"id": row["id"]} for row in wanted],
                        "properties": ["hs_object_id"],
                        "propertiesWithHistory": list(kind.history),
                    },
                )
                rows = [
                    {
                        **change,
                        "object_type": kind.name,
                        "object_id": one["id"],
                        "property_name": name,
                    }
                    for one in answer["results"]
                    for name, changes in (one.get("propertiesWithHistory") or {}).items()
                    for change in changes
                ]
                yield self._read_plain(HISTORY, HISTORY_PARTS, rows)

    def _read_plain(self, resource: str, parts: Sequence[Part], rows: Sequence[Record]) -> Batch:
        return RecordReader(
            f"hubspot {resource}",
            RESOURCES[resource].schema,
            [part.column() for part in parts],
            {"account_id": self._account},
            "payload",
            set().union(*rows) if rows else (),
        ).read(rows)

    def _owners(self) -> list[Record]:
        """Active and archived ones."""
        rows: list[Record] = []
        for archived in ("false", "true"):
            after: dict[str, str] = {}
            while True:
                answer = self._client.get("crm/v3/owners", limit=100, archived=archived, **after)
                rows += answer["results"]
                following = (answer.get("paging") or {}).get("next")
                if not following:
                    break
                after = {"after": following["after"]}
        return rows

    def _stages(self) -> Iterator[Record]:
        piped = [kind.plural for kind in self._kinds if kind.plural in PIPELINE_TYPES]
        for object_type in piped:
            for pipeline in self._client.get(f"crm/v3/pipelines/{object_type}")["results"]:
                for stage in pipeline["stages"]:
                    metadata = stage.get("metadata") or {}
                    yield {
                        **stage,
                        "object_type": object_type,
                        "pipeline_id": pipeline["id"],
                        "pipeline_name": pipeline["label"],
                        "is_closed": metadata.get("isClosed"),
                        "probability": metadata.get("probability"),
                    }

    def _read_properties(self, plural: str) -> tuple[str, ...]:
        """Names of every property of a type."""
        rows = self._client.get(f"crm/v3/properties/{plural}")["results"]
        return tuple(str(row["name"]) for row in rows)


def _flatten(row: Record) -> dict[str, Any]:
    """The filled and empty properties of an object, its id among them."""
    if "id" not in row or "properties" not in row:
        raise RequestRefused(
            "objects of HubSpot no longer have id and properties: the vendor's API has changed; "
            "compare its changelog with the connector"
        )
    return {**row["properties"], "hs_object_id": row["id"]}


def _odd_values(records: Sequence[Record]) -> list[str]:
    return [
        f"unknown value {value} of {name}"
        for name, declared in DECLARED_VALUES.items()
        for value in sorted({str(record.get(name) or "") for record in records} - declared)
    ]


def _arrays(columns: Sequence[Sequence[Any]], schema: pa.Schema) -> list[pa.Array]:
    return [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
