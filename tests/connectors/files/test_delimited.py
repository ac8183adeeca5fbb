"""CSV and TSV: line numbers, quotes, encodings, compression."""

from __future__ import annotations

import gzip

import pytest

from include.connectors.protocol import BadInput
from tests.connectors.files.reading import LEADS, read_bytes, read_text


def test_line_numbers_stay_physical_after_quoted_newlines():
    answer = read_text('id,name\n1,"two\nlines"\n2,b\n3,"x\r\ny"\n4,d\n')
    assert answer.column("line_number") == [2, 4, 5, 7]
    assert answer.column("person_name") == ["two\nlines", "b", "x\r\ny", "d"]


def test_bad_rows_after_quoted_newlines_name_their_own_line():
    answer = read_text('id,name\n1,"two\nlines"\n2,b,extra\n,nobody\n3,c\n')
    assert answer.codes == [(4, "wrong_field_count"), (5, "missing_required")]
    assert answer.column("lead_id") == ["1", "3"]


def test_blank_and_empty_rows_are_no_rows_but_are_counted_as_lines():
    answer = read_text("id,name\n1,a\n\n,\n , \n2,b\n\n")
    assert answer.column("line_number") == [2, 6]
    assert answer.rejected == []


def test_a_rejected_row_keeps_its_text_and_its_reason_does_not():
    answer = read_text("id,created,name\n1,yesterday,Пётр\n")
    (bad,) = answer.rejected
    assert bad.raw == "1,yesterday,Пётр"
    assert bad.reason_code == "bad_datetime"
    assert "'created'" in bad.reason and "created_at" in bad.reason
    assert "yesterday" not in bad.reason and "Пётр" not in bad.reason


def test_all_faults_of_a_row_are_in_one_reason():
    answer = read_text("id,created\n,yesterday\n")
    (bad,) = answer.rejected
    assert "lead_id" in bad.reason and "created_at" in bad.reason


def test_an_unclosed_quote_costs_one_line_not_the_rest_of_the_file():
    answer = read_text('id,name\n1,a\n2,"open\n3,c\n4,d\n')
    assert answer.codes == [(3, "unclosed_quote")]
    assert answer.column("lead_id") == ["1", "3", "4"]
    assert answer.column("line_number") == [2, 4, 5]


def test_an_unclosed_quote_in_a_long_file_costs_one_line():
    tail = "".join(f"{number},c\n" for number in range(3, 1_000_000))
    answer = read_text('id,name\n2,"open\n' + tail)
    assert answer.codes == [(2, "unclosed_quote")]
    assert len(answer.rows) == 999_997
    assert answer.rows[-1]["line_number"] == 999_999


def test_a_quote_inside_a_cell_is_a_letter():
    answer = read_text('id,name\n1,pipe 5" wide\n2,"say ""hi"""\n')
    assert answer.column("person_name") == ['pipe 5" wide', 'say "hi"']


def test_quotes_can_be_switched_off():
    answer = read_text('id\tname\n1\t"open\n2\tb\n', LEADS + "quote: none\n", "a.tsv")
    assert answer.column("person_name") == ['"open', "b"]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_understood(line_end):
    answer = read_text(line_end.join(["id,name", "1,a", "2,b", ""]))
    assert answer.column("lead_id") == ["1", "2"]
    assert answer.column("line_number") == [2, 3]


def test_a_file_without_a_final_line_end_keeps_its_last_row():
    assert read_text("id,name\n1,a\n2,b").column("lead_id") == ["1", "2"]


def test_a_byte_order_mark_is_not_part_of_the_first_name():
    assert read_bytes("\ufeffid,name\n1,a\n".encode()).column("lead_id") == ["1"]


def test_cp1251_is_read_as_declared():
    data = "id;name\n1;Щёкин №5\n".encode("cp1251")
    answer = read_bytes(data, LEADS + "encoding: cp1251\ndelimiter: ';'\n")
    assert answer.column("person_name") == ["Щёкин №5"]


def test_cp1251_declared_utf8_names_line_and_byte():
    data = "id,name\n1,a\n2,Иван\n".encode("cp1251")
    with pytest.raises(BadInput, match=r"a\.csv, line 3, byte 14: not valid utf-8.*cp1251"):
        read_bytes(data)


def test_utf8_declared_cp1251_is_refused_instead_of_garbled():
    with pytest.raises(BadInput, match=r"valid UTF-8.*encoding: utf-8"):
        read_bytes("id,name\n1,Иван\n".encode(), LEADS + "encoding: cp1251\n")


def test_utf16_declared_utf8_is_told_its_encoding():
    with pytest.raises(BadInput, match="encoding: utf-16"):
        read_bytes("id,name\n1,a\n".encode("utf-16"))


def test_gzip_is_transparent_and_a_cut_archive_is_refused():
    packed = gzip.compress(b"id,name\n" + b"1,a\n" * 1000)
    assert len(read_bytes(packed, name="a.csv.gz").rows) == 1000
    with pytest.raises(BadInput, match="not a whole gzip file"):
        read_bytes(packed[:-9], name="a.csv.gz")


def test_rows_above_the_header_are_skipped():
    answer = read_text("Report\nmade by 1C\nid,name\n1,a\n", LEADS + "header_row: 3\n")
    assert answer.column("line_number") == [4]


def test_a_file_with_a_header_only_has_no_rows_and_an_empty_one_is_refused():
    assert read_text("id,name\n").rows == []
    with pytest.raises(BadInput, match="no header row"):
        read_text("")


def test_a_missing_column_lists_what_the_file_has_and_the_nearest_name():
    with pytest.raises(BadInput) as error:
        read_text("lead_idd,name\n1,a\n", LEADS.replace("lead_id: id", "lead_id: lead_id"))
    assert "no column 'lead_id'" in str(error.value)
    assert "'lead_idd', 'name'" in str(error.value)
    assert "Did you mean 'lead_idd'?" in str(error.value)
    assert "m.yaml (line 6, lead_id)" in str(error.value)


def test_reordered_and_respelled_headers_are_the_same_columns():
    answer = read_text(" NAME ,Id\nb,1\n")
    assert answer.column("lead_id") == ["1"]
    assert answer.column("person_name") == ["b"]


def test_an_ambiguous_header_is_refused():
    with pytest.raises(BadInput, match="2 times"):
        read_text("ID,Id,name\n1,2,a\n")
    assert read_text("id,ID,name\n1,2,a\n").column("lead_id") == ["1"]


def test_new_columns_are_kept_as_extra_or_reported(caplog):
    kept = read_text("id,name,Город,Город,\n1,a,Омск,Томск,x\n2,b,,,\n")
    assert kept.column("extra") == [
        [("Город", "Омск"), ("Город_2", "Томск"), ("column_5", "x")],
        [],
    ]
    assert caplog.text == ""
    dropped = read_text("id,name,Город\n1,a,Омск\n", LEADS.replace("keep_extra: all", ""))
    assert dropped.column("extra") == [[]]
    assert "1 columns that m.yaml does not mention" in caplog.text
    assert "'Город'" in caplog.text and "Омск" not in caplog.text


def test_personal_columns_are_never_kept_as_extra():
    answer = read_text("id,name,tel\n1,a,+7\n", LEADS + "personal: [Tel]\n")
    assert answer.column("extra") == [[]]
