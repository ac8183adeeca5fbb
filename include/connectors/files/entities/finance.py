"""What bank and books know: payments, sold lines, what goods cost, what was planned."""

from __future__ import annotations

from include.connectors.files.entities.columns import (
    DAY,
    INSTANT,
    MONEY,
    MONEY_COLUMNS,
    NUMBER,
    TEXT,
    VAT_BASES,
    Column,
    amounts,
    counts,
    personal,
    required,
    texts,
)
from include.connectors.files.entities.entity import Entity

PERIOD_KINDS = ("day", "week", "month", "quarter", "year")
"""How long a period lasts that is named by its first day."""

PAYMENT = Entity(
    "payment",
    "payment document",
    Column("paid_date", DAY),
    Column("paid_at", INSTANT),
    # `own` is money moved between two accounts of the same owner: neither income nor cost.
    required("direction", words=("in", "out", "own")),
    required("amount", MONEY),
    *MONEY_COLUMNS,
    *amounts("vat_amount"),
    *texts("document_kind", "document_number"),
    Column("document_date", DAY),
    *texts("own_account"),
    # The payer when direction is `in`, the payee when it is `out`.
    personal("counterparty_name"),
    *texts("counterparty_inn", "counterparty_kpp", "counterparty_account"),
    personal("purpose"),
    *texts("customer_id", "deal_id", "invoice_number"),
    one_of=(("paid_date", "paid_at"),),
    control="amount",
)
SALE = Entity(
    "sale",
    "line of a sales document",
    required("document_number"),
    Column("sold_date", DAY),
    Column("sold_at", INSTANT),
    *texts("customer_id"),
    personal("customer_name"),
    *texts("customer_inn", "customer_kpp", "contract_name", "deal_id", "sku", "product_name"),
    Column("quantity", NUMBER),
    *texts("unit_name"),
    required("amount", MONEY),
    *MONEY_COLUMNS,
    *texts("vat_rate_label"),
    *amounts("vat_amount", "cost_amount"),
    Column("cost_vat_basis", TEXT, words=VAT_BASES),
    one_of=(("sold_date", "sold_at"),),
    control="amount",
)
PRODUCT_COST = Entity(
    "product_cost",
    "product and day its cost begins",
    required("sku"),
    *texts("product_name", "unit_name"),
    required("valid_from", DAY),
    required("unit_cost", NUMBER),
    *MONEY_COLUMNS,
    control="unit_cost",
)
BUDGET_PLAN = Entity(
    "budget_plan",
    "period, channel and campaign",
    required("period_from", DAY),
    required("period_kind", words=PERIOD_KINDS),
    required("channel_label"),
    *texts("campaign_name", "plan_version"),
    required("planned_cost_amount", MONEY),
    *counts("planned_clicks", "planned_leads", "planned_deals"),
    *amounts("planned_revenue_amount"),
    *MONEY_COLUMNS,
    control="planned_cost_amount",
)
