"""The raw tables of a portal and what a reader has to know of each."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from include.connectors.hubspot import columns as col
from include.connectors.hubspot.columns import Part
from include.connectors.hubspot.objects import ACCOUNT, KINDS, PAYLOAD
from include.connectors.protocol import Resource, ResourceFacts

HISTORY, OWNER, STAGE, PROPERTY = "stage_history", "owner", "pipeline_stage", "property"
NONE = "none"
ZONE = "instants in UTC"
HISTORY_PARTS: tuple[Part, ...] = (
    col.word("object_type", "object_type", required=True),
    col.number("object_id", "object_id"),
    col.word("property_name", "property_name", required=True),
    col.word("value", "value"),
    col.moment("changed_at", "timestamp", required=True),
    col.word("change_source", "sourceType"),
    col.word("change_source_id", "sourceId"),
    col.link("user_id", "updatedByUserId"),
)
OWNER_PARTS: tuple[Part, ...] = (
    col.number("owner_id", "id"),
    col.word("email", "email"),
    col.word("first_name", "firstName"),
    col.word("last_name", "lastName"),
    col.link("user_id", "userId"),
    col.flag("is_archived", "archived"),
)
STAGE_PARTS: tuple[Part, ...] = (
    col.word("object_type", "object_type", required=True),
    col.word("pipeline_id", "pipeline_id", required=True),
    col.word("pipeline_name", "pipeline_name"),
    col.word("stage_id", "id", required=True),
    col.word("stage_name", "label"),
    col.number("sort", "displayOrder"),
    col.flag("is_closed", "is_closed"),
    col.exact("probability", "probability"),
)
PROPERTY_PARTS: tuple[Part, ...] = (
    col.word("object_type", "object_type", required=True),
    col.word("property_name", "name", required=True),
    col.word("property_label", "label"),
    col.word("value_type", "type"),
    col.word("field_type", "fieldType"),
    col.flag("is_vendor_defined", "hubspotDefined"),
)
_CHANGES = "figures and stages change at any time; every change moves the update instant"
_FACTS = {
    "contact": (NONE, NONE, "name, e-mails, phones"),
    "company": (NONE, NONE, "phone"),
    "deal": ("of the record", "as the seller typed", "title"),
    "lead": (NONE, NONE, "title, and what the portal maps"),
    "call": (NONE, NONE, "phones, recording"),
    "task": (NONE, NONE, "subject"),
    "meeting": (NONE, NONE, "subject"),
    "product": ("of the record", "unknown", NONE),
    "email": (NONE, NONE, "subject"),
    "line_item": ("of the record", "in", NONE),
    "invoice": ("of the record", "in", "payer in payload"),
}


def _table(
    name: str, kind: str, parts: tuple[Part, ...], grain: str, moves: str, personal: str = NONE
) -> Resource:
    schema = pa.schema([ACCOUNT, *(part.field() for part in parts), PAYLOAD])
    facts = ResourceFacts(grain, ZONE if kind == "append" else NONE, NONE, NONE, moves, personal)
    return Resource(name, "append" if kind == "append" else "replace", schema, facts=facts)


def _make_resources() -> Mapping[str, Resource]:
    made = {}
    for name, kind in KINDS.items():
        currency, vat, personal = _FACTS[name]
        grain = f"one version of a {name.replace('_', ' ')} per change"
        facts = ResourceFacts(grain, ZONE, currency, vat, _CHANGES, personal)
        made[name] = Resource(name, "append", kind.schema(), facts=facts)
    made[HISTORY] = _table(
        HISTORY,
        "append",
        HISTORY_PARTS,
        "one value that the stage, pipeline or owner of a deal or lead took",
        "only added to; the whole history comes again with each change",
    )
    anew = "read anew in every run"
    made[OWNER] = _table(OWNER, "replace", OWNER_PARTS, "one owner", anew, "name, e-mail")
    made[STAGE] = _table(STAGE, "replace", STAGE_PARTS, "one stage of a pipeline", anew)
    made[PROPERTY] = _table(PROPERTY, "replace", PROPERTY_PARTS, "one property of a type", anew)
    for name, kind in KINDS.items():
        if kind.is_scanned:
            schema = pa.schema([ACCOUNT, pa.field(f"{name}_id", col.NUMBER, nullable=False)])
            facts = ResourceFacts(
                f"one {name} that exists",
                NONE,
                NONE,
                NONE,
                "whoever is in no newer scan was deleted or merged",
                NONE,
            )
            made[f"{name}_scan"] = Resource(f"{name}_scan", "replace", schema, facts=facts)
    return made


RESOURCES = _make_resources()
