"""The raw tables of Google Ads and how fields of the query language become their columns.

One :class:`Field` says what is selected, where it stands in the answer and what it becomes. Money
is micros of ``currency_code``; conversions are fractions, kept to a millionth as decimals.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.connectors._google_oauth import CREDENTIALS
from include.connectors._records import Decode, Record, days, integers, texts
from include.connectors.protocol import Resource, ResourceFacts, SourceProfile

CAMPAIGN_DAYS = "campaign_performance_daily"
AD_DAYS = "ad_performance_daily"
KEYWORD_DAYS = "keyword_performance_daily"
CONVERSION_DAYS = "conversion_action_daily"
CLICK = "click"
CAMPAIGN, AD_GROUP, AD = "campaign", "ad_group", "ad"

FRACTION = pa.decimal128(18, 6)
MICROS = 1_000_000


@dataclass(frozen=True)
class Field:
    """One selected field and the raw column it fills.

    An ``is_required`` field that a whole batch lacks means a changed API; of the others the vendor
    leaves out what has no value.
    """

    name: str
    column: str
    type: pa.DataType
    decode: Decode
    is_required: bool = True
    is_nullable: bool = False
    read: Callable[[Record], Any] | None = None

    @property
    def path(self) -> tuple[str, ...]:
        """Steps to it in a row of the answer, which is in lowerCamelCase."""
        return tuple(to_camel(step) for step in self.name.split("."))


def to_camel(word: str) -> str:
    """``cost_micros`` as ``costMicros``."""
    first, *rest = word.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _counts(values: list[Any]) -> pa.Array:
    """int64 in quotes; one the vendor left out is 0."""
    return pc.fill_null(integers(values), 0)


def _fractions(values: list[Any]) -> pa.Array:
    """Doubles as decimals of a millionth; one the vendor left out is 0."""
    return pc.fill_null(pc.round(pa.array(values, pa.float64()), 6), 0.0).cast(FRACTION)


def _whole_micros(values: list[Any]) -> pa.Array:
    """A double of the currency as whole micros."""
    money = pc.fill_null(pa.array(values, pa.float64()), 0.0)
    return pc.round(pc.multiply(money, float(MICROS))).cast(pa.int64())


def _filled(values: list[Any]) -> pa.Array:
    """Text; one the vendor left out is empty."""
    return pc.fill_null(texts(values), "")


def _joined(values: list[Any]) -> pa.Array:
    """A list of texts, one a line."""
    return pa.array(["\n".join(value or ()) for value in values], pa.string())


def _key(name: str, column: str) -> Field:
    return Field(name, column, pa.uint64(), integers)


def _word(name: str, column: str, is_required: bool = True) -> Field:
    return Field(name, column, pa.string(), _filled, is_required)


def _count(name: str, column: str) -> Field:
    return Field(f"metrics.{name}", column, pa.uint64(), _counts)


DAY = Field("segments.date", "stats_date", pa.date32(), days)
CAMPAIGN_ID = _key("campaign.id", "campaign_id")
CAMPAIGN_NAME = _word("campaign.name", "campaign_name")
AD_GROUP_ID = _key("ad_group.id", "ad_group_id")
AD_GROUP_NAME = _word("ad_group.name", "ad_group_name")
AD_ID = _key("ad_group_ad.ad.id", "ad_id")
DEVICE = _word("segments.device", "device")
NETWORK = _word("segments.ad_network_type", "ad_network_type")
CONVERSIONS = Field("metrics.conversions", "conversions", FRACTION, _fractions)
CONVERSION_VALUE = Field(
    "metrics.conversions_value", "conversion_value_micros", pa.int64(), _whole_micros
)
ALL_CONVERSIONS = Field("metrics.all_conversions", "all_conversions", FRACTION, _fractions)
METRICS = (
    _count("impressions", "impressions"),
    _count("clicks", "clicks"),
    Field("metrics.cost_micros", "cost_micros", pa.int64(), _counts),
    CONVERSIONS,
    CONVERSION_VALUE,
    ALL_CONVERSIONS,
    _count("view_through_conversions", "view_through_conversions"),
)
CONTROLS = ("cost_micros", "clicks", "impressions", "conversions", "conversion_value_micros")


def _id_of_name(part: str) -> Callable[[Record], Any]:
    """The second id of a composite resource name, which has no field of its own in click_view."""

    def read(record: Record) -> Any:
        name = str((record.get("clickView") or {}).get(part) or "")
        return name.rpartition("~")[2] or None

    return read


def _optional(name: str, column: str, decode: Decode = _filled) -> Field:
    return Field(name, column, pa.string(), decode, is_required=False)


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
                _word("campaign.advertising_channel_type", "advertising_channel_type"),
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
                _key("ad_group_criterion.criterion_id", "criterion_id"),
                _word("ad_group_criterion.keyword.text", "keyword"),
                _word("ad_group_criterion.keyword.match_type", "match_type"),
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
                _word("segments.conversion_action", "conversion_action"),
                _word("segments.conversion_action_name", "conversion_action_name"),
                _word("segments.conversion_action_category", "conversion_action_category"),
                CONVERSIONS,
                CONVERSION_VALUE,
                ALL_CONVERSIONS,
            ),
        ),
        Report(
            CLICK,
            "click_view",
            (
                Field("segments.date", "click_date", pa.date32(), days),
                Field("click_view.gclid", "gclid", pa.string(), texts),
                CAMPAIGN_ID,
                AD_GROUP_ID,
                Field(
                    "click_view.ad_group_ad",
                    "ad_id",
                    pa.uint64(),
                    _counts,
                    is_required=False,
                    read=_id_of_name("adGroupAd"),
                ),
                Field(
                    "click_view.keyword",
                    "criterion_id",
                    pa.uint64(),
                    _counts,
                    is_required=False,
                    read=_id_of_name("keyword"),
                ),
                _optional("click_view.keyword_info.text", "keyword"),
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
                _word("campaign.status", "campaign_status"),
                _word("campaign.primary_status", "primary_status", is_required=False),
                _word("campaign.advertising_channel_type", "advertising_channel_type"),
                Field("campaign.start_date_time", "start_date", pa.date32(), days, False, True),
                Field("campaign.end_date_time", "end_date", pa.date32(), days, False, True),
                _optional("campaign.tracking_url_template", "tracking_url_template"),
                _optional("campaign.final_url_suffix", "final_url_suffix"),
            ),
        ),
        Report(
            AD_GROUP,
            "ad_group",
            (
                CAMPAIGN_ID,
                AD_GROUP_ID,
                AD_GROUP_NAME,
                _word("ad_group.status", "ad_group_status"),
                _word("ad_group.type", "ad_group_type", is_required=False),
                _optional("ad_group.tracking_url_template", "tracking_url_template"),
                _optional("ad_group.final_url_suffix", "final_url_suffix"),
            ),
        ),
        Report(
            AD,
            "ad_group_ad",
            (
                CAMPAIGN_ID,
                AD_GROUP_ID,
                AD_ID,
                _optional("ad_group_ad.ad.name", "ad_name"),
                _word("ad_group_ad.ad.type", "ad_type", is_required=False),
                _word("ad_group_ad.status", "ad_status"),
                _optional("ad_group_ad.ad.final_urls", "final_urls", _joined),
                _optional("ad_group_ad.ad.tracking_url_template", "tracking_url_template"),
                _optional("ad_group_ad.ad.final_url_suffix", "final_url_suffix"),
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
