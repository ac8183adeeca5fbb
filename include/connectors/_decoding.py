"""How values of JSON become typed Arrow columns, a whole column of a page at a time.

Each decoder keeps nulls and raises on any value it cannot take. The quick way through a column is
taken only where it gives, value for value, what the slow one behind it would.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from itertools import accumulate, chain
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.connectors._record_pages import write_text

Decode = Callable[[list[Any]], pa.Array]
"""Vendor values of one column → typed array, nulls kept; raises on any value it cannot take."""

UNFIT = (
    pa.ArrowException,
    ValueError,
    TypeError,
    OverflowError,
    AttributeError,
    LookupError,
)
"""What a value of another shape makes of reading and decoding it."""
MICROSECONDS = pa.timestamp("us", "UTC")
TEXT_LIST = pa.list_(pa.field("item", pa.string(), nullable=False))
_DAY_LETTERS = 10
_NONE: list[Any] = []
_EXACT = 10**15
"""Below it a float and the decimal it was written as stand for each other, digit for digit."""
_EXACT_POWER = 22
"""The highest power of ten that is a float itself."""


def texts(values: list[Any]) -> pa.Array:
    """Text as it is; a number is refused, for it would hide a changed type."""
    return pa.array(values, pa.string())


def filled_texts(values: list[Any]) -> pa.Array:
    """Text, null where it is empty; a number is refused."""
    return _drop_empty(pa.array(values, pa.string()))


def ids(values: list[Any]) -> pa.Array:
    """Identifiers as text, whether the vendor writes them as numbers or in quotes."""
    found = _infer(values)
    if found is not None:
        if pa.types.is_string(found.type):
            return _drop_empty(found)
        if pa.types.is_integer(found.type):
            return found.cast(pa.string())
    return pa.array([None if v is None or v == "" else str(v) for v in values], pa.string())


def integers(values: list[Any]) -> pa.Array:
    """Whole numbers, also in quotes; an empty text is null."""
    found = _infer(values)
    if found is not None:
        if pa.types.is_int64(found.type):
            return found
        if pa.types.is_null(found.type):
            return found.cast(pa.int64())
    return _quote(values, found).cast(pa.int64())


def decimals(scale: int, precision: int = 38) -> Decode:
    """Exact decimals from numbers or text; more digits than ``scale`` are refused, never cut."""
    wanted = pa.decimal128(precision, scale)

    def decode(values: list[Any]) -> pa.Array:
        found = _infer(values)
        if found is not None:
            # Arrow lets flags pass as floats.
            is_flagged = pa.types.is_float64(found.type) and bool in map(type, values)
            unscaled = None if is_flagged else _unscale(found, scale)
            if unscaled is not None and _is_below(unscaled, min(_EXACT, 10**precision)):
                return _from_unscaled(unscaled, found, wanted)
        return _quote(values, found).cast(wanted)

    return decode


def booleans(values: list[Any]) -> pa.Array:
    """True and false."""
    return pa.array(values, pa.bool_())


def days(values: list[Any]) -> pa.Array:
    """ISO days, also with a time of midnight behind them; an empty text is null."""
    heads = [value if value is None else value[:_DAY_LETTERS] for value in values]
    return decode_distinct(heads, lambda distinct: filled_texts(distinct).cast(pa.date32()))


def decode_distinct(values: list[Any], decode: Decode) -> pa.Array:
    """Decode each value once, where a page has few of them: the days of its rows, say."""
    places = {value: place for place, value in enumerate(dict.fromkeys(values))}
    indices = pa.array([places[value] for value in values], pa.int32())
    return decode(list(places)).take(indices)


def epoch_instants(values: list[Any]) -> pa.Array:
    """Unix seconds; zero is null, as vendors mean it."""
    return _from_epoch(values, 1_000_000)


def epoch_millis(values: list[Any]) -> pa.Array:
    """Unix milliseconds; zero is null."""
    return _from_epoch(values, 1_000)


def iso_instants(values: list[Any]) -> pa.Array:
    """ISO 8601 instants that name their offset."""
    return filled_texts(values).cast(MICROSECONDS)


def local_instants(zone: ZoneInfo) -> Decode:
    """Wall-clock times ``2026-01-31 12:00:00`` of one zone.

    A time that happens twice when clocks go back is taken as its first occurrence; one that never
    happens when they go forward is moved ahead by the gap, as :mod:`zoneinfo` does.
    """
    name = zone.key

    def decode(values: list[Any]) -> pa.Array:
        local = filled_texts(values).cast(pa.timestamp("us"))
        try:
            return pc.assume_timezone(local, name, ambiguous="earliest", nonexistent="raise").cast(
                MICROSECONDS
            )
        except pa.ArrowInvalid:
            moved = [
                None if v is None else v.replace(tzinfo=zone).astimezone(UTC)
                for v in local.to_pylist()
            ]
            return pa.array(moved, MICROSECONDS)

    return decode


def text_lists(values: list[Any]) -> pa.Array:
    """Lists of texts, never null: a missing one is empty."""
    found = plain_text_lists(values)
    return pa.array([value or [] for value in values], TEXT_LIST) if found is None else found


def plain_text_lists(values: list[Any]) -> pa.Array | None:
    """The same where each value is a list of nothing but texts, or missing; else None."""
    lists = [value or _NONE for value in values]
    if set(map(type, lists)) != {list}:
        return None
    try:
        items = pa.array(list(chain.from_iterable(lists)), pa.string())
    except UNFIT:
        return None
    if items.null_count:
        return None
    ends = np.fromiter(accumulate(map(len, lists), initial=0), np.int32, len(lists) + 1)
    return pa.ListArray.from_arrays(pa.array(ends), items, type=TEXT_LIST)


def json_texts(values: list[Any]) -> pa.Array:
    """Nested values as JSON text with sorted keys."""
    return pa.array([None if v is None else write_text(v) for v in values], pa.string())


def _infer(values: list[Any]) -> pa.Array | None:
    """The values in the type Arrow sees in them; None where they have none in common."""
    try:
        return pa.array(values)
    except UNFIT:
        return None


def _places(found: pa.StringArray) -> npt.NDArray[np.int32]:
    """Where the texts of an array that is no slice begin and end."""
    if not len(found):
        return np.zeros(1, np.int32)
    return np.frombuffer(found.buffers()[1], np.int32)[: len(found) + 1]


def _drop_empty(found: pa.StringArray) -> pa.Array:
    """Null where the text is empty."""
    places = _places(found)
    is_filled = places[1:] != places[:-1]
    nulls = len(found) - int(np.count_nonzero(is_filled))
    if nulls == found.null_count:
        return found
    _, offsets, data = found.buffers()
    validity = pa.py_buffer(np.packbits(is_filled, bitorder="little"))
    return pa.StringArray.from_buffers(len(found), offsets, data, validity, nulls)


def _quote(values: list[Any], found: pa.Array | None) -> pa.Array:
    """Numbers and texts alike as text; neither is ever a flag."""
    if found is not None and pa.types.is_string(found.type):
        return _drop_empty(found)
    if set(map(type, values)) <= {str, int, type(None)}:
        quoted = [value if value is None else str(value) for value in values]
        return _drop_empty(pa.array(quoted, pa.string()))
    return pa.array(
        [None if v is None or v == "" else v if isinstance(v, str) else _plain(v) for v in values],
        pa.string(),
    )


def _plain(value: Any) -> str:
    """A JSON number as the digits the vendor wrote; floats by their shortest form."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("neither a number nor text")
    return repr(value)


def _unscale(found: pa.Array, scale: int) -> npt.NDArray[Any] | None:
    """Numbers × 10^scale as floats or whole numbers; None where that is not what they are."""
    if pa.types.is_int64(found.type):
        whole = found.fill_null(0).to_numpy()
        return whole * 10**scale if _is_below(whole, _EXACT // 10**scale) else None
    if not pa.types.is_float64(found.type) or scale > _EXACT_POWER:
        return None
    numbers = found.fill_null(0.0).to_numpy()
    with np.errstate(over="ignore"):
        scaled = np.rint(numbers * 10.0**scale)
    # Correctly rounded division by an exact power of ten gives back just the written number.
    return scaled if np.array_equal(scaled / 10.0**scale, numbers) else None


def _is_below(numbers: npt.NDArray[Any], limit: int) -> bool:
    return bool(len(numbers)) and -limit < numbers.min() and numbers.max() < limit


def _from_unscaled(numbers: npt.NDArray[Any], found: pa.Array, kind: pa.DataType) -> pa.Array:
    """Decimals of their digits as whole numbers; null where ``found`` is."""
    words = np.empty((len(numbers), 2), np.int64)
    words[:, 0] = numbers
    words[:, 1] = words[:, 0] >> 63
    buffers = [found.buffers()[0], pa.py_buffer(words)]
    return pa.Array.from_buffers(kind, len(numbers), buffers, found.null_count)


def _from_epoch(values: list[Any], microseconds: int) -> pa.Array:
    """Counts since 1970 of a unit of so many microseconds."""
    found = _infer(values)
    if found is not None and pa.types.is_int64(found.type):
        whole = found.fill_null(0).to_numpy()
        if _is_below(whole, (1 << 63) // microseconds):
            return pa.array(whole * microseconds, MICROSECONDS, mask=whole == 0)
    whole = pa.array([int(v) or None if v else None for v in values], pa.int64())
    unit = pa.timestamp("s" if microseconds == 1_000_000 else "ms")
    return whole.cast(unit).cast(pa.timestamp("us")).cast(MICROSECONDS)
