"""Reading a statement's text: where inline rows begin, which format, and never a wrong guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.embedded.statement import (
    cut_output_format,
    names_server_file,
    read_insert_head,
    read_output_format,
    read_tokens,
)


@pytest.mark.parametrize(
    ("text", "sql", "input_format", "rest"),
    [
        (b"INSERT INTO t FORMAT TSV\n1\n", "INSERT INTO t ", "TSV", b"1\n"),
        (b"insert into t(a) format  Parquet \r\nPAR1", "insert into t(a) ", "Parquet", b"PAR1"),
        (b"insert into t values (1)", "insert into t ", "Values", b" (1)"),
        (
            b"insert into t settings a=1 format CSV\n\n1",
            "insert into t settings a=1 ",
            "CSV",
            b"\n1",
        ),
        (b"insert into db.values format CSV 1", "insert into db.values ", "CSV", b"1"),
        (b"insert into `format` format CSV\n1", "insert into `format` ", "CSV", b"1"),
        (
            b'insert into t (`values`, "format") values (1)',
            'insert into t (`values`, "format") ',
            "Values",
            b" (1)",
        ),
        (
            b"-- values\ninsert /* format X */ into t format TSV\nit's\n",
            "-- values\ninsert /* format X */ into t ",
            "TSV",
            b"it's\n",
        ),
        (b'insert into t format JSONEachRow {"a":1}', "insert into t ", "JSONEachRow", b'{"a":1}'),
    ],
)
def test_the_rows_of_an_insert_begin_where_clickhouse_says(
    text: bytes, sql: str, input_format: str, rest: bytes
) -> None:
    head = read_insert_head(text)
    assert head is not None
    assert (head.sql, head.input_format, text[head.data_offset :]) == (sql, input_format, rest)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"select 1 format TSV",
        b"insert into t select 1",
        b"insert into t (a) with x as (select 1) select * from x",
        b"insert into t from infile 'x' format CSV",
        b"explain insert into t values (1)",
        b"-- insert into t values (1)\nselect 1",
    ],
)
def test_what_brings_no_rows_is_left_to_the_engine(text: bytes) -> None:
    assert read_insert_head(text) is None


@pytest.mark.parametrize(
    ("text", "output_format"),
    [
        (b"select 1 format JSON", "JSON"),
        (b"select 1 FORMAT Native settings max_threads = 1;", "Native"),
        (b"select 'format CSV'", None),
        (b"select format('{}', 1)", None),
        (b"select 1 as `format` from (select 1 format TSV)", None),
        (b"select 1 -- format CSV\n format TSV", "TSV"),
        (b"select $$ format CSV $$", None),
        (b"select 1 format /* x */ TSV", "TSV"),
    ],
)
def test_the_output_format_is_the_outermost_one(text: bytes, output_format: str | None) -> None:
    assert read_output_format(text) == output_format
    assert read_output_format(cut_output_format(text)) is None


def test_files_of_the_server_are_seen_through_comments_but_not_in_quotes() -> None:
    assert names_server_file(b"insert into t from -- x\n INFILE 'x' format TSV")
    assert names_server_file(b"select 1 INTO /* x */ outfile 'x'")
    assert not names_server_file(b"select 'into outfile', `into outfile` -- into outfile\n")


@given(st.binary(max_size=300))
def test_any_bytes_can_be_read_without_an_error(data: bytes) -> None:
    read_tokens(data)
    read_output_format(data)
    head = read_insert_head(b"insert into t format RowBinary\n" + data)
    assert head is not None
    assert (b"insert into t format RowBinary\n" + data)[head.data_offset :] == data
