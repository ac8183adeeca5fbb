"""The raw tables of a portal and what a reader has to know of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pyarrow as pa

from include.connectors.bitrix24 import columns as col
from include.connectors.bitrix24.columns import Part
from include.connectors.bitrix24.entities import ACCOUNT, ENTITIES, PAYLOAD, SCANNED, words_of
from include.connectors.protocol import Resource, ResourceFacts

CALL, HISTORY = "call", "stage_history"
PRODUCT_ROW, DEAL_CONTACT = "product_row", "deal_contact"
USER, PIPELINE, STATUS, CUSTOM_FIELD = "user", "pipeline", "status", "custom_field"
ZONE = "instants in UTC; the portal says them with its own offset"
NONE = "none"
CALL_PARTS: tuple[Part, ...] = (
    col.number("call_id", "ID"),
    col.word("call_key", "CALL_ID"),
    col.word("external_call_id", "EXTERNAL_CALL_ID"),
    col.word("call_type", "CALL_TYPE", required=True),
    col.word("phone", "PHONE_NUMBER"),
    col.word("portal_phone", "PORTAL_NUMBER"),
    col.moment("started_at", "CALL_START_DATE", required=True),
    col.count("talk_seconds", "CALL_DURATION"),
    col.word("failed_code", "CALL_FAILED_CODE", required=True),
    col.exact("cost_amount", "COST"),
    col.word("currency_code", "COST_CURRENCY"),
    col.link("manager_id", "PORTAL_USER_ID"),
    col.word("owner_type", "CRM_ENTITY_TYPE"),
    col.link("owner_id", "CRM_ENTITY_ID"),
    col.link("activity_id", "CRM_ACTIVITY_ID"),
    col.word("record_url", "CALL_RECORD_URL"),
)
HISTORY_PARTS: tuple[Part, ...] = (
    col.number("event_id", "ID"),
    col.number("type_id", "TYPE_ID"),
    col.number("owner_id", "OWNER_ID"),
    col.moment("created_at", "CREATED_TIME", required=True),
    Part("category_id", col.NUMBER, "CATEGORY_ID", col.integers, is_nullable=True),
)
PRODUCT_ROW_PARTS: tuple[Part, ...] = (
    col.number("row_id", "id"),
    col.number("deal_id", "ownerId"),
    col.link("product_id", "productId"),
    col.word("product_name", "productName"),
    col.exact("price_amount", "price"),
    col.exact("price_net_amount", "priceExclusive"),
    col.exact("quantity", "quantity"),
    col.exact("discount_percent", "discountRate"),
    col.exact("tax_percent", "taxRate"),
    col.flag("is_tax_included", "taxIncluded"),
    col.moment("deal_updated_at", "deal_updated_at", required=True),
)
DEAL_CONTACT_PARTS: tuple[Part, ...] = (
    col.number("deal_id", "deal_id"),
    col.number("contact_id", "CONTACT_ID"),
    col.flag("is_primary", "IS_PRIMARY"),
    col.count("sort", "SORT"),
    col.moment("deal_updated_at", "deal_updated_at", required=True),
)
USER_PARTS: tuple[Part, ...] = (
    col.number("user_id", "ID"),
    Part("is_active", col.FLAG, "ACTIVE", col.flag("", "").decode, is_required=True),
    col.word("first_name", "NAME"),
    col.word("last_name", "LAST_NAME"),
    col.word("email", "EMAIL"),
    col.word("user_type", "USER_TYPE"),
    col.word("work_position", "WORK_POSITION"),
)
PIPELINE_PARTS: tuple[Part, ...] = (
    col.number("entity_type_id", "entityTypeId"),
    col.number("category_id", "id"),
    col.word("category_name", "name", required=True),
    col.count("sort", "sort"),
    col.flag("is_default", "isDefault"),
)
STATUS_PARTS: tuple[Part, ...] = (
    col.number("status_row_id", "ID"),
    col.word("dictionary_id", "ENTITY_ID", required=True),
    col.word("status_id", "STATUS_ID", required=True),
    col.word("status_name", "NAME"),
    col.count("sort", "SORT"),
    col.flag("is_system", "SYSTEM"),
    col.word("semantics", "SEMANTICS"),
)
CUSTOM_FIELD_PARTS: tuple[Part, ...] = (
    col.word("entity", "ENTITY", required=True),
    col.word("field_name", "FIELD_NAME", required=True),
    col.word("value_type", "USER_TYPE_ID"),
    col.flag("is_multiple", "MULTIPLE"),
    col.word("field_label", "EDIT_FORM_LABEL"),
    col.link("value_id", "VALUE_ID"),
    col.word("value", "VALUE"),
)
CALL_KNOWN = words_of(
    "CALL_CATEGORY CALL_LOG RECORD_FILE_ID RECORD_DURATION CALL_VOTE CALL_FAILED_REASON "
    "REST_APP_ID REST_APP_NAME TRANSCRIPT_ID TRANSCRIPT_PENDING SESSION_ID REDIAL_ATTEMPT COMMENT"
)
HISTORY_KNOWN = words_of("CATEGORY_ID")
DEAL_CONTACT_KNOWN = words_of("ROLE_ID deal_updated_at deal_id")
PRODUCT_ROW_KNOWN = words_of(
    "ownerType priceAccount priceNetto priceBrutto discountTypeId discountSum customized "
    "measureCode measureName sort xmlId type storeId deal_updated_at"
)
_ALWAYS = "amounts, stages and managers change at any time; every change moves the update instant"
_FACTS = {
    "lead": ("one version of a lead per change", "of the record", "unknown", "name, phone, e-mail"),
    "deal": ("one version of a deal per change", "of the record", "as the seller typed", "title"),
    "contact": ("one version of a contact per change", NONE, NONE, "name, phones, e-mails"),
    "company": ("one version of a company per change", NONE, NONE, "phones, e-mails"),
    "activity": ("one version of an activity per change", NONE, NONE, "subject, payload"),
    "invoice": ("one version of an invoice per change", "of the record", "in", "payer in payload"),
}


def _table(
    name: str,
    kind: Literal["replace", "append"],
    fields: list[pa.Field],
    facts: ResourceFacts,
    day_column: str | None = None,
    control_columns: tuple[str, ...] = (),
) -> Resource:
    return Resource(name, kind, pa.schema([ACCOUNT, *fields]), day_column, control_columns, facts)


def _directory(name: str, parts: tuple[Part, ...], grain: str, personal: str) -> Resource:
    facts = ResourceFacts(grain, NONE, NONE, NONE, "read anew in every run", personal)
    return _table(name, "replace", [*(part.field() for part in parts), PAYLOAD], facts)


def _make_resources() -> Mapping[str, Resource]:
    made = {}
    for name, entity in ENTITIES.items():
        grain, currency, vat, personal = _FACTS[name]
        facts = ResourceFacts(grain, ZONE, currency, vat, _ALWAYS, personal)
        made[name] = Resource(name, "append", entity.schema(), facts=facts)
    made[HISTORY] = _table(
        HISTORY,
        "append",
        [
            pa.field("entity_type", pa.string(), nullable=False),
            *(part.field() for part in HISTORY_PARTS),
            pa.field("stage_id", pa.string(), nullable=False),
            pa.field("stage_semantics", pa.string(), nullable=False),
            PAYLOAD,
        ],
        ResourceFacts("one entry of a lead or deal into a stage", ZONE, NONE, NONE, "never", NONE),
    )
    made[PRODUCT_ROW] = _table(
        PRODUCT_ROW,
        "append",
        [
            *(part.field() for part in PRODUCT_ROW_PARTS),
            PAYLOAD,
        ],
        ResourceFacts(
            "one product of a deal per change of the deal; only rows of the deal's newest change "
            "count",
            ZONE,
            "of the deal",
            "as the row says",
            "with the deal",
            NONE,
        ),
    )
    made[DEAL_CONTACT] = _table(
        DEAL_CONTACT,
        "append",
        [*(part.field() for part in DEAL_CONTACT_PARTS), PAYLOAD],
        ResourceFacts(
            "one contact of a deal per change of the deal; only those of the deal's newest change "
            "count",
            ZONE,
            NONE,
            NONE,
            "with the deal",
            NONE,
        ),
    )
    made[CALL] = _table(
        CALL,
        "replace",
        [
            pa.field("call_date", col.DAY, nullable=False),
            *(part.field() for part in CALL_PARTS),
            PAYLOAD,
        ],
        ResourceFacts(
            "one call",
            "days of the option time_zone",
            "of the call's cost",
            "unknown",
            "calls come late: seen by their number per day over 90 days; recordings and owners "
            "change within the look-back (3 days), later changes are not seen",
            "phone, recording",
        ),
        "call_date",
        ("talk_seconds",),
    )
    made[USER] = _directory(USER, USER_PARTS, "one employee", "name, e-mail")
    made[PIPELINE] = _directory(PIPELINE, PIPELINE_PARTS, "one pipeline", NONE)
    made[STATUS] = _directory(STATUS, STATUS_PARTS, "one stage, source or other status", NONE)
    made[CUSTOM_FIELD] = _directory(
        CUSTOM_FIELD, CUSTOM_FIELD_PARTS, "one field of the portal's own, or a choice of it", NONE
    )
    for entity in SCANNED:
        name = entity.name
        facts = ResourceFacts(
            f"one {name} that exists",
            NONE,
            NONE,
            NONE,
            "whoever is in no newer scan was deleted or merged",
            NONE,
        )
        field = pa.field(f"{name}_id", col.NUMBER, nullable=False)
        made[f"{name}_scan"] = _table(f"{name}_scan", "replace", [field], facts)
    return made


RESOURCES = _make_resources()
