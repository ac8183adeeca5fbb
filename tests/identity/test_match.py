"""``make match``: records of one entity get one cluster, on files as people have them."""

from __future__ import annotations

import csv
from pathlib import Path
from random import Random

import pytest

from include.identity.record_files import Unreadable
from include.sandbox.scoring.clusters import measure_pairs
from include.sandbox.scoring.real_sets import CASES, ours, true_pairs
from include.terminal.match import match_records

GIVEN_NAMES = (
    "Ivan",
    "Petr",
    "Anna",
    "Olga",
    "Oleg",
    "Pavel",
    "Dmitry",
    "Elena",
    "Sergey",
    "Yulia",
)
SURNAMES = ("Ivanov", "Petrov", "Smirnov", "Popov", "Sokolov", "Morozov", "Volkov", "Fedorov")
SPEC = """
id: id
columns: {company: company, phone: phone, email: email, city: city}
"""
FIRST = [
    ("1", "ООО «Ромашка»", "8 (495) 123-45-67", "sales@romashka.ru", "Москва"),
    ("2", "Ромашка", "+7 495 123 45 67", "", "Москва"),
    ("3", "АО Вектор Плюс", "8 812 765 43 21", "info@vector.ru", "Санкт-Петербург"),
    ("4", "Вектор-Плюс", "", "info@vector.ru", "Санкт-Петербург"),
    ("5", "Северный лес", "+7 000 000 00 00", "test@test", "Москва"),
    ("6", "Южный порт", "+7 000 000 00 00", "test@test", "Москва"),
]


def write(path: Path, rows: list[tuple[str, ...]]) -> Path:
    """A file with the columns of the spec."""
    with path.open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([("id", "company", "phone", "email", "city"), *rows])
    return path


def match(folder: Path, records: str, told: list[str]) -> list[dict[str, str]]:
    """Rows of the answer."""
    (folder / "spec.yaml").write_text(SPEC, encoding="utf-8")
    out = folder / "out.csv"
    match_records(records, str(folder / "spec.yaml"), str(out), told.append)
    with out.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_one_file_is_cleared_of_doubles_and_placeholders_join_nobody(tmp_path: Path) -> None:
    told: list[str] = []
    rows = match(tmp_path, str(write(tmp_path / "a.csv", FIRST)), told)
    assert [(row["id"], row["cluster_id"]) for row in rows] == [
        ("1", "1"), ("2", "1"), ("3", "3"), ("4", "3"), ("5", "5"), ("6", "6"),
    ]  # fmt: skip
    assert "phone: 2 values are no phone and are not used" in told


def test_namesakes_whose_mailboxes_differ_by_a_figure_are_apart(tmp_path: Path) -> None:
    choose = Random(7)
    rows, owners = [], {}
    for person in range(900):
        given = choose.choice(GIVEN_NAMES)
        surname = choose.choice(SURNAMES) + choose.choice(("", "a", "sky", "enko"))
        mailbox = f"{given[0]}.{surname}{choose.randrange(10, 99)}@mail.ru".lower()
        phone = f"79{choose.randrange(10**8, 10**9)}"
        born = f"{choose.randrange(1950, 2005)}-{choose.randrange(1, 13):02}-11"
        for _ in range(choose.choice([1, 1, 2, 3])):
            owners[str(len(rows))] = person
            slip = choose.randrange(len(surname)) if choose.random() < 0.2 else len(surname)
            said = (phone, mailbox, born)
            kept = [value if choose.random() > 0.25 else "" for value in said]
            rows.append((str(len(rows)), given, surname[:slip] + surname[slip + 1 :], *kept))
    heads = ("id", "given_name", "surname", "phone", "email", "birth_date")
    with (tmp_path / "people.csv").open("w", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([heads, *rows])
    spec = tmp_path / "people.yaml"
    spec.write_text("id: id\ncolumns: {" + ", ".join(f"{h}: {h}" for h in heads[1:]) + "}\n")
    match_records(
        str(tmp_path / "people.csv"), str(spec), str(tmp_path / "out.csv"), lambda _: None
    )
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as lines:
        found = {row["id"]: row["cluster_id"] for row in csv.DictReader(lines)}
    people = measure_pairs(found, {record: person + 1 for record, person in owners.items()})
    assert people.precision > 0.9
    assert people.recall > 0.9


def test_two_files_are_linked_though_their_ids_are_the_same(tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", [FIRST[0], FIRST[2], FIRST[4]])
    second = write(tmp_path / "b.csv", [("1", *FIRST[3][1:]), ("3", *FIRST[1][1:])])
    rows = match(tmp_path, f"{first},{second}", [])
    found = {(row["file"], row["id"]): row["cluster_id"] for row in rows}
    assert found["1", "1"] == found["2", "3"]
    assert found["1", "3"] == found["2", "1"]
    assert len(set(found.values())) == 3


@pytest.mark.parametrize("rows", [[], FIRST[:1]])
def test_a_file_of_hardly_any_records_is_answered(
    tmp_path: Path, rows: list[tuple[str, ...]]
) -> None:
    assert len(match(tmp_path, str(write(tmp_path / "a.csv", rows)), [])) == len(rows)


def test_bad_records_are_refused_in_one_line(tmp_path: Path) -> None:
    doubled = write(tmp_path / "a.csv", [FIRST[0], FIRST[0]])
    with pytest.raises(Unreadable, match="id is not unique"):
        match(tmp_path, str(doubled), [])
    (tmp_path / "b.csv").write_text("id,phone\n1,2\n", encoding="utf-8")
    with pytest.raises(Unreadable, match="has no column company, email, city"):
        match(tmp_path, str(tmp_path / "b.csv"), [])
    with pytest.raises(Unreadable, match="say: make match"):
        match(tmp_path, "", [])


@pytest.mark.parametrize(("name", "least"), [("fodors_zagat", 0.95), ("fake_1000", 0.94)])
def test_real_sets_are_matched_above_splinks_f1(
    real_data: Path, tmp_path: Path, name: str, least: float
) -> None:
    case = next(case for case in CASES if case.name == name)
    true = true_pairs(case, real_data / "identity")
    found = ours(case, real_data / "identity", tmp_path)
    assert 2 * len(found & true) / (len(found) + len(true)) >= least


def test_a_record_joins_all_its_doubles_of_a_file_that_holds_doubles(tmp_path: Path) -> None:
    names = ["Ромашка", "Вектор Плюс", "Северный лес", "Южный порт", "Гранит", "Меридиан Софт"]
    rows = [
        (str(n), name, f"+7 495 123 45 6{n}", f"{side}@firm{n}.ru", "Москва")
        for n, name in enumerate(names)
        for side in ("info", "sales")
    ]
    # The second record of each company in the second file has no mailbox: a poorer link.
    first = write(tmp_path / "a.csv", [(f"a{i}", *row[1:]) for i, row in enumerate(rows)])
    poorer = [(*row[:3], "" if i % 2 else row[3], row[4]) for i, row in enumerate(rows)]
    second = write(tmp_path / "b.csv", [(f"b{i}", *row[1:]) for i, row in enumerate(poorer)])
    found = match(tmp_path, f"{first},{second}", [])
    assert len({row["cluster_id"] for row in found}) == len(names)
    assert all(len({r["cluster_id"] for r in found if r["id"][1:] in pair}) == 1
               for pair in [(str(2 * n), str(2 * n + 1)) for n in range(len(names))])  # fmt: skip


@pytest.mark.parametrize("between", [";", "\t"])
def test_a_spreadsheet_with_other_delimiters_is_read_and_ids_come_back_as_they_were(
    tmp_path: Path, between: str
) -> None:
    ids = ["007", "a, b", 'said "x"']
    path = tmp_path / "a.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as lines:
        rows = [(i, *row[1:]) for i, row in zip(ids, FIRST, strict=False)]
        heads = ("id", "company", "phone", "email", "city")
        csv.writer(lines, delimiter=between).writerows([heads, *rows])
    found = match(tmp_path, str(path), [])
    assert [(row["id"], row["cluster_id"]) for row in found] == list(
        zip(ids, ["1", "1", "3"], strict=True)
    )


def test_a_second_file_may_call_its_columns_otherwise(tmp_path: Path) -> None:
    first = write(tmp_path / "a.csv", FIRST[:1])
    second = tmp_path / "b.csv"
    second.write_text("no,firm,tel\n9,Ромашка,84951234567\n", encoding="utf-8")
    spec = tmp_path / "s.yaml"
    spec.write_text(
        "id: id\ncolumns: {company: company, phone: phone}\n"
        "second: {id: no, company: firm, phone: tel}\n",
        encoding="utf-8",
    )
    out = tmp_path / "o.csv"
    match_records(f"{first},{second}", str(spec), str(out), lambda _: None)
    assert out.read_text(encoding="utf-8").split() == ["file,id,cluster_id", "1,1,1", "2,9,1"]


def test_a_file_in_another_encoding_is_refused_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("id,company\n1,Ромашка\n".encode("cp1251"))
    with pytest.raises(Unreadable, match="save it as UTF-8"):
        match(tmp_path, str(tmp_path / "a.csv"), [])


def test_two_hundred_records_that_say_the_same_are_one_and_those_that_say_nothing_are_not(
    tmp_path: Path,
) -> None:
    others = [
        (f"o{n}", f"Завод {n} {'абвгдежз'[n % 8]}{n}", f"+7 912 555 {n:04}", f"m{n}@x{n}.ru", "Уфа")
        for n in range(300)
    ]
    same = [(f"s{n}", *FIRST[0][1:]) for n in range(200)]
    bare = [(f"b{n}", "", "", "", "Уфа") for n in range(100)]
    rows = match(tmp_path, str(write(tmp_path / "a.csv", [*others, *same, *bare])), [])
    clusters = {row["id"]: row["cluster_id"] for row in rows}
    assert {clusters[row[0]] for row in same} == {"301"}
    assert len({clusters[row[0]] for row in [*others, *bare]}) == 400


def test_a_second_file_without_records_links_nothing(tmp_path: Path) -> None:
    full = write(tmp_path / "a.csv", [FIRST[0], ("2", *FIRST[0][1:])])
    bare = write(tmp_path / "b.csv", [])
    for records in (f"{full},{bare}", f"{bare},{full}"):
        assert [row["cluster_id"] for row in match(tmp_path, records, [])] == ["1", "2"]


def test_signs_that_end_a_line_elsewhere_are_part_of_a_name(tmp_path: Path) -> None:
    rows = match(
        tmp_path,
        str(write(tmp_path / "a.csv", [("x\x85y", "Рога\u2028копыта", "", "", "Уфа"), FIRST[2]])),
        [],
    )
    assert [row["id"] for row in rows] == ["x\x85y", "3"]


@pytest.mark.parametrize(("heads", "both"), [("cluster_id", False), ("file", True)])
def test_an_id_named_as_a_column_of_the_answer_is_refused(
    tmp_path: Path, heads: str, both: bool
) -> None:
    path, spec = tmp_path / "a.csv", tmp_path / "s.yaml"
    path.write_text(f"{heads},firm\n1,Ромашка\n2,Вектор\n", encoding="utf-8")
    spec.write_text(f"id: {heads}\ncolumns: {{firm: company}}\n", encoding="utf-8")
    records = f"{path},{path}" if both else str(path)
    with pytest.raises(Unreadable, match=f"called {heads}, .* rename it"):
        match_records(records, str(spec), str(tmp_path / "o.parquet"), lambda _: None)


def test_an_id_that_stands_twice_is_told_by_its_row_and_not_by_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", [FIRST[0], ("ivan@secret.ru", *FIRST[1][1:])] * 2)
    with pytest.raises(Unreadable, match=r"row 2 stands 2 times") as refused:
        match(tmp_path, str(path), [])
    assert "secret" not in str(refused.value)


def test_companies_of_two_tax_numbers_never_meet_whatever_other_numbers_they_share(
    tmp_path: Path,
) -> None:
    path, spec, out = tmp_path / "a.csv", tmp_path / "s.yaml", tmp_path / "o.csv"
    path.write_text(
        "Id,N,A,T\n1,Romashka Torg,111222333,7707083893\n2,Romashka Torg,111222333,7736050003\n",
        encoding="utf-8",
    )
    spec.write_text("id: Id\ncolumns: {N: company, A: tax_id, T: tax_id}\n", encoding="utf-8")
    match_records(str(path), str(spec), str(out), lambda _: None)
    assert out.read_text(encoding="utf-8").split() == ["Id,cluster_id", "1,1", "2,2"]
