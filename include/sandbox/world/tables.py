"""The operational tables of a world: what its vendors know, and nothing that only truth knows.

Instants are UTC; dates are days of the account named beside them. Money is integer micros of
``currency_code`` without VAT unless the name says otherwise. Ids are unique within a vendor or CRM.
The company: a Russian head office (CRM ``bitrix24``, calls in ``calltouch``), a second Russian
brand (``amocrm``, ``uis``) and an international branch (``hubspot``, ``callrail``, GA4, Google,
Meta; prices in USD). ``known_at`` is when a vendor first shows the row: late data has it after
the event.
"""

from __future__ import annotations

import pyarrow as pa

INSTANT = pa.timestamp("us", tz="UTC")
TEXT, DAY, BOOL = pa.string(), pa.date32(), pa.bool_()
ID, COUNT, MICROS = pa.int64(), pa.int64(), pa.int64()
TEXTS = pa.list_(pa.string())

UTM = [(f"utm_{part}", TEXT) for part in ("source", "medium", "campaign", "content", "term")]


def make_schema(*columns: tuple[str, pa.DataType]) -> pa.Schema:
    """A schema of ``(name, type)`` pairs."""
    return pa.schema([pa.field(name, kind) for name, kind in columns])


TABLES: dict[str, pa.Schema] = {
    # advertising: vendor is yandex_direct, vk_ads, google_ads, meta_ads or avito_ads
    "ad_account": make_schema(
        ("vendor", TEXT),
        ("account_id", TEXT),  # as the vendor spells it: a login, a number, act_…
        ("name", TEXT),
        ("currency_code", TEXT),
        ("time_zone", TEXT),
    ),
    "campaign": make_schema(
        ("vendor", TEXT),
        ("account_id", TEXT),
        ("campaign_id", ID),
        ("name", TEXT),
        ("channel", TEXT),  # what the money buys: paid_search, display, paid_social, classified
        ("status", TEXT),  # active, paused, archived
        ("start_date", DAY),
        ("end_date", DAY),
        ("daily_budget_micros", MICROS),
    ),
    "ad_group": make_schema(
        ("vendor", TEXT),
        ("campaign_id", ID),
        ("ad_group_id", ID),
        ("name", TEXT),
        ("region", TEXT),
    ),
    "ad": make_schema(
        ("vendor", TEXT),
        ("campaign_id", ID),
        ("ad_group_id", ID),
        ("ad_id", ID),
        ("title", TEXT),
        ("landing_url", TEXT),  # with its UTM marks
    ),
    "keyword": make_schema(
        ("vendor", TEXT),
        ("ad_group_id", ID),
        ("keyword_id", ID),
        ("text", TEXT),
    ),
    # final figures, once every restatement has happened; one row per finest cell of a day
    "ad_stats": make_schema(
        ("vendor", TEXT),
        ("account_id", TEXT),
        ("stats_date", DAY),  # in the account's time zone
        ("campaign_id", ID),
        ("ad_group_id", ID),
        ("ad_id", ID),
        ("keyword_id", ID),  # 0 where there is none
        ("network", TEXT),  # search, network
        ("device", TEXT),  # desktop, mobile, tablet
        ("region", TEXT),
        ("impressions", COUNT),
        ("clicks", COUNT),
        ("cost_micros", MICROS),
        ("sessions", COUNT),
        ("bounces", COUNT),
        ("conversions", COUNT),
        ("conversion_value_micros", MICROS),
    ),
    # how much of a final figure the vendor shows when the day is age_days old
    "restatement_curve": make_schema(
        ("vendor", TEXT),
        ("metric", TEXT),  # cost, clicks, conversions
        ("age_days", pa.int32()),  # the last age given holds for every later one
        ("share", pa.float64()),
    ),
    # rare late corrections: before corrected_at the campaign-day shows the figure times `factor`
    "ad_correction": make_schema(
        ("vendor", TEXT),
        ("campaign_id", ID),
        ("stats_date", DAY),
        ("corrected_at", INSTANT),
        ("metric", TEXT),
        ("factor", pa.float64()),
    ),
    # web
    "visit": make_schema(
        ("visit_id", ID),
        ("site", TEXT),  # ru_main, ru_second, com
        ("metrica_client_id", pa.uint64()),  # 0 where the counter was blocked
        ("ga_client_id", TEXT),
        ("call_visitor_id", TEXT),  # the call tracker's cookie
        ("user_id", TEXT),  # of a person who logged in
        ("started_at", INSTANT),
        ("duration_seconds", pa.int32()),
        ("page_views", pa.int32()),
        ("is_bounce", BOOL),
        ("entry_url", TEXT),
        ("referrer", TEXT),
        *UTM,
        ("click_id_kind", TEXT),  # yclid, gclid, fbclid, rb_clickid or empty
        ("click_id", TEXT),
        (
            "traffic_source",
            TEXT,
        ),  # ad, organic, direct, referral, social, email, messenger, internal
        ("ad_vendor", TEXT),
        ("campaign_id", ID),
        ("ad_group_id", ID),
        ("ad_id", ID),
        ("device", TEXT),
        ("os", TEXT),
        ("browser", TEXT),
        ("country", TEXT),
        ("city", TEXT),
        ("ip", TEXT),
        ("is_robot", BOOL),
        ("goal_ids", pa.list_(pa.int64())),
        ("known_at", INSTANT),
    ),
    # contacts by phone, form and chat; tracker is calltouch, uis or callrail
    "call": make_schema(
        ("tracker", TEXT),
        ("call_id", ID),
        ("started_at", INSTANT),
        ("direction", TEXT),  # in, out
        ("status", TEXT),  # answered, missed, busy
        ("caller_phone", TEXT),  # E.164
        ("tracking_phone", TEXT),
        ("pool", TEXT),
        ("wait_seconds", pa.int32()),
        ("talk_seconds", pa.int32()),
        ("visit_id", ID),  # 0 where the number was not shown to a visitor
        ("manager_id", ID),
        ("is_first", BOOL),
        ("is_target", BOOL),
        ("tags", TEXTS),
        ("contact_name", TEXT),
        ("known_at", INSTANT),
        ("changed_at", INSTANT),  # tags and target flags change later
    ),
    "form_request": make_schema(
        ("tracker", TEXT),
        ("request_id", ID),
        ("submitted_at", INSTANT),
        ("form_name", TEXT),
        ("url", TEXT),
        ("visit_id", ID),
        ("name", TEXT),
        ("phone", TEXT),  # as typed
        ("email", TEXT),
        ("is_target", BOOL),
        ("manager_id", ID),
        ("known_at", INSTANT),
    ),
    "chat": make_schema(
        ("tracker", TEXT),
        ("chat_id", ID),
        ("started_at", INSTANT),
        ("finished_at", INSTANT),
        ("visit_id", ID),
        ("name", TEXT),
        ("phone", TEXT),
        ("email", TEXT),
        ("message_count", pa.int32()),
        ("manager_id", ID),
    ),
    # CRM: crm is bitrix24, amocrm or hubspot
    "crm_manager": make_schema(
        ("crm", TEXT),
        ("manager_id", ID),
        ("first_name", TEXT),
        ("last_name", TEXT),
        ("email", TEXT),
        ("is_active", BOOL),
    ),
    "crm_pipeline": make_schema(
        ("crm", TEXT), ("pipeline_id", ID), ("name", TEXT), ("sort", pa.int32())
    ),
    "crm_stage": make_schema(
        ("crm", TEXT),
        ("pipeline_id", ID),  # -1: the statuses of leads
        ("stage_id", TEXT),  # a word of ours; each CRM spells it in its own way
        ("name", TEXT),
        ("sort", pa.int32()),
        ("semantics", TEXT),  # open, won, lost
        ("renamed_at", INSTANT),
        ("old_name", TEXT),
    ),
    "crm_company": make_schema(
        ("crm", TEXT),
        ("company_id", ID),
        ("title", TEXT),
        ("inn", TEXT),
        ("kpp", TEXT),
        ("domain", TEXT),
        ("phone", TEXT),
        ("created_at", INSTANT),
        ("updated_at", INSTANT),
        ("deleted_at", INSTANT),
        ("merged_into_id", ID),
    ),
    "crm_contact": make_schema(
        ("crm", TEXT),
        ("contact_id", ID),
        ("company_id", ID),
        ("first_name", TEXT),
        ("last_name", TEXT),
        ("phones", TEXTS),
        ("emails", TEXTS),
        ("metrica_client_id", pa.uint64()),
        ("ga_client_id", TEXT),
        *UTM,
        ("created_at", INSTANT),
        ("updated_at", INSTANT),
        ("deleted_at", INSTANT),
        ("merged_into_id", ID),
    ),
    "crm_lead": make_schema(
        ("crm", TEXT),
        ("lead_id", ID),
        ("title", TEXT),
        ("name", TEXT),
        ("phone", TEXT),
        ("email", TEXT),
        ("company_title", TEXT),
        ("contact_id", ID),
        ("company_id", ID),
        ("deal_id", ID),  # 0 until converted
        ("source", TEXT),  # the CRM's own label: CALL, WEBFORM, CHAT, EXHIBITION …
        *UTM,
        ("click_id", TEXT),
        ("metrica_client_id", pa.uint64()),
        ("ga_client_id", TEXT),
        ("stage_id", TEXT),
        ("lost_reason", TEXT),
        ("manager_id", ID),
        ("created_at", INSTANT),
        ("first_reply_at", INSTANT),
        ("updated_at", INSTANT),
        ("closed_at", INSTANT),
        ("deleted_at", INSTANT),
        ("merged_into_id", ID),
    ),
    "crm_deal": make_schema(
        ("crm", TEXT),
        ("deal_id", ID),
        ("title", TEXT),
        ("lead_id", ID),
        ("contact_id", ID),
        ("company_id", ID),
        ("pipeline_id", ID),
        ("stage_id", TEXT),
        ("amount_micros", MICROS),  # with VAT, as sellers type it
        ("currency_code", TEXT),
        ("source", TEXT),
        *UTM,
        ("metrica_client_id", pa.uint64()),
        ("lost_reason", TEXT),
        ("manager_id", ID),
        ("created_at", INSTANT),
        ("updated_at", INSTANT),
        ("closed_at", INSTANT),
        ("deleted_at", INSTANT),
        ("merged_into_id", ID),
    ),
    # every entry into a stage; the last event of an entity is its current stage
    "crm_stage_event": make_schema(
        ("crm", TEXT),
        ("event_id", ID),
        ("entity", TEXT),  # lead, deal
        ("entity_id", ID),
        ("pipeline_id", ID),
        ("stage_id", TEXT),
        ("manager_id", ID),
        ("occurred_at", INSTANT),
    ),
    "crm_task": make_schema(
        ("crm", TEXT),
        ("task_id", ID),
        ("entity", TEXT),
        ("entity_id", ID),
        ("kind", TEXT),  # call, meeting, email, task
        ("subject", TEXT),
        ("manager_id", ID),
        ("created_at", INSTANT),
        ("due_at", INSTANT),
        ("done_at", INSTANT),
    ),
    "crm_product_row": make_schema(
        ("crm", TEXT),
        ("row_id", ID),
        ("deal_id", ID),
        ("product_id", ID),
        ("quantity", pa.int32()),
        ("price_micros", MICROS),  # a piece, with VAT
        ("vat_percent", pa.int32()),
    ),
    "payment": make_schema(
        ("payment_id", ID),
        ("crm", TEXT),
        ("deal_id", ID),
        ("paid_at", INSTANT),
        ("kind", TEXT),  # payment, refund (amount negative)
        ("amount_micros", MICROS),  # with VAT
        ("vat_micros", MICROS),
        ("currency_code", TEXT),
        ("payer_inn", TEXT),
        ("payer_name", TEXT),
        ("document_number", TEXT),
    ),
    # goods
    "product": make_schema(
        ("product_id", ID),
        ("sku", TEXT),
        ("name", TEXT),
        ("group_name", TEXT),
        ("cost_micros", MICROS),
        ("price_micros", MICROS),
        ("currency_code", TEXT),
        ("lead_time_days", pa.int32()),
        ("supplier", TEXT),
    ),
    "stock_move": make_schema(
        ("move_id", ID),
        ("product_id", ID),
        ("moved_at", INSTANT),
        ("kind", TEXT),  # sale, purchase, return, loss
        ("quantity", pa.int32()),  # negative when goods leave
        ("unit_cost_micros", MICROS),
        ("deal_id", ID),
        ("counterparty", TEXT),
    ),
    # money that no vendor reports
    "offline_cost": make_schema(
        ("cost_date", DAY),
        ("channel", TEXT),  # exhibition, email, outbound_call, agency_fee
        ("name", TEXT),
        ("amount_micros", MICROS),
        ("currency_code", TEXT),
        ("is_vat_included", BOOL),
    ),
    "plan_budget": make_schema(
        ("month", DAY),
        ("channel", TEXT),
        ("amount_micros", MICROS),
        ("currency_code", TEXT),
    ),
    "email_campaign": make_schema(
        ("send_id", ID),
        ("sent_at", INSTANT),
        ("name", TEXT),
        ("recipients", COUNT),
        ("opens", COUNT),
        ("clicks", COUNT),
    ),
}
"""Table → its schema. A world holds every one of them, empty where nothing happened."""
