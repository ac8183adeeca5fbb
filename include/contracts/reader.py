"""Reads ``sql/<layer>/<stem>.yaml`` into a catalog, or refuses with every problem at once.

Structure is checked here, column rules in :mod:`include.contracts.column_rules`, check forms in
:mod:`include.contracts.check_forms`. SQL files are not looked at: see
:mod:`include.contracts.graph`.
"""

from __future__ import annotations

import csv
import dataclasses
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from include.contracts.check_forms import column_checks, grain_check, table_checks
from include.contracts.column_rules import check_column_names_and_types, check_definition
from include.contracts.fields import Fields
from include.contracts.model import (
    LAYERS,
    LOAD_ID,
    Catalog,
    Column,
    ContractError,
    PersonalData,
    Problem,
    Table,
)
from include.contracts.yaml_nodes import Located, read_yaml

KINDS = {
    "raw": ("replace", "append"),
    "seeds": ("table",),
    "stg": ("table",),
    "core": ("table",),
    "mart": ("table",),
    "ops": ("log", "table"),
}
TABLE_KEYS = (
    "description",
    "kind",
    "source",
    "resource",
    "grain",
    "order_by",
    "partition_by",
    "incremental_by",
    "index_granularity",
    "personal_data",
    "columns",
    "checks",
)
COLUMN_KEYS = (
    "name",
    "type",
    "description",
    "description_ru",
    "unit",
    "currency",
    "vat",
    "day",
    "definition_id",
    "personal",
    "checks",
)
_PARTITION = re.compile(r"(?:\w+\(\s*(?P<argument>\w+)\s*\)|(?P<column>\w+))")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:_{1,2}[a-z0-9]+)*")


def read_catalog(sql_root: Path) -> Catalog:
    """Read every contract under ``sql_root``; raises :class:`ContractError` with all problems."""
    problems: list[Problem] = []
    tables: dict[str, Table] = {}
    definitions = _read_definition_ids(sql_root)
    for layer in LAYERS:
        for path in sorted((sql_root / layer).glob("*.y*ml")):
            table = _read_table(path, layer, problems, definitions)
            if table is not None:
                tables[table.full_name] = table
    if problems:
        raise ContractError(problems)
    return Catalog(tables)


def read_table(path: Path) -> Table:
    """Read one contract (its folder names the layer); raises :class:`ContractError`."""
    problems: list[Problem] = []
    definitions = _read_definition_ids(path.parent.parent)
    table = _read_table(path, path.parent.name, problems, definitions)
    if problems or table is None:
        raise ContractError(problems)
    return table


def _read_definition_ids(sql_root: Path) -> frozenset[str] | None:
    """Ids a column may name; ``None`` in a house without the seed, where none is checked."""
    path = sql_root / "seeds" / "metric_definitions.csv"
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as lines:
        return frozenset(row["definition_id"] for row in csv.DictReader(lines))


def _read_table(
    path: Path, layer: str, problems: list[Problem], definitions: frozenset[str] | None
) -> Table | None:
    text = path.read_text(encoding="utf-8")
    table, found = _read_text(text, path, layer, definitions)
    problems.extend(found)
    return table


# Every task of a process asks for the same contracts, and 225 of them take half a second to read.
@lru_cache(maxsize=1024)
def _read_text(
    text: str, path: Path, layer: str, definitions: frozenset[str] | None
) -> tuple[Table | None, tuple[Problem, ...]]:
    problems: list[Problem] = []
    table = _read_document(read_yaml(text, path, problems), path, layer, problems, definitions)
    return table, tuple(problems)


def _read_document(
    document: Located,
    path: Path,
    layer: str,
    problems: list[Problem],
    definitions: frozenset[str] | None,
) -> Table | None:
    fields = Fields(document, path, problems, "a contract")
    if not fields.is_mapping:
        return None
    fields.refuse_unknown(TABLE_KEYS)
    _check_stem(path, layer, problems)
    description = fields.text("description", required=True)
    if description and not description.startswith("One row per"):
        fields.refuse(
            "description",
            f'the description starts with "{description[:24]}"',
            'start with "One row per …": the first thing a reader needs is the grain',
        )
    kind: Any = fields.choice("kind", KINDS[layer], required=True)
    columns = _read_columns(fields, layer, definitions)
    names = [column.name for column in columns]
    grain = fields.column_list("grain", names, required=kind not in ("log", None))
    order_by = fields.column_list("order_by", names, required=True)
    _refuse_nullable_keys(fields, order_by, columns)
    source, resource = _read_origin(fields, path, layer)
    partition_by = _read_partition(fields, names)
    incremental_by = fields.text("incremental_by")
    if incremental_by:
        fields.refuse_unknown_column("incremental_by", incremental_by, names)
    index_granularity = _read_granularity(fields)
    personal_data = _read_personal_data(fields, layer, columns)
    checks = table_checks(fields, [LOAD_ID, *names] if layer == "raw" else names)
    if problems:
        return None
    if layer in ("seeds", "stg", "core", "mart") or (layer == "ops" and kind == "table"):
        checks = (grain_check(grain), *checks)
    return Table(
        database=layer,
        name=path.stem,
        stem=path.stem,
        path=path,
        description=description,
        kind=kind,
        columns=tuple(columns),
        grain=tuple(grain),
        order_by=tuple(order_by),
        partition_by=partition_by,
        incremental_by=incremental_by,
        index_granularity=index_granularity,
        source=source,
        resource=resource,
        personal_data=personal_data,
        checks=checks,
    )


def _check_stem(path: Path, layer: str, problems: list[Problem]) -> None:
    if path.suffix != ".yaml":
        problems.append(
            Problem(path, 1, f"the file ends with {path.suffix}", "end the name with .yaml")
        )
    if not _NAME.fullmatch(path.stem):
        problems.append(
            Problem(
                path,
                1,
                f"{path.stem} is not a table name",
                "use lower-case words joined by _ (and __ between source and entity)",
            )
        )
    elif layer not in ("ops", "seeds") and not path.stem.startswith(f"{layer}_"):
        problems.append(
            Problem(
                path,
                1,
                f"a table of the layer {layer} is named {path.stem}",
                f"rename the file to {layer}_{_without_layer(path.stem)}.yaml, "
                "or move it to the folder of its layer",
            )
        )


def _without_layer(stem: str) -> str:
    head, _, rest = stem.partition("_")
    return rest if head in LAYERS and rest else stem


def _read_columns(fields: Fields, layer: str, definitions: frozenset[str] | None) -> list[Column]:
    columns: list[Column] = []
    lines: dict[str, int] = {}
    nodes: list[tuple[Column, Fields]] = []
    for item in fields.items("columns", required=True):
        entry = Fields(item, fields.path, fields.problems, "a column")
        if not entry.is_mapping:
            continue
        entry.refuse_unknown(COLUMN_KEYS)
        column = _read_column(entry)
        if column is None:
            continue
        if column.name in lines:
            entry.refuse(
                "name",
                f"the column {column.name} stands twice (first on line {lines[column.name]})",
                "remove one of the two",
            )
            continue
        lines[column.name] = item.line
        columns.append(column)
        nodes.append((column, entry))
    for column, entry in nodes:
        check_column_names_and_types(column, entry, layer, columns)
        check_definition(column, entry, layer, definitions)
    return columns


def _read_column(entry: Fields) -> Column | None:
    name = entry.text("name", required=True)
    type_text = entry.type("type", name)
    description = entry.text("description", required=True, of=name)
    if not name or type_text is None:
        return None
    column = Column(
        name=name,
        type=type_text,
        description=description,
        description_ru=entry.text("description_ru", of=name),
        unit=entry.text("unit", of=name),
        currency=entry.text("currency", of=name),
        vat=entry.text("vat", of=name),
        day=entry.text("day", of=name),
        definition_id=entry.text("definition_id", of=name),
        is_personal=entry.flag("personal"),
    )
    return dataclasses.replace(column, checks=column_checks(entry, column))


def _refuse_nullable_keys(fields: Fields, order_by: list[str], columns: list[Column]) -> None:
    types = {column.name: column.parsed_type for column in columns}
    for name in order_by:
        if types[name].is_nullable or types[name].name in ("Map", "Array"):
            fields.refuse(
                "order_by",
                f"order_by names {name}, which is {types[name].canonical}",
                "order by columns that are never NULL; take the column out of order_by or give "
                "it a type without Nullable and a stated value for 'unknown'",
            )


def _read_granularity(fields: Fields) -> int:
    rows = fields.value("index_granularity")
    if rows is None and not fields.has("index_granularity"):
        return 0
    if isinstance(rows, bool) or not isinstance(rows, int) or not 128 <= rows <= 8192:
        fields.refuse(
            "index_granularity",
            f"index_granularity is {rows!r}",
            "write rows from 128 to 8192, few where a row takes kilobytes, or drop it",
        )
        return 0
    return rows


def _read_origin(fields: Fields, path: Path, layer: str) -> tuple[str, str]:
    source, resource = fields.text("source"), fields.text("resource")
    if layer != "raw":
        for key in ("source", "resource"):
            if fields.has(key):
                fields.refuse(key, f"{key} belongs to raw tables only", f"remove {key}")
        return "", ""
    if bool(source) != bool(resource):
        missing = "resource" if source else "source"
        fields.refuse(
            "source" if source else "resource",
            f"{missing} is missing",
            "state source and resource together, as the connector names them",
        )
    elif source and path.stem != f"raw_{source}__{resource}":
        fields.refuse(
            "resource",
            f"{path.stem} does not follow from source {source} and resource {resource}",
            f"rename the file to raw_{source}__{resource}.yaml, or correct source and resource",
        )
    elif not source and "__" in path.stem:
        fields.refuse(
            "kind",
            f"{path.stem} is named for a source but states none",
            "add source: and resource: as the connector names them",
        )
    return source, resource


def _read_partition(fields: Fields, names: list[str]) -> str:
    text = fields.text("partition_by")
    if not text:
        return ""
    match = _PARTITION.fullmatch(text)
    if match is None:
        fields.refuse(
            "partition_by",
            f"partition_by is {text}",
            "write a column or one function of a column, such as toYYYYMM(stats_date)",
        )
        return ""
    fields.refuse_unknown_column("partition_by", match["argument"] or match["column"], names)
    return text


def _read_personal_data(fields: Fields, layer: str, columns: list[Column]) -> PersonalData | None:
    personal = [column.name for column in columns if column.is_personal]
    entry = fields.mapping("personal_data")
    if entry is None:
        if personal and layer in ("raw", "stg"):
            fields.refuse(
                "columns",
                f"{', '.join(personal)} hold personal data but the table states no expiry",
                "add personal_data: {zone: restricted, expires_days: 365}",
            )
        return None
    entry.refuse_unknown(("zone", "expires_days", "column"))
    zone = entry.choice("zone", ("restricted",), required=True)
    days = entry.value("expires_days")
    if not isinstance(days, int) or isinstance(days, bool) or days < 1:
        entry.refuse(
            "expires_days",
            f"expires_days is {days!r}",
            "state after how many whole days the rows must be gone, such as 365",
        )
        return None
    column = entry.text("column")
    if column and column != LOAD_ID:
        entry.refuse_unknown_column("column", column, [item.name for item in columns])
    return PersonalData(zone or "", days, column)
