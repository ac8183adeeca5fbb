"""Leads, deals, contacts and companies as ``crm.item.*`` spells them: camelCase, typed.

Ids are integers (0 where there is no link), money is a number, flags stay Y and N. Telephones and
e-mails are gathered in ``fm``, which only a selection of ``*`` shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.sandbox.vendors.bitrix24.portal import camel_name

ENTITY_TYPES = {1: "lead", 2: "deal", 3: "contact", 4: "company"}
OUTDATED_INVOICE = 5
RENAMED = {
    "DATE_CREATE": "createdTime",
    "DATE_MODIFY": "updatedTime",
    "DATE_CLOSED": "closedate",
    "CREATED_BY_ID": "createdBy",
    "MODIFY_BY_ID": "updatedBy",
    "MOVED_BY_ID": "movedBy",
    "STATUS_ID": "stageId",
    "STATUS_SEMANTIC_ID": "stageSemanticId",
    "COMPANY_TYPE": "typeId",
}
NUMBERS = {"opportunity", "taxValue", "revenue", "probability"}
WORDS = {"stageId", "stageSemanticId", "typeId", "sourceId", "currencyId", "originId"}
WORDS |= {"originatorId"}
MULTIPLE = ("PHONE", "EMAIL", "WEB", "IM", "LINK")


def spell_item(row: Mapping[str, Any], entity_type: int) -> dict[str, Any]:
    """One row of ``crm.item.list`` made of a row of the classic list."""
    item: dict[str, Any] = {}
    for name, value in row.items():
        if name in MULTIPLE:
            continue
        shown = RENAMED.get(name, camel_name(name))
        item[shown] = _typed(shown, value)
    item["entityTypeId"] = entity_type
    item["fm"] = (
        [
            {
                "id": int(one["ID"]),
                "valueType": one["VALUE_TYPE"],
                "value": one["VALUE"],
                "typeId": one["TYPE_ID"],
            }
            for name in MULTIPLE
            for one in row[name] or []
        ]
        if "PHONE" in row
        else []
    )
    return item


def _typed(name: str, value: Any) -> Any:
    if name in NUMBERS:
        number = float(value or 0)
        return int(number) if number.is_integer() else number
    is_link = name == "id" or name in ("createdBy", "updatedBy", "movedBy", "lastActivityBy")
    if is_link or (name.endswith("Id") and name not in WORDS):
        return int(value or 0)
    return None if value == "" else value
