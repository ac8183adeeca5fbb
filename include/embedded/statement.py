"""What the front must know of a statement's text: where inline data begins and which format.

Everything is bytes, because what follows ``FORMAT Parquet`` is not text. The engine's own parser
judges everything else; this reader only has to agree with it on quotes, comments and brackets.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    rb"""
    (?P<skip>\s+|--[^\n]*|\#[\ !][^\n]*|/\*.*?\*/)
    |(?P<quoted>'(?:\\.|''|[^'\\])*'|"(?:\\.|""|[^"\\])*"|`(?:\\.|``|[^`\\])*`)
    |(?P<heredoc>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class InsertHead:
    """An INSERT that brings its rows with it."""

    sql: str
    input_format: str
    data_offset: int


def read_insert_head(text: bytes) -> InsertHead | None:
    """The INSERT … FORMAT or INSERT … VALUES at the start of ``text``; None for anything else.

    ``text`` may stop in the middle of the data, never in the middle of the head.
    """
    depth = 0
    first = True
    previous = b""
    position = 0
    while match := _TOKEN.match(text, position):
        position = match.end()
        if match.lastgroup == "skip":
            continue
        word = match.group("word")
        token = match.group()
        if first:
            if word is None or word.upper() != b"INSERT":
                return None
            first = False
        elif token in b"([{":
            depth += 1
        elif token in b")]}":
            depth -= 1
        elif word is not None and depth == 0 and previous != b".":
            keyword = word.upper()
            if keyword in (b"SELECT", b"WITH", b"INFILE"):
                return None
            if keyword == b"VALUES":
                return InsertHead(_decode(text[: match.start()]), "Values", position)
            if keyword == b"FORMAT":
                name = _skip_to_word(text, position)
                if name is None:
                    return None
                if name.group("word").upper() == b"VALUES":
                    name_text = "Values"
                else:
                    name_text = name.group("word").decode()
                end = name.end()
                return InsertHead(_decode(text[: match.start()]), name_text, _data_start(text, end))
        previous = token
    return None


def read_output_format(text: bytes) -> str | None:
    """The format named by a trailing ``FORMAT x`` of a reading statement, if any."""
    words: list[bytes] = []
    position = 0
    depth = 0
    found: str | None = None
    while match := _TOKEN.match(text, position):
        position = match.end()
        if match.lastgroup == "skip":
            continue
        token = match.group()
        if token in b"([{":
            depth += 1
        elif token in b")]}":
            depth -= 1
        word = match.group("word")
        if depth == 0 and word is not None and words and words[-1].upper() == b"FORMAT":
            found = word.decode()
        words.append(token)
    return found


def _skip_to_word(text: bytes, position: int) -> re.Match[bytes] | None:
    while match := _TOKEN.match(text, position):
        position = match.end()
        if match.lastgroup != "skip":
            return match if match.group("word") else None
    return None


def _data_start(text: bytes, position: int) -> int:
    while text[position : position + 1] in (b" ", b"\t", b"\f", b";"):
        position += 1
    if text[position : position + 1] == b"\r":
        position += 1
    if text[position : position + 1] == b"\n":
        position += 1
    return position


def _decode(text: bytes) -> str:
    return text.decode("utf-8", "surrogateescape")


_OUTFILE = (b"INTO", b"OUTFILE")


def names_outfile(text: bytes) -> bool:
    """Whether INTO OUTFILE stands anywhere outside quotes and comments."""
    previous = b""
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "skip":
            continue
        token = match.group().upper()
        if (previous, token) == _OUTFILE:
            return True
        previous = token
    return False
