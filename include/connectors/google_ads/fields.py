"""Fields of the query language: what is selected, where it stands in the answer, what it becomes.

Money is micros of the account's currency; conversions are fractions, kept to a millionth as
decimals. A decoder takes the values of one field, from rows read one by one or straight from the
parser, and gives the same array for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.connectors._records import Record, days, integers, texts

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
    decode: Callable[[Any], pa.Array]
    is_required: bool = True
    is_nullable: bool = False
    read: Callable[[Record], Any] | None = None

    @property
    def told_as(self) -> pa.DataType:
        """What it is in JSON: int64 and enumerations are text, doubles are numbers."""
        if self.decode in (_fractions, _whole_micros):
            return pa.float64()
        return pa.list_(pa.string()) if self.decode is joined else pa.string()

    @property
    def path(self) -> tuple[str, ...]:
        """Steps to it in a row of the answer, which is in lowerCamelCase."""
        return tuple(to_camel(step) for step in self.name.split("."))


def to_camel(word: str) -> str:
    """``cost_micros`` as ``costMicros``."""
    first, *rest = word.split("_")
    return first + "".join(part.capitalize() for part in rest)


Values = list[Any] | pa.Array
"""Of one field: from rows read one by one, or straight from the parser."""


def _numbers(values: Values) -> pa.Array:
    """int64 in quotes."""
    return pc.cast(values, pa.int64()) if isinstance(values, pa.Array) else integers(values)


def counts(values: Values) -> pa.Array:
    """int64 in quotes; one the vendor left out is 0."""
    return pc.fill_null(_numbers(values), 0)


def _doubles(values: Values) -> pa.Array:
    """Numbers; one the vendor left out is 0."""
    return pc.fill_null(
        values if isinstance(values, pa.Array) else pa.array(values, pa.float64()), 0.0
    )


def _fractions(values: Values) -> pa.Array:
    """Doubles as decimals of a millionth."""
    return pc.round(_doubles(values), 6).cast(FRACTION)


def _whole_micros(values: Values) -> pa.Array:
    """A double of the currency as whole micros."""
    return pc.round(pc.multiply(_doubles(values), float(MICROS))).cast(pa.int64())


def words(values: Values) -> pa.Array:
    """Text."""
    return values if isinstance(values, pa.Array) else texts(values)


def filled(values: Values) -> pa.Array:
    """Text; one the vendor left out is empty."""
    return pc.fill_null(words(values), "")


def joined(values: Values) -> pa.Array:
    """A list of texts, one a line."""
    lists = values if isinstance(values, pa.Array) else pa.array(values, pa.list_(pa.string()))
    return pc.fill_null(pc.binary_join(lists, "\n"), "")


def local_days(values: Values) -> pa.Array:
    """ISO days, also with a time of day behind them."""
    if isinstance(values, pa.Array):
        return pc.cast(pc.utf8_slice_codeunits(values, 0, 10), pa.date32())
    return days(values)


def make_key(name: str, column: str) -> Field:
    """A number that names something."""
    return Field(name, column, pa.uint64(), _numbers)


def make_word(name: str, column: str, is_required: bool = True) -> Field:
    """A name or an enumeration."""
    return Field(name, column, pa.string(), filled, is_required)


def make_count(name: str, column: str) -> Field:
    """A metric that counts."""
    return Field(f"metrics.{name}", column, pa.uint64(), counts)


DAY = Field("segments.date", "stats_date", pa.date32(), local_days)
CAMPAIGN_ID = make_key("campaign.id", "campaign_id")
CAMPAIGN_NAME = make_word("campaign.name", "campaign_name")
AD_GROUP_ID = make_key("ad_group.id", "ad_group_id")
AD_GROUP_NAME = make_word("ad_group.name", "ad_group_name")
AD_ID = make_key("ad_group_ad.ad.id", "ad_id")
DEVICE = make_word("segments.device", "device")
NETWORK = make_word("segments.ad_network_type", "ad_network_type")
CONVERSIONS = Field("metrics.conversions", "conversions", FRACTION, _fractions)
CONVERSION_VALUE = Field(
    "metrics.conversions_value", "conversion_value_micros", pa.int64(), _whole_micros
)
ALL_CONVERSIONS = Field("metrics.all_conversions", "all_conversions", FRACTION, _fractions)
METRICS = (
    make_count("impressions", "impressions"),
    make_count("clicks", "clicks"),
    Field("metrics.cost_micros", "cost_micros", pa.int64(), counts),
    CONVERSIONS,
    CONVERSION_VALUE,
    ALL_CONVERSIONS,
    make_count("view_through_conversions", "view_through_conversions"),
)


def second_id(part: str) -> Callable[[Record], Any]:
    """The second id of a composite resource name, which has no field of its own in click_view."""

    def read(record: Record) -> Any:
        name = str((record.get("clickView") or {}).get(part) or "")
        return name.rpartition("~")[2] or None

    return read


def make_optional(name: str, column: str, decode: Callable[[Any], pa.Array] = filled) -> Field:
    """What the vendor leaves out where nobody has set it."""
    return Field(name, column, pa.string(), decode, is_required=False)
