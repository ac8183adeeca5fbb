"""Columns of text → typed Arrow columns, with the cells that do not fit marked, never guessed.

Whole columns are converted at once; only values that miss the usual spelling are looked at one by
one, and each distinct value once. Local times that the clocks skip are read as the instant of the
jump, times that occur twice as the earlier one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.connectors.files.date_formats import (
    FIRST_YEAR,
    LAST_YEAR,
    DateFormat,
    parse_value,
)
from include.connectors.files.entities.columns import COUNT, DAY, INSTANT, MONEY, NUMBER
from include.connectors.files.fixed_width import rewrite_fixed
from include.connectors.protocol import BadInput

_MONEY_TEXT = r"^[+-]?(\d{1,16}(\.\d{1,2}0{0,15})?|\.\d{1,2}0{0,15})$"
_NUMBER_TEXT = r"^[+-]?(\d{1,22}(\.\d{1,6}0{0,15})?|\.\d{1,6}0{0,15})$"
_COUNT_TEXT = r"^\+?\d{1,18}(\.0{1,15})?$"
_GROUPED = r"^[+-]?\d{1,3}([ \x{a0}\x{202f}\x{2009}]\d{3})+(\.\d+)?$"
_GROUP_SIGN = r"[ \x{a0}\x{202f}\x{2009}]"
_EARLIEST, _LATEST = datetime(FIRST_YEAR, 1, 1), datetime(LAST_YEAR + 1, 1, 1)  # noqa: DTZ001


class Typed(NamedTuple):
    """A converted column; ``bad`` marks cells that held text no rule accepts (they are NULL)."""

    values: pa.Array
    bad: np.ndarray | None = None
    code: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Spelling:
    """How a mapping's file writes numbers and times."""

    has_decimal_comma: bool = False
    thousands: str = ""
    date_formats: tuple[DateFormat, ...] = ()
    datetime_formats: tuple[DateFormat, ...] = ()
    time_zone: str = "UTC"


def clean_text(column: pa.Array, null_values: tuple[str, ...]) -> pa.Array:
    """Trim white space (no-break spaces too); empty cells and ``null_values`` become NULL."""
    trimmed = pc.utf8_trim_whitespace(column)
    is_empty = pc.equal(pc.binary_length(trimmed), 0)
    if null_values:
        is_empty = pc.or_(is_empty, pc.is_in(trimmed, pa.array(null_values, pa.string())))
    if pc.any(is_empty).as_py():
        return pc.if_else(is_empty, pa.scalar(None, pa.string()), trimmed)
    return trimmed


def replace_words(column: pa.Array, words: Mapping[str, str], *, strict: bool) -> Typed:
    """Translate whole cells, whatever their case; with ``strict`` an unlisted word is bad."""
    folded = {word.strip().casefold(): ours for word, ours in words.items()}
    encoded = column.dictionary_encode()
    ours = [
        folded.get(word.casefold(), None if strict else word)
        for word in encoded.dictionary.to_pylist()
    ]
    values = _spread(encoded, pa.array([word or None for word in ours], pa.string()))
    if not strict:
        return Typed(values)
    return _marked(column, values, "unknown_word", "not one of the words the mapping lists")


def choose_filled(columns: Sequence[pa.Array], meanings: Sequence[str | None]) -> Typed:
    """The one filled cell of each row, or what its being filled means; two filled are bad.

    What is bad is NULL.
    """
    filled = sum(column.is_valid().to_numpy(zero_copy_only=False).astype(int) for column in columns)
    texts = [
        column
        if meaning is None
        else pc.if_else(column.is_valid(), pa.scalar(meaning), pa.scalar(None, pa.string()))
        for column, meaning in zip(columns, meanings, strict=True)
    ]
    values = pc.coalesce(*texts)
    if not (filled > 1).any():
        return Typed(values)
    values = pc.if_else(pa.array(filled > 1), pa.scalar(None, pa.string()), values)
    return Typed(values, filled > 1, "two_filled", "more than one of them is filled")


def convert(column: pa.Array, kind: pa.DataType, spelling: Spelling) -> Typed:
    """Convert cleaned text to one of the types of the entities."""
    if kind == DAY:
        return _to_days(column, spelling)
    if kind == INSTANT:
        return _to_instants(column, spelling)
    if kind == MONEY:
        return _to_numbers(column, spelling, MONEY, _MONEY_TEXT)
    if kind == NUMBER:
        return _to_numbers(column, spelling, NUMBER, _NUMBER_TEXT)
    if kind == COUNT:
        return _to_numbers(column, spelling, COUNT, _COUNT_TEXT)
    return Typed(column)


def _marked(column: pa.Array, values: pa.Array, code: str, reason: str) -> Typed:
    if values.null_count == column.null_count:
        return Typed(values)
    bad = pc.and_(pc.is_null(values), pc.is_valid(column))
    return Typed(values, bad.to_numpy(zero_copy_only=False), code, reason)


def _spread(encoded: pa.DictionaryArray, by_word: pa.Array) -> pa.Array:
    return pc.take(by_word, encoded.indices)


def _to_numbers(column: pa.Array, spelling: Spelling, kind: pa.DataType, pattern: str) -> Typed:
    text = column
    if spelling.thousands:
        text = _drop_thousands(text, spelling.thousands, "," if spelling.has_decimal_comma else ".")
    if spelling.has_decimal_comma:
        # A dot left over would turn 1.234 (one thousand) into a fraction.
        has_dot = pc.match_substring(text, ".")
        text = pc.if_else(has_dot, pa.scalar("?"), pc.replace_substring(text, ",", "."))
    fits = pc.match_substring_regex(text, pattern)
    if not _all(fits):
        text = pc.replace_substring(text, "\u2212", "-")
        is_grouped = pc.match_substring_regex(text, _GROUPED)
        text = pc.if_else(is_grouped, pc.replace_substring_regex(text, _GROUP_SIGN, ""), text)
        fits = pc.match_substring_regex(text, pattern)
        text = pc.if_else(fits, text, pa.scalar(None, pa.string()))
    if kind == COUNT:
        text = pc.replace_substring_regex(text, r"^\+|\.0+$", "")
        return _marked(column, pc.cast(text, COUNT), "bad_integer", "not a whole number ≥ 0")
    what = "an amount with at most two" if kind == MONEY else "a number with at most six"
    reason = f"not {what} decimals in the spelling the mapping states"
    return _marked(column, pc.cast(text, kind), "bad_decimal", reason)


def _drop_thousands(text: pa.Array, sign: str, point: str) -> pa.Array:
    group, fraction = rf"\x{{{ord(sign):x}}}", rf"\x{{{ord(point):x}}}"
    is_grouped = pc.match_substring_regex(
        text, rf"^[+-]?\d{{1,3}}({group}\d{{3}})+({fraction}\d+)?$"
    )
    return pc.if_else(is_grouped, pc.replace_substring(text, sign, ""), text)


def _all(mask: pa.Array) -> bool:
    return bool(pc.all(mask, min_count=0).as_py())


def _to_days(column: pa.Array, spelling: Spelling) -> Typed:
    encoded = column.dictionary_encode()
    days = [_day(word, spelling.date_formats) for word in encoded.dictionary.to_pylist()]
    values = _spread(encoded, pa.array(days, DAY))
    names = ", ".join([item.text for item in spelling.date_formats] + ["ISO 8601"])
    return _marked(column, values, "bad_date", f"not a day as {names}")


def _day(text: str, formats: tuple[DateFormat, ...]) -> date | None:
    found = parse_value(text, formats)
    # A spreadsheet's day is an instant at midnight; any other time is not a day.
    if found is None or found.tzinfo is not None or found.time() != time.min:
        return None
    return found.date()


def _to_instants(column: pa.Array, spelling: Spelling) -> Typed:
    values = _instants_at_once(column, spelling)
    if values is None:
        encoded = column.dictionary_encode()
        found = [_instant(word, spelling) for word in encoded.dictionary.to_pylist()]
        naive = [None if item is None or item.tzinfo else item for item in found]
        aware = [item if item and item.tzinfo else None for item in found]
        local = _assume_zone(pa.array(naive, pa.timestamp("us")), spelling.time_zone)
        values = _spread(encoded, pc.coalesce(local, pa.array(aware, INSTANT)))
    names = ", ".join([item.text for item in spelling.datetime_formats] + ["ISO 8601"])
    return _marked(column, values, "bad_datetime", f"not an instant as {names}")


def _instant(text: str, spelling: Spelling) -> datetime | None:
    found = parse_value(text, spelling.datetime_formats)
    names_time = len(text) > 10 or any("%H" not in f.text for f in spelling.datetime_formats)
    return found if names_time else None


def _instants_at_once(column: pa.Array, spelling: Spelling) -> pa.Array | None:
    """The whole column by one strict cast, or ``None`` when a cell needs a closer look."""
    text = column
    for item in spelling.datetime_formats:
        if item.rewrite_rule is None:
            return None
        fixed = rewrite_fixed(text, item.text)
        if fixed is not None:
            text = fixed
            break
        text = pc.replace_substring_regex(text, *item.rewrite_rule)
    shortest = pc.min(pc.binary_length(text)).as_py()
    if shortest is None:
        return pa.nulls(len(text), INSTANT)
    # Arrow would read a bare day as midnight; that is the mapping's decision.
    if shortest < len("2026-01-01 00:00"):
        return None
    try:
        local = pc.cast(text, pa.timestamp("us"))
    except pa.ArrowInvalid:
        return None
    span = pc.min_max(local).as_py()
    if span["min"] < _EARLIEST or span["max"] >= _LATEST:
        return None
    return _assume_zone(local, spelling.time_zone)


def _assume_zone(local: pa.Array, zone: str) -> pa.Array:
    try:
        placed = pc.assume_timezone(local, zone, ambiguous="earliest", nonexistent="latest")
    except pa.ArrowInvalid:
        raise BadInput(
            f"this machine's time zone database does not know {zone}. Install the system package "
            "tzdata."
        ) from None
    return pc.cast(placed, INSTANT)
