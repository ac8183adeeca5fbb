"""Brings ClickHouse to the state the contracts describe, without losing a stored row.

Tables that a build fills anew (staging, core) are only made when missing: the next build swaps in
a copy of the new shape. Tables whose rows exist nowhere else in this shape (raw, ops), and marts,
which BI reads by name, follow their contract by added columns and comments alone.
"""

from __future__ import annotations

import hashlib

from clickhouse_connect.driver.client import Client

from include.contracts import ddl
from include.contracts.changes import Changes, MigrationNeeded, compare
from include.contracts.model import LAYERS, Catalog, Table

_COMPARED = ("raw", "ops", "mart")


def apply_schema(client: Client, catalog: Catalog) -> list[str]:
    """Make databases, tables and raw views as the contracts say; returns what was run.

    Repeating it costs one look at the catalogue. Raises ``MigrationNeeded`` before anything is
    changed when any table differs in a way that would lose stored rows.
    """
    stored, view_marks = _read_stored(client)
    databases = {row[0] for row in client.query("select name from system.databases").result_rows}
    statements = [ddl.create_database(name) for name in LAYERS if name not in databases]
    refused: list[Changes] = []
    views: list[str] = []
    for table in catalog:
        known = stored.get(table.full_name)
        if known is None:
            statements.append(ddl.create_table(table, if_not_exists=True))
        elif _is_compared(table):
            columns, sorting_key, partition_key = known
            changes = compare(table, columns, sorting_key, partition_key)
            statements += changes.statements
            if changes.refused:
                refused.append(changes)
        if table.database == "raw":
            views += _views_to_make(table, view_marks)
    if refused:
        _refuse(refused)
    for statement in statements + views:
        client.command(statement)
    return statements + views


def _is_compared(table: Table) -> bool:
    is_built = table.path.with_suffix(".sql").exists()
    return table.database in _COMPARED and not (is_built and table.database == "ops")


def _refuse(refused: list[Changes]) -> None:
    if len(refused) == 1:
        refused[0].require_applicable()
    messages = []
    for changes in refused:
        try:
            changes.require_applicable()
        except MigrationNeeded as error:
            messages.append(str(error))
    raise MigrationNeeded("\n\n".join(messages))


def _views_to_make(table: Table, marks: dict[str, str]) -> list[str]:
    """Views whose text or columns are not those of the last run, told by a mark in the comment."""
    wanted = []
    columns = ",".join(f"{column.name} {column.type}" for column in table.columns)
    for suffix, statement in zip(("_as_of", "_live"), ddl.create_views(table), strict=True):
        mark = hashlib.sha256(f"{statement}\n{columns}".encode()).hexdigest()[:16]
        if marks.get(f"{table.full_name}{suffix}") != mark:
            comment = f"{table.description} [definition {mark}]"
            wanted.append(f"{statement}\ncomment {ddl.quote_text(comment)}")
    return wanted


Stored = dict[str, tuple[list[tuple[str, str, str]], str, str]]


def _read_stored(client: Client) -> tuple[Stored, dict[str, str]]:
    """Columns and keys of every stored table, and the marks of the views made from contracts."""
    rows = client.query(
        "select t.database, t.name, t.engine, t.sorting_key, t.partition_key, t.comment,"
        " c.names, c.types, c.comments from system.tables as t left join ("
        " select database, table, groupArray(name) as names, groupArray(type) as types,"
        " groupArray(comment) as comments from ("
        " select database, table, name, type, comment from system.columns"
        " where database in {layers:Array(String)} order by database, table, position)"
        " group by database, table) as c on c.database = t.database and c.table = t.name"
        " where t.database in {layers:Array(String)}",
        parameters={"layers": list(LAYERS)},
    ).result_rows
    stored: Stored = {}
    marks: dict[str, str] = {}
    for database, name, engine, sorting, partition, comment, names, types, comments in rows:
        full_name = f"{database}.{name}"
        if engine == "View":
            marks[full_name] = comment.rpartition("[definition ")[2].rstrip("]")
        else:
            columns = list(zip(names or [], types or [], comments or [], strict=True))
            stored[full_name] = (columns, sorting, partition)
    return stored, marks
