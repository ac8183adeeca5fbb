"""Bytes of a text file → UTF-8 blocks, never mojibake.

A byte that does not fit the declared encoding stops the file with its line and offset. A
single-byte encoding such as cp1251 accepts almost any bytes, so a file that is declared cp1251
but is valid UTF-8 with non-ASCII letters is refused as well.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from include.connectors.protocol import BadInput

BLOCK_BYTES = 4 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def stream_utf8(
    stream: BinaryIO, encoding: str, position: str, block_bytes: int = BLOCK_BYTES
) -> Iterator[bytes]:
    """Yield the text as UTF-8 without its byte order mark; a block may end inside a line.

    Raises ``BadInput`` for bytes that are not in ``encoding``.
    """
    block = stream.read(block_bytes)
    _refuse_other_bom(block, encoding, position)
    decoder = codecs.getincrementaldecoder(encoding)()
    probe = None if encoding.startswith("utf") else _Utf8Probe(encoding, position)
    lines_before = 0
    bytes_before = 0
    is_first = True
    while True:
        following = stream.read(block_bytes) if block else b""
        held = len(decoder.getstate()[0])
        if probe:
            probe.feed(block, is_last=not following)
        try:
            text = decoder.decode(block, final=not following)
        except UnicodeDecodeError as error:
            good = error.object[: error.start]
            line = lines_before + good.count(b"\n") + 1
            raise BadInput(
                f"{position}, line {line}, byte {bytes_before - held + error.start}: not valid "
                f"{encoding}. Set `encoding` in the mapping to what the file is written in "
                "(cp1251, say), or export the file again as UTF-8."
            ) from None
        bytes_before += len(block)
        if is_first:
            text = text.removeprefix("\ufeff")
            is_first = False
        if text:
            utf8 = text.encode()
            lines_before += count_line_feeds(utf8)
            yield utf8
        if not following:
            return
        block = following


def count_line_feeds(data: bytes) -> int:
    """Line feeds in UTF-8 text; ten times faster than ``bytes.count`` where they are dense."""
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == 10))


def _refuse_other_bom(block: bytes, encoding: str, position: str) -> None:
    for bom, name in _BOMS:
        if block.startswith(bom):
            if not encoding.startswith(name):
                raise BadInput(
                    f"{position} starts with the mark of {name} but its mapping says {encoding}. "
                    f"Set `encoding: {name}`."
                )
            return


class _Utf8Probe:
    """Refuses a file that is UTF-8 although declared a single-byte encoding."""

    def __init__(self, encoding: str, position: str) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._encoding = encoding
        self._position = position
        self._is_open = True

    def feed(self, block: bytes, *, is_last: bool) -> None:
        """Look at the next bytes; raises once a whole block with letters was UTF-8."""
        if not self._is_open or (block.isascii() and not is_last):
            return
        try:
            text = self._decoder.decode(block, final=is_last)
        except UnicodeDecodeError:
            self._is_open = False
            return
        if not text.isascii():
            raise BadInput(
                f"{self._position} is declared {self._encoding} but is valid UTF-8: reading it as "
                "declared would garble its letters. Set `encoding: utf-8` in the mapping."
            )
