"""The raw tables of Google Ads and the query each is read by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from include.connectors._google_oauth import CREDENTIALS
from include.connectors.google_ads.fields import (
    AD_GROUP_ID,
    AD_GROUP_NAME,
    AD_ID,
    ALL_CONVERSIONS,
    CAMPAIGN_ID,
    CAMPAIGN_NAME,
    CONVERSION_VALUE,
    CONVERSIONS,
    DAY,
    DEVICE,
    METRICS,
    NETWORK,
    Field,
    counts,
    joined,
    local_days,
    make_key,
    make_optional,
    make_word,
    second_id,
    words,
)
from include.connectors.protocol import Resource, ResourceFacts, SourceProfile

CAMPAIGN_DAYS = "campaign_performance_daily"
AD_DAYS = "ad_performance_daily"
KEYWORD_DAYS = "keyword_performance_daily"
CONVERSION_DAYS = "conversion_action_daily"
CLICK = "click"
CAMPAIGN, AD_GROUP, AD = "campaign", "ad_group", "ad"


CONTROLS = ("cost_micros", "clicks", "impressions", "conversions", "conversion_value_micros")


@dataclass(frozen=True)
class Report:
    """One query: what it selects, from where; figures carry ``metrics`` and a summary row."""

    resource: str
    source: str
    fields: tuple[Field, ...]

    @property
    def has_figures(self) -> bool:
        """Whether a summary row proves that nothing is missing."""
        return any(field.name.startswith("metrics.") for field in self.fields)


REPORTS: Mapping[str, Report] = {
    report.resource: report
    for report in (
        Report(
            CAMPAIGN_DAYS,
            "campaign",
            (
                DAY,
                CAMPAIGN_ID,
                CAMPAIGN_NAME,
                make_word("campaign.advertising_channel_type", "advertising_channel_type"),
                DEVICE,
                NETWORK,
                *METRICS,
            ),
        ),
        Report(
            AD_DAYS,
            "ad_group_ad",
            (
                DAY,
                CAMPAIGN_ID,
                CAMPAIGN_NAME,
                AD_GROUP_ID,
                AD_GROUP_NAME,
                AD_ID,
                DEVICE,
                NETWORK,
                *METRICS,
            ),
        ),
        Report(
            KEYWORD_DAYS,
            "keyword_view",
            (
                DAY,
                CAMPAIGN_ID,
                AD_GROUP_ID,
                make_key("ad_group_criterion.criterion_id", "criterion_id"),
                make_word("ad_group_criterion.keyword.text", "keyword"),
                make_word("ad_group_criterion.keyword.match_type", "match_type"),
                DEVICE,
                *METRICS,
            ),
        ),
        Report(
            CONVERSION_DAYS,
            "campaign",
            (
                DAY,
                CAMPAIGN_ID,
                make_word("segments.conversion_action", "conversion_action"),
                make_word("segments.conversion_action_name", "conversion_action_name"),
                make_word("segments.conversion_action_category", "conversion_action_category"),
                CONVERSIONS,
                CONVERSION_VALUE,
                ALL_CONVERSIONS,
            ),
        ),
        Report(
            CLICK,
            "click_view",
            (
                Field("segments.date", "click_date", pa.date32(), local_days),
                Field("click_view.gclid", "gclid", pa.string(), words),
                CAMPAIGN_ID,
                AD_GROUP_ID,
                Field(
                    "click_view.ad_group_ad",
                    "ad_id",
                    pa.uint64(),
                    counts,
                    is_required=False,
                    read=second_id("adGroupAd"),
                ),
                Field(
                    "click_view.keyword",
                    "criterion_id",
                    pa.uint64(),
                    counts,
                    is_required=False,
                    read=second_id("keyword"),
                ),
                make_optional("click_view.keyword_info.text", "keyword"),
                DEVICE,
                NETWORK,
            ),
        ),
        Report(
            CAMPAIGN,
            "campaign",
            (
                CAMPAIGN_ID,
                CAMPAIGN_NAME,
                make_word("campaign.status", "campaign_status"),
                make_word("campaign.primary_status", "primary_status", is_required=False),
                make_word("campaign.advertising_channel_type", "advertising_channel_type"),
                Field(
                    "campaign.start_date_time", "start_date", pa.date32(), local_days, False, True
                ),
                Field("campaign.end_date_time", "end_date", pa.date32(), local_days, False, True),
                make_optional("campaign.tracking_url_template", "tracking_url_template"),
                make_optional("campaign.final_url_suffix", "final_url_suffix"),
            ),
        ),
        Report(
            AD_GROUP,
            "ad_group",
            (
                CAMPAIGN_ID,
                AD_GROUP_ID,
                AD_GROUP_NAME,
                make_word("ad_group.status", "ad_group_status"),
                make_word("ad_group.type", "ad_group_type", is_required=False),
                make_optional("ad_group.tracking_url_template", "tracking_url_template"),
                make_optional("ad_group.final_url_suffix", "final_url_suffix"),
            ),
        ),
        Report(
            AD,
            "ad_group_ad",
            (
                CAMPAIGN_ID,
                AD_GROUP_ID,
                AD_ID,
                make_optional("ad_group_ad.ad.name", "ad_name"),
                make_word("ad_group_ad.ad.type", "ad_type", is_required=False),
                make_word("ad_group_ad.status", "ad_status"),
                make_optional("ad_group_ad.ad.final_urls", "final_urls", joined),
                make_optional("ad_group_ad.ad.tracking_url_template", "tracking_url_template"),
                make_optional("ad_group_ad.ad.final_url_suffix", "final_url_suffix"),
            ),
        ),
    )
}

KNOWN_VALUES: Mapping[str, tuple[str, ...]] = {
    "device": ("MOBILE", "TABLET", "DESKTOP", "CONNECTED_TV", "OTHER", "UNKNOWN"),
    "ad_network_type": (
        "SEARCH",
        "SEARCH_PARTNERS",
        "CONTENT",
        "MIXED",
        "YOUTUBE",
        "GOOGLE_TV",
        "GOOGLE_OWNED_CHANNELS",
        "GMAIL",
        "DISCOVER",
        "MAPS",
        "UNKNOWN",
    ),
    "advertising_channel_type": (
        "SEARCH",
        "DISPLAY",
        "SHOPPING",
        "HOTEL",
        "VIDEO",
        "MULTI_CHANNEL",
        "LOCAL",
        "SMART",
        "PERFORMANCE_MAX",
        "LOCAL_SERVICES",
        "TRAVEL",
        "DEMAND_GEN",
        "UNKNOWN",
    ),
    "campaign_status": ("ENABLED", "PAUSED", "REMOVED", "UNKNOWN"),
}
"""Enumerations of v26 by column; another value is kept and told."""


def _schema(report: Report) -> pa.Schema:
    own = [pa.field(f.column, f.type, nullable=f.is_nullable) for f in report.fields]
    fields = [pa.field("account_id", pa.string(), nullable=False), *own]
    if report.has_figures:
        fields.append(pa.field("currency_code", pa.string(), nullable=False))
        fields.append(pa.field("is_vat_included", pa.bool_(), nullable=False))
    if report.has_figures or report.resource == CLICK:
        fields.append(pa.field("time_zone", pa.string(), nullable=False))
    return pa.schema(fields)


def _facts(grain: str, restatement: str, personal_data: str = "none") -> ResourceFacts:
    return ResourceFacts(
        grain=grain,
        time_zone="the account's, in time_zone",
        currency="the account's, micros, in currency_code",
        vat="out, unless option is_vat_included says otherwise",
        restatement=restatement,
        personal_data=personal_data,
    )


_MOVES = (
    "look-back of lookback_days (3); up to probe_days (90) by comparing day totals of the account, "
    "as conversions are dated by their click and grow for weeks"
)
_WHOLE = "read whole on every run"
_FACTS = {
    CAMPAIGN_DAYS: _facts("day, campaign, device, network", _MOVES),
    AD_DAYS: _facts("day, ad, device, network; not Performance Max", _MOVES),
    KEYWORD_DAYS: _facts("day, keyword, device", _MOVES),
    CONVERSION_DAYS: _facts("day, campaign, conversion action", _MOVES),
    CLICK: ResourceFacts(
        grain="click",
        time_zone="the account's, in time_zone",
        currency="no money",
        vat="no money",
        restatement="look-back of a day; Google keeps 90 days, older ones are not asked for",
        personal_data="gclid, a pseudonymous id",
    ),
    **{
        name: ResourceFacts(
            grain=f"{name}, newest scan, removed ones too",
            time_zone="the account's",
            currency="no money",
            vat="no money",
            restatement=_WHOLE,
            personal_data="none",
        )
        for name in (CAMPAIGN, AD_GROUP, AD)
    },
}

RESOURCES: Mapping[str, Resource] = {
    name: Resource(
        name=name,
        kind="replace",
        schema=(schema := _schema(report)),
        day_column=next((n for n in ("stats_date", "click_date") if n in schema.names), None),
        control_columns=tuple(n for n in CONTROLS if n in schema.names),
        facts=_FACTS[name],
    )
    for name, report in REPORTS.items()
}

PROFILE = SourceProfile(
    title="Google Ads",
    api="Google Ads API over REST, searchStream with GAQL, v23 to v26",
    limits="15 000 queries a day per Cloud project of Basic access; queries per second adaptive",
    credentials=CREDENTIALS,
)
