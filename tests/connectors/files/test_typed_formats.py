"""XLSX, Parquet and JSON lines: cells by their own type."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from include.connectors.protocol import BadInput
from tests.connectors.files.reading import LEADS, read_bytes, read_text

DEALS = """
entity: deal
files: x
decimal: comma
time_zone: Europe/Moscow
currency: RUB
vat_basis: gross
columns: {deal_id: id, status: status, closed_at: closed, amount: sum, phone: phone}
keep_extra: all
"""
HEADER = ["id", "status", "closed", "sum", "phone", "note"]


def workbook(*rows: list, sheet: str = "Data") -> bytes:
    """A saved workbook with one sheet."""
    book = Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_excel_numbers_and_dates_are_read_by_type():
    closed = datetime(2026, 3, 1, 12, 30, 15)  # noqa: DTZ001 - Excel knows no zone
    data = workbook(
        HEADER,
        [1, "won", closed, 1234.5, 79161234567, 0.1 + 0.2],
        [2.0, "won", date(2026, 3, 1), "1 234,50", 79161234567.0, True],
        ["003", "lost", None, None, None, time(9, 30)],
    )
    answer = read_bytes(data, DEALS, "a.xlsx")
    assert answer.rejected == []
    assert answer.column("deal_id") == ["1", "2", "003"]
    assert answer.column("closed_at") == [
        datetime(2026, 3, 1, 9, 30, 15, tzinfo=UTC),
        datetime(2026, 2, 28, 21, tzinfo=UTC),
        None,
    ]
    assert answer.column("amount") == [Decimal("1234.50"), Decimal("1234.50"), None]
    assert answer.column("phone") == ["79161234567", "79161234567", None]
    assert [row[0][1] for row in answer.column("extra")] == ["0,3", "true", "09:30:00"]


def test_empty_rows_of_a_sheet_are_no_rows_and_numbers_are_excels():
    data = workbook(HEADER, ["1", "won"], [], [None, ""], ["2", "won"], [None] * 6, ["", "won"])
    answer = read_bytes(data, DEALS, "a.xlsx")
    assert answer.column("line_number") == [2, 5]
    assert answer.codes == [(7, "missing_required")]


def test_values_beyond_the_named_columns_are_rejected():
    data = workbook([*HEADER[:2], "closed", "sum", "phone"], ["1", "won", None, None, None, "?"])
    assert read_bytes(data, DEALS, "a.xlsx").codes == [(2, "wrong_field_count")]


def test_a_header_below_a_title_is_found():
    data = workbook(["Сделки за март"], [], HEADER, ["1", "won"])
    assert read_bytes(data, DEALS + "header_row: 3\n", "a.xlsx").column("line_number") == [4]
    with pytest.raises(BadInput, match="no column names in row 2"):
        read_bytes(data, DEALS + "header_row: 2\n", "a.xlsx")


def test_a_sheet_is_chosen_by_name():
    data = workbook(HEADER, ["1", "won"], sheet="Сделки")
    assert len(read_bytes(data, DEALS + "sheet: Сделки\n", "a.xlsx").rows) == 1
    with pytest.raises(BadInput, match=r"no sheet 'Сделка'.*Did you mean 'Сделки'"):
        read_bytes(data, DEALS + "sheet: Сделка\n", "a.xlsx")


def test_what_is_not_a_workbook_is_refused_with_the_cure():
    with pytest.raises(BadInput, match=r"save it again as \.xlsx"):
        read_bytes(b"PK\x03\x04 nonsense", DEALS, "a.xlsx")


def test_parquet_types_are_respected():
    closed = datetime(2026, 3, 1, 12, 30)  # noqa: DTZ001 - the naive column of this test
    table = pa.table(
        {
            "id": pa.array([1, 2, 3], pa.int32()),
            "status": pa.array(["won", "lost", "maybe"]).dictionary_encode(),
            "closed": pa.array([closed, None, closed], pa.timestamp("ns")),
            "sum": pa.array([Decimal("10.50"), None, Decimal("1.00")], pa.decimal128(12, 2)),
            "phone": pa.array([79161234567.0, None, None], pa.float64()),
            "note": pa.array([{"a": [1]}, None, None]),
        }
    )
    out = io.BytesIO()
    pq.write_table(table, out)
    answer = read_bytes(out.getvalue(), DEALS, "a.parquet")
    assert answer.codes == [(3, "unknown_status")]
    assert answer.rows[0]["closed_at"] == datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    assert answer.rows[0]["amount"] == Decimal("10.50")
    assert answer.rows[0]["phone"] == "79161234567"
    assert answer.rows[0]["extra"] == [("note", '{"a": [1]}')]
    assert answer.column("line_number") == [1, 2]


def test_parquet_instants_with_a_zone_keep_it():
    closed = pa.array([datetime(2026, 3, 1, 12, tzinfo=UTC)], pa.timestamp("ms", "Asia/Omsk"))
    table = pa.table({"id": ["1"], "created": closed, "name": [float("nan")]})
    out = io.BytesIO()
    pq.write_table(table, out)
    answer = read_bytes(out.getvalue(), LEADS, "a.parquet")
    assert answer.column("created_at") == [datetime(2026, 3, 1, 12, tzinfo=UTC)]
    assert answer.column("person_name") == [None]


def test_an_empty_parquet_file_still_has_its_header_checked():
    out = io.BytesIO()
    pq.write_table(pa.table({"id": pa.array([], pa.string())}), out)
    assert read_bytes(out.getvalue(), LEADS, "a.parquet").rows == []
    with pytest.raises(BadInput, match="no column 'status'"):
        read_bytes(out.getvalue(), DEALS, "a.parquet")


def test_a_cut_parquet_file_is_refused():
    with pytest.raises(BadInput, match="cannot be read as Parquet"):
        read_bytes(b"PAR1 cut", DEALS, "a.parquet")


def test_json_numbers_keep_their_digits_and_nested_values_are_text():
    text = (
        '{"id": 9007199254740993, "status": "won", "sum": 1.10, "closed": null, '
        '"phone": "+7", "note": {"б": [1, 2.50, true]}}\n'
        "\n"
        '{"id": "2", "status": "won", "sum": 1e3, "new": false}\n'
    )
    answer = read_text(text, DEALS, "a.jsonl")
    assert answer.rejected == []
    assert answer.column("deal_id") == ["9007199254740993", "2"]
    assert answer.column("amount") == [Decimal("1.10"), Decimal("1000.00")]
    assert answer.column("extra") == [[("note", '{"б": [1, 2.5, true]}')], [("new", "false")]]
    assert answer.column("line_number") == [1, 3]


def test_json_lines_that_are_no_objects_are_rejected():
    text = '{"id": "1"}\n[1]\n{"id": \nNaN\n{"id": NaN}\n{"id": "\\ud800"}\n'
    answer = read_text(text, LEADS.replace("created_at", "# created_at"), "a.jsonl")
    assert [code for _, code in answer.codes] == ["bad_json"] * 5
    assert len(answer.rows) == 1


def test_a_json_array_is_refused_with_the_cure():
    with pytest.raises(BadInput, match="jq -c"):
        read_text('[{"id": 1}]', LEADS, "a.jsonl")


def test_nested_json_can_be_mapped_by_a_path():
    mapping = "entity: lead\nfiles: x\ncolumns: {lead_id: id, phone: contact.phone}\n"
    text = '{"id": "1", "contact": {"phone": "+7"}}\n{"id": "2"}\n'
    answer = read_text(text, mapping + "personal: [contact]\n", "a.jsonl")
    assert answer.column("phone") == ["+7", None]
    with pytest.raises(BadInput, match=r"no column 'contact\.phone'"):
        read_text('{"id": "1"}\n', mapping, "a.jsonl")
