"""Attributes of every resource of the stand-in, and what each resource may be queried with.

Those the company leaves empty are in ``unset_fields``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from include.sandbox.vendors.google_ads.fields import (
    CONVERSION_SEGMENTS,
    GEO_SEGMENTS,
    GEO_UNTOLD,
    METRICS,
    SEGMENTS,
    Field,
    Row,
)
from include.sandbox.vendors.google_ads.places import place_name
from include.sandbox.vendors.google_ads.unset_fields import unset_names

Read = Callable[[Row], Any]
CAMPAIGN_STATUS = {"active": "ENABLED", "paused": "PAUSED", "archived": "REMOVED"}
SERVED = {"ENABLED": "SERVING", "PAUSED": "SUSPENDED", "REMOVED": "ENDED"}
PRIMARY_STATUS = {"ENABLED": "ELIGIBLE", "PAUSED": "PAUSED", "REMOVED": "REMOVED"}
CHANNELS = {
    "paid_search": "SEARCH",
    "display": "DISPLAY",
    "paid_social": "DEMAND_GEN",
    "performance_max": "PERFORMANCE_MAX",
}
STATUS_ENUM = ("UNSPECIFIED", "UNKNOWN", "ENABLED", "PAUSED", "REMOVED")
CHANNEL_ENUM = (
    "UNSPECIFIED",
    "UNKNOWN",
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
)
PRIMARY_ENUM = (
    "UNSPECIFIED",
    "UNKNOWN",
    "ELIGIBLE",
    "PAUSED",
    "REMOVED",
    "ENDED",
    "PENDING",
    "MISCONFIGURED",
    "LIMITED",
    "LEARNING",
    "NOT_ELIGIBLE",
)
GROUP_TYPES = {"SEARCH": "SEARCH_STANDARD", "DISPLAY": "DISPLAY_STANDARD"}
AD_TYPES = {"SEARCH": "RESPONSIVE_SEARCH_AD", "DISPLAY": "RESPONSIVE_DISPLAY_AD"}


def campaign_status(row: Row) -> str:
    """The status of the campaign of a row."""
    return CAMPAIGN_STATUS[row.campaign["status"]]


def channel(campaign: Mapping[str, Any]) -> str:
    """The advertising channel type of a campaign."""
    name = str(campaign["name"]).lower()
    if "performance max" in name or "pmax" in name:
        return "PERFORMANCE_MAX"
    return CHANNELS.get(campaign["channel"], "SEARCH")


def _of(part: str, key: str) -> Read:
    return lambda row: getattr(row, part).get(key)


def _always(value: Any) -> Read:
    return lambda _: value


def _name(pattern: str) -> Read:
    """A resource name; ``{c}`` is the customer's id."""

    def read(row: Row) -> str:
        return pattern.format(
            c=row.customer["id"],
            campaign=row.campaign.get("campaign_id"),
            group=row.ad_group.get("ad_group_id"),
            ad=row.ad.get("ad_id"),
            keyword=row.keyword.get("keyword_id"),
            **{f"x_{key}": value for key, value in row.extra.items()},
        )

    return read


def _time(key: str, clock_time: str) -> Read:
    def read(row: Row) -> str | None:
        day = row.campaign.get(key)
        return None if day is None else f"{day.isoformat()} {clock_time}"

    return read


def _headlines(row: Row) -> list[dict[str, str]] | None:
    """An ad's title; only search ads show theirs this way."""
    title = row.ad.get("title")
    return [{"text": title}] if title and channel(row.campaign) == "SEARCH" else None


def _shows_in(*channels: str) -> Read:
    return lambda row: channel(row.campaign) in channels


def _urls(row: Row) -> list[str] | None:
    url = row.ad.get("landing_url")
    return None if url is None else [url]


@dataclass(frozen=True)
class Resource:
    """What FROM may name; ``attributed`` resources may be selected beside it."""

    attributed: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    has_metrics: bool = False


CUSTOMER_STATUS = ("ENABLED", "CANCELED", "SUSPENDED", "CLOSED", "UNKNOWN", "UNSPECIFIED")
SERVING = ("UNSPECIFIED", "UNKNOWN", "SERVING", "NONE", "ENDED", "PENDING", "SUSPENDED")
BIDDING = ("MANUAL_CPC", "MAXIMIZE_CONVERSIONS", "TARGET_CPA", "TARGET_ROAS", "TARGET_SPEND")
MATCH_TYPES = ("EXACT", "PHRASE", "BROAD", "UNKNOWN", "UNSPECIFIED")
Told = tuple[str, str, Read] | tuple[str, str, Read, tuple[str, ...]]

DESCRIBED: dict[str, tuple[Told, ...]] = {
    "customer": (
        ("resource_name", "RESOURCE_NAME", _name("customers/{c}")),
        ("id", "INT64", _of("customer", "id")),
        ("descriptive_name", "STRING", _of("customer", "name")),
        ("currency_code", "STRING", _of("customer", "currency_code")),
        ("time_zone", "STRING", _of("customer", "time_zone")),
        ("auto_tagging_enabled", "BOOLEAN", _always(True)),
        ("manager", "BOOLEAN", _of("customer", "is_manager")),
        ("test_account", "BOOLEAN", _always(False)),
        ("status", "ENUM", _always("ENABLED"), CUSTOMER_STATUS),
    ),
    "campaign": (
        ("resource_name", "RESOURCE_NAME", _name("customers/{c}/campaigns/{campaign}")),
        ("id", "INT64", _of("campaign", "campaign_id")),
        ("name", "STRING", _of("campaign", "name")),
        ("status", "ENUM", campaign_status, STATUS_ENUM),
        ("serving_status", "ENUM", lambda row: SERVED[campaign_status(row)], SERVING),
        ("primary_status", "ENUM", lambda row: PRIMARY_STATUS[campaign_status(row)], PRIMARY_ENUM),
        ("advertising_channel_type", "ENUM", lambda row: channel(row.campaign), CHANNEL_ENUM),
        ("start_date_time", "STRING", _time("start_date", "00:00:00")),
        ("end_date_time", "STRING", _time("end_date", "23:59:59")),
        ("bidding_strategy_type", "ENUM", _always("MAXIMIZE_CONVERSIONS"), BIDDING),
        ("campaign_budget", "RESOURCE_NAME", _name("customers/{c}/campaignBudgets/{campaign}")),
        ("network_settings.target_google_search", "BOOLEAN", _shows_in("SEARCH")),
        ("network_settings.target_search_network", "BOOLEAN", _shows_in("SEARCH")),
        ("network_settings.target_content_network", "BOOLEAN", _shows_in("DISPLAY")),
        ("network_settings.target_partner_search_network", "BOOLEAN", _always(False)),
    ),
    "campaign_budget": (
        ("resource_name", "RESOURCE_NAME", _name("customers/{c}/campaignBudgets/{campaign}")),
        ("id", "INT64", _of("campaign", "campaign_id")),
        ("name", "STRING", _of("campaign", "name")),
        ("amount_micros", "INT64", _of("campaign", "daily_budget_micros")),
        ("status", "ENUM", _always("ENABLED"), ("ENABLED", "REMOVED")),
        ("period", "ENUM", _always("DAILY"), ("DAILY", "CUSTOM_PERIOD")),
    ),
    "ad_group": (
        ("resource_name", "RESOURCE_NAME", _name("customers/{c}/adGroups/{group}")),
        ("id", "INT64", _of("ad_group", "ad_group_id")),
        ("name", "STRING", _of("ad_group", "name")),
        ("status", "ENUM", _always("ENABLED"), STATUS_ENUM),
        (
            "type",
            "ENUM",
            lambda row: GROUP_TYPES.get(channel(row.campaign), "UNKNOWN"),
            (*GROUP_TYPES.values(), "UNKNOWN"),
        ),
        ("campaign", "RESOURCE_NAME", _name("customers/{c}/campaigns/{campaign}")),
    ),
    "ad_group_ad": (
        ("resource_name", "RESOURCE_NAME", _name("customers/{c}/adGroupAds/{group}~{ad}")),
        ("status", "ENUM", _always("ENABLED"), STATUS_ENUM),
        ("ad_group", "RESOURCE_NAME", _name("customers/{c}/adGroups/{group}")),
        ("ad.resource_name", "RESOURCE_NAME", _name("customers/{c}/ads/{ad}")),
        ("ad.id", "INT64", _of("ad", "ad_id")),
        (
            "ad.type",
            "ENUM",
            lambda row: AD_TYPES.get(channel(row.campaign), "UNKNOWN"),
            (*AD_TYPES.values(), "UNKNOWN"),
        ),
        ("ad.final_urls", "STRING", _urls),
        ("ad.responsive_search_ad.headlines", "MESSAGE", _headlines),
    ),
    "ad_group_criterion": (
        (
            "resource_name",
            "RESOURCE_NAME",
            _name("customers/{c}/adGroupCriteria/{group}~{keyword}"),
        ),
        ("criterion_id", "INT64", _of("keyword", "keyword_id")),
        ("status", "ENUM", _always("ENABLED"), STATUS_ENUM),
        ("type", "ENUM", _always("KEYWORD"), ("KEYWORD",)),
        ("negative", "BOOLEAN", _always(False)),
        ("ad_group", "RESOURCE_NAME", _name("customers/{c}/adGroups/{group}")),
        ("keyword.text", "STRING", _of("keyword", "text")),
        ("keyword.match_type", "ENUM", _always("PHRASE"), MATCH_TYPES),
    ),
    "keyword_view": (
        ("resource_name", "RESOURCE_NAME", _name("customers/{c}/keywordViews/{group}~{keyword}")),
    ),
    "geographic_view": (
        (
            "resource_name",
            "RESOURCE_NAME",
            _name("customers/{c}/geographicViews/{x_country_id}~{x_location_type}"),
        ),
        ("country_criterion_id", "INT64", _of("extra", "country_id")),
        (
            "location_type",
            "ENUM",
            _of("extra", "location_type"),
            ("LOCATION_OF_PRESENCE", "AREA_OF_INTEREST"),
        ),
    ),
    "user_location_view": (
        (
            "resource_name",
            "RESOURCE_NAME",
            _name("customers/{c}/userLocationViews/{x_country_id}~TRUE"),
        ),
        ("country_criterion_id", "INT64", _of("extra", "country_id")),
        ("targeting_location", "BOOLEAN", _always(True)),
    ),
    "detail_placement_view": (
        (
            "resource_name",
            "RESOURCE_NAME",
            _name("customers/{c}/detailPlacementViews/{group}~{x_placement}"),
        ),
        ("placement", "STRING", _of("extra", "placement")),
        ("display_name", "STRING", _of("extra", "placement")),
        ("group_placement_target_url", "STRING", _of("extra", "placement")),
        ("target_url", "STRING", _of("extra", "placement")),
        ("placement_type", "ENUM", _always("WEBSITE"), ("WEBSITE", "MOBILE_APPLICATION")),
    ),
    "group_placement_view": (
        (
            "resource_name",
            "RESOURCE_NAME",
            _name("customers/{c}/groupPlacementViews/{group}~{x_placement}"),
        ),
        ("placement", "STRING", _of("extra", "placement")),
        ("display_name", "STRING", _of("extra", "placement")),
        ("target_url", "STRING", _of("extra", "placement")),
        ("placement_type", "ENUM", _always("WEBSITE"), ("WEBSITE", "MOBILE_APPLICATION")),
    ),
    "click_view": (
        ("resource_name", "RESOURCE_NAME", _name("customers/{c}/clickViews/{x_day}~{x_gclid}")),
        ("gclid", "STRING", _of("extra", "gclid")),
        ("ad_group_ad", "RESOURCE_NAME", _of("extra", "ad_name")),
        ("keyword", "RESOURCE_NAME", _of("extra", "keyword_name")),
        ("keyword_info.text", "STRING", _of("keyword", "text")),
        (
            "keyword_info.match_type",
            "ENUM",
            lambda row: "PHRASE" if row.keyword else None,
            MATCH_TYPES,
        ),
        ("page_number", "INT64", _always(1)),
    ),
    "customer_client": (
        ("resource_name", "RESOURCE_NAME", _name("customers/{c}/customerClients/{x_id}")),
        ("client_customer", "RESOURCE_NAME", _name("customers/{x_id}")),
        ("id", "INT64", _of("extra", "id")),
        ("descriptive_name", "STRING", _of("extra", "name")),
        ("manager", "BOOLEAN", _of("extra", "is_manager")),
        ("currency_code", "STRING", _of("extra", "currency_code")),
        ("time_zone", "STRING", _of("extra", "time_zone")),
        ("status", "ENUM", _of("extra", "status"), CUSTOMER_STATUS),
        ("level", "INT64", _of("extra", "level")),
        ("hidden", "BOOLEAN", _always(False)),
        ("test_account", "BOOLEAN", _always(False)),
    ),
    "geo_target_constant": (
        ("resource_name", "RESOURCE_NAME", lambda row: place_name(row.extra["place"].id)),
        ("id", "INT64", lambda row: row.extra["place"].id),
        ("name", "STRING", lambda row: row.extra["place"].name),
        ("canonical_name", "STRING", lambda row: row.extra["place"].canonical_name),
        ("country_code", "STRING", lambda row: row.extra["place"].country_code),
        ("target_type", "STRING", lambda row: row.extra["place"].target_type),
        ("status", "ENUM", _always("ENABLED"), ("ENABLED", "REMOVAL_PLANNED")),
    ),
    "conversion_action": (
        ("resource_name", "RESOURCE_NAME", _name("customers/{c}/conversionActions/{x_id}")),
        ("id", "INT64", _of("extra", "id")),
        ("name", "STRING", _of("extra", "name")),
        ("category", "ENUM", _of("extra", "category"), ("SUBMIT_LEAD_FORM", "PHONE_CALL_LEAD")),
        ("status", "ENUM", _always("ENABLED"), ("ENABLED", "REMOVED", "HIDDEN")),
        ("type", "ENUM", _always("WEBPAGE"), ("WEBPAGE",)),
    ),
}
"""Resource → name, type, how it is read, and the values of an enum."""

_IN_GROUP = ("customer", "campaign", "ad_group")
_TIMES = ("date", "week", "month", "quarter", "year", "day_of_week")
_USUAL = (*_TIMES, "hour", "device", "ad_network_type", *CONVERSION_SEGMENTS)
_PLACED = (*_TIMES, *GEO_SEGMENTS, *GEO_UNTOLD, "geo_target_country")
RESOURCES: dict[str, Resource] = {
    "customer": Resource((), _USUAL, True),
    "campaign": Resource(("customer", "campaign_budget"), _USUAL, True),
    "campaign_budget": Resource(("customer", "campaign"), _USUAL, True),
    "ad_group": Resource(("customer", "campaign"), _USUAL, True),
    "ad_group_ad": Resource(_IN_GROUP, _USUAL, True),
    "ad_group_criterion": Resource(_IN_GROUP),
    "keyword_view": Resource((*_IN_GROUP, "ad_group_criterion"), _USUAL, True),
    "geographic_view": Resource(_IN_GROUP, (*_PLACED, "device", "ad_network_type"), True),
    "user_location_view": Resource(_IN_GROUP, (*_PLACED, "device", "ad_network_type"), True),
    "detail_placement_view": Resource(_IN_GROUP, (*_TIMES, "device", "ad_network_type"), True),
    "group_placement_view": Resource(_IN_GROUP, (*_TIMES, "device", "ad_network_type"), True),
    "click_view": Resource(_IN_GROUP, ("date", "device", "ad_network_type"), True),
    "customer_client": Resource(("customer",)),
    "geo_target_constant": Resource(),
    "conversion_action": Resource(("customer",)),
}


def _make_fields() -> dict[str, Field]:
    made = {**METRICS, **SEGMENTS}
    for resource, told in DESCRIBED.items():
        for name, data_type, read, *enum in told:
            values = enum[0] if enum else ()
            is_list = name.endswith(("final_urls", "headlines"))
            full = f"{resource}.{name}"
            made[full] = Field(full, data_type, read, "ATTRIBUTE", values, is_list)
    for full in unset_names():
        made[full] = Field(full, "STRING", _always(None))
    return made


FIELDS: Mapping[str, Field] = _make_fields()
"""Every field by its full name, as ``campaign.id`` or ``metrics.clicks``."""
