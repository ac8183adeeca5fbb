"""A candidate made of the published table and what changed since: unchanged rows are attached.

A contract's ``incremental_by`` names a column whose values are islands: rows of one value follow
from the rows of that value in the tables read that have the column too, and otherwise from seeds
and tables that must be equal. ``sql/changed/<column>.sql`` names the values that may differ between
what is published and the candidates. Their rows are made by the table's own statement over views
that show those values alone; all others come over as parts, without being read.

Where that could tell something else than the whole statement, the table is made whole: after other
SQL, seeds, code, engine, zone or key, beside a published table that is not the last build's copy,
and where an input without the column differs.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

from include.contracts import ddl
from include.contracts.graph import tables_read
from include.contracts.model import Catalog, Table
from include.warehouse import publish, run_sql
from include.warehouse.build_log import Pin
from include.warehouse.publish import candidate_name
from include.warehouse.table_hash import CannotHash, table_hash

WORTH_ROWS = 100_000
"""A smaller table is made whole in less time than it takes to ask what changed."""
MOST_CHANGED = 0.3
"""Where more than this part of the rows changed, making all of them is faster."""
_PART = "__part"
_CHANGED = "__changed"
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


def fill_changed(
    client: Client,
    catalog: Catalog,
    table: Table,
    parameters: Mapping[str, Any],
    *,
    candidates: AbstractSet[str],
    base: AbstractSet[str],
    worth_rows: int = WORTH_ROWS,
) -> int | None:
    """Fill the table's empty candidate; returns how many published rows were made anew.

    None, with the candidate still empty, where the table has to be made whole. Raises what
    :func:`include.warehouse.run_sql.run` raises.
    """
    column = table.incremental_by
    statement = run_sql.read_statement(table.path.with_suffix(".sql"))
    read = {name for name in tables_read(statement.text) if not name.startswith("seeds.")}
    in_part = {name for name in read if column in catalog.table(name).column_names}
    if not read | {table.full_name} <= base or not read <= candidates:
        return None
    rows = _count(client, table.full_name)
    if rows < worth_rows or not all(_is_equal(client, name) for name in read - in_part):
        return None
    changed = f"{table.full_name}{_CHANGED}"
    views = {name: f"{name}{_PART}" for name in sorted(in_part)}
    _drop(client, changed, views.values())
    try:
        _tell_changed(client, table, changed)
        chosen = f"{ddl.quote_name(column)} in (select {ddl.quote_name(column)} from {changed})"
        renewed = _count(client, f"{table.full_name} where {chosen}")
        if renewed > MOST_CHANGED * rows:
            return None
        for name, view in views.items():
            client.command(
                f"create view {view} as select * from {candidate_name(name)} where {chosen}"
            )
        target = candidate_name(table.full_name)
        client.command(f"alter table {target} attach partition all from {table.full_name}")
        # It hides the rows that are there by now, while the new ones are being made.
        client.command(
            f"delete from {target} where {chosen}",
            settings={"lightweight_deletes_sync": 0, "allow_nondeterministic_mutations": 1},
        )
        text = run_sql.resolve_tables(statement.text, in_part, _PART)
        run_sql.run(
            client,
            dataclasses.replace(statement, text=text),
            parameters,
            target=target,
            columns=table.column_names,
            candidates=candidates,
        )
        _await_deletion(client, target)
    finally:
        _drop(client, changed, views.values())
    return renewed


def _tell_changed(client: Client, table: Table, changed: str) -> None:
    column = table.incremental_by
    keys = dataclasses.replace(
        table, columns=(table.column(column),), order_by=(column,), partition_by=""
    )
    client.command(ddl.create_table(keys, name=changed))
    folder: Path = table.path.parent.parent / "changed"
    run_sql.run(client, folder / f"{column}.sql", {}, target=changed, columns=[column])


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


def _drop(client: Client, table: str, views: Any) -> None:
    for view in views:
        client.command(f"drop view if exists {view} sync")
    client.command(f"drop table if exists {table} sync")


def _count(client: Client, what: str) -> int:
    return int(client.query(f"select count() from {what}").result_rows[0][0])
