"""What ``/crm/v3/properties`` says: every property of an object type, its type and its group.

Properties of the portal's own (client ids, enquiry fields, UTM marks) are not ``hubspotDefined``.
"""

from __future__ import annotations

from typing import Any

from include.sandbox.vendors.hubspot.book import Book
from include.sandbox.vendors.hubspot.errors import ApiError
from include.sandbox.vendors.hubspot.object_types import ObjectType
from include.sandbox.vendors.hubspot.people import UTM

OWN = {"ga_client_id", "metrica_client_id", "click_id", "tax_number", "payer_name", *UTM}
OWN_PREFIXES = ("enquiry_", "payer_")
NUMBERS = {"amount", "amount_in_home_currency", "price", "quantity", "hs_call_duration"}
NUMBERS |= {"hs_tax_rate", "hs_deal_stage_probability", "hs_object_id", "associatedcompanyid"}
CHOICES = {"dealstage", "pipeline", "hs_pipeline", "hs_pipeline_stage", "hs_lead_status"}
CHOICES |= {"hubspot_owner_id", "lifecyclestage", "hs_analytics_source", "dealtype"}
SETUP_AT = "2024-06-01T08:00:00Z"


def list_properties(book: Book, kind: ObjectType) -> list[dict[str, Any]]:
    """Every property, by name."""
    names: set[str] = {"hs_object_id", "hs_createdate", kind.created, kind.modified}
    names |= set(kind.defaults)
    for record in book.records(kind.plural).values():
        names |= set(record.properties)
    return [_describe(book, kind, name) for name in sorted(names)]


def list_old_properties(book: Book, kind: ObjectType) -> list[dict[str, Any]]:
    """The same as versions 1 and 2 say it: a bare list, which connectors learn columns from."""
    kept = ("name", "label", "description", "groupName", "type", "fieldType", "options",
            "displayOrder", "calculated", "externalOptions", "hidden", "hubspotDefined",
            "formField")  # fmt: skip
    return [
        {
            **{name: found[name] for name in kept},
            "deleted": False,
            "favorited": False,
            "readOnlyValue": found["modificationMetadata"]["readOnlyValue"],
            "readOnlyDefinition": found["modificationMetadata"]["readOnlyDefinition"],
        }
        for found in list_properties(book, kind)
    ]


def get_property(book: Book, kind: ObjectType, name: str) -> dict[str, Any]:
    """One property; OBJECT_NOT_FOUND for another name."""
    for found in list_properties(book, kind):
        if found["name"] == name:
            return found
    raise ApiError("OBJECT_NOT_FOUND", f"Property {name} does not exist")


def _describe(book: Book, kind: ObjectType, name: str) -> dict[str, Any]:
    is_own = name in OWN or name.startswith(OWN_PREFIXES)
    value_type, field_type = _types(name)
    return {
        "createdAt": SETUP_AT,
        "updatedAt": SETUP_AT,
        "name": name,
        "label": name.removeprefix("hs_").replace("_", " ").capitalize(),
        "type": value_type,
        "fieldType": field_type,
        "description": "",
        "groupName": f"{kind.singular}information",
        "options": _options(book, kind, name),
        "displayOrder": -1,
        "calculated": name.startswith("hs_v2_"),
        "externalOptions": name == "hubspot_owner_id",
        "hasUniqueValue": name in ("hs_object_id", "email"),
        "hidden": False,
        "hubspotDefined": not is_own,
        "modificationMetadata": {
            "archivable": is_own,
            "readOnlyDefinition": not is_own,
            "readOnlyValue": name.startswith("hs_"),
        },
        "formField": not name.startswith("hs_"),
        "dataSensitivity": "non_sensitive",
        "archived": False,
    }


def _types(name: str) -> tuple[str, str]:
    if name in NUMBERS:
        return "number", "number"
    if name in CHOICES:
        return "enumeration", "select"
    if name.endswith(("date", "timestamp", "_time")) or "date_entered" in name:
        return "datetime", "date"
    if name.startswith("hs_is_"):
        return "bool", "booleancheckbox"
    return "string", "text"


def _options(book: Book, kind: ObjectType, name: str) -> list[dict[str, Any]]:
    if name in ("dealstage", "hs_pipeline_stage", "pipeline", "hs_pipeline"):
        pipelines = book.pipelines.describe(kind.plural)
        chosen = pipelines
        if name.endswith("stage"):
            chosen = [stage for pipeline in pipelines for stage in pipeline["stages"]]
        return [_option(one["label"], one["id"], place) for place, one in enumerate(chosen)]
    if name not in CHOICES or name == "hubspot_owner_id":
        return []
    values = {record.properties.get(name) for record in book.records(kind.plural).values()}
    return [
        _option(value, value, place) for place, value in enumerate(sorted(filter(None, values)))
    ]


def _option(label: str, value: str, place: int) -> dict[str, Any]:
    return {"label": label, "value": value, "displayOrder": place, "hidden": False}
