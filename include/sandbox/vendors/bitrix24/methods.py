"""Every method the portal knows: its name in lower case, its scope, and what answers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from include.sandbox.vendors.bitrix24 import reference_books as books
from include.sandbox.vendors.bitrix24.access import Caller
from include.sandbox.vendors.bitrix24.conditions import as_values
from include.sandbox.vendors.bitrix24.custom_fields import userfield_rows
from include.sandbox.vendors.bitrix24.directories import (
    ADDRESS_TOTAL,
    address_rows,
    category_rows,
    describe_fields,
    status_rows,
    user_rows,
)
from include.sandbox.vendors.bitrix24.entity_rows import spell_instant
from include.sandbox.vendors.bitrix24.errors import ApiError, refuse_argument
from include.sandbox.vendors.bitrix24.item_spelling import (
    ENTITY_TYPES,
    OUTDATED_INVOICE,
    spell_item,
)
from include.sandbox.vendors.bitrix24.listing import Answer, Stream, list_rows
from include.sandbox.vendors.bitrix24.parameters import Parameters
from include.sandbox.vendors.bitrix24.portal import Portal
from include.sandbox.vendors.bitrix24.sales_documents import INVOICE, classic_product_row
from include.sandbox.vendors.bitrix24.telephony import fold_phone
from include.sandbox.vendors.bitrix24.written import (
    Written,
    add_trace,
    delete_trace,
    merge_entities,
)


@dataclass(frozen=True)
class Call:
    """One call of a method."""

    portal: Portal
    parameters: Parameters
    caller: Caller
    written: Written
    now: datetime

    @property
    def own_user(self) -> int | None:
        """The user whose records alone are seen; None where all are."""
        return self.caller.user_id if self.caller.is_own_only else None


@dataclass(frozen=True)
class Method:
    """Its scope (empty: anybody's) and its answer."""

    scope: str
    answer: Callable[[Call], Answer]


def _list_entities(kind: str) -> Callable[[Call], Answer]:
    return lambda call: list_rows(call.portal.stream(kind), call.parameters, call.own_user)


def _get_entity(kind: str) -> Callable[[Call], Answer]:
    def answer(call: Call) -> Answer:
        number = call.parameters.number("id")
        if number <= 0:
            raise refuse_argument("ID is not defined or invalid")
        row = call.portal.stream(kind).find(number)
        if row is None:
            raise refuse_argument("Not found")
        if call.own_user is not None and row["ASSIGNED_BY_ID"] != str(call.own_user):
            raise refuse_argument("Access denied.")
        return Answer({name: value for name, value in row.items() if value != []})

    return answer


def _list_userfields(kind: str) -> Callable[[Call], Answer]:
    def answer(call: Call) -> Answer:
        rows = userfield_rows(kind, call.portal.reason_ids)
        conditions = call.parameters.mapping("filter")
        language = conditions.pop("LANG", None)
        if language is None:
            labels = ("EDIT_FORM_LABEL", "LIST_COLUMN_LABEL", "LIST_FILTER_LABEL")
            rows = [row | dict.fromkeys(labels) for row in rows]
        parameters = Parameters(call.parameters.values | {"filter": conditions})
        return list_rows(Stream(rows), parameters)

    return answer


def _describe_entity(kind: str) -> Callable[[Call], Answer]:
    return lambda call: Answer(describe_fields(call.portal.stream(kind).rows, kind, False))


def _product_rows_of(kind: str) -> Callable[[Call], Answer]:
    def answer(call: Call) -> Answer:
        number = call.parameters.number("id")
        if number not in call.portal.living[kind]:
            raise refuse_argument("Not found")
        rows = call.portal.product_rows_by_deal.get(number, []) if kind == "deal" else []
        return Answer([classic_product_row(row) for row in rows])

    return answer


def _deal_contacts(call: Call) -> Answer:
    number = call.parameters.number("id")
    if number < 1:
        raise refuse_argument("The parameter ownerEntityID is invalid or not defined.")
    if number not in call.portal.living["deal"]:
        raise refuse_argument("Not found.")
    deal = call.portal.living["deal"][number]
    around = call.portal.surroundings
    contact = around.survivors.get(("contact", deal["contact_id"] or 0), deal["contact_id"])
    if not contact:
        return Answer([])
    return Answer([{"CONTACT_ID": contact, "SORT": 10, "ROLE_ID": 0, "IS_PRIMARY": "Y"}])


def _contact_companies(call: Call) -> Answer:
    contact = call.portal.living["contact"].get(call.parameters.number("id"))
    if contact is None:
        raise refuse_argument("Not found.")
    around = call.portal.surroundings
    company = around.survivors.get(("company", contact["company_id"] or 0), contact["company_id"])
    if not company:
        return Answer([])
    return Answer([{"COMPANY_ID": company, "SORT": 10, "ROLE_ID": 0, "IS_PRIMARY": "Y"}])


def _item_stream(portal: Portal, entity_type: int) -> Stream:
    if entity_type == INVOICE:
        return portal.stream("invoice")
    if entity_type not in ENTITY_TYPES:
        detail = f"Entity type `{entity_type}` is not supported"
        raise ApiError("ENTITY_TYPE_NOT_SUPPORTED", detail)
    name = f"item_{entity_type}"
    if name not in portal.extra_streams:
        rows = portal.stream(ENTITY_TYPES[entity_type]).rows
        portal.extra_streams[name] = Stream(
            [spell_item(row, entity_type) for row in rows],
            id_field="id",
            always=("id",),
            owner_field="assignedById",
            is_strict=True,
            allows_groups=True,
        )
    return portal.extra_streams[name]


def _list_items(call: Call) -> Answer:
    entity_type = call.parameters.number("entityTypeId")
    stream = _item_stream(call.portal, entity_type)
    page = list_rows(stream, call.parameters, call.own_user)
    return Answer({"items": page.result}, page.total, page.next)


def _get_item(call: Call) -> Answer:
    stream = _item_stream(call.portal, call.parameters.number("entityTypeId"))
    row = stream.find(call.parameters.number("id"))
    if row is None:
        raise ApiError("NOT_FOUND", "Элемент не найден", 400)
    return Answer({"item": dict(row)})


def _describe_items(call: Call) -> Answer:
    entity_type = call.parameters.number("entityTypeId")
    rows = _item_stream(call.portal, entity_type).rows
    kind = ENTITY_TYPES.get(entity_type, "invoice")
    return Answer({"fields": describe_fields(rows, kind, True)})


def _list_history(call: Call) -> Answer:
    entity_type = call.parameters.number("entityTypeId")
    if entity_type == OUTDATED_INVOICE:
        return Answer({"items": []}, 0)
    if entity_type not in (1, 2, INVOICE):
        detail = f"Entity type `{entity_type}` is not supported"
        raise ApiError("ENTITY_TYPE_NOT_SUPPORTED", detail)
    page = list_rows(call.portal.stream(f"history_{entity_type}"), call.parameters)
    return Answer({"items": page.result}, page.total, page.next)


def _list_categories(call: Call) -> Answer:
    rows = category_rows(call.portal, call.parameters.number("entityTypeId"))
    page = list_rows(Stream(rows, id_field="id"), call.parameters)
    return Answer({"categories": page.result}, page.total, page.next)


def _list_item_product_rows(call: Call) -> Answer:
    conditions = call.parameters.mapping("filter")
    if not any(key.lstrip("=@").casefold() == "ownertype" for key in conditions):
        raise ApiError("INVALID_ARG_VALUE", "The filter needs ownerType and ownerId")
    owner = str(conditions.get("=ownerId", ""))
    stream = call.portal.stream("product_row")
    if owner.isdigit():
        rows = call.portal.product_rows_by_deal.get(int(owner), [])
        stream = Stream(rows, id_field="id", is_strict=True)
    page = list_rows(stream, call.parameters)
    return Answer({"productRows": page.result}, page.total, page.next)


def _list_addresses(call: Call) -> Answer:
    page = list_rows(Stream(address_rows(call.portal), id_field="ENTITY_ID"), call.parameters)
    return Answer(page.result, ADDRESS_TOTAL, page.next)


def _merge_entities(call: Call) -> Answer:
    return Answer(merge_entities(call.parameters, call.portal.living, call.written, call.now))


def _list_statuses(call: Call) -> Answer:
    stream = Stream(status_rows(call.portal))
    conditions = call.parameters.mapping("filter")
    order = call.parameters.mapping("order")
    parameters = Parameters({"filter": conditions, "order": order})
    rows: list[Any] = []
    while True:
        page = list_rows(stream, parameters)
        rows += page.result
        if page.next is None:
            return Answer(rows, total=len(rows))
        parameters.values["start"] = page.next


def _list_users(call: Call) -> Answer:
    conditions = call.parameters.mapping("filter")
    for name, value in call.parameters.values.items():
        if name in ("id", "active", "email", "name", "last_name", "user_type"):
            conditions[name] = value
    order = call.parameters.get("order")
    sort = call.parameters.get("sort")
    if not isinstance(order, dict):
        order = {str(sort or "ID"): str(order or "ASC")}
    parameters = Parameters({**call.parameters.values, "filter": conditions, "select": None})
    return list_rows(Stream(user_rows(call.portal)), parameters, order=order)


def _current_user(call: Call) -> Answer:
    rows = user_rows(call.portal)
    own = [row for row in rows if row["ID"] == str(call.caller.user_id)]
    return Answer(dict(own[0]) if own else {"ID": str(call.caller.user_id), "ACTIVE": True})


def _list_calls(call: Call) -> Answer:
    order = {str(call.parameters.get("sort") or "ID"): str(call.parameters.get("order") or "ASC")}
    parameters = Parameters({**call.parameters.values, "select": None})
    return list_rows(call.portal.stream("call"), parameters, call.own_user, order=order)


def _list_tasks(call: Call) -> Answer:
    stream = call.portal.stream("task")
    for name in call.parameters.mapping("order"):
        if stream.rows and stream.find_field(name) is None:
            raise ApiError(0, "Неверный ключ сортировки (internal error)", 400)
    page = list_rows(stream, call.parameters, call.own_user)
    return Answer({"tasks": page.result}, page.total, page.next)


def _find_by_communication(call: Call) -> Answer:
    kind = str(call.parameters.get("type") or "").upper()
    if kind not in ("PHONE", "EMAIL"):
        raise refuse_argument("Communication type is not supported or not defined.")
    wanted = [str(value) for value in as_values(call.parameters.get("values") or [])]
    if not wanted or len(wanted) > 20:
        raise refuse_argument("Parameter 'values' must contain from 1 to 20 items.")
    fold = fold_phone if kind == "PHONE" else str.casefold
    folded = {fold(value) for value in wanted}
    entity = str(call.parameters.get("entity_type") or "").upper()
    found: dict[str, list[int]] = {}
    for name in ("LEAD", "CONTACT", "COMPANY"):
        if entity not in ("", name):
            continue
        ids = [
            int(row["ID"])
            for row in call.portal.stream(name.lower()).rows
            if any(fold(one["VALUE"]) in folded for one in row[kind])
        ]
        if ids:
            found[name] = ids
    return Answer(found or [])


def _app_info(call: Call) -> Answer:
    scopes = sorted(call.caller.scopes)
    return Answer({"ID": 1, "CODE": call.caller.key, "STATUS": "L", "SCOPE": scopes})


def _profile(call: Call) -> Answer:
    user = _current_user(call).result
    return Answer(
        {
            "ID": user["ID"],
            "ADMIN": call.own_user is None,
            "NAME": user.get("NAME", ""),
            "LAST_NAME": user.get("LAST_NAME", ""),
            "TIME_ZONE": "",
        }
    )


def _make_methods() -> Mapping[str, Method]:
    known = {
        "profile": Method("", _profile),
        "app.info": Method("", _app_info),
        "scope": Method("", lambda call: Answer(sorted(call.caller.scopes))),
        "server.time": Method("", lambda call: Answer(spell_instant(call.portal.now))),
        "methods": Method("", lambda call: Answer(sorted(METHODS))),
        "user.get": Method("user", _list_users),
        "user.search": Method("user", _list_users),
        "user.current": Method("user", _current_user),
        "crm.item.list": Method("crm", _list_items),
        "crm.item.get": Method("crm", _get_item),
        "crm.item.fields": Method("crm", _describe_items),
        "crm.item.productrow.list": Method("crm", _list_item_product_rows),
        "crm.invoice.list": Method("crm", lambda call: list_rows(Stream([]), call.parameters)),
        "crm.address.list": Method("crm", _list_addresses),
        "crm.entity.mergebatch": Method("crm", _merge_entities),
        "crm.tracking.trace.add": Method(
            "crm",
            lambda call: Answer(add_trace(call.parameters, call.portal.living, call.written)),
        ),
        "crm.tracking.trace.delete": Method(
            "crm", lambda call: Answer(delete_trace(call.parameters, call.written))
        ),
        "crm.category.list": Method("crm", _list_categories),
        "crm.status.list": Method("crm", _list_statuses),
        "crm.status.entity.types": Method("crm", books.list_books),
        "crm.status.entity.items": Method("crm", books.list_book_rows),
        "crm.enum.ownertype": Method("crm", books.list_owner_types),
        "crm.dealcategory.list": Method("crm", books.list_deal_categories),
        "crm.dealcategory.default.get": Method("crm", books.get_default_category),
        "crm.dealcategory.status": Method("crm", books.name_stage_book),
        "crm.dealcategory.stage.list": Method("crm", books.list_category_stages),
        "crm.stagehistory.list": Method("crm", _list_history),
        "crm.activity.list": Method("crm", _list_entities("activity")),
        "crm.activity.get": Method("crm", books.get_activity),
        "crm.company.contact.items.get": Method("crm", books.list_company_contacts),
        "crm.deal.contact.items.get": Method("crm", _deal_contacts),
        "crm.contact.company.items.get": Method("crm", _contact_companies),
        "crm.deal.productrows.get": Method("crm", _product_rows_of("deal")),
        "crm.lead.productrows.get": Method("crm", _product_rows_of("lead")),
        "crm.duplicate.findbycomm": Method("crm", _find_by_communication),
        "voximplant.statistic.get": Method("telephony", _list_calls),
        "tasks.task.list": Method("task", _list_tasks),
        "tasks.task.get": Method("task", books.get_task),
    }
    for kind in ENTITY_TYPES.values():
        known[f"crm.{kind}.list"] = Method("crm", _list_entities(kind))
        known[f"crm.{kind}.get"] = Method("crm", _get_entity(kind))
        known[f"crm.{kind}.fields"] = Method("crm", _describe_entity(kind))
        known[f"crm.{kind}.userfield.list"] = Method("crm", _list_userfields(kind))
    return known


METHODS = _make_methods()
