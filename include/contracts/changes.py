"""What separates a stored table from its contract, and what may be done about it.

Added columns and new comments are applied by statements; anything else would lose or re-mean
stored values, so it is refused with the migration to write. Pure: the caller reads
``system.columns`` and ``system.tables`` and runs the statements.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from include.contracts.ddl import (
    column_comment,
    column_definition,
    create_table,
    order_by,
    quote_name,
    quote_text,
)
from include.contracts.model import LOAD_ID, Table

ActualColumn = tuple[str, str, str]
"""Name, type and comment, as ``system.columns`` prints them."""


class MigrationNeeded(Exception):
    """The stored table cannot follow its contract by itself; the message holds the migration."""


@dataclass(frozen=True)
class Changes:
    """``added`` and ``commented`` are columns, ``refused`` sentences, ``statements`` what to run.

    ``migration`` is SQL to review and run by hand; it is empty unless something was refused.
    """

    table: str
    added: tuple[str, ...] = ()
    commented: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    migration: str = ""

    @property
    def is_empty(self) -> bool:
        """Nothing differs."""
        return not (self.added or self.commented or self.refused)

    def require_applicable(self) -> None:
        """Raise :class:`MigrationNeeded` when anything was refused."""
        if self.refused:
            reasons = "\n".join(f"  - {reason}" for reason in self.refused)
            raise MigrationNeeded(
                f"{self.table} differs from its contract in a way that cannot be applied to "
                f"stored rows:\n{reasons}\nEither put the contract back, or run this migration "
                f"while nothing loads or builds, after checking it:\n{self.migration}"
            )


def compare(
    table: Table,
    actual_columns: Sequence[ActualColumn],
    sorting_key: str | None = None,
    partition_key: str | None = None,
    *,
    cluster: str | None = None,
) -> Changes:
    """Compare the contract with what is stored; keys are compared when they are given.

    ``sorting_key`` and ``partition_key`` are as ``system.tables`` prints them.
    """
    actual = {name: (type_text, comment) for name, type_text, comment in actual_columns}
    refused: list[str] = []
    added: list[str] = []
    commented: list[str] = []
    statements: list[str] = []
    on_cluster = f" on cluster {quote_text(cluster)}" if cluster else ""
    target = f"alter table {quote_name(table.full_name)}{on_cluster}"
    previous = ""
    for column in table.columns:
        place = f"after {quote_name(previous)}" if previous else "first"
        previous = column.name
        if column.name not in actual:
            added.append(column.name)
            statements.append(
                f"{target} add column if not exists {column_definition(column)} {place}"
            )
            continue
        stored_type, stored_comment = actual[column.name]
        if _squeeze(stored_type) != _squeeze(column.parsed_type.canonical):
            refused.append(
                f"{column.name} is stored as {stored_type}, the contract says "
                f"{column.parsed_type.canonical}"
            )
        elif stored_comment != column_comment(column):
            commented.append(column.name)
            statements.append(
                f"{target} comment column {quote_name(column.name)} "
                f"{quote_text(column_comment(column))}"
            )
    expected = set(table.column_names) | ({LOAD_ID} if table.database == "raw" else set())
    refused += [
        f"{name} is stored, the contract no longer has it"
        for name in actual
        if name not in expected
    ]
    if table.database == "raw" and LOAD_ID not in actual:
        refused.append(f"{LOAD_ID} is missing from the stored raw table")
    refused += _key_differences(table, sorting_key, partition_key)
    return Changes(
        table=table.full_name,
        added=tuple(added),
        commented=tuple(commented),
        refused=tuple(refused),
        statements=tuple(statements),
        migration=_migration(table, actual, cluster) if refused else "",
    )


def _key_differences(table: Table, sorting_key: str | None, partition_key: str | None) -> list[str]:
    differences = []
    wanted = order_by(table)
    if sorting_key is not None and _bare(sorting_key) != _bare(wanted):
        differences.append(f"it is ordered by ({_bare(sorting_key)}), the contract says {wanted}")
    if partition_key is not None and _bare(partition_key) != _bare(table.partition_by):
        differences.append(
            f"it is partitioned by {partition_key or 'nothing'}, the contract says "
            f"{table.partition_by or 'nothing'}"
        )
    return differences


def _migration(table: Table, actual: dict[str, tuple[str, str]], cluster: str | None) -> str:
    if table.kind == "table":
        return _migration_of_built(table, cluster)
    new = f"{table.full_name}_v2"
    kept: list[str] = []
    values: list[str] = []
    for column in table.columns:
        if column.name not in actual:
            continue
        name, wanted = quote_name(column.name), column.parsed_type.canonical
        same = _squeeze(actual[column.name][0]) == _squeeze(wanted)
        kept.append(name)
        values.append(name if same else f"cast({name} as {wanted}) as {name}")
    if table.database == "raw" and LOAD_ID in actual:
        kept.append(quote_name(LOAD_ID))
        values.append(quote_name(LOAD_ID))
    old_name, new_name = quote_name(table.full_name), quote_name(new)
    on_cluster = f" on cluster {quote_text(cluster)}" if cluster else ""
    return (
        f"{create_table(table, new, cluster=cluster)};\n"
        f"insert into {new_name} ({', '.join(kept)})\n"
        f"    select {', '.join(values)} from {old_name};\n"
        f"-- compare row counts of both, then:\n"
        f"exchange tables {new_name} and {old_name}{on_cluster};\n"
        f"-- {new_name} now holds the old rows: keep it until the new table is trusted, then\n"
        f"drop table {new_name}{on_cluster};"
    )


def _migration_of_built(table: Table, cluster: str | None) -> str:
    """A build fills the table anew, so nothing is copied; but readers know it by its shape."""
    on_cluster = f" on cluster {quote_text(cluster)}" if cluster else ""
    return (
        f"-- while anybody reads {table.full_name}: keep its files as they were and give the new\n"
        f"-- shape files of its own, sql/{table.database}/{table.stem}_v2.sql and .yaml;\n"
        f"-- once nobody reads the old shape, the next build makes the new one after\n"
        f"drop table {quote_name(table.full_name)}{on_cluster};"
    )


def _squeeze(text: str) -> str:
    return "".join(text.split())


def _bare(key: str) -> str:
    squeezed = _squeeze(key).replace("`", "")
    return squeezed[1:-1] if squeezed.startswith("(") and squeezed.endswith(")") else squeezed
