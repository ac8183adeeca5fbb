"""Columns of the portal's raw tables: their Arrow types, and how the vendor's texts become them.

Every property is a text or null, also numbers and booleans. Instants come as ISO 8601 with or
without a fraction, as days, or as epoch milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from include.connectors._records import (
    MICROSECONDS,
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
NUMBERS = pa.list_(pa.field("item", pa.uint64(), nullable=False))
EXACT = pa.decimal128(18, 4)
FLAG = pa.bool_()
DAY_LENGTH = 10
UTM = tuple(f"utm_{name}" for name in ("source", "medium", "campaign", "content", "term"))
WEB_ROLES = (
    "metrica_client_id",
    "ga_client_id",
    "yclid",
    "gclid",
    "click_id",
    "roistat_id",
    *UTM,
)
PERSON_ROLES = ("person_name", "phone", "email", "company_title", "source_label")
ROLES = (*WEB_ROLES, *PERSON_ROLES, "inn", "kpp", "first_reply_at")
"""What a portal keeps in properties of its own; an account's ``custom_fields`` says in which."""


def number(name: str, path: str) -> Part:
    """An id or count that is always there."""
    return Part(name, NUMBER, path, integers, is_required=True)


def link(name: str, path: str) -> Part:
    """An id or count that may be missing."""
    return Part(name, NUMBER, path, integers, is_nullable=True)


def word(name: str, path: str, *, required: bool = False) -> Part:
    """Text that is empty where the vendor says null."""
    return Part(name, TEXT, path, _words, is_required=required)


def moment(name: str, path: str, *, required: bool = False) -> Part:
    """An instant; may be null unless required."""
    return Part(name, MICROSECONDS, path, instants, not required, required)


def exact(name: str, path: str) -> Part:
    """Money or another exact number of up to four decimals; may be null."""
    return Part(name, EXACT, path, decimals(4, 18), is_nullable=True)


def flag(name: str, path: str) -> Part:
    """``true`` or ``false``; null counts as false."""
    return Part(name, FLAG, path, _flags)


def split_texts(name: str, path: str) -> Part:
    """Texts that the vendor joins by semicolons."""
    return Part(name, TEXTS, path, _split_texts)


def split_numbers(name: str, path: str) -> Part:
    """Ids that the vendor joins by semicolons."""
    return Part(name, NUMBERS, path, _split_numbers)


def links(name: str) -> Part:
    """Ids of associated objects, put into the record under this name."""
    return Part(name, NUMBERS, name, lambda found: pa.array([v or [] for v in found], NUMBERS))


def role(name: str, properties: Sequence[str]) -> Part:
    """A property of the portal's own: the first of several that is filled; null when unmapped."""

    def read(record: Record) -> Any:
        filled = (record.get(one) for one in properties)
        return next((value for value in filled if value not in (None, "")), None)

    if name.endswith("_at"):
        return Part(name, MICROSECONDS, "", instants, is_nullable=True, read=read)
    return Part(name, TEXT, "", ids, is_nullable=True, read=read)


def roles(names: Sequence[str], mapping: Mapping[str, Sequence[str]]) -> list[Part]:
    """Columns of the portal's own properties as an account maps them."""
    return [role(name, mapping.get(name, ())) for name in names]


def instants(found: list[Any]) -> pa.Array:
    """Instants in any of the vendor's spellings."""
    return iso_instants([_spell(value) for value in found])


def _spell(value: Any) -> str | None:
    if value is None or value == "":
        return None
    text = str(value)
    if text.isdigit():
        return datetime.fromtimestamp(int(text) / 1000, UTC).isoformat()
    return f"{text}T00:00:00Z" if len(text) == DAY_LENGTH else text


def _words(found: list[Any]) -> pa.Array:
    return pc.fill_null(texts(found), "")


def _flags(found: list[Any]) -> pa.Array:
    known = {"true": True, "false": False, "": False, None: False, True: True, False: False}
    if not set(found) <= set(known):
        raise ValueError("neither true nor false")
    return pa.array([known[value] for value in found], FLAG)


def _split_texts(found: list[Any]) -> pa.Array:
    return pa.array([str(value).split(";") if value else [] for value in found], TEXTS)


def _split_numbers(found: list[Any]) -> pa.Array:
    return pa.array(
        [[int(v) for v in str(value).split(";")] if value else [] for value in found], NUMBERS
    )
