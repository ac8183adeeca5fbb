"""The raw tables of VK Ads.

``stats_date`` is a day of the cabinet's zone (Moscow). Money is exact decimal text at the vendor,
in whole units of ``currency_code``. Objects keep every status, deleted ones too: their figures
stay.
"""

from __future__ import annotations

import pyarrow as pa

from include.connectors._records import (
    Column,
    booleans,
    days,
    decimals,
    ids,
    integers,
    json_texts,
    local_instants,
    texts,
)
from include.connectors.protocol import Resource, ResourceFacts, SourceProfile
from include.connectors.vk_ads.answers import MOSCOW
from include.connectors.vk_ads.blocks import take, take_goals

PERFORMANCE = "ad_performance_daily"
AD_PLAN, AD_GROUP, BANNER = "ad_plan", "ad_group", "banner"
BANNER_URL = "banner_url"
MONEY = pa.decimal128(18, 6)
INSTANT = pa.timestamp("us", "UTC")
money = decimals(6, 18)
instants = local_instants(MOSCOW)


def _schema(*fields: tuple[str, pa.DataType, bool]) -> pa.Schema:
    return pa.schema([pa.field(name, kind, nullable=empty) for name, kind, empty in fields])


PERFORMANCE_SCHEMA = _schema(
    ("account_id", pa.string(), False),
    ("stats_date", pa.date32(), False),
    ("ad_plan_id", pa.uint64(), False),
    ("ad_group_id", pa.uint64(), False),
    ("banner_id", pa.uint64(), False),
    ("shows", pa.uint64(), False),
    ("clicks", pa.uint64(), False),
    ("spent_amount", MONEY, False),
    ("goals", pa.uint64(), False),
    ("goals_legacy", pa.uint64(), True),
    ("uniques_total", pa.uint64(), True),
    ("uniques_increment", pa.uint64(), True),
    ("sent_forms", pa.uint64(), True),
    ("video_started", pa.uint64(), True),
    ("attribution", pa.string(), False),
    ("currency_code", pa.string(), False),
    ("is_vat_included", pa.bool_(), False),
)
PERFORMANCE_COLUMNS = (
    Column("stats_date", days, "date", required=True),
    Column("ad_plan_id", integers, required=True),
    Column("ad_group_id", integers, required=True),
    Column("banner_id", integers, required=True),
    Column("shows", integers, "base.shows", take("base", "shows"), required=True),
    Column("clicks", integers, "base.clicks", take("base", "clicks"), required=True),
    Column("spent_amount", money, "base.spent", take("base", "spent"), required=True),
    Column("goals", integers, "base.vk.goals", take_goals, required=True),
    Column("goals_legacy", integers, "base.goals", take("base", "goals")),
    Column("uniques_total", integers, "uniques.total", take("uniques", "total")),
    Column("uniques_increment", integers, "uniques.increment", take("uniques", "increment")),
    Column("sent_forms", integers, "events.sending_form", take("events", "sending_form")),
    Column("video_started", integers, "video.started", take("video", "started")),
)
BLOCKS = frozenset({"base", "events", "uniques", "video"})
METRICS = ",".join(sorted(BLOCKS))

_TIMED = (
    ("status", pa.string(), False),
    ("created_at", INSTANT, True),
    ("updated_at", INSTANT, True),
)
AD_PLAN_SCHEMA = _schema(
    ("account_id", pa.string(), False),
    ("ad_plan_id", pa.uint64(), False),
    ("ad_plan_name", pa.string(), False),
    *_TIMED,
    ("start_date", pa.date32(), True),
    ("end_date", pa.date32(), True),
    ("objective", pa.string(), True),
    ("daily_budget_amount", MONEY, True),
    ("total_budget_amount", MONEY, True),
    ("currency_code", pa.string(), False),
)
AD_GROUP_SCHEMA = _schema(
    ("account_id", pa.string(), False),
    ("ad_group_id", pa.uint64(), False),
    ("ad_plan_id", pa.uint64(), False),
    ("ad_group_name", pa.string(), False),
    *_TIMED,
    ("delivery", pa.string(), True),
    ("package_id", pa.uint64(), True),
    ("is_utm_automatic", pa.bool_(), True),
    ("utm", pa.string(), True),
)
BANNER_SCHEMA = _schema(
    ("account_id", pa.string(), False),
    ("banner_id", pa.uint64(), False),
    ("ad_group_id", pa.uint64(), False),
    ("banner_name", pa.string(), False),
    *_TIMED,
    ("delivery", pa.string(), True),
    ("moderation_status", pa.string(), True),
    ("urls", pa.string(), True),
    ("textblocks", pa.string(), True),
)
BANNER_URL_SCHEMA = _schema(
    ("account_id", pa.string(), False),
    ("banner_id", pa.uint64(), False),
    ("url_slot", pa.string(), False),
    ("url_id", pa.string(), False),
    ("url", pa.string(), True),
    ("updated_at", INSTANT, True),
)
_TIMED_COLUMNS = (
    Column("status", texts, required=True),
    Column("created_at", instants, "created"),
    Column("updated_at", instants, "updated"),
)
COLUMNS: dict[str, tuple[Column, ...]] = {
    AD_PLAN: (
        Column("ad_plan_id", integers, "id", required=True),
        Column("ad_plan_name", texts, "name", required=True),
        *_TIMED_COLUMNS,
        Column("start_date", days, "date_start"),
        Column("end_date", days, "date_end"),
        Column("objective", texts),
        Column("daily_budget_amount", money, "budget_limit_day"),
        Column("total_budget_amount", money, "budget_limit"),
    ),
    AD_GROUP: (
        Column("ad_group_id", integers, "id", required=True),
        Column("ad_plan_id", integers, required=True),
        Column("ad_group_name", texts, "name", required=True),
        *_TIMED_COLUMNS,
        Column("delivery", texts),
        Column("package_id", integers),
        Column("is_utm_automatic", booleans, "enable_utm"),
        Column("utm", texts),
    ),
    BANNER: (
        Column("banner_id", integers, "id", required=True),
        Column("ad_group_id", integers, required=True),
        Column("banner_name", texts, "name", required=True),
        *_TIMED_COLUMNS,
        Column("delivery", texts),
        Column("moderation_status", texts),
        Column("urls", json_texts),
        Column("textblocks", json_texts),
    ),
    BANNER_URL: (
        Column("banner_id", integers, required=True),
        Column("url_slot", texts, required=True),
        Column("url_id", ids, required=True),
        Column("url", texts),
        Column("updated_at", instants, "updated"),
    ),
}
LISTS = {AD_PLAN: "ad_plans", AD_GROUP: "ad_groups", BANNER: "banners"}
"""Resource → name of the vendor's list."""
KNOWN_VALUES = {
    "status": frozenset({"active", "blocked", "deleted"}),
    "delivery": frozenset({"pending", "delivering", "not_delivering"}),
    "moderation_status": frozenset({"pending", "allowed", "banned"}),
}
"""Values the vendor documents; any other is kept and told as a finding."""


def _facts(grain: str, restatement: str) -> ResourceFacts:
    return ResourceFacts(
        grain=grain,
        time_zone="instants are read as Moscow's and kept in UTC",
        currency="the cabinet's",
        vat="budgets as the cabinet shows them",
        restatement=restatement,
        personal_data="none",
    )


RESOURCES = {
    PERFORMANCE: Resource(
        name=PERFORMANCE,
        kind="replace",
        schema=PERFORMANCE_SCHEMA,
        day_column="stats_date",
        control_columns=("spent_amount", "clicks", "shows", "goals"),
        facts=ResourceFacts(
            grain="account, day, banner",
            time_zone="Europe/Moscow; the option time_zone names another",
            currency="the cabinet's",
            vat="without, unless the option is_vat_included says otherwise; not documented",
            restatement="the last lookback_days (3), and any of the last probe_days (90) whose "
            "totals of the whole cabinet differ from what is here",
            personal_data="none",
        ),
    ),
    AD_PLAN: Resource(AD_PLAN, "replace", AD_PLAN_SCHEMA, facts=_facts("ad plan", "every run")),
    AD_GROUP: Resource(AD_GROUP, "replace", AD_GROUP_SCHEMA, facts=_facts("ad group", "every run")),
    BANNER: Resource(BANNER, "replace", BANNER_SCHEMA, facts=_facts("banner", "every run")),
    BANNER_URL: Resource(
        BANNER_URL,
        "append",
        BANNER_URL_SCHEMA,
        facts=_facts("banner, slot, change", "read again when its banner changes"),
    ),
}
PROFILE = SourceProfile(
    title="VK Ads (VK Реклама)",
    api="VK Ads API v2, and v3 for the list of objects with delivery",
    limits="windows of a calendar second, hour and day for each user and method, told by headers; "
    "here at most requests_per_second (5) for all processes together",
    credentials={
        "client_id": "of the cabinet's (or the agency's) API access, in its settings",
        "client_secret": "beside it",
        "agency_client_id": "number (or agency_client_name: login) of the client to open, where "
        "the two above are an agency's",
        "token": "an access token instead of both; it dies within a day unless it can be renewed",
        "refresh_token": "beside such a token, so that it can be renewed",
    },
)
