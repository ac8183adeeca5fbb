"""The raw tables of Avito Ads.

Money is whole roubles at the vendor, with bonuses apart. ``creative_id`` 0 is what a campaign has
more (or, by rounding, less) than all its creatives together.
"""

from __future__ import annotations

import pyarrow as pa

from include.connectors._records import Column, days, decimals, integers, iso_instants, texts
from include.connectors.protocol import Resource, ResourceFacts, SourceProfile

PERFORMANCE = "ad_performance_daily"
CAMPAIGN, AD_GROUP, CREATIVE = "campaign", "ad_group", "creative"
MONEY = pa.decimal128(18, 2)
INSTANT = pa.timestamp("us", "UTC")
money = decimals(2, 18)


def _schema(*fields: tuple[str, pa.DataType, bool]) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable=empty) for name, kind, empty in fields])


FIGURES = {
    "views": "views",
    "clicks": "clicks",
    "spend_amount": "spend",
    "bonus_spend_amount": "spendBonus",
    "video_views_25": "videoViews25",
    "video_views_50": "videoViews50",
    "video_views_75": "videoViews75",
    "video_views_100": "videoViews100",
}
"""Raw column → the vendor's counter; one that is absent is zero."""
NEEDED_FIGURES = ("views", "clicks", "spend")
"""Never absent from all days of an answer, or the API has changed."""
IGNORED_FIGURES = frozenset({"timestamp", "ctr", "cpm", "cpc", "q25", "q50", "q75", "vtr"})

PERFORMANCE_SCHEMA = _schema(
    ("account_id", pa.string(), False),
    ("stats_date", pa.date32(), False),
    ("campaign_id", pa.uint64(), False),
    ("ad_group_id", pa.uint64(), False),
    ("creative_id", pa.uint64(), False),
    ("payment_model", pa.string(), False),
    ("campaign_type", pa.string(), False),
    ("views", pa.uint64(), False),
    ("clicks", pa.uint64(), False),
    ("spend_amount", MONEY, False),
    ("bonus_spend_amount", MONEY, False),
    ("video_views_25", pa.uint64(), False),
    ("video_views_50", pa.uint64(), False),
    ("video_views_75", pa.uint64(), False),
    ("video_views_100", pa.uint64(), False),
    ("currency_code", pa.string(), False),
    ("is_vat_included", pa.bool_(), False),
)
PERFORMANCE_COLUMNS = (
    Column("stats_date", days, required=True),
    Column("campaign_id", integers, required=True),
    Column("ad_group_id", integers, required=True),
    Column("creative_id", integers, required=True),
    Column("payment_model", texts, required=True),
    Column("campaign_type", texts, required=True),
    *(
        Column(name, money if name.endswith("_amount") else integers, path, required=True)
        for name, path in FIGURES.items()
    ),
)

_STATE = (
    ("status", pa.string(), False),
    ("payment_model", pa.string(), True),
    ("campaign_type", pa.string(), True),
)
CAMPAIGN_SCHEMA = _schema(
    ("account_id", pa.string(), False),
    ("campaign_id", pa.uint64(), False),
    ("campaign_name", pa.string(), False),
    *_STATE,
    ("budget_amount", MONEY, True),
    ("start_date", pa.date32(), True),
    ("end_date", pa.date32(), True),
    ("created_at", INSTANT, True),
    ("updated_at", INSTANT, True),
    ("currency_code", pa.string(), False),
)
AD_GROUP_SCHEMA = _schema(
    ("account_id", pa.string(), False),
    ("ad_group_id", pa.uint64(), False),
    ("campaign_id", pa.uint64(), False),
    ("ad_group_name", pa.string(), False),
    *_STATE,
    ("budget_amount", MONEY, True),
    ("price_amount", MONEY, True),
    ("currency_code", pa.string(), False),
)
CREATIVE_SCHEMA = _schema(
    ("account_id", pa.string(), False),
    ("creative_id", pa.uint64(), False),
    ("ad_group_id", pa.uint64(), False),
    ("campaign_id", pa.uint64(), False),
    ("creative_name", pa.string(), False),
    ("title", pa.string(), True),
    ("link", pa.string(), True),
    ("status", pa.string(), False),
)
_STATE_COLUMNS = (
    Column("status", texts, required=True),
    Column("payment_model", texts, "paymentModel"),
    Column("campaign_type", texts, "campaignType"),
)
COLUMNS: dict[str, tuple[Column, ...]] = {
    CAMPAIGN: (
        Column("campaign_id", integers, "id", required=True),
        Column("campaign_name", texts, "name", required=True),
        *_STATE_COLUMNS,
        Column("budget_amount", money, "budget"),
        Column("start_date", days, "startDate"),
        Column("end_date", days, "endDate"),
        Column("created_at", iso_instants, "createdAt"),
        Column("updated_at", iso_instants, "updatedAt"),
    ),
    AD_GROUP: (
        Column("ad_group_id", integers, "id", required=True),
        Column("campaign_id", integers, "campaignID", required=True),
        Column("ad_group_name", texts, "name", required=True),
        *_STATE_COLUMNS,
        Column("budget_amount", money, "budget"),
        Column("price_amount", money, "price"),
    ),
    CREATIVE: (
        Column("creative_id", integers, "id", required=True),
        Column("ad_group_id", integers, "groupID", required=True),
        Column("campaign_id", integers, "campaignID", required=True),
        Column("creative_name", texts, "name", required=True),
        Column("title", texts),
        Column("link", texts),
        Column("status", texts, required=True),
    ),
}
_PARTIES = ("userId", "accountId", "accountID", "advertiserId", "advertiserID", "contractId")
IGNORED = frozenset(
    (
        *_PARTIES,
        "managerID",
        "additionalAgreementID",
        "pace",
        "haveCreative",
        "startDate",
        "endDate",
        "createdAt",
        "updatedAt",
        "paymentModel",
        "campaignType",
        "description",
        "buttonText",
        "legalInfo",
    )
)
"""Known fields of the lists that are not kept."""
LISTS = {CAMPAIGN: "campaigns", AD_GROUP: "groups", CREATIVE: "creatives"}
"""Resource → name of the vendor's list."""
KNOWN_PAYMENT_MODELS = frozenset({"CPM", "CPC"})
KNOWN_CAMPAIGN_TYPES = frozenset({"textImage", "HTML", "video"})
KNOWN_STATUSES = frozenset(
    {
        "draft",
        "in_moderation",
        "moderation_failed",
        "partial_moderation",
        "active",
        "paused",
        "stopped",
        "finished",
        "archived",
    }
)
"""Of campaigns; groups and creatives have a few more, which nobody has written down."""


def _list_facts(grain: str) -> ResourceFacts:
    return ResourceFacts(
        grain=grain,
        time_zone="instants name their offset and are kept in UTC",
        currency="roubles",
        vat="budgets as the cabinet shows them",
        restatement="read whole by every run",
        personal_data="none: names of advertisers and managers are left out",
    )


RESOURCES = {
    PERFORMANCE: Resource(
        name=PERFORMANCE,
        kind="replace",
        schema=PERFORMANCE_SCHEMA,
        day_column="stats_date",
        control_columns=("spend_amount", "bonus_spend_amount", "clicks", "views"),
        facts=ResourceFacts(
            grain="account, day, creative; creative 0 is the campaign's remainder",
            time_zone="Europe/Moscow unless the option time_zone says otherwise; not documented",
            currency="whole roubles, bonuses apart",
            vat="not documented; without, unless the option is_vat_included says otherwise",
            restatement="the last lookback_days (3), and any of the last probe_days (90) whose "
            "totals of all campaigns differ from what is here",
            personal_data="none",
        ),
    ),
    CAMPAIGN: Resource(CAMPAIGN, "replace", CAMPAIGN_SCHEMA, facts=_list_facts("campaign")),
    AD_GROUP: Resource(AD_GROUP, "replace", AD_GROUP_SCHEMA, facts=_list_facts("ad group")),
    CREATIVE: Resource(CREATIVE, "replace", CREATIVE_SCHEMA, facts=_list_facts("creative")),
}
PROFILE = SourceProfile(
    title="Avito Ads (Авито Реклама)",
    api="Avito Ads API v1",
    limits="about 500 points a minute, told by Api-Point-Balance; here at most "
    "requests_per_minute (450) for all processes together",
    counted_by={"points": "application"},
    credentials={
        "client_id": "of the application on the Avito developer page; an agency's opens its "
        "clients' accounts too",
        "client_secret": "beside it",
    },
)
