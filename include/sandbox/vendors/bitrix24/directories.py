"""The portal's directories: users, pipelines, statuses and sources, currencies, fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.sandbox.vendors.bitrix24.custom_fields import FIELDS
from include.sandbox.vendors.bitrix24.portal import Portal, camel_name
from include.sandbox.vendors.bitrix24.sales_documents import INVOICE, INVOICE_CATEGORY
from include.sandbox.vendors.bitrix24.stages import Stage, make_status

FIRST_STATUS_ID = 101
SOURCE_NAMES = {
    "CALL": "Звонок",
    "WEBFORM": "CRM-форма",
    "CHAT": "Онлайн-чат",
    "EXHIBITION": "Выставка",
    "OUTBOUND": "Исходящий звонок",
    "WEB": "Веб-сайт",
    "EMAIL": "Электронная почта",
    "OTHER": "Другое",
}
KINDS_OF_CLIENT = (
    ("DEAL_TYPE", "SALE", "Продажа"),
    ("CONTACT_TYPE", "CLIENT", "Клиенты"),
    ("COMPANY_TYPE", "CUSTOMER", "Клиент"),
)
DEAL_CATEGORIES = 2
LEGAL_ADDRESS = "6"
REQUISITE = "8"
ADDRESS_TOTAL = 50
"""What the vendor says is the total of ``crm.address.list``, however many there are."""


def user_rows(portal: Portal) -> list[dict[str, Any]]:
    """Rows of ``user.get``: ACTIVE is a boolean, two instants are empty objects."""
    return [
        {
            "ID": str(number),
            "ACTIVE": row["is_active"] is not False,
            "NAME": row["first_name"] or "",
            "LAST_NAME": row["last_name"] or "",
            "SECOND_NAME": "",
            "EMAIL": row["email"] or "",
            "LAST_LOGIN": "",
            "DATE_REGISTER": "2024-07-15T00:00:00+03:00",
            "TIME_ZONE": "",
            "IS_ONLINE": "N",
            "TIMESTAMP_X": {},
            "LAST_ACTIVITY_DATE": {},
            "PERSONAL_GENDER": "",
            "PERSONAL_BIRTHDAY": "",
            "PERSONAL_MOBILE": "",
            "WORK_PHONE": "",
            "WORK_POSITION": "",
            "UF_EMPLOYMENT_DATE": "",
            "UF_DEPARTMENT": [1],
            "USER_TYPE": "employee",
        }
        for number, row in portal.managers.items()
    ]


def address_rows(portal: Portal) -> list[dict[str, Any]]:
    """Rows of ``crm.address.list``: a registered address per company, of which only the country
    is known. They have no id of their own."""
    return [
        {
            "TYPE_ID": LEGAL_ADDRESS,
            "ENTITY_TYPE_ID": REQUISITE,
            "ENTITY_ID": str(number),
            "ADDRESS_1": None,
            "ADDRESS_2": None,
            "CITY": None,
            "POSTAL_CODE": None,
            "REGION": None,
            "PROVINCE": None,
            "COUNTRY": "Россия",
            "COUNTRY_CODE": None,
            "LOC_ADDR_ID": "0",
            "ANCHOR_TYPE_ID": "4",
            "ANCHOR_ID": str(number),
        }
        for number in portal.living["company"]
    ]


def category_rows(portal: Portal, entity_type: int) -> list[dict[str, Any]]:
    """Rows of ``crm.category.list``; the pipeline of id 0 is the default one."""
    if entity_type == DEAL_CATEGORIES:
        pipelines = portal.stages.pipelines
    elif entity_type == INVOICE:
        pipelines = [(INVOICE_CATEGORY, "Общая", 500)]
    else:
        pipelines = []
    return [
        {
            "id": number,
            "name": name,
            "sort": sort,
            "entityTypeId": entity_type,
            "isDefault": "Y" if number == 0 or entity_type == INVOICE else "N",
        }
        for number, name, sort in pipelines
    ]


def status_rows(portal: Portal) -> list[dict[str, Any]]:
    """Rows of ``crm.status.list``: stages, sources and kinds of client, ascending by id."""
    rows = portal.stages.status_rows()
    for place, label in enumerate(portal.sources()):
        rows.append(_plain_status("SOURCE", label, SOURCE_NAMES.get(label, label), 10 * place + 10))
    rows += [_plain_status(entity, word, name, 10) for entity, word, name in KINDS_OF_CLIENT]
    invoice_stages = (
        ("N", "Новый", "P", "open"),
        ("S", "Отправлен клиенту", "P", "open"),
        ("P", "Оплачен", "S", "won"),
        ("D", "Не оплачен", "F", "lost"),
    )
    for place, (letter, name, semantics, kind) in enumerate(invoice_stages):
        word = f"DT{INVOICE}_{INVOICE_CATEGORY}:{letter}"
        stage = Stage(word, name, semantics, 10 * place + 10, kind, True)
        entity = f"SMART_INVOICE_STAGE_{INVOICE_CATEGORY}"
        rows.append(make_status(entity, stage, str(INVOICE_CATEGORY)))
    return [{"ID": str(FIRST_STATUS_ID + 2 * place), **row} for place, row in enumerate(rows)]


def _plain_status(entity: str, word: str, name: str, sort: int) -> dict[str, Any]:
    return {
        "ENTITY_ID": entity,
        "STATUS_ID": word,
        "NAME": name,
        "NAME_INIT": "",
        "SORT": str(sort),
        "SYSTEM": "N",
        "CATEGORY_ID": None,
        "COLOR": None,
        "SEMANTICS": None,
    }


def describe_fields(rows: Any, kind: str, is_item: bool) -> dict[str, dict[str, Any]]:
    """What ``crm.<entity>.fields`` and ``crm.item.fields`` say of every field there is."""
    labels = {custom.name: custom.label for custom in FIELDS.get(kind, ())}
    if is_item:
        labels = {camel_name(name): label for name, label in labels.items()}
    first: Mapping[str, Any] = rows[0] if rows else {}
    fields = {name: _describe(name, value, labels) for name, value in first.items()}
    if kind == "deal" and not is_item:
        fields["CONTACT_IDS"] = _describe("CONTACT_IDS", [], labels)
    return fields


def _describe(name: str, value: Any, labels: Mapping[str, str]) -> dict[str, Any]:
    folded = name.upper()
    if isinstance(value, list):
        kind = "crm_multifield"
    elif "DATE" in folded or "TIME" in folded:
        kind = "datetime"
    elif isinstance(value, int) or folded == "ID":
        kind = "integer"
    else:
        kind = "string"
    return {
        "type": kind,
        "isRequired": False,
        "isReadOnly": folded == "ID",
        "isImmutable": False,
        "isMultiple": isinstance(value, list),
        "isDynamic": name in labels,
        "title": name,
        **({"formLabel": labels[name], "listLabel": labels[name]} if name in labels else {}),
    }
