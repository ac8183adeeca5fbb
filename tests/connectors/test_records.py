"""Objects of a vendor become typed rows, whether or not each of them has every field."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.connectors._records import (
    Column,
    Decode,
    RecordReader,
    days,
    decimals,
    epoch_instants,
    epoch_millis,
    ids,
    integers,
    iso_instants,
    local_instants,
    texts,
)
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


@pytest.mark.parametrize("odd", [None, "word", 5, ["number"]])
def test_what_is_no_object_at_all_is_rejected_and_stops_no_other(odd: Any) -> None:
    columns = (Column("number", ids, required=True), *COLUMNS[1:])
    batch = RecordReader("test", SCHEMA, columns).read([{"number": 1}, odd])
    assert batch.rows is not None
    assert batch.rows.num_rows == 1
    assert [(row.line_number, row.reason_code) for row in batch.rejected] == [(2, "wrong_type")]
    assert batch.findings == ()


@pytest.mark.parametrize("odd", [None, "x", [], {}])
def test_a_value_hidden_deeper_than_it_is_looked_for_rejects_its_row_alone(odd: Any) -> None:
    first = Column("word", texts, read=lambda record: record["deep"]["list"][0].get("word"))
    columns = (COLUMNS[0], first, Column("inner", texts))
    good = {"number": 1, "deep": {"list": [{"word": "a"}]}}
    page = [good, {"number": 2, "deep": {"list": odd}}, {"number": 3, "deep": odd}]
    batch = RecordReader("test", SCHEMA, columns, ignored=["deep"]).read(page)
    assert batch.rows is not None
    assert batch.rows["word"].to_pylist() == ["a"]
    assert [row.line_number for row in batch.rejected] == [2, 3]


def test_a_required_field_a_whole_page_lacks_is_a_changed_api():
    columns = (Column("number", ids), Column("word", texts, required=True))
    columns += (Column("inner", texts, "deep.inner"),)
    with pytest.raises(RequestRefused, match="word"):
        RecordReader("test", SCHEMA, columns).read([{"number": 1}, {"number": 2}])


@given(st.lists(st.one_of(st.none(), st.integers(-(2**62), 2**62)), min_size=1))
def test_whole_numbers_are_the_same_in_quotes(values: list[int | None]) -> None:
    quoted = [None if value is None else str(value) for value in values]
    mixed = [q if n % 2 else v for n, (v, q) in enumerate(zip(values, quoted, strict=True))]
    for written in (values, quoted, mixed):
        assert integers(written).to_pylist() == values


@given(st.lists(st.integers(-(10**14), 10**14), min_size=1))
def test_money_is_exact_however_it_is_written(kopecks: list[int]) -> None:
    exact = [Decimal(value).scaleb(-2) for value in kopecks]
    assert decimals(2)([str(value) for value in exact]).to_pylist() == exact
    whole = [int(value) for value in exact]
    assert decimals(2)(whole).to_pylist() == [Decimal(value) for value in whole]
    mixed = [w if n % 2 else str(e) for n, (w, e) in enumerate(zip(whole, exact, strict=True))]
    assert decimals(2)(mixed).to_pylist() == [Decimal(value) for value in mixed]


@pytest.mark.parametrize("values", [["1.005"], [1.005], ["1,5"], [True], [{}], ["x"], [1, True]])
def test_money_that_is_no_exact_amount_is_refused(values: list[Any]) -> None:
    with pytest.raises((pa.ArrowException, TypeError, ValueError)):
        decimals(2)(values)


@pytest.mark.parametrize("values", [[1.5], ["1.5"], [True], [[1]], ["one"], [2**70]])
def test_what_is_no_whole_number_is_refused(values: list[Any]) -> None:
    with pytest.raises((pa.ArrowException, TypeError, ValueError, OverflowError)):
        integers(values)


def test_instants_are_utc_whatever_offset_they_name() -> None:
    noon = datetime(2026, 1, 31, 9, tzinfo=UTC)
    written = ["2026-01-31T12:00:00+03:00", "2026-01-31T09:00:00Z", ""]
    assert iso_instants(written).to_pylist() == [noon, noon, None]
    seconds = int(noon.timestamp())
    assert epoch_instants([seconds, 0, None]).to_pylist() == [noon, None, None]
    assert epoch_millis([seconds * 1000]).to_pylist() == [noon]


def test_an_hour_that_happens_twice_is_its_first_and_one_that_never_happens_moves_ahead() -> None:
    decode = local_instants(ZoneInfo("Europe/Berlin"))
    assert decode(["2026-10-25 02:30:00", "2026-03-29 02:30:00", ""]).to_pylist() == [
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        None,
    ]


def test_days_may_have_midnight_behind_them() -> None:
    written = ["2026-01-31", "2026-01-31 00:00:00", ""]
    assert days(written).to_pylist() == [date(2026, 1, 31), date(2026, 1, 31), None]


@pytest.mark.parametrize("decode", [epoch_instants, epoch_millis])
@pytest.mark.parametrize("nothing", [0, "0", "", None])
def test_a_clock_at_zero_is_no_instant(decode: Decode, nothing: Any) -> None:
    assert decode([nothing, "1700000000"]).is_null().to_pylist() == [True, False]
