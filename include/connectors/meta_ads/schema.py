"""The raw tables of Meta Ads and what a reader of their rows must know.

``cost_micros`` is millionths of ``currency_code``; ``stats_date`` is a day of the ad account's time
zone. Meta leaves a figure out where it is zero: such a count is 0 here.
"""

from __future__ import annotations

import pyarrow as pa

from include.connectors.protocol import Resource, ResourceFacts, SourceProfile

PERFORMANCE = "ad_performance_daily"
ACTION = "ad_action_daily"
CAMPAIGN, AD_SET, AD = "campaign", "ad_set", "ad"

_INSTANT = pa.timestamp("us", "UTC")


def _field(name: str, kind: pa.DataType, nullable: bool = False) -> pa.Field:
    return pa.field(name, kind, nullable=nullable)


_RUN_ID = pa.field("report_run_id", pa.string(), nullable=False, metadata={"transport": "yes"})
"""Landing leaves it out of the content hash: the same facts come by another run."""

PERFORMANCE_SCHEMA = pa.schema(
    [
        _field("account_id", pa.string()),
        _field("stats_date", pa.date32()),
        _field("campaign_id", pa.uint64()),
        _field("campaign_name", pa.string()),
        _field("ad_set_id", pa.uint64()),
        _field("ad_set_name", pa.string()),
        _field("ad_id", pa.uint64()),
        _field("ad_name", pa.string()),
        _field("publisher_platform", pa.string()),
        _field("platform_position", pa.string()),
        _field("impression_device", pa.string()),
        _field("impressions", pa.uint64()),
        _field("clicks", pa.uint64()),
        _field("inline_link_clicks", pa.uint64()),
        _field("reach", pa.uint64(), nullable=True),
        _field("cost_micros", pa.int64()),
        _field("currency_code", pa.string()),
        _field("is_vat_included", pa.bool_()),
        _RUN_ID,
    ]
)

ACTION_SCHEMA = pa.schema(
    [
        _field("account_id", pa.string()),
        _field("stats_date", pa.date32()),
        _field("campaign_id", pa.uint64()),
        _field("ad_set_id", pa.uint64()),
        _field("ad_id", pa.uint64()),
        _field("action_type", pa.string()),
        _field("action_count", pa.decimal128(18, 6)),
        _field("action_count_7d_click", pa.decimal128(18, 6)),
        _field("action_count_1d_view", pa.decimal128(18, 6)),
        _field("action_value_micros", pa.int64()),
        _field("currency_code", pa.string()),
        _field("attribution_setting", pa.string()),
        _RUN_ID,
    ]
)

_OBJECT = [
    _field("status", pa.string()),
    _field("effective_status", pa.string()),
    _field("updated_at", _INSTANT, nullable=True),
    _field("payload", pa.string()),
]
CAMPAIGN_SCHEMA = pa.schema(
    [
        _field("account_id", pa.string()),
        _field("campaign_id", pa.uint64()),
        _field("campaign_name", pa.string()),
        _field("objective", pa.string()),
        _field("starts_at", _INSTANT, nullable=True),
        _field("stops_at", _INSTANT, nullable=True),
        *_OBJECT,
    ]
)
AD_SET_SCHEMA = pa.schema(
    [
        _field("account_id", pa.string()),
        _field("ad_set_id", pa.uint64()),
        _field("campaign_id", pa.uint64()),
        _field("ad_set_name", pa.string()),
        *_OBJECT,
    ]
)
AD_SCHEMA = pa.schema(
    [
        _field("account_id", pa.string()),
        _field("ad_id", pa.uint64()),
        _field("ad_set_id", pa.uint64()),
        _field("campaign_id", pa.uint64()),
        _field("ad_name", pa.string()),
        _field("creative_id", pa.uint64(), nullable=True),
        _field("landing_url", pa.string(), nullable=True),
        _field("url_tags", pa.string(), nullable=True),
        *_OBJECT,
    ]
)

_ZONE = "the ad account's own"
_CURRENCY = "the ad account's, millionths"
_VAT = "out, unless the option is_vat_included says otherwise"
_PROBE = "; older days by day totals of the account, compared over 90 days"


def _dictionary(name: str, schema: pa.Schema, grain: str) -> Resource:
    return Resource(
        name=name,
        kind="replace",
        schema=schema,
        facts=ResourceFacts(
            grain=grain,
            time_zone="UTC instants",
            currency="no money",
            vat="no money",
            restatement="read whole on every run, archived and deleted ones too",
            personal_data="none",
        ),
    )


RESOURCES = {
    PERFORMANCE: Resource(
        name=PERFORMANCE,
        kind="replace",
        schema=PERFORMANCE_SCHEMA,
        day_column="stats_date",
        control_columns=("cost_micros", "clicks", "inline_link_clicks", "impressions"),
        facts=ResourceFacts(
            grain="day, ad, platform, position, device",
            time_zone=_ZONE,
            currency=_CURRENCY,
            vat=_VAT,
            restatement=f"look-back of lookback_days (3){_PROBE}",
            personal_data="none",
        ),
    ),
    ACTION: Resource(
        name=ACTION,
        kind="replace",
        schema=ACTION_SCHEMA,
        day_column="stats_date",
        control_columns=("action_count", "action_value_micros"),
        facts=ResourceFacts(
            grain="day, ad, action type; windows are columns",
            time_zone=_ZONE,
            currency=_CURRENCY,
            vat="as the advertiser's pixel sends values",
            restatement=f"conversions settle in 28 days: look-back of lookback_days (3){_PROBE}",
            personal_data="none",
        ),
    ),
    CAMPAIGN: _dictionary(CAMPAIGN, CAMPAIGN_SCHEMA, "campaign, newest scan"),
    AD_SET: _dictionary(AD_SET, AD_SET_SCHEMA, "ad set, newest scan"),
    AD: _dictionary(AD, AD_SCHEMA, "ad with its link, newest scan"),
}

PROFILE = SourceProfile(
    title="Meta Ads",
    api="Marketing API (Insights), Graph v26.0",
    limits="shares of hidden budgets told in headers; slowed down from 75 %, stopped from 95 %",
    credentials={
        "token": "access token of a system user with ads_read (the password)",
        "app_secret": "secret of the app, only where it requires appsecret_proof (extra)",
    },
)
