"""The vendor's dimensions, each derived from columns of the sessions or their events.

``customUser:client_id`` is a custom dimension the demo company has registered: without one the
vendor tells no client ids.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.sandbox.vendors.ga4.sessions import GOAL_EVENT, LINE, NOT_SET

Derive = Callable[[pa.Table], Any]
CLIENT_ID = "customUser:client_id"


def _column(name: str) -> Derive:
    return lambda rows: rows[name]


def _constant(value: str) -> Derive:
    return lambda rows: pa.array([value] * len(rows), pa.string())


def _clock(pattern: str, column: str = "started_at") -> Derive:
    zoned = pa.timestamp("us", tz=LINE.time_zone)
    return lambda rows: pc.strftime(pc.cast(rows[column], zoned), format=pattern)


def _join(separator: str, *names: str) -> Derive:
    return lambda rows: pc.binary_join_element_wise(*(rows[name] for name in names), separator)


def _choose(column: str, yes: str, no: str) -> Derive:
    return lambda rows: pc.if_else(rows[column], yes, no)


def _is_key_event(rows: pa.Table) -> Any:
    return pc.if_else(pc.is_in(rows["event"], pa.array([GOAL_EVENT, "purchase"])), "true", "false")


def _guess(shares: Mapping[str, int]) -> Derive:
    """A value of a client, from digits of its id; most are ``unknown``."""
    words = [word for word, weight in shares.items() for _ in range(weight)]

    def derive(rows: pa.Table) -> Any:
        places = [sum(client.encode()) % len(words) for client in rows["client"].to_pylist()]
        return pa.array([words[place] for place in places], pa.string())

    return derive


def _unset(category: str, **names: str) -> dict[str, tuple[str, str, Derive]]:
    """Dimensions nobody has told the property anything of."""
    return {name: (label, category, _constant(NOT_SET)) for name, label in names.items()}


AGES = {"unknown": 6, "25-34": 2, "35-44": 2, "45-54": 1}
GENDERS = {"unknown": 6, "male": 3, "female": 2}

DIMENSIONS: dict[str, tuple[str, str, Derive]] = {
    "date": ("Date", "Time", _clock("%Y%m%d")),
    "dateHour": ("Date + hour (YYYYMMDDHH)", "Time", _clock("%Y%m%d%H")),
    "dateHourMinute": ("Date hour and minute", "Time", _clock("%Y%m%d%H%M")),
    "year": ("Year", "Time", _clock("%Y")),
    "yearMonth": ("Year month", "Time", _clock("%Y%m")),
    "yearWeek": ("Year week", "Time", _clock("%Y%U")),
    "isoYearIsoWeek": ("ISO week of ISO year", "Time", _clock("%G%V")),
    "month": ("Month", "Time", _clock("%m")),
    "week": ("Week", "Time", _clock("%U")),
    "day": ("Day", "Time", _clock("%d")),
    "dayOfWeek": ("Day of week", "Time", _clock("%w")),
    "dayOfWeekName": ("Day of week name", "Time", _clock("%A")),
    "hour": ("Hour", "Time", _clock("%H")),
    "minute": ("Minute", "Time", _clock("%M")),
    "sessionSource": ("Session source", "Traffic source", _column("source")),
    "sessionMedium": ("Session medium", "Traffic source", _column("medium")),
    "sessionSourceMedium": (
        "Session source / medium",
        "Traffic source",
        _join(" / ", "source", "medium"),
    ),
    "sessionCampaignName": ("Session campaign", "Traffic source", _column("campaign")),
    "sessionCampaignId": ("Session campaign ID", "Traffic source", _column("campaign_id")),
    "sessionDefaultChannelGroup": (
        "Session default channel group",
        "Traffic source",
        _column("channel"),
    ),
    "sessionPrimaryChannelGroup": (
        "Session primary channel group",
        "Traffic source",
        _column("channel"),
    ),
    "sessionManualAdContent": ("Session manual ad content", "Traffic source", _column("content")),
    "sessionManualTerm": ("Session manual term", "Traffic source", _column("term")),
    "sessionManualSource": ("Session manual source", "Traffic source", _column("source")),
    "sessionManualMedium": ("Session manual medium", "Traffic source", _column("medium")),
    "sessionManualCampaignName": (
        "Session manual campaign name",
        "Traffic source",
        _column("campaign"),
    ),
    "sessionGoogleAdsCampaignId": (
        "Session Google Ads campaign ID",
        "Traffic source",
        lambda rows: pc.if_else(rows["google_ads"], rows["campaign_id"], NOT_SET),
    ),
    "sessionGoogleAdsCampaignName": (
        "Session Google Ads campaign",
        "Traffic source",
        lambda rows: pc.if_else(rows["google_ads"], rows["campaign"], NOT_SET),
    ),
    "source": ("Source", "Attribution", _column("source")),
    "medium": ("Medium", "Attribution", _column("medium")),
    "sourceMedium": ("Source / medium", "Attribution", _join(" / ", "source", "medium")),
    "campaignName": ("Campaign", "Attribution", _column("campaign")),
    "campaignId": ("Campaign ID", "Attribution", _column("campaign_id")),
    "defaultChannelGroup": ("Default channel group", "Attribution", _column("channel")),
    "firstUserSource": ("First user source", "Traffic source", _column("first_source")),
    "firstUserMedium": ("First user medium", "Traffic source", _column("first_medium")),
    "firstUserSourceMedium": (
        "First user source / medium",
        "Traffic source",
        _join(" / ", "first_source", "first_medium"),
    ),
    "firstUserCampaignName": ("First user campaign", "Traffic source", _column("first_campaign")),
    "firstUserDefaultChannelGroup": (
        "First user default channel group",
        "Traffic source",
        _column("first_channel"),
    ),
    "firstSessionDate": (
        "First session date",
        "User lifetime",
        _clock("%Y%m%d", "first_started_at"),
    ),
    "newVsReturning": ("New / returning", "User", _choose("is_new", "new", "returning")),
    "deviceCategory": ("Device category", "Platform / device", _column("device")),
    "operatingSystem": ("Operating system", "Platform / device", _column("os")),
    "browser": ("Browser", "Platform / device", _column("browser")),
    "platform": ("Platform", "Platform / device", _constant("web")),
    "streamId": ("Stream ID", "Platform / device", _constant("5021440011")),
    "streamName": ("Stream name", "Platform / device", _constant("northbolt.example")),
    "country": ("Country", "Geography", _column("country")),
    "city": ("City", "Geography", _column("city")),
    "hostName": ("Hostname", "Page / screen", _column("host")),
    "pagePath": ("Page path", "Page / screen", _column("page")),
    "pagePathPlusQueryString": ("Page path + query string", "Page / screen", _column("query")),
    "pageLocation": ("Page location", "Page / screen", _column("location")),
    "pageReferrer": ("Page referrer", "Page / screen", _column("referrer")),
    "pageTitle": ("Page title", "Page / screen", _column("page")),
    "unifiedScreenName": ("Page title and screen name", "Page / screen", _column("page")),
    "landingPage": ("Landing page", "Page / screen", _column("page")),
    "landingPagePlusQueryString": (
        "Landing page + query string",
        "Page / screen",
        _column("query"),
    ),
    "eventName": ("Event name", "Event", _column("event")),
    "isKeyEvent": ("Is key event", "Event", _is_key_event),
    "userAgeBracket": ("Age", "Demographics", _guess(AGES)),
    "userGender": ("Gender", "Demographics", _guess(GENDERS)),
    "itemName": ("Item name", "Ecommerce", _constant(NOT_SET)),
    "itemId": ("Item ID", "Ecommerce", _constant(NOT_SET)),
    "itemCategory": ("Item category", "Ecommerce", _constant(NOT_SET)),
    **_unset(
        "Ecommerce",
        itemBrand="Item brand",
        itemVariant="Item variant",
        itemCategory2="Item category 2",
        itemCategory3="Item category 3",
        itemCategory4="Item category 4",
        itemCategory5="Item category 5",
    ),
    **_unset("Geography", region="Region", continent="Continent"),
    **_unset("User", language="Language"),
    **_unset(
        "Platform / device",
        operatingSystemVersion="OS version",
        operatingSystemWithVersion="Operating system with version",
        deviceModel="Device model",
        mobileDeviceBranding="Device brand",
        screenResolution="Screen resolution",
        appVersion="App version",
    ),
    **_unset(
        "Traffic source",
        sessionSourcePlatform="Session source platform",
        firstUserSourcePlatform="First user source platform",
        sessionGoogleAdsAdGroupName="Session Google Ads ad group name",
        sessionGoogleAdsKeyword="Session Google Ads keyword text",
        firstUserGoogleAdsAdGroupName="First user Google Ads ad group name",
        firstUserGoogleAdsAdNetworkType="First user Google Ads ad network type",
    ),
    **_unset("Page / screen", contentGroup="Content group", unifiedScreenClass="Page class"),
    **_unset("Demographics", brandingInterest="Interests"),
    "unifiedPagePathScreen": (
        "Page path and screen class",
        "Page / screen",
        _column("page"),
    ),
    "transactionId": ("Transaction ID", "Ecommerce", _column("transaction")),
    "cohort": ("Cohort", "Cohort", _column("cohort")),
    "cohortNthDay": ("Daily cohort", "Cohort", _column("nth")),
    "cohortNthWeek": ("Weekly cohort", "Cohort", _column("nth")),
    "cohortNthMonth": ("Monthly cohort", "Cohort", _column("nth")),
    CLIENT_ID: ("Client ID", "Custom", _column("client")),
    "customUser:user_id": ("User ID", "Custom", _column("user_id")),
}
"""API name → the name people see, its category, and how it is derived."""

EVENT_DIMENSIONS = frozenset({"eventName", "isKeyEvent"})
COHORT_DIMENSIONS = frozenset({"cohort", "cohortNthDay", "cohortNthWeek", "cohortNthMonth"})
ITEM_DIMENSIONS = frozenset(
    name
    for name in DIMENSIONS
    if name.startswith(("itemCategory", "itemBrand", "itemName", "itemId", "itemVariant"))
)
THRESHOLDED_DIMENSIONS = frozenset({"userAgeBracket", "userGender"})
TIME_DIMENSIONS = frozenset(name for name, (_, kind, _) in DIMENSIONS.items() if kind == "Time")
REALTIME_DIMENSIONS = frozenset(
    {"city", "country", "deviceCategory", "eventName", "platform", "streamId", "streamName",
     "unifiedScreenName"}
)  # fmt: skip
"""What runRealtimeReport knows, ``minutesAgo`` aside."""


def derive_dimension(rows: pa.Table, name: str) -> pa.Array:
    """The values of one dimension, a string per row and never null."""
    values = pc.fill_null(DIMENSIONS[name][2](rows), NOT_SET)
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
