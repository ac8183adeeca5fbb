"""Parts of a log as text: headers, broken lines, wrong values, and the proof of their size."""

from __future__ import annotations

import io
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from include.connectors.protocol import IncompleteAnswer, RequestRefused
from include.connectors.yandex_metrica import log_stream
from include.connectors.yandex_metrica.cells import Decoder
from include.connectors.yandex_metrica.fields import COUNT, ID, TEXT, TEXTS, LogColumn
from include.connectors.yandex_metrica.log_stream import LogPart

COLUMNS = (
    LogColumn("ym:s:visitID", "visit_id", ID),
    LogColumn("ym:s:UTMTerm", "utm_term", TEXT),
    LogColumn("ym:s:purchaseID", "purchase_ids", TEXTS),
    LogColumn("ym:s:counterID", "counter_id", COUNT),
)
FIELDS = [column.field for column in COLUMNS]
HEADER = "\t".join(FIELDS) + "\n"


def _read(text: str, size: int | None = -1, block: int = 0, monkeypatch=None):
    """Rows as (visit, term), and rejected rows; ``size`` -1 is the true one."""
    body = text.encode()
    if block:
        monkeypatch.setattr(log_stream, "BLOCK_BYTES", block)
    part = LogPart("visits part 0", FIELDS, COLUMNS, Decoder(ZoneInfo("Europe/Moscow")))
    batches = list(part.read(io.BytesIO(body), len(body) if size == -1 else size, lambda r: r))
    tables = [pa.Table.from_batches([b.rows]) for b in batches if b.rows is not None]
    rows = pa.concat_tables(tables).to_pylist() if tables else []
    return [(row["visit_id"], row["utm_term"]) for row in rows], [
        r for b in batches for r in b.rejected
    ]


def _line(visit: object, term: str = "x", ids: str = "[]", counter: object = 5) -> str:
    return f"{visit}\t{term}\t{ids}\t{counter}\n"


@pytest.mark.parametrize("block", [7, 40, 64, 1_000])
def test_blocks_of_any_size_give_the_same_rows(monkeypatch, block):
    text = HEADER + "".join(_line(n, "ж" * (n % 9)) for n in range(50))
    rows, rejected = _read(text, block=block, monkeypatch=monkeypatch)
    assert rows == [(n, "ж" * (n % 9)) for n in range(50)]
    assert rejected == []


@pytest.mark.parametrize("tail", ["", "\n"])
def test_a_part_may_hold_its_header_alone(tail):
    assert _read(HEADER.rstrip("\n") + tail) == ([], [])


def test_the_last_line_may_lack_its_end():
    assert _read((HEADER + _line(1) + _line(2)).rstrip("\n"))[0] == [(1, "x"), (2, "x")]


def test_a_tab_in_free_text_rejects_its_row_alone_with_its_line():
    rows, (bad,) = _read(HEADER + _line(1) + _line(2, "a\tb") + _line(3))
    assert [visit for visit, _ in rows] == [1, 3]
    assert (bad.line_number, bad.reason_code) == (3, "wrong_column_count")
    assert bad.reason == "5 cells instead of 4"
    assert "a\tb" in bad.raw


@pytest.mark.parametrize("block", [0, 50])
def test_a_line_break_in_free_text_is_one_rejected_row(monkeypatch, block):
    text = HEADER + _line(1) + _line(2, "a\nb\nc") + _line(3)
    rows, (bad,) = _read(text, block=block, monkeypatch=monkeypatch)
    assert [visit for visit, _ in rows] == [1, 3]
    assert (bad.line_number, bad.reason_code) == (3, "line_break_in_value")


@pytest.mark.parametrize("term", ["a\tb", "a\nb", 'say ""hi""\tthere'])
def test_a_broken_line_whose_quotes_tell_where_it_belongs_is_mended(term):
    rows, rejected = _read(HEADER + _line(1) + _line(2, f'"{term}"') + _line(3))
    assert sorted(rows) == [(1, "x"), (2, term.replace('""', '"')), (3, "x")]
    assert rejected == []


def test_a_quote_that_never_ends_swallows_no_rows():
    rows, rejected = _read(HEADER + _line(1, '"open') + "".join(map(_line, range(2, 9))))
    assert rows == [(1, '"open'), *((n, "x") for n in range(2, 9))]
    assert rejected == []


@pytest.mark.parametrize(
    "line",
    [_line("-1"), _line("1.0"), _line(""), _line(2**64), _line(1, ids="[x"), _line(1, counter="")],
)
def test_a_value_of_the_wrong_type_rejects_its_row_with_its_field(line):
    rows, (bad,) = _read(HEADER + _line(1) + line + _line(3))
    assert [visit for visit, _ in rows] == [1, 3]
    assert (bad.line_number, bad.reason_code) == (3, "wrong_type")
    assert "ym:s:" in bad.reason


def test_bytes_that_are_no_text_reject_their_row(monkeypatch):
    body = (HEADER + _line(1)).encode() + b"2\t\xff\xfe\t[]\t5\n" + _line(3).encode()
    part = LogPart("part", FIELDS, COLUMNS, Decoder(ZoneInfo("Europe/Moscow")))
    batches = list(part.read(io.BytesIO(body), len(body), lambda rows: rows))
    assert sum(b.rows.num_rows for b in batches if b.rows is not None) == 2
    (bad,) = [r for b in batches for r in b.rejected]
    assert bad.line_number == 3


def test_the_line_of_a_wrong_value_counts_broken_lines_before_it():
    _, rejected = _read(HEADER + _line(1, "a\nb") + _line("x") + _line(3))
    assert sorted(r.line_number for r in rejected) == [2, 4]


@pytest.mark.parametrize("missing", [1, 10])
def test_a_body_of_another_size_than_told_is_no_answer(missing):
    text = HEADER + _line(1) + _line(2)
    with pytest.raises(IncompleteAnswer, match="bytes long"):
        _read(text, size=len(text) + missing)


def test_a_part_whose_size_nobody_told_is_taken_as_it_comes():
    assert _read(HEADER + _line(1), size=None)[0] == [(1, "x")]


@pytest.mark.parametrize(
    "header",
    ["ym:s:visitID\tym:s:term\tym:s:purchaseID\tym:s:counterID\n", "<html>\n", "\n", HEADER[:9]],
)
def test_another_header_is_a_changed_api(header):
    with pytest.raises(RequestRefused, match="other fields than asked for"):
        _read(header + _line(1))


def test_a_header_cut_short_is_a_cut_body():
    with pytest.raises(IncompleteAnswer):
        _read(HEADER[:9], size=len(HEADER))
