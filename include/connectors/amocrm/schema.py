"""The raw tables of amoCRM: columns, what fills them, and what a reader has to know.

An amoCRM lead is a deal. Instants are UTC; money is the account's currency without VAT basis, as a
deal's price is a number somebody typed. Custom fields are found by code, id or name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from include.connectors._records import (
    TEXT_LIST,
    Column,
    Record,
    booleans,
    decimals,
    ids,
    integers,
    text_lists,
)
from include.connectors.amocrm.columns import (
    CustomFields,
    Spec,
    change_column,
    custom_column,
    flag_column,
    id_column,
    instant_column,
    linked_column,
    read_tags,
    text_column,
)
from include.connectors.protocol import Resource, ResourceFacts, SourceProfile

MONEY = pa.decimal128(18, 2)
LEAD_FIELDS = {
    "metrica_client_id": "_YM_UID",
    "ga_client_id": "GCLIENTID",
    "yclid": "YCLID",
    "gclid": "GCLID",
    "roistat_id": "ROISTAT",
    "utm_source": "UTM_SOURCE",
    "utm_medium": "UTM_MEDIUM",
    "utm_campaign": "UTM_CAMPAIGN",
    "utm_content": "UTM_CONTENT",
    "utm_term": "UTM_TERM",
}
"""Column → field code where the option ``custom_fields`` says nothing else."""
COMPANY_FIELDS = {"inn": "ИНН", "kpp": "КПП"}
STATUS_EVENTS = (
    "lead_added",
    "lead_status_changed",
    "lead_deleted",
    "lead_restored",
    "contact_deleted",
    "company_deleted",
    "entity_merged",
    "entity_responsible_changed",
    "sale_field_changed",
)
CALL_STATUSES = range(1, 9)


_PHONES = Spec("phones", TEXT_LIST, text_lists, read=lambda f: f.all("PHONE"), is_nullable=False)
_EMAILS = Spec("emails", TEXT_LIST, text_lists, read=lambda f: f.all("EMAIL"), is_nullable=False)
_TIMES = (instant_column("created_at", is_key=True), instant_column("updated_at", is_key=True))

SPECS: dict[str, tuple[Spec, ...]] = {
    "lead": (
        id_column("lead_id", is_key=True),
        text_column("lead_name", "name"),
        Spec("pipeline_id", pa.uint64(), integers, is_required=True),
        Spec("status_id", pa.uint64(), integers, is_required=True),
        Spec("price_amount", MONEY, decimals(2), "price", is_required=True),
        Spec("responsible_user_id", pa.uint64(), integers),
        Spec("created_by", pa.uint64(), integers),
        Spec("loss_reason_id", pa.uint64(), integers),
        Spec("source_id", pa.uint64(), integers),
        instant_column("created_at"),
        instant_column("updated_at", is_key=True),
        instant_column("closed_at"),
        flag_column("is_deleted"),
        linked_column("main_contact_id", "contacts", "is_main"),
        linked_column("company_id", "companies"),
        Spec("tags", TEXT_LIST, text_lists, read=read_tags, is_nullable=False),
        *(custom_column(name, code) for name, code in LEAD_FIELDS.items()),
    ),
    "contact": (
        id_column("contact_id", is_key=True),
        text_column("contact_name", "name"),
        text_column("first_name"),
        text_column("last_name"),
        Spec("responsible_user_id", pa.uint64(), integers),
        linked_column("company_id", "companies"),
        _PHONES,
        _EMAILS,
        *_TIMES,
        flag_column("is_deleted"),
    ),
    "company": (
        id_column("company_id", is_key=True),
        text_column("company_name", "name"),
        Spec("responsible_user_id", pa.uint64(), integers),
        *(custom_column(name, title) for name, title in COMPANY_FIELDS.items()),
        custom_column("site", "WEB"),
        _PHONES,
        _EMAILS,
        *_TIMES,
        flag_column("is_deleted"),
    ),
    "task": (
        id_column("task_id", is_key=True),
        text_column("entity_type"),
        id_column("entity_id", "entity_id"),
        Spec("task_type_id", pa.uint64(), integers),
        flag_column("is_completed"),
        text_column("task_text", "text"),
        Spec("responsible_user_id", pa.uint64(), integers),
        *_TIMES,
        instant_column("due_at", "complete_till"),
    ),
    "call_note": (
        id_column("note_id", is_key=True),
        text_column("entity_type", "entity_kind"),
        id_column("entity_id", "entity_id"),
        text_column("note_type"),
        Spec("responsible_user_id", pa.uint64(), integers),
        *_TIMES,
        Spec("call_id", pa.string(), ids, "params.uniq"),
        Spec("duration_seconds", pa.uint32(), integers, "params.duration"),
        text_column("call_source", "params.source"),
        text_column("phone", "params.phone"),
        Spec("call_status", pa.uint32(), integers, "params.call_status"),
        Spec("call_responsible", pa.string(), ids, "params.call_responsible"),
        text_column("record_url", "params.link"),
    ),
    "event": (
        Spec("event_id", pa.string(), ids, "id", None, True, False),
        text_column("event_type", "type"),
        text_column("entity_type"),
        id_column("entity_id", "entity_id", is_key=True),
        Spec("created_by", pa.uint64(), integers),
        instant_column("created_at", is_key=True),
        change_column("before_pipeline_id", "value_before", "lead_status", "pipeline_id"),
        change_column("before_status_id", "value_before", "lead_status", "id"),
        change_column("after_pipeline_id", "value_after", "lead_status", "pipeline_id"),
        change_column("after_status_id", "value_after", "lead_status", "id"),
        change_column("before_user_id", "value_before", "responsible_user", "id"),
        change_column("after_user_id", "value_after", "responsible_user", "id"),
    ),
    "status": (
        id_column("pipeline_id", "pipeline_id", is_key=True),
        text_column("pipeline_name"),
        Spec("is_main_pipeline", pa.bool_(), booleans),
        Spec("is_archived_pipeline", pa.bool_(), booleans),
        id_column("status_id", is_key=True),
        text_column("status_name", "name"),
        Spec("sort_order", pa.int64(), integers, "sort"),
        Spec("status_type", pa.int64(), integers, "type"),
    ),
    "user": (
        id_column("user_id", is_key=True),
        text_column("user_name", "name"),
        text_column("email"),
        Spec("is_active", pa.bool_(), booleans, "rights.is_active"),
        Spec("is_admin", pa.bool_(), booleans, "rights.is_admin"),
        Spec("group_id", pa.uint64(), integers, "rights.group_id"),
    ),
    "loss_reason": (
        id_column("loss_reason_id", is_key=True),
        text_column("reason_name", "name"),
        Spec("sort_order", pa.int64(), integers, "sort"),
    ),
    "unsorted": (
        Spec("unsorted_uid", pa.string(), ids, "uid", None, True, False),
        text_column("category"),
        text_column("source_name"),
        Spec("pipeline_id", pa.uint64(), integers),
        instant_column("created_at", is_key=True),
        linked_column("lead_id", "leads"),
        linked_column("main_contact_id", "contacts"),
        linked_column("company_id", "companies"),
    ),
    "catalog_element": (
        id_column("catalog_id", "catalog_id", is_key=True),
        text_column("catalog_type"),
        id_column("element_id", is_key=True),
        text_column("element_name", "name"),
        custom_column("sku", "SKU"),
        Spec("price_amount", MONEY, decimals(2), read=lambda f: f.first("PRICE")),
        Spec("bill_amount", MONEY, decimals(2), read=lambda f: f.first("BILL_PRICE")),
        custom_column("bill_status", "BILL_STATUS"),
        *_TIMES,
        flag_column("is_deleted"),
    ),
    "lead_scan": (id_column("lead_id", is_key=True),),
    "contact_scan": (id_column("contact_id", is_key=True),),
    "company_scan": (id_column("company_id", is_key=True),),
}
WINDOWED = ("lead", "contact", "company", "task", "call_note", "event")
SCANS = {"lead_scan": "leads", "contact_scan": "contacts", "company_scan": "companies"}
WITH_MONEY = ("lead", "catalog_element")
IGNORED = {
    "lead": "group_id updated_by closest_task_at score account_id labor_cost _links _embedded "
    "custom_fields_values is_price_modified_by_robot price_with_minor_units",
    "contact": "group_id created_by updated_by closest_task_at is_unsorted account_id _links "
    "_embedded custom_fields_values",
    "company": "group_id created_by updated_by closest_task_at account_id _links _embedded "
    "custom_fields_values",
    "task": "created_by updated_by group_id duration result account_id _links _embedded",
    "call_note": "entity_id created_by updated_by group_id account_id _links _embedded",
    "event": "value_after value_before account_id _links _embedded",
    "status": "is_editable color account_id _links",
    "user": "lang uuid amojo_id user_rank _links _embedded",
    "loss_reason": "created_at updated_at _links",
    "unsorted": "source_uid metadata account_id _links _embedded pipeline_id",
    "catalog_element": "created_by updated_by custom_fields_values account_id _links _embedded",
}
"""Top-level fields that are known and kept in the payload alone."""

_PEOPLE = "names, phones and e-mails as people typed them; payload too"
_FACTS = {
    "lead": ("version of a deal", "by updated_at, windows overlap 10 min", "deal name, payload"),
    "contact": ("version of a contact", "by updated_at, windows overlap 10 min", _PEOPLE),
    "company": ("version of a company", "by updated_at, windows overlap 10 min", _PEOPLE),
    "task": ("version of a task", "by updated_at, windows overlap 10 min", "task text, payload"),
    "call_note": ("version of a call's note", "by updated_at", "phone, record of the call"),
    "event": (
        "event of a deal's history; the first stage is in none, nor is who lost a merge",
        "never: events are only added",
        "none but who did it",
    ),
    "status": ("status of a pipeline, newest scan", "read whole on every run", "none"),
    "user": ("user, newest scan", "read whole on every run", "name and e-mail of staff"),
    "loss_reason": ("reason, newest scan", "read whole on every run", "none"),
    "unsorted": ("request waiting, newest scan", "read whole on every run", "payload"),
    "catalog_element": ("good or invoice, newest scan", "read whole on every run", "none"),
    "lead_scan": ("deal that is in the lists", "proven whole, else not landed", "none"),
    "contact_scan": ("contact in the lists", "proven whole, else not landed", "none"),
    "company_scan": ("company in the lists", "proven whole, else not landed", "none"),
}


def _schema(name: str) -> pa.Schema:
    fields = [pa.field("account_id", pa.string(), nullable=False)]
    fields += [spec.field for spec in SPECS[name]]
    if name in WITH_MONEY:
        fields.append(pa.field("currency_code", pa.string(), nullable=False))
    if name not in SCANS:
        fields.append(pa.field("payload", pa.string(), nullable=False))
    return pa.schema(fields)


def _resource(name: str) -> Resource:
    grain, restatement, personal = _FACTS[name]
    return Resource(
        name=name,
        kind="append" if name in WINDOWED else "replace",
        schema=_schema(name),
        facts=ResourceFacts(
            grain=grain,
            time_zone="UTC instants",
            currency="the account's, in currency_code" if name in WITH_MONEY else "no money",
            vat="not stated: a typed number" if name in WITH_MONEY else "no money",
            restatement=restatement,
            personal_data=personal,
        ),
    )


RESOURCES = {name: _resource(name) for name in SPECS}

PROFILE = SourceProfile(
    title="amoCRM (Kommo)",
    api="API v4, HAL JSON",
    limits="7 requests a second per integration; abuse bans the address",
    credentials={
        "token": "long-lived token of a private integration (the password), or else",
        "client_id": "integration's id of an OAuth pair",
        "client_secret": "its secret",
        "redirect_uri": "its redirect address",
        "refresh_token": "the newest refresh token; exchanged and stored back by itself",
    },
)


def make_columns(name: str, fields: CustomFields, custom: Mapping[str, str]) -> Sequence[Column]:
    """Columns of a resource; ``custom`` says which vendor field fills which column instead."""
    made = []
    for spec in SPECS[name]:
        read = spec.read(fields) if spec.read is not None else None
        if spec.name in custom:
            read = fields.first(custom[spec.name])
        made.append(Column(spec.name, spec.decode, spec.path, read, spec.is_required))
    return made


def find_new_values(name: str, rows: Iterable[Record]) -> tuple[str, ...]:
    """Values of fixed lists that nobody has declared."""
    if name != "call_note":
        return ()
    told = {(row.get("params") or {}).get("call_status") for row in rows} - {None, *CALL_STATUSES}
    return tuple(f"unknown call_status {value}" for value in sorted(told, key=str))
