"""The raw tables of Yandex Direct, and how report fields become their columns.

``cost_micros`` is micros of ``currency_code``, with VAT only where ``is_vat_included`` says so;
``stats_date`` is a Moscow day whatever time zone a campaign shows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from include.connectors.protocol import Resource, ResourceFacts, SourceProfile

PERFORMANCE = "ad_performance_daily"
CONVERSION = "conversion_daily"
CAMPAIGN = "campaign"
AD_GROUP = "ad_group"
AD = "ad"


@dataclass(frozen=True)
class ReportColumn:
    """One report field and the raw column it fills.

    ``when_missing`` says what the vendor's ``--`` means there: ``zero`` for an id that is not
    shown, ``empty`` for a name, ``null`` for a figure nobody measured, ``reject`` where a row
    without it is worthless.
    """

    field: str
    column: str
    type: pa.DataType
    when_missing: Literal["zero", "empty", "null", "reject"]


REPORT_COLUMNS = (
    ReportColumn("Date", "stats_date", pa.date32(), "reject"),
    ReportColumn("CampaignId", "campaign_id", pa.uint64(), "zero"),
    ReportColumn("CampaignName", "campaign_name", pa.string(), "empty"),
    ReportColumn("CampaignType", "campaign_type", pa.string(), "empty"),
    ReportColumn("AdGroupId", "ad_group_id", pa.uint64(), "zero"),
    ReportColumn("AdGroupName", "ad_group_name", pa.string(), "empty"),
    ReportColumn("AdId", "ad_id", pa.uint64(), "zero"),
    ReportColumn("AdNetworkType", "ad_network_type", pa.string(), "empty"),
    ReportColumn("Device", "device", pa.string(), "empty"),
    ReportColumn("LocationOfPresenceId", "location_of_presence_id", pa.uint32(), "zero"),
    ReportColumn("LocationOfPresenceName", "location_of_presence_name", pa.string(), "empty"),
    ReportColumn("Impressions", "impressions", pa.uint64(), "null"),
    ReportColumn("Clicks", "clicks", pa.uint64(), "reject"),
    ReportColumn("Cost", "cost_micros", pa.int64(), "reject"),
    ReportColumn("Sessions", "sessions", pa.uint64(), "null"),
    ReportColumn("Bounces", "bounces", pa.uint64(), "null"),
)

KEY_COLUMNS = tuple(
    column
    for column in REPORT_COLUMNS
    if column.field
    in (
        *("Date", "CampaignId", "AdGroupId", "AdId", "AdNetworkType", "Device"),
        "LocationOfPresenceId",
    )
)
"""What a conversion is told by: the same grain as the figures, without names."""

KNOWN_VALUES = {
    "ad_network_type": frozenset({"SEARCH", "AD_NETWORK"}),
    "device": frozenset({"DESKTOP", "MOBILE", "TABLET", "SMART_TV"}),
}

PERFORMANCE_SCHEMA = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        *(pa.field(c.column, c.type, nullable=c.when_missing == "null") for c in REPORT_COLUMNS),
        pa.field("currency_code", pa.string(), nullable=False),
        pa.field("is_vat_included", pa.bool_(), nullable=False),
        # Landing leaves it out of the content hash: the same facts come under another name.
        pa.field("report_name", pa.string(), nullable=False, metadata={"transport": "yes"}),
    ]
)

CONVERSION_SCHEMA = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        *(pa.field(c.column, c.type, nullable=False) for c in KEY_COLUMNS),
        pa.field("goal_id", pa.uint64(), nullable=False),
        pa.field("attribution_model", pa.string(), nullable=False),
        pa.field("conversions", pa.uint64(), nullable=False),
        pa.field("revenue_micros", pa.int64(), nullable=True),
        pa.field("currency_code", pa.string(), nullable=False),
        pa.field("is_vat_included", pa.bool_(), nullable=False),
        pa.field("report_name", pa.string(), nullable=False, metadata={"transport": "yes"}),
    ]
)

CAMPAIGN_SCHEMA = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("campaign_id", pa.uint64(), nullable=False),
        pa.field("campaign_name", pa.string(), nullable=False),
        pa.field("campaign_type", pa.string(), nullable=False),
        pa.field("campaign_status", pa.string(), nullable=False),
        pa.field("campaign_state", pa.string(), nullable=False),
        pa.field("start_date", pa.date32(), nullable=True),
        pa.field("end_date", pa.date32(), nullable=True),
        pa.field("currency_code", pa.string(), nullable=False),
        pa.field("time_zone", pa.string(), nullable=False),
    ]
)

AD_GROUP_SCHEMA = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("ad_group_id", pa.uint64(), nullable=False),
        pa.field("campaign_id", pa.uint64(), nullable=False),
        *(
            pa.field(name, pa.string(), nullable=False)
            for name in (
                *("ad_group_name", "ad_group_type", "ad_group_status", "serving_status"),
                "tracking_params",
            )
        ),
    ]
)

AD_SCHEMA = pa.schema(
    [
        pa.field("account_id", pa.string(), nullable=False),
        pa.field("ad_id", pa.uint64(), nullable=False),
        pa.field("campaign_id", pa.uint64(), nullable=False),
        pa.field("ad_group_id", pa.uint64(), nullable=False),
        *(
            pa.field(name, pa.string(), nullable=False)
            for name in ("ad_type", "ad_state", "ad_status", "title", "href", "final_url")
        ),
    ]
)


def _dictionary_facts(grain: str) -> ResourceFacts:
    return ResourceFacts(
        grain=grain,
        time_zone="no times",
        currency="no money",
        vat="no money",
        restatement="read whole once in dictionary_days (7)",
        personal_data="none",
    )


def find_unknown(rows: pa.RecordBatch | None) -> set[str]:
    """Words the vendor has added to a list of ours; the rows are kept as they are."""
    found = set()
    for name, known in KNOWN_VALUES.items():
        if rows is None or name not in rows.schema.names:
            continue
        column = rows.column(name)
        words = column.dictionary if pa.types.is_dictionary(column.type) else pc.unique(column)
        unknown = set(words.to_pylist()) - known - {""}
        found |= {f"{name} has the new value {word[:40]}" for word in unknown}
    return found


RESOURCES = {
    PERFORMANCE: Resource(
        name=PERFORMANCE,
        kind="replace",
        schema=PERFORMANCE_SCHEMA,
        day_column="stats_date",
        control_columns=("cost_micros", "clicks", "impressions"),
        facts=ResourceFacts(
            grain="day, ad, network, device, region",
            time_zone="Europe/Moscow, whatever a campaign shows",
            currency="the account's, micros",
            vat="as the option include_vat says; out by default",
            restatement="look-back of lookback_days (3); of older days those whose ungrouped "
            "totals moved since the last run (90 days), else all from the day Changes.check names",
            personal_data="none",
        ),
    ),
    CONVERSION: Resource(
        name=CONVERSION,
        kind="replace",
        schema=CONVERSION_SCHEMA,
        day_column="stats_date",
        control_columns=("conversions", "revenue_micros"),
        facts=ResourceFacts(
            grain="day, ad, network, device, region, goal, attribution model",
            time_zone="Europe/Moscow; the day of the click, not of the conversion",
            currency="the account's, micros",
            vat="as the option include_vat says for priority goals; Metrica's own revenue as it is",
            restatement="as the figures: conversions grow for the length of the attribution "
            "window, and each day whose totals moved is read again (90 days)",
            personal_data="none",
        ),
    ),
    CAMPAIGN: Resource(
        name=CAMPAIGN,
        kind="replace",
        schema=CAMPAIGN_SCHEMA,
        facts=ResourceFacts(
            grain="campaign, newest scan",
            time_zone="the campaign's own, in time_zone",
            currency="the campaign's",
            vat="no money",
            restatement="read whole on every run",
            personal_data="none",
        ),
    ),
    AD_GROUP: Resource(
        name=AD_GROUP,
        kind="replace",
        schema=AD_GROUP_SCHEMA,
        facts=_dictionary_facts("ad group, newest scan"),
    ),
    AD: Resource(
        name=AD,
        kind="replace",
        schema=AD_SCHEMA,
        facts=_dictionary_facts("ad, newest scan"),
    ),
}

PROFILE = SourceProfile(
    title="Yandex Direct",
    api="Reports and management services, JSON v5 or v501",
    limits="five reports in preparation per advertiser, 20 requests in 10 s; points per day",
    credentials={
        "token": "OAuth token of a user who may read the client login (the password)",
        "client_id": "id of the OAuth application, to renew the token (may be left out)",
        "client_secret": "secret of that application (may be left out)",
        "refresh_token": "what came with the token; the vendor replaces it (may be left out)",
    },
)
