r"""Decodes the cells of a log file, a column at a time.

A cell with a double quote in it is quoted as a whole, its quotes doubled. Arrays look like
``[1,2]``; text inside them is fenced by ``\'``. How the vendor writes a quote or a backslash
inside such text is not documented: both spellings seen are taken.
"""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from include.connectors.yandex_metrica.fields import INSTANT, LogColumn

EMPTY_ARRAY, QUOTE = b"[]", b'"'
FENCE = "\\'"
BETWEEN = "\\',\\'"
VENDOR_UTC_AHEAD = timedelta(hours=3)
_CLOSING = re.compile(r"(\\+)'(?=,\\'|$)")
_ESCAPED = re.compile(r"\\+'|\\\\")
A_MILLION = pa.scalar(Decimal(1_000_000), pa.decimal128(7, 0))
YCLID = r"[?&#]yclid=(?P<yclid>[^&#]*)"


class Decoder:
    """Decodes one file; ``zone`` is the counter's. Errors are those of Arrow, or ValueError."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def decode(self, cells: pa.Array, column: LogColumn) -> pa.Array:
        """Cells as bytes → the column's type; raises for any cell that is not one."""
        is_array = pa.types.is_list(column.type)
        data = _data_of(cells)
        if is_array and data == EMPTY_ARRAY * len(cells):
            return _empty_arrays(len(cells), column.type)
        # a cast proves UTF-8; digits prove themselves when they become numbers
        is_text = is_array or pa.types.is_string(column.type)
        text = cells.cast(pa.string()) if is_text else cells.view(pa.string())
        if QUOTE in data:
            text = unquote(text)
        if is_array:
            return self._decode_arrays(text, column)
        return self._decode_values(text, column.type, column.decode)

    def _decode_arrays(self, text: pa.Array, column: LogColumn) -> pa.Array:
        kind = column.type.value_type
        is_filled = pc.not_equal(text, EMPTY_ARRAY.decode())
        is_fenced = pa.types.is_string(kind) or pa.types.is_timestamp(kind)
        filled = _split(text.filter(is_filled), is_fenced)
        lengths = pc.replace_with_mask(
            pa.repeat(pa.scalar(0, pa.int32()), len(text)), is_filled, filled.value_lengths()
        )
        offsets = pa.concat_arrays([pa.array([0], pa.int32()), pc.cumulative_sum(lengths)])
        texts = filled.flatten()
        if is_fenced and pc.any(pc.match_substring(texts, FENCE)).as_py():
            texts = pc.replace_substring(texts, FENCE, "'")
        values = self._decode_values(texts, kind, column.decode)
        return pa.ListArray.from_arrays(offsets, values, type=column.type)

    def _decode_values(self, text: pa.Array, kind: pa.DataType, decode: str) -> pa.Array:
        if pa.types.is_string(kind):
            return text
        if decode == "utc3":
            # not the zone of Moscow: its clock once differed, the vendor's three hours do not
            return pc.subtract(_parse_times(text), pa.scalar(VENDOR_UTC_AHEAD)).cast(kind)
        if decode == "local":
            return self._place(_parse_times(text))
        if decode == "thousandths":
            return pc.multiply_checked(text.cast(kind), 1_000)
        if decode == "units":
            return _to_micros(text).cast(kind)
        return text.cast(kind)

    def _place(self, local: pa.Array) -> pa.Array:
        """Instants of the counter's clock; an hour told twice is taken as its first."""
        try:
            return pc.assume_timezone(
                local, self._zone.key, ambiguous="earliest", nonexistent="raise"
            ).cast(INSTANT)
        except pa.ArrowInvalid:
            moved = [v.replace(tzinfo=self._zone).astimezone(UTC) for v in local.to_pylist()]
            return pa.array(moved, INSTANT)


def unquote(text: pa.Array) -> pa.Array:
    """Cells quoted as a whole without their quotes; one that only looks so is left alone."""
    looks_quoted = pc.and_(pc.starts_with(text, '"'), pc.ends_with(text, '"'))
    if not pc.any(looks_quoted).as_py():
        return text
    bare = [_unquote_cell(cell) for cell in text.filter(looks_quoted).to_pylist()]
    return pc.replace_with_mask(text, looks_quoted, pa.array(bare, pa.string()))


def find_click_ids(addresses: pa.Array) -> pa.Array:
    """The ``yclid`` of each address, empty where it has none."""
    if b"yclid=" not in _data_of(addresses):
        return pa.repeat(pa.scalar("", pa.string()), len(addresses))
    return pc.extract_regex(addresses, YCLID).field("yclid").fill_null("")


def _data_of(cells: pa.Array) -> bytes:
    """The bytes of all cells one after the other, without a Python object per cell."""
    offsets, data = cells.buffers()[1:]
    if data is None or not len(cells):
        return b""
    ends = memoryview(offsets).cast("i")
    return memoryview(data)[ends[cells.offset] : ends[cells.offset + len(cells)]].tobytes()


def _empty_arrays(count: int, kind: pa.DataType) -> pa.Array:
    offsets = pa.repeat(pa.scalar(0, pa.int32()), count + 1)
    return pa.ListArray.from_arrays(offsets, pa.array([], kind.value_type), type=kind)


def _unquote_cell(cell: str) -> str:
    inner = cell[1:-1]
    if len(cell) < 2 or '"' in inner.replace('""', ""):
        return cell
    return inner.replace('""', '"')


def _to_micros(text: pa.Array) -> pa.Array:
    """Sums as the vendor's floats print them → millionths, rounded there and never before."""
    exact = pc.round(text.cast(pa.decimal128(38, 20)), ndigits=6)
    return pc.multiply_checked(exact.cast(pa.decimal128(24, 6)), A_MILLION)


def _parse_times(text: pa.Array) -> pa.Array:
    return text.cast(pa.timestamp("s"))


def _split(arrays: pa.Array, is_fenced: bool) -> pa.Array:
    """Non-empty arrays → lists of the texts of their elements."""
    opening, closing = ("[" + FENCE, FENCE + "]") if is_fenced else ("[", "]")
    is_array = pc.and_(pc.starts_with(arrays, opening), pc.ends_with(arrays, closing))
    if not pc.all(is_array).as_py():
        raise ValueError("a cell is no array")
    inner = pc.utf8_slice_codeunits(arrays, len(opening), -len(closing))
    if not is_fenced:
        return pc.split_pattern(inner, ",")
    is_escaped = pc.match_substring(inner, "\\\\")
    lists = pc.split_pattern(inner, BETWEEN)
    if not pc.any(is_escaped).as_py():
        return lists
    escaped = iter([_split_escaped(cell) for cell in inner.filter(is_escaped).to_pylist()])
    mixed = [
        next(escaped) if is_odd else plain
        for is_odd, plain in zip(is_escaped.to_pylist(), lists.to_pylist(), strict=True)
    ]
    return pa.array(mixed, pa.list_(pa.string()))


def _split_escaped(inner: str) -> list[str]:
    """Elements of an array that holds quotes or backslashes; slow, as only odd cells come here."""
    elements, start = [], 0
    for match in _CLOSING.finditer(inner):
        is_end = len(match[1]) % 2 == 1 and match.end() < len(inner)
        if is_end and match.start() >= start:
            elements.append(inner[start : match.end() - len(FENCE)])
            start = match.end() + len(",") + len(FENCE)
    elements.append(inner[start:])
    return [_ESCAPED.sub(lambda m: m[0][-1], element) for element in elements]
