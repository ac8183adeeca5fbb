"""Results as bytes: streamed where the format allows, compressed as the client accepts.

The engine gives a streamed result in chunks that are each a whole document. Formats whose
documents can be laid end to end are passed on as they come (less the repeated head); all others
are made in one piece.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any

import lz4.frame
import zstandard
from chdb.state.sqlitelike import Connection

_ARROW_END = b"\xff\xff\xff\xff\x00\x00\x00\x00"


def _measure_nothing(_chunk: memoryview) -> int:
    return 0


def _make_line_measure(lines: int) -> Callable[[memoryview], int]:
    def measure(chunk: memoryview) -> int:
        head = bytes(chunk[: 1 << 20])
        position = 0
        for _ in range(lines):
            position = head.index(b"\n", position) + 1
        return position

    return measure


def _make_quoted_line_measure(lines: int) -> Callable[[memoryview], int]:
    def measure(chunk: memoryview) -> int:
        quoted = False
        left = lines
        for position, byte in enumerate(chunk):
            if byte == 0x22:
                quoted = not quoted
            elif byte == 0x0A and not quoted:
                left -= 1
                if left == 0:
                    return position + 1
        return len(chunk)

    return measure


def _make_binary_measure(groups: int) -> Callable[[memoryview], int]:
    def measure(chunk: memoryview) -> int:
        columns, position = _read_varint(chunk, 0)
        for _ in range(columns * groups):
            length, position = _read_varint(chunk, position)
            position += length
        return position

    return measure


def _measure_arrow(chunk: memoryview) -> int:
    return 8 + int.from_bytes(chunk[4:8], "little")


def _read_varint(chunk: memoryview, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = chunk[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7


def _list_heads() -> dict[str, Callable[[memoryview], int]]:
    heads: dict[str, Callable[[memoryview], int]] = {
        **dict.fromkeys(
            ("native", "jsoneachrow", "jsonlines", "ndjson", "lineasstring"), _measure_nothing
        ),
        "jsonstringseachrow": _measure_nothing,
        "arrowstream": _measure_arrow,
    }
    for name in ("tabseparated", "tsv", "tabseparatedraw", "tsvraw"):
        heads |= _list_variants(name, _make_line_measure)
    for name in ("jsoncompacteachrow", "jsoncompactstringseachrow"):
        heads |= _list_variants(name, _make_line_measure)
    return (
        heads
        | _list_variants("csv", _make_quoted_line_measure)
        | _list_variants("rowbinary", _make_binary_measure)
    )


def _list_variants(
    name: str, make_measure: Callable[[int], Callable[[memoryview], int]]
) -> dict[str, Callable[[memoryview], int]]:
    return {
        name: _measure_nothing,
        f"{name}withnames": make_measure(1),
        f"{name}withnamesandtypes": make_measure(2),
    }


_HEADS = _list_heads()


def can_stream(output_format: str) -> bool:
    """Whether chunks of this format can be laid end to end."""
    return output_format.lower() in _HEADS


def stream_result(
    connection: Connection, sql: str, output_format: str, parameters: dict[str, str]
) -> Iterator[bytes]:
    """The result in pieces; an engine error may come at any of them. Closing it cancels."""
    measure_head = _HEADS[output_format.lower()]
    ends_with_mark = measure_head is _measure_arrow
    low = connection._conn
    handle = low.send_query(sql, output_format, params=parameters)
    finished = False
    head_sent = False
    try:
        while True:
            result = low.streaming_fetch_result(handle)
            rows = 0 if result is None else result.rows_read()
            data = b"" if result is None else result.bytes()
            if rows == 0:
                finished = True
                if not head_sent:
                    if data:
                        yield data
                elif ends_with_mark:
                    yield _ARROW_END
                return
            view = memoryview(data)
            start = measure_head(view) if head_sent else 0
            stop = len(view) - len(_ARROW_END) if ends_with_mark else len(view)
            yield data if start == 0 and stop == len(view) else bytes(view[start:stop])
            head_sent = True
    finally:
        if not finished:
            _cancel(low, handle)


def _cancel(low: Any, handle: Any) -> None:
    try:
        low.streaming_cancel_query(handle)
    except RuntimeError:
        # A query that failed has nothing left to cancel.
        return


class Encoder:
    """Compresses pieces for one response; ``name`` is its Content-Encoding, empty for none."""

    def __init__(self, accepted: list[str]) -> None:
        self.name = next((e for e in accepted if e in ("lz4", "zstd", "gzip", "deflate")), "")
        self._codec: Any = None
        if self.name == "lz4":
            self._codec = lz4.frame.LZ4FrameCompressor()
        elif self.name == "zstd":
            self._codec = zstandard.ZstdCompressor(level=1).compressobj()
        elif self.name == "gzip":
            self._codec = zlib.compressobj(3, zlib.DEFLATED, 31)
        elif self.name == "deflate":
            self._codec = zlib.compressobj(3)
        self._pending = self._codec.begin() if self.name == "lz4" else b""

    def encode(self, piece: bytes) -> bytes:
        """The bytes to send for ``piece``; may be empty while the codec gathers."""
        if self._codec is None:
            return piece
        encoded = self._pending + self._codec.compress(piece)
        self._pending = b""
        return encoded

    def finish(self) -> bytes:
        """What is left in the codec."""
        if self._codec is None:
            return b""
        encoded = self._pending + self._codec.flush()
        self._pending = b""
        return encoded
