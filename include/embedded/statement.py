"""What the front must know of a statement's text: where inline data begins and which format.

Everything is bytes, because what follows ``FORMAT Parquet`` is not text. The engine's own parser
judges everything else; this reader only has to agree with it on quotes, comments and brackets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    rb"""
    (?P<skip>\s+|--[^\n]*|\#[\ !][^\n]*|/\*.*?\*/)
    |(?P<quoted>'(?:\\.|''|[^'\\])*'|"(?:\\.|""|[^"\\])*"|`(?:\\.|``|[^`\\])*`)
    |(?P<heredoc>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)
    |(?P<number>\d[\w.]*)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


# Reading the tokens of a long statement takes milliseconds, and few have these words at all.
_FORMAT = re.compile(rb"\bformat\b", re.IGNORECASE)
_SERVER_FILE = re.compile(rb"outfile|infile", re.IGNORECASE)


@dataclass(frozen=True)
class Token:
    """A piece of a statement: ``kind`` is quoted, heredoc, number, word or other."""

    kind: str
    text: str
    start: int


@dataclass(frozen=True)
class InsertHead:
    """An INSERT that brings its rows with it."""

    sql: str
    input_format: str
    data_offset: int


def read_tokens(text: bytes) -> list[Token]:
    """The tokens of a statement, without spaces and comments."""
    return list(_iterate_tokens(text))


def _iterate_tokens(text: bytes) -> Iterator[Token]:
    position = 0
    while match := _TOKEN.match(text, position):
        position = match.end()
        # The heredoc's tag is the last group to match inside it.
        kind = "heredoc" if match.group("heredoc") is not None else str(match.lastgroup)
        if kind != "skip":
            yield Token(kind, match.group().decode("utf-8", "surrogateescape"), match.start())


def read_insert_head(text: bytes) -> InsertHead | None:
    """The INSERT … FORMAT or INSERT … VALUES at the start of ``text``; None for anything else.

    ``text`` may stop in the middle of the data, never in the middle of the head.
    """
    depth = 0
    previous = ""
    tokens = _iterate_tokens(text)
    first = next(tokens, None)
    if first is None or first.text.upper() != "INSERT":
        return None
    for token in tokens:
        depth += _nesting(token)
        if token.kind == "word" and depth == 0 and previous != ".":
            keyword = token.text.upper()
            if keyword in ("SELECT", "WITH", "INFILE"):
                return None
            sql = text[: token.start].decode("utf-8", "surrogateescape")
            if keyword == "VALUES":
                return InsertHead(sql, "Values", token.start + len("VALUES"))
            if keyword == "FORMAT":
                name = next(tokens, None)
                if name is None or name.kind != "word":
                    return None
                end = name.start + len(name.text)
                return InsertHead(sql, name.text, _data_start(text, end))
        previous = token.text
    return None


def read_output_format(text: bytes) -> str | None:
    """The format named by a trailing ``FORMAT x`` of a reading statement, if any."""
    found = _find_format(text)
    return found[1].text if found else None


def cut_output_format(text: bytes) -> bytes:
    """The statement without its trailing ``FORMAT x``; what follows it stays."""
    found = _find_format(text)
    if found is None:
        return text
    keyword, name = found
    return text[: keyword.start] + b" " + text[name.start + len(name.text) :]


def names_server_file(text: bytes) -> bool:
    """Whether INTO OUTFILE or FROM INFILE stands anywhere outside quotes and comments."""
    if not _SERVER_FILE.search(text):
        return False
    previous = ""
    for token in _iterate_tokens(text):
        word = token.text.upper()
        if (previous, word) in (("INTO", "OUTFILE"), ("FROM", "INFILE")):
            return True
        previous = word
    return False


def _find_format(text: bytes) -> tuple[Token, Token] | None:
    if not _FORMAT.search(text):
        return None
    found: tuple[Token, Token] | None = None
    previous: Token | None = None
    depth = 0
    for token in _iterate_tokens(text):
        depth += _nesting(token)
        if (
            depth == 0
            and token.kind == "word"
            and previous is not None
            and previous.kind == "word"
            and previous.text.upper() == "FORMAT"
        ):
            found = (previous, token)
        previous = token
    return found


def _nesting(token: Token) -> int:
    if token.kind != "other":
        return 0
    return (token.text in "([{") - (token.text in ")]}")


def _data_start(text: bytes, position: int) -> int:
    while text[position : position + 1] in (b" ", b"\t", b"\f", b";"):
        position += 1
    if text[position : position + 1] == b"\r":
        position += 1
    if text[position : position + 1] == b"\n":
        position += 1
    return position
