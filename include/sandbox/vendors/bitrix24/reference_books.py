"""Methods over the portal's reference books that older integrations still call.

The vendor has frozen the family ``crm.dealcategory`` in favour of ``crm.category`` and answers it;
its list leaves out the default pipeline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from include.sandbox.vendors.bitrix24.directories import (
    DEAL_CATEGORIES,
    category_rows,
    status_rows,
)
from include.sandbox.vendors.bitrix24.errors import refuse_argument
from include.sandbox.vendors.bitrix24.listing import Answer, Stream, list_rows
from include.sandbox.vendors.bitrix24.parameters import Parameters

if TYPE_CHECKING:
    from include.sandbox.vendors.bitrix24.methods import Call

SETUP_AT = "2024-07-15T00:00:00+03:00"
OWNER_TYPES = (
    (1, "Лид", "LEAD", "L"),
    (2, "Сделка", "DEAL", "D"),
    (3, "Контакт", "CONTACT", "C"),
    (4, "Компания", "COMPANY", "CO"),
    (5, "Счёт (старая версия)", "INVOICE", "I"),
    (31, "Счёт", "SMART_INVOICE", "SI"),
    (7, "Предложение", "QUOTE", "Q"),
    (8, "Реквизиты", "REQUISITE", "RQ"),
)
BOOK_NAMES = {
    "STATUS": "Статусы",
    "SOURCE": "Источники",
    "DEAL_TYPE": "Тип сделки",
    "CONTACT_TYPE": "Тип контакта",
    "COMPANY_TYPE": "Тип компании",
}


def list_deal_categories(call: Call) -> Answer:
    """Every pipeline of deals but the default one."""
    rows = [
        {
            "ID": str(row["id"]),
            "CREATED_DATE": SETUP_AT,
            "NAME": row["name"],
            "IS_LOCKED": "N",
            "SORT": str(row["sort"]),
        }
        for row in category_rows(call.portal, DEAL_CATEGORIES)
        if row["id"]
    ]
    return list_rows(Stream(rows), call.parameters)


def get_default_category(call: Call) -> Answer:
    """The pipeline the list leaves out."""
    first = next(row for row in category_rows(call.portal, DEAL_CATEGORIES) if not row["id"])
    return Answer({"ID": 0, "NAME": first["name"]})


def name_stage_book(call: Call) -> Answer:
    """The ``ENTITY_ID`` a pipeline's stages are kept under."""
    return Answer(_stage_book(call.parameters.number("id")))


def list_category_stages(call: Call) -> Answer:
    """Stages of a pipeline, the default one's where none is named; nothing of an unknown one."""
    return Answer(_book_rows(call, _stage_book(call.parameters.number("id"))))


def list_books(call: Call) -> Answer:
    """Kinds of rows ``crm.status.list`` has, with the names people see."""
    kinds = dict.fromkeys(row["ENTITY_ID"] for row in status_rows(call.portal))
    return Answer(
        [
            {"ID": kind, "NAME": BOOK_NAMES.get(kind, "Стадии"), "SEMANTIC_INFO": {}}
            for kind in kinds
        ]
    )


def list_book_rows(call: Call) -> Answer:
    """Rows of one book by their place."""
    return Answer(_book_rows(call, str(call.parameters.get("entityid") or "")))


def list_owner_types(_: Call) -> Answer:
    """Numbers and codes of entities."""
    return Answer(
        [
            {"ID": number, "NAME": name, "SYMBOL_CODE": code, "SYMBOL_CODE_SHORT": short}
            for number, name, code, short in OWNER_TYPES
        ]
    )


def get_activity(call: Call) -> Answer:
    """One activity, with the phones and addresses a list leaves out."""
    found = _find(call, "activity", call.parameters.number("id"), ["*", "COMMUNICATIONS"])
    if not found:
        raise refuse_argument("Not found")
    return Answer(found[0])


def get_task(call: Call) -> Answer:
    """One task."""
    wanted = call.parameters.get("select") or ["*"]
    found = _find(call, "task", call.parameters.number("taskid"), wanted)
    if not found:
        raise refuse_argument("Задача не найдена или доступ запрещен")
    return Answer({"task": found[0]})


def _find(call: Call, stream: str, number: int, wanted: Any) -> list[Any]:
    parameters = Parameters({"filter": {"ID": number}, "select": wanted, "start": -1})
    found: list[Any] = list_rows(call.portal.stream(stream), parameters, call.own_user).result
    return found


def list_company_contacts(call: Call) -> Answer:
    """Contacts of a company, the first of them its main one."""
    number = call.parameters.number("id")
    if number not in call.portal.living["company"]:
        raise refuse_argument("Not found.")
    survivors = call.portal.surroundings.survivors
    contacts = [
        contact
        for contact, row in sorted(call.portal.living["contact"].items())
        if survivors.get(("company", row["company_id"] or 0), row["company_id"]) == number
    ]
    return Answer(
        [
            {
                "CONTACT_ID": contact,
                "SORT": 10 * place,
                "ROLE_ID": 0,
                "IS_PRIMARY": "Y" if place == 1 else "N",
            }
            for place, contact in enumerate(contacts, 1)
        ]
    )


def _stage_book(category: int) -> str:
    return f"DEAL_STAGE_{category}" if category > 0 else "DEAL_STAGE"


def _book_rows(call: Call, book: str) -> list[dict[str, Any]]:
    rows = [row for row in status_rows(call.portal) if row["ENTITY_ID"] == book]
    return sorted(rows, key=lambda row: (int(row["SORT"]), int(row["ID"])))
