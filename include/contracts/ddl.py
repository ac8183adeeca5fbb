"""Contract → DDL, for one server and for a cluster alike.

With ``cluster`` every statement runs on all its nodes and tables replicate; the columns, keys and
comments are the same text. A raw table gets ``_load_id``, filled by the engine from the setting
``log_comment`` that the loader sends with its insert, so that landed bytes go in unchanged.
"""

from __future__ import annotations

import re

from include.contracts.model import LAYERS, LOAD_ID, Column, Table

LOAD_ID_DESCRIPTION = "Load attempt that wrote the row; visible once ops.slice_log names it."
_NAME = re.compile(r"(?:[A-Za-z_][A-Za-z0-9_]*\.)?[A-Za-z_][A-Za-z0-9_]*")
_PATH = "/clickhouse/tables/{uuid}/{shard}"


def quote_text(text: str) -> str:
    """A ClickHouse string literal holding exactly ``text``."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\0", "\\0")
    return f"'{escaped}'"


def quote_name(name: str) -> str:
    """``db.table`` or ``column`` with each part in backticks; refuses anything but plain names."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is not a plain identifier")
    return ".".join(f"`{part}`" for part in name.split("."))


def create_databases(cluster: str | None = None) -> list[str]:
    """Statements that make the databases of all layers."""
    return [create_database(layer, cluster) for layer in LAYERS]


def create_database(name: str, cluster: str | None = None) -> str:
    """Statement that makes one Atomic database unless it exists."""
    return f"create database if not exists {quote_name(name)}{_on(cluster)} engine = Atomic"


def create_table(
    table: Table,
    name: str | None = None,
    *,
    cluster: str | None = None,
    if_not_exists: bool = False,
) -> str:
    """Statement that makes ``table``, or under ``name`` (full) a table of exactly its shape."""
    exists = "if not exists " if if_not_exists else ""
    columns = ",\n".join(f"    {line}" for line in _column_lines(table))
    partition = f"partition by {table.partition_by}\n" if table.partition_by else ""
    return (
        f"create table {exists}{quote_name(name or table.full_name)}{_on(cluster)}\n"
        f"(\n{columns}\n)\n"
        f"engine = {_engine(cluster)}\n{partition}"
        f"order by {order_by(table)}\n"
        f"{_settings(table)}"
        f"comment {quote_text(table.description)}"
    )


def create_views(table: Table, *, cluster: str | None = None) -> list[str]:
    """Statements for ``<t>_as_of`` (with the parameter ``as_of``) and ``<t>_live`` of a raw table.

    A slice of kind ``replace`` shows its newest pull, one of kind ``append`` every load, but equal
    content once: two runs that landed it at the same moment double nothing. Run again after a
    column was added: a view keeps the columns it was made with.
    """
    as_of = "published_at <= {as_of:DateTime64(6,'UTC')}"
    return [
        _slice_view(table, f"{table.full_name}_as_of", as_of, cluster),
        _slice_view(table, f"{table.full_name}_live", "", cluster),
    ]


def order_by(table: Table) -> str:
    """The sorting key as the DDL states it; ``_load_id`` ends that of a raw table."""
    names = [*table.order_by, LOAD_ID] if table.database == "raw" else list(table.order_by)
    return f"({', '.join(quote_name(name) for name in names)})"


def column_comment(column: Column) -> str:
    """What a BI tool shows: the description with unit, currency, VAT, day, definition, Russian."""
    facts = [
        f"{label}{value}"
        for label, value in (
            ("", column.unit),
            ("currency: ", column.currency),
            ("VAT: ", column.vat),
            ("day: ", column.day),
            ("definition: ", column.definition_id),
        )
        if value
    ]
    suffix = f" [{'; '.join(facts)}]" if facts else ""
    russian = f" / {column.description_ru}" if column.description_ru else ""
    return f"{column.description}{suffix}{russian}"


def column_definition(column: Column) -> str:
    """One column as ``create table`` and ``alter table … add column`` take it."""
    return (
        f"{quote_name(column.name)} {column.parsed_type.canonical} "
        f"comment {quote_text(column_comment(column))}"
    )


def _column_lines(table: Table) -> list[str]:
    lines = [column_definition(column) for column in table.columns]
    if table.database == "raw":
        lines.append(
            f"{quote_name(LOAD_ID)} LowCardinality(String) default getSetting('log_comment') "
            f"comment {quote_text(LOAD_ID_DESCRIPTION)}"
        )
    return lines


def _slice_view(table: Table, name: str, condition: str, cluster: str | None) -> str:
    origin = (
        f"source = {quote_text(table.source)} and resource = {quote_text(table.resource)} and "
        if table.source
        else ""
    )
    until = f" and {condition}" if condition else ""
    return (
        f"create or replace view {quote_name(name)}{_on(cluster)} as\n"
        f"select * from {quote_name(table.full_name)} where {LOAD_ID} in (\n"
        f"    select argMax(load_id, (pulled_at, load_id)) from ops.slice_log\n"
        f"    where {origin}kind = 'replace'{until}\n"
        f"    group by source, resource, account_id, slice_key\n"
        f"    union all\n"
        f"    select argMin(load_id, (published_at, load_id)) from ops.slice_log\n"
        f"    where {origin}kind = 'append'{until}\n"
        f"    group by source, resource, account_id, slice_key, content_hash\n"
        f")"
    )


def _engine(cluster: str | None) -> str:
    if cluster is None:
        return "MergeTree"
    return f"ReplicatedMergeTree({quote_text(_PATH)}, '{{replica}}')"


def _settings(table: Table) -> str:
    """A raw table merges twenty equal parts at once, not five: loading is most of its work."""
    if table.database == "raw":
        return "settings merge_selector_base = 20\n"
    rows = table.index_granularity
    return f"settings index_granularity = {rows}\n" if rows else ""


def _on(cluster: str | None) -> str:
    return f" on cluster {quote_text(cluster)}" if cluster else ""
