"""The raw tables of GA4 and the dimensions and metrics they are made of.

Everything the API answers is text; days are the property's. Users are distinct and add up over
nothing, so they stand in the table of the property alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from include.connectors._google_oauth import CREDENTIALS
from include.connectors._records import MICROSECONDS, Decode, local_instants, texts
from include.connectors.protocol import Resource, ResourceFacts, SourceProfile

PROPERTY_DAYS = "property_daily"
TRAFFIC_DAYS = "traffic_daily"
EVENT_DAYS = "event_daily"
TRANSACTIONS = "transaction_daily"
CLIENT_SESSIONS = "client_session"
CLIENT_ID = "client_id"
"""Stands for the custom dimension an account's option names."""

FRACTION = pa.decimal128(18, 6)
MICROS = 1_000_000
_NUMBER = r"^-?\d+(\.\d+)?([eE][-+]?\d+)?$"


@dataclass(frozen=True)
class Field:
    """One dimension or metric and the raw column it fills."""

    name: str
    column: str
    type: pa.DataType
    decode: Decode
    is_metric: bool = False
    is_additive: bool = False
    """Whether rows add up to the vendor's total exactly: estimates of sessions do not."""


Values = list[Any] | pa.Array
"""Of one field: from rows read one by one, or straight from the parser."""


def _words(values: Values) -> pa.Array:
    return values if isinstance(values, pa.Array) else texts(values)


def _numbers(values: Values) -> pa.Array:
    text = _words(values)
    if pc.all(pc.match_substring_regex(text, _NUMBER)).as_py() is False:
        raise ValueError("not a number")
    return pc.cast(text, pa.float64())


def _counts(values: Values) -> pa.Array:
    """Whole numbers; a sampled count may come with a fraction, which is rounded."""
    return pc.round(_numbers(values)).cast(pa.int64())


def _fractions(values: Values) -> pa.Array:
    return pc.round(_numbers(values), 6).cast(FRACTION)


def _whole_micros(values: Values) -> pa.Array:
    """Text of a currency as whole micros."""
    return pc.round(pc.multiply(_numbers(values), float(MICROS))).cast(pa.int64())


def _days(values: Values) -> pa.Array:
    """Days like 20260131."""
    text = _words(values)
    dashed = pc.replace_substring_regex(text, r"^(\d{4})(\d{2})(\d{2})$", r"\1-\2-\3")
    return pc.cast(dashed, pa.date32())


def decode_minutes(zone: ZoneInfo) -> Decode:
    """Minutes of the property's clock like 202601311259, as instants."""
    at = local_instants(zone)

    def decode(values: Values) -> pa.Array:
        pattern = r"^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})$"
        told = pc.replace_substring_regex(_words(values), pattern, r"\1-\2-\3 \4:\5:00")
        return at(told.to_pylist())

    return decode


def _dimension(name: str, column: str) -> Field:
    return Field(name, column, pa.string(), _words)


def _count(name: str, column: str, is_additive: bool = False) -> Field:
    return Field(name, column, pa.uint64(), _counts, True, is_additive)


DAY = Field("date", "stats_date", pa.date32(), _days)
MINUTE = Field("dateHourMinute", "session_minute_at", MICROSECONDS, _words)
"""Its decoder is made per answer: only the answer says whose clock it is."""
SOURCE = (
    _dimension("sessionSource", "session_source"),
    _dimension("sessionMedium", "session_medium"),
    _dimension("sessionCampaignName", "session_campaign"),
    _dimension("sessionDefaultChannelGroup", "channel_group"),
)
DEVICE = _dimension("deviceCategory", "device")
SESSIONS = _count("sessions", "sessions")
ENGAGED = _count("engagedSessions", "engaged_sessions")
VIEWS = _count("screenPageViews", "page_views", True)
EVENTS = _count("eventCount", "events", True)
KEY_EVENTS = Field("keyEvents", "key_events", FRACTION, _fractions, True, True)
ENGAGEMENT = _count("userEngagementDuration", "engagement_seconds", True)
REVENUE = Field("totalRevenue", "revenue_micros", pa.int64(), _whole_micros, True, True)


@dataclass(frozen=True)
class Report:
    """One query of the reporting method: at most nine dimensions and ten metrics."""

    resource: str
    fields: tuple[Field, ...]

    @property
    def dimensions(self) -> tuple[Field, ...]:
        """In the order of the table."""
        return tuple(field for field in self.fields if not field.is_metric)

    @property
    def metrics(self) -> tuple[Field, ...]:
        """In the order of the table."""
        return tuple(field for field in self.fields if field.is_metric)


REPORTS: Mapping[str, Report] = {
    report.resource: report
    for report in (
        Report(
            PROPERTY_DAYS,
            (
                DAY,
                SESSIONS,
                ENGAGED,
                _count("totalUsers", "users"),
                _count("activeUsers", "active_users"),
                _count("newUsers", "new_users"),
                VIEWS,
                EVENTS,
                KEY_EVENTS,
                ENGAGEMENT,
                REVENUE,
            ),
        ),
        Report(
            TRAFFIC_DAYS,
            (
                DAY,
                *SOURCE,
                DEVICE,
                _dimension("country", "country"),
                SESSIONS,
                ENGAGED,
                _count("newUsers", "new_users"),
                VIEWS,
                EVENTS,
                KEY_EVENTS,
                ENGAGEMENT,
                REVENUE,
            ),
        ),
        Report(EVENT_DAYS, (DAY, _dimension("eventName", "event_name"), EVENTS, KEY_EVENTS)),
        Report(
            TRANSACTIONS,
            (
                DAY,
                _dimension("transactionId", "transaction_id"),
                *SOURCE,
                _count("transactions", "transactions", True),
                Field("purchaseRevenue", "revenue_micros", pa.int64(), _whole_micros, True, True),
            ),
        ),
        Report(
            CLIENT_SESSIONS,
            (
                DAY,
                MINUTE,
                _dimension(CLIENT_ID, "client_id"),
                *SOURCE,
                DEVICE,
                _dimension("landingPagePlusQueryString", "landing_page"),
                SESSIONS,
                ENGAGED,
                VIEWS,
                EVENTS,
                KEY_EVENTS,
            ),
        ),
    )
}
CONTROLS = ("sessions", "events", "key_events", "revenue_micros", "transactions")
KNOWN_VALUES: Mapping[str, tuple[str, ...]] = {
    "device": ("desktop", "mobile", "tablet", "smart tv", "(other)", "(not set)"),
}
"""Enumerations by column; another value is kept and told."""
FLAGS = ("is_sampled", "is_thresholded", "has_other_row")


def _schema(report: Report) -> pa.Schema:
    fields = [pa.field("account_id", pa.string(), nullable=False)]
    fields += [pa.field(f.column, f.type, nullable=False) for f in report.fields]
    if any(field.column == "revenue_micros" for field in report.fields):
        fields.append(pa.field("currency_code", pa.string(), nullable=False))
        fields.append(pa.field("is_vat_included", pa.bool_(), nullable=False))
    fields.append(pa.field("time_zone", pa.string(), nullable=False))
    fields += [pa.field(name, pa.bool_(), nullable=False) for name in FLAGS]
    return pa.schema(fields)


def _facts(grain: str, personal_data: str = "none", has_money: bool = True) -> ResourceFacts:
    vat = "as option is_vat_included says (out by default): GA4 states none"
    return ResourceFacts(
        grain=grain,
        time_zone="the property's, in time_zone",
        currency="the property's, micros, in currency_code" if has_money else "no money",
        vat=vat if has_money else "no money",
        restatement="look-back of lookback_days (4); up to probe_days (90) by comparing the day "
        "totals of the property",
        personal_data=personal_data,
    )


_FACTS = {
    PROPERTY_DAYS: _facts("day; the only table whose users are distinct"),
    TRAFFIC_DAYS: _facts("day, source, medium, campaign, channel group, device, country"),
    EVENT_DAYS: _facts("day, event name", has_money=False),
    TRANSACTIONS: _facts("day, transaction, source, medium, campaign", "transaction ids"),
    CLIENT_SESSIONS: _facts(
        "minute, client id, source, medium, campaign, device, landing page; read only where "
        "option client_id_dimension names a registered custom dimension",
        "client ids and what landing addresses carry",
        has_money=False,
    ),
}

RESOURCES: Mapping[str, Resource] = {
    name: Resource(
        name=name,
        kind="replace",
        schema=(schema := _schema(report)),
        day_column="stats_date",
        control_columns=tuple(n for n in CONTROLS if n in schema.names),
        facts=_FACTS[name],
    )
    for name, report in REPORTS.items()
}

PROFILE = SourceProfile(
    title="Google Analytics 4",
    api="Google Analytics Data API v1beta, runReport",
    limits="tokens: 200 000 a day, 40 000 an hour, 14 000 an hour per Cloud project; ten requests "
    "at once; ten server errors an hour",
    credentials=CREDENTIALS,
)
