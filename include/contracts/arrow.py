"""Contract → Arrow schema: what connectors yield and landing writes.

Nullability is part of the schema (a column without ``Nullable`` is ``nullable=False``), and
``LowCardinality`` is plain text here: dictionary encoding is the engine's business. The technical
``_load_id`` is not part of it.
"""

from __future__ import annotations

import pyarrow as pa

from include.contracts.column_types import ColumnType
from include.contracts.model import Table

_SIMPLE: dict[str, pa.DataType] = {
    "String": pa.string(),
    "LowCardinality": pa.string(),
    "UUID": pa.string(),
    "Float64": pa.float64(),
    "Bool": pa.bool_(),
    "Date": pa.date32(),
    "DateTime": pa.timestamp("s", "UTC"),
    "Map": pa.map_(pa.string(), pa.string()),
}
_UNITS = {3: "ms", 6: "us"}


def arrow_schema(table: Table) -> pa.Schema:
    """The schema of the table's own columns, in the contract's order."""
    return pa.schema(
        [
            pa.field(
                column.name,
                arrow_type(column.parsed_type),
                nullable=column.parsed_type.is_nullable,
            )
            for column in table.columns
        ]
    )


def arrow_type(column_type: ColumnType) -> pa.DataType:
    """One type; ``Nullable`` is set aside (it belongs to the field)."""
    bare = column_type.bare
    if bare.name in _SIMPLE:
        return _SIMPLE[bare.name]
    if bare.name == "Decimal":
        return pa.decimal128(bare.precision, bare.scale)
    if bare.name == "DateTime64":
        return pa.timestamp(_UNITS[bare.precision], "UTC")
    if bare.name == "Array" and bare.inner is not None:
        return pa.list_(pa.field("item", arrow_type(bare.inner), nullable=bare.inner.is_nullable))
    return pa.type_for_alias(bare.name.lower())
