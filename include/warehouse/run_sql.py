"""Runs one statement of ``sql/`` as the insert that fills a table, with values bound by the server.

A reader might expect templates: there are none. Table names are replaced token by token where this
build has a candidate of theirs, values travel beside the statement as native parameters, and
neither a literal nor a value of a row appears in an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from sqlglot.dialects.clickhouse import ClickHouse
from sqlglot.errors import TokenError
from sqlglot.tokens import Token, TokenType

SETTINGS: Mapping[str, Any] = {
    "join_use_nulls": 1,
    "prefer_column_name_to_alias": 1,
    "optimize_aggregation_in_order": 1,
    "min_insert_block_size_rows": 262_144,
    "merge_tree_min_rows_for_concurrent_read": 8_192,
    "merge_tree_min_bytes_for_concurrent_read": 4_194_304,
    "merge_tree_min_read_task_size": 1,
    "compile_expressions": 0,
}
"""A missing partner is NULL, never 0; an alias never hides the column it is named after (by default
``select ifNull(x, 0) as x … where x is null`` finds nothing in ClickHouse). What a table is sorted
by is grouped as it is read: a fifth of the time of ``core_journey`` and a quarter of its memory. A
million narrow rows are sorted and written as four parts by all cores, not as one by one core; and
twenty thousand journeys of many touches each are read by all cores, not by one. Compiling a
statement gains nothing over millions of rows and costs a tenth to a third of it over few."""
_SUFFIX = "__next"
_GRAIN = "-- grain: one row per "
_NAMES = (TokenType.VAR, TokenType.IDENTIFIER)
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TABLE_NAME = re.compile(r"[A-Za-z_]\w*\.[A-Za-z_]\w*")
_LITERAL = re.compile(r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.)*\"")
_VALUE = re.compile(r"\S+@\S+|\+?\d[\d\s()-]{5,}\d|\b[0-9a-fA-F]{16,}\b")
_LONGEST_REASON = 400


class SqlRefused(ValueError):
    """A file of ``sql/`` breaks a house rule; the message says which and how to put it right."""


class SqlFailed(RuntimeError):
    """ClickHouse refused or broke off a statement. ``code`` is ClickHouse's, 0 when unknown."""

    def __init__(self, origin: str, target: str, code: int, reason: str) -> None:
        self.origin = origin
        self.target = target
        self.code = code
        goal = f" filling {target}" if target else ""
        super().__init__(f"{origin}{goal} failed with ClickHouse error {code or '?'}: {reason}")


@dataclass(frozen=True)
class Statement:
    """One checked select; ``origin`` is the file it was read from."""

    text: str
    origin: str


def read_statement(path: Path) -> Statement:
    """Read one file and hold it to the house rules; raises :class:`SqlRefused`."""
    text = path.read_text(encoding="utf-8")
    origin = f"{path.parent.name}/{path.name}"
    if not text.startswith(_GRAIN):
        raise SqlRefused(f"{origin}:1: start with the comment '{_GRAIN}…': the grain comes first")
    return check_statement(text, origin)


def check_statement(text: str, origin: str = "statement") -> Statement:
    """Refuse templates and anything but one select; raises :class:`SqlRefused`."""
    tokens = _tokens(text, origin)
    previous: Token | None = None
    for token in tokens:
        if token.token_type == TokenType.SEMICOLON:
            raise SqlRefused(f"{origin}:{token.line}: one statement a file; remove the semicolon")
        if (
            previous is not None
            and previous.token_type == token.token_type == TokenType.L_BRACE
            and token.start == previous.end + 1
        ):
            raise SqlRefused(
                f"{origin}:{token.line}: templates are not used here; pass a value as a"
                " parameter such as {as_of:DateTime64(6,'UTC')}"
            )
        previous = token
    if not tokens or tokens[0].text.lower() not in ("select", "with"):
        raise SqlRefused(f"{origin}: a statement is one select, with its CTEs before it")
    return Statement(text, origin)


def parameters_of(sql: str) -> set[str]:
    """Names of the native parameters a statement uses; text in strings and comments is not one."""
    found: set[str] = set()
    tokens = _tokens(sql)
    for opening, name, colon in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if (
            opening.token_type == TokenType.L_BRACE
            and colon.token_type == TokenType.COLON
            and _IDENTIFIER.fullmatch(name.text)
        ):
            found.add(name.text)
    return found


def resolve_tables(sql: str, candidates: AbstractSet[str], suffix: str = _SUFFIX) -> str:
    """Replace every table that has a candidate by it; strings, comments, columns stay as they are.

    ``candidates`` holds full names as published, such as ``core.core_lead``.
    """
    pieces: list[str] = []
    position = 0
    for database, table in _qualified_names(sql):
        if f"{database.text}.{table.text}" in candidates:
            pieces += [sql[position : table.start], _like(sql, table, f"{table.text}{suffix}")]
            position = table.end + 1
    return "".join([*pieces, sql[position:]])


def run(
    client: Client,
    sql: Path | Statement,
    parameters: Mapping[str, Any],
    *,
    target: str | None = None,
    columns: Sequence[str] = (),
    candidates: AbstractSet[str] = frozenset(),
    suffix: str = _SUFFIX,
) -> int:
    """Insert the rows of one select into ``target`` and return how many the engine reports.

    ``columns`` are matched by name, never by position; empty means those of ``target``. Without a
    target the select is only run. Raises :class:`SqlFailed`, and :class:`SqlRefused` for a
    parameter the statement uses that nobody gave.
    """
    statement = read_statement(sql) if isinstance(sql, Path) else sql
    used = parameters_of(statement.text)
    missing = sorted(used - parameters.keys())
    if missing:
        raise SqlRefused(
            f"{statement.origin}: no value for {', '.join(missing)}; a build gives"
            f" {', '.join(sorted(parameters)) or 'none'}"
        )
    text = resolve_tables(statement.text, candidates, suffix)
    if target is not None:
        text = _insert(client, text, target, columns)
    bound = {name: bind(parameters[name]) for name in sorted(used)}
    try:
        summary = client.command(text, parameters=bound or None, settings=dict(SETTINGS))
    except ClickHouseError as error:
        raise SqlFailed(statement.origin, target or "", _code(error), redact(str(error))) from None
    return int(getattr(summary, "written_rows", 0) or 0)


def bind(value: Any) -> Any:
    """The form in which the server reads a parameter without losing its microseconds."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise ValueError("an instant without a zone is ambiguous; give aware UTC datetimes")
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"
    return value


def redact(message: str) -> str:
    """ClickHouse's own words without literals, numbers as long as a phone, or addresses."""
    first = message.split("(version ")[0].split("(for url")[0]
    return _VALUE.sub("…", _LITERAL.sub("'…'", " ".join(first.split())))[:_LONGEST_REASON]


def _insert(client: Client, select: str, target: str, columns: Sequence[str]) -> str:
    if not _TABLE_NAME.fullmatch(target):
        raise SqlRefused(f"{target!r} is not a plain database.table to insert into")
    database, _, table = target.partition(".")
    names = list(columns) or [
        row[0]
        for row in client.query(
            "select name from system.columns where database = {d:String} and table = {t:String}"
            " and default_kind not in ('MATERIALIZED', 'ALIAS') order by position",
            parameters={"d": database, "t": table},
        ).result_rows
    ]
    quoted = ", ".join(f"`{name}`" for name in names)
    return f"insert into {target} ({quoted})\nselect {quoted}\nfrom (\n{select.rstrip()}\n)"


def _tokens(sql: str, origin: str = "statement") -> tuple[Token, ...]:
    try:
        return _tokenize(sql)
    except TokenError as error:
        raise SqlRefused(f"{origin}: cannot be read: {redact(str(error))}") from None


# One statement is looked at four times on its way to the engine.
@lru_cache(maxsize=64)
def _tokenize(sql: str) -> tuple[Token, ...]:
    return tuple(ClickHouse().tokenize(sql))


def _qualified_names(sql: str) -> Iterator[tuple[Token, Token]]:
    """Pairs ``database . table`` that are not themselves the tail of a longer name."""
    tokens = _tokens(sql)
    for index in range(len(tokens) - 2):
        database, dot, table = tokens[index : index + 3]
        is_tail = index > 0 and tokens[index - 1].token_type == TokenType.DOT
        if (
            dot.token_type == TokenType.DOT
            and not is_tail
            and database.token_type in _NAMES
            and table.token_type in _NAMES
        ):
            yield database, table


def _like(sql: str, token: Token, name: str) -> str:
    """``name`` in the quotes the token stood in."""
    written = sql[token.start : token.end + 1]
    quote = written[0] if written[0] in '`"' else ""
    return f"{quote}{name}{quote}"


def _code(error: ClickHouseError) -> int:
    found = re.search(r"[Cc]ode:?\s*(\d{1,4})\b", str(error))
    return int(found[1]) if found else 0
