"""Objects of a vendor become typed rows, whether or not each of them has every field."""

from __future__ import annotations

import pyarrow as pa

from include.connectors._records import Column, RecordReader, ids, texts

SCHEMA = pa.schema(
    [
        pa.field("number", pa.string(), nullable=False),
        pa.field("word", pa.string()),
        pa.field("inner", pa.string()),
    ]
)
COLUMNS = (Column("number", ids), Column("word", texts), Column("inner", texts, "deep.inner"))


def test_a_field_that_only_some_objects_have_is_null_in_the_others():
    reader = RecordReader("test", SCHEMA, COLUMNS)
    batch = reader.read([{"number": 1, "word": "a", "deep": {"inner": "x"}}, {"number": 2}])
    assert batch.rows is not None
    assert batch.rows.to_pylist() == [
        {"number": "1", "word": "a", "inner": "x"},
        {"number": "2", "word": None, "inner": None},
    ]
    assert batch.findings == ()
