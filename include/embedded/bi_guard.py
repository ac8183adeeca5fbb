"""What the BI login may run: reading ``mart`` and ``ops.mart_publication``, and nothing else.

The engine has no users, so this stands in for them, in three layers that do not trust each other:

* a connection on which allow-listed settings, row filters over the system tables and then
  ``readonly = 1`` were set, which the engine itself never lifts again;
* for SELECT, the engine's own query tree before any resolution (``EXPLAIN QUERY TREE
  run_passes = 0``): it is all the engine executes, down to column transformers and window frames,
  which ``EXPLAIN AST`` does not print. Every name that starts with a hidden database, every table
  function not listed here and every function that reads outside the query is refused;
* for the few other statements BI tools send, a grammar of plain tokens without any expression.

Names in the tree are written by whoever wrote the statement, also over several lines. Therefore
the tree is searched for what is forbidden, anywhere in it, and is never skipped by structure.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping

from chdb.state.sqlitelike import Connection

from include.embedded.errors import EngineError, make_error, read_engine_error
from include.embedded.session import quote_literal, quote_name, run_plain
from include.embedded.statement import Token, read_tokens

HOME_DATABASE = "mart"
_OPS_TABLE = "mart_publication"
_CANDIDATE_SUFFIX = "__next"
# Where the engine keeps everyone's temporary tables; it is in no list of databases.
_TEMPORARY_TABLES = "_temporary_and_external_tables"

_SYSTEM_TABLES = (
    "one",
    "numbers",
    "databases",
    "tables",
    "columns",
    "settings",
    "functions",
    "table_functions",
    "formats",
    "data_type_families",
    "time_zones",
    "build_options",
)

_TABLE_FUNCTIONS = frozenset(
    ["numbers", "numbers_mt", "zeros", "zeros_mt", "generateSeries", "values"]
)

# Functions that read tables, dictionaries, files, the process or the network, or only wait.
_FORBIDDEN_FUNCTION = re.compile(
    r"(dict|joinget|hascolumnintable|file|filesystem|ai[a-z]|sleep|showcertificate|logtrace"
    r"|addressto|demangle|getclienthttpheader|mergetreepart|transaction|naivebayes|evalml|catboost"
    r"|timeseries|fuzz|generateserialid|getmergetreesetting|getserversetting|getmacro|zookeeper"
    r"|python|eval|executable|initialqueryid|structureto|iceberg|region|globalvariable|__)",
    re.IGNORECASE,
)

_SETTINGS = re.compile(
    r"(output_format_\w+|date_time_(in|out)put_format|join_use_nulls|group_by_use_nulls|extremes"
    r"|max_(execution_time|result_rows|result_bytes|rows_to_read|bytes_to_read|threads|block_size)"
    r"|(result|timeout|read)_overflow_mode|session_timezone|log_comment|connect_timeout\w*"
    r"|(send|receive)_timeout|cast_string_to_dynamic_use_inference|cast_keep_nullable"
    r"|prefer_column_name_to_alias|use_uncompressed_cache)\Z"
)

_VISIBLE_TABLE = (
    "(database = 'mart' or (database = 'ops' and {name} = 'mart_publication'))"
    " and not endsWith({name}, '__next')"
)
_ROW_FILTERS = {
    "system.tables": _VISIBLE_TABLE.format(name="name"),
    "system.columns": _VISIBLE_TABLE.format(name="table"),
    "system.databases": "name in ('mart', 'ops')",
}

_SHOW_LISTS = frozenset(["TABLES", "DATABASES", "COLUMNS", "FIELDS", "FUNCTIONS", "SETTINGS"])
_ABOUT_ONE_TABLE = (
    ("SHOW", "CREATE", "TABLE"),
    ("SHOW", "CREATE", "VIEW"),
    ("SHOW", "CREATE"),
    ("DESCRIBE", "TABLE"),
    ("DESCRIBE",),
    ("DESC", "TABLE"),
    ("DESC",),
    ("EXISTS", "TABLE"),
    ("EXISTS", "VIEW"),
    ("EXISTS",),
)


def enter_bi_mode(connection: Connection, database: str, settings: Mapping[str, str]) -> list[str]:
    """Make a fresh connection read-only for BI; the databases that stay hidden from it.

    ``database`` must be the marts' own or absent. Errors: 497 for another database, 164 for a
    setting outside the allow-list.
    """
    if database not in ("", "default", HOME_DATABASE):
        raise _denied("this login reads the database mart only")
    names = run_plain(connection, "select name from system.databases").decode().splitlines()
    run_plain(connection, f"use {quote_name(HOME_DATABASE)}")
    allowed: dict[str, str] = {}
    for name, value in settings.items():
        if name == "readonly" and value in ("1", "2"):
            continue
        if not _SETTINGS.match(name):
            raise make_error(164, "READONLY", f"Cannot modify '{name}' setting in readonly mode")
        allowed[name] = quote_literal(value)
    filters = ", ".join(f"{quote_literal(t)}: {quote_literal(f)}" for t, f in _ROW_FILTERS.items())
    allowed["additional_table_filters"] = "{" + filters + "}"
    run_plain(connection, "set " + ", ".join(f"{name} = {v}" for name, v in allowed.items()))
    run_plain(connection, "set readonly = 1")
    return [name for name in (*names, _TEMPORARY_TABLES) if name != HOME_DATABASE]


def check_bi_statement(
    connection: Connection,
    text: bytes,
    query_class: str,
    parameters: Mapping[str, str],
    hidden: Iterable[str],
) -> None:
    """Refuse with error 497 unless the BI login may run ``text`` on this connection.

    The connection must have been through :func:`enter_bi_mode`; ``text`` must be one statement of
    ``query_class`` by the engine's own judgement, without its FORMAT (which would apply to the
    tree as well), and exactly this text must be what is run afterwards.
    """
    tokens = read_tokens(text)
    words = [token.text.upper() for token in tokens]
    if query_class == "UNKNOWN":
        _raise_syntax_error(connection, text, parameters)
    if query_class != "READ_ONLY":
        raise _denied("this login can only read")
    for word, following in itertools.pairwise([*words, ")"]):
        # As a type name it is followed by one of these; before a literal it names a table.
        if word == "UUID" and following not in (")", "}", ","):
            raise _denied("a table cannot be named by UUID")
    if words[0] in ("SELECT", "WITH", "FROM", "("):
        tree = _read_query_tree(connection, text, parameters)
        _check_tree(tree, hidden)
    else:
        _check_plain_statement(tokens, words)


def _read_query_tree(connection: Connection, text: bytes, parameters: Mapping[str, str]) -> str:
    sql = "explain query tree run_passes = 0 " + text.decode()
    try:
        tree = connection.query(sql, "TSVRaw", params=dict(parameters)).bytes().decode()
    except EngineError:
        raise
    except Exception as error:
        raise read_engine_error(error) from None
    if not tree.startswith(("QUERY id: 0", "UNION id: 0")):
        raise _denied("the statement is not a plain SELECT")
    return tree


def _check_tree(tree: str, hidden: Iterable[str]) -> None:
    for database in hidden:
        start = re.escape(f"identifier: {database}.")
        visible = ""
        if database == "system":
            visible = f"(?!(?:{'|'.join(_SYSTEM_TABLES)})(?:[,.\n]|$))"
        elif database == "ops":
            visible = f"(?!{_OPS_TABLE}(?:[,.\n]|$))"
        if re.search(start + visible, tree):
            raise _denied("the statement names a table outside mart and ops.mart_publication")
    if re.search(rf"identifier: [^\n]*{_CANDIDATE_SUFFIX}(?:[,.\n]|$)", tree):
        raise _denied("the statement names a table that is not published yet")
    # The engine checks only the outermost SETTINGS against readonly, not those of a subquery.
    if re.search(r"^\s*SETTINGS ", tree, re.MULTILINE):
        raise _denied("settings belong into the URL, not into the statement")
    for name in re.findall(r"table_function_name: ([^,\n]*)", tree):
        is_view = name.startswith(f"{HOME_DATABASE}.") and not name.endswith(_CANDIDATE_SUFFIX)
        if name not in _TABLE_FUNCTIONS and not is_view:
            raise _denied("the statement calls a table function this login may not use")
    for name in re.findall(r"(?<!table_)function_name: ([^,\n]*)", tree):
        if _FORBIDDEN_FUNCTION.match(name):
            raise _denied("the statement calls a function this login may not use")


def _check_plain_statement(tokens: list[Token], words: list[str]) -> None:
    while words[-1] == ";":
        tokens, words = tokens[:-1], words[:-1]
    if any(token.kind == "other" and token.text != "." for token in tokens):
        raise _denied("this kind of statement is not open to this login")
    if words[0] == "SHOW" and words[1] != "CREATE":
        kind = next((w for w in words[1:] if w not in ("FULL", "EXTENDED")), "")
        if kind in _SHOW_LISTS and not {"WHERE", "SELECT"} & set(words):
            return
    if words[:2] == ["EXISTS", "DATABASE"] and len(words) == 3:
        if _read_name(tokens[2]) in (HOME_DATABASE, "ops"):
            return
        raise _denied("this database is not open to this login")
    for prefix in _ABOUT_ONE_TABLE:
        if tuple(words[: len(prefix)]) == prefix and _is_visible_name(tokens[len(prefix) :]):
            return
    raise _denied("this kind of statement, or the table it names, is not open to this login")


def _is_visible_name(tokens: list[Token]) -> bool:
    parts = [_read_name(token) for token in tokens[::2]]
    if len(tokens) not in (1, 3) or any(token.text != "." for token in tokens[1::2]):
        return False
    database, table = (HOME_DATABASE, parts[0]) if len(parts) == 1 else (parts[0], parts[1])
    if not table or "." in table or table.endswith(_CANDIDATE_SUFFIX):
        return False
    return (
        database == HOME_DATABASE
        or (database == "ops" and table == _OPS_TABLE)
        or (database == "system" and table in _SYSTEM_TABLES)
    )


def _read_name(token: Token) -> str:
    """The identifier a token stands for; empty for what is no plain identifier."""
    if token.kind == "word":
        return token.text
    inner = token.text[1:-1]
    if token.kind == "quoted" and token.text[0] in '"`' and re.fullmatch(r"[\w ]+", inner):
        return inner
    return ""


def _raise_syntax_error(connection: Connection, text: bytes, parameters: Mapping[str, str]) -> None:
    try:
        connection.query("explain ast " + text.decode(), "TSVRaw", params=dict(parameters))
    except Exception as error:
        raise read_engine_error(error) from None


def _denied(reason: str) -> EngineError:
    return make_error(497, "ACCESS_DENIED", f"bi: Not enough privileges: {reason}")
