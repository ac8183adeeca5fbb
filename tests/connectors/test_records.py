"""Objects of a vendor become typed rows, whether or not each of them has every field."""

from __future__ import annotations

import pyarrow as pa
import pytest

from include.connectors._records import Column, RecordReader, ids, texts
from include.connectors.protocol import RequestRefused

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


def test_a_null_is_judged_the_same_whether_or_not_its_page_has_a_bad_row():
    columns = (Column("number", ids, required=True), Column("word", texts, required=True))
    columns += (Column("inner", texts, "deep.inner"),)
    page = [{"number": 1, "word": "a"}, {"number": 2, "word": None}]
    good = RecordReader("test", SCHEMA, columns).read(page)
    assert good.rows is not None
    assert (good.rows.num_rows, good.rejected) == (2, ())
    bad = {"number": 3, "word": 5}
    mixed = RecordReader("test", SCHEMA, columns).read([*page, bad])
    assert mixed.rows == good.rows
    assert [(row.line_number, row.reason_code) for row in mixed.rejected] == [(3, "wrong_type")]


def test_a_required_field_a_whole_page_lacks_is_a_changed_api():
    columns = (Column("number", ids), Column("word", texts, required=True))
    columns += (Column("inner", texts, "deep.inner"),)
    with pytest.raises(RequestRefused, match="word"):
        RecordReader("test", SCHEMA, columns).read([{"number": 1}, {"number": 2}])
