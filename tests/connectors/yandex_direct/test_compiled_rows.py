"""The compiled pass gives what the careful reader gives, or leaves the block to it."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.connectors.protocol import IncompleteAnswer, Rejected
from include.connectors.yandex_direct import line_blocks, report_stream
from include.connectors.yandex_direct.compiled_rows import CompiledRows
from include.connectors.yandex_direct.report_stream import ReportStream
from include.connectors.yandex_direct.schema import REPORT_COLUMNS, ReportColumn

HEADER = "\t".join(column.field for column in REPORT_COLUMNS).encode() + b"\n"
PLAIN: dict[pa.DataType, st.SearchStrategy[bytes]] = {
    pa.date32(): st.dates(date(1, 1, 1), date(9999, 12, 31)).map(lambda day: str(day).encode()),
    pa.uint64(): st.integers(0, 10**18 - 1).map(lambda number: str(number).encode()),
    pa.uint32(): st.integers(0, 2**32 - 1).map(lambda number: str(number).encode()),
    pa.int64(): st.integers(-(10**18) + 1, 10**18 - 1).map(lambda number: str(number).encode()),
    pa.string(): st.text(st.characters(codec="utf-8", min_codepoint=32), max_size=40).map(
        str.encode
    )
    | st.sampled_from([b"SEARCH", "Насосы и трубы".encode(), b"", b"-", b"---", b"exactly8"]),
}
DASHES = st.just(b"--")
ODD = st.sampled_from(
    [
        *(b"", b"-", b"--", b"---", b"-0", b"+1", b"00", b"007", b"1.5", b"1e3", b" 1", b"1 "),
        *(b"99999999999999999999", b"18446744073709551615", b"18446744073709551616"),
        *(b"4294967295", b"4294967296", b"9223372036854775807", b"-9223372036854775808"),
        *(b"2026-02-29", b"2024-02-29", b"1900-02-29", b"2026-13-01", b"2026-00-10", b"0000-01-01"),
        *(b"2026-1-01", b"2026-01-01 ", b"20260101", b"2026/01/01", b"2026-04-31", b"2026-01-00"),
        *(b"a\tb", b"a\nb", b"a\r\nb", b"a\rb", b"\x00", b"\x1f1", b"\x7f", b"\xff\xfe", b"\xd0"),
        *(b"12:45678", b"1234567/", b"123456789:", b"\xef\xbb\xbf1", b'"1"'),
    ]
)


def _cells(column: ReportColumn) -> st.SearchStrategy[bytes]:
    plain = PLAIN[column.type]
    return plain if column.when_missing == "reject" else plain | DASHES


GOOD_ROWS = st.lists(st.tuples(*(_cells(column) for column in REPORT_COLUMNS)), max_size=8)
ANY_ROWS = st.lists(
    st.tuples(*(st.integers(0, 30).flatmap(lambda n, c=c: _cells(c) if n else ODD)
                for c in REPORT_COLUMNS)),
    max_size=5,
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def compiled() -> CompiledRows:
    reader = CompiledRows.make(REPORT_COLUMNS, is_worth_waiting=True)
    assert reader is not None
    return reader


def _lines(rows: list[tuple[bytes, ...]]) -> bytes:
    return b"".join(b"\t".join(row) + b"\n" for row in rows)


def _read(body: bytes) -> tuple[pa.Table, list[Rejected], str]:
    stream = ReportStream("r")
    schema = pa.schema([(column.column, column.type) for column in REPORT_COLUMNS])
    tables, rejected, trouble = [schema.empty_table()], [], ""
    try:
        for batch in stream.read(io.BytesIO(body), lambda rows: rows):
            rejected += batch.rejected
            if batch.rows is not None:
                batch.rows.validate(full=True)
                tables.append(pa.Table.from_batches([batch.rows]).cast(schema))
    except IncompleteAnswer as error:
        trouble = str(error)
    return pa.concat_tables(tables).combine_chunks(), rejected, trouble


def _read_both(body: bytes, block_bytes: int) -> tuple[Any, Any]:
    """What comes of a body read in such blocks with, and in one piece without the compiled pass."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line_blocks, "FIRST_BYTES", len(HEADER))
        patch.setattr(line_blocks, "BLOCK_BYTES", block_bytes)
        mine = _read(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report_stream.CompiledRows, "make", lambda *_: None)
        return mine, _read(body)


@given(rows=GOOD_ROWS.filter(bool))
@settings(deadline=None, max_examples=60)
def test_a_plain_block_is_read_by_the_compiled_pass_as_the_careful_reader_reads_it(
    compiled: CompiledRows, rows: list[tuple[bytes, ...]]
) -> None:
    block = bytearray(_lines(rows))
    typed = compiled.read(block)
    assert typed is not None
    assert bytes(block) == _lines(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report_stream.CompiledRows, "make", lambda *_: None)
        expected, rejected, _ = _read(HEADER + _lines(rows) + b"Total rows: %d\n" % len(rows))
    assert rejected == []
    assert pa.Table.from_batches([typed]).cast(expected.schema).combine_chunks() == expected


@given(rows=ANY_ROWS, block_bytes=st.integers(1_500, 4_000), said=st.booleans(), end=st.booleans())
@settings(deadline=None, max_examples=60)
def test_rows_rejects_lines_and_errors_are_those_of_the_careful_reader(
    rows: list[tuple[bytes, ...]], block_bytes: int, said: bool, end: bool
) -> None:
    body = HEADER + _lines(rows)
    if said:
        body += b"Total rows: %d\n" % len(rows)
    mine, expected = _read_both(body if end else body[:-1], block_bytes)
    assert mine[0] == expected[0]
    assert mine[1:] == expected[1:]


@pytest.mark.parametrize(
    "field",
    [
        *("Date", "CampaignId", "CampaignName", "LocationOfPresenceId", "Impressions", "Cost"),
        REPORT_COLUMNS[-1].field,
    ],
)
@pytest.mark.parametrize("value", [b"\x1f", b"\xff", b"x\ty", b"-", b"18446744073709551616"])
def test_one_odd_cell_far_into_a_report_is_judged_as_ever(field: str, value: bytes) -> None:
    good = [b"2026-11-19" if c.field == "Date" else b"7" for c in REPORT_COLUMNS]
    odd = [value if c.field == field else cell
           for c, cell in zip(REPORT_COLUMNS, good, strict=True)]  # fmt: skip
    rows = [tuple(good)] * 90 + [tuple(odd)] + [tuple(good)] * 90
    mine, expected = _read_both(HEADER + _lines(rows) + b"Total rows: 181\n", 1_000)
    assert mine[0] == expected[0]
    assert mine[1:] == expected[1:]


def test_many_different_texts_keep_their_rows(compiled: CompiledRows) -> None:
    names = [f"имя {number} {'x' * (number % 37)}".encode() for number in range(5_000)]
    rows = [
        tuple(
            b"2026-11-19" if c.field == "Date"
            else names[n * 7 % 5_000] if c.field == "CampaignName"
            else b"1"
            for c in REPORT_COLUMNS
        )
        for n in range(10_000)
    ]  # fmt: skip
    typed = compiled.read(bytearray(_lines(rows)))
    assert typed is not None
    found = typed.column("campaign_name").cast(pa.string()).to_pylist()
    assert found == [names[n * 7 % 5_000].decode() for n in range(10_000)]
    assert len(typed.column("campaign_name").dictionary) == 5_000


def test_a_block_without_a_line_end_is_left_alone(compiled: CompiledRows) -> None:
    assert compiled.read(bytearray(b"Total rows: 3")) is None
    assert compiled.read(bytearray()) is None


def test_a_short_report_does_not_wait_for_the_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(
        report_stream.CompiledRows, "make", lambda _, is_worth: asked.append(is_worth)
    )
    monkeypatch.setattr(line_blocks, "FIRST_BYTES", len(HEADER))
    monkeypatch.setattr(line_blocks, "BLOCK_BYTES", 1_000)
    monkeypatch.setattr(report_stream, "COMPILED_FROM_BYTES", 3_000)
    row = tuple(b"2026-11-19" if c.field == "Date" else b"7" for c in REPORT_COLUMNS)
    _read(HEADER + _lines([row] * 100) + b"Total rows: 100\n")
    assert asked[0] is False
    assert asked[-1] is True
