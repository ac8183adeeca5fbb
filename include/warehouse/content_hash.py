"""An order-independent hash of business rows, streamed over Arrow record batches.

Two pulls of the same facts get the same hash however the vendor ordered the rows or split the
answer. Rows are summed, not XORed, so a doubled row shows. The hash guards against accidents, not
against an adversary. It is persisted in manifests: changing a constant below makes every landed
slice look restated once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.compiled import loader

Words = npt.NDArray[np.uint64]

_WINDOW_ROWS = 16_384
"""Rows hashed at a time: small enough for the work arrays to stay in the processor's cache."""
_COMPILED_FROM_ROWS = 1_000_000
"""Fewer rows are hashed before compiled loops not yet in this process would be at hand."""
_LONG_BYTES = 256
"""Longer values are digested one by one: few of them, and word passes over them would be slow."""

_MULTIPLIER_LOW = np.uint64(0x9E3779B97F4A7C15)
_MULTIPLIER_HIGH = np.uint64(0xC2B2AE3D27D4EB4F)
_FINAL_1 = np.uint64(0xFF51AFD7ED558CCD)
_FINAL_2 = np.uint64(0xC4CEB9FE1A85EC53)
_NULL = np.uint64(0xA5A5F00DB16B00B5)
_EMPTY = np.zeros(0, dtype=np.uint64)
_TAIL_MASKS = np.array(
    [(1 << (8 * size)) - 1 for size in range(9)], dtype=np.uint64
)  # keeps the first `size` bytes of a little-endian word
_S29, _S32, _S33 = np.uint64(29), np.uint64(32), np.uint64(33)
_LOW_HALF = np.uint64(0xFFFFFFFF)
_MODULUS = 1 << 128


class ContentHasher:
    """Hashes the rows of one slice batch by batch.

    ``exclude`` names transport columns: they change at every pull and are no business fact. A
    dictionary-encoded column hashes as its values do; map entries hash in any order.
    """

    def __init__(self, schema: pa.Schema, exclude: Iterable[str] = ()) -> None:
        excluded = set(exclude)
        fields = [field for field in schema if field.name not in excluded]
        self._names = [field.name for field in fields]
        identity = [f"{field.name}\0{_canonical_type(field.type)}" for field in fields]
        self._seeds = [
            _digest_word(f"{position}\0{text}".encode()) for position, text in enumerate(identity)
        ]
        whole = hashlib.sha256("\n".join(identity).encode()).digest()
        self._start_low = np.uint64(int.from_bytes(whole[:8], "little"))
        self._start_high = np.uint64(int.from_bytes(whole[8:16], "little"))
        self._total = 0
        self.row_count = 0

    def update(self, batch: pa.RecordBatch) -> None:
        """Add the rows of one batch; a missing column raises ``KeyError``."""
        columns = [_unfold(batch.column(name)) for name in self._names]
        for start in range(0, batch.num_rows, _WINDOW_ROWS):
            size = min(_WINDOW_ROWS, batch.num_rows - start)
            self._add([column.slice(start, size) for column in columns], size)
        self.row_count += batch.num_rows

    def hexdigest(self) -> str:
        """The hash of all rows so far: 32 hex digits of the sum, then the row count."""
        return f"{self._total:032x}-{self.row_count:x}"

    def _add(self, columns: list[_Column], size: int) -> None:
        low = np.full(size, self._start_low)
        high = np.full(size, self._start_high)
        is_long = self.row_count >= _COMPILED_FROM_ROWS
        absorb, settle = (loader.load(name, is_long) for name in ("absorb", "settle"))
        if absorb is not None and settle is not None:
            self._total += _add_compiled(columns, self._seeds, (low, high), absorb, settle)
        else:
            self._total += _add_plain(columns, self._seeds, (low, high))
        self._total %= _MODULUS


@dataclass(frozen=True)
class _Coded:
    """A column with a dictionary: a word an entry and last that of null, and each row's code."""

    words: Words
    codes: npt.NDArray[np.int32]

    def slice(self, start: int, size: int) -> _Coded:
        """Some of its rows."""
        return _Coded(self.words, self.codes[start : start + size])


_Column = pa.Array | _Coded


def _unfold(column: pa.Array) -> _Column:
    """A dictionary's words are made once for all rows."""
    if not pa.types.is_dictionary(column.type):
        return column
    words = np.append(_column_words(column.dictionary), _NULL)
    codes = column.indices.cast(pa.int32()).fill_null(len(column.dictionary))
    return _Coded(words, codes.to_numpy())


def _add_plain(columns: list[_Column], seeds: list[np.uint64], states: tuple[Words, Words]) -> int:
    low, high = states
    work = np.empty(len(low), dtype=np.uint64)
    for seed, column in zip(seeds, columns, strict=True):
        if isinstance(column, _Coded):
            values = (column.words ^ seed)[column.codes]
        else:
            values = np.bitwise_xor(_column_words(column), seed, out=work)
        _absorb(low, values, _MULTIPLIER_LOW, _S32)
        _absorb(high, values, _MULTIPLIER_HIGH, _S29)
    _finalise(low)
    _finalise(high)
    exact_low = int((low & _LOW_HALF).sum()) + (int((low >> _S32).sum()) << 32)
    return (int(high.sum()) << 64) + exact_low


def _add_compiled(
    columns: list[_Column],
    seeds: list[np.uint64],
    states: tuple[Words, Words],
    absorb: Callable[..., None],
    settle: Callable[..., None],
) -> int:
    """The same sum: see ``row_hash``."""
    low, high = (state.ctypes.data for state in states)
    rows = len(states[0])
    for seed, column in zip(seeds, columns, strict=True):
        if isinstance(column, _Coded):
            words, place = column.words, column.codes.ctypes.data
        else:
            words, place = np.ascontiguousarray(_column_words(column)), None
        absorb(low, high, rows, words.ctypes.data, place, int(seed))
    sums = np.zeros(3, dtype=np.uint64)
    settle(low, high, rows, sums.ctypes.data)
    return (int(sums[2]) << 64) + (int(sums[1]) << 64) + int(sums[0])


def hash_rows(table: pa.Table | pa.RecordBatch, exclude: Iterable[str] = ()) -> str:
    """The content hash of a table that is in memory as a whole."""
    hasher = ContentHasher(table.schema, exclude)
    batches = [table] if isinstance(table, pa.RecordBatch) else table.to_batches()
    for batch in batches:
        hasher.update(batch)
    return hasher.hexdigest()


def _absorb(state: Words, values: Words, multiplier: np.uint64, shift: np.uint64) -> None:
    """One step per column, a bijection of the state: a single changed cell always shows."""
    np.bitwise_xor(state, values, out=state)
    np.multiply(state, multiplier, out=state)
    np.bitwise_xor(state, state >> shift, out=state)


def _finalise(state: Words) -> None:
    np.bitwise_xor(state, state >> _S33, out=state)
    np.multiply(state, _FINAL_1, out=state)
    np.bitwise_xor(state, state >> _S33, out=state)
    np.multiply(state, _FINAL_2, out=state)
    np.bitwise_xor(state, state >> _S33, out=state)


def _digest_word(data: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(hashlib.blake2b(data, digest_size=8).digest(), "little"))


def _canonical_type(kind: pa.DataType) -> str:
    if pa.types.is_dictionary(kind):
        return _canonical_type(kind.value_type)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return "string"
    return str(kind)


def _column_words(column: pa.Array) -> Words:
    """One 64-bit word per row; nulls become a word of their own."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        words = _dictionary_words(column)
    elif pa.types.is_string(kind) or pa.types.is_binary(kind):
        words = _string_words(column, np.int32)
    elif pa.types.is_large_string(kind) or pa.types.is_large_binary(kind):
        words = _string_words(column, np.int64)
    elif pa.types.is_string_view(kind):
        words = _string_words(column.cast(pa.large_string()), np.int64)
    elif pa.types.is_decimal128(kind):
        words = _decimal_words(column)
    elif pa.types.is_map(kind):
        words = _map_words(column)
    elif pa.types.is_list(kind):
        words = _list_words(column)
    else:
        words = _fixed_words(column)
    if column.null_count:
        return np.where(column.is_valid().to_numpy(zero_copy_only=False), words, _NULL)
    return words


_FIXED_TYPES: dict[str, str] = {
    "int8": "i1",
    "int16": "i2",
    "int32": "i4",
    "int64": "i8",
    "uint8": "u1",
    "uint16": "u2",
    "uint32": "u4",
    "uint64": "u8",
    "date32[day]": "i4",
    "double": "f8",
    "float": "f4",
}


def _fixed_words(column: pa.Array) -> Words:
    kind = column.type
    if pa.types.is_null(kind):
        return np.zeros(len(column), dtype=np.uint64)
    if pa.types.is_boolean(kind):
        bits = np.frombuffer(column.buffers()[1], dtype=np.uint8)
        flat = np.unpackbits(bits, bitorder="little")[column.offset : column.offset + len(column)]
        return flat.astype(np.uint64)
    name = "int64" if pa.types.is_timestamp(kind) else str(kind)
    if name not in _FIXED_TYPES:
        raise TypeError(f"a column of Arrow type {kind} has no canonical bytes; cast it first")
    dtype = np.dtype(_FIXED_TYPES[name])
    raw = np.frombuffer(column.buffers()[1], dtype=dtype, count=column.offset + len(column))
    values = raw[column.offset :]
    if dtype.kind == "f":
        values = values.astype(np.float64) + 0.0  # folds -0.0 into 0.0
        values[np.isnan(values)] = np.nan
        return values.view(np.uint64)
    if dtype.itemsize == 8:
        return values.view(np.uint64)
    return values.astype(np.int64 if dtype.kind == "i" else np.uint64).view(np.uint64)


def _decimal_words(column: pa.Array) -> Words:
    pairs = np.frombuffer(
        column.buffers()[1], dtype=np.uint64, count=2 * (column.offset + len(column))
    ).reshape(-1, 2)[column.offset :]
    words = pairs[:, 1] * _FINAL_1
    words ^= words >> _S33
    # A bijection of the low word for any one high word, so no change below 2**64 is missed.
    return words + pairs[:, 0]


def _dictionary_words(column: pa.Array) -> Words:
    codes = column.indices.fill_null(0).to_numpy(zero_copy_only=False)
    if not len(column.dictionary):
        return np.zeros(len(column), dtype=np.uint64)
    return _column_words(column.dictionary)[codes]


def _string_words(column: pa.Array, offset_type: type[np.int32] | type[np.int64]) -> Words:
    count = len(column)
    if not count:
        return _EMPTY
    _, offset_buffer, data_buffer = column.buffers()
    all_offsets = np.frombuffer(offset_buffer, dtype=offset_type)
    offsets = all_offsets[column.offset : column.offset + count + 1].astype(np.int64)
    first, last = int(offsets[0]), int(offsets[-1])
    lengths = offsets[1:] - offsets[:-1]
    words = lengths.view(np.uint64) * _FINAL_2
    if last == first or data_buffer is None:
        return words
    # Eight spare bytes let the last word be read whole before its tail is masked.
    padded = np.zeros(last - first + 8, dtype=np.uint8)
    padded[: last - first] = np.frombuffer(data_buffer, dtype=np.uint8)[first:last]
    every_word = np.ndarray(
        shape=(last - first + 1,), dtype="<u8", buffer=padded.data, strides=(1,)
    )
    starts = offsets[:-1] - first
    longest = int(lengths.max())
    _absorb_words(words, every_word, starts, lengths)
    rows: npt.NDArray[np.int64] | None = None
    for done in range(8, min(longest, _LONG_BYTES), 8):
        keep = np.flatnonzero(lengths > done)
        if rows is None and len(keep) == count:
            _absorb_words(words, every_word, starts + done, lengths - done)
            continue
        rows = keep
        some = words[rows]
        _absorb_words(some, every_word, starts[rows] + done, lengths[rows] - done)
        words[rows] = some
    if longest > _LONG_BYTES:
        for row in np.flatnonzero(lengths > _LONG_BYTES):
            start = int(starts[row])
            words[row] = _digest_word(padded[start : start + int(lengths[row])].tobytes())
    return words


def _absorb_words(
    words: Words,
    every_word: Words,
    starts: npt.NDArray[np.int64],
    left: npt.NDArray[np.int64],
) -> None:
    piece = every_word[starts]
    piece &= _TAIL_MASKS[np.minimum(left, 8)]
    _absorb(words, piece, _MULTIPLIER_LOW, _S29)


def _list_words(column: pa.Array) -> Words:
    offsets = np.asarray(column.offsets.to_numpy(zero_copy_only=False), dtype=np.int64)
    first, last = int(offsets[0]), int(offsets[-1])
    lengths = offsets[1:] - offsets[:-1]
    items = _column_words(column.values.slice(first, last - first)).copy()
    positions = np.arange(last - first) - np.repeat(offsets[:-1] - first, lengths)
    items ^= positions.astype(np.uint64) * _MULTIPLIER_HIGH
    return _sum_groups(items, offsets - first)


def _map_words(column: pa.Array) -> Words:
    offsets = np.asarray(column.offsets.to_numpy(zero_copy_only=False), dtype=np.int64)
    first, last = int(offsets[0]), int(offsets[-1])
    entries = _column_words(column.keys.slice(first, last - first)).copy()
    _finalise(entries)
    _absorb(
        entries,
        _column_words(column.items.slice(first, last - first)),
        _MULTIPLIER_HIGH,
        _S29,
    )
    return _sum_groups(entries, offsets - first)


def _sum_groups(items: Words, offsets: npt.NDArray[np.int64]) -> Words:
    """Sum of finalised items per group plus the group's size; summing makes order irrelevant."""
    _finalise(items)
    running = np.zeros(len(items) + 1, dtype=np.uint64)
    np.cumsum(items, out=running[1:])
    sizes = (offsets[1:] - offsets[:-1]).astype(np.uint64)
    return running[offsets[1:]] - running[offsets[:-1]] + sizes * _FINAL_2
