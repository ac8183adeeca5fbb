"""Rows in = rows yielded + rows rejected, whatever is thrown at the reader."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from include.connectors.files import decoding, record_splitter
from include.connectors.files.mapping import parse_mapping
from include.connectors.protocol import BadInput
from tests.connectors.files.reading import read_bytes

COSTS = """
entity: ad_cost_daily
files: "*.*"
delimiter: ";"
decimal: comma
date_format: ["%d.%m.%Y"]
currency: RUB
vat_basis: gross
columns: {stats_date: day, channel_label: channel, cost_amount: cost, clicks: clicks}
keep_extra: all
"""
HEADER = ["day", "channel", "cost", "clicks", "note"]

# Letters cp1251 can write, quotes, delimiters, line ends and no-break spaces among them.
WORDS = st.text(alphabet='абвЯё "";,\n\r\t.xyz019\u00a0«»', max_size=12)
GOOD_ROW = st.tuples(
    st.dates().map(lambda day: day.replace(year=1970 + day.year % 150).strftime("%d.%m.%Y"))
    | st.just("29.02.2024"),
    WORDS.filter(str.strip),
    st.decimals(min_value=0, max_value=10**9, places=2),
    st.integers(min_value=0, max_value=10**12),
    WORDS,
)
FAULTS = st.sampled_from(["day", "cost", "clicks", "missing", "short", "long"])


@st.composite
def delivered_rows(draw: st.DrawFn) -> tuple[list[tuple], list[list[str]]]:
    """Good rows as values, and all rows (good and spoilt) as the cells of a file."""
    good: list[tuple] = []
    cells: list[list[str]] = []
    for row in draw(st.lists(GOOD_ROW, max_size=12)):
        day, channel, cost, clicks, note = row
        spelled = [day, channel, f"{cost:,.2f}".replace(",", " ").replace(".", ","), str(clicks)]
        spelled.append(note)
        fault = draw(st.none() | FAULTS)
        if fault is None:
            good.append(row)
        elif fault == "day":
            spelled[0] = draw(st.sampled_from(["31.02.2024", "2024", "x", "01.01.0001"]))
        elif fault == "cost":
            spelled[2] = draw(st.sampled_from(["1.5", "--", "1,2,3", "1,555", "9" * 30, "12 34"]))
        elif fault == "clicks":
            spelled[3] = draw(st.sampled_from(["-1", "1,5", "много", "9" * 25]))
        elif fault == "missing":
            spelled[1] = "  "
        elif fault == "short":
            spelled.pop()
        else:
            spelled.append("z")
        cells.append(spelled)
    return good, cells


def assert_conserved(answer, good: list[tuple], total: int) -> None:
    assert len(answer.rows) + len(answer.rejected) == total
    assert len(answer.rows) == len(good)
    for row, (day, channel, cost, clicks, note) in zip(answer.rows, good, strict=True):
        assert f"{row['stats_date']:%d.%m.%Y}" == day
        assert row["channel_label"] == channel.strip()
        assert row["cost_amount"] == Decimal(cost)
        assert row["clicks"] == clicks
        assert dict(row["extra"]).get("note", "") == note.strip()


@settings(max_examples=100, deadline=None)
@given(
    delivered_rows(),
    st.sampled_from(["utf-8", "utf-8-sig", "cp1251", "utf-16"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from([7, 40, 300, 1 << 20]),
)
def test_a_csv_file_loses_no_row_and_good_values_come_back(
    delivered, encoding, line_end, quoting, block_bytes
):
    good, cells = delivered
    # The csv writer leaves a CR bare when the line end has none: that is a line end to a reader.
    assume(
        quoting == csv.QUOTE_ALL
        or "\r" in line_end
        or not any("\r" in c for row in cells for c in row)
    )
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator=line_end, quoting=quoting).writerows(
        [HEADER, *cells]
    )
    mapping = parse_mapping(COSTS + f"encoding: {encoding.removesuffix('-sig')}\n", "m.yaml", "m")
    data = out.getvalue().encode(encoding)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding.stream_utf8, "__defaults__", (block_bytes,))
        try:
            answer = read_bytes(data, mapping)
        except BadInput as error:
            # Only where cp1251 text happens to be valid UTF-8 with letters in it.
            assert "is valid UTF-8" in str(error)
            return
    assert_conserved(answer, good, len(cells))
    numbers = sorted([*answer.column("line_number"), *(r.line_number for r in answer.rejected)])
    assert numbers == physical_lines(cells, line_end, quoting)


def physical_lines(cells: list[list[str]], line_end: str, quoting: int) -> list[int]:
    """Line on which each record starts: a CR, a LF or both together end a line."""
    line, found = 2, []
    for row in cells:
        found.append(line)
        out = io.StringIO()
        csv.writer(out, delimiter=";", lineterminator=line_end, quoting=quoting).writerow(row)
        line += len(list(io.StringIO(out.getvalue(), newline="")))
    return found


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=300)
    | st.text(alphabet='";,\n\r\tab1é', max_size=200).map(str.encode)
    | st.text(alphabet='{}[]":,\n id1', max_size=200).map(str.encode),
    st.sampled_from(["csv", "tsv", "jsonl", "xlsx", "parquet", "csv.gz", "parquet.gz"]),
    st.booleans(),
)
def test_garbage_is_never_more_than_bad_input(data, extension, has_header):
    if has_header:
        data = b'id;name\n"1";"x"\n' + data
    mapping = "entity: lead\nfiles: x\ndelimiter: ';'\ncolumns: {lead_id: id}\nkeep_extra: all\n"
    try:
        answer = read_bytes(data, mapping, f"a.{extension}")
    except BadInput:
        return
    lines = answer.column("line_number") + [item.line_number for item in answer.rejected]
    assert len(lines) == len(set(lines))


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet='"" ;\nab', max_size=120), st.sampled_from([1, 5, 64, 1 << 20]))
def test_stray_quotes_read_the_same_in_any_block_size(text, block_bytes):
    whole = read_bytes(("id;name\n" + text).encode(), PLAIN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding.stream_utf8, "__defaults__", (block_bytes,))
        in_blocks = read_bytes(("id;name\n" + text).encode(), PLAIN)
    assert in_blocks.rows == whole.rows
    assert sorted(in_blocks.codes) == sorted(whole.codes)


PLAIN = "entity: lead\nfiles: x\ndelimiter: ';'\ncolumns: {lead_id: id}\nkeep_extra: all\n"


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet='"" ;\nab', max_size=120))
def test_the_quick_and_the_careful_splitter_agree(text):
    data = text.encode()
    quick = record_splitter.find_record_end(data, ";", '"', is_last=False)
    if quick is not None:
        assert quick == record_splitter.cut_records(data, ";", '"', is_last=False).byte_count


@settings(max_examples=40, deadline=None)
@given(delivered_rows())
def test_a_workbook_loses_no_row(delivered):
    good, cells = delivered
    wide = [row for row in cells if len(row) == len(HEADER)]
    book = Workbook()
    book.active.append(HEADER)
    for row in cells:
        book.active.append([cell.replace("\r", "") for cell in row])
    out = io.BytesIO()
    book.save(out)
    answer = read_bytes(out.getvalue(), COSTS, "a.xlsx")
    assert len(answer.rows) + len(answer.rejected) == len(cells)
    short = [row for row in cells if len(row) < len(HEADER)]
    assert len(answer.rows) == len(good) + len(short)
    assert len(wide) >= len(good)


@settings(max_examples=60, deadline=None)
@given(delivered_rows())
def test_json_lines_lose_no_row(delivered):
    good, cells = delivered
    width = len(HEADER)
    whole = [row for row in cells if len(row) == width]
    lines = [json.dumps(dict(zip(HEADER, row, strict=True)), ensure_ascii=False) for row in whole]
    answer = read_bytes(("\n".join([*lines, "{", "7"])).encode(), COSTS, "a.jsonl")
    assert_conserved(answer, good, len(whole) + 2)


@settings(max_examples=60, deadline=None)
@given(delivered_rows())
def test_parquet_loses_no_row(delivered):
    good, cells = delivered
    whole = [row for row in cells if len(row) == len(HEADER)]
    columns = zip(*whole, strict=True) if whole else [[]] * len(HEADER)
    table = pa.table({n: pa.array(c, pa.string()) for n, c in zip(HEADER, columns, strict=True)})
    out = io.BytesIO()
    pq.write_table(table, out)
    answer = read_bytes(out.getvalue(), COSTS, "a.parquet")
    assert_conserved(answer, good, len(whole))


BANK = """
entity: payment
files: x
format: 1c_bank
date_format: "%d.%m.%Y"
currency: RUB
vat_basis: {column: БазаНДС}
columns: {paid_date: ДатаСписано, direction: {const: out}, amount: Сумма, purpose: Назначение}
totals: ignore
keep_extra: all
"""


@settings(max_examples=60, deadline=None)
@given(delivered_rows(), st.sampled_from([7, 64, 1 << 20]))
def test_a_bank_statement_loses_no_document(delivered, block_bytes):
    good, cells = delivered
    whole = [row for row in cells if len(row) == len(HEADER)]
    lines = ["1CClientBankExchange", "Кодировка=Windows"]
    for day, _, cost, _, note in whole:
        keys = [f"ДатаСписано={day}", f"Сумма={cost.replace(',', '.')}"]
        purpose = f"НазначениеПлатежа={' '.join(note.split())}"
        lines += ["СекцияДокумент=Платежное поручение", *keys, purpose, "КонецДокумента"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoding.stream_utf8, "__defaults__", (block_bytes,))
        answer = read_bytes("\r\n".join([*lines, "КонецФайла"]).encode(), BANK, "a.txt")
    assert len(answer.rows) + len(answer.rejected) == len(whole)
    assert len(answer.rows) >= len(good)
    lines_of = answer.column("line_number") + [item.line_number for item in answer.rejected]
    assert sorted(lines_of) == [3 + 5 * place for place in range(len(whole))]
