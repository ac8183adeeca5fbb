"""What is read of leads, deals, contacts, companies, activities and invoices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from include.connectors.bitrix24 import columns as col
from include.connectors.bitrix24.columns import Part
from include.connectors.bitrix24.lists import Listing

PAYLOAD = pa.field("payload", pa.string(), nullable=False)
ACCOUNT = pa.field("account_id", pa.string(), nullable=False)
IS_DELETED = pa.field("is_deleted", pa.bool_(), nullable=False)
EVERY_FIELD = ("*", "UF_*")
SEMANTICS = frozenset({"P", "S", "F"})
INVOICE_TYPE = 31


@dataclass(frozen=True)
class Entity:
    """One kind of entity: where it is listed and which columns it becomes."""

    name: str
    listing: Listing
    changed_field: str
    parts: Sequence[Part]
    roles: Sequence[str] = ()
    known: frozenset[str] = frozenset()
    """Standard fields that are kept in the payload only."""
    stage_semantics: str = ""

    def schema(self) -> pa.Schema:
        """Columns of its raw table."""
        own = [part.field() for part in (*self.parts, *col.roles(self.roles, {}))]
        return pa.schema([ACCOUNT, *own, IS_DELETED, PAYLOAD])

    def listing_between(self, changed_from: str, changed_to: str) -> Listing:
        """The list of those changed within a half-open window of ISO instants."""
        window = {
            f">={self.changed_field}": changed_from,
            f"<{self.changed_field}": changed_to,
        }
        return _with_conditions(self.listing, window)


def _with_conditions(listing: Listing, conditions: Mapping[str, Any]) -> Listing:
    return Listing(
        listing.method,
        {**listing.conditions, **conditions},
        listing.select,
        listing.rows_at,
        listing.id_field,
        listing.fixed,
        listing.is_telephony,
    )


def words_of(text: str) -> frozenset[str]:
    """Fields that are known and kept in the payload only, from a line of them."""
    return frozenset(text.split())


_SERVICE = "CREATED_BY_ID MODIFY_BY_ID OPENED ORIGIN_VERSION LAST_ACTIVITY_TIME LAST_ACTIVITY_BY"
_ADDRESS = (
    "ADDRESS ADDRESS_2 ADDRESS_CITY ADDRESS_POSTAL_CODE ADDRESS_REGION ADDRESS_PROVINCE "
    "ADDRESS_COUNTRY ADDRESS_COUNTRY_CODE ADDRESS_LOC_ADDR_ID"
)
_CARD = "HONORIFIC BIRTHDATE POST COMMENTS HAS_PHONE HAS_EMAIL HAS_IMOL IM LINK WEB"
_ORIGIN = [col.word("originator_id", "ORIGINATOR_ID"), col.word("origin_id", "ORIGIN_ID")]
_TIMES = [
    col.moment("created_at", "DATE_CREATE", required=True),
    col.moment("updated_at", "DATE_MODIFY", required=True),
]
_WEB_ROLES = ("metrica_client_id", "ga_client_id", "yclid", "gclid", "click_id", "roistat_id")

LEAD = Entity(
    "lead",
    Listing("crm.lead.list", select=(*EVERY_FIELD, "PHONE", "EMAIL", "WEB", "IM")),
    "DATE_MODIFY",
    (
        col.number("lead_id", "ID"),
        col.word("title", "TITLE"),
        col.word("first_name", "NAME"),
        col.word("second_name", "SECOND_NAME"),
        col.word("last_name", "LAST_NAME"),
        col.word("company_title", "COMPANY_TITLE"),
        col.values("phones", "PHONE"),
        col.values("emails", "EMAIL"),
        col.link("contact_id", "CONTACT_ID"),
        col.link("company_id", "COMPANY_ID"),
        col.word("status_id", "STATUS_ID", required=True),
        col.word("status_semantics", "STATUS_SEMANTIC_ID"),
        col.word("source_id", "SOURCE_ID"),
        col.word("source_description", "SOURCE_DESCRIPTION"),
        col.money("opportunity_amount", "OPPORTUNITY"),
        col.word("currency_code", "CURRENCY_ID"),
        col.link("manager_id", "ASSIGNED_BY_ID"),
        *_TIMES,
        col.moment("moved_at", "MOVED_TIME"),
        col.moment("closed_at", "DATE_CLOSED"),
        *_ORIGIN,
        *col.utm(),
    ),
    (*_WEB_ROLES, "lost_reason_id", "first_reply_at"),
    words_of(
        f"{_SERVICE} {_ADDRESS} {_CARD} IS_RETURN_CUSTOMER STATUS_DESCRIPTION "
        "IS_MANUAL_OPPORTUNITY MOVED_BY_ID"
    ),
    "STATUS_SEMANTIC_ID",
)
DEAL = Entity(
    "deal",
    Listing("crm.deal.list", select=EVERY_FIELD),
    "DATE_MODIFY",
    (
        col.number("deal_id", "ID"),
        col.word("title", "TITLE"),
        col.word("type_id", "TYPE_ID"),
        col.number("category_id", "CATEGORY_ID"),
        col.word("stage_id", "STAGE_ID", required=True),
        col.word("stage_semantics", "STAGE_SEMANTIC_ID"),
        col.flag("is_closed", "CLOSED"),
        col.money("opportunity_amount", "OPPORTUNITY"),
        col.word("currency_code", "CURRENCY_ID"),
        col.link("lead_id", "LEAD_ID"),
        col.link("contact_id", "CONTACT_ID"),
        col.link("company_id", "COMPANY_ID"),
        col.word("source_id", "SOURCE_ID"),
        col.word("source_description", "SOURCE_DESCRIPTION"),
        col.link("manager_id", "ASSIGNED_BY_ID"),
        *_TIMES,
        col.moment("moved_at", "MOVED_TIME"),
        *_ORIGIN,
        *col.utm(),
    ),
    (*_WEB_ROLES, "lost_reason_id"),
    words_of(
        f"{_SERVICE} IS_NEW IS_RECURRING IS_RETURN_CUSTOMER IS_REPEATED_APPROACH PROBABILITY "
        "IS_MANUAL_OPPORTUNITY TAX_VALUE QUOTE_ID BEGINDATE CLOSEDATE COMMENTS MOVED_BY_ID "
        "ADDITIONAL_INFO LOCATION_ID"
    ),
    "STAGE_SEMANTIC_ID",
)
CONTACT = Entity(
    "contact",
    Listing("crm.contact.list", select=(*EVERY_FIELD, "PHONE", "EMAIL", "WEB", "IM")),
    "DATE_MODIFY",
    (
        col.number("contact_id", "ID"),
        col.word("first_name", "NAME"),
        col.word("second_name", "SECOND_NAME"),
        col.word("last_name", "LAST_NAME"),
        col.values("phones", "PHONE"),
        col.values("emails", "EMAIL"),
        col.link("company_id", "COMPANY_ID"),
        col.link("lead_id", "LEAD_ID"),
        col.word("type_id", "TYPE_ID"),
        col.word("source_id", "SOURCE_ID"),
        col.link("manager_id", "ASSIGNED_BY_ID"),
        *_TIMES,
        *_ORIGIN,
        *col.utm(),
    ),
    _WEB_ROLES,
    words_of(f"{_SERVICE} {_ADDRESS} {_CARD} PHOTO SOURCE_DESCRIPTION EXPORT FACE_ID"),
)
COMPANY = Entity(
    "company",
    Listing("crm.company.list", select=(*EVERY_FIELD, "PHONE", "EMAIL", "WEB", "IM")),
    "DATE_MODIFY",
    (
        col.number("company_id", "ID"),
        col.word("title", "TITLE"),
        col.values("phones", "PHONE"),
        col.values("emails", "EMAIL"),
        col.values("websites", "WEB"),
        col.link("lead_id", "LEAD_ID"),
        col.word("type_id", "COMPANY_TYPE"),
        col.flag("is_my_company", "IS_MY_COMPANY"),
        col.link("manager_id", "ASSIGNED_BY_ID"),
        *_TIMES,
        *_ORIGIN,
    ),
    ("inn", "kpp"),
    words_of(
        f"{_SERVICE} {_ADDRESS} {_CARD} LOGO INDUSTRY REVENUE CURRENCY_ID EMPLOYEES "
        "BANKING_DETAILS UTM_SOURCE UTM_MEDIUM UTM_CAMPAIGN UTM_CONTENT UTM_TERM"
    ),
)
ACTIVITY = Entity(
    "activity",
    Listing("crm.activity.list", select=("*", "COMMUNICATIONS")),
    "LAST_UPDATED",
    (
        col.number("activity_id", "ID"),
        col.number("owner_type_id", "OWNER_TYPE_ID"),
        col.number("owner_id", "OWNER_ID"),
        col.word("type_id", "TYPE_ID"),
        col.word("provider_id", "PROVIDER_ID"),
        col.word("subject", "SUBJECT"),
        col.word("direction", "DIRECTION"),
        col.flag("is_completed", "COMPLETED"),
        col.link("manager_id", "RESPONSIBLE_ID"),
        col.word("origin_id", "ORIGIN_ID"),
        col.moment("created_at", "CREATED", required=True),
        col.moment("updated_at", "LAST_UPDATED", required=True),
        col.moment("started_at", "START_TIME"),
        col.moment("ended_at", "END_TIME"),
        col.moment("due_at", "DEADLINE"),
    ),
    (),
    words_of(
        "PROVIDER_TYPE_ID PROVIDER_GROUP_ID ASSOCIATED_ENTITY_ID STATUS PRIORITY NOTIFY_TYPE "
        "NOTIFY_VALUE DESCRIPTION DESCRIPTION_TYPE LOCATION SETTINGS ORIGINATOR_ID AUTHOR_ID "
        "EDITOR_ID PROVIDER_PARAMS PROVIDER_DATA RESULT_MARK RESULT_VALUE RESULT_SUM "
        "RESULT_CURRENCY_ID RESULT_STATUS RESULT_STREAM RESULT_SOURCE_ID AUTOCOMPLETE_RULE "
        "COMMUNICATIONS FILES"
    ),
)
INVOICE = Entity(
    "invoice",
    Listing("crm.item.list", rows_at="items", id_field="id", fixed={"entityTypeId": INVOICE_TYPE}),
    "updatedTime",
    (
        col.number("invoice_id", "id"),
        col.word("account_number", "accountNumber"),
        col.word("title", "title"),
        col.link("deal_id", "parentId2"),
        col.link("company_id", "companyId"),
        col.link("contact_id", "contactId"),
        col.word("stage_id", "stageId", required=True),
        col.money("opportunity_amount", "opportunity"),
        col.money("tax_amount", "taxValue"),
        col.word("currency_code", "currencyId"),
        col.link("manager_id", "assignedById"),
        col.moment("created_at", "createdTime", required=True),
        col.moment("updated_at", "updatedTime", required=True),
        col.moment("moved_at", "movedTime"),
        col.moment("begins_at", "begindate"),
        col.moment("closes_at", "closedate"),
    ),
    ("inn", "kpp"),
    words_of(
        "xmlId createdBy updatedBy movedBy categoryId opened previousStageId isManualOpportunity "
        "mycompanyId sourceId comments lastActivityBy lastActivityTime entityTypeId"
    ),
)
ENTITIES = {one.name: one for one in (LEAD, DEAL, CONTACT, COMPANY, ACTIVITY, INVOICE)}
SCANNED = (LEAD, DEAL, CONTACT, COMPANY)
