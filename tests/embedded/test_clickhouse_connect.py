"""Unmodified clickhouse-connect cannot tell the embedded engine from a server."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import uuid
from collections.abc import Iterator
from decimal import Decimal
from io import BytesIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError
from clickhouse_connect.driver.external import ExternalData
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.embedded.process import RunningEngine
from tests.embedded.clients import make_client

UTC = dt.UTC

# One column for every type of the contracts' allow-list, with values at its edges.
EVERY_TYPE = {
    "String": ["", "Привет, 'мир'\n\t\\N \x00 🙂"],
    "LowCardinality(String)": ["a", ""],
    "UInt8": [0, 255],
    "UInt16": [0, 65535],
    "UInt32": [0, 2**32 - 1],
    "UInt64": [0, 2**64 - 1],
    "Int8": [-128, 127],
    "Int16": [-(2**15), 2**15 - 1],
    "Int32": [-(2**31), 2**31 - 1],
    "Int64": [-(2**63), 2**63 - 1],
    "Float64": [-1.5, math.inf],
    "Bool": [True, False],
    "Date": [dt.date(1970, 1, 1), dt.date(2149, 6, 6)],
    "DateTime('UTC')": [
        dt.datetime(1970, 1, 1, tzinfo=UTC),
        dt.datetime(2106, 2, 7, 6, 28, 15, tzinfo=UTC),
    ],
    "DateTime64(3,'UTC')": [
        dt.datetime(1999, 12, 31, 23, 59, 59, 999000, tzinfo=UTC),
        dt.datetime(2026, 1, 1, 0, 0, 0, 1000, tzinfo=UTC),
    ],
    "DateTime64(6,'UTC')": [
        dt.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        dt.datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC),
    ],
    "Decimal(18,2)": [Decimal("-9999999999999999.99"), Decimal("0.01")],
    "Decimal(38,10)": [Decimal("1234567890123456789012345678.0123456789"), Decimal("0")],
    "UUID": [uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)],
    "Map(String,String)": [{}, {"a'b": "c\nd", "": ""}],
    "Array(String)": [[], ["x", "y'z"]],
    "Array(Nullable(Int64))": [[None, 1], []],
    "Nullable(String)": [None, ""],
    "Nullable(UInt64)": [None, 0],
    "Nullable(Date)": [None, dt.date(2026, 11, 22)],
    "Nullable(DateTime64(6,'UTC'))": [None, dt.datetime(2026, 1, 1, 1, 2, 3, 4, tzinfo=UTC)],
    "Nullable(Decimal(18,2))": [None, Decimal("5.50")],
    "LowCardinality(Nullable(String))": [None, "x"],
}


def as_utc(value: object) -> object:
    """The driver reads UTC columns as naive or aware times by its own rules; compare instants."""
    if isinstance(value, dt.datetime) and value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    return value


@pytest.mark.parametrize("kind", list(EVERY_TYPE))
def test_values_of_every_type_come_back_as_they_were_inserted(client: Client, kind: str) -> None:
    client.command(f"create table scratch.t (n UInt8, x {kind}) engine=MergeTree order by n")
    values = EVERY_TYPE[kind]
    summary = client.insert("scratch.t", [[i, v] for i, v in enumerate(values)])
    assert summary.written_rows == 2
    rows = client.query("select x from scratch.t order by n").result_rows
    assert [as_utc(row[0]) for row in rows] == values


def test_all_types_in_one_insert_with_each_compression(served: RunningEngine) -> None:
    for compress in ("lz4", "zstd", "gzip", False):
        client = make_client(served, compress=compress)
        columns = ", ".join(f"c{i} {kind}" for i, kind in enumerate(EVERY_TYPE))
        client.command(
            f"create or replace table scratch.all (n UInt8, {columns}) engine=MergeTree order by n"
        )
        rows = [[i, *(values[i] for values in EVERY_TYPE.values())] for i in (0, 1)]
        client.insert("scratch.all", rows)
        read = client.query("select * from scratch.all order by n").result_rows
        assert [[as_utc(value) for value in row] for row in read] == rows
        client.close()


def test_data_frames_and_arrow_tables_go_both_ways(client: Client) -> None:
    client.command(
        "create table scratch.t (a UInt64, b String, c Nullable(Float64), "
        "d DateTime64(6,'UTC')) engine=MergeTree order by a"
    )
    moment = pd.Timestamp("2026-01-02 03:04:05.000006", tz="UTC")
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", "ы"], "c": [1.5, None], "d": [moment, moment]})
    client.insert_df("scratch.t", frame)
    read = client.query_df("select * from scratch.t order by a")
    assert read["b"].tolist() == ["x", "ы"]
    table = client.query_arrow("select * from scratch.t order by a", use_strings=True)
    assert table.column("a").to_pylist() == [1, 2]
    client.command("truncate table scratch.t")
    client.insert_arrow("scratch.t", table)
    again = client.query_arrow("select * from scratch.t order by a", use_strings=True)
    assert again.equals(table)
    assert client.query_arrow("select * from scratch.t where 0").num_rows == 0


def test_every_kind_of_stream_delivers_every_row(client: Client) -> None:
    sql = "select number as n, toString(number) as s from numbers(300000)"
    with client.query_row_block_stream(sql) as blocks:
        assert sum(len(block) for block in blocks) == 300_000
    with client.query_rows_stream(sql) as rows:
        assert sum(row[0] for row in rows) == sum(range(300_000))
    with client.query_column_block_stream(sql) as blocks:
        assert sum(len(block[0]) for block in blocks) == 300_000
    with client.query_df_stream(sql) as frames:
        assert sum(len(frame) for frame in frames) == 300_000
    with client.query_arrow_stream(sql) as tables:
        assert sum(table.num_rows for table in tables) == 300_000
    with client.raw_stream(sql, fmt="TSV") as raw:
        assert raw.read().count(b"\n") == 300_000


@pytest.mark.parametrize("compress", ["lz4", "zstd", "gzip", False])
def test_an_error_amid_a_stream_reaches_the_reader(served: RunningEngine, compress: str) -> None:
    client = make_client(served, compress=compress)
    sql = "select throwIf(number = 2500000, 'half way') as x from numbers(3000000)"
    seen = 0
    with (
        pytest.raises(StreamFailureError, match="half way") as failure,
        client.query_row_block_stream(sql) as blocks,
    ):
        for block in blocks:
            seen += len(block)
    assert 0 < seen < 3_000_000
    assert failure.value.code == 395
    with pytest.raises(DatabaseError, match="half way"):
        client.query(sql)
    assert client.command("select 1") == 1


def test_an_error_amid_an_arrow_stream_is_not_a_shorter_result(client: Client) -> None:
    sql = "select throwIf(number = 2500000, 'half way') as x from numbers(3000000)"
    with pytest.raises(Exception, match=r"."), client.query_arrow_stream(sql) as tables:
        for _ in tables:
            continue
    assert client.command("select 1") == 1


def test_limit_zero_tells_names_and_types(client: Client) -> None:
    result = client.query("select 1 as a, 'x' as b limit 0")
    assert result.column_names == ("a", "b")
    assert [kind.name for kind in result.column_types] == ["UInt8", "String"]


def test_raw_inserts_take_bytes_text_files_and_generators(client: Client) -> None:
    client.command("create table scratch.t (a UInt64, b String) engine=MergeTree order by a")
    table = pa.table({"a": pa.array(range(50_000), pa.uint64()), "b": ["x"] * 50_000})
    buffer = BytesIO()
    pq.write_table(table, buffer)
    data = buffer.getvalue()

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(data), 10_000):
            yield data[start : start + 10_000]

    blocks = (data, pieces(), BytesIO(data))
    for block in blocks:
        summary = client.raw_insert("scratch.t", ["a", "b"], block, fmt="Parquet")
        assert summary.written_rows == 50_000
    client.raw_insert("scratch.t", ["a", "b"], "1\tx\n2\ty\n", fmt="TSV")
    client.raw_insert("scratch.t", None, b'{"a":3,"b":"z"}\n', fmt="JSONEachRow")
    assert client.command("select count() from scratch.t") == 150_003


def test_a_raw_insert_may_be_compressed(client: Client) -> None:
    import lz4.frame
    import zstandard

    client.command("create table scratch.t (a UInt64) engine=MergeTree order by a")
    data = b"".join(b"%d\n" % i for i in range(10_000))
    packed = {
        "lz4": lz4.frame.compress(data),
        "zstd": zstandard.ZstdCompressor().compress(data),
    }
    for name, block in packed.items():
        client.raw_insert("scratch.t", ["a"], block, fmt="TSV", compression=name)
    assert client.command("select count() from scratch.t") == 20_000


def test_a_value_that_cannot_be_written_fails_the_insert(client: Client) -> None:
    client.command("create table scratch.t (a UInt64) engine=MergeTree order by a")
    with pytest.raises(Exception, match=r"."):
        client.insert("scratch.t", [[1], ["not a number"]])
    assert client.command("select count() from scratch.t") == 0


def test_a_load_marks_its_rows_through_a_setting(client: Client) -> None:
    client.command(
        "create table scratch.t (a UInt64, _load_id LowCardinality(String) default "
        "getSetting('log_comment')) engine=MergeTree order by a"
    )
    client.insert("scratch.t", [[1]], column_names=["a"], settings={"log_comment": "L1"})
    client.insert("scratch.t", [[2]], column_names=["a"])
    client.raw_insert("scratch.t", ["a"], "3\n", fmt="TSV", settings={"log_comment": "L3"})
    rows = client.query("select a, _load_id from scratch.t order by a").result_rows
    assert rows == [(1, "L1"), (2, ""), (3, "L3")]


def test_commands_answer_as_a_server_does(client: Client) -> None:
    assert client.command("select 42") == 42
    assert client.command("select 'a', 'b'") == ["a", "b"]
    assert client.command("select name from system.tables where 0") == ""
    assert client.command("create table scratch.t (a UInt8) engine=Memory").written_rows == 0
    assert client.command("exists table scratch.t") == 1
    assert client.ping()
    assert client.server_version.count(".") == 3
    assert client.command("insert into scratch.t format TSV", data="1\n2\n").written_rows == 2


PARAMETERS = [
    ("String", "it's\n\t\\N \\ \" `q` {x:Int8} привет", "it's\n\t\\N \\ \" `q` {x:Int8} привет"),
    ("String", "\\N", "\\N"),
    ("String", "", ""),
    ("Nullable(String)", None, None),
    ("Nullable(UInt64)", None, None),
    ("UInt64", 2**64 - 1, 2**64 - 1),
    ("Int64", -(2**63), -(2**63)),
    ("Float64", 0.1, 0.1),
    ("Bool", True, True),
    ("Date", dt.date(2026, 1, 2), dt.date(2026, 1, 2)),
    ("Decimal(18,2)", Decimal("-1.50"), Decimal("-1.50")),
    ("UUID", uuid.UUID(int=5), uuid.UUID(int=5)),
    ("Array(String)", ["a'b", "c\\d", "", "\n"], ["a'b", "c\\d", "", "\n"]),
    ("Array(UInt8)", [], []),
    ("Array(Nullable(Int64))", [1, None], [1, None]),
]


@pytest.mark.parametrize(("kind", "value", "expected"), PARAMETERS)
def test_native_parameters_of_every_type(
    client: Client, kind: str, value: object, expected: object
) -> None:
    result = client.query(f"select {{x:{kind}}} as x", parameters={"x": value})
    assert result.result_rows == [(expected,)]


def test_instants_as_parameters_keep_their_microseconds(client: Client) -> None:
    moment = dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    text = client.command(
        "select toString({x:DateTime64(6,'UTC')})", parameters={"x_64": moment, "x": moment}
    )
    assert str(text).startswith("2026-01-02 03:04:05")
    exact = client.command(
        "select toString({x:DateTime64(6,'UTC')})",
        parameters={"x": "2026-01-02 03:04:05.678901"},
    )
    assert exact == "2026-01-02 03:04:05.678901"


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(value=st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_any_text_survives_as_a_parameter_and_as_a_row(client: Client, value: str) -> None:
    assert client.query("select {x:String}", parameters={"x": value}).result_rows == [(value,)]
    assert client.query("select {x:Array(String)}", parameters={"x": [value, "z"]}).result_rows == [
        ([value, "z"],)
    ]


def test_many_large_parameters_travel_as_a_form(client: Client) -> None:
    value = "x'\n" * 30_000
    assert client.query("select length({x:String})", parameters={"x": value}).first_row == (90_000,)


def test_external_data_is_a_temporary_table_of_one_request(client: Client) -> None:
    data = ExternalData(
        file_name="people",
        data=b"1,anna\n2,boris\n",
        fmt="CSV",
        structure="id UInt64, name String",
    )
    rows = client.query("select name from people order by id", external_data=data).result_rows
    assert rows == [("anna",), ("boris",)]
    with pytest.raises(DatabaseError, match="UNKNOWN_TABLE"):
        client.query("select name from people")


def test_decimals_sum_exactly(client: Client) -> None:
    client.command("create table scratch.t (x Decimal(18,2)) engine=MergeTree order by x")
    values = [decimal.Decimal(i) / 100 for i in range(1000)]
    client.insert("scratch.t", [[v] for v in values])
    assert client.query("select sum(x) from scratch.t").first_row == (sum(values),)


def test_the_database_of_the_client_is_the_one_used(served: RunningEngine, client: Client) -> None:
    client.command("create table scratch.here (a UInt8) engine=Memory")
    there = make_client(served, database="scratch")
    there.insert("here", [[1]])
    assert there.command("select count() from here") == 1
    assert there.command("select currentDatabase()") == "scratch"
    with pytest.raises(DatabaseError, match="UNKNOWN_DATABASE"):
        make_client(served, database="nowhere")
