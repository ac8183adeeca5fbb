"""The portal's own fields: where this company keeps client ids, lost reasons and tax numbers.

Names are as meaningless as on any real portal; only a configuration can say what they hold. An
enumeration is given as the id of its member.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

METRICA_CLIENT = "UF_CRM_1713790573"
GA_CLIENT = "UF_CRM_1713790574"
CLICK_ID = "UF_CRM_1713790575"
LOST_REASON = "UF_CRM_1713790576"
FIRST_REPLY = "UF_CRM_1713790577"
TAX_NUMBER = "UF_CRM_1713790580"
TAX_REASON_CODE = "UF_CRM_1713790581"
PAYER_TAX_NUMBER = "UF_CRM_SMART_INVOICE_1713790590"
FIRST_REASON_ID = 3157


@dataclass(frozen=True)
class CustomField:
    """One field of the portal's own."""

    name: str
    kind: str
    label: str


FIELDS: dict[str, tuple[CustomField, ...]] = {
    "lead": (
        CustomField(METRICA_CLIENT, "string", "ClientID Метрики"),
        CustomField(GA_CLIENT, "string", "Client ID Google"),
        CustomField(CLICK_ID, "string", "Метка клика"),
        CustomField(LOST_REASON, "enumeration", "Причина отказа"),
        CustomField(FIRST_REPLY, "datetime", "Первый ответ"),
    ),
    "deal": (
        CustomField(METRICA_CLIENT, "string", "ClientID Метрики"),
        CustomField(LOST_REASON, "enumeration", "Причина отказа"),
    ),
    "contact": (
        CustomField(METRICA_CLIENT, "string", "ClientID Метрики"),
        CustomField(GA_CLIENT, "string", "Client ID Google"),
    ),
    "company": (
        CustomField(TAX_NUMBER, "string", "ИНН"),
        CustomField(TAX_REASON_CODE, "string", "КПП"),
    ),
}
ENTITY_NUMBERS = {"lead": 1, "deal": 2, "contact": 3, "company": 4}


def number_reasons(reasons: Sequence[str]) -> dict[str, str]:
    """Lost reason → id of its member; ids grow by 2, as the vendor's do."""
    return {
        reason: str(FIRST_REASON_ID + 2 * place) for place, reason in enumerate(sorted(reasons))
    }


def userfield_rows(entity: str, reason_ids: Mapping[str, str]) -> list[dict[str, Any]]:
    """Rows of ``crm.<entity>.userfield.list``; labels are null until a language is asked for."""
    rows = []
    for place, custom in enumerate(FIELDS[entity]):
        row: dict[str, Any] = {
            "ID": str(5800 + 100 * ENTITY_NUMBERS[entity] + place),
            "ENTITY_ID": f"CRM_{entity.upper()}",
            "FIELD_NAME": custom.name,
            "USER_TYPE_ID": custom.kind,
            "XML_ID": None,
            "SORT": str(100 + 50 * place),
            "MULTIPLE": "N",
            "MANDATORY": "N",
            "SHOW_FILTER": "E",
            "SHOW_IN_LIST": "Y",
            "EDIT_IN_LIST": "Y",
            "IS_SEARCHABLE": "N",
            "SETTINGS": {},
            "EDIT_FORM_LABEL": custom.label,
            "LIST_COLUMN_LABEL": custom.label,
            "LIST_FILTER_LABEL": custom.label,
            "ERROR_MESSAGE": None,
            "HELP_MESSAGE": None,
        }
        if custom.kind == "enumeration":
            row["LIST"] = [
                {"ID": number, "SORT": str(10 * (i + 1)), "VALUE": reason, "DEF": "N"}
                for i, (reason, number) in enumerate(reason_ids.items())
            ]
        rows.append(row)
    return rows
