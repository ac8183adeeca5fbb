"""Which object types are read, and which columns each becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from include.connectors.hubspot import columns as col
from include.connectors.hubspot.columns import Part

ACCOUNT = pa.field("account_id", pa.string(), nullable=False)
IS_DELETED = pa.field("is_deleted", pa.bool_(), nullable=False)
PAYLOAD = pa.field("payload", pa.string(), nullable=False)


@dataclass(frozen=True)
class ObjectKind:
    """One object type; ``plural`` is the vendor's word for it in addresses."""

    name: str
    plural: str
    parts: Sequence[Part]
    targets: Sequence[str] = ()
    """Object types whose associations are columns ``<singular>_ids``."""
    roles: Sequence[str] = ()
    modified: str = "hs_lastmodifieddate"
    created: str = "hs_createdate"
    has_merges: bool = False
    history: Sequence[str] = ()
    """Properties whose every value is kept in the stage history."""
    is_scanned: bool = False

    @property
    def own_parts(self) -> list[Part]:
        """Every column but the account, the portal's own properties and the technical ones."""
        merged = (
            [col.split_numbers("merged_ids", "hs_merged_object_ids")] if self.has_merges else []
        )
        return [
            col.number(f"{self.name}_id", "hs_object_id"),
            *self.parts,
            col.link("manager_id", "hubspot_owner_id"),
            *(col.links(target_column(target)) for target in self.targets),
            *merged,
            col.moment("created_at", self.created, required=True),
            col.moment("updated_at", self.modified, required=True),
        ]

    def schema(self) -> pa.Schema:
        """Columns of its raw table."""
        own = [part.field() for part in (*self.own_parts, *col.roles(self.roles, {}))]
        return pa.schema([ACCOUNT, *own, IS_DELETED, PAYLOAD])


SINGULARS = {
    "contacts": "contact",
    "companies": "company",
    "deals": "deal",
    "leads": "lead",
}


def target_column(target: str) -> str:
    """The column of what an object is associated with."""
    return f"{SINGULARS[target]}_ids"


CONTACT = ObjectKind(
    "contact",
    "contacts",
    (
        col.word("first_name", "firstname"),
        col.word("last_name", "lastname"),
        col.word("email", "email"),
        col.split_texts("additional_emails", "hs_additional_emails"),
        col.word("phone", "phone"),
        col.word("mobile_phone", "mobilephone"),
        col.word("company_title", "company"),
        col.link("company_id", "associatedcompanyid"),
        col.word("lifecycle_stage", "lifecyclestage"),
        col.word("lead_status", "hs_lead_status"),
        col.word("analytics_source", "hs_analytics_source"),
        col.word("analytics_detail_1", "hs_analytics_source_data_1"),
        col.word("analytics_detail_2", "hs_analytics_source_data_2"),
        col.word("first_url", "hs_analytics_first_url"),
        col.word("google_click_id", "hs_google_click_id"),
    ),
    roles=col.WEB_ROLES,
    modified="lastmodifieddate",
    created="createdate",
    has_merges=True,
    is_scanned=True,
)
COMPANY = ObjectKind(
    "company",
    "companies",
    (
        col.word("title", "name"),
        col.word("domain", "domain"),
        col.word("phone", "phone"),
        col.word("lifecycle_stage", "lifecyclestage"),
    ),
    roles=("inn", "kpp"),
    created="createdate",
    has_merges=True,
    is_scanned=True,
)
DEAL = ObjectKind(
    "deal",
    "deals",
    (
        col.word("title", "dealname"),
        col.word("pipeline_id", "pipeline", required=True),
        col.word("stage_id", "dealstage", required=True),
        col.flag("is_closed", "hs_is_closed"),
        col.flag("is_won", "hs_is_closed_won"),
        col.exact("deal_amount", "amount"),
        col.exact("home_amount", "amount_in_home_currency"),
        col.word("currency_code", "deal_currency_code"),
        col.moment("closes_at", "closedate"),
        col.word("deal_type", "dealtype"),
        col.word("lost_reason", "closed_lost_reason"),
        col.word("won_reason", "closed_won_reason"),
    ),
    ("contacts", "companies"),
    (*col.WEB_ROLES, "source_label"),
    created="createdate",
    has_merges=True,
    history=("dealstage", "pipeline", "hubspot_owner_id"),
    is_scanned=True,
)
LEAD = ObjectKind(
    "lead",
    "leads",
    (
        col.word("title", "hs_lead_name"),
        col.word("lead_type", "hs_lead_type"),
        col.word("pipeline_id", "hs_pipeline"),
        col.word("stage_id", "hs_pipeline_stage", required=True),
        col.word("lost_reason", "hs_lead_disqualification_reason"),
    ),
    ("contacts", "companies", "deals"),
    (*col.WEB_ROLES, *col.PERSON_ROLES, "first_reply_at"),
    history=("hs_pipeline_stage", "hs_pipeline", "hubspot_owner_id"),
    is_scanned=True,
)
CALL = ObjectKind(
    "call",
    "calls",
    (
        col.word("title", "hs_call_title"),
        col.moment("started_at", "hs_timestamp"),
        col.word("direction", "hs_call_direction"),
        col.word("status", "hs_call_status"),
        col.link("talk_millis", "hs_call_duration"),
        col.word("from_phone", "hs_call_from_number"),
        col.word("to_phone", "hs_call_to_number"),
        col.word("record_url", "hs_call_recording_url"),
        col.word("disposition_id", "hs_call_disposition"),
    ),
    ("contacts", "deals"),
)
TASK = ObjectKind(
    "task",
    "tasks",
    (
        col.word("subject", "hs_task_subject"),
        col.word("status", "hs_task_status"),
        col.word("task_type", "hs_task_type"),
        col.moment("due_at", "hs_timestamp"),
        col.moment("completed_at", "hs_task_completion_date"),
    ),
    ("contacts", "deals"),
)
MEETING = ObjectKind(
    "meeting",
    "meetings",
    (
        col.word("subject", "hs_meeting_title"),
        col.word("outcome", "hs_meeting_outcome"),
        col.moment("started_at", "hs_meeting_start_time"),
        col.moment("ended_at", "hs_meeting_end_time"),
    ),
    ("contacts", "deals"),
)
EMAIL = ObjectKind(
    "email",
    "emails",
    (
        col.word("subject", "hs_email_subject"),
        col.word("direction", "hs_email_direction"),
        col.word("status", "hs_email_status"),
        col.moment("sent_at", "hs_timestamp"),
    ),
    ("contacts", "deals"),
)
LINE_ITEM = ObjectKind(
    "line_item",
    "line_items",
    (
        col.link("product_id", "hs_product_id"),
        col.word("product_name", "name"),
        col.word("sku", "hs_sku"),
        col.exact("quantity", "quantity"),
        col.exact("price_amount", "price"),
        col.exact("total_amount", "amount"),
        col.exact("tax_percent", "hs_tax_rate"),
        col.word("currency_code", "hs_line_item_currency_code"),
    ),
    ("deals",),
)
PRODUCT = ObjectKind(
    "product",
    "products",
    (
        col.word("product_name", "name"),
        col.word("sku", "hs_sku"),
        col.exact("price_amount", "price"),
        col.exact("cost_amount", "hs_cost_of_goods_sold"),
        col.word("currency_code", "hs_price_currency"),
    ),
)
INVOICE = ObjectKind(
    "invoice",
    "invoices",
    (
        col.word("invoice_number", "hs_number"),
        col.word("title", "hs_title"),
        col.word("status", "hs_invoice_status"),
        col.exact("billed_amount", "hs_amount_billed"),
        col.exact("paid_amount", "hs_amount_paid"),
        col.exact("tax_amount", "hs_tax_total"),
        col.word("currency_code", "hs_currency"),
        col.moment("invoiced_at", "hs_invoice_date"),
        col.moment("paid_at", "hs_payment_date"),
    ),
    ("deals",),
    ("inn", "kpp"),
)
KINDS = {
    kind.name: kind
    for kind in (
        CONTACT,
        COMPANY,
        DEAL,
        LEAD,
        CALL,
        TASK,
        MEETING,
        EMAIL,
        LINE_ITEM,
        PRODUCT,
        INVOICE,
    )
}
