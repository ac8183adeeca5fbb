"""Columns of the portal's raw tables: their Arrow types, and how the vendor's texts become them.

Classic methods write every scalar as text, an empty date as an empty text, an absent link as null
or "0", a flag as Y or N. Arrays hold the telephones and e-mails as people typed them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from include.connectors._records import (
    MICROSECONDS,
    Decode,
    Part,
    Record,
    decimals,
    ids,
    integers,
    iso_instants,
    texts,
)

TEXT = pa.string()
TEXTS = pa.list_(pa.field("item", pa.string(), nullable=False))
NUMBER = pa.uint64()
MONEY = pa.decimal128(18, 2)
EXACT = pa.decimal128(18, 4)
INSTANT = MICROSECONDS
DAY = pa.date32()
FLAG = pa.bool_()
ROLES = (
    "metrica_client_id",
    "ga_client_id",
    "yclid",
    "gclid",
    "click_id",
    "roistat_id",
    "inn",
    "kpp",
    "lost_reason_id",
    "first_reply_at",
)
"""What a portal keeps in fields of its own; an account's ``custom_fields`` says in which."""


def number(name: str, path: str, *, required: bool = True) -> Part:
    """An id that is always there."""
    return Part(name, NUMBER, path, integers, is_required=required)


def link(name: str, path: str) -> Part:
    """An id of something else; null where there is none."""
    return Part(name, NUMBER, path, _links, is_nullable=True)


def count(name: str, path: str) -> Part:
    """A number that is 0 where the vendor leaves it empty."""
    return Part(name, NUMBER, path, _counts)


def word(name: str, path: str, *, required: bool = False) -> Part:
    """Text that is empty where the vendor says null."""
    return Part(name, TEXT, path, _words, is_required=required)


def moment(name: str, path: str, *, required: bool = False) -> Part:
    """An instant; null where the vendor leaves it empty, unless it is required."""
    return Part(name, INSTANT, path, iso_instants, not required, required)


def money(name: str, path: str) -> Part:
    """Money in the currency beside it; null where nobody entered any."""
    return Part(name, MONEY, path, decimals(2, 18), is_nullable=True)


def exact(name: str, path: str) -> Part:
    """An exact number of up to four decimals."""
    return Part(name, EXACT, path, decimals(4, 18), is_nullable=True)


def flag(name: str, path: str) -> Part:
    """Y or N, or a boolean."""
    return Part(name, FLAG, path, _flags)


def values(name: str, path: str) -> Part:
    """The values of a field that holds several."""
    return Part(name, TEXTS, path, _multiple)


def role(name: str, fields: Sequence[str]) -> Part:
    """A field of the portal's own: the first of ``fields`` that is filled; null when unmapped."""

    def read(record: Record) -> Any:
        for field in fields:
            value = record.get(field)
            if isinstance(value, list):
                value = next((item for item in value if item not in (None, "")), None)
            if value not in (None, "", False):
                return value
        return None

    if name.endswith("_at"):
        return Part(name, INSTANT, "", iso_instants, is_nullable=True, read=read)
    return Part(name, TEXT, "", ids, is_nullable=True, read=read)


def roles(names: Sequence[str], mapping: Mapping[str, Sequence[str]]) -> list[Part]:
    """Columns of the portal's own fields as an account maps them."""
    return [role(name, mapping.get(name, ())) for name in names]


def utm() -> list[Part]:
    """The five standard marks."""
    return [
        word(f"utm_{name}", f"UTM_{name.upper()}")
        for name in ("source", "medium", "campaign", "content", "term")
    ]


def day_of(zone: ZoneInfo) -> Decode:
    """The day of an instant in the account's zone."""

    def decode(found: list[Any]) -> pa.Array:
        local = pc.cast(iso_instants(found), pa.timestamp("us", zone.key))
        return pc.cast(pc.local_timestamp(local), DAY, safe=False)

    return decode


def _links(found: list[Any]) -> pa.Array:
    return integers([None if value in (None, "", "0", 0) else value for value in found])


def _words(found: list[Any]) -> pa.Array:
    return pc.fill_null(texts(found), "")


def _counts(found: list[Any]) -> pa.Array:
    return pc.fill_null(integers(found), 0)


def _flags(found: list[Any]) -> pa.Array:
    known = {"Y": True, "N": False, True: True, False: False, None: False, "": False}
    if not set(found) <= set(known):
        raise ValueError("neither Y nor N")
    return pa.array([known[value] for value in found], FLAG)


def _multiple(found: list[Any]) -> pa.Array:
    lists = []
    for value in found:
        items = value or []
        if not all(isinstance(item, dict) for item in items):
            raise TypeError("not a field of several values")
        lists.append([str(item["VALUE"]) for item in items if item.get("VALUE")])
    return pa.array(lists, TEXTS)
