"""Requests, deals, what customers brought, and what advertising cost."""

from __future__ import annotations

from include.connectors.files.entities.columns import (
    CURRENCY,
    DAY,
    INSTANT,
    MONEY,
    MONEY_COLUMNS,
    Column,
    amounts,
    counts,
    personal,
    required,
    texts,
)
from include.connectors.files.entities.entity import Entity

LEAD = Entity(
    "lead",
    "lead",
    required("lead_id"),
    Column("created_date", DAY),
    Column("created_at", INSTANT),
    *texts("source_label", "landing_page"),
    *texts("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term", "click_id"),
    personal("phone"),
    personal("email"),
    personal("person_name"),
    *texts("company_name"),
    CURRENCY,
)
DEAL = Entity(
    "deal",
    "deal",
    required("deal_id"),
    *texts("lead_id", "customer_id"),
    required("status", words=("won", "lost", "open")),
    Column("created_at", INSTANT),
    Column("closed_at", INSTANT),
    *amounts("amount"),
    *MONEY_COLUMNS,
    personal("phone"),
    personal("email"),
    control="amount",
)
CUSTOMER_REVENUE = Entity(
    "customer_revenue",
    "customer",
    required("customer_id"),
    *amounts("revenue_amount"),
    *MONEY_COLUMNS,
    Column("period_from", DAY),
    Column("period_to", DAY),
    control="revenue_amount",
)
AD_COST_DAILY = Entity(
    "ad_cost_daily",
    "day, channel and campaign",
    required("stats_date", DAY),
    required("channel_label"),
    *texts("campaign_name"),
    *counts("impressions", "clicks"),
    required("cost_amount", MONEY),
    *MONEY_COLUMNS,
    control="cost_amount",
)
