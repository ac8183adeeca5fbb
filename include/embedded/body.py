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


class Body:
    """The raw pieces of one request's body, at most about 1 MiB each.

    An object rather than a generator: whoever answers an error goes on reading where the failed
    statement stopped, and a generator would have been closed by then, in the middle of a chunk.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        source = environ["wsgi.input"]
        self._chunked = environ.get("HTTP_TRANSFER_ENCODING", "").lower().endswith("chunked")
        self._chunks = source
        self._stream = source.rfile if self._chunked else source
        self._left = 0 if self._chunked else int(environ.get("CONTENT_LENGTH") or 0)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if self._chunked and not self._left:
            self._open_chunk()
        if not self._left:
            raise StopIteration
        piece: bytes = self._stream.read(min(self._left, READ_SIZE))
        if not piece:
            raise BodyBroken
        self._left -= len(piece)
        if self._chunked and not self._left:
            self._stream.read(2)
        return piece

    def _open_chunk(self) -> None:
        if self._chunks.closed:
            return
        try:
            self._left = int(self._stream.readline().split(b";", 1)[0], 16)
        except ValueError:
            raise BodyBroken from None
        if not self._left:
            while self._stream.readline().strip():
                continue
            # Tells the web server that the next request starts here.
            self._chunks.closed = True


def read_body(environ: dict[str, Any]) -> Body:
    """The one body of a request; asked again, it goes on where it stopped.

    A body that ends before its announced end raises :class:`BodyBroken`: an insert must not take
    the part that arrived for the whole.
    """
    if "throughline.body" not in environ:
        environ["throughline.body"] = Body(environ)
    body: Body = environ["throughline.body"]
    return body


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
