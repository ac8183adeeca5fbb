"""The tables of a world's truth: written apart, read by scoring alone."""

from __future__ import annotations

import pyarrow as pa

from include.sandbox.world.tables import BOOL, COUNT, DAY, ID, INSTANT, MICROS, TEXT, make_schema

TRUTH_TABLES: dict[str, pa.Schema] = {
    # every identifier the operational tables show, and whose it is
    "identifier": make_schema(
        ("kind", TEXT),  # metrica_client_id, ga_client_id, click_id, call_visitor_id, phone, email,
        # contact, lead, deal, company, user_id, inn, call, form_request, visit
        ("scope", TEXT),  # the crm, tracker or site; empty where the value is global
        ("value", TEXT),
        ("person_id", ID),  # 0 where it is nobody's, -1 where several people share it
        ("company_id", ID),
    ),
    "person": make_schema(
        ("person_id", ID), ("company_id", ID), ("other_company_id", ID), ("kind", TEXT)
    ),
    "company": make_schema(
        ("company_id", ID), ("holding_id", ID), ("inn", TEXT), ("legal_name", TEXT)
    ),
    "touch": make_schema(
        ("touch_id", ID),
        ("journey_id", ID),
        ("person_id", ID),
        ("occurred_at", INSTANT),
        ("channel", TEXT),  # as it really was, whatever the marks say
        ("campaign_id", ID),
        ("visit_id", ID),
        ("call_id", ID),
        ("was_needed", BOOL),  # without it the journey would not have led to its deal
    ),
    "journey": make_schema(
        ("journey_id", ID),
        ("person_id", ID),
        ("company_id", ID),
        ("crm", TEXT),
        ("lead_id", ID),
        ("deal_id", ID),
        ("is_won", BOOL),
        ("paid_micros", MICROS),
    ),
    "channel_effect": make_schema(
        ("channel", TEXT),
        ("incremental_deals", pa.float64()),  # won with it minus won had it never been there
        ("incremental_revenue_micros", MICROS),
        ("cost_micros", MICROS),
        ("saturation_spend_micros", MICROS),
        ("adstock_half_life_days", pa.float64()),
    ),
    "final_figure": make_schema(
        ("vendor", TEXT),
        ("account_id", TEXT),
        ("stats_date", DAY),
        ("cost_micros", MICROS),
        ("clicks", COUNT),
        ("conversions", COUNT),
    ),
    "manager": make_schema(("crm", TEXT), ("manager_id", ID), ("skill", pa.float64())),
    "incident": make_schema(
        ("incident_id", TEXT),
        ("kind", TEXT),
        ("date_from", DAY),
        ("date_to", DAY),
        ("channel", TEXT),
        ("description", TEXT),
    ),
}
