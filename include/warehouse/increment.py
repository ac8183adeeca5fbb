"""A candidate made of the published table and what changed since: unchanged rows are attached.

A contract's ``incremental_by`` names a column whose values are islands: rows of one value follow
from the rows of that value in the tables read that have the column too, and otherwise from seeds
and tables that must be equal. ``sql/changed/<column>.sql`` names the values that may differ between
what is published and the candidates. Their rows are made by the table's own statement over parts of
its inputs, tables that hold those values alone; all others come over unread.

Where that could tell something else than the whole statement, the table is made whole: after other
SQL, seeds, code, engine, zone or key, where a statement asks for its build's instant or id, beside
a published table that is not the last build's copy, where an input without the column differs, and
where one with it was itself made whole though it need not have been.
"""

from __future__ import annotations

import dataclasses
import re
import threading
import time
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

from include.contracts import ddl
from include.contracts.graph import is_read_whole, tables_read
from include.contracts.model import Catalog, Table
from include.warehouse import publish, run_sql
from include.warehouse.build_log import Pin
from include.warehouse.publish import candidate_name
from include.warehouse.solved_tables import SOLVERS
from include.warehouse.table_hash import CannotHash, table_hash

WORTH_ROWS = 20_000
"""A smaller table is made whole in less time than it takes to ask what changed."""
MOST_CHANGED = 0.3
"""Where more than this part of the rows changed, making all of them is faster."""
_WORD = re.compile(r"\w+")
_PART = "__part"
_CHANGED = "__changed"
_OF_ONE_BUILD = {"as_of", "build_id"}
_MADE_ALIKE = (
    "commit_sha", "sql_hash", "engine_version", "identity_key_version", "business_zone",
)  # fmt: skip


def find_base(client: Client, former: Pin | None, pin: Pin) -> frozenset[str]:
    """Published tables a candidate may be made of: copies of ``former``, which was made alike."""
    if former is None or any(getattr(former, n) != getattr(pin, n) for n in _MADE_ALIKE):
        return frozenset()
    uuids = publish.table_uuids(client)
    published = publish.published_uuids(client, former.build_id)
    return frozenset(table for table, uuid in published.items() if uuids.get(table) == uuid)


class Increment:
    """The increments of one build, whose tables share what is known of the changes; close it.

    ``base`` are the published tables that may be built upon.
    """

    def __init__(
        self,
        client: Client,
        catalog: Catalog,
        base: AbstractSet[str],
        worth_rows: int = WORTH_ROWS,
    ) -> None:
        """Drop what a killed build may have left."""
        self._client = client
        self._catalog = catalog
        self._base = base
        self._worth_rows = worth_rows
        self._changed: dict[str, str] = {}
        self._parts: dict[str, str] = {}
        self._turn = threading.Lock()
        for (name,) in client.query(
            "select database || '.' || name from system.tables where database in ('core', 'mart')"
            " and (endsWith(name, {part:String}) or endsWith(name, {changed:String}))",
            parameters={"part": _PART, "changed": _CHANGED},
        ).result_rows:
            client.command(f"drop table if exists {name} sync")

    def fill(
        self, table: Table, parameters: Mapping[str, Any], candidates: AbstractSet[str]
    ) -> int | None:
        """Fill the table's empty candidate; returns how many published rows were made anew.

        None, with the candidate still empty, where the table has to be made whole. One table at a
        time. Raises what :func:`include.warehouse.run_sql.run` raises.
        """
        with self._turn:
            return self._fill(table, parameters, candidates)

    def _fill(
        self, table: Table, parameters: Mapping[str, Any], candidates: AbstractSet[str]
    ) -> int | None:
        client, column = self._client, table.incremental_by
        statement = run_sql.read_statement(table.path.with_suffix(".sql"))
        in_part = self._find_inputs(table, statement.text, candidates)
        if in_part is None:
            return None
        changed = self._tell_changed(table)
        chosen = f"{ddl.quote_name(column)} in (select {ddl.quote_name(column)} from {changed})"
        renewed = _count(client, f"{table.full_name} where {chosen}")
        if renewed > MOST_CHANGED * _count(client, table.full_name):
            return None
        for name in sorted(in_part - self._parts.keys()):
            contract = self._catalog.table(name)
            part = self._make_part(contract)
            columns = ", ".join(map(ddl.quote_name, self._find_columns(contract, column)))
            client.command(
                f"insert into {part} ({columns})"
                f" select {columns} from {candidate_name(name)} where {chosen}"
            )
        target = candidate_name(table.full_name)
        client.command(f"alter table {target} attach partition all from {table.full_name}")
        # It hides the rows that are there by now, while the new ones are being made.
        client.command(
            f"delete from {target} where {chosen}",
            settings={"lightweight_deletes_sync": 0, "allow_nondeterministic_mutations": 1},
        )
        # Whoever reads the table in part finds its new rows in a part too.
        is_read = bool(self._find_readers(table, column))
        part = self._make_part(table) if is_read else target
        text = run_sql.resolve_tables(statement.text, in_part, _PART)
        run_sql.run(
            client,
            dataclasses.replace(statement, text=text),
            parameters,
            target=part,
            columns=table.column_names,
            candidates=candidates,
        )
        if is_read:
            # Attaching them would break off the deletion, which begins anew seconds later.
            client.command(f"insert into {target} select * from {part}")
        _await_deletion(client, target)
        return renewed

    def close(self) -> None:
        """Drop what the increments shared."""
        for name in (*self._parts.values(), *self._changed.values()):
            self._client.command(f"drop table if exists {name} sync")
        self._parts, self._changed = {}, {}

    def _find_inputs(
        self, table: Table, sql: str, candidates: AbstractSet[str]
    ) -> frozenset[str] | None:
        """Inputs to be read in part; None where the table has to be made whole."""
        read = {name for name in tables_read(sql) if not name.startswith("seeds.")}
        asked = tables_read(_statement_of_changes(table).read_text("utf-8"))
        if run_sql.parameters_of(sql) & _OF_ONE_BUILD or table.full_name in SOLVERS:
            return None
        if not read | asked | {table.full_name} <= self._base or not read | asked <= candidates:
            return None
        if _count(self._client, table.full_name) < self._worth_rows:
            return None
        contracts = [self._catalog.table(name) for name in read]
        chosen = [one for one in contracts if table.incremental_by in one.column_names]
        in_part = frozenset(one.full_name for one in chosen)
        if any(one.incremental_by and one.full_name not in self._parts for one in chosen):
            return None
        if not all(_is_equal(self._client, name) for name in read - in_part):
            return None
        return in_part

    def _find_columns(self, table: Table, island: str) -> list[str]:
        """Columns that any statement made in part may ask of a table."""
        statements = self._find_readers(table, island)
        if any(is_read_whole(sql, table.full_name) for sql in statements):
            return list(table.column_names)
        words = {island, *table.order_by}.union(*map(_WORD.findall, statements))
        return [name for name in table.column_names if name in words]

    def _find_readers(self, table: Table, island: str) -> list[str]:
        """Statements of all tables of the islands that read a table."""
        made = [one.path for one in self._catalog if one.incremental_by == island]
        statements = [run_sql.read_statement(path.with_suffix(".sql")).text for path in made]
        return [sql for sql in statements if table.full_name in tables_read(sql)]

    def _tell_changed(self, table: Table) -> str:
        """The table of the column's values that may differ, made when first asked for."""
        column = table.incremental_by
        if column not in self._changed:
            name = f"{table.database}.{column}{_CHANGED}"
            self._changed[column] = name
            keys = dataclasses.replace(
                table,
                columns=(table.column(column),),
                order_by=(column,),
                partition_by="",
                index_granularity=0,
            )
            self._make(keys, name)
            path = _statement_of_changes(table)
            run_sql.run(self._client, path, {}, target=name, columns=[column])
        return self._changed[column]

    def _make_part(self, table: Table) -> str:
        """An empty table for the table's rows of the changed values."""
        name = f"{table.full_name}{_PART}"
        self._make(table, name)
        self._parts[table.full_name] = name
        return name

    def _make(self, table: Table, name: str) -> None:
        self._client.command(ddl.create_table(table, name=name))


def _statement_of_changes(table: Table) -> Path:
    return table.path.parent.parent / "changed" / f"{table.incremental_by}.sql"


def _is_equal(client: Client, table: str) -> bool:
    try:
        return table_hash(client, table) == table_hash(client, candidate_name(table))
    except CannotHash:
        return False


def _await_deletion(client: Client, target: str) -> None:
    """Wait until the rows are hidden; raises :class:`run_sql.SqlFailed` where they cannot be."""
    database, _, name = target.partition(".")
    while True:
        rows = client.query(
            "select latest_fail_reason from system.mutations"
            " where database = {d:String} and table = {t:String} and not is_done",
            parameters={"d": database, "t": name},
        ).result_rows
        if not rows:
            return
        if rows[0][0]:
            raise run_sql.SqlFailed("delete", target, 0, run_sql.redact(rows[0][0]))
        time.sleep(0.02)


def _count(client: Client, what: str) -> int:
    return int(client.query(f"select count() from {what}").result_rows[0][0])
