"""The Arrow schema of a contract, type by type."""

from __future__ import annotations

import pyarrow as pa
import pytest

from include.contracts.arrow import arrow_schema, arrow_type
from include.contracts.column_types import UnknownType, parse_type
from include.contracts.model import LOAD_ID, Catalog


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("String", pa.string()),
        ("LowCardinality(String)", pa.string()),
        ("UInt8", pa.uint8()),
        ("UInt64", pa.uint64()),
        ("Int16", pa.int16()),
        ("Float64", pa.float64()),
        ("Bool", pa.bool_()),
        ("Date", pa.date32()),
        ("DateTime('UTC')", pa.timestamp("s", "UTC")),
        ("DateTime64(3,'UTC')", pa.timestamp("ms", "UTC")),
        ("DateTime64(6, 'UTC')", pa.timestamp("us", "UTC")),
        ("Decimal(18,2)", pa.decimal128(18, 2)),
        ("Map(String, String)", pa.map_(pa.string(), pa.string())),
        ("Nullable(Decimal(18, 2))", pa.decimal128(18, 2)),
        ("Array(Nullable(Int64))", pa.list_(pa.field("item", pa.int64(), nullable=True))),
    ],
)
def test_each_type_has_one_arrow_type(text: str, expected: pa.DataType) -> None:
    assert arrow_type(parse_type(text)).equals(expected)


@pytest.mark.parametrize(
    "text",
    [
        "Strng",
        "Int128",
        "Float32",
        "Nullable(Nullable(String))",
        "Nullable(Array(String))",
        "DateTime",
        "Decimal(18)",
        "Array()",
    ],
)
def test_types_outside_the_list_are_unknown(text: str) -> None:
    with pytest.raises(UnknownType):
        parse_type(text)


def test_fields_follow_the_contract_in_order_and_nullability(catalog: Catalog) -> None:
    table = catalog.table("raw.raw_files__lead")
    schema = arrow_schema(table)
    assert tuple(schema.names) == table.column_names
    assert LOAD_ID not in schema.names
    for field, column in zip(schema, table.columns, strict=True):
        assert field.nullable == column.type.startswith("Nullable")
