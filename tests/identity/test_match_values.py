"""One spelling for each value, and nothing for what everyone shares."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.identity.clusters import cluster
from include.identity.match_spec import read_spec
from include.identity.normal import normalise
from include.identity.record_files import Unreadable
from include.identity.tax_ids import proven_tax_id


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [
        ("phone", "8 (495) 123-45-67", "+7 495 1234567 доб. 12"),
        ("phone", "84951234567; 89161112233", "7 495 123 45 67"),
        ("phone", "89161234567.0", "8 916 123-45-67"),
        ("phone", "89161234567 вн.12", "8 916 123-45-67"),
        ("phone", "Max 8 916 123-45-67", "8 916 123-45-67"),
        ("phone", "; 8 916 123-45-67", "8 916 123-45-67"),
        ("email", "Ivan.Petrov+ads@Mail.RU", "ivan.petrov@mail.ru"),
        ("company", "ООО «Ромашка»", "Ромашка, общество с ограниченной ответственностью"),
        ("company", "ACME & Sons, Inc.", "acme sons"),
        ("company", "Вектoр", "вектор"),
        ("surname", "Семёнова", "Semenova"),
        ("address", "435 S. La Cienega Boulevard", "435 south la cienega blvd"),
        ("birth_date", "1971-06-24", "24.06.1971"),
        ("birth_date", "19710624", "1971-6-24"),
    ],
)
def test_spellings_of_one_value_are_one(kind: str, one: str, other: str) -> None:
    assert normalise(kind, one, "RU") == normalise(kind, other, "RU") != ""


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("phone", "+7 000 000 00 00"),
        ("phone", "call me"),
        ("phone", "123"),
        ("email", "test@test"),
        ("email", "no mail"),
        ("surname", "N/A"),
        ("tax_id", "0000000000"),
        ("company", " "),
        ("company", "Без названия"),
        ("given_name", "Не указан"),
        ("phone", "+7 123 456 78 90"),
        ("email", "mail@mail.ru"),
        ("email", "info@"),
        ("tax_id", "1234567890"),
        ("tax_id", "отсутствует"),
        ("birth_date", "01.01.1900"),
        ("domain", "нет"),
    ],
)
def test_what_everyone_shares_is_unknown(kind: str, value: str) -> None:
    assert normalise(kind, value, "RU") == ""


def test_a_number_of_no_known_plan_keeps_its_digits() -> None:
    assert normalise("phone", "386-5286", "US") == "3865286"


def test_only_right_check_digits_prove_a_tax_number() -> None:
    assert proven_tax_id("7707083893") == "7707083893"
    assert proven_tax_id("500100732259") == "500100732259"
    assert [proven_tax_id(x) for x in ("7707083894", "500100732258", "0000000000", "12x")] == [
        ""
    ] * 4


def test_one_wrong_link_does_not_merge_two_groups() -> None:
    sure = [(0, 1, 9.0), (0, 2, 9.0), (1, 2, 9.0), (3, 4, 9.0), (3, 5, 9.0), (4, 5, 9.0)]
    assert cluster(7, [*sure, (2, 3, 4.0)], 0.0) == [0, 0, 0, 3, 3, 3, 6]


def test_records_with_different_proven_numbers_never_meet() -> None:
    links = [(0, 1, 9.0), (1, 2, 8.0), (0, 2, 9.0)]
    assert cluster(3, links, 0.0) == [0, 0, 0]
    assert cluster(3, links, 0.0, [[(0, "a")], [], [(0, "b")]]) == [0, 0, 2]
    assert cluster(3, links, 0.0, [[(0, "a")], [], [(1, "b")]]) == [0, 0, 0]
    assert cluster(3, links, 0.0, largest=2) == [0, 0, 2]


@pytest.mark.parametrize(
    "columns",
    [
        "{Label: company, Zip: postcode}",
        "{company: Label, zip code: Zip}",
        "[{column: Label, kind: Company}, {column: Zip, kind: Postcode}]",
        "{Firm: [Label], postcode: [Zip]}",
    ],
)
def test_columns_may_be_written_either_way_round(tmp_path: Path, columns: str) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(f"id: Id\ncolumns: {columns}\n", encoding="utf-8")
    assert read_spec(path).columns == {"Label": "company", "Zip": "postcode"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id: Id", "must map"),
        ("columns: {a: phone}", "must say"),
        ("id: Id\ncolumns: {a: shoe size}", "no kind"),
        ("id: Id\ncolumns: {a: name, b: phone, c: emial}", "emial is no kind"),
        ("id: Id\ncolumns: {Id: phone}", "no column to compare"),
        ("id: Id\ncolumns: {a: phone}\nthreshold: 3", "no probability"),
        ("id: Id\ncolumns: {a: phone}\nregoin: RU", "unknown key regoin"),
        ("id: [", "no YAML"),
        ("id:\ncolumns: {a: phone}", "name of one column"),
        ("id: Id\ncolumns: {a: {kind: phone}}", "no kind|followed by its kind"),
        ("id: Id\nregion: XX\ncolumns: {a: phone}", "no country"),
        ("id: Id\ncolumns: {a: phone}\nsecond: {b: c}", "second file"),
    ],
)
def test_a_wrong_spec_is_refused_in_one_line(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Unreadable, match=words) as refused:
        read_spec(path)
    assert "\n" not in str(refused.value)
