"""The body of a request as a stream of plain bytes: any length, chunked or not, compressed or not.

Chunked bodies are read from the socket chunk by chunk rather than through the web server's
buffer, which copies the rest of every chunk at each read.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import lz4.frame
import zstandard

from include.embedded.errors import make_error

READ_SIZE = 1 << 20


class BodyBroken(ConnectionError):
    """The client went away in the middle of its request body."""

    def __init__(self) -> None:
        super().__init__("the client went away in the middle of its request body")


def read_body(environ: dict[str, Any]) -> Iterator[bytes]:
    """Raw pieces of the body, at most about 1 MiB each, until it ends.

    A body that ends before its announced end raises :class:`BodyBroken`: an insert must not take
    the part that arrived for the whole.
    """
    source = environ["wsgi.input"]
    if environ.get("HTTP_TRANSFER_ENCODING", "").lower().endswith("chunked"):
        yield from _read_chunked(source)
        return
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left:
        piece = source.read(min(left, READ_SIZE))
        if not piece:
            raise BodyBroken
        left -= len(piece)
        yield piece


def _read_chunked(source: Any) -> Iterator[bytes]:
    stream = source.rfile
    while not source.closed:
        try:
            size = int(stream.readline().split(b";", 1)[0], 16)
        except ValueError:
            raise BodyBroken from None
        if size == 0:
            while stream.readline().strip():
                continue
            source.closed = True
            return
        while size:
            piece = stream.read(min(size, READ_SIZE))
            if not piece:
                raise BodyBroken
            size -= len(piece)
            yield piece
        stream.read(2)


def decode_body(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """``pieces`` without their ``Content-Encoding``; error 48 for an encoding not known here."""
    if encoding in ("", "identity"):
        return pieces
    if encoding == "gzip":
        return _inflate(pieces, zlib.decompressobj(wbits=31))
    if encoding == "deflate":
        return _inflate(pieces, zlib.decompressobj())
    if encoding == "zstd":
        return _inflate(pieces, zstandard.ZstdDecompressor().decompressobj())
    if encoding == "lz4":
        return _inflate_lz4(pieces)
    raise make_error(48, "NOT_IMPLEMENTED", f"Content-Encoding {encoding} is not supported here")


def _inflate(pieces: Iterator[bytes], decoder: Any) -> Iterator[bytes]:
    for piece in pieces:
        if plain := decoder.decompress(piece):
            yield plain
    if plain := decoder.flush():
        yield plain


def _inflate_lz4(pieces: Iterator[bytes]) -> Iterator[bytes]:
    decoder = lz4.frame.LZ4FrameDecompressor()
    for received in pieces:
        piece = received
        while piece:
            if plain := decoder.decompress(piece):
                yield plain
            piece = decoder.unused_data or b""
            if decoder.eof:
                decoder = lz4.frame.LZ4FrameDecompressor()


def merge_pieces(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of about 1 MiB, so that each costs one call of the engine."""
    waiting: list[bytes] = []
    size = 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= READ_SIZE:
            yield waiting[0] if len(waiting) == 1 else b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)
