"""Fields of the query language: attributes of resources, segments and metrics.

A field knows its type and how to read itself from a :class:`Row`. ``None`` is a field without a
value, which the answer leaves out. int64 travels as text, doubles and int32 as numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from include.sandbox.vendors.google_ads.places import place_name
from include.sandbox.vendors.google_ads.unset_fields import UNSET_COUNTS, UNSET_RATIOS

Values = Mapping[str, Any]
NOTHING: Values = {}
MICROS = 1e6


@dataclass(frozen=True)
class Row:
    """One result before it is told: what it is of, and the figures of it."""

    customer: Values
    campaign: Values = field(default_factory=dict)
    ad_group: Values = field(default_factory=dict)
    ad: Values = field(default_factory=dict)
    keyword: Values = field(default_factory=dict)
    extra: Values = field(default_factory=dict)
    """Of resources that are not of the account's tree: a place, a click, a customer below."""
    segments: Values = field(default_factory=dict)
    sums: Values = field(default_factory=dict)
    """impressions, clicks, cost_micros; conversions and conversion_value may be fractional."""


@dataclass(frozen=True)
class Field:
    """One field; ``category`` as the field service says it."""

    name: str
    data_type: str
    read: Callable[[Row], Any]
    category: str = "ATTRIBUTE"
    enum_values: tuple[str, ...] = ()
    is_repeated: bool = False

    def tell(self, row: Row) -> Any:
        """The value as JSON has it."""
        value = self.read(row)
        if value is None or self.data_type != "INT64":
            return value
        return str(value)


CORE_DATES = ("segments.date", "segments.week", "segments.month", "segments.quarter")
CORE_DATE_SEGMENTS = (*CORE_DATES, "segments.year")
"""Only these may be filtered by without being selected."""
DEVICES = ("MOBILE", "TABLET", "DESKTOP", "CONNECTED_TV", "OTHER", "UNKNOWN", "UNSPECIFIED")
NETWORKS = (
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
    "UNSPECIFIED",
)
WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
GEO_SEGMENTS = (
    "geo_target_city",
    "geo_target_region",
    "geo_target_metro",
    "geo_target_most_specific_location",
)
GEO_UNTOLD = (
    "geo_target_airport",
    "geo_target_canton",
    "geo_target_county",
    "geo_target_district",
    "geo_target_postal_code",
    "geo_target_province",
    "geo_target_state",
)
"""Places nobody is shown in here: they may be selected, and split nothing."""
CONVERSION_SEGMENTS = (
    "conversion_action",
    "conversion_action_name",
    "conversion_action_category",
)
CONVERSION_ACTIONS = (
    (6_301_001, "Lead form", "SUBMIT_LEAD_FORM", 0.7),
    (6_301_002, "Phone call", "PHONE_CALL_LEAD", 0.3),
)
"""Id, name, category, and its part of all conversions."""


def date_segments(day: date) -> dict[str, Any]:
    """What each segment of dates says of one day; weeks begin on Monday."""
    return {
        "date": day.isoformat(),
        "week": date.fromordinal(day.toordinal() - day.weekday()).isoformat(),
        "month": day.replace(day=1).isoformat(),
        "quarter": day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1).isoformat(),
        "year": day.year,
        "day_of_week": WEEKDAYS[day.weekday()],
    }


def _segment(name: str, data_type: str, enum_values: tuple[str, ...] = ()) -> Field:
    def read(row: Row) -> Any:
        return row.segments.get(name)

    return Field(f"segments.{name}", data_type, read, "SEGMENT", enum_values)


def _metric(name: str, data_type: str, read: Callable[[Values], Any]) -> Field:
    return Field(f"metrics.{name}", data_type, lambda row: read(row.sums), "METRIC")


def _count(name: str) -> Callable[[Values], int]:
    return lambda sums: int(sums.get(name, 0))


def _double(name: str, scale: float = 1.0) -> Callable[[Values], float]:
    return lambda sums: round(float(sums.get(name, 0)) * scale, 6)


def _ratio(top: str, bottom: str, scale: float = 1.0) -> Callable[[Values], float]:
    def read(sums: Values) -> float:
        divisor = sums.get(bottom, 0)
        return float(sums.get(top, 0)) * scale / divisor if divisor else 0.0

    return read


def _event_types(row: Row) -> list[str] | None:
    """What counts as an interaction, where there was any."""
    return ["CLICK"] if row.sums.get("clicks") else None


EVENTS = ("CLICK", "ENGAGEMENT", "VIDEO_VIEW", "NONE", "UNSPECIFIED")
ALL_CONVERSIONS = 1.25
"""All conversions count what the main ones leave out."""

METRICS: dict[str, Field] = {
    one.name: one
    for one in (
        _metric("impressions", "INT64", _count("impressions")),
        _metric("clicks", "INT64", _count("clicks")),
        _metric("interactions", "INT64", _count("clicks")),
        _metric("cost_micros", "INT64", _count("cost_micros")),
        _metric("view_through_conversions", "INT64", lambda _: 0),
        _metric("conversions", "DOUBLE", _double("conversions")),
        _metric("conversions_value", "DOUBLE", _double("conversion_value")),
        _metric("all_conversions", "DOUBLE", _double("conversions", ALL_CONVERSIONS)),
        _metric("all_conversions_value", "DOUBLE", _double("conversion_value", ALL_CONVERSIONS)),
        _metric("ctr", "DOUBLE", _ratio("clicks", "impressions")),
        _metric("interaction_rate", "DOUBLE", _ratio("clicks", "impressions")),
        _metric("average_cpc", "DOUBLE", _ratio("cost_micros", "clicks")),
        _metric("average_cost", "DOUBLE", _ratio("cost_micros", "clicks")),
        _metric("average_cpm", "DOUBLE", _ratio("cost_micros", "impressions", 1000)),
        _metric("cost_per_conversion", "DOUBLE", _ratio("cost_micros", "conversions")),
        _metric(
            "cost_per_all_conversions",
            "DOUBLE",
            _ratio("cost_micros", "conversions", 1 / ALL_CONVERSIONS),
        ),
        _metric("value_per_conversion", "DOUBLE", _ratio("conversion_value", "conversions")),
        _metric("conversions_from_interactions_rate", "DOUBLE", _ratio("conversions", "clicks")),
        _metric(
            "all_conversions_from_interactions_rate",
            "DOUBLE",
            _ratio("conversions", "clicks", ALL_CONVERSIONS),
        ),
        _metric("value_per_all_conversions", "DOUBLE", _ratio("conversion_value", "conversions")),
        Field("metrics.interaction_event_types", "ENUM", _event_types, "METRIC", EVENTS, True),
        *(_metric(name, "DOUBLE", lambda _: None) for name in UNSET_RATIOS.split()),
        *(_metric(name, "INT64", lambda _: None) for name in UNSET_COUNTS.split()),
    )
}
CONVERSION_METRICS = tuple(
    f"metrics.{name}"
    for name in [
        "conversions",
        "conversions_value",
        "all_conversions",
        "all_conversions_value",
        "value_per_conversion",
    ]
)
"""The only metrics that go with a segment of conversion actions."""

SEGMENTS: dict[str, Field] = {
    one.name: one
    for one in (
        _segment("date", "DATE"),
        _segment("week", "DATE"),
        _segment("month", "DATE"),
        _segment("quarter", "DATE"),
        _segment("year", "INT32"),
        _segment("day_of_week", "ENUM", WEEKDAYS),
        _segment("hour", "INT32"),
        _segment("device", "ENUM", DEVICES),
        _segment("ad_network_type", "ENUM", NETWORKS),
        _segment("conversion_action", "RESOURCE_NAME"),
        _segment("conversion_action_name", "STRING"),
        _segment(
            "conversion_action_category",
            "ENUM",
            tuple(category for _, _, category, _ in CONVERSION_ACTIONS),
        ),
        *(_segment(name, "RESOURCE_NAME") for name in (*GEO_SEGMENTS, *GEO_UNTOLD)),
        _segment("geo_target_country", "RESOURCE_NAME"),
    )
}


def geo_segments(city_id: int, country_id: int) -> dict[str, str]:
    """What the segments of places say of a city; its region is told by the same constant."""
    return {
        **dict.fromkeys(GEO_SEGMENTS, place_name(city_id)),
        "geo_target_country": place_name(country_id),
    }
