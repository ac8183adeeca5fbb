"""The raw tables of Yandex Metrica, and how log fields become their columns.

A field template holds ``{attribution}`` where the vendor wants the name of an attribution: names
always say it, because the same name without it has changed its meaning before. The number of the
counter stands last, so that a line broken by free text never looks whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import pyarrow as pa

from include.connectors.protocol import Resource, ResourceFacts

VISIT, HIT, GOAL = "visit", "hit", "goal"
INSTANT = pa.timestamp("us", "UTC")
MOST_FIELD_CHARACTERS = 3000
"""Longer requests are refused by the vendor."""


def _list_of(kind: pa.DataType) -> pa.DataType:
    return pa.list_(pa.field("item", kind, nullable=False))


@dataclass(frozen=True)
class LogColumn:
    """One log field and the raw column it fills.

    ``decode`` names how cells are read where the type alone does not say it: ``local`` (the
    counter's clock), ``utc3`` (the vendor's "UTC", three hours ahead of it), ``thousandths`` and
    ``units`` (money, kept as micros).
    """

    field: str
    column: str
    type: pa.DataType
    decode: str = ""


TEXT, FLAG, ID, COUNT = pa.string(), pa.bool_(), pa.uint64(), pa.uint32()
TEXTS, IDS, COUNTS, MICROS = map(_list_of, (TEXT, ID, COUNT, pa.int64()))
INSTANTS = _list_of(INSTANT)
ATTRIBUTED = "ym:s:{attribution}"

VISIT_COLUMNS = (
    LogColumn("ym:s:visitID", "visit_id", ID),
    LogColumn("ym:s:date", "visit_date", pa.date32()),
    LogColumn("ym:s:dateTimeUTC", "started_at", INSTANT, "utc3"),
    LogColumn("ym:s:clientID", "client_id", ID),
    LogColumn("ym:s:counterUserIDHash", "counter_user_id_hash", ID),
    LogColumn("ym:s:isNewUser", "is_new_user", FLAG),
    LogColumn("ym:s:pageViews", "page_views", COUNT),
    LogColumn("ym:s:visitDuration", "duration_seconds", COUNT),
    LogColumn("ym:s:bounce", "is_bounce", FLAG),
    LogColumn("ym:s:startURL", "start_url", TEXT),
    LogColumn("ym:s:endURL", "end_url", TEXT),
    LogColumn("ym:s:referer", "referer", TEXT),
    LogColumn("ym:s:ipAddress", "ip_address", TEXT),
    LogColumn("ym:s:regionCountry", "region_country", TEXT),
    LogColumn("ym:s:regionCity", "region_city", TEXT),
    LogColumn("ym:s:deviceCategory", "device_category", TEXT),
    LogColumn("ym:s:operatingSystem", "operating_system", TEXT),
    LogColumn("ym:s:browser", "browser", TEXT),
    LogColumn("ym:s:clientTimeZone", "client_zone_minutes", pa.int16()),
    LogColumn(ATTRIBUTED + "TrafficSource", "traffic_source", TEXT),
    LogColumn(ATTRIBUTED + "AdvEngine", "adv_engine", TEXT),
    LogColumn(ATTRIBUTED + "ReferalSource", "referral_source", TEXT),
    LogColumn(ATTRIBUTED + "SearchEngineRoot", "search_engine_root", TEXT),
    LogColumn(ATTRIBUTED + "SearchEngine", "search_engine", TEXT),
    LogColumn(ATTRIBUTED + "SocialNetwork", "social_network", TEXT),
    LogColumn(ATTRIBUTED + "Messenger", "messenger", TEXT),
    LogColumn(ATTRIBUTED + "RecommendationSystem", "recommendation_system", TEXT),
    LogColumn(ATTRIBUTED + "DirectClickOrder", "direct_campaign_id", COUNT),
    LogColumn(ATTRIBUTED + "DirectBannerGroup", "direct_ad_group_id", ID),
    LogColumn(ATTRIBUTED + "DirectClickBanner", "direct_ad_id", TEXT),
    LogColumn(ATTRIBUTED + "DirectPhraseOrCond", "direct_phrase", TEXT),
    LogColumn(ATTRIBUTED + "DirectConditionType", "direct_condition_type", TEXT),
    LogColumn(ATTRIBUTED + "DirectPlatformType", "direct_platform_type", TEXT),
    LogColumn(ATTRIBUTED + "UTMSource", "utm_source", TEXT),
    LogColumn(ATTRIBUTED + "UTMMedium", "utm_medium", TEXT),
    LogColumn(ATTRIBUTED + "UTMCampaign", "utm_campaign", TEXT),
    LogColumn(ATTRIBUTED + "UTMContent", "utm_content", TEXT),
    LogColumn(ATTRIBUTED + "UTMTerm", "utm_term", TEXT),
    LogColumn(ATTRIBUTED + "GCLID", "gclid", TEXT),
    LogColumn("ym:s:goalsID", "goal_ids", COUNTS),
    LogColumn("ym:s:goalsDateTime", "goal_times", INSTANTS, "utc3"),
    LogColumn("ym:s:goalsPrice", "goal_prices", MICROS, "thousandths"),
    LogColumn("ym:s:goalsCurrency", "goal_currency_codes", TEXTS),
    LogColumn("ym:s:goalsOrder", "goal_orders", TEXTS),
    LogColumn("ym:s:purchaseID", "purchase_ids", TEXTS),
    LogColumn("ym:s:purchaseDateTime", "purchase_times", INSTANTS, "utc3"),
    LogColumn("ym:s:purchaseRevenue", "purchase_revenues", MICROS, "units"),
    LogColumn("ym:s:purchaseCurrency", "purchase_currency_codes", TEXTS),
    LogColumn("ym:s:productsPurchaseID", "product_purchase_ids", TEXTS),
    LogColumn("ym:s:productsID", "product_ids", TEXTS),
    LogColumn("ym:s:productsName", "product_names", TEXTS),
    LogColumn("ym:s:productsPrice", "product_prices", MICROS),
    LogColumn("ym:s:productsQuantity", "product_quantities", MICROS),
    LogColumn("ym:s:offlineCallTalkDuration", "call_talk_seconds", COUNTS),
    LogColumn("ym:s:offlineCallHoldDuration", "call_hold_seconds", COUNTS),
    LogColumn("ym:s:offlineCallMissed", "call_missed", COUNTS),
    LogColumn("ym:s:offlineCallTag", "call_tags", TEXTS),
    LogColumn("ym:s:parsedParamsKey1", "params_key1", TEXTS),
    LogColumn("ym:s:parsedParamsKey2", "params_key2", TEXTS),
    LogColumn("ym:s:watchIDs", "watch_ids", IDS),
    LogColumn("ym:s:counterID", "counter_id", COUNT),
)
HIT_COLUMNS = (
    LogColumn("ym:pv:watchID", "watch_id", ID),
    LogColumn("ym:pv:date", "hit_date", pa.date32()),
    LogColumn("ym:pv:dateTime", "occurred_at", INSTANT, "local"),
    LogColumn("ym:pv:clientID", "client_id", ID),
    LogColumn("ym:pv:counterUserIDHash", "counter_user_id_hash", ID),
    LogColumn("ym:pv:URL", "url", TEXT),
    LogColumn("ym:pv:referer", "referer", TEXT),
    LogColumn("ym:pv:title", "title", TEXT),
    LogColumn("ym:pv:isPageView", "is_page_view", FLAG),
    LogColumn("ym:pv:link", "is_link", FLAG),
    LogColumn("ym:pv:download", "is_download", FLAG),
    LogColumn("ym:pv:notBounce", "is_not_bounce", FLAG),
    LogColumn("ym:pv:artificial", "is_artificial", FLAG),
    LogColumn("ym:pv:httpError", "http_error", TEXT),
    LogColumn("ym:pv:lastTrafficSource", "traffic_source", TEXT),
    LogColumn("ym:pv:lastAdvEngine", "adv_engine", TEXT),
    LogColumn("ym:pv:lastSearchEngine", "search_engine", TEXT),
    LogColumn("ym:pv:lastSocialNetwork", "social_network", TEXT),
    LogColumn("ym:pv:messenger", "messenger", TEXT),
    LogColumn("ym:pv:recommendationSystem", "recommendation_system", TEXT),
    LogColumn("ym:pv:UTMSource", "utm_source", TEXT),
    LogColumn("ym:pv:UTMMedium", "utm_medium", TEXT),
    LogColumn("ym:pv:UTMCampaign", "utm_campaign", TEXT),
    LogColumn("ym:pv:UTMContent", "utm_content", TEXT),
    LogColumn("ym:pv:UTMTerm", "utm_term", TEXT),
    LogColumn("ym:pv:GCLID", "gclid", TEXT),
    LogColumn("ym:pv:goalsID", "goal_ids", COUNTS),
    LogColumn("ym:pv:ecommerce", "ecommerce", TEXT),
    LogColumn("ym:pv:params", "params", TEXT),
    LogColumn("ym:pv:ipAddress", "ip_address", TEXT),
    LogColumn("ym:pv:regionCity", "region_city", TEXT),
    LogColumn("ym:pv:deviceCategory", "device_category", TEXT),
    LogColumn("ym:pv:counterID", "counter_id", COUNT),
)
GOAL_SCHEMA = pa.schema(
    [
        pa.field("account_id", TEXT, nullable=False),
        pa.field("goal_id", ID, nullable=False),
        pa.field("goal_name", TEXT, nullable=False),
        pa.field("goal_type", TEXT, nullable=False),
        pa.field("goal_source", TEXT, nullable=False),
        pa.field("goal_status", TEXT, nullable=False),
        pa.field("is_favorite", FLAG, nullable=False),
        pa.field("payload", TEXT, nullable=False),
    ]
)


def _schema(columns: tuple[LogColumn, ...], *added: str) -> pa.Schema:
    """``added`` are text columns the connector fills itself, then the number of goals and the log.

    The log's number changes at every pull, so landing leaves it out of the content hash.
    """
    return pa.schema(
        [
            pa.field("account_id", TEXT, nullable=False),
            *(pa.field(each.column, each.type, nullable=False) for each in columns),
            pa.field("yclid", TEXT, nullable=False),
            pa.field("goal_count", COUNT, nullable=False),
            *(pa.field(name, TEXT, nullable=False) for name in added),
            pa.field("time_zone", TEXT, nullable=False),
            pa.field("log_request_id", ID, nullable=False, metadata={"transport": "yes"}),
        ]
    )


@dataclass(frozen=True)
class LogKind:
    """One kind of log: what the vendor calls it, its columns, and what its day totals are called.

    ``address`` is the column whose ``yclid=`` is read: the vendor has no field for it.
    """

    resource: str
    source: str
    columns: tuple[LogColumn, ...]
    schema: pa.Schema
    day_column: str
    address: str

    def fields(self, attribution: str) -> list[str]:
        """What to ask for, in the order of the columns."""
        return [column.field.format(attribution=attribution) for column in self.columns]


LOGS: Mapping[str, LogKind] = MappingProxyType(
    {
        VISIT: LogKind(
            VISIT,
            "visits",
            VISIT_COLUMNS,
            _schema(VISIT_COLUMNS, "attribution"),
            "visit_date",
            "start_url",
        ),
        HIT: LogKind(HIT, "hits", HIT_COLUMNS, _schema(HIT_COLUMNS), "hit_date", "url"),
    }
)

_RESTATED = (
    "the last days are read again; days up to 90 back when the counter's report of that day no "
    "longer shows what it showed at the last pull"
)
RESOURCES: Mapping[str, Resource] = MappingProxyType(
    {
        VISIT: Resource(
            name=VISIT,
            kind="replace",
            schema=LOGS[VISIT].schema,
            day_column="visit_date",
            control_columns=("page_views", "goal_count"),
            facts=ResourceFacts(
                grain="one visit (its number is unique within a year)",
                time_zone="the counter's; started_at is an instant",
                currency="each goal's and each purchase's own",
                vat="as the site told it",
                restatement=_RESTATED,
                personal_data="IP address, cookie ids, URLs, parameters, calls",
            ),
        ),
        HIT: Resource(
            name=HIT,
            kind="replace",
            schema=LOGS[HIT].schema,
            day_column="hit_date",
            control_columns=("is_page_view", "goal_count"),
            facts=ResourceFacts(
                grain="one page view or event; joined to its visit by watch_ids",
                time_zone="the counter's; an hour that happens twice is taken as its first",
                currency="none",
                vat="none",
                restatement=_RESTATED,
                personal_data="IP address, cookie ids, URLs, parameters",
            ),
        ),
        GOAL: Resource(
            name=GOAL,
            kind="replace",
            schema=GOAL_SCHEMA,
            facts=ResourceFacts(
                grain="one goal of the counter, deleted ones too",
                time_zone="none",
                currency="none",
                vat="none",
                restatement="the whole list at every run",
                personal_data="none",
            ),
        ),
    }
)
