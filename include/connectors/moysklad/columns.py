"""How columns of MoySklad's tables are made: links, kopecks, Moscow times and attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.connectors._records import (
    MICROSECONDS,
    Column,
    Decode,
    Record,
    booleans,
    decimals,
    decode_distinct,
    local_instants,
    texts,
)
from include.connectors.moysklad.api import MOSCOW, tail

MONEY = pa.decimal128(18, 4)
QUANTITY = pa.decimal128(18, 4)
PERCENT = pa.decimal128(18, 6)
_MILLIONTH = pa.scalar(Decimal("0.000001"), pa.decimal128(7, 6))
_TEN_THOUSANDTH = pa.scalar(Decimal("0.0001"), pa.decimal128(5, 4))


@dataclass(frozen=True)
class Spec:
    """One raw column: its type and how it is read."""

    name: str
    type: pa.DataType
    decode: Decode
    path: str = ""
    read: Callable[[Record], Any] | None = None
    is_required: bool = False
    is_nullable: bool = True

    @property
    def field(self) -> pa.Field:
        """In the Arrow schema."""
        return pa.field(self.name, self.type, nullable=self.is_nullable)

    def to_column(self, read: Callable[[Record], Any] | None = None) -> Column:
        """For a record reader; ``read`` overrules where the value comes from."""
        return Column(self.name, self.decode, self.path, read or self.read, self.is_required)


def from_kopecks(values: list[Any]) -> pa.Array:
    """Kopecks → units of the currency, to a hundredth of a kopeck.

    The vendor writes floats, and averages and shares of VAT with all their digits: there is
    nothing more exact to keep.
    """
    hundredths = pc.round(pc.multiply(pa.array(values, pa.float64()), 100.0))
    whole = pc.cast(pc.cast(hundredths, pa.int64()), pa.decimal128(19, 0))
    return pc.cast(pc.multiply(whole, _TEN_THOUSANDTH), MONEY)


def to_percent(values: list[Any]) -> pa.Array:
    """The vendor's float per cent, to a millionth: more digits are the float's, not a person's."""
    millionths = pc.round(pc.multiply(pa.array(values, pa.float64()), 1e6))
    whole = pc.cast(pc.cast(millionths, pa.int64()), pa.decimal128(19, 0))
    return pc.cast(pc.multiply(whole, _MILLIONTH), PERCENT)


def text(name: str, path: str = "", is_key: bool = False) -> Spec:
    """Text; as a key it must be there."""
    return Spec(name, pa.string(), texts, path, None, is_key, not is_key)


def moscow(name: str, path: str, is_key: bool = False) -> Spec:
    """Moscow time without an offset → UTC."""
    return Spec(name, MICROSECONDS, local_instants(MOSCOW), path, None, is_key, not is_key)


def flag(name: str, path: str) -> Spec:
    """True or false."""
    return Spec(name, pa.bool_(), booleans, path)


def money(name: str, path: str, is_required: bool = False) -> Spec:
    """A sum in kopecks."""
    return Spec(name, MONEY, from_kopecks, path, None, is_required)


def quantity(name: str, path: str) -> Spec:
    """Pieces, or metres, or tons."""
    return Spec(name, QUANTITY, decimals(4), path)


def tails(values: list[Any]) -> pa.Array:
    """The UUIDs at the ends of links; pages name the same few things again and again."""
    return decode_distinct(
        values, lambda links: pa.array([v if v is None else tail(v) for v in links], pa.string())
    )


def link(name: str, field: str, is_key: bool = False) -> Spec:
    """The UUID of the object a field links to."""
    return Spec(name, pa.string(), tails, f"{field}.meta.href", is_nullable=not is_key)


def first_link(name: str, *fields: str) -> Spec:
    """The UUID behind the first of these fields that holds a link, or a list of them."""

    def read(record: Record) -> str | None:
        for field in fields:
            found = record.get(field)
            if isinstance(found, list) and found:
                found = found[0]
            if isinstance(found, dict) and "meta" in found:
                return tail(found["meta"]["href"])
        return None

    return Spec(name, pa.string(), texts, read=read)


def gone(name: str = "is_deleted") -> Spec:
    """Whether an object lies in the bin."""
    read: Callable[[Record], bool] = lambda record: record.get("deleted") is not None  # noqa: E731
    return Spec(name, pa.bool_(), booleans, read=read, is_nullable=False)


def attribute(wanted: str) -> Callable[[Record], str | None]:
    """Reads an additional field by id or name; a link to a directory gives the name there."""

    def read(record: Record) -> str | None:
        for field in record.get("attributes") or ():
            if wanted in (field.get("id"), field.get("name")):
                value = field.get("value")
                value = value.get("name") if isinstance(value, Mapping) else value
                return None if value in (None, "") else str(value)
        return None

    return read
