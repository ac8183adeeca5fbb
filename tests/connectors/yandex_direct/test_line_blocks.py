"""Blocks of whole lines, whatever pieces the body comes in."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.connectors.yandex_direct import line_blocks
from include.connectors.yandex_direct.line_blocks import line_blocks as cut


class Dripping(io.RawIOBase):
    """A body that gives at most ``most`` bytes at a time."""

    def __init__(self, data: bytes, most: int) -> None:
        super().__init__()
        self._data = io.BytesIO(data)
        self._most = most

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, self._most))


@given(
    body=st.text(alphabet="ab\n", max_size=300).map(str.encode),
    most=st.integers(1, 50),
    block_bytes=st.integers(1, 60),
)
def test_nothing_is_lost_and_every_block_but_the_last_ends_with_a_line(
    body: bytes, most: int, block_bytes: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_blocks, "FIRST_BYTES", block_bytes)
        patch.setattr(line_blocks, "BLOCK_BYTES", block_bytes)
        blocks = [bytes(block) for block in cut(Dripping(body, most))]
    assert b"".join(blocks) == body
    assert all(blocks)
    for block in blocks[:-1]:
        assert block.endswith(b"\n") or b"\n" not in block


def test_the_last_line_is_a_block_of_its_own() -> None:
    for end in (b"", b"\n"):
        blocks = list(cut(io.BytesIO(b"column\nrow\nTotal rows: 1" + end)))
        assert blocks == [b"column\nrow\n", b"Total rows: 1" + end]


def test_an_empty_body_has_no_blocks() -> None:
    assert list(cut(io.BytesIO(b""))) == []


def test_a_lone_carriage_return_ends_a_line_but_half_a_line_end_does_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(line_blocks, "FIRST_BYTES", 6)
    monkeypatch.setattr(line_blocks, "BLOCK_BYTES", 6)
    assert next(bytes(b) for b in cut(io.BytesIO(b"ab\rcd\r\nef"))) == b"ab\r"
