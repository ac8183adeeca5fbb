"""Cuts a body into blocks of whole lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

FIRST_BYTES = 1 << 19
BLOCK_BYTES = 8 << 20
_PIECE_BYTES = 1 << 18
"""What is read at once: small enough to be in the processor's cache when it is copied."""


def line_blocks(body: BinaryIO) -> Iterator[bytearray]:
    """Blocks that end with a line, the first one small; only the last may lack its line end.

    The last line, where a report has its summary, is a block of its own. A block without any line
    end in it is given as it is: no report has such lines.
    """
    wanted = FIRST_BYTES
    rest = bytearray()
    while True:
        block, rest = rest, bytearray()
        while len(block) < wanted and (piece := body.read(min(wanted - len(block), _PIECE_BYTES))):
            block += piece
        if len(block) < wanted:
            yield from _split_last_line(block)
            return
        end = _end_of_lines(block)
        rest += memoryview(block)[end:]
        del block[end:]
        yield block
        wanted = BLOCK_BYTES


def _split_last_line(block: bytearray) -> Iterator[bytearray]:
    start = block.rfind(b"\n", 0, max(len(block) - 1, 0)) + 1
    last = block[start:]
    del block[start:]
    if block:
        yield block
    if last:
        yield last


def _end_of_lines(block: bytearray) -> int:
    end = block.rfind(b"\n") + 1
    if not end:
        # A lone carriage return ends a line too, unless its line feed is still to come.
        end = block.rfind(b"\r", 0, len(block) - 1) + 1
    return end or len(block)
